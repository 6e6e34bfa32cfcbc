"""What far ends report later of mail that they took: bounces as Postfix, Exim, OpenSMTPD, Exchange and Gmail write them, and
what nobody is to achieve by forging one."""
import re
import time

MESSAGE = """From: MAILER-DAEMON@{host}\r
To: {sender}\r
Subject: Undelivered Mail Returned to Sender\r
Message-ID: <{n}.bounce@{host}>\r
Date: Fri, 27 Nov 2026 12:00:00 +0000\r
Auto-Submitted: auto-replied\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
\tboundary="{n}/b"\r
\r
--{n}/b\r
Content-Type: text/plain; charset=us-ascii\r
\r
Your message could not be delivered.\r
\r
--{n}/b\r
Content-Type: message/delivery-status\r
\r
{status}\r
--{n}/b\r
Content-Type: {kind}\r
\r
{back}\r
--{n}/b--\r
"""
# What programs read, the type of what comes back, and whether ENVID does; the words that are left of it.
SHAPES = {
    "Postfix": ("Reporting-MTA: dns; {host}\r\nX-Postfix-Queue-ID: 4XyZ12abc\r\nX-Postfix-Sender: rfc822; {sender}\r\n{envid}\r\n"
                "Final-Recipient: rfc822; {final}\r\nOriginal-Recipient: rfc822;{to}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
                "Remote-MTA: dns; inner.example\r\nDiagnostic-Code: smtp; 550 5.1.1 <{final}>: Recipient address\r\n    rejected: User unknown\r\n",
                "message/rfc822", "<{final}>: Recipient address rejected: User unknown"),
    "Exim": ("Reporting-MTA: dns; {host}\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822;{to}\r\nStatus: 5.0.0\r\nRemote-MTA: dns; inner.example\r\n"
             "Diagnostic-Code: smtp; 550 Unrouteable address\r\n", "message/rfc822", "Unrouteable address"),
    "OpenSMTPD": ("Reporting-MTA: dns; {host}\r\n\r\nFinal-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n", "text/rfc822-headers", None),
    "Exchange": ("Original-Envelope-Id: {id}\r\nReporting-MTA: dns;EX01.corp.example\r\nReceived-From-MTA: dns;smtp.example\r\n\r\n"
                 "Original-Recipient: rfc822;{to}\r\nFinal-Recipient: rfc822;{to}\r\nAction: failed\r\nStatus: 5.1.10\r\n"
                 "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\r\n", "message/rfc822",
                 "RESOLVER.ADR.RecipientNotFound; Recipient not found"),
    "Gmail": ("Reporting-MTA: dns; googlemail.com\r\nReceived-From-MTA: dns; {sender}\r\nX-Original-Message-ID: <1@here.example>\r\n\r\n"
              "Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
              "Remote-MTA: dns; gmail-smtp-in.l.google.com. (192.0.2.7, the server for the domain late.example.)\r\n"
              "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please\r\n"
              " 550-5.1.1 check it. Go to\r\n 550 5.1.1  https://support.example/?p=NoSuchUser\r\n", "message/rfc822",
              "The email account that you tried to reach does not exist. Please check it. Go to https://support.example/?p=NoSuchUser"),
}
DELAYED = "Reporting-MTA: dns; {host}\r\n\r\nFinal-Recipient: rfc822;{to}\r\nAction: delayed\r\nStatus: 4.4.1\r\nDiagnostic-Code: smtp; 421 busy\x1b[2J there\r\n"
DELIVERED = "Reporting-MTA: dns; {host}\r\n\r\nFinal-Recipient: rfc822;{to}\r\nAction: delivered\r\nStatus: 2.0.0\r\n"


class Reports:
    def __init__(self, w, far):
        self.w, self.far, self.n = w, far, 0

    def send(self, to="alice@late.example"):
        """A mail that the far end has taken, and its header there."""
        self.far.reset()
        box = self.w.send(to)
        head = self.far.wait()[0].data.decode().split("\r\n\r\n")[0] + "\r\n"
        self.fate(box, "sent")
        return box, head, re.search(r"^Received: by \S+ with \S+ id ([0-9a-f]{32}); ", head, re.M)[1]

    def report(self, box, status, back, kind="text/rfc822-headers", sender="", **words):
        self.n += 1
        words = {"host": "mx.late.example", "sender": box["address"], "to": "alice@late.example", "final": "a.lice@inner.example", "id": "", "envid": "", **words}
        text = MESSAGE.format(n=self.n, kind=kind, back=back, **{**words, "status": status.format(**words)})
        with self.w.d.smtp() as s:
            s.sendmail(sender, [box["address"]], text.encode())
        return self.w.d.wait(box["token"], since=self.n_of(box) - 1)

    def n_of(self, box):
        box["got"] = box.get("got", 0) + 1
        return box["got"]

    def fate(self, box, state, seconds=5):
        end = time.monotonic() + seconds
        while True:
            fates = self.w.d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"]
            if (fates and fates[0]["state"] == state) or time.monotonic() > end:
                return fates and fates[0]
            time.sleep(0.05)


def shapes(r):
    check = r.w.count.check
    for name, (status, kind, words) in SHAPES.items():
        box, head, ident = r.send()
        got = r.report(box, status, head + ("\r\ntext\r\n" if kind == "message/rfc822" else ""), kind, id=ident)
        fate = r.fate(box, "failed")
        rcpt = fate["recipients"][0]
        want = words and words.format(final="a.lice@inner.example")
        check(f"{name}: its mail failed after all", fate["state"] == "failed" and fate["next_try_at"] is None and not fate["recallable"], fate)
        check(f"{name}: with its words", (rcpt["status"], rcpt["reason"]) == (re.search(r"Status: (\S+)", status)[1], want) and rcpt["address"] == "alice@late.example", rcpt)
        said = got and got.get("report")
        check(f"{name}: it is nobody's here", got and "origin" not in got["auth"], got)
        check(f"{name}: and the report is one", said and said["recipients"][0]["action"] == "failed" and said["recipients"][0]["reason"] == want and said["more"] == 0, got)


def later(r):
    check = r.w.count.check
    box, head, _ = r.send()
    r.report(box, DELAYED, head)
    fate = r.fate(box, "delayed")
    check("a report of delay", fate["state"] == "delayed" and fate["recipients"][0]["reason"] == "busy [2J there", fate)
    r.report(box, DELIVERED, head)
    check("and that it went in the end", r.fate(box, "sent")["state"] == "sent")
    to = ["alice@late.example", "carol@late.example"]
    box, head, _ = r.send(to)
    r.report(box, SHAPES["Exim"][0], head, to="CAROL@Late.Example")
    rcpts = {x["address"]: x["state"] for x in r.fate(box, "failed")["recipients"]}
    check("of two it is about one", rcpts == {"alice@late.example": "sent", "carol@late.example": "failed"}, rcpts)
    r.report(box, SHAPES["Exim"][0], head, to="mallory@late.example")
    time.sleep(0.3)
    check("and not about who got none", [x["state"] for x in r.fate(box, "failed")["recipients"]].count("failed") == 1)


def forged(r):
    check, status = r.w.count.check, SHAPES["Exim"][0]
    box, head, ident = r.send()
    other = r.w.d.make_box()
    without = re.sub(r" id [0-9a-f]{32}", "", head)
    assert ident not in without and "Message-ID" in without
    r.report(box, status, without)
    r.report(box, status, head.replace(ident, ident[:-1] + ("0" if ident[-1] != "0" else "1")))
    r.report(other, status, head)
    r.report(box, status, head, sender="mallory@late.example")
    r.report(box, status.replace("Action: failed\r\nFinal-Recipient: rfc822;{to}\r\n", ""), head)
    time.sleep(0.3)
    check("without its id, to another box, from a sender: nothing", r.fate(box, "sent")["state"] == "sent")
    check("and whoever asks learns nothing", r.w.d.api("GET", "/mailbox/outbox", token=other["token"])["outbox"] == [])
    metrics = r.w.d.request_at("metrics.listen", "/metrics")
    check("what counted is counted", re.search(r"^mayfly_queue_reports_total 8$", metrics, re.M), [x for x in metrics.splitlines() if "reports" in x])


def after_a_restart(r):
    check = r.w.count.check
    sent, head, _ = r.send()
    failed, back, _ = r.send()
    r.report(failed, SHAPES["Postfix"][0], back)
    before = r.fate(failed, "failed")
    r.w.d.restart()
    check("after a restart it is known that it went", r.fate(sent, "sent", 10)["state"] == "sent")
    check("and that it failed, word by word", r.fate(failed, "failed", 10) == before, (before, r.fate(failed, "failed")))
    r.report(sent, SHAPES["Exim"][0], head)
    check("and a report finds its mail", r.fate(sent, "failed")["recipients"][0]["reason"] == "Unrouteable address")
    check("and nothing leaves again", len(r.far.mails) == 1, r.far.mails)


def reports(w, far):
    r = Reports(w, far)
    for part in (shapes, later, forged, after_a_restart):
        part(r)
