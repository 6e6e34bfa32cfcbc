#!/usr/bin/env python3
"""The ValiMail suite through `mayfly verify arc`, and chains sealed here: as long as they may be, and longer."""
import pathlib
import re
import subprocess
import tempfile
import zone
from sealer import Sealer, documents, published_key


def suite(count, dns):
    for scenario in documents("arc-validation-a.yml"):
        zone.texts({k: v.strip() for k, v in (scenario.get("txt-records") or {}).items()})
        for name, t in scenario["tests"].items():
            message = re.sub("\r?\n", "\r\n", t["message"]).encode()
            said = zone.verify("arc", "--dns", dns, message=message)
            count.check(name, said.split()[0] == (t["cv"] or "none").lower(), said)


def own(count, dns, key, record):
    zone.texts({"dummy._domainkey.example.org": record})

    def check(what, message, want):
        said = zone.verify("arc", "--dns", dns, message=message)
        count.check(what, said.startswith(want), said)

    chain = Sealer(key)
    for _ in range(50):
        chain.add()
    check("fifty sets", chain.message(), "pass sets=50")
    check("fifty sets, another body", chain.message(b"Hallo\r\n"), "fail (the body has been changed)")
    broken = chain.message().replace(b"i=7; lists.example.org; dmarc=pass", b"i=7; lists.example.org; dmarc=fail")
    check("one old result changed", broken, "fail (the signature does not fit)")
    check("one old seal is gone", re.sub(rb"ARC-Seal: i=7;[^\n]*\n", b"", chain.message()), "fail (a set is not complete)")
    chain.add()
    check("fifty-one sets", chain.message(), "fail (bad i= of")
    short = Sealer(key)
    short.add()
    short.add(cv="fail")
    check("a chain that was ended", short.message(), "none (a sealer found the chain broken)")
    zone.texts({})
    short = Sealer(key)
    short.add()
    check("no key", short.message(), "fail (there is no key)")
    zone.testdns.ZONE["dummy._domainkey.example.org"] = [("TIMEOUT", None)]
    check("the DNS is silent", short.message(), "fail (the DNS did not answer)")


def tags(field):
    """A tag list without the blanks that mean nothing."""
    return {k.strip(): re.sub(r"\s+", "", v) for k, v in (t.split("=", 1) for t in field.strip().split(";") if t.strip())}


def sealed(count, dns):
    """What we seal is what the suite seals, octet for octet where it counts, and our own checks find it good."""
    tool = pathlib.Path(zone.MAYFLY).parent / "tests/tool/arc_seal"
    for scenario in documents("arc-sign-a.yml"):
        zone.texts({k: v.strip() for k, v in (scenario.get("txt-records") or {}).items()})
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as key:
            key.write(scenario["privatekey"])
            key.flush()
            for name, t in scenario["tests"].items():
                message = re.sub("\r?\n", "\r\n", t["message"]).encode()
                args = [tool, key.name, t["srv-id"], scenario["domain"], scenario["sel"], t["sig-headers"], str(t["t"])]
                done = subprocess.run(args, input=message, capture_output=True, timeout=60)
                got = {k.lower(): v for k, v in re.findall(r"(?m)^(ARC-[^:]+):((?:.*)(?:\r?\n[ \t].*)*)", done.stdout.decode())}
                for field, short in (("arc-seal", "AS"), ("arc-message-signature", "AMS")):
                    count.check(f"sealed: {name}: {short}", field in got and tags(got[field]) == tags(t[short]), done.stdout.decode())
                words = [re.sub(r"\s+", " ", s).strip() for s in (got.get("arc-authentication-results", ""), t["AAR"])]
                count.check(f"sealed: {name}: AAR", words[0] == words[1], words)
                if t["AS"].find("cv=fail") < 0:
                    said = zone.verify("arc", "--dns", dns, message=done.stdout + message)
                    count.check(f"sealed: {name}: checked", said.startswith("pass"), said)


def main():
    count, dns = zone.Count(), zone.start()
    suite(count, dns)
    sealed(count, dns)
    with published_key() as (key, _, record):
        own(count, dns, key, record)
    count.end()


main()
