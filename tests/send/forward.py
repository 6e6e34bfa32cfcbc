#!/usr/bin/env python3
"""Forwarding: nothing goes anywhere before its reader said yes by the link; then mail goes on with its text untouched and
sealed, bounces come to the box, and all of it ends with the box."""
import json
import pathlib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "trust")]
import daemon  # noqa: E402
import signed  # noqa: E402
import zone  # noqa: E402
from daemon import Daemon  # noqa: E402


class Far:
    """A server that takes all mail: [(sender, recipients, text)]. Of recipients in refuse it takes none."""

    def __init__(self, offers=("8BITMIME", "SMTPUTF8")):
        self.mails, self.refuse, self.offers = [], set(), offers
        self.s = socket.create_server(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c, _ = self.s.accept()
            threading.Thread(target=self.talk, args=(c,), daemon=True).start()

    def talk(self, c):
        f = c.makefile("rwb", buffering=0)
        f.write(b"220 far.example\r\n")
        sender, to = None, []
        for line in f:
            verb, word = line[:4].upper(), line.strip().decode()
            if verb == b"EHLO":
                f.write(("".join(f"250-{x}\r\n" for x in self.offers) + "250 HELP\r\n").encode())
            elif verb == b"MAIL":
                sender, to = re.search("<(.*?)>", word).group(1), []
                f.write(b"250 ok\r\n")
            elif verb == b"RCPT":
                who = re.search("<(.*?)>", word).group(1)
                if who in self.refuse:
                    f.write(b"550 5.1.1 nobody\r\n")
                else:
                    to.append(who)
                    f.write(b"250 ok\r\n")
            elif verb == b"DATA":
                f.write(b"354 go\r\n")
                text = []
                for row in f:
                    if row == b".\r\n":
                        break
                    text.append(row[1:] if row.startswith(b".") else row)
                self.mails.append((sender, to, b"".join(text)))
                f.write(b"250 ok\r\n")
            elif verb == b"QUIT":
                f.write(b"221 bye\r\n")
                break
            else:
                f.write(b"250 ok\r\n")
        c.close()

    def wait(self, n):
        until = time.monotonic() + 10
        while len(self.mails) < n and time.monotonic() < until:
            time.sleep(0.01)
        assert len(self.mails) >= n, self.mails
        return self.mails[n - 1]


def start(far, *options):
    return Daemon("server.domains=box.example", "server.hostname=mx.box.example", "send.forward=true", "smtp_out.relay_host=127.0.0.1",
                  f"smtp_out.relay_port={far.port}", "smtp_out.allow_private=true", *options)


def patch(d, box, to, want=(200,)):
    return d.api("PATCH", "/mailbox", {"forward": to}, token=box["token"], want=want)


def link(mail):
    return re.search(rb"https://mx.box.example:\d+(/forward\?t=([\w-]{43}))\r\n", mail[2])


def confirm(d, mail):
    found = link(mail)
    status, _, page = d.request("GET", found.group(1).decode())
    assert status == 200 and b"<form" in page, page
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, page = d.request("POST", "/forward", "t=" + found.group(2).decode(), headers=form)
    assert status == 200, page
    assert b"forwarded to you" in page and b"Stop it" in page, page
    for answer in (d.request("POST", "/forward", "t=" + found.group(2).decode(), headers=form), d.request("GET", found.group(1).decode())):
        assert answer[0] == 200 and b"This is confirmed" in answer[2] and b"Yes" not in answer[2], answer


def refuse(d, mail, want=200):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, page = d.request("POST", "/forward", f"t={link(mail).group(2).decode()}&say=no", headers=form)
    assert status == want, page


def mail_goes_on():
    far = Far()
    with start(far, "send.unchecked=true") as d:
        assert d.ctl("domain", "add", "box.example")[0] == 0
        box = d.make_box()
        me = box["address"]
        said = patch(d, box, "reader@far.example")
        assert said["forward"] == {"to": "reader@far.example", "confirmed": False}, said["forward"]
        asked = far.wait(1)
        assert asked[:2] == ("", ["reader@far.example"]) and me.encode() in asked[2] and b"DKIM-Signature" in asked[2], asked
        d.send(me, "From: bob@other.example\r\nSubject: early\r\n\r\nx\r\n", sender="bob@other.example")
        d.wait(box["token"])
        confirm(d, asked)
        assert d.api("GET", "/mailbox", token=box["token"])["forward"]["confirmed"]
        text = "From: bob@other.example\r\nSubject: late\r\nMessage-ID: <1@other.example>\r\n\r\n.dots\r\nand  blanks \r\n"
        d.send(me, text, sender="bob@other.example")
        sender, to, got = far.wait(2)
        assert sender == me and to == ["reader@far.example"], (sender, to)
        assert got.endswith(text.encode()) and b"Return-Path" not in got and b"Subject: early" not in got, got
        assert got.startswith(f"Delivered-To: {me}\r\n".encode()), got
        assert d.messages(box["token"])[0]["subject"] == "late"  # it is in the box as well
        # what comes round again does not go on, nor does a report
        d.send(me, got, sender="bob@other.example")
        d.send(me, "From: <>\r\nSubject: report\r\n\r\nx\r\n", sender="")
        time.sleep(0.5)
        assert len(far.mails) == 2, far.mails[2:]
        # however it comes round: where Delivered-To was lost, the count of servers ends it
        passes = "Received: from a by b; Fri, 27 Nov 2026 12:00:00 +0000\r\n"
        d.send(me, passes * 60 + "X-Mayfly-Hops: 41\r\n" + text.replace("<1@", "<5@"), sender="bob@other.example")
        time.sleep(0.5)
        assert len(far.mails) == 2 and "forward.lost" in d.log_text(), far.mails[2:]
        # what another box here writes goes on as well
        with smtplib.SMTP_SSL(*d.address("submissions.listen"), context=ssl._create_unverified_context()) as s:
            other = d.make_box()
            d.send(other["address"], f"From: {me}\r\n\r\nhi\r\n", sender="bob@other.example")
            d.wait(other["token"])
            s.login(other["address"], other["token"])
            s.sendmail(other["address"], [me], f"From: {other['address']}\nSubject: from here\n\nx\n")
        assert b"Subject: from here" in far.wait(3)[2]
        # it outlives a restart, and ends when its holder says so
        d.restart()
        d.send(me, text.replace("<1@", "<2@"), sender="bob@other.example")
        far.wait(4)
        assert patch(d, box, "")["forward"] is None
        d.send(me, text.replace("<1@", "<3@"), sender="bob@other.example")
        time.sleep(0.5)
        assert len(far.mails) == 4
        files = list((d.data / "forward").iterdir())
        assert files == [], files


def what_others_wrote_goes_on_as_it_is():
    far = Far()
    with start(far) as d:
        box = d.make_box()
        patch(d, box, "reader@far.example")
        confirm(d, far.wait(1))
        text = "From: bob@other.example\r\nSubject: \x1b[2J " + "x" * 1200 + "\r\n\r\n" + "y" * 5000 + "\r\n"
        d.send(box["address"], text, sender="bob@other.example")
        assert far.wait(2)[2].endswith(text.encode()), far.mails[1][2][:3000]


def its_reader_ends_it():
    far = Far()
    with start(far) as d:
        box, other = d.make_box(), d.make_box()
        patch(d, box, "reader@far.example")
        asked = far.wait(1)
        page = d.request("GET", link(asked).group(1).decode())[2]
        assert box["address"].encode() in page and b"reader@far.example" in page and b'value="No"' in page, page
        confirm(d, asked)
        d.restart()
        assert d.api("GET", "/mailbox", token=box["token"])["forward"]["confirmed"]
        refuse(d, asked)
        assert d.api("GET", "/mailbox", token=box["token"])["forward"] is None
        refuse(d, asked, want=404)
        assert d.request("GET", link(asked).group(1).decode())[0] == 404
        patch(d, other, "second@far.example")
        asked = far.wait(2)
        refuse(d, asked)
        assert d.api("GET", "/mailbox", token=other["token"])["forward"] is None
        status, h, page = d.request("POST", "/forward", "{}", headers={"Content-Type": "application/json"})
        assert status == 415 and h["content-type"].startswith("text/html"), (status, h)
        assert "forward" in d.api("GET", "/domains")["features"]


def bounces_come_to_the_box():
    far = Far()
    with start(far) as d:
        box = d.make_box()
        patch(d, box, "gone@far.example")
        confirm(d, far.wait(1))
        far.refuse.add("gone@far.example")
        d.send(box["address"], "From: bob@other.example\r\nSubject: x\r\n\r\nx\r\n", sender="bob@other.example")
        until = time.monotonic() + 10
        while len(d.messages(box["token"])) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        subjects = {m["subject"] for m in d.messages(box["token"])}
        assert len(subjects) == 2 and len(far.mails) == 1, (subjects, far.mails)


def nothing_outlives_the_box():
    far = Far()
    with start(far) as d:
        box, other = d.make_box(), d.make_box()
        for n, b in enumerate((box, other)):
            patch(d, b, f"reader{n}@far.example")
        far.wait(2)
        for mail in far.mails[:2]:
            confirm(d, mail)
        secret = b"@far.example"
        files = list((d.data / "forward").iterdir())
        assert len(files) == 2 and all(secret not in f.read_bytes() for f in files)
        d.api("DELETE", "/mailbox", token=box["token"])
        until = time.monotonic() + 5
        while len(list((d.data / "forward").iterdir())) > 1 and time.monotonic() < until:
            time.sleep(0.02)
        assert len(list((d.data / "forward").iterdir())) == 1
        # nor a box that ends after a start, before anybody has met it
        d.restart()
        assert d.ctl("box", "end", other["address"])[0] == 0
        until = time.monotonic() + 5
        while list((d.data / "forward").iterdir()) and time.monotonic() < until:
            time.sleep(0.02)
        assert list((d.data / "forward").iterdir()) == []
        assert secret not in d.log_text().encode()


def ends_while_nobody_is_there():
    far = Far()
    with start(far, "box.min_ttl=1s") as d:
        box = d.make_box(ttl="4s")
        patch(d, box, "reader@far.example")
        confirm(d, far.wait(1))
        assert len(list((d.data / "forward").iterdir())) == 1
        d.stop()
        time.sleep(4.2)
        d.start()
        until = time.monotonic() + 5
        while list((d.data / "forward").iterdir()) and time.monotonic() < until:
            time.sleep(0.02)
        assert list((d.data / "forward").iterdir()) == []


def wishes_that_are_refused():
    far = Far()
    with start(far) as d:
        box = d.make_box()
        for to in ("no address", "x@box.example", "x@BOX.example", "x@[127.0.0.1]", "x@127.0.0.1", "x@localhost", "x@LOCALHOST", "x@here.localhost", "x@mx.box.example", "x@MX.box.example", "@far.example", "x" * 250 + "@far.example"):
            patch(d, box, to, want=(422,))
        d.api("PATCH", "/mailbox", {"forward": 5}, token=box["token"], want=(422,))
        assert d.api("GET", "/mailbox", token=box["token"])["forward"] is None and far.mails == []
        for path in ("/forward", "/forward?t=x", "/forward?t=" + "A" * 43):
            assert d.request("GET", path)[0] in (200, 404)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for body in ("", "t=", "t=" + "A" * 43, "t=" + "A" * 2000):
            assert d.request("POST", "/forward", body, headers=form)[0] == 404
    with Daemon() as d:
        box = d.make_box()
        patch(d, box, "x@far.example", want=(403,))
        assert d.request("GET", "/forward?t=" + "A" * 43)[0] == 404


def questions_are_few():
    """A question is a mail to a stranger: of the box, of the network, and of him who gets it."""
    far = Far()
    with start(far, "send.policy=open", "limits.send_per_network=4", "limits.create_per_network=1000") as d:
        box, other, third = (d.make_box() for _ in range(3))
        patch(d, box, "a@far.example")
        patch(d, box, "a@far.example")  # the same link still holds
        for to in ("a@far.example", "A+1@FAR.example"):
            assert patch(d, other, to, want=(409,))["code"] == "forward_asked"
        patch(d, box, "b@far.example")
        patch(d, box, "c@far.example")
        assert patch(d, box, "d@far.example", want=(409,))["code"] == "forward_asks"
        patch(d, other, "d@far.example")
        assert patch(d, other, "e@far.example", want=(409,))["code"] == "send_cap_all"  # the network's share
        far.wait(4)
        assert d.ctl("box", "stop-sending", third["address"])[0] == 0
        assert patch(d, third, "f@far.example", want=(403,))["code"] == "send_stopped"
        time.sleep(0.5)
        assert sorted(m[1][0][0] for m in far.mails) == ["a", "b", "c", "d"], far.mails
    for policy, code in (("off", "send_off"), ("verified", "send_not_verified")):
        far = Far()
        with start(far, f"send.policy={policy}") as d:
            assert patch(d, d.make_box(), "a@far.example", want=(403,))["code"] == code
            time.sleep(0.3)
            assert far.mails == []
    far = Far()
    with start(far, "send.mails_per_day=1") as d:
        box = d.make_box()
        patch(d, box, "a@far.example")
        assert patch(d, box, "b@far.example", want=(409,))["code"] == "send_cap_box"


def others_believe_it(folder, records, good, bad):
    (folder / "zone.json").write_text(json.dumps(records))
    (folder / "good.eml").write_bytes(good)
    (folder / "bad.eml").write_bytes(bad)
    r = subprocess.run(["node", HERE / "mailauth_arc.mjs", signed.mailauth_folder(), *(folder / x for x in ("zone.json", "good.eml", "bad.eml"))],
                       capture_output=True, text=True, timeout=60, check=False)
    assert r.stdout.split() == ["pass", "fail"], (r.stdout, r.stderr[-1000:])


def the_way_is_sealed():
    far = Far()
    dns = zone.start()
    zone.texts({"other.example": "v=spf1 ip4:192.0.2.9 -all", "_dmarc.other.example": "v=DMARC1; p=reject"})
    with start(far, f"dns.forward={dns}", "test.xclient=true") as d:
        said = d.ctl("domain", "add", "box.example")[1]
        zone.texts_add(signed.published(said))
        box = d.make_box()
        patch(d, box, "reader@far.example")
        confirm(d, far.wait(1))
        with d.smtp() as c:
            c.ehlo()
            c.docmd("XCLIENT ADDR=192.0.2.9")
            c.ehlo("out.other.example")
            c.sendmail("bob@other.example", [box["address"]], "From: bob@other.example\nSubject: x\nMessage-ID: <9@other.example>\n\nx\n")
        got = far.wait(2)[2]
        assert got.startswith(b"ARC-Seal:") and b"spf=pass" in got.split(b"ARC-Authentication-Results")[1], got
        answer = zone.verify("arc", "--dns", dns, message=got)
        assert answer.startswith("pass"), (answer, got)
        spoilt = got.replace(b"Subject: x", b"Subject: y")
        assert zone.verify("arc", "--dns", dns, message=spoilt).startswith("fail")
        others_believe_it(d.folder, signed.published(said), got, spoilt)


if __name__ == "__main__":
    sys.exit(daemon.run([mail_goes_on, what_others_wrote_goes_on_as_it_is, its_reader_ends_it, bounces_come_to_the_box, nothing_outlives_the_box, ends_while_nobody_is_there, wishes_that_are_refused, questions_are_few, the_way_is_sealed]))
