#!/usr/bin/env python3
"""Readers teach: what one says of a sender counts for their box from the next mail on, over IMAP and REST alike; what the
learner makes of many clicks, and what it keeps of them on disk."""
import imaplib
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from daemon import Daemon, eq, run  # noqa: E402

# Junk by the rules alone, whoever sends it.
JUNK = ("From: \"support@bank.example\" <{who}@xn--80ak6aa92e.example>\r\nReply-To: other@elsewhere.example\r\nSubject: {subject}\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p style=\"display:none\">meeting minutes invoice "
        "library weather</p><a href=\"http://192.0.2.7/login\">https://www.paypal.com/</a> ACT N\u043eW cl\u0456ck h\u0435re</body></html>\r\n")


class Box:
    def __init__(self, d):
        self.d, self.box = d, d.make_box()
        self.token = self.box["token"]
        self.imap = imaplib.IMAP4(*d.address("imap.listen"))
        self.imap.login(self.box["address"], self.token)

    def folder_of(self, subject, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for folder in ("INBOX", "Junk"):
                for m in self.d.api("GET", f"/mailbox/messages?folder={folder}", token=self.token)["messages"]:
                    if m["subject"] == subject:
                        return folder, m["id"]
            time.sleep(0.02)
        raise AssertionError(f"{subject!r} is nowhere")

    def uid(self, folder, subject):
        self.imap.select(folder)
        return self.imap.uid("SEARCH", "SUBJECT", f'"{subject}"')[1][0].split()[-1]

    def arrives(self, text, subject):
        self.d.send(self.box["address"], text)
        return self.folder_of(subject)[0]


def lesson_is_taken(box, mail, subject, want):
    """The message is read after the click was answered: until then, at most a moment, mail goes where it went before."""
    for i in range(100):
        name = f"{subject} {chr(97 + i // 10)}{chr(97 + i % 10)}"
        got = box.arrives(mail(name), name)
        if got == want:
            return
        time.sleep(0.02)
    raise AssertionError(f"still in {got}")


def junk(subject, who="w"):
    return JUNK.format(subject=subject, who=who).encode()


def plain(subject, who="ann"):
    return f"From: {who}@plain.example\r\nSubject: {subject}\r\nMessage-ID: <{time.monotonic_ns()}@p.example>\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n\r\nshall we have lunch?\r\n".encode()


def daemon(*more):
    return Daemon("auth.cleartext=loopback", "server.drain=1s", *more)


def not_junk_over_imap_counts_for_the_next():
    with daemon() as d:
        one, other = Box(d), Box(d)
        eq(one.arrives(junk("begin"), "begin"), "Junk")
        eq(one.arrives(junk("again"), "again"), "Junk")
        one.imap.uid("MOVE", one.uid("Junk", "begin"), "INBOX")
        lesson_is_taken(one, junk, "second", "INBOX")
        eq(other.arrives(junk("other"), "other"), "Junk")
        eq(one.arrives(junk("stranger", who="x"), "stranger"), "Junk")
        one.imap.uid("COPY", one.uid("INBOX", "begin"), "Junk")
        lesson_is_taken(one, junk, "third", "Junk")


def junk_over_imap_counts_for_the_next():
    with daemon() as d:
        one, other = Box(d), Box(d)
        eq(one.arrives(plain("begin"), "begin"), "INBOX")
        one.imap.uid("MOVE", one.uid("INBOX", "begin"), "Junk")
        lesson_is_taken(one, plain, "second", "Junk")
        eq(other.arrives(plain("other"), "other"), "INBOX")
        one.imap.uid("MOVE", one.uid("Junk", "begin"), "Trash")
        lesson_is_taken(one, plain, "still", "Junk")


def keywords_count_like_moves():
    with daemon() as d:
        box = Box(d)
        box.arrives(plain("first"), "first")
        box.imap.select("INBOX")
        box.imap.uid("STORE", box.uid("INBOX", "first"), "+FLAGS", "($Junk)")
        lesson_is_taken(box, plain, "next", "Junk")
        box.imap.uid("STORE", box.uid("INBOX", "first"), "+FLAGS", "($NotJunk)")
        lesson_is_taken(box, plain, "later", "INBOX")


def a_keyword_that_is_removed_was_not_said():
    with daemon() as d:
        box = Box(d)
        for subject in ("first", "bystander"):
            box.arrives(plain(subject), subject)
        box.imap.select("INBOX")
        first, bystander = box.uid("INBOX", "first"), box.uid("INBOX", "bystander")
        box.imap.uid("STORE", first, "+FLAGS", "($Junk)")
        lesson_is_taken(box, plain, "next", "Junk")
        box.imap.select("INBOX")
        box.imap.uid("STORE", bystander, "FLAGS", "(\\Seen)")  # it never had one
        box.imap.uid("STORE", bystander, "-FLAGS", "($Junk \\Seen)")
        time.sleep(0.3)
        eq(box.arrives(plain("still"), "still"), "Junk")
        box.imap.select("INBOX")
        box.imap.uid("STORE", first, "-FLAGS", "($Junk)")
        lesson_is_taken(box, plain, "later", "INBOX")
        box.imap.select("INBOX")
        box.imap.uid("STORE", first, "+FLAGS", "($Junk)")  # nor was the opposite: it is said anew
        lesson_is_taken(box, plain, "anew", "Junk")
        box.imap.select("INBOX")
        box.imap.uid("STORE", first, "FLAGS", "(\\Seen)")
        lesson_is_taken(box, plain, "replaced", "INBOX")


def a_click_over_rest_counts_for_the_next():
    with daemon() as d:
        box = Box(d)
        box.arrives(plain("first"), "first")
        _, mid = box.folder_of("first")
        box.d.api("POST", f"/mailbox/messages/{mid}/verdict", {"spam": True}, token=box.token)
        lesson_is_taken(box, plain, "next", "Junk")
        box.d.api("POST", f"/mailbox/messages/{mid}/verdict", {"spam": False}, token=box.token)
        lesson_is_taken(box, plain, "later", "INBOX")


def what_a_reader_said_outlives_a_restart():
    """Sealed to the box: it counts again once its holder has been there, and dies with it."""
    with daemon() as d:
        box, other = Box(d), Box(d)
        eq(box.arrives(junk("begin"), "begin"), "Junk")
        box.imap.uid("MOVE", box.uid("Junk", "begin"), "INBOX")
        lesson_is_taken(box, junk, "second", "INBOX")
        box.arrives(plain("third"), "third")
        box.imap.uid("MOVE", box.uid("INBOX", "third"), "Junk")
        lesson_is_taken(box, plain, "fourth", "Junk")
        for _ in range(35):  # said and taken back, until the file has been shortened
            for to, by in (("INBOX", "Junk"), ("Junk", "INBOX")):
                box.imap.uid("MOVE", box.uid(by, "third"), to)
        time.sleep(0.3)
        box.imap.uid("MOVE", box.uid("INBOX", "begin"), "Junk")  # takes back
        box.imap.uid("MOVE", box.uid("Junk", "begin"), "INBOX")
        lesson_is_taken(box, junk, "fifth", "INBOX")
        files = list((d.data / "said").iterdir())
        eq(len(files), 1)
        size = files[0].stat().st_size
        assert 0 < size <= 64 * 106 and size % 106 == 0, size
        eq(d.stop(), 0)
        d.start()
        d.send(box.box["address"], junk("unvisited"))
        eq(box.folder_of("unvisited")[0], "Junk")
        eq(box.arrives(junk("sixth"), "sixth"), "INBOX")
        eq(box.arrives(plain("seventh"), "seventh"), "Junk")
        eq(other.arrives(junk("other"), "other"), "Junk")
        d.api("DELETE", "/mailbox", token=box.token)
        eq(list((d.data / "said").iterdir()), [])


def weights(d):
    return sorted(p.name for p in (d.data / "learner").iterdir())


def clicks_teach_only_where_the_operator_says_so():
    with daemon() as d:
        box = Box(d)
        box.arrives(plain("first"), "first")
        box.imap.uid("MOVE", box.uid("INBOX", "first"), "Junk")
        lesson_is_taken(box, plain, "next", "Junk")
        eq(d.stop(), 0)
        eq(weights(d), ["model.key"])
    with daemon("trust.learn=true") as d:
        box = Box(d)
        box.arrives(plain("first"), "first")
        box.imap.uid("MOVE", box.uid("INBOX", "first"), "Junk")
        lesson_is_taken(box, plain, "next", "Junk")
        eq(d.stop(), 0)
        eq(weights(d), ["model", "model.key", "model.steps"])
        size = (d.data / "learner/model").stat().st_size
        assert size < 300, f"{size} octets of what one reader taught"
        d.start()
        eq(Box(d).arrives(plain("after"), "after"), "INBOX")


if __name__ == "__main__":
    run([what_a_reader_said_outlives_a_restart, not_junk_over_imap_counts_for_the_next, junk_over_imap_counts_for_the_next, keywords_count_like_moves,
         a_keyword_that_is_removed_was_not_said, a_click_over_rest_counts_for_the_next,
         clicks_teach_only_where_the_operator_says_so])
