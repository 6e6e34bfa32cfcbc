#!/usr/bin/env python3
"""Who sent it, asked by a whole server in its sandbox: senders come from test networks (XCLIENT), the DNS is a table on
loopback. And the client's address, which SPF needs, is in no file, log or metric afterwards."""
import http.client
import re
import smtplib
import sys
import threading
import time
import urllib.parse
import zone

sys.path.insert(0, str(zone.ROOT / "tests/lib"))
from daemon import Daemon  # noqa: E402

CLIENT = "198.51.100.77"
FORMS_OF_CLIENT = [b"198.51.100.77", b"77.100.51.198", b"c633644d", b"C633644D", b"\xc6\x33\x64\x4d", b"3325256781"]
ZONE = {
    "good.example": "v=spf1 ip4:198.51.100.0/24 -all", "_dmarc.good.example": "v=DMARC1; p=reject",
    "strict.example": "v=spf1 -all", "_dmarc.strict.example": "v=DMARC1; p=reject",
    "quarantine.example": "v=spf1 -all", "_dmarc.quarantine.example": "v=DMARC1; p=quarantine",
    "strict2.example": "v=spf1 -all", "_dmarc.strict2.example": "v=DMARC1; p=reject",
    "trial.example": "v=spf1 -all", "_dmarc.trial.example": "v=DMARC1; p=quarantine; t=y",
    "big.example": ["v=spf1 ip4:198.51.100.0/24 -all", "x" * 1200], "_dmarc.big.example": "v=DMARC1; p=reject",
}


def send(d, box, author, text="", client=CLIENT, extra="", sender=None):
    """None, or the reply that refused it."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    message = (f"{extra}From: {author}\r\nTo: {box['address']}\r\nDate: {date}\r\nSubject: from {author}\r\n"
               f"Message-ID: <{time.monotonic_ns()}@mail.test>\r\n\r\nHello\r\n{text}")
    with smtplib.SMTP(*d.address("smtp.listen"), local_hostname="mail.good.example", timeout=30) as s:
        if client:
            s.docmd(f"XCLIENT ADDR={client}")
        try:
            s.sendmail(sender or author, [box["address"]], message.encode())
        except smtplib.SMTPDataError as e:
            return f"{e.smtp_code} {e.smtp_error.decode()}"
    return None


def newest(d, box, folder="INBOX"):
    page = d.api("GET", f"/mailbox/messages?folder={folder}", token=box["token"])
    if not page["messages"]:
        return None, ""
    m = page["messages"][0]
    _, _, raw = d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=box["token"])
    return m, re.sub(r"\r\n[ \t]+", " ", raw.decode()).replace("\r\n", "\n")


def lite(d, box, m):
    body = urllib.parse.urlencode({"token": box["token"], "id": m["id"]})
    return d.request("POST", "/lite/message", body, headers={"Content-Type": "application/x-www-form-urlencoded"})[2].decode()


def enforced(count, d):
    box = d.make_box()
    count.check("a pass is taken", send(d, box, "ann@good.example") is None)
    m, raw = newest(d, box)
    want = {"spf": "pass", "dkim": "none", "dmarc": "pass", "arc": "none", "domain": "good.example"}
    count.check("REST tells", m and m["auth"] == want, m and m["auth"])
    line = "Authentication-Results: mx.test; spf=pass smtp.mailfrom=good.example; dkim=none; dmarc=pass (p=reject) header.from=good.example; arc=none\n"
    count.check("on top of the message", raw.startswith(line + "Return-Path:"), raw[:300])

    count.check("/lite tells", "Sent by a server of good.example" in lite(d, box, m))
    send(d, box, "ann@bare.example", sender="x@good.example")
    m, _ = newest(d, box)
    count.check("a server of one domain proves nothing of another", m["auth"]["spf"] == "pass" and m["auth"]["domain"] is None, m["auth"])
    count.check("nor does /lite say so", "Could not be verified" in (page := lite(d, box, m)) and "Sent by a server" not in page, page)

    for top in (" junk\r\n", ": x\r\n", "\t\r\n"):  # the rest of its header is text to whoever reads it
        count.check("what is no header proves nothing", send(d, box, "ann@good.example", extra=top) is None)
        m, _ = newest(d, box)
        m = m if m and m["from"]["address"] == "" else newest(d, box, "Junk")[0]
        count.check("nor does its From", m and m["from"]["address"] == "" and m["auth"]["domain"] is None and m["auth"]["dmarc"] != "pass", m and (m["auth"], m["from"]))

    count.check("long answers come over TCP", send(d, box, "ann@big.example") is None)
    m, _ = newest(d, box)
    count.check("and are read", m["auth"]["dmarc"] == "pass", m["auth"])

    forged = "Authentication-Results: MX.test. (really);\r\n dmarc=pass header.from=bank.example\r\nAuthentication-Results: other.test; spf=pass\r\n"
    send(d, box, "ann@good.example", extra=forged)
    _, raw = newest(d, box)
    fields = re.findall(r"^Authentication-Results: (\S+);", raw, re.M)
    count.check("a forged one goes, a stranger's stays", fields == ["mx.test", "other.test"] and "bank.example" not in raw, fields)

    said = send(d, box, "ann@strict.example")
    count.check("p=reject is refused", said and said.startswith("554 5.7.1"), said)
    count.check("p=quarantine is taken", send(d, box, "ann@quarantine.example") is None)
    m, _ = newest(d, box, "Junk")
    count.check("into Junk", m and m["junk"] and m["auth"]["dmarc"] == "fail", m)
    count.check("with a symbol", m and ("DMARC_FAIL", 4) in [(s["name"], s["score"]) for s in m["verdict"]["symbols"]] and m["verdict"]["word"] == "junk", m)
    send(d, box, "ann@trial.example")
    m, _ = newest(d, box)
    count.check("a trial policy moves nothing", m["subject"] == "from ann@trial.example", m["subject"])

    begun = time.monotonic()
    count.check("a silent DNS refuses nobody", send(d, box, "ann@silent.example") is None)
    spent = time.monotonic() - begun
    m, _ = newest(d, box)
    count.check("a temporary error", m["auth"]["spf"] == "temperror" and m["auth"]["dmarc"] == "temperror", m["auth"])
    count.check("in bounded time", spent < 4, spent)

    said = send(d, box, "x@good.example, ann@strict.example", sender="x@good.example")
    count.check("a second author hides no policy", said and said.startswith("554 5.7.1"), said)
    said = send(d, box, "ann@strict.example", sender="x@good.example", extra="From: x@good.example\r\n")
    count.check("two From fields are refused", said and said.startswith("554 5.6.0"), said)
    for author in ("ann@strict.example x", "ann@[192.0.2.1]"):
        count.check("taken", send(d, box, author, sender="x@good.example") is None)
        m, _ = newest(d, box, "Junk")
        count.check("nobody to be asked: into Junk", m and m["junk"] and m["subject"] == f"from {author}" and m["auth"]["dmarc"] == "permerror", m)

    send(d, box, "ann@strict.example", client=None)
    m, raw = newest(d, box)
    count.check("who is on this machine is not judged", m["auth"]["spf"] is None and raw.startswith("Return-Path:"), m["auth"])
    send(d, box, "ann@good.example", text="line\r\n" * 100000)
    m, _ = newest(d, box)
    count.check("a large mail", m["auth"]["dmarc"] == "pass" and m["size"] > 600000, m["auth"])


def unwritten(count, d):
    for path in d.folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes().strip(b"\0")
            found = [f for f in FORMS_OF_CLIENT if f in data and (len(f) > 4 or len(data) < 1 << 16)]
            count.check(f"the client is not in {path.name}", not found, found)
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    said = c.getresponse().read()
    count.check("nor in the metrics", not any(f in said for f in FORMS_OF_CLIENT))
    count.check("which count what was refused", b'mayfly_smtp_rejected_total{reason="policy"} 2\n' in said)


def left_behind(count, d):
    """A drain waits for a message that has come in whole, also when its sender has gone while it was being judged."""
    box = d.make_box()
    s = smtplib.SMTP(*d.address("smtp.listen"), timeout=30)
    s.docmd(f"XCLIENT ADDR={CLIENT}")
    s.ehlo()
    s.docmd("MAIL FROM:<ann@silent.example>")
    s.docmd(f"RCPT TO:<{box['address']}>")
    s.docmd("DATA")
    s.send(b"From: ann@silent.example\r\nSubject: left behind\r\n\r\nHello\r\n.\r\n")
    s.close()
    count.check("ends in order, its sender gone", d.stop() == 0)
    d.start()
    m, _ = newest(d, box)
    count.check("and has stored it", m and m["subject"] == "left behind", m)


SILENT = [f"{a}{b}.mute.example" for a in ("", "_dmarc.") for b in ("h", "a1", "a2", "a3", "a4")] + ["mute.example", "_dmarc.mute.example"]


def silent_for_itself_alone(count, d):
    """Names that nobody answers for must not make the resolver look dead: then every later policy would be unknown."""
    box = d.make_box()
    count.check("before: refused", (send(d, box, "ann@strict.example") or "").startswith("554 5.7.1"))
    for i in (1, 2, 3, 4):
        send(d, d.make_box(), f"ann@a{i}.mute.example")
    time.sleep(6)
    said = send(d, box, "bob@strict2.example")
    count.check("silent names hide no other policy, also later", (said or "").startswith("554 5.7.1"), said)


def main():
    count, dns = zone.Count(), zone.start()
    zone.texts(ZONE)
    for name in ("silent.example", "_dmarc.silent.example", "slow.example"):
        zone.testdns.ZONE[name] = [("TIMEOUT", None)]
    for name in SILENT:
        zone.testdns.ZONE[name] = [("TIMEOUT", None)]
    zone.testdns.ZONE["mail.good.example"] = [("A", CLIENT)]
    options = ["test.xclient=true", "server.hostname=mx.test", f"dns.forward={dns}", "trust.deadline=2s"]
    with Daemon(*options) as d:
        enforced(count, d)
        unwritten(count, d)
        count.check("ends in order", d.stop() == 0)
    with Daemon(*options) as d:
        silent_for_itself_alone(count, d)
    with Daemon(*options, "trust.deadline=1s") as d:  # shorter than the resolver takes to give up
        said = send(d, d.make_box(), "ann@strict.example", sender="ann@slow.example")
        count.check("a slow sender does not hide the author's policy", said and said.startswith("554 5.7.1"), said)
    with Daemon(*options, "trust.dmarc=label") as d:
        box = d.make_box()
        count.check("label: p=reject is taken", send(d, box, "ann@strict.example") is None)
        m, raw = newest(d, box)
        count.check("label: into INBOX, with its label", m and m["auth"]["dmarc"] == "fail" and "dmarc=fail" in raw, m)
        # mail under way at the end: neither lost nor answered twice
        t = threading.Thread(target=lambda: _quietly(lambda: send(d, box, "ann@silent.example")))
        t.start()
        time.sleep(0.3)
        count.check("ends while a sender is being judged", d.stop() == 0)
        t.join()
    with Daemon(*options) as d:
        left_behind(count, d)
    with Daemon(*options, "limits.message_memory=1M") as d:
        box = d.make_box()
        said = send(d, box, "ann@good.example")
        count.check("judging counts in the message memory", said and said.startswith("451 4.3.0"), said)
        count.check("what is not judged has room", send(d, box, "ann@good.example", client=None) is None)
    with Daemon(*options, "limits.message_memory=2M") as d:
        box = d.make_box()
        count.check("which is given back", [send(d, box, "ann@good.example") for _ in range(3)] == [None] * 3)
    with Daemon("test.xclient=true", "server.hostname=mx.test") as d:
        box = d.make_box()
        send(d, box, "ann@strict.example", extra="Authentication-Results: mx.test; dmarc=pass\r\n")
        m, raw = newest(d, box)
        count.check("without a resolver nobody is judged", m and m["auth"]["dmarc"] is None, m)
        count.check("but forged results go all the same", "Authentication-Results" not in raw, raw[:200])
    count.end()


def _quietly(run):
    try:
        run()
    except (OSError, smtplib.SMTPException):
        pass


main()
