#!/usr/bin/env python3
"""Mail that leaves, carried by a whole server in its sandbox to far ends that behave well and badly: where it goes, in which
words, and what its sender is told. The DNS is a table on loopback, each far end has an address of its own there."""
import atexit
import base64
import email
import email.policy
import pathlib
import re
import shutil
import smtplib
import ssl
import sys
import tempfile
import time

import names
from far import Authority, Far
from names import Count

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from daemon import Daemon  # noqa: E402

TEXT = "From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{id}@here.example>\r\nDate: Fri, 27 Nov 2026 12:00:00 +0000\r\n\r\n{text}"


def anybody():
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    return c


class World:
    def __init__(self, d, port, count):
        self.d, self.port, self.count, self.n = d, port, count, 0
        self.far, self.used = {}, 0

    def end(self, name, **how):
        """A far end, and its host name."""
        self.used += 1
        host = f"127.0.2.{self.used}"
        far = self.far[name] = Far(host, self.port, **how)
        names.put(name, A=[host])
        return far

    def domain(self, name, *hosts):
        """hosts: (preference, name), or names in their order."""
        names.put(name, MX=[h if isinstance(h, tuple) else (10 * (i + 1), h) for i, h in enumerate(hosts)])

    def send(self, to, subject="hello", text="text\r\n", options=(), rcpt_options=()):
        """From a box of its own, by submission: what is to be told comes into the box."""
        self.n += 1
        box = self.d.make_box()
        to = [to] if isinstance(to, str) else to
        message = TEXT.format(sender=box["address"], to=to[0], subject=subject, id=self.n, text=text).encode()
        with smtplib.SMTP_SSL(*self.d.address("submissions.listen"), local_hostname="client.example", timeout=30, context=anybody()) as s:
            s.login(box["address"], box["token"])
            s.sendmail(box["address"], to, message, mail_options=options, rcpt_options=rcpt_options)
        return box

    def told(self, box, seconds=10):
        """The report's fields: of the message, and of each recipient; or None."""
        m = self.d.wait(box["token"], timeout=seconds)
        if not m:
            return None
        _, _, raw = self.d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=box["token"])
        for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
            if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
                text = re.split(r"message/(?:global-)?delivery-status\n(?:[^\n]+\n)*\n", raw.decode().replace("\r\n", "\n"))[1]
                return [dict(line.split(": ", 1) for line in block.split("\n") if ": " in line) for block in text.split("\n\n")]
        return None

    def failed(self, what, to, status, words="", seconds=15, **more):
        box = self.send(to, **more)
        told = self.told(box, seconds)
        good = told and told[1].get("Action") == "failed" and told[1].get("Status", "").startswith(status) and words in str(told)
        self.count.check(what, good, told)

    def waits(self, what, to, status, seconds=10, **more):
        """It stays in the queue, which knows why; and is forgotten then."""
        domain, until, said = to.split("@")[1], time.monotonic() + seconds, ""
        self.send(to, **more)
        while time.monotonic() < until and f",{status}" not in said:
            time.sleep(0.05)
            _, said = self.d.ctl("queue", "list", domain)
        self.count.check(what, f",{status}" in said, said)
        self.d.ctl("queue", "drop", domain)


def plain(w):
    far = w.end("mx.plain.example")
    w.domain("plain.example", "mx.plain.example")
    w.send("a@plain.example", text=".dot\r\n..\r\nend\r\n")
    mails = far.wait()
    w.count.check("it arrives", len(mails) == 1 and mails[0].rcpts == ["a@plain.example"], far.commands)
    w.count.check("its dots are its own", mails and mails[0].data.endswith(b"\r\n\r\n.dot\r\n..\r\nend\r\n"), mails and mails[0].data)
    w.count.check("in few words", far.commands[:1] == ["EHLO mx.here.example"] and far.commands[-1] == "DATA", far.commands)
    begun = far.sessions
    for i in range(5):
        w.send(f"b{i}@plain.example")
    far.wait(6)
    w.count.check("a connection that stands is used again", len(far.mails) == 6 and far.sessions <= begun + 2, (len(far.mails), far.sessions))
    far.reset()
    w.send(["a@plain.example", "b@plain.example", "c@plain.example"])
    w.count.check("one mail for all of a domain", len(far.wait()) == 1 and sorted(far.mails[0].rcpts) == ["a@plain.example", "b@plain.example", "c@plain.example"],
                  [m.rcpts for m in far.mails])


def extensions(w):
    bare = w.end("mx.bare.example", offers=[])
    old = w.end("mx.old.example", helo_only=True)
    chunks = w.end("mx.chunks.example", offers=["CHUNKING", "PIPELINING", "DSN", "SMTPUTF8", "8BITMIME"])
    for name in ("bare", "old", "chunks"):
        w.domain(f"{name}.example", f"mx.{name}.example")
    w.send("a@bare.example")
    w.count.check("without extensions", len(bare.wait()) == 1 and bare.mails[0].sender_args == "", bare.commands)
    w.send("a@old.example")
    w.count.check("with HELO", len(old.wait()) == 1 and any(c.startswith("HELO") for c in old.commands), old.commands)
    w.send("a@chunks.example", text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 9000)
    w.count.check("in chunks", len(chunks.wait()) == 1 and chunks.mails[0].bdat and chunks.mails[0].data.endswith(b"y\r\n"), chunks.commands)
    w.send("a@chunks.example", options=["RET=HDRS", "ENVID=e1"], rcpt_options=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b@x.example"])
    m = chunks.wait(2)[-1]
    w.count.check("DSN wishes go along", "ENVID=e1" in m.sender_args and "RET=HDRS" in m.sender_args and "NOTIFY=SUCCESS,FAILURE" in m.rcpt_args[0]
                  and "ORCPT=rfc822;b@x.example" in m.rcpt_args[0], (m.sender_args, m.rcpt_args))
    narrow = w.end("mx.narrow.example", room=2)
    w.domain("narrow.example", "mx.narrow.example")
    w.send([f"{x}@narrow.example" for x in "abcde"])
    w.count.check("as many at once as there is room for, the others behind them", [len(m.rcpts) for m in narrow.wait(3)] == [2, 2, 1] and narrow.sessions == 1,
                  narrow.commands)
    small = w.end("mx.small.example", offers=["SIZE 1000"])
    w.domain("small.example", "mx.small.example")
    w.failed("too large for it", "a@small.example", "5.3.4", text="z" * 60 + "\r\n" + ("z" * 60 + "\r\n") * 40)
    w.count.check("which is known before it is said", not any(c.startswith("MAIL") for c in small.commands), small.commands)
    w.failed("octets beyond ASCII, and no 8BITMIME", "a@bare.example", "5.6.3", text="\u00fc\r\n", options=["BODY=8BITMIME"])


def ways(w):
    one, two = w.end("mx1.ways.example"), w.end("mx2.ways.example")
    w.domain("ways.example", "mx1.ways.example", "mx2.ways.example")
    w.send("a@ways.example")
    w.count.check("the preferred host first", len(one.wait()) == 1 and not two.mails)
    names.put("down.example", A=["127.0.2.250"])
    w.domain("half.example", "down.example", "mx2.ways.example")
    w.send("a@half.example")
    w.count.check("primary down, secondary up", len(two.wait()) == 1)
    names.put("both.ways.example", A=["127.0.2.251", two.listener.getsockname()[0]])
    w.domain("addresses.example", "both.ways.example")
    w.send("a@addresses.example")
    w.count.check("the host's second address", len(two.wait(2)) == 2)
    names.put("six.ways.example", AAAA=["::1"], A=[two.listener.getsockname()[0]])
    w.domain("six.example", "six.ways.example")
    w.send("a@six.example")
    w.count.check("of the other family", len(two.wait(3)) == 3)
    implicit = w.end("implicit.example")
    w.send("a@implicit.example")
    w.count.check("a domain without MX is its own", len(implicit.wait()) == 1)
    names.put("alias.example", CNAME=["ways.example"])
    w.send("a@alias.example")
    w.count.check("a domain that is an alias", len(one.wait(2)) == 2)
    names.put("null.example", MX=[(0, "")])
    w.failed("null MX", "a@null.example", "5.1.10")
    w.failed("no such domain", "a@nowhere.example", "5.1.2")
    names.put("lost.example", MX=[(10, "gone.lost.example")])
    w.failed("an MX without address", "a@lost.example", "5.4.4")
    names.put("us.example", MX=[(10, "mx.here.example"), (20, "mx1.ways.example")])
    w.failed("we are its MX, and do not know it", "a@us.example", "5.4.6")
    names.put("broken.example", BROKEN=[None])
    w.waits("the DNS is broken", "a@broken.example", "4.4.3")
    w.domain("dead.example", "down.example")
    w.waits("nobody there", "a@dead.example", "4.4.1")


def postponed(w):
    """Who says "later" has not got it: the next host may be asked at once. It can take the mail, and nothing else."""
    one, two, three = (w.end(f"mx{i}.twice.example") for i in (1, 2, 3))
    w.domain("twice.example", "mx1.twice.example", "mx2.twice.example", "mx3.twice.example")
    one.says("a@twice.example", "450 4.2.1 not now")
    one.says("c@twice.example", "550 5.1.1 nobody")
    box = w.send([f"{x}@twice.example" for x in "abc"])
    w.count.check("a host that postpones one recipient: the next takes him, and him alone", [m.rcpts for m in two.wait()] == [["a@twice.example"]]
                  and [m.rcpts for m in one.wait()] == [["b@twice.example"]], (one.commands, two.commands))
    told = w.told(box)
    w.count.check("what the first refused stays refused", told and [x["Final-Recipient"] for x in told if "Final-Recipient" in x] == ["rfc822;c@twice.example"]
                  and told[1]["Remote-MTA"] == "dns;mx1.twice.example", told)
    for far in (one, two):
        far.reset()
    one.says(".", "451 4.3.0 no room for it")
    w.send("d@twice.example")
    w.count.check("one that postpones the mail itself", len(two.wait()) == 1 and not one.mails, two.commands)
    for far in (one, two):
        far.reset()
    one.says("RCPT", "450 4.2.1 not now")
    two.says("RCPT", "550 5.1.1 never heard of him")
    w.waits("what the second refuses waits for the first", "e@twice.example", "4.2.1")
    w.count.check("and two are enough", two.sessions == 1 and three.sessions == 0, (two.sessions, three.sessions))
    one.reset()
    w.send("f@twice.example")
    w.count.check("the next mail goes to the first again", len(one.wait()) == 1 and two.sessions == 1, (one.commands, two.commands))
    names.put("mx9.twice.example", A=["127.0.2.250"])
    w.domain("solo.example", "mx1.twice.example", "mx9.twice.example")
    one.says("RCPT", "450 4.2.9 not now")
    w.waits("nobody at the second: the first one's words", "a@solo.example", "4.2.9")


def refusals(w):
    far = w.end("mx.no.example")
    w.domain("no.example", "mx.no.example")
    far.says("nobody@no.example", "550 5.1.1 no such person")
    w.failed("5xx for a recipient", "nobody@no.example", "5.1.1", "no such person")
    far.reset()
    far.says("RCPT", "450 4.2.1 later")
    w.waits("4xx for a recipient", "a@no.example", "4.2.1")
    far.reset()
    far.says(".", "554 5.7.1 not this one")
    w.failed("5xx for the mail", "a@no.example", "5.7.1", "not this one")
    far.reset()
    far.says("MAIL", "451 4.3.0 tired", times=1)
    w.send("a@no.example")
    w.count.check("4xx, then taken", len(far.wait(1, 5)) in (0, 1))
    w.d.ctl("queue", "retry", "no.example")
    w.count.check("at the next try", len(far.wait(1, 10)) == 1, far.commands)
    far.reset()
    far.says("nobody@no.example", "550-5.1.1 " + "\r\n550-5.1.1 ".join(["x" * 60] * 1500) + "\r\n550 5.1.1 end")
    w.failed("in 100 KB", "nobody@no.example", "5.1.1", "xxx")
    far.reset()
    far.says("EHLO", "this is no SMTP")
    w.waits("in no SMTP at all", "a@no.example", "4.5.0")
    door = w.end("mx.door.example")
    w.domain("door.example", "mx.door.example")
    door.says("GREETING", "554 5.7.1 not you")
    w.waits("at the door", "a@door.example", "5.7.1")


def broken(w):
    first, second = w.end("mx1.cut.example"), w.end("mx2.cut.example")
    w.domain("cut.example", "mx1.cut.example", "mx2.cut.example")
    for verb in ("GREETING", "EHLO", "MAIL"):
        first.reset()
        second.reset()
        first.cut(verb)
        w.send("a@cut.example")
        w.count.check(f"cut off at {verb}, the next host has it", len(second.wait()) == 1, (first.commands, second.commands))
    first.reset()
    second.reset()
    first.cut("TEXT", times=1)
    w.send("a@cut.example", text=("x" * 900 + "\r\n") * 9000)
    w.count.check("cut off in the middle of the mail", len(second.wait()) + len(first.mails) == 1, (first.commands, second.commands))
    w.domain("alone.example", "mx1.cut.example")
    first.reset()
    first.cut(".", times=1)
    w.waits("cut off before the last word", "a@alone.example", "4.4.2")
    first.reset()
    first.pace = 0.02
    w.send("a@alone.example")
    w.count.check("one that talks slowly is heard out", len(first.wait(1, 25)) == 1, first.commands)
    first.reset()
    first.greet_after = 30
    w.waits("one that does not talk is not", "a@alone.example", "4.4.2", seconds=15)


def encrypted(w, ca):
    opp = w.end("mx.tls.example", tls=ca.context("mx.tls.example", signed=False))
    w.domain("tls.example", "mx.tls.example")
    w.send("a@tls.example")
    w.count.check("encrypted where it is offered", len(opp.wait()) == 1 and opp.mails[0].tls)
    fickle = w.end("mx.fickle.example", tls=opp.tls)
    w.domain("fickle.example", "mx.fickle.example")
    fickle.says("STARTTLS", "454 4.7.0 no keys today")
    w.send("a@fickle.example")
    w.count.check("offered and then refused: in the clear", len(fickle.wait()) == 1 and not fickle.mails[0].tls, fickle.commands)
    smuggles = w.end("mx.smuggles.example", tls=opp.tls)
    w.domain("smuggles.example", "mx.smuggles.example")
    smuggles.says("STARTTLS", "220 go\r\n250 smuggled")
    w.send("a@smuggles.example")
    w.count.check("words smuggled in before the handshake end it", len(smuggles.wait()) == 1 and not smuggles.mails[0].tls, smuggles.commands)
    bad = w.end("mx.badtls.example", tls=ca.context("mx.badtls.example"))
    bad.tls.set_ciphers("AES128-SHA")
    bad.tls.maximum_version = bad.tls.minimum_version = 0x0303
    w.domain("badtls.example", "mx.badtls.example")
    w.send("a@badtls.example")
    w.count.check("a handshake that fails: in the clear, nobody asked for more", len(bad.wait()) == 1 and not bad.mails[0].tls, bad.commands)


def letters(w):
    utf8, plain_end = w.end("mx.utf8.example", offers=["SMTPUTF8", "8BITMIME", "PIPELINING"]), w.end("mx.ascii.example")
    w.domain("utf8.example", "mx.utf8.example")
    w.domain("ascii.example", "mx.ascii.example")
    w.domain("xn--bcher-kva.example", "mx.ascii.example")
    w.send("j\u00fcrgen@utf8.example", options=["SMTPUTF8", "BODY=8BITMIME"])
    w.count.check("an address beyond ASCII", len(utf8.wait()) == 1 and utf8.mails[0].rcpts == ["j\u00fcrgen@utf8.example"] and "SMTPUTF8" in utf8.mails[0].sender_args,
                  utf8.commands)
    w.failed("which its server does not take", "j\u00fcrgen@ascii.example", "5.6.7", options=["SMTPUTF8", "BODY=8BITMIME"])
    w.count.check("and was not asked", not any(c.startswith(("MAIL", "RCPT")) for c in plain_end.commands), plain_end.commands)


def patience(w):
    far = w.end("mx.later.example")
    w.domain("later.example", "mx.later.example")
    far.says("RCPT", "450 4.2.1 later")
    box = w.send("a@later.example")
    tries, hour = 0, 0
    while hour < 60:
        far.reset()
        far.says("RCPT", "450 4.2.1 later")
        w.d.ctl("clock", "advance", "5m")
        hour += 5
        time.sleep(0.3)
        tries += sum(c.startswith("RCPT") for c in far.commands)
    w.count.check("4xx for an hour: tried again and again, but not without end", 2 <= tries <= 12, tries)
    w.count.check("its sender is not told yet", w.d.api("GET", "/mailbox/messages?folder=INBOX", token=box["token"])["messages"] == [])
    far.reset()
    for _ in range(10):
        w.d.ctl("clock", "advance", "10m")
        if far.wait(1, 0.5):
            break
    w.count.check("then it is taken", len(far.mails) == 1, far.commands)


def ours(w):
    box = w.d.make_box()
    w.send(box["address"], subject="to ourselves")
    m = w.d.wait(box["token"])
    w.count.check("mail for our own domain", m and m["subject"] == "to ourselves", m)


def main():
    count, port = Count(), names.free_port()
    ca = authority()
    with Daemon(*OPTIONS, f"dns.forward={names.start()}", f"smtp_out.port={port}", "smtp_out.allow_private=true", "test.clock=true",
                f"smtp_out.ca_file={ca.ca}") as d:
        w = World(d, port, count)
        for part in (plain, extensions, ways, postponed, refusals, broken, letters, ours, patience):
            part(w)
        encrypted(w, ca)
    inward(count, port)
    smart(count, port, ca)
    smart_refuses(count, port, ca)
    count.end()


OPTIONS = ["server.hostname=mx.here.example", "server.domains=here.example", "send.policy=open", "send.mails_per_day=0", "send.recipients_per_day=0",
           "send.recipients_per_hour=1000000", "submissions.listen=127.0.0.1:0", "submission.listen=127.0.0.1:0", "dns.timeout=1s", "box.default_ttl=2d",
           "smtp_out.connect_timeout=2s", "smtp_out.command_timeout=4s", "smtp_out.data_timeout=4s"]


INNER = {"plain": {"A": ["127.0.7.1"]}, "mapped": {"AAAA": ["::ffff:127.0.7.1"]}, "nat64": {"AAAA": ["64:ff9b::7f00:701"]}, "compatible": {"AAAA": ["::127.0.7.1"]},
         "tunnel": {"AAAA": ["2002:7f00:701::1"]}, "nothing": {"A": ["0.0.0.0"]}, "group": {"A": ["224.0.0.1"], "AAAA": ["ff02::1"]}, "all": {"A": ["255.255.255.255"]},
         "site": {"AAAA": ["fec0::1", "fe80::1", "fd00::1"]}, "reserved": {"A": ["192.0.0.1", "198.18.0.1", "240.0.0.1", "192.0.2.1"]}}


def inward(count, port):
    """A stranger's name leads to no address of this machine or of networks around it, in whatever coat."""
    with Far("127.0.7.1", port) as far, Daemon(*OPTIONS, f"dns.forward={names.start()}", f"smtp_out.port={port}") as d:
        w = World(d, port, count)
        for name, records in INNER.items():
            names.put(f"mx.{name}.inner.example", **records)
            names.put(f"only.{name}.inner.example", **records)
            w.domain(f"{name}.inner.example", f"mx.{name}.inner.example")
            w.failed(f"a mail server on no public network: {name}", f"a@{name}.inner.example", "5.4.4")
        w.failed("a domain that is one itself", "a@only.mapped.inner.example", "5.1.2")
        count.check("and nobody was there", far.sessions == 0, far.commands)


def smart(count, port, ca):
    """All mail to one server that we log in at; another that says it is that server is told nothing."""
    host, secret = "127.0.6.1", ca.folder / "password"
    secret.write_text("open sesame\n")
    options = [*OPTIONS, f"dns.forward={names.start()}", "smtp_out.relay_host=smart.example", f"smtp_out.relay_port={port}", "smtp_out.relay_user=us",
               f"smtp_out.relay_password_file={secret}", f"smtp_out.ca_file={ca.ca}", "smtp_out.bind_ipv4=127.0.6.9"]
    names.put("smart.example", A=[host])
    with Far(host, port, offers=["AUTH PLAIN LOGIN", "PIPELINING"], tls=ca.context("smart.example")) as far, Daemon(*options) as d:
        w = World(d, port, count)
        w.send(["a@anywhere.example", "b@elsewhere.example"])
        far.wait(1)
        login = base64.b64encode(b"\0us\0open sesame").decode()
        count.check("a smart host has all of it at once", [m.rcpts for m in far.mails] == [["a@anywhere.example", "b@elsewhere.example"]], far.commands)
        count.check("from the address that was named", set(far.peers) == {"127.0.6.9"}, far.peers)
        count.check("after a login over TLS", f"AUTH PLAIN {login}" in far.commands and far.mails[0].tls, far.commands)
    with Far(host, port, offers=["AUTH PLAIN"], tls=ca.context("other.example")) as far, Daemon(*options) as d:
        w = World(d, port, count)
        w.send("a@anywhere.example")
        time.sleep(2)
        count.check("who is not the smart host hears no password", far.sessions > 0 and not any("AUTH" in c for c in far.commands), far.commands)


def smart_refuses(count, port, ca):
    """What is wrong with our account there is told to the operator, and not to holders."""
    host, secret = "127.0.6.1", ca.folder / "password"
    options = [*OPTIONS, f"dns.forward={names.start()}", "smtp_out.relay_host=smart.example", f"smtp_out.relay_port={port}", "smtp_out.relay_user=relayaccount",
               f"smtp_out.relay_password_file={secret}", f"smtp_out.ca_file={ca.ca}"]
    ways = {"wrong password": {"offers": ["AUTH PLAIN"], "tls": ca.context("smart.example")}, "no STARTTLS": {"offers": ["AUTH PLAIN"]},
            "another certificate": {"offers": ["AUTH PLAIN"], "tls": ca.context("other.example")}}
    for what, how in ways.items():
        with Far(host, port, **how) as far, Daemon(*options) as d:
            far.says("AUTH", "535 5.7.8 bad credentials for relayaccount")
            box = World(d, port, count).send("a@anywhere.example")
            until, one = time.monotonic() + 10, {}
            while time.monotonic() < until and not one.get("reason"):
                time.sleep(0.05)
                one = next((m["recipients"][0] for m in d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"]), {})
            count.check(f"{what}: its sender hears no more than that", one.get("reason") == "the outgoing server refused us; its operator knows" and not far.mails, one)
            log = [line for line in d.log_text().splitlines() if "event=smtp_out.login" in line]
            count.check(f"{what}: the operator is told", len(log) >= 1 and "mx=smart.example" in log[0], d.log_text()[-1000:])
            count.check(f"{what}: but for the account", "relayaccount" not in d.log_text() and "open sesame" not in d.log_text(), log)


def authority():
    folder = tempfile.mkdtemp(prefix="mayfly-ca-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Authority(folder)


if __name__ == "__main__":
    main()
