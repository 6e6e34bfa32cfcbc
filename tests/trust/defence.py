#!/usr/bin/env python3
"""Who is let in, asked of a whole server in its sandbox: block lists at connect, reverse DNS and HELO as signs,
greylisting; and what a sender's DNS can do to it: nothing that takes longer than the deadline. Clients come from test
networks (XCLIENT); none of their addresses is in any file, log or metric afterwards."""
import http.client
import smtplib
import ssl
import sys
import time
import zone

sys.path.insert(0, str(zone.ROOT / "tests/lib"))
from daemon import Daemon  # noqa: E402

LISTED, CLEAN, SIX, SOLD, SILENT = "198.51.100.66", "198.51.100.77", "2001:db8:66::66", "198.51.100.88", "198.51.100.99"
OPTIONS = ["test.xclient=true", "server.hostname=mx.test", "trust.deadline=2s"]


def nibbles(address):
    import ipaddress
    return ".".join(reversed(ipaddress.ip_address(address).exploded.replace(":", "")))


def a(name, address):
    zone.testdns.ZONE[name] = [("A", address)]


def say_zone():
    zone.texts({"good.example": "v=spf1 ip4:198.51.100.0/24 -all",
                "eleven.example": "v=spf1 " + " ".join(f"include:s{i}.example" for i in range(11)) + " -all",
                **{f"s{i}.example": "v=spf1 ip4:192.0.2.1" for i in range(11)}})
    zone.texts_add({name: "v=spf1 +all" for name in ("junk.example", "mail.junk.example", *(f"any{i}.example" for i in range(9)))})
    a("66.100.51.198.list.example", "127.0.0.2")
    a(nibbles(SIX) + ".list.example", "127.0.0.2")
    a("88.100.51.198.list.example", "192.0.2.1")
    zone.testdns.ZONE["99.100.51.198.list.example"] = [("TIMEOUT", None)]
    zone.testdns.ZONE |= {"one.example": [("CNAME", "two.example")], "two.example": [("CNAME", "one.example")],
                          "66.100.51.198.in-addr.arpa": [("PTR", "liar.example")],
                          "77.100.51.198.in-addr.arpa": [("PTR", "mail.good.example")]}
    a("mail.good.example", CLEAN)
    a("liar.example", "192.0.2.1")
    for name in ("never.example", "_dmarc.never.example"):
        zone.testdns.ZONE[name] = [("TIMEOUT", None)]


def send(d, box, client, sender="ann@good.example", helo="mail.good.example", extra="", tls=False):
    """What refused it, or None; and seconds."""
    begun = time.monotonic()
    with smtplib.SMTP(*d.address("smtp.listen"), timeout=30) as s:
        if client:
            s.docmd(f"XCLIENT ADDR={client}")
        if tls:
            s.ehlo(helo)
            s.starttls(context=ssl._create_unverified_context())
        s.helo(helo)
        said = s.docmd(f"MAIL FROM:<{sender}>")
        if said[0] == 250:
            said = s.docmd(f"RCPT TO:<{box['address']}>")
        if said[0] == 250:
            said = s.docmd("DATA")
        if said[0] == 354:
            s.send(f"{extra}From: {sender}\r\nMessage-ID: <{time.monotonic_ns()}@test>\r\nSubject: hello\r\n\r\nHello\r\n.\r\n".encode())
            said = s.getreply()
        if said[0] != 221:
            try:
                s.docmd("QUIT")
            except smtplib.SMTPException:
                pass
    return None if said[0] == 250 else f"{said[0]} {said[1].decode()}", time.monotonic() - begun


def newest(d, box, folder=""):
    page = d.api("GET", "/mailbox/messages?limit=1" + (f"&folder={folder}" if folder else ""), token=box["token"])
    return page["messages"][0] if page["messages"] else None


def signs(m):
    return {s["name"] for s in m["verdict"]["symbols"]} if m else None


def attempts(d, box, n):
    """What the box's holder is told of n of them, newest first, without their time; they are noted behind their answers."""
    kept, until = None, time.monotonic() + 5
    while kept is None or (len(kept) < n and time.monotonic() < until):
        kept = d.api("GET", "/mailbox/trace", token=box["token"])["attempts"]
    return [{k: v for k, v in a.items() if k != "at"} for a in kept if a["at"]]


def attempt(result, code, reason, cause, tls=None):
    return {"domain": "good.example", "tls": tls, "result": result, "code": code, "reason": reason, "cause": cause}


def metrics(d):
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    said = c.getresponse().read()
    c.close()
    return said


def unwritten(count, d):
    d_files = [p for p in d.folder.rglob("*") if p.is_file() and not p.is_symlink()]
    for text in (b"198.51.100.", b".100.51.198", b"c63364", b"C63364", b"2001:db8:66", b"6.6.0.0.8.b.d.0"):
        where = [p.name for p in d_files if text in p.read_bytes() and (len(text) > 6 or p.stat().st_size < 1 << 16)]
        count.check(f"{text} is nowhere", not where and text not in metrics(d), where)


def block_lists_refuse(count, dns):
    with Daemon(*OPTIONS, f"dns.forward={dns}", "access.dnsbl=list.example", "limits.unknown_per_network=5") as d:
        box = d.make_box()
        for client in (LISTED, "IPv6:" + SIX):
            said, _ = send(d, box, client)
            count.check("who is listed is refused", said and said.startswith("554 5.7.1"), said)
        refused = attempt("refused", "554 5.7.1", "your address is on a block list that is used here", "block_list")
        count.check("who waits for it is told", attempts(d, box, 2) == [refused] * 2, attempts(d, box, 2))
        count.check("who is not is taken", send(d, box, CLEAN)[0] is None)
        count.check("a list that resolves everything lists nobody", send(d, box, SOLD)[0] is None)
        said, spent = send(d, box, SILENT)
        count.check("a list that is silent lists nobody, in bounded time", said is None and spent < 8, (said, spent))
        count.check("this machine is not asked about", send(d, box, None)[0] is None)
        count.check("an unknown recipient learns the same", send(d, {"address": "nobody@mayfly.localhost"}, LISTED)[0] == send(d, box, LISTED)[0])
        for _ in range(8):
            said, _ = send(d, {"address": "nobody@mayfly.localhost"}, LISTED)
            count.check("however often it asks", said and said.startswith("554 5.7.1"), said)
        count.check("by no count either", send(d, {"address": "nobody@mayfly.localhost"}, CLEAN)[0].startswith("550 5.1.1"))
        said, _ = send(d, other := d.make_box(), LISTED, sender="ann@[198.51.100.66]", tls=True)
        told = attempts(d, other, 1)
        count.check("over TLS, and an address is no domain", said and told and told[0]["tls"].startswith("TLSv1.") and told[0]["domain"] is None, (said, told))
        for _ in range(25):
            send(d, box, LISTED)
        count.check("however often it comes", len(attempts(d, box, 20)) == 20, attempts(d, box, 20))
        count.check("another box has none of them", attempts(d, d.make_box(), 0) == [])
        count.check("counted", b'mayfly_smtp_rejected_total{reason="listed"} 38\n' in metrics(d))
        unwritten(count, d)
        count.check("ends in order", d.stop() == 0)


def signs_weigh(count, dns):
    with Daemon(*OPTIONS, f"dns.forward={dns}", "access.dnsbl=list.example", "access.dnsbl_action=symbol", "trust.reverse_dns=true") as d:
        box = d.make_box()
        send(d, box, CLEAN)
        m = newest(d, box)
        count.check("nothing against a good one", m and not {s for s in signs(m) if s.startswith(("RDNS", "HELO", "DNSBL"))}, m)
        for helo, want in (("mx.test", "HELO_OURS"), ("198.51.100.66", "HELO_ADDRESS"), ("localhost", "HELO_BARE"), ("nowhere.example", "HELO_NOWHERE"), ("mail.good.example", "HELO_ELSEWHERE")):
            count.check("taken", send(d, box, LISTED, helo=helo)[0] is None)
            found = signs(newest(d, box)) | signs(newest(d, box, "Junk") or newest(d, box))
            count.check(f"HELO {helo}", {want, "DNSBL", "RDNS_BROKEN"} <= found, found)
        send(d, box, SOLD)
        found = signs(newest(d, box)) | signs(newest(d, box, "Junk") or newest(d, box))
        count.check("no name", "RDNS_NONE" in found, found)
        unwritten(count, d)


def unknown_ones_come_again(count, dns):
    with Daemon(*OPTIONS, f"dns.forward={dns}", "access.greylist=1s") as d:
        box = d.make_box()
        said, _ = send(d, box, CLEAN)
        count.check("the first try is told to come back", said and said.startswith("451 4.7.1"), said)
        said, _ = send(d, box, CLEAN, sender="other@good.example")
        count.check("another sender, too", said and said.startswith("451 4.7.1"), said)
        waits = attempt("deferred", "451 4.7.1", "not seen before, try again in a few minutes", "greylisted")
        count.check("who waits for it is told", attempts(d, box, 2) == [waits] * 2, attempts(d, box, 2))
        said, _ = send(d, {"address": "nobody@mayfly.localhost"}, CLEAN, sender="nosy@good.example")
        count.check("nobody waits behind a name that is not there", said and said.startswith("550 5.1.1"), said)
        time.sleep(1.1)
        count.check("the retry passes", send(d, box, CLEAN)[0] is None)
        count.check("and is told, too", attempts(d, box, 3) == [attempt("inbox", None, None, None), waits, waits], attempts(d, box, 3))
        count.check("and then its network does", send(d, box, CLEAN, sender="third@good.example")[0] is None)
        count.check("who is trusted never waits", send(d, box, None)[0] is None)
        count.check("counted", b'mayfly_smtp_rejected_total{reason="greylisted"} 2\n' in metrics(d))
        unwritten(count, d)


DISGUISED = "Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\r\n"


def junk_costs_domain_and_box(count, dns):
    """Each mail from another network, so that none of them has a bad standing by itself."""
    nets = iter(f"20.{i}.7.7" for i in range(250))
    with Daemon(*OPTIONS, f"dns.forward={dns}", "access.ban_score=14") as d:
        boxes = [d.make_box() for _ in range(5)]
        for box in boxes:
            count.check("junk is kept", send(d, box, next(nets), sender="a@junk.example", extra=DISGUISED)[0] is None and newest(d, box, "Junk"))
        said, _ = send(d, d.make_box(), next(nets), sender="b@mail.junk.example")
        count.check("then its domain is told to come back", said and said.startswith("451 4.3.0 too much junk from your domain"), said)
        count.check("who only claims to be it is not it", send(d, boxes[0], next(nets), sender="a@junk.example.good.example")[0] is None)
        count.check("another domain is taken", send(d, boxes[0], next(nets))[0] is None)
        for i in range(4):
            count.check("a box may get junk", send(d, boxes[0], next(nets), sender=f"a@any{i}.example", extra=DISGUISED)[0] is None)
        said, _ = send(d, boxes[0], next(nets), sender="a@any5.example", extra=DISGUISED)
        count.check("until it drowns in it", said and said.startswith("451 4.3.0 this mailbox gets too much junk"), said)
        count.check("other mail still comes in", send(d, boxes[0], next(nets))[0] is None)
        count.check("junk for another box, too", send(d, boxes[1], next(nets), sender="a@any6.example", extra=DISGUISED)[0] is None)
        listed = d.ctl("ban", "list")[1]
        count.check("the operator sees which kinds", "  domain    junk " in listed and "  box       junk " in listed and "junk.example" not in listed, listed)
        count.check("and can lift them", d.ctl("ban", "lift", "all")[1].startswith("2 ") and send(d, boxes[0], next(nets), sender="a@junk.example")[0] is None)
        files = b"".join(p.read_bytes() for p in d.folder.rglob("*") if p.is_file() and not p.is_symlink() and p.suffix != ".conf")
        count.check("no domain is written", b"junk.example" not in files and b"junk.example" not in metrics(d))


def what_a_senders_dns_can_do(count, dns):
    with Daemon(*OPTIONS, f"dns.forward={dns}") as d:
        for sender, spf in (("a@eleven.example", "permerror"), ("a@one.example", "temperror none"), ("a@never.example", "temperror")):
            box = d.make_box()
            said, spent = send(d, box, CLEAN, sender=sender, extra="Authentication-Results: mx.test; spf=pass\r\n")
            m = newest(d, box) or newest(d, box, "Junk")
            count.check(f"{sender} is taken", said is None and m, said)
            count.check(f"{sender}: SPF", m and m["auth"]["spf"] in spf.split(), m and m["auth"])
            count.check(f"{sender}: in bounded time", spent < 5, spent)
            _, _, raw = d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=box["token"])
            count.check(f"{sender}: the forged result has gone", b"mx.test; spf=pass\r\n" not in raw and raw.startswith(b"Authentication-Results: mx.test;"), raw[:200])


def main():
    count, dns = zone.Count(), zone.start()
    say_zone()
    for case in (block_lists_refuse, signs_weigh, unknown_ones_come_again, junk_costs_domain_and_box, what_a_senders_dns_can_do):
        case(count, dns)
    count.end()


main()
