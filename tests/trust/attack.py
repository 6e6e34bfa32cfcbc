"""Spam as somebody would change it to get past a filter: same header but for Content-*, another body. Good words are taken from
ham that the filter has seen."""
import base64
import email
import pathlib
import random
import re

LOOK_ALIKE = dict(zip("aeocpxyis", "\u0430\u0435\u043e\u0441\u0440\u0445\u0443\u0456\u0455"))


def split(raw):
    at = raw.find(b"\n\n")
    return (raw, b"") if at < 0 else (raw[:at + 1], raw[at + 2:])


def with_type(head, content_type, encoding):
    head = re.sub(rb"(?im)^content-(type|transfer-encoding):.*\n([ \t].*\n)*", b"", head)
    return head + b"Content-Type: " + content_type + b"\nContent-Transfer-Encoding: " + encoding + b"\n"


def text_of(raw):
    """(subtype, octets) of its HTML, else of its first text."""
    best = None
    for part in email.message_from_bytes(raw).walk():
        if part.get_content_maintype() == "text" and (best is None or part.get_content_subtype() == "html"):
            best = part.get_content_subtype(), part.get_payload(decode=True) or b""
    return best or ("plain", b"")


class Attacks:
    def __init__(self, hams):
        self.hams, self.rng = hams, random.Random(5)

    def good(self, n):
        out = b""
        while len(out) < n:
            text = re.sub(rb"<[^>]+>", b" ", split(self.rng.choice(self.hams))[1])
            out += b"\n".join(x for x in text.split(b"\n") if len(x) < 100)[:400] + b"\n"
        return out[:n]

    def as_it_was(self, raw):
        return raw

    def in_base64(self, raw):
        kind, text = text_of(raw)
        return with_type(split(raw)[0], b"text/" + kind.encode() + b'; charset="utf-8"', b"base64") + b"\n" + base64.encodebytes(text)

    def good_words_before(self, raw):
        kind, text = text_of(raw)
        return with_type(split(raw)[0], b"text/" + kind.encode(), b"8bit") + b"\n" + self.good(1500) + b"\n" + text

    def good_words_after(self, raw):
        kind, text = text_of(raw)
        return with_type(split(raw)[0], b"text/" + kind.encode(), b"8bit") + b"\n" + text + b"\n" + self.good(3000)

    def good_words_hidden(self, raw):
        kind, text = text_of(raw)
        if kind != "html":
            text = b"<html><body><p>" + text.replace(b"\n", b"<br>\n")
        hidden = b'<div style="display:none;font-size:0">' + self.good(3000).replace(b"<", b" ") + b"</div>"
        return with_type(split(raw)[0], b"text/html; charset=utf-8", b"8bit") + b"\n" + hidden + text

    def alike(self, text):
        return "".join(LOOK_ALIKE[c] if c in LOOK_ALIKE and self.rng.random() < .5 else c for c in text)

    def look_alikes(self, raw):
        kind, text = text_of(raw)
        pieces = re.split(r"(<[^>]*>)", text.decode("utf-8", "replace"))
        text = "".join(p if p.startswith("<") else self.alike(p) for p in pieces)

        def subject(m):
            return m.group(1) + b"=?utf-8?B?" + base64.b64encode(self.alike(m.group(2).decode("latin1")).strip().encode()) + b"?=\n"
        head = re.sub(rb"(?im)^(subject: )(.*)\n", subject, split(raw)[0])
        return with_type(head, b"text/" + kind.encode() + b'; charset="utf-8"', b"8bit") + b"\n" + text.encode()

    def image_only(self, raw):
        link = b'<html><body><a href="http://x%d.example.net/"><img src="cid:a1"></a></body></html>\n' % self.rng.randrange(10**6)
        return with_type(split(raw)[0], b"text/html", b"7bit") + b"\n" + link


def make(seen, test, folder):
    """For each attack its name and the rows (label, path) of the test part, spam attacked; ham is as it was."""
    a = Attacks([pathlib.Path(p).read_bytes() for label, p in seen if label == "ham"])
    for f in (a.as_it_was, a.in_base64, a.good_words_before, a.good_words_after, a.good_words_hidden, a.look_alikes, a.image_only):
        to = folder / f.__name__
        to.mkdir(parents=True)
        rows = []
        for label, path in test:
            if label == "spam":
                out = to / pathlib.Path(path).name
                out.write_bytes(f(pathlib.Path(path).read_bytes()))
                path = str(out)
            rows.append((label, path))
        yield f.__name__, rows
