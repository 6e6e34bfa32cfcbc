"""Writing over the REST interface: answers begin as they should, drafts are kept, what they name is found."""
import base64
import email
import email.policy
import http.client
import imaplib
import os
import re
import socket
import time
from email.message import EmailMessage

from client import Api, Daemon

d = Daemon("auth.cleartext=loopback", "smtp.max_bytes=8M", "box.max_bytes=64M")
api = Api(d)

LETTER = ("From: =?utf-8?q?J=C3=B6rg?= <joerg@example.com>\r\nTo: Box <{box}>, Anna <anna@example.com>\r\nCc: ben@example.com, {box}\r\n{more}"
          "Subject: Lunch?\r\nMessage-ID: <{id}@example.com>\r\nReferences: <first@example.com>\r\nDate: Sun, 22 Nov 2026 05:06:35 +0000\r\n"
          "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
          "Shall we eat?\r\n> earlier\r\n\r\nJörg\r\n-- \r\nJörg, Example Ltd.\r\n--x\r\nContent-Type: application/pdf\r\n"
          "Content-Disposition: attachment; filename=menu.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n")


def start():
    d.start()


def stop():
    assert d.stop() == 0, d.log_text()[-2000:]
    d.__exit__()


def b64(data):
    return base64.b64encode(data).decode()


def memory_held():
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    return int(re.search(rb"^mayfly_message_memory_bytes (\d+)", c.getresponse().read(), re.M)[1])


def letter(box, n="1", more=""):
    d.send(box["address"], LETTER.format(box=box["address"], id=n, more=more).encode())
    return api.v1("GET", "/mailbox/wait?timeout=10", token=box["token"], want=200)["id"]


def begin(box, mail, how, want=200):
    return api.v1("GET", f"/mailbox/messages/{mail}/compose?as={how}", token=box["token"], want=want)


def source(box, mail):
    raw = api.v1("GET", f"/mailbox/messages/{mail}/raw", token=box["token"])
    return email.message_from_bytes(raw if isinstance(raw, bytes) else raw.encode(), policy=email.policy.SMTP)


def an_answer_begins():
    box = api.box()
    mail = letter(box)
    reply = begin(box, mail, "reply")
    assert reply["to"] == [{"name": "Jörg", "address": "joerg@example.com"}] and reply["cc"] == [] and reply["subject"] == "Re: Lunch?"
    assert reply["text"] == "> Shall we eat?\n>> earlier\n>\n> Jörg\n" and reply["in_reply_to"] == mail and reply["attachments"] == []
    everybody = begin(box, mail, "reply_all")
    assert [p["address"] for p in everybody["cc"]] == ["anna@example.com", "ben@example.com"], everybody
    on = begin(box, mail, "forward")
    assert on["to"] == [] and on["subject"] == "Fwd: Lunch?" and on["text"].startswith("Shall we eat?") and on["in_reply_to"] is None
    assert on["attachments"] == [{"message": mail, "n": 0, "filename": "menu.pdf", "content_type": "application/pdf", "size": 5}]
    begin(box, mail, "edit", 422)
    begin(box, mail, "nothing", 422)
    begin(box, "0" * 32, "reply", 404)
    begin(api.box(), mail, "reply", 404)
    listed = api.box()
    other = letter(listed, "2", "Reply-To: List <list@example.com>, joerg@example.com\r\n")
    assert [p["address"] for p in begin(listed, other, "reply")["to"]] == ["list@example.com", "joerg@example.com"]


def a_draft_is_kept_and_goes_on():
    box = api.box()
    token, mail = box["token"], letter(box)
    made = api.v1("POST", "/mailbox/drafts", {**{k: v for k, v in begin(box, mail, "reply_all").items() if k != "attachments"}, "bcc": ["quiet@example.com"],
                  "attachments": [{"filename": "Größe.txt", "content_type": "text/plain", "content": b64("drei\n".encode())}]}, token, want=201)
    assert api.v1("GET", f"/mailbox/messages/{made['id']}", token=token)["folder"] == "Drafts"
    m = source(box, made["id"])
    assert m["From"] == box["address"] and m["Bcc"] == "quiet@example.com" and m["In-Reply-To"] == "<1@example.com>"
    assert m["References"] == "<first@example.com> <1@example.com>" and m["Subject"] == "Re: Lunch?"
    assert [a.get_filename() for a in m.iter_attachments()] == ["Größe.txt"]
    on = begin(box, made["id"], "edit")
    assert on["draft"] == made["id"] and [p["address"] for p in on["bcc"]] == ["quiet@example.com"] and on["attachments"][0]["filename"] == "Größe.txt"
    same = api.v1("POST", "/mailbox/drafts", on, token, want=201)["id"]  # handed in as it is
    assert [p["address"] for p in begin(box, same, "edit")["to"]] == [p["address"] for p in on["to"]] and source(box, same)["Bcc"] == "quiet@example.com"
    api.v1("DELETE", f"/mailbox/messages/{same}", token=token, want=204)
    keep = [{"message": a["message"], "n": a["n"]} for a in on["attachments"]]
    again = api.v1("PUT", f"/mailbox/drafts/{made['id']}", {"to": on["to"], "subject": "Re: Lunch, later", "text": "Yes.", "attachments": [*keep, {"message": mail, "n": 0, "filename": "map.pdf"}]}, token)
    api.v1("GET", f"/mailbox/messages/{made['id']}", token=token, want=404)
    m = source(box, again["id"])
    assert m["References"] == "<first@example.com> <1@example.com>" and m["Bcc"] is None and m["Subject"] == "Re: Lunch, later"
    assert [(a.get_filename(), a.get_content()) for a in m.iter_attachments()] == [("Größe.txt", "drei\n"), ("map.pdf", b"%PDF-")]
    rows = api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"]
    assert [r["id"] for r in rows] == [again["id"]] and rows[0]["seen"]
    assert [f["total"] for f in api.v1("GET", "/mailbox", token=token)["folders"] if f["name"] == "Drafts"] == [1]
    api.v1("PUT", f"/mailbox/drafts/{made['id']}", {"text": "x"}, token, want=404)
    api.v1("PUT", f"/mailbox/drafts/{mail}", {"text": "x"}, token, want=422)
    api.v1("DELETE", f"/mailbox/messages/{again['id']}", token=token, want=204)


def appended(box, raw):
    """A draft as a mail program puts it there; its id."""
    imap = imaplib.IMAP4(*d.address("imap.listen"))
    imap.login(box["address"], box["token"])
    assert imap.append("Drafts", r"\Draft", None, raw)[0] == "OK"
    imap.logout()
    return api.v1("GET", "/mailbox/messages?folder=Drafts", token=box["token"])["messages"][0]["id"]


def what_is_formatted_stays_so():
    box = api.box()
    token, page = box["token"], "<p>Grüße <b>aus</b> Köln</p>\n"

    def saved(**draft):
        return api.v1("POST", "/mailbox/drafts", {"to": ["anna@example.com"], **draft}, token, want=201)["id"]

    def both(mail):
        m = source(box, mail)
        return [m.get_body((kind,)).get_content().replace("\r\n", "\n") if m.get_body((kind,)) else None for kind in ("plain", "html")]

    on = begin(box, saved(text="Grüße aus Köln", html=page, attachments=[{"filename": "a.txt", "content": b64(b"x")}]), "edit")
    assert on["html"].replace("\r\n", "\n") == page and on["text"].strip() == "Grüße aus Köln", on
    again = api.v1("PUT", f"/mailbox/drafts/{on['draft']}", {k: v for k, v in on.items() if k != "draft"}, token)["id"]  # as it is
    assert both(again) == ["Grüße aus Köln\n", page] and len(list(source(box, again).iter_attachments())) == 1
    on = begin(box, saved(html=page), "edit")
    assert "Grüße aus Köln" in on["text"] and on["html"].replace("\r\n", "\n") == page and not on["html_left_out"]
    assert both(api.v1("PUT", f"/mailbox/drafts/{on['draft']}", {"text": "Anders"}, token)["id"]) == ["Anders\n", None]  # what it says is what it is
    on = begin(box, saved(text="x"), "edit")
    assert on["html"] == "" and not on["html_left_out"], on
    on = begin(box, saved(html='<p>See</p><img src="CID:a@b">'), "edit")
    assert on["html"] == "" and on["html_left_out"] and "See" in on["text"], on  # it would show nothing
    again = api.v1("PUT", f"/mailbox/drafts/{on['draft']}", {k: v for k, v in on.items() if k != "draft"}, token)["id"]
    assert not begin(box, again, "edit")["html_left_out"], "it is text alone now"
    long = b"From: %s\r\nSubject: long\r\nContent-Type: text/html\r\n\r\n<p>Long</p>%s\r\n" % (box["address"].encode(), b"<b>word</b>\r\n" * 400_000)
    on = begin(box, appended(box, long), "edit")
    assert on["html"] == "" and on["html_left_out"] and "Long" in on["text"], len(on["html"])
    d.send(box["address"], "From: a@example.com\r\nSubject: html\r\nContent-Type: text/html\r\n\r\n<p>Lunch?</p>\r\n".encode())
    mail = api.v1("GET", "/mailbox/wait?timeout=10&subject=html", token=token, want=200)["id"]
    assert {(begin(box, mail, how)["html"], begin(box, mail, how)["html_left_out"]) for how in ("reply", "reply_all", "forward")} == {("", False)}


def drafts_that_are_none():
    box = api.box()
    token = box["token"]
    for body, want in [({"to": ["nobody"]}, 422), ({"nonsense": 1}, 422), ({"undo": 10}, 422), ({"in_reply_to": "0" * 32}, 404), ({"attachments": [{"message": "0" * 32, "n": 0}]}, 404),
                       ({"attachments": [{"content": "%"}]}, 422), ({"attachments": [{"content": b64(os.urandom(7_000_000))}]}, 413)]:
        api.ask("POST", "/api/v1/mailbox/drafts", body, token, want=want)
    api.ask("POST", "/api/v1/mailbox/drafts", b"{", token, {"Content-Type": "application/json"}, want=400)
    api.ask("POST", "/api/v1/mailbox/drafts", {"text": "x"}, want=401)
    assert api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"] == []
    api.v1("POST", "/mailbox/drafts", {}, token, want=201)


def large_ones():
    box = api.box()
    token, data = box["token"], os.urandom(5_000_000)
    began = time.monotonic()
    made = api.v1("POST", "/mailbox/drafts", {"attachments": [{"filename": "big.bin", "content": b64(data)}], "text": "x" * 300_000}, token, want=201)
    again = api.v1("PUT", f"/mailbox/drafts/{made['id']}", {"attachments": [{"message": made["id"], "n": 0}]}, token)
    took = time.monotonic() - began
    assert next(source(box, again["id"]).iter_attachments()).get_content() == data and took < 30, took  # linear; squared it would be minutes
    api.ask("PUT", f"/api/v1/mailbox/drafts/{again['id']}", {"attachments": [{"message": again["id"], "n": 0}] * 2}, token, want=413)
    for cut in (0.3, 0.999, 1):  # who leaves in the middle, or before the answer
        body = ('{"attachments": [{"content": "%s"}]}' % b64(data)).encode()
        head = f"POST /api/v1/mailbox/drafts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(d.address("http.listen"), timeout=10) as s:
            s.sendall(head.encode() + body[:int(len(body) * cut)])
    until, free = time.monotonic() + 10, 0
    while free < 10 and time.monotonic() < until:  # for a while: what was sent may still be on its way in
        free = free + 1 if memory_held() == 0 else 0
        time.sleep(0.05)
    assert free == 10, f"message memory was not given back: {memory_held()}"


def files_stay_what_they_are():
    box = api.box()
    csv, latin, ics = "a;b\r\n".encode("utf-16le"), "Grüße\r\n".encode("latin-1"), b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
    m = EmailMessage()
    m["From"], m["Subject"] = "joerg@example.com", "files"
    m.set_content("three")
    m.add_attachment(csv, "text", "csv", filename="u.csv", params={"charset": "utf-16le"})
    m.add_attachment(latin, "text", "plain", filename="l.txt", params={"charset": "iso-8859-1"})
    m.add_attachment(ics, "text", "calendar", filename="i.ics", params={"charset": "utf-8", "method": "REQUEST"})
    d.send(box["address"], m.as_bytes(policy=email.policy.SMTP))
    mail = api.v1("GET", "/mailbox/messages", token=box["token"])["messages"][0]["id"]
    made = api.v1("POST", "/mailbox/drafts", begin(box, mail, "forward"), box["token"], want=201)["id"]
    for now in (made, api.v1("POST", "/mailbox/drafts", begin(box, made, "edit"), box["token"], want=201)["id"]):
        files = list(source(box, now).iter_attachments())
        assert [f.get_payload(decode=True) for f in files] == [csv, latin, ics]
        assert [(f.get_content_type(), f.get_param("charset"), f.get_param("method")) for f in files] == [
            ("text/csv", "utf-16le", None), ("text/plain", "iso-8859-1", None), ("text/calendar", "utf-8", "REQUEST")], files
    plain = api.v1("POST", "/mailbox/drafts", {"attachments": [{"filename": "u.csv", "content_type": "text/csv", "content": b64(csv)}]}, box["token"], want=201)["id"]
    assert next(source(box, plain).iter_attachments()).get_param("charset") is None  # nobody has said


def a_list_can_be_left():
    box = api.box()
    for i, (field, want) in enumerate([("<https://list.example/off?u=1>, <mailto:off@list.example?subject=bye%20now&body=a%0Db>", {"url": "https://list.example/off?u=1", "mail": {"address": "off@list.example", "subject": "bye now", "text": "a\rb"}}),
                                       ("<mailto:off@list.example>", {"url": None, "mail": {"address": "off@list.example", "subject": "", "text": ""}}),
                                       ("<http://list.example/off>, <javascript:alert(1)>, <mailto:nobody>, <https://list.example/\"x>", None)]):
        d.send(box["address"], f"From: l@list.example\r\nSubject: {i}\r\nList-Unsubscribe: {field}\r\nMessage-ID: <{i}@list.example>\r\n\r\nx\r\n".encode())
        got = api.v1("GET", f"/mailbox/wait?timeout=10&subject={i}", token=box["token"], want=200)
        assert got["unsubscribe"] == want, got["unsubscribe"]


def nothing_is_sent_to_nobody():
    token = api.box()["token"]
    api.v1("POST", "/mailbox/send", {"text": "x"}, token, want=422)
    assert api.ask("POST", "/api/v1/mailbox/send", {"text": "x", "to": ["stranger@example.com"]}, token, want=403)[2]["code"] == "send_no_way_out"
    api.v1("POST", "/mailbox/send/proof", {"challenge": "x", "nonce": "y"}, token, want=428)
    assert api.v1("GET", "/mailbox/outbox", token=token, want=200) == {"outbox": []}
    api.v1("DELETE", f"/mailbox/outbox/{'0' * 32}", token=token, want=404)


CASES = [nothing_is_sent_to_nobody, a_list_can_be_left, an_answer_begins, a_draft_is_kept_and_goes_on, files_stay_what_they_are, what_is_formatted_stays_so, drafts_that_are_none, large_ones]
