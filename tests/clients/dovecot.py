#!/usr/bin/env python3
"""Debian's Dovecot 2.3 beside us: every message of $MAYFLY_TESTDATA/mime is appended to both, octet for octet, and what they
say to FETCH, SEARCH, SORT and THREAD is compared. A difference must belong to a class, whose reason docs/protocols.md has
too; the files that a class names must differ, so neither list can rot. Counts by class are printed as notes.

    dovecot.py [-v]     -v: every difference with both values
"""
import collections
import email.utils
import os
import pathlib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402
import dovecot  # noqa: E402
import imap_talk  # noqa: E402

DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", daemon.ROOT.parent / "shared/testdata")) / "mime"
SUFFIXES = (".eml", ".msg", ".txt", ".out")
PARTS_MAX = 12  # of a message, whose sections are all fetched
FIRST_DAY = 1700000000

BASIC = "ENVELOPE BODYSTRUCTURE BODY RFC822.SIZE INTERNALDATE FLAGS"
SECTIONS = ["", "HEADER", "TEXT", "HEADER.FIELDS (FROM TO SUBJECT DATE CONTENT-TYPE)", "HEADER.FIELDS (RECEIVED X-NONE)",
            "HEADER.FIELDS.NOT (RECEIVED FROM SUBJECT)", "1", "1.MIME", "1.1", "2", "7.7"]
PARTIALS = ["[]<0.1>", "[]<0.100>", "[]<37.1000>", "[TEXT]<0.20>", "[TEXT]<5.50>", "[HEADER]<3.30>", "[1]<0.64>",
            "[1]<13.77>", "[]<99999999.10>", "[HEADER.FIELDS (SUBJECT)]<2.20>"]
FLAGS = ["", "\\Flagged", "\\Seen \\Answered", "$Test \\Draft"]
SEARCHES = '''FROM "com" | FROM "example" | TO "@" | CC "" | BCC "" | SUBJECT "test" | SUBJECT "re" | SUBJECT "a"
HEADER Message-ID "" | HEADER Content-Type "boundary" | HEADER Received "from" | HEADER References "<" | HEADER X-Mailer ""
HEADER Content-Disposition "attachment" | HEADER From "<" | HEADER Subject ":" | HEADER Subject "=" | HEADER Date "+0"
BODY "the" | BODY "hello" | BODY "boundary" | BODY "html" | BODY "e" | BODY "PDF" | BODY "png" | BODY "http:"
TEXT "the" | TEXT "content-type" | TEXT "multipart" | TEXT "plain" | TEXT "iso" | TEXT "mailto" | TEXT "gif"
SENTBEFORE 1-Jan-2000 | SENTSINCE 1-Jan-2000 | SENTON 17-May-2000 | BEFORE 15-Nov-2023 | SINCE 17-Nov-2023 | ON 15-Nov-2023
LARGER 5000 | SMALLER 1000 | OR SUBJECT test BODY hello | NOT TEXT e | FLAGGED | SEEN ANSWERED | KEYWORD $Test DRAFT
NEW | NEW FLAGGED | CHARSET UTF-8 TEXT "é" | CHARSET UTF-8 TEXT "ü" | CHARSET UTF-8 SUBJECT "ä" | CHARSET UTF-8 SUBJECT "ö" | OLDER 3600
CHARSET UTF-8 BODY "日" | CHARSET UTF-8 TO "Müller" | OR (FROM a TO b) NOT (SEEN LARGER 900) | UNKEYWORD $Test 5:200'''
ORDERS = ["SORT (SUBJECT) UTF-8", "SORT (FROM) UTF-8", "SORT (TO) UTF-8", "SORT (CC) UTF-8", "SORT (DATE) UTF-8",
          "SORT (SIZE) UTF-8", "SORT (ARRIVAL) UTF-8", "SORT (REVERSE SUBJECT DATE) UTF-8", "SORT (REVERSE ARRIVAL) UTF-8",
          "THREAD REFERENCES UTF-8", "THREAD ORDEREDSUBJECT UTF-8"]

Difference = collections.namedtuple("Difference", "name field ours theirs head")


def octets(path):
    """What both are given: CRLF line ends, and no NUL, which IMAP has no word for (RFC 3501 section 9)."""
    return re.sub(rb"\r?\n", b"\r\n", path.read_bytes()).replace(b"\0", b"\x80")


def fill(talk, messages):
    for i, data in enumerate(messages):
        day = time.gmtime(FIRST_DAY + 1000 * i)
        date = time.strftime("%d-%b-%Y %H:%M:%S ", day) + ("+0000", "-0730")[i % 2]
        talk.run(b'APPEND INBOX (%s) "%s" {%d+}\r\n%s' % (FLAGS[i % 4].encode(), date.encode(), len(data), data))
    talk.run("SELECT INBOX")


def part_numbers(body, at=()):
    """Those that a BODYSTRUCTURE has, and whether each is a message."""
    if isinstance(body[0], list):
        for i, child in enumerate(body):
            if not isinstance(child, list):
                return
            yield from part_numbers(child, (*at, i + 1))
    at = at or (1,)
    message = body[0].lower() == b"message" and body[1].lower() == b"rfc822"
    yield ".".join(map(str, at)), message
    if message:
        inner = body[8]
        yield from part_numbers(inner, at if isinstance(inner[0], list) else (*at, 1))


def sections(structures):
    numbers = {}
    for body in structures:
        for k, message in part_numbers(body):
            numbers[k] = numbers.get(k, False) or message
    out = list(SECTIONS)
    for k, message in sorted(numbers.items())[:PARTS_MAX]:
        out += [k, f"{k}.MIME"] + ([f"{k}.HEADER", f"{k}.TEXT", f"{k}.HEADER.FIELDS (SUBJECT TO)"] if message else [])
    return [f"[{s}]" for s in dict.fromkeys(out)] + PARTIALS


def instant(text):
    """An INTERNALDATE in seconds: the zone in which it is told is the server's own choice."""
    zone = int(text[-5:-2] + text[-2:])
    minutes = abs(zone) // 100 * 60 + abs(zone) % 100
    return time.mktime(time.strptime(text[:20].decode().strip(), "%d-%b-%Y %H:%M:%S")) - (minutes if zone > 0 else -minutes) * 60


def plain(item, value):
    if item == "FLAGS":
        return sorted(set(value) - {"\\Recent"})
    return instant(value) if item == "INTERNALDATE" else value


def where(a, b, path):
    """The places at which two trees differ, as deep as they have one form."""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from where(x, y, f"{path}/{i}")
    elif a != b:
        yield path, a, b


class Comparison:
    def __init__(self, names, messages, ours, theirs):
        self.names, self.both, self.found, self.compared = names, (ours, theirs), [], 0
        self.heads = [m.split(b"\r\n\r\n", 1)[0] for m in messages]

    def note(self, i, field, ours, theirs):
        self.found.append(Difference(self.names[i], field, ours, theirs, self.heads[i]))

    def fetches(self):
        ours, theirs = (t.fetch("1:*", BASIC) for t in self.both)
        for i in range(len(self.names)):
            self.items(i, ours[i + 1], theirs[i + 1])
            what = sections([x[i + 1]["BODYSTRUCTURE"] for x in (ours, theirs)])
            self.items(i, *(t.fetch(i + 1, " ".join(f"BODY.PEEK{s}" for s in what))[i + 1] for t in self.both))
        for t in self.both:  # without PEEK, what is read is seen
            t.run("FETCH 1:20 BODY[TEXT]<0.1>")
        ours, theirs = (t.fetch("1:*", "FLAGS") for t in self.both)
        for i in range(len(self.names)):
            self.items(i, ours[i + 1], theirs[i + 1])

    def items(self, i, ours, theirs):
        for k in sorted(set(ours) | set(theirs)):
            self.compared += 1
            a, b = (plain(k, x[k]) if k in x else "nothing" for x in (ours, theirs))
            for path, x, y in where(a, b, k):
                self.note(i, path, x, y)

    def searches(self):
        for key in re.split(r" \| |\n", SEARCHES):
            command = f"SEARCH {key}".encode()
            if not key.isascii():
                head, text = re.match(r'(.*)"(.*)"$', key).groups()
                command = b"SEARCH %s{%d+}\r\n%s" % (head.encode(), len(text.encode()), text.encode())
            ours, theirs = (set(t.found(command).split()) for t in self.both)
            self.compared += 1
            for k in sorted(ours ^ theirs, key=int):
                self.note(int(k) - 1, f"SEARCH {key}", k in ours, k in theirs)

    def orders(self, out):
        """Of those messages of which both have the same addresses, dates and subjects."""
        same = ",".join(str(i + 1) for i, name in enumerate(self.names) if name not in out)
        for o in ORDERS:
            ours, theirs = (re.findall(r"\d+|[()]|[A-Z]+", t.found(f"{o} {same}")) for t in self.both)
            self.compared += 1
            k = next((k for k, (x, y) in enumerate(zip(ours, theirs)) if x != y), min(len(ours), len(theirs)))
            if ours != theirs:
                self.note(max([int(x) - 1 for x in ours[k:k + 1] + theirs[k:k + 1] if x.isdigit()] or [0]), o,
                          " ".join(ours[max(k - 3, 0):k + 6]), " ".join(theirs[max(k - 3, 0):k + 6]))


# Known by the difference itself: (name, why, whether it is one).
RULES = [
    ("no field", "HEADER.FIELDS.NOT gives fields (RFC 9051 6.4.5.1): an mbox line or another that is none is left out",
     lambda d: "FIELDS.NOT" in d.field and NO_FIELD.sub(b"", octets_of(d.theirs)) == d.ours),
    ("no date", "SENTBEFORE asks for the Date field (RFC 9051 6.4.4): a mail without a date that can be read was sent at none",
     lambda d: d.field.startswith("SEARCH SENTBEFORE") and d.theirs and email.utils.parsedate_tz(date_of(d.head)) is None),
    ("case", "message/rfc822 and 7bit are told as written; they have no case (RFC 2045 5.1, 6.1)",
     lambda d: d.field.startswith("BODY") and octets_of(d.ours).lower() == octets_of(d.theirs).lower() != b""),
    ("empty line", "the empty line ends a part's header (RFC 2046 5.1) also where the next boundary stands right behind it",
     lambda d: d.field.endswith("MIME]") and d.ours == octets_of(d.theirs) + CRLF),
    ("outer boundary", "the line end before a boundary is the boundary's (RFC 2046 5.1.1), also before an outer one",
     lambda d: d.field.startswith("BODY") and (octets_of(d.theirs) == octets_of(d.ours) + CRLF or more(d) in (1, 2))),
]
# Known by the message: (name, why, the fields that may differ, the messages that do).
LISTS = [
    ("header end", "text at once behind the header, without an empty line: body to us; Dovecot has it in the header, and no body",
     "BODY|SEARCH (BODY|TEXT|OR|CHARSET)", """mime4j-mimetools/README.txt mime4j-mimetools/hdr-fakeout.msg
     mime4j-testmsgs/basic-plain-with-bad-header-separator.msg mime4j-testmsgs/malformedHeader-nocrlfcrlf.msg
     mime4j-testmsgs/malformedHeader-noheader.msg mime4j-testmsgs/malformedHeaderStartsBody-nocrlfcrlf.msg
     mime4j-testmsgs/malformedHeaderStartsBody-noheader.msg mime4j-testmsgs/obsolete.msg stalwart-mail-parser/malformed/019.eml
     james-eml/oneHtmlAttachmentAndSomeTextInlined.eml stalwart-mail-parser/malformed/022.eml"""),
    ("no parts", "a multipart whose boundary is not given or never comes: one text to us; to Dovecot one empty part, the mail unseen",
     "BODY|SEARCH (BODY|TEXT)", """mime4j-mimetools/badbound.msg mime4j-mimetools/badbound.out mime4j-testmsgs/ending-boundaries.msg
     mime4j-testmsgs/missing-boundary.msg mime4j-testmsgs/missing-boundary.out mime4j-testmsgs/missing-inner-boundary.msg
     mime4j-testmsgs/missing-inner-boundary.out mime4j-testmsgs/missing-inner-start-boundary.msg
     mime4j-testmsgs/missing-inner-start-boundary.out mime4j-testmsgs/multipartnopart.msg mime4j-testmsgs/multipartnopart.out
     mimekit/empty-multipart.txt stalwart-mail-parser/malformed/001.eml stalwart-mail-parser/malformed/002.eml
     stalwart-mail-parser/thirdparty/015.eml"""),
    ("boundary twice", "a boundary line twice: no part between them (RFC 2046 5.1.1: it needs a line end); Dovecot shows an empty one",
     "BODY", """mime4j-mimetools/2002_06_12_doublebound.msg mime4j-mimetools/double-bound.msg stalwart-mail-parser/malformed/000.eml"""),
    ("boundary alike", "one that begins or is like the one around: the whole line counts for us, and the inner one; Dovecot goes by the "
     "beginning, as RFC 2046 5.1.1 allows",
     "BODY|SEARCH BODY", """stalwart-mail-parser/malformed/004.eml stalwart-mail-parser/malformed/007.eml
     stalwart-mail-parser/malformed/016.eml"""),
    ("boundary long", "RFC 2046 5.1.1 allows 70 octets: to us up to 990 count, all of them; Dovecot cuts what is long",
     "BODY|SEARCH BODY", """mime4j-testmsgs/very-long-boundary.msg mime4j-testmsgs/very-long-boundary.out
     mime4j-testmsgs/very-very-long-boundary.msg mime4j-testmsgs/very-very-long-boundary.out"""),
    ("boundary blanks", "a boundary does not end with blanks, and those behind it on its line are padding (RFC 2046 5.1.1)",
     "BODY", "mime4j-testmsgs/weird-boundary.msg mime4j-testmsgs/weird-boundary.out"),
    ("broken parameters", "what stands behind a mistake is read on; Dovecot stops there, and may miss the boundary",
     "BODY|SEARCH (BODY|TEXT)", """mime4j-mimetools/double-semicolon.msg mime4j-mimetools/double-semicolon.out
     stalwart-mail-parser/malformed/017.eml stalwart-mail-parser/rfc/001.eml"""),
    ("unreadable type", "a Content-Type that can't be read is text/plain (RFC 2045 5.2); Dovecot says an empty type",
     "BODY|SEARCH (BODY|TEXT|CHARSET)", """mimekit/missing-subtype.txt james-eml/oneAttachmentWithEmptyContentType.eml
     mime4j-mimetools/multi-digest.msg mime4j-mimetools/multi-digest.out"""),
    ("encoded message", "a message/rfc822 in base64 (forbidden by RFC 2046 5.2.1) is a file; Dovecot takes the base64 for a header. SEARCH "
     "finds what is in it all the same", "BODY|SEARCH (BODY|TEXT)", """mime4j-mimetools/multi-2gifs-base64.msg
     mime4j-mimetools/multi-2gifs-base64.out mime4j-testmsgs/bad-newlines-multiple-parts-base64.msg
     mime4j-testmsgs/bad-newlines-multiple-parts-base64.out mime4j-testmsgs/base64encoded-rfc822message-nested.msg
     mime4j-testmsgs/base64encoded-rfc822message-nested.out mime4j-testmsgs/base64encoded-rfc822message.msg
     mime4j-testmsgs/base64encoded-rfc822message.out stalwart-mail-parser/rfc/008.eml"""),
    ("limit", "a part with more than 1,000 header fields is one opaque file; Dovecot shows more",
     "BODY|SEARCH (BODY|OR)", "james-eml/mailWithManyHeaders.eml"),
    ("broken address", "no address at all by RFC 5322: both guess", "ENVELOPE|BODY",
     "mimekit/feedback-report.txt mimekit/issue358.txt mimekit/stack-overflow.txt"),
    ("no domain", "an address without a domain has no @ (RFC 9051 6.4.4: the envelope's text); Dovecot finds the @ of its MISSING_DOMAIN",
     "SEARCH (TO|OR)", """james-eml/james-3901.eml mime4j-mimetools/re-fwd.msg mime4j-mimetools/re-fwd.out
     stalwart-mail-parser/rfc/004.eml stalwart-mail-parser/rfc/001.eml mime4j-mimetools/uu-zeegee.msg mime4j-mimetools/uu-zeegee.out
     mime4j-mimetools/bluedot-postcard.msg mime4j-mimetools/bluedot-postcard.out"""),
    ("bare Latin-1", "octets above 127 that nothing explains are read as windows-1252, and found; Dovecot does not find them",
     "SEARCH CHARSET", """mime4j-mimetools/infinite.msg mime4j-mimetools/infinite.out stalwart-mail-parser/legacy/010.eml
     stalwart-mail-parser/legacy/017.eml stalwart-mail-parser/legacy/020.eml stalwart-mail-parser/legacy/022.eml
     stalwart-mail-parser/legacy/027.eml stalwart-mail-parser/legacy/033.eml stalwart-mail-parser/legacy/052.eml
     james-eml/oneAttachmentWithoutContentType.eml"""),
    ("unknown encoding", "a body in an encoding that nobody knows is searched as it is; Dovecot passes over it", "SEARCH BODY",
     "mime4j-mimetools/x-gzip64.msg mime4j-mimetools/x-gzip64.out stalwart-mail-parser/thirdparty/004.eml"),
    ("field twice", "of a field that came twice the last counts everywhere, the one that signatures cover (RFC 6376 5.4.2); Dovecot's "
     "ENVELOPE has the last, its SEARCH and SORT go by the first", "SEARCH SENT", "stalwart-mail-parser/malformed/019.eml"),
    ("bare CR", "octets stay as they came (RFC 9051 2.3.1.1); Dovecot drops the first of CR CR LF",
     r"BODY|RFC822\.SIZE", "stalwart-mail-parser/legacy/049.eml"),
]
LISTED = {name: [row for row in LISTS if name in row[3].split()] for row in LISTS for name in row[3].split()}
# SORT and THREAD go by what these classes read otherwise: their messages stay out of the orders.
UNORDERED = {"broken address", "no domain", "bare Latin-1", "field twice"}
CRLF = b"\r\n"
NO_FIELD = re.compile(rb"^(?![!-9;-~]+[ \t]*:|[ \t]|\r).*\r\n", re.M)


def octets_of(value):
    return value if isinstance(value, bytes) else b""


def more(d):
    """How much larger their number is."""
    return int(d.theirs) - int(d.ours) if str(d.ours).isdigit() and str(d.theirs).isdigit() else 0


def date_of(head):
    m = re.search(rb"^date[ \t]*:(.*)", head, re.I | re.M)
    return m[1].decode("latin-1") if m else None


def class_of(d):
    for row in LISTED.get(d.name, []):
        if re.match(row[2], d.field):
            return row[0]
    return next((name for name, _, is_one in RULES if is_one(d)), None)


def show(x):
    if isinstance(x, list):
        return "(" + " ".join(map(show, x)) + ")"
    return "NIL" if x is None else repr(x)[1:] if isinstance(x, bytes) else str(x)


def tell(c):
    """What is in no class, and what a class names though nothing differs; the exit code."""
    by = collections.defaultdict(list)
    for d in c.found:
        by[class_of(d)].append(d)
    strange = by.pop(None, [])
    idle = [f"{row[0]}: {name}" for name, rows in LISTED.items() for row in rows if name not in {d.name for d in by[row[0]]}]
    print(f"{len(c.names)} messages, {c.compared} answers compared with Dovecot's, {len(c.found)} differ")
    for name, why, *_ in [*RULES, *LISTS]:
        print(f"NOTE {name}: {len(by[name])} in {len({d.name for d in by[name]})} messages: {why}")
        for d in by[name] if "-v" in sys.argv else []:
            print(f"     {d.name} {d.field}: {show(d.ours)[:300]}, Dovecot {show(d.theirs)[:300]}")
    for d in strange:
        print(f"FAIL {d.name} {d.field}:\n     we      {show(d.ours)[:700]}\n     Dovecot {show(d.theirs)[:700]}")
    for text in idle:
        print(f"FAIL nothing differs any more in {text}")
    bad = len({d.name for d in strange}) + len(idle)
    print(f"{len(c.names) - len({d.name for d in strange})} passed, {bad} failed")
    return 1 if bad else 0


def compare(messages):
    with dovecot.Dovecot() as d, daemon.Daemon("auth.cleartext=loopback", "box.max_messages=5000", "box.max_bytes=1G") as m:
        box = m.make_box()
        ours = imap_talk.Talk(m.address("imap.listen")[1], box["address"], box["token"])
        theirs = imap_talk.Talk(d.port, "somebody", "secret")
        with ours, theirs:
            for t in (ours, theirs):
                fill(t, messages.values())
            c = Comparison(list(messages), list(messages.values()), ours, theirs)
            c.fetches()
            c.searches()
            c.orders({name for name, rows in LISTED.items() if UNORDERED & {row[0] for row in rows}})
        return c


def main():
    messages = {str(p.relative_to(DATA)): octets(p) for p in sorted(DATA.rglob("*"))
                if p.suffix in SUFFIXES and "_decoded" not in p.name}
    try:
        if not messages:
            raise daemon.Skip(f"no test data in {DATA}")
        return tell(compare(messages))
    except daemon.Skip as e:
        print(f"SKIP compared with Dovecot: {e}\n0 passed, 0 failed, 1 skipped")
        return 0


if __name__ == "__main__":
    sys.exit(main())
