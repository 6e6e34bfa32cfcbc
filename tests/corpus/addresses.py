#!/usr/bin/env python3
"""The is_email suite of $MAYFLY_TESTDATA/addresses through build/tests/tool/addr_dump: as SMTP mailboxes, valid and RFC 5321
categories must be taken, all others refused (DNSWARN needs the live DNS: taken, as its text is valid)."""
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT.parent / "shared" / "testdata")) / "addresses/isemail/tests.xml"
DUMP = ROOT / os.environ.get("MAYFLY_BUILD", "build") / "tests/tool/addr_dump"
TAKEN = {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN", "ISEMAIL_RFC5321"}
# Diagnoses where this parser decides otherwise, with the reason.
OTHERWISE = {}


def main():
    if not DATA.is_file():
        print(f"SKIP addresses: no test data in {DATA}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    cases = []
    for test in xml.etree.ElementTree.parse(DATA).iter("test"):
        address = test.findtext("address") or ""
        plain = "".join(chr(ord(c) - 0x2400) if 0x2400 <= ord(c) <= 0x241F else c for c in address)
        cases.append((test.get("id"), plain, test.findtext("category"), test.findtext("diagnosis")))
    feed = b"".join(c[1].encode().replace(b"\0", b"\1") + b"\0" for c in cases)  # a NUL ends an address; another control will do
    out = subprocess.run([DUMP], input=feed, capture_output=True, timeout=60, check=True)
    passed = failed = 0
    for (number, plain, category, diagnosis), got in zip(cases, out.stdout.decode().splitlines(), strict=True):
        want = OTHERWISE.get(number, "ok" if category in TAKEN else "bad")
        if got.split()[0] == want:
            passed += 1
        else:
            failed += 1
            print(f"FAIL {number} {plain!r} {category} {diagnosis}: {got}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
