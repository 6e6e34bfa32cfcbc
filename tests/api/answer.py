"""Drafts that go on. What was answered is marked so, from them too; and not any more once the answer was taken back."""
import imaplib
import time

from client import Api, Daemon, form

d = Daemon("send.policy=open", "auth.cleartext=loopback", "box.max_messages=1000", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=9", "smtp_out.allow_private=true")
api = Api(d)
ANSWER = {"to": ["anna@example.com"], "text": "At one.", "undo": 60}  # nothing leaves while a test runs


def start():
    d.start()


def stop():
    assert d.stop() == 0, d.log_text()[-2000:]
    d.__exit__()


def until(check, seconds=10):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.02)
    return check()


def answered(token, mail):
    return api.v1("GET", f"/mailbox/messages/{mail}", token=token)["answered"]


def arrives(box, name, more=""):
    d.send(box["address"], f"From: Anna <anna@example.com>\r\nSubject: {name}\r\nMessage-ID: <{name}@example.com>\r\n{more}\r\nWhen?\r\n")
    return api.v1("GET", f"/mailbox/wait?timeout=10&subject={name}", token=box["token"], want=200)["id"]


def send(token, **more):
    return api.v1("POST", "/mailbox/send", {**ANSWER, **more}, token, want=202)["id"]


def back(token, item):
    return api.v1("DELETE", f"/mailbox/outbox/{item}", token=token, want=200)["draft"]


def opened_again(token, draft):
    begun = api.v1("GET", f"/mailbox/messages/{draft}/compose?as=edit", token=token)
    assert begun["in_reply_to"] is None and begun["draft"] == draft
    return begun


def draft_of(token, mail):
    return api.v1("POST", "/mailbox/drafts", {"to": ANSWER["to"], "text": "At one.", "in_reply_to": mail}, token, want=201)["id"]


def from_a_draft_that_was_opened_again():
    box = api.box()
    token = box["token"]
    mail, other = arrives(box, "one"), arrives(box, "two", "In-Reply-To: <one@example.com>\r\n")
    begun = opened_again(token, draft_of(token, mail))
    assert not answered(token, mail)
    send(token, **begun)
    assert until(lambda: answered(token, mail)) and not answered(token, other)
    body, headers = form(token=token, to="anna@example.com", text="At two.", draft=draft_of(token, other))
    assert d.request("POST", "/lite/send", body, None, headers)[0] == 200
    assert until(lambda: answered(token, other))


def wherever_it_lies():
    box = api.box()
    token = box["token"]
    mails = [arrives(box, f"n{n}") for n in range(205)]  # more than a page behind it
    begun, filed = opened_again(token, draft_of(token, mails[0])), opened_again(token, draft_of(token, mails[1]))
    imap = imaplib.IMAP4(*d.address("imap.listen"))
    imap.login(box["address"], token)
    imap.create("Later")
    api.v1("PATCH", f"/mailbox/messages/{mails[1]}", {"folder": "Later"}, token)
    send(token, **begun)
    send(token, **filed)
    assert until(lambda: answered(token, mails[0])) and until(lambda: answered(token, mails[1]))
    assert not any(m["answered"] for m in api.v1("GET", "/mailbox/messages?limit=200", token=token)["messages"])
    begun = opened_again(token, draft_of(token, mails[2]))
    api.v1("DELETE", f"/mailbox/messages/{mails[2]}", token=token, want=204)  # it is sent all the same
    send(token, **begun)
    imap.select("INBOX")
    imap.append("Drafts", r"\Draft", None, f"From: {box['address']}\r\nTo: anna@example.com\r\nIn-Reply-To: <n3@example.com>\r\n\r\nx\r\n".encode())
    send(token, **opened_again(token, api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"][0]["id"]))
    assert until(lambda: answered(token, mails[3])), "of a draft that a mail program saved"
    imap.logout()


def the_mark_goes_with_the_answer():
    box = api.box()
    token, mail = box["token"], arrives(box, "one")
    for _ in range(5):  # at once, perhaps before it was set
        back(token, send(token, in_reply_to=mail))
    time.sleep(0.2)
    assert not answered(token, mail)
    item = send(token, in_reply_to=mail)
    assert until(lambda: answered(token, mail))
    draft = back(token, item)
    assert until(lambda: not answered(token, mail))
    first = send(token, **opened_again(token, draft))
    assert until(lambda: answered(token, mail))
    second = send(token, in_reply_to=mail)
    back(token, first)
    time.sleep(0.2)
    assert answered(token, mail), "another answer stands"
    back(token, second)
    assert until(lambda: not answered(token, mail)), "no answer stands"
    body, headers = form(token=token, id=send(token, in_reply_to=mail))
    assert until(lambda: answered(token, mail)) and d.request("POST", "/lite/back", body, None, headers)[0] == 200
    assert until(lambda: not answered(token, mail))


def without_javascript_formatting_is_lost_and_that_is_said():
    box = api.box()
    token = box["token"]
    for more, said in (({"html": "<b>x</b>"}, True), ({}, False)):
        body, headers = form(token=token, id=send(token, **more))
        page = d.request("POST", "/lite/back", body, None, headers)[2].decode()
        assert ("goes as plain text" in page) == said, page
        body, headers = form(token=token, to="nobody", text="x", plain="1" if said else "")
        assert ("goes as plain text" in d.request("POST", "/lite/send", body, None, headers)[2].decode()) == said


def a_mark_that_was_there_stays():
    box = api.box()
    token, mail = box["token"], arrives(box, "one")
    imap = imaplib.IMAP4(*d.address("imap.listen"))
    imap.login(box["address"], token)
    imap.select("INBOX")
    imap.store("1", "+FLAGS", r"(\Answered)")
    imap.logout()
    item = send(token, in_reply_to=mail)
    time.sleep(0.2)
    back(token, item)
    time.sleep(0.2)
    assert answered(token, mail)


CASES = [from_a_draft_that_was_opened_again, wherever_it_lies, the_mark_goes_with_the_answer, a_mark_that_was_there_stays,
         without_javascript_formatting_is_lost_and_that_is_said]
