#!/usr/bin/env python3
"""Every message of $MAYFLY_TESTDATA/mime and every vector of $MAYFLY_TESTDATA/html through a daemon: sent by SMTP, refused
with a reason or read back over the API; each attachment byte for byte as python's email decodes the stored message.
Differences on purpose are those of tests/corpus/mime.py, with its reasons.
"""
import collections
import email
import email.policy
import hashlib
import json
import os
import pathlib
import re
import smtplib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/corpus")]
from daemon import Daemon, Skip, run  # noqa: E402
from mime import KNOWN, SUFFIXES, WHY, leaves  # noqa: E402

DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT.parent / "shared" / "testdata"))
OPTIONS = ("box.max_messages=100000", "box.max_bytes=4G")


def corpus(folder):
    if not (DATA / folder).is_dir():
        raise Skip(f"no test data in {DATA / folder}")
    return DATA / folder


def crlf(data):
    return re.sub(rb"\r?\n", b"\r\n", data)


def get(d, box, path):
    status, _, body = d.request("GET", "/api/v1/mailbox/messages/" + path, token=box["token"])
    assert status == 200, (path, status, body[:300])
    return body


def check(d, box, name, m):
    """What is wrong with one stored message as the API shows it."""
    whole = json.loads(get(d, box, m["id"]))
    raw = get(d, box, m["id"] + "/raw")
    assert len(raw) == whole["size"], "size"
    theirs = collections.Counter(sha for _, sha, _ in leaves(raw)) if name not in KNOWN else None
    for a in whole["attachments"]:
        data = get(d, box, f"{m['id']}/attachments/{a['n']}")
        sha = hashlib.sha256(data).hexdigest()
        assert (len(data), sha) == (a["size"], a["sha256"]), f"attachment {a['n']}: what comes is not what was announced"
        if theirs is not None and theirs[sha] == 0:
            assert data and data in raw, f"attachment {a['n']} ({a['content_type']}) is no part that python finds"


def every_message_is_refused_with_a_reason_or_shown_whole():
    files = sorted(p for p in corpus("mime").rglob("*") if p.suffix in SUFFIXES and p.is_file())
    refused, shown, bad = collections.Counter(), 0, []
    with Daemon(*OPTIONS) as d:
        box = d.make_box()
        for path in files:
            name = str(path.relative_to(DATA / "mime"))
            before = {m["id"] for m in d.api("GET", "/mailbox/messages?limit=1", token=box["token"])["messages"]}
            try:
                d.send(box["address"], crlf(path.read_bytes()))
            except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as e:
                text = e.smtp_error.decode(errors="replace")
                assert 500 <= e.smtp_code < 600 and re.match(r"5\.\d\.\d ", text), (name, e)
                refused[f"{e.smtp_code} {text}"] += 1
                continue
            m = d.api("GET", "/mailbox/messages?limit=1", token=box["token"])["messages"][0]
            if m["id"] in before:  # the same Message-ID, envelope and content as an earlier file: stored once
                refused["250, but a retry of another file of the corpus"] += 1
                continue
            try:
                check(d, box, name, m)
                shown += 1
            except AssertionError as e:
                bad.append(f"{name}: {e}")
    print(f"  {len(files)} messages: {shown} shown, {sum(refused.values())} not stored")
    for why, n in refused.most_common():
        print(f"  {n:4} {why}")
    print(f"  {sum(1 for p in files if str(p.relative_to(DATA / 'mime')) in KNOWN)} parsed otherwise than by python, on purpose:")
    for reason in sorted(set(KNOWN.values())):
        print(f"  {sum(r == reason for r in KNOWN.values()):4} {WHY[reason]}")
    assert not bad, "\n".join(bad)
    assert shown > 0.9 * len(files)


def vectors():
    folder = corpus("html")
    for case in json.loads((folder / "dompurify/expect-a.json").read_text()):
        yield case["payload"]
    for case in json.loads((folder / "h5sc/items.json").read_text()):
        yield case["data"] if isinstance(case, dict) and "data" in case else json.dumps(case)


def every_html_vector_comes_back_as_it_was():
    n = 0
    with Daemon(*OPTIONS, "trust.content=false") as d:  # many of them look like junk, and rightly
        box = d.make_box()
        for html in vectors():
            if not isinstance(html, str) or "\0" in html or not html.strip():
                continue
            n += 1
            html = re.sub(r"\r\n?|\n", "\n", html)
            coded = html.encode("utf-8", "replace").hex().upper()
            lines = re.findall(".{1,72}", "".join("=" + coded[i:i + 2] for i in range(0, len(coded), 2)))
            d.send(box["address"], f"Subject: vector {n}\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + "=\r\n".join(lines) + "\r\n")
            m = d.api("GET", "/mailbox/messages?limit=1", token=box["token"])["messages"][0]
            assert m["subject"] == f"vector {n}" and m["html"], m
            got = get(d, box, m["id"] + "/html").decode()
            assert got.rstrip("\n") == html.encode("utf-8", "replace").decode().rstrip("\n"), (html[:200], got[:200])
    print(f"  {n} vectors")
    assert n > 200


if __name__ == "__main__":
    sys.exit(run([every_message_is_refused_with_a_reason_or_shown_whole, every_html_vector_comes_back_as_it_was]))
