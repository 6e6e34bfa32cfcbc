#!/usr/bin/env python3
"""Who may write to whom, and how much: the policies, the shares of a day, the operator's word, and what is kept of it."""
import imaplib
import pathlib
import smtplib
import ssl
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "trust"), str(HERE.parent / "out")]
import daemon  # noqa: E402
import far  # noqa: E402
import zone  # noqa: E402
from daemon import Daemon  # noqa: E402
from flood import cpu_seconds  # noqa: E402
from forward import Far  # noqa: E402

TLS = ssl._create_unverified_context()
NAMES = ["server.hostname=mx.box.example", "server.domains=box.example, open.example, off.example, strict.example"]
WAY = ["smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1"]  # out to where nobody listens: what is sent waits


class Sender:
    """A box's session on submission."""

    def __init__(self, d, box):
        self.d, self.me = d, box["address"]
        self.s = smtplib.SMTP_SSL(*d.address("submissions.listen"), context=TLS, timeout=20)
        self.s.ehlo("c.example")
        self.s.login(self.me, box["token"])

    def rcpt(self, *to):
        self.s.docmd("RSET")
        code, said = self.s.docmd(f"MAIL FROM:<{self.me}>")
        assert code == 250, said
        return [self.s.docmd(f"RCPT TO:<{x}>")[0] for x in to]

    def send(self, *to, subject="x", text="x\r\n", mail_options=""):
        """The last code, and what was said."""
        self.s.docmd("RSET")
        self.s.command_encoding = "utf-8"
        code, said = self.s.docmd(f"MAIL FROM:<{self.me}> {mail_options}".strip())
        for x in to:
            if code == 250:
                code, said = self.s.docmd(f"RCPT TO:<{x}>")
        if code == 250:
            code, said = self.s.docmd("DATA")
        if code == 354:
            self.s.send(f"From: {self.me}\r\nBcc: hidden@far.example\r\nSubject: {subject}\r\n\r\n{text}.\r\n".encode())
            code, said = self.s.getreply()
        return code, said.decode()


def metric(d, name):
    host, port = d.address("metrics.listen")
    import http.client
    c = http.client.HTTPConnection(host, port)
    c.request("GET", "/metrics")
    for line in c.getresponse().read().decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


def imap(d, box):
    m = imaplib.IMAP4_SSL(*d.address("imaps.listen"), ssl_context=TLS)
    m.login(box["address"], box["token"])
    return m


def only_to_those_who_wrote():
    with Daemon(*NAMES, *WAY, "send.unchecked=true") as d:
        box = d.make_box()
        s = Sender(d, box)
        assert s.rcpt("bob@far.example") == [550]
        d.send(box["address"], "From: Bob <Bob@Far.example>\r\nReply-To: desk@help.far.example, evil@other.example\r\nSubject: hi\r\n\r\nhi\r\n")
        d.wait(box["token"])
        # who wrote, in any case; where answers are to go if the domain is the same; nobody else
        assert s.rcpt("bob@far.example", "BOB@FAR.EXAMPLE", "desk@help.far.example", "evil@other.example", "bob@far.example.evil.example",
                      "rob@far.example", "sender@example.test") == [250, 250, 250, 550, 550, 550, 550]
        code, said = s.send("bob@far.example")
        assert code == 250, said
        # in whatever folder it lies now
        m = imap(d, box)
        m.select("INBOX")
        m.create("Kept")
        m.copy("1", "Kept")
        m.store("1", "+FLAGS", "\\Deleted")
        m.expunge()
        fresh = Sender(d, box)
        assert fresh.rcpt("bob@far.example") == [250]
        # what the holder put there himself is nobody's word
        m.append("INBOX", "", None, b"From: victim@far.example\r\nSubject: forged\r\n\r\nx\r\n")
        assert Sender(d, box).rcpt("victim@far.example") == [550]
        # and another box's correspondents are not this one's
        other = d.make_box()
        assert Sender(d, other).rcpt("bob@far.example") == [550]


def only_to_those_who_are_proven():
    dns = zone.start()
    zone.texts({"far.example": "v=spf1 ip4:192.0.2.9 -all", "loose.example": "v=spf1 ip4:192.0.2.9 -all"})
    with Daemon(*NAMES, f"dns.forward={dns}", "test.xclient=true", "trust.content=false") as d:
        box = d.make_box()

        def write(sender, author, client="192.0.2.9"):
            with d.smtp() as c:
                c.ehlo()
                c.docmd(f"XCLIENT ADDR={client}")
                c.ehlo("out.far.example")
                c.sendmail(sender, [box["address"]], f"From: {author}\nSubject: x\n\nx\n")
        write("bob@far.example", "bob@far.example")  # SPF holds for the author's domain
        write("spam@loose.example", "victim@other.example")  # it holds, but not for the author's
        write("eve@far.example", "eve@far.example", client="198.51.100.1")  # it does not hold
        until = time.monotonic() + 10
        while imap(d, box).select("INBOX")[1] != [b"3"] and time.monotonic() < until:
            time.sleep(0.05)
        got = Sender(d, box).rcpt("bob@far.example", "victim@other.example", "eve@far.example")
        assert got == [250, 550, 550], (got, [(m["from"], m["auth"]) for m in d.messages(box["token"])])
        # and whoever begins an answer is told before it is written
        refused = {}
        for m in d.messages(box["token"]):
            no = d.api("GET", f"/mailbox/messages/{m['id']}/compose?as=reply", token=box["token"])["refused"]
            refused[m["from"]["address"]] = no and (no["address"], no["code"])
            assert d.api("GET", f"/mailbox/messages/{m['id']}/compose?as=forward", token=box["token"])["refused"] is None
        assert refused == {"bob@far.example": None, **{x: (x, "send_unknown_to_box") for x in ("victim@other.example", "eve@far.example")}}, refused


def what_nobody_checked_opens_nobody():
    """One forged mail would make the smart host a way to anybody. A box here that has written is proven by its login."""
    far = Far()
    forged = "From: victim@far.example\r\nReply-To: other@far.example\r\nSubject: x\r\n\r\nx\r\n"
    way = ["send.open_domains=open.example", "smtp_out.relay_host=127.0.0.1", f"smtp_out.relay_port={far.port}", "smtp_out.allow_private=true"]
    note = "send.policy reply-only boxes write to boxes of this server alone"
    with Daemon(*NAMES, *way) as d:
        assert note in d.log_text(), d.log_text()
        box, friend = d.make_box(domain="box.example"), d.make_box(domain="open.example")
        d.send(box["address"], forged, sender="victim@far.example")
        d.send(box["address"], "From: stranger@open.example\r\nSubject: x\r\n\r\nx\r\n", sender=friend["address"])
        until = time.monotonic() + 10
        while len(d.messages(box["token"])) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert Sender(d, box).rcpt("victim@far.example", "other@far.example", friend["address"], "stranger@open.example") == [550] * 4
        assert d.request("POST", "/api/v1/mailbox/send", {"to": ["victim@far.example"], "text": "x"}, token=box["token"])[0] == 403
        code, said = Sender(d, friend).send(box["address"])
        assert code == 250, said
        until = time.monotonic() + 10
        while len(d.messages(box["token"])) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        assert Sender(d, box).rcpt(friend["address"], "stranger@open.example", "victim@far.example") == [250, 550, 550]
    dns = zone.start()
    with Daemon(*NAMES, f"dns.forward={dns}") as d:  # a client of this machine is asked nothing
        assert note not in d.log_text() and "send.unchecked" not in d.log_text()
        box = d.make_box()
        d.send(box["address"], forged, sender="victim@far.example")
        d.wait(box["token"])
        assert Sender(d, box).rcpt("victim@far.example") == [550]
    with Daemon(*NAMES, *way, "send.unchecked=true") as d:
        assert "send.unchecked: whoever reaches the SMTP port" in d.log_text()


def who_is_here_is_not_found_out():
    """A few unknown boxes are typing errors; after that the box writes to nobody here, and then its network does not."""
    with Daemon(*NAMES, *WAY, "send.policy=open", "send.mails_per_day=0", "limits.unknown_per_network=15") as d:
        there = d.make_box()

        def unknown_to(box, names):
            s = Sender(d, box)
            assert s.send(*(f"{x}@box.example" for x in names))[0] == 250
            until = time.monotonic() + 10
            while time.monotonic() < until:
                told = [r for m in d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"] for r in m["recipients"]]
                if {f"{x}@box.example" for x in names} <= {r["address"] for r in told if r.get("status") == "5.1.1"}:
                    return s
                time.sleep(0.05)
            raise AssertionError(told)
        one, two, three = d.make_box(), d.make_box(), d.make_box()
        unknown_to(one, [f"nosuchbox{i}" for i in range(9)])
        s = unknown_to(one, ["nosuchbox9"])
        got = s.rcpt(there["address"], "nosuchbox10@box.example", "bob@far.example")
        assert got == [451, 451, 250], got
        status, _, said = d.request("POST", "/api/v1/mailbox/send", {"to": [there["address"]], "text": "x"}, token=one["token"])
        assert status == 429 and b"send_cap_box" in said, said
        assert Sender(d, two).send(there["address"])[0] == 250  # another box may
        unknown_to(two, [f"nosuchbox{i}" for i in range(6)])
        code, said = Sender(d, three).send(there["address"])
        assert code == 451, (code, said)
        assert Sender(d, three).send("bob@far.example")[0] == 250


def many_wrote():
    with Daemon(*NAMES, *WAY, "send.unchecked=true") as d:
        box = d.make_box()
        with d.smtp() as s:
            for i in range(450):
                s.sendmail(f"w{i}@far.example", [box["address"]], f"From: w{i}@far.example\r\nMessage-ID: <{i}@far.example>\r\n\r\nhi\r\n")
        s = Sender(d, box)
        start = time.monotonic()
        assert s.rcpt("w0@far.example", "w449@far.example", "w220@far.example", "w450@far.example") == [250, 250, 250, 550]
        assert time.monotonic() - start < 2
        # the box is looked through once for all recipients of an envelope, not once for each
        senders = [Sender(d, box) for _ in range(10)]
        before = cpu_seconds(d.pid)
        for i in range(18):
            assert senders[i % 2].rcpt("w0@far.example") == [250]
        each, before = cpu_seconds(d.pid) - before, cpu_seconds(d.pid)
        assert senders[2].rcpt(*(f"w{i}@far.example" for i in range(18))) == [250] * 18
        once = cpu_seconds(d.pid) - before
        assert once < each / 4, (once, each)


def each_domain_its_policy():
    with Daemon(*NAMES, *WAY, "send.open_domains=open.example", "send.off_domains=off.example", "send.verified_domains=strict.example") as d:
        box = {x: d.make_box(domain=f"{x}.example") for x in ("box", "open", "off", "strict")}
        want = {"box": 550, "open": 250, "off": 550, "strict": 550}
        for x, code in want.items():
            assert Sender(d, box[x]).rcpt("bob@far.example") == [code], x
        d.send(box["off"]["address"], "From: bob@far.example\r\n\r\nhi\r\n")
        d.wait(box["off"]["token"])
        code, said = Sender(d, box["off"]).send("bob@far.example")
        assert code == 550 and "nobody sends" in said, said
        # the operator's word opens it, in a session that stands, and for good
        s = Sender(d, box["strict"])
        assert s.rcpt("bob@far.example") == [550]
        assert d.ctl("box", "allow-sending", box["strict"]["address"])[0] == 0
        assert s.rcpt("bob@far.example") == [250]
        d.restart()
        assert Sender(d, box["strict"]).rcpt("bob@far.example") == [250]


def a_stop_is_for_good():
    with Daemon(*NAMES, "send.policy=open", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1") as d:
        box = d.make_box()
        s = Sender(d, box)
        for i in range(3):
            assert s.send(f"bob{i}@far.example")[0] == 250
        code, said = d.ctl("box", "stop-sending", box["address"])
        assert code == 0 and "3 mails" in said, said
        until = time.monotonic() + 5
        while len(d.messages(box["token"])) < 3 and time.monotonic() < until:
            time.sleep(0.05)
        fates = d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"]
        assert len(d.messages(box["token"])) == 3 and {(f["state"], "operator" in f["recipients"][0]["reason"]) for f in fates} == {("failed", True)}, fates
        code, said = s.send("bob@far.example")
        assert code == 550 and "stopped" in said, said
        d.restart()
        code, said = Sender(d, box).send("bob@far.example")
        assert code == 550 and "stopped" in said, said
        assert "stopped" in d.ctl("box", "show", box["address"])[1]
        d.send(box["address"], "From: bob@far.example\r\n\r\nstill reads\r\n")
        assert d.wait(box["token"])
        assert d.ctl("box", "allow-sending", box["address"])[0] == 0
        assert Sender(d, box).send("bob@far.example")[0] == 250
        assert d.ctl("box", "stop-sending", "nobody@box.example")[0] == 1


def a_report_that_does_not_fit_is_in_the_outbox():
    with Daemon(*NAMES, "send.policy=open", "box.max_messages=2", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1") as d:
        box = d.make_box()
        token = box["token"]
        d.send(box["address"], "From: bob@far.example\r\n\r\nfirst\r\n")
        for sent in (True, False):  # the second one finds no room for its copy either
            said = d.api("POST", "/mailbox/send", {"to": ["bob@far.example"], "text": "x"}, token=token, want=(202,))
            assert bool(said["message"]) == sent, said
            assert d.ctl("queue", "drop", "all")[0] == 0
            until = time.monotonic() + 5
            while True:
                fate = next(f for f in d.api("GET", "/mailbox/outbox", token=token)["outbox"] if f["id"] == said["id"])
                if fate["state"] == "failed" or time.monotonic() > until:
                    break
                time.sleep(0.05)
            assert fate["state"] == "failed" and fate["message"] == said["message"] and "operator" in fate["recipients"][0]["reason"], fate
            assert fate["next_try_at"] is None and not fate["recallable"], fate
        assert d.ctl("queue", "list")[1].startswith("0 waiting")


class Held(far.Far):
    """A far end that is slow to answer one verb."""

    def __init__(self, verb):
        self.verb, self.go = verb, threading.Event()
        super().__init__("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]

    def word(self, verb, usual):
        if verb == self.verb:
            self.go.wait(20)
        return usual

    def heard(self):
        return [c.split(" ")[0] for c in self.commands]


def nothing_begins_after_the_end():
    """What is under way when its box is burnt is broken off, and counted as stopped, while its end has not gone out."""
    for verb, most in (("EHLO", ["EHLO", "QUIT"]), ("MAIL", ["EHLO", "MAIL", "RCPT", "DATA"])):
        with Held(verb) as slow, Daemon(*NAMES, "send.policy=open", "smtp_out.relay_host=127.0.0.1", f"smtp_out.relay_port={slow.port}") as d:
            box = d.make_box()
            d.api("POST", "/mailbox/send", {"to": ["bob@far.example"], "text": "x"}, token=box["token"], want=(202,))
            d.api("POST", "/mailbox/send", {"to": ["bob@far.example"], "text": "later", "undo": 20}, token=box["token"], want=(202,))
            until = time.monotonic() + 10
            while verb not in slow.heard() and time.monotonic() < until:
                time.sleep(0.02)
            gone = d.api("DELETE", "/mailbox", token=box["token"])
            assert gone["unsent"] == 2, gone
            slow.go.set()
            time.sleep(1)
            assert slow.sessions == 1 and slow.heard() == [v for v in most if v in slow.heard()] and not slow.mails, (slow.sessions, slow.commands)


def shares_of_a_day():
    with Daemon(*NAMES, "send.policy=open", "send.mails_per_day=3", "send.recipients_per_day=5", "send.recipients_per_hour=8",
                "send.max_recipients=4", "test.clock=true", "box.default_ttl=30d", "limits.send_per_network=1000000") as d:
        a, b, c = d.make_box(), d.make_box(), d.make_box()
        s = Sender(d, a)
        assert s.rcpt(*[f"{i}@box.example" for i in range(5)]) == [250, 250, 250, 250, 452]
        assert s.send("1@box.example", "2@box.example", "3@box.example")[0] == 250
        assert s.send("1@box.example", "2@box.example", "3@box.example")[0] == 451  # six recipients, and five are a day's share
        assert s.send("1@box.example")[0] == 250
        assert s.send("1@box.example")[0] == 250
        code, said = s.send("1@box.example")
        assert code == 451 and "tomorrow" in said, said
        assert Sender(d, b).send("1@box.example", "2@box.example", "3@box.example")[0] == 250
        code, said = Sender(d, c).send("1@box.example")  # the server has had its eight of this hour
        assert code == 451 and "later" in said, said
        assert metric(d, 'mayfly_send_total{result="queued"}') == 4 and metric(d, 'mayfly_send_total{result="capped"}') >= 1
        assert d.ctl("clock", "advance", "61m")[0] == 0
        assert Sender(d, c).send("1@box.example")[0] == 250
        assert Sender(d, a).send("1@box.example")[0] == 451
        assert d.ctl("clock", "advance", "23h")[0] == 0
        assert Sender(d, a).send("1@box.example")[0] == 250


def what_is_kept():
    with Daemon(*NAMES, "send.policy=open") as d:
        a, b = d.make_box(), d.make_box()
        assert Sender(d, a).send(b["address"], subject="kept")[0] == 250
        m = imap(d, a)
        assert m.select("Sent")[1] == [b"1"]
        raw = m.fetch("1", "(FLAGS BODY[])")[1][0]
        assert b"\\Seen" in raw[0] and b"Bcc: hidden@far.example\r\n" in raw[1] and b"DKIM" not in raw[1] and b"Received" not in raw[1], raw
        got = d.wait(b["token"])
        there = d.request("GET", f"/api/v1/mailbox/messages/{got['id']}/raw", token=b["token"])[2]
        assert b"hidden@far.example" not in there and b"Subject: kept" in there, there
        assert raw[1].split(b"Message-ID: ")[1].split(b"\r\n")[0] == there.split(b"Message-ID: ")[1].split(b"\r\n")[0]
        log = d.log_text()
        assert a["address"] not in log and b["address"] not in log and "hidden" not in log, log
        secrets = [x.encode() for x in (a["address"], b["address"], "hidden@far.example", "Subject: kept", a["token"])]
        for path in d.data.rglob("*"):
            if path.is_file():
                raw = path.read_bytes()
                assert not any(x in raw for x in secrets), path
    with Daemon(*NAMES, "send.policy=open", "submission.keep_copy=false") as d:
        a, b = d.make_box(), d.make_box()
        assert Sender(d, a).send(b["address"])[0] == 250
        assert imap(d, a).select("Sent")[1] == [b"0"]
    with Daemon(*NAMES, "send.policy=open", "box.max_messages=2") as d:  # a full box still answers, without a copy
        a, b = d.make_box(), d.make_box()
        for i in range(2):
            d.send(a["address"], f"Subject: {i}\r\n\r\nx\r\n")
        assert Sender(d, a).send(b["address"])[0] == 250
        assert d.wait(b["token"])["subject"] == "x"


def what_is_asked_for_and_not_needed():
    far = Far(offers=())
    with Daemon(*NAMES, "send.policy=open", "smtp_out.relay_host=127.0.0.1", f"smtp_out.relay_port={far.port}", "smtp_out.allow_private=true") as d:
        s = Sender(d, d.make_box())
        assert s.send("bob@far.example", mail_options="SMTPUTF8 BODY=8BITMIME SIZE=1000")[0] == 250
        assert far.wait(1)[1] == ["bob@far.example"]
        assert s.send("bob@b\u00fccher.example", mail_options="SMTPUTF8")[0] == 250  # a domain has an ASCII form
        assert far.wait(2)[1] == ["bob@xn--bcher-kva.example"]


def what_is_fetched_and_sent_again_ends():
    """Received fields do not leave, as they name machines; their number does, and counts."""
    with Daemon(*NAMES, "send.policy=open") as d:
        box = d.make_box()
        s = Sender(d, box)
        passes = "Received: from secret.machine by b; Fri, 27 Nov 2026 12:00:00 +0000\r\n"

        def again(fields):
            s.s.docmd("RSET")
            for line in (f"MAIL FROM:<{s.me}>", f"RCPT TO:<{s.me}>", "DATA"):
                code, said = s.s.docmd(line)
            s.s.send(f"{fields}From: {s.me}\r\nSubject: x\r\n\r\nx\r\n.\r\n".encode())
            return s.s.getreply()
        assert again(passes * 3)[0] == 250
        m = d.wait(box["token"])
        _, _, raw = d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=box["token"])
        assert b"\r\nX-Mayfly-Hops: 3\r\n" in raw and b"secret" not in raw, raw
        assert again(passes * 40 + "X-Mayfly-Hops: 59\r\n")[0] == 250
        code, said = again(passes * 40 + "X-Mayfly-Hops: 60\r\n")
        assert code == 554 and said.startswith(b"5.4.6"), (code, said)


def what_no_server_need_take():
    """RFC 5322 section 2.1.1 and 2.2: from a mail program it is refused with its reason, by the page it is encoded."""
    far = Far()
    with Daemon(*NAMES, "send.policy=open", "smtp_out.relay_host=127.0.0.1", f"smtp_out.relay_port={far.port}", "smtp_out.allow_private=true") as d:
        box = d.make_box()
        s = Sender(d, box)
        for what, words in ({"text": "y" * 999 + "\r\n"}, "998"), ({"subject": "x" * 1000}, "998"), ({"subject": "\x1b[2J"}, "control"), ({"text": "\0\r\n"}, "NUL"):
            code, said = s.send("bob@far.example", **what)
            assert code == 550 and said.startswith("5.6.0 ") and words in said, (what, code, said)
        for head, words in ("From: x\r\n", "address in From"), (f"From: {s.me}\r\nTo: a\r\nTo: b\r\n", "twice"), (f"From: {s.me}\r\njunk\r\n", "no field"), ("X: y\r\n" * 1001, "too many fields"):
            s.s.docmd("RSET")
            for line in (f"MAIL FROM:<{s.me}>", f"RCPT TO:<{s.me}>", "DATA"):
                s.s.docmd(line)
            s.s.send(f"{head}\r\nx\r\n.\r\n".encode())
            code, said = s.s.getreply()
            assert code == 550 and said.startswith(b"5.6.0 ") and words in said.decode(), (words, code, said)
        assert s.send("bob@far.example", text="y" * 998 + "\r\n")[0] == 250
        d.api("POST", "/mailbox/send", {"to": ["bob@far.example"], "subject": "x" * 1000 + "\x1b", "text": "y" * 3000}, token=box["token"], want=(202,))
        left = far.wait(2)[2]
        assert max(map(len, left.split(b"\r\n"))) <= 998 and b"\x1b" not in left, left


def the_box_ends_meanwhile():
    with Daemon(*NAMES, *WAY, "send.policy=open") as d:
        box = d.make_box()
        s = Sender(d, box)
        assert s.rcpt("bob@far.example") == [250]
        d.api("DELETE", "/mailbox", token=box["token"])
        code, said = s.s.docmd("RCPT TO:<c@far.example>")
        assert code == 421, said
        s = Sender(d, d.make_box())
        box = d.make_box()
        s = Sender(d, box)
        d.api("DELETE", "/mailbox", token=box["token"])
        code, said = s.s.docmd(f"MAIL FROM:<{s.me}>")
        assert code == 421, said


if __name__ == "__main__":
    sys.exit(daemon.run([only_to_those_who_wrote, only_to_those_who_are_proven, what_nobody_checked_opens_nobody, who_is_here_is_not_found_out, many_wrote, each_domain_its_policy, a_stop_is_for_good, a_report_that_does_not_fit_is_in_the_outbox, nothing_begins_after_the_end, shares_of_a_day, what_is_kept,
                         what_is_asked_for_and_not_needed, what_is_fetched_and_sent_again_ends, what_no_server_need_take, the_box_ends_meanwhile]))
