#!/usr/bin/env python3
"""Writes what the shipped prior is trained on besides collected mail: honest mail from our own phrases (phrases.txt), in
the many ways that programs wrap it, and collected junk once more in those same wrappings, so that how a mail is wrapped
says nothing about what it is. The same seed gives the same files.

generate.py OUT [--seed N] [--count N] [--again INDEX]: messages below OUT, and OUT/index.tsv (path, label, order, corpus)
as `mayfly learn --index` takes it. --again: an index of collected mail whose texts are wrapped again.
"""
import argparse
import base64
import email
import email.header
import email.policy
import email.utils
import html
import pathlib
import quopri
import random
import re

HERE = pathlib.Path(__file__).resolve().parent
SERVICES = ["Lindenhof", "Quillbase", "Parcelwing", "Mondora", "Tavola", "Nimbuskey", "Stellwerk", "Bibliothek", "Kairos", "Orangerie", "Fjordline",
            "Papermoon", "Vasko", "Tramway", "Wolke", "Ledgerly", "Pinecast", "Ateljee", "Sakura Books", "Zeitgeist", "Metro Pass", "City Library"]
PEOPLE = ["Anna", "Ben", "Chiara", "David", "Elif", "Farid", "Greta", "Hiroshi", "Ines", "Jan", "Katya", "Liu Wei", "Marta", "Noor", "Olga", "Pedro", "Rana", "Sven", "Tomas", "Yuki"]
THINGS = ["notebook", "USB-C cable", "Tasse", "billet", "libro", "T-Shirt", "Lampe", "ticket", "coffee 500 g", "2 x A4", "SIM", "monthly plan"]
AMOUNTS = ["$12.50", "€ 8,90", "19,99 €", "£7.25", "CHF 41.00", "1 250 Kč", "249 kr", "¥1,980", "₹499", "R$ 59,90", "320 ₽", "45,00 zł"]
MACHINE = [  # headers of programs that send for services; {h} the sender's domain, {u} a random word
    "X-SES-Outgoing: 2026.05.04-54.240.7.{n}\nFeedback-ID: 1.eu-west-1.{u}=:AmazonSES", "X-SG-EID: {u}", "X-PM-Message-Id: {u}\nX-PM-Tag: {k}", "X-Mailgun-Sid: {u}",
    "X-Mailer: PHPMailer 6.9.1 (https://github.com/PHPMailer/PHPMailer)", "Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All", "Precedence: bulk", "", "", ""]
PERSON = ["User-Agent: Mozilla Thunderbird", "X-Mailer: Apple Mail (2.3774)", "X-Mailer: iPhone Mail (20A362)", "X-Originating-IP: [192.0.2.{n}]", "User-Agent: K-9 Mail for Android",
          "X-Mailer: Microsoft Outlook 16.0\nThread-Index: {u}\nContent-Language: en-us", "User-Agent: Mutt/2.2.12", "", ""]
MAY_TRAIN = ("sa2002", "scam2023")  # by their licences; see docs/prior.md
CSS = ["", "<style>body{font-family:Arial,sans-serif;color:#333}a.b{background:#06c;color:#fff;padding:10px}</style>", "<style>@media(max-width:600px){.w{width:100%!important}}</style>"]


class Lang:
    def __init__(self, head):
        self.name, *self.charsets = head.split()
        self.kinds = {}


def read_phrases():
    langs = []
    for line in (HERE / "phrases.txt").read_text().splitlines():
        if line.startswith("["):
            langs.append(Lang(line.strip("[]")))
        elif line and not line.startswith("#"):
            kind, rest = line.split(":", 1)
            langs[-1].kinds.setdefault(kind, []).append([s.strip() for s in rest.split(" | ")])
    return langs


class Writer:
    def __init__(self, out, seed):
        self.r, self.out, self.rows = random.Random(seed), out, []

    def word(self, n=10):
        return "".join(self.r.choice("abcdefghijkmnopqrstuvwxyz23456789") for _ in range(n))

    def fill(self, s, values):
        return re.sub(r"\{(\w)\}", lambda m: values[m[1]], s)

    def values(self):
        r = self.r
        code = r.choice(["%06d" % r.randrange(10**6), "%03d %03d" % (r.randrange(1000), r.randrange(1000)), "%04d" % r.randrange(10**4), self.word(8).upper()])
        return {"b": r.choice(SERVICES), "c": code, "n": str(r.choice([5, 10, 15, 30, r.randrange(100, 99999)])), "a": r.choice(AMOUNTS), "p": r.choice(PEOPLE),
                "d": f"{r.randrange(1, 29)}.{r.randrange(1, 13)}.", "w": r.choice(THINGS), "u": self.word(20), "k": "mail"}

    # ---- wrapping ----
    def encode(self, text, charset):
        """Headers and body of a text part."""
        try:
            data = text.encode(charset)
        except (UnicodeEncodeError, LookupError):
            charset, data = "utf-8", text.encode()
        ways = ["base64", "quoted-printable"] + (["8bit"] if charset not in ("iso-2022-jp", "us-ascii") else ["7bit"])
        if max(data, default=0) < 128:
            ways = ["7bit", "7bit", "quoted-printable"] + (["base64"] if charset == "utf-8" else [])
        way = self.r.choice(ways)
        body = data
        if way == "base64":
            body = base64.encodebytes(data)
        elif way == "quoted-printable":
            body = quopri.encodestring(data)
        return f"; charset={self.r.choice([charset, chr(34) + charset.upper() + chr(34)])}\nContent-Transfer-Encoding: {way}\n", body

    def part(self, subtype, text, charset):
        head, body = self.encode(text, charset)
        return f"Content-Type: text/{subtype}{head}".encode() + b"\n" + body.rstrip(b"\n") + b"\n"

    def page(self, lines, link, button):
        paragraphs = [f"<p>{html.escape(s)}</p>" for s in lines]
        if link:
            paragraphs.insert(self.r.randrange(len(paragraphs) + 1), f'<p><a class="b" href="{link}">{html.escape(button)}</a></p>')
        inner = "\n".join(paragraphs)
        if self.r.random() < 0.5:
            inner = f'<table width="600" cellpadding="0" cellspacing="0"><tr><td>{inner}</td></tr></table>'
        if self.r.random() < 0.4:
            inner = f'<div style="display:none">{html.escape(lines[0])}</div>' + inner
        if self.r.random() < 0.4:
            inner += '<img src="https://img.example/o.gif" width="1" height="1">'
        return f"<!DOCTYPE html><html><head>{self.r.choice(CSS)}</head><body>{inner}</body></html>"

    def body(self, lines, charset, link, button, shapes):
        plain = "\n\n".join(lines[:-1] + ([link] if link else []) + lines[-1:]) + "\n"
        shape = self.r.choice(shapes)
        if shape == "plain":
            return self.part("plain", plain, charset)
        page = self.part("html", self.page(lines, link, button), charset)
        if shape == "html":
            return page
        b = self.r.choice(["=_" + self.word(24), "----=_Part_" + self.word(16), "b1_" + self.word(20), self.word(28)])
        return (f'Content-Type: multipart/alternative; boundary="{b}"\n\n--{b}\n'.encode() + self.part("plain", plain, charset) +
                f"\n--{b}\n".encode() + page + f"\n--{b}--\n".encode())

    def field(self, text, charset):
        if text.isascii():
            return text
        try:
            return email.header.Header(text, charset).encode()
        except (UnicodeEncodeError, LookupError):
            return email.header.Header(text, "utf-8").encode()

    def trace(self, host):
        day = f"{self.r.choice(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])}, {self.r.randrange(1, 29)} {self.r.choice(['Jan', 'Feb', 'Mar', 'Sep', 'Oct', 'Nov'])} 20{self.r.randrange(18, 27)}"
        at = f"{day} {self.r.randrange(24):02}:{self.r.randrange(60):02}:{self.r.randrange(60):02} {self.r.choice(['+0000', '+0100', '-0500', '+0900'])}"
        return f"Received: from {host} by mx.example with {self.r.choice(['ESMTPS', 'ESMTP'])} id {self.word()}; {at}\n", f"Date: {at}\n"

    def head(self, name, local, domain, subject, charset, extra, values):
        host = self.r.choice(["mail.", "o1.", "smtp-out.", "a9-12.", ""]) + domain
        received, date = self.trace(host)
        fields = [date, f"From: {self.field(name, charset)} <{local}@{domain}>\n", f"To: {self.word(9)}@box.example\n", f"Subject: {self.field(subject, charset)}\n",
                  f"Message-ID: <{self.word(18)}@{self.r.choice([host, domain])}>\n", "MIME-Version: 1.0\n"]
        self.r.shuffle(fields)
        if self.r.random() < 0.6:
            received += f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={domain}; s={self.r.choice(['s1', 'k2', 'default', 'mail'])}; h=From:To:Subject:Date; bh={self.word(43)}=; b={self.word(60)}\n"
        fields += [self.fill(extra, values) + "\n"] if extra else []
        return received + "".join(fields)

    def write(self, label, corpus, head, body):
        path = f"{corpus}/{len(self.rows):05}.eml"
        (self.out / corpus).mkdir(parents=True, exist_ok=True)
        (self.out / path).write_bytes(head.encode(errors="replace") + body)
        self.rows.append((path, label, str(len(self.rows)), corpus))

    # ---- kinds ----
    def ham(self, lang):
        kind = self.r.choice(list(lang.kinds))
        v = self.values()
        subject, *lines = (self.fill(s, v) for s in self.r.choice(lang.kinds[kind]))
        charset = self.r.choice(lang.charsets + ["utf-8"] * 3)
        domain = re.sub(r"\W", "", v["b"].lower()) + self.r.choice([".example", ".com", ".org", ".de", ".io", ".net"])
        person = kind in ("note", "list")
        link, button = None, "OK"
        if kind == "signup" or (kind in ("notice", "receipt", "news") and self.r.random() < 0.6):
            link = f"https://{self.r.choice(['', 'www.', 'click.', 'app.'])}{domain}/{self.r.choice(['c', 'verify', 'u', 'o'])}/{self.word(22)}"
            button = lines.pop() if kind == "signup" else lines[-1]
        extra = self.r.choice(PERSON if person else MACHINE)
        if kind == "news":
            extra += ("\n" if extra else "") + f"List-Unsubscribe: <https://{domain}/u/{v['u']}>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click"
        if kind == "list":
            extra = f"List-Id: <dev.lists.{domain}>\nList-Post: <mailto:dev@lists.{domain}>\nPrecedence: list\nIn-Reply-To: <{v['u']}@{domain}>" + ("\n" + extra if extra else "")
        greeting = [] if kind == "list" else [self.r.choice([v["b"], v["p"], ""])]
        lines = [s for s in lines + greeting if s]
        name = v["p"] if person else self.r.choice([v["b"], v["b"] + " Team", f"{v['p']} ({v['b']})"])
        local = v["p"].lower().replace(" ", ".") if person else self.r.choice(["no-reply", "noreply", "hello", "info", "account", "notifications", "support"])
        shapes = ["plain", "plain", "plain", "alternative"] if person else ["plain", "alternative", "alternative", "html", "html"]
        self.write("ham", "own", self.head(name, local, domain, subject, charset, extra, v), self.body(lines, charset, link, button, shapes))

    def again(self, path, label):
        """A collected text in one of our wrappings; from whom and about what stay as they were."""
        m = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
        part = next((p for p in m.walk() if p.get_content_type() in ("text/plain", "text/html")), None)
        if part is None:
            return
        text = (part.get_payload(decode=True) or b"").decode("latin-1")
        if part.get_content_type() == "text/html":
            text = html.unescape(re.sub(r"<[^>]*>", " ", re.sub(r"(?is)<(style|script).*?</\1>", " ", text)))
        lines = [re.sub(r"\s+", " ", s).strip() for s in re.split(r"\n\s*\n", text[:8000])]
        lines = [s for s in lines if s] or ["-"]
        links = re.findall(r"https?://[^\s\"'<>]+", text)[:1]
        subject = " ".join(str(m["Subject"] or "").split())
        name, address = email.utils.parseaddr(str(m["From"] or ""))
        local, _, domain = (address or "someone@mail.example").partition("@")
        v = self.values()
        clean = [re.sub(r"[^\x20-\x7e\xa0-\xff]", " ", s) for s in (name, local, domain, subject)]
        head = self.head(clean[0], clean[1] or "x", clean[2] or "mail.example", clean[3], "iso-8859-1", self.r.choice(MACHINE + PERSON), v)
        self.write(label, "again", head, self.body(lines, self.r.choice(["iso-8859-1", "utf-8"]), links[0] if links else None, "Click here", ["plain", "alternative", "html"]))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=pathlib.Path)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--again", type=pathlib.Path)
    o = p.parse_args()
    w, langs = Writer(o.out, o.seed), read_phrases()
    for i in range(o.count):
        w.ham(langs[0] if i % 3 == 0 else w.r.choice(langs))
    again = [line.split("\t") for line in o.again.read_text().splitlines() if not line.startswith("#")] if o.again else []
    for path, label, _, corpus in again:
        if corpus in MAY_TRAIN and label == "spam":
            w.again(o.again.parent / path, label)
    w.r.shuffle(w.rows)
    lines = ["\t".join(row) for row in w.rows]
    (o.out / "index.tsv").write_text("#path\tlabel\torder\tcorpus\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
