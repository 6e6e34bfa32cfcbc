#!/usr/bin/env python3
"""The out-queue of a whole server: what its operator sees and may do, what waits over a restart, late mail, what a burnt box
takes with it, relaying for a network that may, loops. Where mail goes and in which words is tests/out's."""
import pathlib
import re
import smtplib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/out"), str(ROOT / "tests/lib"), str(ROOT / "tests/queue")]
import names  # noqa: E402
from daemon import Daemon  # noqa: E402
from names import Count  # noqa: E402
from reports import reports  # noqa: E402
from run import OPTIONS, World  # noqa: E402


def rows(d, *which):
    _, said = d.ctl("queue", "list", *which)
    return [x for x in said.splitlines() if "rcpts=" in x]


def until(what, seconds=15):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = what()
        if got:
            return got
        time.sleep(0.05)
    return what()


def gone(d):
    return until(lambda: not rows(d))


def operator(w, far):
    d, check = w.d, w.count.check
    far.says("RCPT", "451 4.2.1 alice@late.example is away, said bob@secret.example")
    box = w.send(["alice@late.example", "carol@late.example"], subject="for nobody's eyes")
    listed = until(lambda: [x for x in rows(d) if "tries=1" in x])
    check("it is listed after its first try", listed and "late.example  rcpts=2 " in listed[0] and "last=451,4.2.1" in listed[0], listed)
    ident = listed[0].split()[0]
    _, shown = d.ctl("queue", "show", ident)
    both = shown + listed[0]
    check("with what became of it at each", re.search(r"^size=\d+ age=\S+ ends=\S+\nlate\.example  waiting=2 sent=0 failed=0 tries=1 next=\S+ last=451,4\.2\.1\n$", shown), shown)
    check("by its domain, and not a word of it", "late.example" in shown and not re.search("alice|carol|bob|away|eyes|@", both), both)
    check("of another domain nothing is listed", rows(d, "other.example") == [], rows(d, "other.example"))
    code, said = d.ctl("queue", "show", "0" * 32)
    check("an id that is none", code == 1 and "nothing" in said, said)
    for verb in ("drop", "retry"):
        code, said = d.ctl("queue", verb, "nonsense")
        check(f"{verb} of what nothing waits for is an error", code == 1 and "nothing waits" in said, said)
    code, said = d.ctl("queue", "drop")
    check("dropping needs to be told what", code != 0 and "usage" in said, said)
    far.reset()
    _, said = d.ctl("queue", "retry", "late.example")
    check("a retry is at once", "1 to be tried now" in said and len(far.wait()) == 1 and gone(d), said)
    check("without a word to its sender", d.wait(box["token"], timeout=1) is None)
    far.says("RCPT", "451 4.2.1 later")
    box = w.send("alice@late.example")
    until(lambda: [x for x in rows(d) if "tries=1" in x])
    far.reset()
    _, said = d.ctl("queue", "drop", "all")
    check("what is dropped is gone", "1 dropped" in said and gone(d) and not far.mails, (said, far.mails))
    told = d.wait(box["token"])
    check("by this server, and the page can tell", told and told["auth"] == {"spf": None, "dkim": None, "dmarc": None, "arc": None, "domain": None, "origin": "server"}, told)
    check("and its sender told who did that", told and "MAILER-DAEMON" in told["from"]["address"].upper() and "operator" in told["text"], told)
    fate = d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"][0]
    check("as its outbox does", fate["state"] == "failed" and "operator" in fate["recipients"][0]["reason"], fate)
    metrics = until(lambda: "mayfly_queue_waiting 0" in (m := d.request_at("metrics.listen", "/metrics")) and m)
    check("metrics count it", metrics and "mayfly_queue_dropped_total 1" in metrics)


def patience(w, far):
    d, check = w.d, w.count.check
    far.says("RCPT", "451 4.2.1 later")
    box = w.send("alice@late.example")
    before = until(lambda: [x for x in rows(d) if "tries=1" in x])
    time.sleep(0.5)
    d.restart()
    after = until(lambda: rows(d))
    check("it waits over a restart, and knows its try", before and after and before[0].split()[0] == after[0].split()[0] and "tries=1" in after[0], (before, after))
    state = d.api("GET", "/mailbox/outbox", token=box["token"])["outbox"]
    w.domain("dead.example", "mx.dead.example")
    names.put("mx.dead.example", A=["127.0.2.250"])
    last = [w.send("alice@dead.example") for _ in range(9)][-1]
    check("as its sender sees", [(x["state"], x["recipients"][0]["code"]) for x in state] == [("delayed", 451)], state)
    for _ in range(5):
        d.ctl("clock", "advance", "55m")
        time.sleep(1.2)
    told = w.told(box)
    check("after four hours its sender is told that it is late", told and told[1]["Action"] == "delayed" and "Will-Retry-Until" in told[1], told)
    check("in the far end's words", told and told[1].get("Diagnostic-Code") == "smtp; 451 4.2.1 later" and told[1].get("Remote-MTA") == "dns;mx.late.example", told)
    told = w.told(last)
    check("and if it was not even tried, that", told and told[1].get("Diagnostic-Code", "").startswith("X-mayfly; Not tried yet: ") and told[1]["Status"] == "4.4.1"
          and "Last-Attempt-Date" not in told[1], told)
    d.ctl("queue", "drop", "dead.example")
    check("once", d.wait(box["token"], since=1, timeout=1) is None)
    far.reset()
    d.ctl("queue", "retry", "all")
    check("and it arrives", len(far.wait()) == 1 and gone(d), far.commands)


def burnt(w, far):
    d, check = w.d, w.count.check
    far.says("RCPT", "451 4.2.1 later")
    box, other = w.send("alice@late.example"), w.send("bob@late.example")
    until(lambda: len([x for x in rows(d) if "tries=1" in x]) == 2)
    d.api("DELETE", "/mailbox", token=box["token"])
    check("a burnt box takes what waits with it", until(lambda: len(rows(d)) == 1), rows(d))
    far.reset()
    d.restart()
    d.ctl("queue", "retry", "all")
    check("and nothing else", [m.rcpts for m in far.wait()] == [["bob@late.example"]] and gone(d), far.commands)
    check("whose sender still reads", d.api("GET", "/mailbox", token=other["token"])["address"] == other["address"])


def success(w, far):
    told = w.told(w.send("alice@late.example", rcpt_options=["NOTIFY=SUCCESS"]))
    w.count.check("who asks is told that it went", told and told[1]["Action"] == "relayed", told)
    told = w.told(w.send(w.d.make_box()["address"], rcpt_options=["NOTIFY=SUCCESS"]))
    w.count.check("or that it lies in a box here", told and told[1]["Action"] == "delivered", told)
    w.count.check("and nothing waits", gone(w.d))
    far.reset()


def relay(w, far):
    d, check = w.d, w.count.check
    back = w.end("mx.back.example")
    w.domain("back.example", "mx.back.example")
    box = d.make_box()
    text = "Subject: through\r\n\r\n..dots\r\n"
    with d.smtp() as s:
        s.sendmail("who@back.example", ["alice@late.example", box["address"]], text)
        check("it arrives, and in the box here, too", far.wait() and far.mails[0].rcpts == ["alice@late.example"] and d.wait(box["token"]), far.commands)
        trace = far.mails[0].data.decode()
        check("traced without the client's address", re.match(r"Received: from client.test\r\n\tby mx.here.example with ESMTP", trace) and "127.0.0.1" not in trace, trace)
        check("with its dots", trace.endswith("\r\n\r\n..dots\r\n"), trace)
        far.says("RCPT", "550 5.1.1 nobody of that name")
        s.sendmail("who@back.example", ["nobody@late.example"], text)
        report = back.wait()
        check("a failure is reported to its reverse path, from nobody", report and report[0].sender == "" and b"Status: 5.1.1" in report[0].data, report)
        s.sendmail("", ["nobody@late.example"], text)
        check("of what is from nobody nobody hears", gone(d) and len(back.mails) == 1, back.mails)
        try:
            s.sendmail("who@back.example", ["alice@late.example"], "Received: from a by b; Fri, 27 Nov 2026 12:00:00 +0000\r\n" * 101 + text)
            check("a loop is refused", False)
        except smtplib.SMTPDataError as e:
            check("a loop is refused", e.smtp_code == 554 and b"5.4.6" in e.smtp_error, e)


def full(count):
    """RFC 3463: X.3.1 is the system's room, and passes by itself."""
    def refused(send):
        try:
            send()
        except smtplib.SMTPDataError as e:
            return e.smtp_code, e.smtp_error[:5]
        return None
    way = ["smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1"]  # nobody listens there: what is sent waits
    with Daemon(*OPTIONS, *way, "queue.max_messages=1", "smtp.relay_from=127.0.0.0/8") as d, d.smtp() as s:
        w = World(d, 0, count)
        w.send("first@late.example")
        got = refused(lambda: s.sendmail("who@back.example", ["a@late.example"], "Subject: x\r\n\r\nx\r\n"))
        count.check("a full queue takes nothing on, for now", got == (452, b"4.3.1"), got)
        got = refused(lambda: w.send("second@late.example"))
        count.check("nor from a mail program", got == (452, b"4.3.1"), got)
        status, _, said = d.request("POST", "/api/v1/mailbox/send", {"to": ["third@late.example"], "text": "x"}, token=d.make_box()["token"])
        count.check("nor from the page", status == 503 and b'"send_full"' in said, (status, said))


def by_name(count):
    """Whatever the list shows is taken: also a smart host that is no domain."""
    for host, name in (("::1", "::1"), ("127.0.2.250", "127.0.2.250"), ("Smart_Host", "smart_host")):
        with Daemon(*OPTIONS, f"smtp_out.relay_host={host}", "smtp_out.relay_port=1", "smtp_out.allow_private=true") as d:
            World(d, 0, count).send("alice@late.example")
            listed = until(lambda: rows(d))
            count.check(f"{name} is what it waits for", listed and listed[0].split()[1] == name, listed)
            count.check("and is listed by", len(rows(d, host)) == 1, rows(d, host))
            for verb, want in (("retry", "1 to be tried now\n"), ("drop", "1 dropped\n")):
                got = d.ctl("queue", verb, name)
                count.check(verb, got == (0, want), got)
            got = d.ctl("queue", "drop", "[192.0.2.5]")
            count.check("a literal is no wrong usage", got == (1, "mayfly: error: nothing waits for that domain\n"), got)


class Watched(Daemon):
    def request_at(self, key, path):
        import urllib.request
        host, port = self.address(key)
        return urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=10).read().decode()


def main():
    count, port = Count(), names.free_port()
    with Watched(*OPTIONS, f"dns.forward={names.start()}", f"smtp_out.port={port}", "smtp_out.allow_private=true", "smtp_out.mta_sts=false",
                 "test.clock=true", "smtp.relay_from=127.0.0.0/8") as d:
        w = World(d, port, count)
        far = w.end("mx.late.example")
        w.domain("late.example", "mx.late.example")
        for part in (operator, patience, burnt, success, relay, reports):
            part(w, far)
            far.reset()
    full(count)
    by_name(count)
    count.end()


if __name__ == "__main__":
    main()
