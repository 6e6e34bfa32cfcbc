#!/usr/bin/env python3
"""Drafts through build/tests/tool/compose_dump, read again by Python's email: what was written is what arrives, and every line
is one that any server takes."""
import base64
import email
import email.policy
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUMP = ROOT / os.environ.get("MAYFLY_BUILD", "build") / "tests/tool/compose_dump"
POLICY = email.policy.SMTP.clone(max_line_length=None)


def run(draft):
    done = subprocess.run([DUMP], input=json.dumps(draft).encode(), capture_output=True, timeout=30)
    return done.returncode, done.stdout


def composed(draft):
    code, out = run(draft)
    assert code == 0, (code, out[:300])
    lines = out.split(b"\r\n")
    assert b"\n" not in out.replace(b"\r\n", b"") and b"\r" not in out.replace(b"\r\n", b""), "bare line end"
    assert max(len(line) for line in lines) <= 998 and b"\0" not in out
    head = out[:out.index(b"\r\n\r\n")]
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b" " in line.strip()), head
    parsed = email.message_from_bytes(out, policy=POLICY)
    for part in parsed.walk():
        assert not part.defects, part.defects
    return parsed, out


def people(field):
    return [(a.display_name, a.addr_spec) for a in field.addresses] if field else []


def text_of(message, kind="plain"):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content().replace("\r\n", "\n") if part else None


def plain():
    m, out = composed({"to": ["anna@example.com"], "subject": "Hello there", "text": "One line\nand two"})
    assert m["From"].addresses[0].display_name == "Otter, the ß" and m["From"].addresses[0].addr_spec == "quiet-otter@mayfly.example"
    assert people(m["To"]) == [("", "anna@example.com")] and m["Subject"] == "Hello there"
    assert text_of(m) == "One line\nand two\n" and m["Content-Transfer-Encoding"] == "7bit"
    assert m["Message-ID"] == "<0123456789abcdef0123456789abcdef@mayfly.example>" and m["Date"].datetime.year == 2025
    assert out.startswith(b"From: ") and "Bcc" not in m and "In-Reply-To" not in m


def addresses():
    m, _ = composed({"to": ["Anna B. <anna@example.com>, \"Doe, John\" <john@example.com>", {"name": "友だち", "address": "tomo@例え.jp"}],
                     "cc": [{"name": 'Quote " and \\', "address": "q@example.com"}], "bcc": ["secret@example.org"], "text": "x"})
    assert people(m["To"]) == [("Anna B.", "anna@example.com"), ("Doe, John", "john@example.com"), ("友だち", "tomo@xn--r8jz45g.jp")]
    assert people(m["Cc"]) == [('Quote " and \\', "q@example.com")] and people(m["Bcc"]) == [("", "secret@example.org")]
    many = [{"name": f"Person number {i} ü" if i % 3 else f"Person {i}", "address": f"person{i}@example.com"} for i in range(200)]
    m, out = composed({"to": many, "text": "x"})
    assert people(m["To"]) == [(p["name"], p["address"]) for p in many]
    utf8, out = composed({"to": [{"name": "", "address": "jürgen@example.com"}], "text": "x"})
    assert "To: jürgen@example.com\r\n".encode() in out


def subjects():
    for subject in ["Grüße aus Köln", "会議の件名がとても長い場合にはどうなるのでしょうか、折り返されるはずです。" * 4, "word " * 80 + "end", "=?utf-8?q?not=20decoded?=",
                    "a" * 1500, "tab\tand\nline\r\nends", " blanks at both ends ", "", "🎈" * 40, "two  blanks   stay", "x" * 70 + " ü"]:
        want = re.sub("[\0-\x1f]", " ", subject).strip(" ")
        m, _ = composed({"to": ["a@example.com"], "subject": subject, "text": "x"})
        assert m["Subject"] == want, (m["Subject"], want)


def texts():
    rng = random.Random(5)
    letters = "abc =.\t\nüß漢🎈From \r"
    cases = ["", "\n", "From the start\nFrom here, too", ".\n..dots", "trailing blank \nand tab\t\n", "ü" * 5000, "=" * 200, "a" * 5000, "漢字" * 900 + "\n" + "x" * 80,
             "a\rb\r\nc\nd", "Zeile mit Umlaut: äöü\n" * 50] + ["".join(rng.choice(letters) for _ in range(rng.randint(1, 700))) for _ in range(60)]
    for text in cases:
        want = text.replace("\r\n", "\n").replace("\r", "\n")
        want += "" if want.endswith("\n") or not want else "\n"
        m, _ = composed({"to": ["a@example.com"], "text": text})
        assert text_of(m) == want, (text_of(m)[:100], want[:100])
    assert text_of(composed({"text": "a\0b"})[0]) == "ab\n" if run({"text": "a\0b"})[0] == 0 else True


def alternatives():
    m, _ = composed({"text": "Plain ü", "html": "<p>Rich <b>ü</b></p>"})
    assert m.get_content_type() == "multipart/alternative"
    assert text_of(m) == "Plain ü\n" and text_of(m, "html") == "<p>Rich <b>ü</b></p>\n"
    m, _ = composed({"html": "<p>Only <b>HTML</b></p><p>two</p>"})
    assert "Only HTML" in text_of(m) and "<b>" not in text_of(m)


def files():
    data = random.Random(1).randbytes(100_000)
    names = ["report.pdf", "Größe und Übersicht.pdf", "with \"quotes\" and ;.txt", "長い名前のファイル" * 6 + ".pdf", "a" * 120 + ".bin", "100%*'.txt", ""]
    drafts = [{"filename": n, "content_type": "application/pdf", "content": base64.b64encode(data[:1000 + i]).decode()} for i, n in enumerate(names)]
    m, _ = composed({"text": "See attached", "html": "<p>See</p>", "attachments": drafts})
    assert m.get_content_type() == "multipart/mixed" and text_of(m) == "See attached\n"
    got = list(m.iter_attachments())
    assert [a.get_filename() or "" for a in got] == [n[:256] for n in names], [a.get_filename() for a in got]
    assert [a.get_content() for a in got] == [data[:1000 + i] for i in range(len(names))]
    m, _ = composed({"text": "x", "attachments": [{"filename": "a.txt", "content_type": "text/plain; charset=x", "content": base64.b64encode("ü\n".encode()).decode()},
                                                  {"filename": "fwd.eml", "content_type": "message/rfc822", "content": base64.b64encode(b"Subject: x\r\n\r\ny").decode()},
                                                  {"filename": "empty", "content": ""}, {"filename": "big", "content": base64.b64encode(data * 50).decode()}]})
    got = list(m.iter_attachments())
    assert got[0].get_content() == "ü\n" and got[1].get_content_type() == "application/octet-stream" and got[2].get_content() == b""
    assert got[3].get_content() == data * 50


def threads():
    parent = "Message-ID: <three@example.com>\r\nReferences: <one@example.com>\r\n <two@example.com>\r\nSubject: x\r\n\r\n"
    m, _ = composed({"text": "x", "parent": parent})
    assert m["In-Reply-To"] == "<three@example.com>" and m["References"].split() == ["<one@example.com>", "<two@example.com>", "<three@example.com>"]
    m, _ = composed({"text": "x", "parent": "Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\n\r\n"})
    assert m["References"].split() == ["<a@x>", "<b@x>"]
    long = "Message-ID: <last@x>\r\nReferences: " + "\r\n ".join(f"<id{i}@example.com>" for i in range(500)) + "\r\n\r\n"
    ids = composed({"text": "x", "parent": long})[0]["References"].split()
    assert ids[0] == "<id0@example.com>" and ids[-2:] == ["<id499@example.com>", "<last@x>"] and len(ids) == 50, (len(ids), ids[:3], ids[-3:])
    m, _ = composed({"text": "x", "parent": "Message-ID: <evil\r\n injected: x@y>\r\n\r\n"})
    assert "injected" not in m and "In-Reply-To" not in m
    assert "In-Reply-To" not in composed({"text": "x", "parent": "Subject: none\r\n\r\n"})[0]


def refusals():
    for draft, word in [({"to": ["nobody"]}, '"to"'), ({"to": ["a@[127.0.0.1]"]}, "not an address"), ({"to": "a@b.example"}, '"to"'), ({"cc": [{"name": "x"}]}, "address"),
                        ({"to": ["a@example.com"] * 501}, "500"), ({"subject": "x" * 2001}, "subject"), ({"texd": "x"}, "texd"),
                        ({"attachments": [{"filename": "x", "content": "no base64!"}]}, "base64"), ({"attachments": [{"filename": "x"}]}, "either"),
                        ({"attachments": [{"message": "zz", "n": 0}]}, "message"), ({"attachments": [{"content": "", "content_type": "text\r\nX: y"}]}, "content_type"),
                        ({"in_reply_to": "12"}, "in_reply_to"), ({"to": [{"name": "x", "address": "a@b.example\r\nBcc: c@d.example"}]}, "not an address")]:
        code, out = run(draft)
        assert code == 1 and word in out.decode(), (draft, code, out)
    m, _ = composed({"subject": "a\r\nBcc: evil@example.com", "to": [{"name": "b\r\nX-Evil: y", "address": "a@example.com"}], "text": "x",
                     "attachments": [{"filename": "c\r\nX-Evil: z\r\n\r\n.txt", "content": ""}]})
    assert "Bcc" not in m and "X-Evil" not in m and all("X-Evil" not in p for p in m.walk())


def main():
    failed = 0
    tests = [plain, addresses, subjects, texts, alternatives, files, threads, refusals]
    for test in tests:
        try:
            test()
        except Exception as e:  # noqa: BLE001  each test is told
            failed += 1
            traceback.print_exc()
            print(f"FAIL {test.__name__}: {type(e).__name__}: {str(e)[:600]}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
