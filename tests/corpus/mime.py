#!/usr/bin/env python3
"""Every message of $MAYFLY_TESTDATA/mime (default ../shared/testdata) through build/tests/tool/mime_dump, against what
python's email makes of the same octets: the decoded body of every leaf part, byte for byte; subject, date, addresses, texts.
Where the two differ on purpose, the message is in KNOWN with the reason; a message listed there that agrees is a failure too,
so the table can't rot.
"""
import datetime
import email
import email.header
import email.policy
import email.utils
import hashlib
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT.parent / "shared" / "testdata")) / "mime"
DUMP = ROOT / os.environ.get("MAYFLY_BUILD", "build") / "tests/tool/mime_dump"
SUFFIXES = (".eml", ".msg", ".txt", ".out")

WHY = {
    "eof": "the last part of a multipart without its end: python takes a line end off, which RFC 2046 5.1.1 gives to a boundary only",
    "status": "delivery-status and its like: leaves to us (RFC 3464 2.1: fields, no mail), messages to python",
    "partial": "message/partial and external-body: leaves to us (RFC 2046 5.2.2, 5.2.3), python descends",
    "encoded": "encoded message/rfc822 (forbidden by RFC 2046 5.2.1): a file to us, python reads the octets undecoded as a message",
    "no-parts": "multipart whose boundary is missing or never comes: we show the whole body as text, python the preamble only",
    "long": "a boundary of more than 990 octets (RFC 2046 5.1.1 allows 70) is no boundary to us",
    "same": "boundaries that are the same as, or begin like, the one around: the inner multipart wins, in python the outer",
    "empty": "a boundary line and at once the closing one: an empty part to us, python passes the closing one over",
    "label": "blanks behind the encoding's name (RFC 2045 6.1 with RFC 5322 3.2.2): python doesn't know the name then",
    "qp-blank": "blanks before a line end in quoted-printable: RFC 2045 6.7 rule 3 has them deleted, python keeps some",
    "after": "octets behind base64 padding: decoded on and noted, as mail programs do; python stops",
    "colon": "blanks before a field's colon (RFC 5322 4.5): python ends the header there",
    "junk": "one line that is no field among MIME's fields: passed over, python ends the header there",
    "semicolon": "no semicolon before boundary=: understood; to python it is part of the subtype",
}
KNOWN_TEXT = """
eof mime4j-mimetools/jt-0498.msg mime4j-mimetools/multi-bad.msg
eof stalwart-mail-parser/malformed/001.eml stalwart-mail-parser/malformed/003.eml stalwart-mail-parser/malformed/006.eml
eof stalwart-mail-parser/malformed/008.eml stalwart-mail-parser/malformed/009.eml stalwart-mail-parser/malformed/011.eml
eof stalwart-mail-parser/malformed/012.eml stalwart-mail-parser/malformed/016.eml stalwart-mail-parser/thirdparty/005.eml
status mimekit/bounce.txt mimekit/delivery-status-multiple-blank-lines.txt mimekit/delivery-status-no-blank-line.txt
status mimekit/delivery-status.anonymized.eml mimekit/delivery-status.txt mimekit/delivery-status2.txt
status mimekit/disposition-notification.anonymized.eml mimekit/disposition-notification.txt
status nodemailer-mailparser/delivery-status.eml postal-mime/arf.eml postal-mime/bounce.eml
partial mimekit/partial/message-partial.0.eml mimekit/partial/rfc2046.0.eml
partial stalwart-mail-parser/rfc/001.eml stalwart-mail-parser/thirdparty/009.eml
encoded mime4j-mimetools/multi-2gifs-base64.msg mime4j-mimetools/multi-2gifs-base64.out
encoded mime4j-testmsgs/bad-newlines-multiple-parts-base64.msg mime4j-testmsgs/bad-newlines-multiple-parts-base64.out
encoded mime4j-testmsgs/base64encoded-rfc822message-nested.msg mime4j-testmsgs/base64encoded-rfc822message-nested.out
encoded mime4j-testmsgs/base64encoded-rfc822message.msg mime4j-testmsgs/base64encoded-rfc822message.out
encoded stalwart-mail-parser/rfc/008.eml
no-parts mime4j-mimetools/badbound.out mime4j-testmsgs/ending-boundaries.msg mime4j-testmsgs/missing-boundary.out
no-parts mime4j-testmsgs/missing-inner-boundary.msg mime4j-testmsgs/missing-inner-boundary.out
no-parts mime4j-testmsgs/missing-inner-start-boundary.msg mime4j-testmsgs/missing-inner-start-boundary.out
no-parts mime4j-testmsgs/multipartnopart.msg mime4j-testmsgs/multipartnopart.out
long mime4j-testmsgs/very-very-long-boundary.msg mime4j-testmsgs/very-very-long-boundary.out
same stalwart-mail-parser/malformed/005.eml stalwart-mail-parser/malformed/013.eml
empty mime4j-testmsgs/multipartemptypart.msg mimekit/empty-multipart.txt
label mime4j-mimetools/twopart.msg mime4j-mimetools/twopart.out stalwart-mail-parser/thirdparty/003.eml
qp-blank mime4j-mimetools/german-qp.out nodemailer-mailparser/nested.eml
after stalwart-mail-parser/thirdparty/002.eml
junk james-eml/mailWithLongHeaders.eml james-eml/mailWithManyHeaders.eml james-eml/oneAttachmentAndSomeTextInlined.eml
junk james-eml/oneAttachmentWithEmptyContentType.eml james-eml/oneAttachmentWithSimpleContentType.eml
junk james-eml/oneAttachmentWithoutContentType.eml james-eml/oneAttachmentWithoutName.eml
junk james-eml/oneHtmlAttachmentAndSomeTextInlined.eml mimekit/feedback-report.txt mimekit/issue358.txt
colon mime4j-testmsgs/obsolete.msg mime4j-testmsgs/obsolete.out stalwart-mail-parser/malformed/019.eml
semicolon stalwart-mail-parser/malformed/017.eml
"""
KNOWN = {name: line.split()[0] for line in KNOWN_TEXT.strip().splitlines() for name in line.split()[1:]}


def leaves(data):
    """(type, sha256) of each part that python has no parts within, in order."""
    msg = email.message_from_bytes(data, policy=email.policy.default)
    found = []
    for part in msg.walk():
        if part.is_multipart():
            continue
        body = part.get_payload(decode=True)
        if body is None:
            body = b""
        found.append((part.get_content_type(), hashlib.sha256(body).hexdigest(), len(body)))
    return found


def ours(dump):
    return [(f"{p['type']}/{p['subtype']}", p["sha256"], p["size"]) for p in dump["parts"] if p["leaf"]]


def decoded(value):
    """Encoded words of a header value undone, blanks made one; None where python can't."""
    out = ""
    try:
        for piece, charset in email.header.decode_header(value.replace("\r", "").replace("\n", "")):
            out += piece if isinstance(piece, str) else piece.decode(charset or "ascii")
    except (LookupError, UnicodeDecodeError, email.errors.HeaderParseError):
        return None
    return " ".join(out.split())


def text_of(part):
    """A text part as python decodes it, with LF line ends; None where it can't."""
    try:
        text = (part.get_payload(decode=True) or b"").decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "?").lstrip("\ufeff")


def texts(data, dump):
    """Subject, date, addresses and the text of each text part against python's; what differs."""
    bad = []
    msg = email.message_from_bytes(data)
    subject = msg.get("subject")
    want = decoded(subject) if isinstance(subject, str) else None
    if want is not None and want != " ".join(dump["Subject"].split()):
        bad.append(f"subject {dump['Subject']!r}, python has {want!r}")
    for field in ("from", "to"):
        values = msg.get_all(field, [])
        if len(values) == 1 and isinstance(values[0], str):
            try:
                want = [a for _, a in email.utils.getaddresses([values[0].replace("\r", "").replace("\n", "")]) if a]
            except RecursionError:  # stack-overflow.txt
                continue
            got = [a for _, a in dump[f"{field}_list"]]
            if want != got and dump["path"].rpartition("/")[2] != "issue358.txt":  # an address as name, without quotes
                bad.append(f"{field} {got}, python has {want}")
    try:
        date = email.utils.parsedate_to_datetime(msg["date"])
        want = int((date if date.tzinfo else date.replace(tzinfo=datetime.timezone.utc)).timestamp() * 1000)
    except (TypeError, ValueError):
        want = None
    if want is not None and want != dump.get("date_ms") and "(" not in msg["date"]:  # python takes a comment for the zone
        bad.append(f"date {dump.get('date_ms')}, python has {want}")
    theirs = [p for p in msg.walk() if not p.is_multipart()]
    ours_ = [p for p in dump["parts"] if p["leaf"]]
    for a, b in zip(theirs, ours_):
        if len(theirs) != len(ours_) or b["type"] != "text" or "flowed" in str(a.get("content-type")):
            continue
        if len(a.get_payload(decode=True) or b"") == b["size"] and text_of(a) not in (None, b["text"]):
            bad.append(f"text of {a.get_content_type()}")
    return bad


def invariants(dump, size):
    """What must hold for any message: parts lie within their parents, in order, and nothing is read outside."""
    bad = []
    if not dump["pack_same"]:
        bad.append("pack and unpack give another tree")
    for i, p in enumerate(dump["parts"]):
        if not 0 <= p["head"] <= p["body"] <= p["end"] <= size:
            bad.append(f"part {i}: offsets")
        if i and not dump["parts"][p["parent"]]["body"] <= p["head"] <= p["end"] <= dump["parts"][p["parent"]]["end"]:
            bad.append(f"part {i}: not within its parent")
    placed = [f["part"] for f in dump["files"]] + dump["text"] + dump["html"]
    if any(i >= len(dump["parts"]) for i in placed) or any(not f["name"] for f in dump["files"]):
        bad.append("choice of parts")
    return bad


def main():
    if not DATA.is_dir():
        print(f"SKIP corpus: no test data in {DATA}")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    files = sorted(p for p in DATA.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    out = subprocess.run([DUMP, *files], capture_output=True, timeout=120, check=False)
    dumps = [json.loads(line) for line in out.stdout.splitlines()]
    passed = failed = known = 0
    if out.returncode or len(dumps) != len(files):
        print(f"mime_dump ended with {out.returncode} after {len(dumps)} of {len(files)}: {out.stderr.decode()[:2000]}")
        failed += 1
    for path, dump in zip(files, dumps):
        name = str(path.relative_to(DATA))
        data = path.read_bytes()
        bad = invariants(dump, len(data)) + texts(data, dump) if dump["result"] == "ok" else [dump["result"]]
        try:
            theirs = leaves(data)
        except Exception as e:  # python's parser itself gives up on some
            theirs = None
            if name not in KNOWN:
                bad.append(f"python: {type(e).__name__} {e}")
        same = theirs is not None and not bad and [x[1] for x in theirs] == [x[1] for x in ours(dump)]
        if not same and name in KNOWN and not bad:
            known += 1
            passed += 1
        elif same and name not in KNOWN:
            passed += 1
        else:
            failed += 1
            print(f"FAIL {name}: {'; '.join(bad) or 'listed as different, but the same' if same else bad or 'differs'}")
            if "-v" in sys.argv:
                print("  python", [(x[0], x[2]) for x in theirs or []])
                print("  ours  ", [(x[0], x[2]) for x in ours(dump)])
    print(f"{known} of {len(files)} differ from python on purpose:")
    for reason in sorted(set(KNOWN.values())):
        print(f"  {sum(r == reason for r in KNOWN.values()):3} {WHY[reason]}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
