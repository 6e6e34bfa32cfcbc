#!/usr/bin/env python3
"""What a mail is, judged by a whole server: forged authors, look-alikes, disguised attachments and listed domains land in
Junk with a reason, sign-up mail does not; also from a client that no DNS question is asked about."""
import base64
import smtplib
import sys
import time
import zone

sys.path.insert(0, str(zone.ROOT / "tests/lib"))
from daemon import Daemon  # noqa: E402

CLIENT = "198.51.100.77"
HEAD = "Date: {date}\r\nMessage-ID: <{id}@shop.example>\r\nMIME-Version: 1.0\r\n"


def send(d, box, text, client=None):
    """None, or the reply that refused it. Fields of text come after a usual head without From and Subject."""
    now = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    message = HEAD.format(date=now, id=time.monotonic_ns()) + f"To: {box['address']}\r\n" + text.replace("\n", "\r\n")
    with smtplib.SMTP(*d.address("smtp.listen"), timeout=30) as s:
        if client:
            s.docmd(f"XCLIENT ADDR={client}")
        try:
            s.sendmail("bounce@shop.example", [box["address"]], message.encode())
        except smtplib.SMTPDataError as e:
            return f"{e.smtp_code} {e.smtp_error.decode()}"
    return None


def newest(d, box, folder):
    page = d.api("GET", f"/mailbox/messages?folder={folder}", token=box["token"])
    return page["messages"][0] if page["messages"] else None


def judged(count, d, what, text, folder, symbol=None, client=None):
    box = d.make_box()
    said = send(d, box, text, client)
    m = newest(d, box, folder)
    count.check(f"{what}: taken, into {folder}", said is None and m, said)
    verdict = m["verdict"] if m else {"symbols": [], "word": None, "score": None}
    names = [s["name"] for s in verdict["symbols"]]
    count.check(f"{what}: says why", symbol is None or symbol in names, names)
    count.check(f"{what}: every symbol has a reason", all(s["reason"] and isinstance(s["score"], (int, float)) for s in verdict["symbols"]), verdict)
    count.check(f"{what}: in three steps", (verdict["score"], verdict["word"]) in ((0, "ham"), (0.5, "unsure"), (0.9, "junk"), (None, None)), verdict)
    count.check(f"{what}: the word fits the folder", (verdict["word"] == "junk") == (folder == "Junk"), verdict)
    return names


def of_any_client(count, d):
    names = judged(count, d, "a code", "From: Shop <no-reply@shop.example>\nSubject: Your code is 482913\n\nYour code is 482913. It is valid for ten minutes.\n", "INBOX")
    count.check("a code: it is awaited, nothing against it", names == ["AWAITED"], names)
    names = judged(count, d, "a sign-up mail", "From: Shop <no-reply@shop.example>\nSubject: Confirm your address\nContent-Type: text/plain; charset=utf-8\n\nHello Ann,\n\nplease confirm your address:\n"
                   "https://shop.example/c/8f3a9b2c7d1e\n", "INBOX")
    count.check("a sign-up mail: it is awaited, nothing against it", names == ["AWAITED"], names)
    judged(count, d, "a disguised program", 'From: Shop <a@shop.example>\nSubject: Invoice\nContent-Disposition: attachment; filename="invoice.pdf.exe"\n\nMZ\n', "Junk", "FILE_DISGUISED")
    judged(count, d, "a look-alike", "From: a@paypa1.com\nSubject: Your account\n\nPlease read this letter carefully and answer soon.\n", "Junk", "FROM_LOOKALIKE")
    judged(count, d, "another address as name", 'From: "help@bank.com" <x@evil.example>\nReply-To: <q@gmail.com>\nSubject: Your account\n\nPlease read this letter carefully.\n', "Junk", "NAME_OTHER_ADDRESS")
    judged(count, d, "two addresses in From", "From: a@shop.example, b@bank.example\nSubject: Hello\n\nPlease read this letter carefully and answer soon.\n", "INBOX", "FROM_SEVERAL")
    judged(count, d, "a domain of mixed alphabets", "From: a@xn--80ak6aa92e.com\nSubject: Hello\n\nPlease look at https://xn--80ak6aa92e.com/ and answer soon.\n", "Junk", "LINK_MIXED")
    judged(count, d, "a bank's name before another domain", "From: a@shop.example\nSubject: Hello\n\nPlease look at https://www.paypal.com.evil.example/ now.\n", "Junk", "LINK_BELOW")
    box = d.make_box()
    said = send(d, box, "From: a@shop.example\nFrom: b@bank.example\nSubject: two\n\nHello\n")
    count.check("two From fields are refused", said and said.startswith("554 5.6.0"), said)


def listed(count, d):
    text = "From: Ann <ann@good.example>\nSubject: Hello\n\nPlease look at https://www.{}/x when you have time.\n"
    judged(count, d, "a listed link", text.format("pills.example"), "Junk", "LINK_LISTED", CLIENT)
    names = judged(count, d, "an answer outside 127/8", text.format("outside.example"), "INBOX", None, CLIENT)
    names += judged(count, d, "a list that lets nobody ask", text.format("denied.example"), "INBOX", None, CLIENT)
    names += judged(count, d, "a list that does not answer", text.format("silent.example"), "INBOX", None, CLIENT)
    count.check("none of them is a listing", "LINK_LISTED" not in names, names)
    judged(count, d, "a listed author", "From: Ann <ann@pills.example>\nReply-To: b@gmail.com\nSubject: Hello\n\nPlease read this letter carefully and answer.\n", "Junk", "AUTHOR_LISTED", CLIENT)


CODES = {
    "en": ("Your code is 482913", "Your code is 482913. It is valid for ten minutes."),
    "de": ("Dein Code: 482913", "Dein Code lautet 482913. Bitte gib ihn innerhalb von zehn Minuten ein."),
    "ja": ("認証コード 482913", "認証コードは482913です。10分以内に入力してください。"),
}


def with_prior(count, d):
    """It leans, is shown by its direction, and neither sign-up mail nor what a script sends suffers."""
    for name, (subject, text) in CODES.items():
        subject = "=?utf-8?B?" + base64.b64encode(subject.encode()).decode() + "?="
        body = base64.b64encode(text.encode()).decode()
        names = judged(count, d, f"a code ({name})", f"From: Shop <no-reply@shop.example>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n"
                       f"Content-Transfer-Encoding: base64\n\n{body}\n", "INBOX", "AWAITED")
        count.check(f"a code ({name}): nothing else against it", sorted(names) in (["AWAITED"], ["AWAITED", "PRIOR"]), names)
    box = d.make_box()
    with smtplib.SMTP(*d.address("smtp.listen"), timeout=30) as s:
        s.sendmail("root@host.example", [box["address"]], b"Subject: backup of db7\r\n\r\nfinished in 214 s\r\n")
    m = newest(d, box, "INBOX")
    count.check("what a script sends is in INBOX", m is not None, newest(d, box, "Junk"))
    leans = [s["score"] for s in m["verdict"]["symbols"] if s["name"] == "PRIOR"] if m else [2]
    count.check("the prior is shown by its direction, if at all", all(x in (-1, 0, 1) for x in leans), leans)


def main():
    count, dns = zone.Count(), zone.start()
    zone.texts({"good.example": "v=spf1 -all"})
    zone.testdns.ZONE["pills.example.dbl.example"] = [("A", "127.0.1.2")]
    zone.testdns.ZONE["outside.example.dbl.example"] = [("A", "198.51.100.9")]
    zone.testdns.ZONE["denied.example.dbl.example"] = [("A", "127.255.255.254")]
    zone.testdns.ZONE["silent.example.dbl.example"] = [("TIMEOUT", None)]
    with Daemon("test.xclient=true", f"dns.forward={dns}", "trust.deadline=2s", "trust.domain_lists=dbl.example") as d:
        of_any_client(count, d)
        listed(count, d)
    with Daemon("trust.prior=shipped") as d:
        with_prior(count, d)
    with Daemon("trust.content=false") as d:
        box = d.make_box()
        send(d, box, "From: a@paypa1.com\nSubject: WIN NOW!!\n\nhttps://bit.ly/x\n")
        m = newest(d, box, "INBOX")
        count.check("switched off: nothing is looked at", m and m["verdict"]["word"] is None and m["verdict"]["symbols"] == [], m)
    count.end()


main()
