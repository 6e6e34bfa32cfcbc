#!/usr/bin/env python3
"""The classic ways to make a mail server carry mail for strangers, on the MX port and on submission, in the clear and
under TLS, without a login and with one. None gets through: nothing is taken that is not for one of our boxes, or from a
box to whom it may write to."""
import pathlib
import smtplib
import ssl
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "lib")]
from daemon import Daemon  # noqa: E402

HOST = "mx.box.example"
TLS = ssl._create_unverified_context()
BODY = b"From: {me}\r\nTo: victim@far.example\r\nSubject: x\r\n\r\nx\r\n"
# {me}: the box's address; V: victim@far.example in disguise. The forms of the relay tests of ORDB, abuse.net and MAPS,
# and what has been found since.
SENDERS = ["<spam@far.example>", "<>", "<spam@box.example>", "<postmaster@box.example>", "<spam@mx.box.example>", "<spam@[127.0.0.1]>",
           "<spam@localhost>", "<spam>", "<{me}>", "<\"{me}\"@far.example>", "<@box.example:spam@far.example>"]
RECIPIENTS = ["<victim@far.example>", "victim@far.example", "<victim%far.example>", "<victim%far.example@box.example>",
              "<victim%far.example@mx.box.example>", "<victim%far.example@[127.0.0.1]>", "<victim@far.example@box.example>",
              "<victim@far.example@mx.box.example>", "<victim@far.example@[127.0.0.1]>", "<\"victim@far.example\">",
              "<\"victim%far.example\">", "<\"victim@far.example\"@box.example>", "<\"victim%far.example\"@box.example>",
              "<\"victim@far.example\"@[127.0.0.1]>", "<@box.example:victim@far.example>", "<@mx.box.example:victim@far.example>",
              "<@[127.0.0.1]:victim@far.example>", "<@far.example:victim@box.example>", "<far.example!victim>",
              "<far.example!victim@box.example>", "<far.example!victim@mx.box.example>", "<far.example!victim@[127.0.0.1]>",
              "<victim@box.example@far.example>", "<victim@far.example.box.example>", "<victim@box.example.far.example>",
              "<victim@far.example,{me}>", "<{me},victim@far.example>", "<{me}> <victim@far.example>", "<victim@far.example\\@box.example>",
              "<victim@[127.0.0.1]>", "<victim@[IPv6:::1]>", "<victim@127.0.0.1>", "<victim@localhost>", "<victim@>", "<@far.example>",
              "<victim@far.example.>", "<victim@FAR.EXAMPLE>", "<|/bin/sh@far.example>", "<;/bin/sh;@box.example>"]


class Count:
    def __init__(self):
        self.good = self.bad = 0

    def check(self, what, good, said=""):
        self.good, self.bad = self.good + bool(good), self.bad + (not good)
        if not good:
            print("FAIL", what, said)


class Door:
    """A connection, made anew when the server has had enough."""

    def __init__(self, d, key, tls, login=None):
        self.d, self.key, self.tls, self.login, self.s = d, key, tls, login, None

    def open(self):
        host, port = self.d.address(self.key)
        self.s = smtplib.SMTP_SSL(host, port, context=TLS, timeout=20) if self.tls == "at once" else smtplib.SMTP(host, port, timeout=20)
        self.s.ehlo("client.example")
        if self.tls == "later":
            self.s.starttls(context=TLS)
            self.s.ehlo("client.example")
        if self.login:
            self.s.login(*self.login)

    def close(self):
        if self.s:
            self.s.close()
        self.s = None

    def attempt(self, sender, rcpt, body=BODY):
        """The code of the last reply; a mail that was taken ends with 250."""
        self.close()
        self.open()
        code, said = self.s.docmd("MAIL FROM:" + sender)
        if code == 250:
            code, said = self.s.docmd("RCPT TO:" + rcpt)
        if code == 250:
            code, said = self.s.docmd("DATA")
        if code == 354:
            self.s.send(body + b".\r\n")
            code, said = self.s.getreply()
        return code, said


DOORS = [("smtp.listen", "never"), ("smtp.listen", "later"), ("submission.listen", "never"), ("submission.listen", "later"),
         ("submissions.listen", "at once")]


def strangers(d, count, me):
    """Without a login nothing for others is taken anywhere, and on submission nothing at all."""
    for key, tls in DOORS:
        door = Door(d, key, tls)
        for sender in SENDERS[:3] + SENDERS[8:9] if key != "smtp.listen" else SENDERS:
            forms = RECIPIENTS if sender == SENDERS[0] else RECIPIENTS[:4]
            for rcpt in forms:
                code, said = door.attempt(sender.format(me=me), rcpt.format(me=me))
                count.check(f"{key} {tls} {sender} -> {rcpt}", code >= 500 or code == 421, (code, said))
        if key != "smtp.listen":
            code, said = door.attempt(f"<{me}>", f"<{me}>")
            count.check(f"{key} {tls}: not even to ourselves", code == 530, (code, said))
        door.close()


def holders(d, count, box, other):
    """With a login: as oneself, to whom one may."""
    me = box["address"]
    door = Door(d, "submission.listen", "later", (me, box["token"]))
    for sender in SENDERS:
        own = sender in ("<>", "<{me}>")
        code, said = door.attempt(sender.format(me=me), "<victim@far.example>", BODY.replace(b"{me}", me.encode()))
        count.check(f"login, {sender}", code == (550 if own else 553) or (not own and code == 501), (code, said))
    for rcpt in RECIPIENTS:
        code, said = door.attempt(f"<{me}>", rcpt.format(me=me), BODY.replace(b"{me}", me.encode()))
        count.check(f"login, to {rcpt}", code >= 500, (code, said))
    # as another box, and as nobody's
    code, said = door.attempt(f"<{other['address']}>", f"<{other['address']}>")
    count.check("login, as another box", code == 553, (code, said))
    door.close()
    wrong = Door(d, "submission.listen", "later")
    wrong.open()
    for user, secret in ((other["address"], box["token"]), (me, other["token"]), (me, "x" * 20), ("", ""), (me, "")):
        try:
            wrong.s.login(user, secret)
            count.check(f"login as {user} with another's secret", False)
        except smtplib.SMTPException as e:
            count.check("login with another's secret", True, e)
            wrong.close()
            wrong.open()
    wrong.close()


def forged(d, count, box):
    """The mail itself says somebody else wrote it."""
    me = box["address"]
    d.send(me, "From: bob@far.example\r\nSubject: hi\r\n\r\nhi\r\n", sender="bob@far.example")
    d.wait(box["token"])
    door = Door(d, "submission.listen", "later", (me, box["token"]))
    for what, head in (("another's From", "From: bob@far.example\r\n"), ("two From", f"From: {me}\r\nFrom: bob@far.example\r\n"),
                       ("two in From", f"From: {me}, bob@far.example\r\n"), ("its own as a name", f"From: {me} <bob@far.example>\r\n"),
                       ("another's Sender", f"From: {me}\r\nSender: bob@far.example\r\n"), ("no From", "To: bob@far.example\r\n"),
                       ("From behind an empty line", f"\r\nFrom: {me}\r\n"), ("From with a fold", f"From:\r\n bob@far.example\r\n"),
                       ("a field with a blank", f"From : bob@far.example\r\n"), ("From and a resent one", f"From: {me}\r\nResent-From: bob@far.example\r\n"),
                       ("an encoded From", f"From: =?utf-8?q?{me.replace('@', '=40')}?= <bob@far.example>\r\n"),
                       ("a group", f"From: x: {me};\r\n"), ("a comment", f"From: ({me}) bob@far.example\r\n")):
        code, said = door.attempt(f"<{me}>", "<bob@far.example>", head.encode() + b"Subject: x\r\n\r\nx\r\n")
        count.check(what, code == 550, (code, said))
    for what, body in (("bare LF", b"x\n.\nMAIL FROM:<x@far.example>\n"), ("bare CR", b"x\r.\rMAIL\r"), ("LF and a dot", b"x\n.\r\n")):
        code, said = door.attempt(f"<{me}>", "<bob@far.example>", f"From: {me}\r\n\r\n".encode() + body)
        count.check(what, code == 521, (code, said))
    door.close()


def main():
    count = Count()
    with Daemon(f"server.hostname={HOST}", "server.domains=box.example", "send.unchecked=true", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1", "access.ban_score=0", "limits.login_per_network=100000",
                "limits.unknown_per_network=100000") as d:
        box, other = d.make_box(), d.make_box()
        strangers(d, count, box["address"])
        holders(d, count, box, other)
        forged(d, count, box)
    print(f"{count.good} passed, {count.bad} failed")
    sys.exit(count.bad > 0)


main()
