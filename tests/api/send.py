"""Sending over the REST interface and /lite, to another server: what arrives, what may not leave, what is told of it."""
import base64
import concurrent.futures
import email
import email.policy
import hashlib
import json
import re
import smtplib
import socket
import sys
import time

from client import ROOT, Api, Daemon, WebSocket, form

sys.path.insert(0, str(ROOT / "tests/out"))
from far import Far  # noqa: E402

FAR = Far("127.0.0.1", 0)
PORT = FAR.listener.getsockname()[1]
WAY = ["smtp_out.relay_host=127.0.0.1", f"smtp_out.relay_port={PORT}", "smtp_out.allow_private=true"]
shut = Daemon("send.policy=open", "send.forward=true", "auth.cleartext=loopback")  # nothing leaves
d = Daemon("send.policy=open", "send.forward=true", "send.max_recipients=5", "box.min_ttl=1s", *WAY)
shy = Daemon("send.verified_domains=mayfly.localhost", "send.mails_per_day=2", *WAY)  # else reply-only
api, other = Api(d), Api(shy)


def start():
    d.start()
    shy.start()
    shut.start()


def stop():
    FAR.close()
    for one in (d, shy, shut):
        assert one.stop() == 0, one.log_text()[-2000:]
        one.__exit__()


def arrived(before, n=1):
    mails = FAR.wait(before + n)
    assert len(mails) == before + n, f"{len(mails) - before} mails arrived"
    return mails[before], email.message_from_bytes(mails[before].data, policy=email.policy.SMTP)


def outbox(token, a=api):
    return a.v1("GET", "/mailbox/outbox", token=token, want=200)["outbox"]


def until(check, seconds=10):
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.05)
    return check()


def it_arrives_as_it_was_written():
    box, before = api.box(), len(FAR.mails)
    token = box["token"]
    may = api.v1("GET", "/mailbox", token=token)["sending"]
    assert may["policy"] == "open" and may["max_recipients"] == 5 and not may["stopped"]
    data = bytes(range(256)) * 40
    sent = api.v1("POST", "/mailbox/send", {
        "to": ["Jörg <joerg@example.com>"], "cc": [{"name": "", "address": "ben@example.com"}], "bcc": ["quiet@example.org"], "subject": "Grüße", "text": "Hallo\n.\nFrom here\n",
        "html": "<p>Hallo</p>", "attachments": [{"filename": "Größe.bin", "content_type": "application/x-thing", "content": base64.b64encode(data).decode()}]}, token, want=202)
    assert sent["undo_until"] is None
    mails = FAR.wait(before + 1)
    rcpts = {r for m in mails[before:] for r in m.rcpts}
    assert rcpts == {"joerg@example.com", "ben@example.com", "quiet@example.org"}, rcpts
    mail, m = arrived(before, len(mails) - before)
    assert mail.sender == box["address"] and m["Message-ID"] == sent["message_id"] and m["Bcc"] is None and m["Subject"] == "Grüße"
    assert m["From"].addresses[0].addr_spec == box["address"] and m.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Hallo\n.\nFrom here\n"
    assert [(a.get_filename(), a.get_content()) for a in m.iter_attachments()] == [("Größe.bin", data)]
    head = mail.data[:mail.data.index(b"\r\n\r\n")]
    assert b"127.0.0.1" not in mail.data and not re.search(rb"^(Received: from|X-|User-Agent)", head, re.M | re.I), head
    assert until(lambda: outbox(token)[0]["state"] == "sent"), outbox(token)
    one = outbox(token)[0]
    assert one["id"] == sent["id"] and one["message"] == sent["message"] and len(one["recipients"]) == 3 and not one["recallable"]
    copy = api.v1("GET", f"/mailbox/messages/{sent['message']}", token=token)
    assert copy["folder"] == "Sent" and copy["seen"] and copy["attachments"][0]["sha256"] == hashlib.sha256(data).hexdigest()
    api.v1("DELETE", f"/mailbox/outbox/{sent['id']}", token=token, want=409)


def an_answer_is_an_answer():
    box, before = api.box(), len(FAR.mails)
    token = box["token"]
    d.send(box["address"], "From: Anna <anna@example.com>\r\nSubject: Lunch\r\nMessage-ID: <lunch@example.com>\r\n\r\nWhen?\r\n")
    mail = api.v1("GET", "/mailbox/wait?timeout=10", token=token, want=200)["id"]
    begun = api.v1("GET", f"/mailbox/messages/{mail}/compose", token=token)
    draft = api.v1("POST", "/mailbox/drafts", {"to": begun["to"], "subject": begun["subject"], "text": "At one.\n" + begun["text"], "in_reply_to": mail}, token, want=201)["id"]
    api.v1("POST", "/mailbox/send", {"to": begun["to"], "subject": begun["subject"], "text": "At two.\n" + begun["text"], "draft": draft, "in_reply_to": mail}, token, want=202)
    _, m = arrived(before)
    assert m["In-Reply-To"] == "<lunch@example.com>" and m["References"] == "<lunch@example.com>" and m["Subject"] == "Re: Lunch" and "At two.\r\n> When?" in m.get_content()
    assert until(lambda: not api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"]), "the draft stayed"


def taken_back():
    box, before = api.box(), len(FAR.mails)
    token = box["token"]
    sent = api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "subject": "Oh", "text": "no", "undo": 3}, token, want=202)
    assert sent["undo_until"] and outbox(token)[0]["recallable"]
    api.v1("DELETE", f"/mailbox/outbox/{sent['id']}", token=api.box()["token"], want=404)
    back = api.v1("DELETE", f"/mailbox/outbox/{sent['id']}", token=token, want=200)
    assert api.v1("GET", f"/mailbox/messages/{back['draft']}", token=token)["folder"] == "Drafts"
    begun = api.v1("GET", f"/mailbox/messages/{back['draft']}/compose?as=edit", token=token)
    assert [p["address"] for p in begun["to"]] == ["anna@example.com"] and begun["text"].strip() == "no" and begun["draft"] == back["draft"]
    assert outbox(token) == []
    api.v1("DELETE", f"/mailbox/outbox/{sent['id']}", token=token, want=404)
    for _ in range(5):  # by several at once: one has it
        sent = api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "text": "no", "undo": 30}, token, want=202)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            said = list(pool.map(lambda _: api.ask("DELETE", f"/api/v1/mailbox/outbox/{sent['id']}", token=token, want=(200, 404, 409))[0], range(4)))
        assert sorted(said) == [200, 404, 404, 404], said
    again = api.v1("POST", "/mailbox/send", {**begun, "text": "yes", "undo": 1}, token, want=202)
    _, m = arrived(before)
    assert m.get_content().strip() == "yes" and again["id"] != sent["id"] and len(FAR.mails) == before + 1


def what_nobody_answers_can_be_taken_back():
    token, before = api.box()["token"], len(FAR.mails)
    mail = {"to": ["anna@example.com"], "subject": "Oh", "text": "no"}

    def sent_into_silence(verb):
        FAR.end_all()
        FAR.hush(verb)
        id = api.v1("POST", "/mailbox/send", mail, token, want=202)["id"]
        assert until(lambda: FAR.waits), verb
        return id

    try:
        for verb in ("GREETING", "EHLO", "MAIL", "DATA"):
            sent, begun = sent_into_silence(verb), time.monotonic()
            assert outbox(token)[0]["recallable"], verb
            assert api.v1("DELETE", f"/mailbox/outbox/{sent}", token=token, want=200)["draft"], verb
            assert outbox(token) == [] and time.monotonic() - begun < 5, verb
        sent = sent_into_silence(".")  # it has all of it
        assert not outbox(token)[0]["recallable"]
        api.v1("DELETE", f"/mailbox/outbox/{sent}", token=token, want=409)
        FAR.hush()
        arrived(before)
        FAR.cut(".", times=1)  # nobody knows whether it has that one
        sent = api.v1("POST", "/mailbox/send", mail, token, want=202)["id"]
        assert until(lambda: outbox(token)[0]["state"] == "delayed"), outbox(token)
        o = outbox(token)[0]
        assert not o["recallable"] and "it may have arrived" in o["recipients"][0]["reason"], o
        api.v1("DELETE", f"/mailbox/outbox/{sent}", token=token, want=409)
        FAR.cut(".", times=0)
        sent_into_silence("GREETING")
        assert api.v1("DELETE", "/mailbox", token=token, want=200)["unsent"] == 1, "the one that nobody has"
    finally:
        FAR.hush()
    time.sleep(0.3)
    assert len(FAR.mails) == before + 1


def it_leaves_while_the_box_is_there():
    token, before = api.box(ttl="7s")["token"], len(FAR.mails)
    ends = api.v1("GET", "/mailbox", token=token)["expires_at"]
    sent = api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "text": "soon", "undo": 60}, token, want=202)
    assert sent["undo_until"] < ends, (sent, ends)
    arrived(before)
    last = api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "text": "now", "undo": 60}, token, want=202)
    assert last["undo_until"] is None, last
    arrived(before, 2)


def who_is_the_same():
    token, before = api.box()["token"], len(FAR.mails)
    api.v1("POST", "/mailbox/send", {"to": ["A@far.example", "a@FAR.example", "A@FAR.example"], "text": "x"}, token, want=202)
    assert sorted(arrived(before)[0].rcpts) == ["A@far.example", "a@far.example"], FAR.mails[-1].rcpts
    ours = api.box()["address"]
    one = api.v1("POST", "/mailbox/send", {"to": [ours, ours.upper()], "text": "x"}, token, want=202)
    assert len(next(o for o in outbox(token) if o["id"] == one["id"])["recipients"]) == 1


def once_for_each_key():
    box, before = api.box(), len(FAR.mails)
    token, mail, key = box["token"], {"to": ["anna@example.com"], "subject": "once", "text": "x"}, {"Idempotency-Key": "4f8a0c6d1e"}
    mail["draft"] = api.v1("POST", "/mailbox/drafts", {"text": "x"}, token, want=201)["id"]
    api.v1("POST", "/mailbox/send", {"text": "nobody"}, token, want=422, headers=key)  # a refusal is not remembered
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        said = list(pool.map(lambda _: api.v1("POST", "/mailbox/send", mail, token, want=202, headers=key), range(6)))
    assert all(s == said[0] for s in said), said
    assert api.v1("POST", "/mailbox/send", mail, token, want=202, headers=key) == said[0]
    assert api.v1("POST", "/mailbox/send", {**mail, "draft": None}, token, want=202, headers={"Idempotency-Key": "another"})["id"] != said[0]["id"]
    assert api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "text": "x"}, api.box()["token"], want=202, headers=key)["id"] != said[0]["id"]
    api.v1("POST", "/mailbox/send", mail, token, want=422, headers={"Idempotency-Key": "k" * 129})
    api.v1("POST", "/mailbox/send", mail, token, want=422, headers={"Idempotency-Key": ""})
    arrived(before, 3)
    # Who leaves before the answer finds it later.
    text = json.dumps({"to": ["anna@example.com"], "text": "left"})
    with socket.create_connection(d.address("http.listen")) as s:
        s.sendall(f"POST /api/v1/mailbox/send HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: left\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
    FAR.wait(before + 4)
    again = api.v1("POST", "/mailbox/send", {"to": ["anna@example.com"], "text": "left"}, token, want=202, headers={"Idempotency-Key": "left"})
    assert until(lambda: next(o for o in outbox(token) if o["id"] == again["id"])["state"] == "sent")
    assert len(FAR.mails) == before + 4 and len(outbox(token)) == 3


def a_draft_is_sent_once():
    for n in (6, 1):  # at once, and one after the other
        box, before = api.box(), len(FAR.mails)
        token, mail = box["token"], {"to": ["anna@example.com"], "subject": "draft", "text": "x"}
        mail["draft"] = api.v1("POST", "/mailbox/drafts", {"text": "x"}, token, want=201)["id"]
        api.v1("POST", "/mailbox/send", {**mail, "to": []}, token, want=422)  # a refusal leaves it there
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            said = list(pool.map(lambda _: api.ask("POST", "/api/v1/mailbox/send", mail, token, want=(202, 404)), range(6)))
        assert sorted(s[0] for s in said) == [202] + 5 * [404], [s[0] for s in said]
        assert {s[2]["code"] for s in said if s[0] == 404} == {"draft_not_found"}
        arrived(before)


def what_became_of_it_is_told():
    box = api.box()
    token = box["token"]
    ws = WebSocket(d, token=token)
    FAR.says("gone@example.com", "550 5.1.1 Nobody of that name")
    FAR.says("busy@example.com", "451 4.3.0 Later")
    sent = api.v1("POST", "/mailbox/send", {"to": ["gone@example.com", "busy@example.com", "good@example.com"], "subject": "x", "text": "x"}, token, want=202)
    fates = {}
    while len(set(fates.values())) < 3 or "queued" in fates.values():
        e = ws.event()
        if e["type"] == "message.sending":
            assert e["sending"]["message"] == sent["message"]
            fates = {r["address"]: r["state"] for r in e["sending"]["recipients"]}
    assert fates == {"gone@example.com": "failed", "busy@example.com": "delayed", "good@example.com": "sent"}, fates
    one = outbox(token)[0]
    assert one["state"] == "failed" and one["next_try_at"]
    words = {r["address"]: (r["code"], r["status"], r["reason"]) for r in one["recipients"]}
    assert words["gone@example.com"][:2] == (550, "5.1.1") and "Nobody of that name" in words["gone@example.com"][2]
    assert until(lambda: any("gone@example.com" in m["intro"] or "MAILER-DAEMON" in m["from"]["address"].upper() for m in api.v1("GET", "/mailbox/messages", token=token)["messages"]))
    ws.close()


def a_burn_says_what_will_not_leave():
    box, before = api.box(), len(FAR.mails)
    token = box["token"]
    api.v1("POST", "/mailbox/send", {"to": ["good@example.com"], "text": "gone"}, token, want=202)
    assert until(lambda: outbox(token)[0]["state"] == "sent")
    for to in (["busy@example.com", "good@example.com"], ["anna@example.com"]):
        api.v1("POST", "/mailbox/send", {"to": to, "text": "x", "undo": 0 if len(to) > 1 else 60}, token, want=202)
    assert until(lambda: len(FAR.mails) == before + 2)
    assert until(lambda: outbox(token)[1]["state"] == "delayed")
    assert api.v1("DELETE", "/mailbox", token=token, want=200)["unsent"] == 2
    assert api.v1("DELETE", "/mailbox", token=api.box()["token"], want=200)["unsent"] == 0


def what_may_not_leave():
    token = api.box()["token"]
    for body, status, code in [({"text": "x"}, 422, "send_no_rcpts"), ({"to": ["a@example.com"] * 1 + [f"b{i}@example.com" for i in range(5)]}, 422, "send_too_many_rcpts"),
                               ({"to": ["nobody"]}, 422, "bad_value"), ({"to": ["a@example.com"], "undo": 61}, 422, "bad_value"), ({"to": ["a@example.com"], "draft": "0" * 32}, 404, "draft_not_found"),
                               ({"to": ["a@example.com"], "in_reply_to": "0" * 32}, 404, "answered_not_found"), ({"to": ["a@example.com"], "attachments": [{"message": "0" * 32, "n": 0}]}, 404, "attachment_not_found")]:
        said = api.ask("POST", "/api/v1/mailbox/send", body, token, want=status)[2]
        assert said["code"] == code, said
    assert outbox(token) == [] and api.v1("GET", "/mailbox/messages?folder=Sent", token=token)["messages"] == []
    api.v1("POST", "/mailbox/send/proof", {"challenge": "x", "nonce": "y"}, token, want=428)


def solve(challenge, bits):
    n = 0
    while int.from_bytes(hashlib.sha256(f"{challenge}:{n}".encode()).digest(), "big") >> (256 - bits):
        n += 1
    return str(n)


def a_proof_once_then_a_share_a_day():
    box, before = other.box(), len(FAR.mails)
    token, mail = box["token"], {"to": ["anna@example.com"], "text": "x"}
    assert other.v1("GET", "/mailbox", token=token)["sending"]["policy"] == "verified"
    assert other.ask("POST", "/api/v1/mailbox/send", mail, token, want=428)[2]["code"] == "send_not_verified"
    task = other.v1("GET", "/pow?for=sending")
    other.v1("POST", "/mailbox/send/proof", {"challenge": task["challenge"], "nonce": solve(task["challenge"], task["bits"])}, token, want=204)
    for _ in range(2):
        other.v1("POST", "/mailbox/send", mail, token, want=202)
    status, headers, said = other.ask("POST", "/api/v1/mailbox/send", mail, token, want=429)
    assert said["code"] == "send_cap_box" and int(headers["retry-after"]) > 0
    arrived(before, 2)


def without_javascript():
    box, before = api.box(), len(FAR.mails)
    token = box["token"]

    def post(path, want=200, **fields):
        body, headers = form(token=token, **fields)
        status, _, said = d.request("POST", f"/lite/{path}", body, None, headers)
        assert status == want, (status, said)
        return said.decode()

    d.send(box["address"], "From: Anna <anna@example.com>\r\nSubject: Lunch & more\r\nMessage-ID: <lite@example.com>\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
           "--x\r\n\r\nWhen </textarea>?\r\n--x\r\nContent-Disposition: attachment; filename=menu.pdf\r\n\r\nPDF\r\n--x--\r\n")
    mail = api.v1("GET", "/mailbox/wait?timeout=10", token=token, want=200)["id"]
    assert "Reply to all" in post("message", id=mail)
    page = post("write", id=mail, **{"as": "reply"})
    assert "Re: Lunch &amp; more" in page and "&gt; When &lt;/textarea&gt;?" in page and 'value="&quot;Anna&quot; &lt;anna@example.com&gt;"' in page
    refused = post("send", 422, to="nobody", subject="kept & shown", text="my words", answers=mail)
    assert "Not sent." in refused and "kept &amp; shown" in refused and "my words" in refused
    done = post("send", to="Anna <anna@example.com>", subject="Re: Lunch", text="At one.\r\n", answers=mail)
    item = re.search(r'action="/lite/back".*?name="id" value="([0-9a-f]{32})"', done)[1]
    once = re.search(r'name="once" value="([0-9a-f]{32})"', page)[1]
    assert once != re.search(r'name="once" value="([0-9a-f]{32})"', post("write"))[1]
    assert f'value="{once}"' in post("send", 422, to="nobody", text="x", once=once), "a form that was refused stays the same form"
    twice = dict(to="carl@example.com", subject="Once", text="x", once=once)
    assert "On its way" in post("send", **twice) and "no second mail" in post("send", **twice)
    assert len(outbox(token)) == 2, outbox(token)
    assert "On its way" in post("send", **{**twice, "text": "y"}), "changed, it is another mail"
    for x in outbox(token)[:2]:
        post("back", id=x["id"])
    assert "anna@example.com: on its way" in post("sent")
    again = post("back", id=item)  # what was taken back can be changed, and goes as one mail
    draft = api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"][0]
    assert draft["subject"] == "Re: Lunch" and "At one." in again and f'name="draft" value="{draft["id"]}"' in again and "Nothing lately." in post("sent")
    changed = dict(to="Anna <anna@example.com>", bcc="carl@example.com", subject="Re: Lunch", text="At two.", draft=draft["id"])
    assert "On its way" in post("send", **changed)
    late = post("send", 404, **changed)
    assert "The draft is not in this mailbox" in late and "At two." in late and 'value="carl@example.com"' in late and f'value="{draft["id"]}"' not in late
    item = re.search(r'action="/lite/back".*?name="id" value="([0-9a-f]{32})"', post("sent"))[1]
    assert 'value="carl@example.com"' in post("back", id=item)
    gone = api.v1("POST", "/mailbox/send", {"to": ["dora@example.com"], "text": "x"}, token, want=202)["id"]
    FAR.wait(before + 1)
    assert until(lambda: not outbox(token)[0]["recallable"]) and 'action="/lite/inbox"' in post("back", 409, id=gone)
    before += 1
    forward = post("write", id=mail, **{"as": "forward"})
    assert "The attachments of the mail go along." in forward
    post("send", to="ben@example.com", subject="Fwd: Lunch", text="See below", forwards=mail, files="0")
    api_box_outbox = outbox(token)
    assert api_box_outbox[0]["recipients"][0]["address"] == "ben@example.com" and len(FAR.mails) == before
    copy = api.v1("GET", f"/mailbox/messages/{api_box_outbox[0]['message']}", token=token)
    assert [a["filename"] for a in copy["attachments"]] == ["menu.pdf"]
    post("back", id=api_box_outbox[0]["id"])  # its files are the draft's now, and go with it
    draft = api.v1("GET", "/mailbox/messages?folder=Drafts", token=token)["messages"][0]["id"]
    api.v1("DELETE", f"/mailbox/messages/{draft}", token=token, want=204)
    for lost in (dict(draft=draft, forwards=draft), dict(forwards=draft)):
        late = post("send", 404, to="ben@example.com", text="x", files="0", **lost)
        assert "without attachments" in late and 'name="files" value=""' in late and 'name="draft" value=""' in late, late
    assert "On its way" in post("send", to="ben@example.com", text="x", files="", forwards=draft)


def of_an_address_here_nothing_is_asked():
    """Who sent it had logged in: /lite says so, as REST and the page do."""
    a, b = api.box(), api.box()
    api.v1("POST", "/mailbox/send", {"to": [b["address"]], "subject": "Next door", "text": "Hello"}, a["token"], want=202)
    m = api.v1("GET", "/mailbox/wait?timeout=10", token=b["token"], want=200)
    assert m["from"]["address"] == a["address"] and m["auth"] == {"spf": None, "dkim": None, "dmarc": None, "arc": None, "domain": a["address"].split("@")[1]}, m["auth"]
    body, headers = form(token=b["token"], id=m["id"])
    page = d.request("POST", "/lite/message", body, None, headers)[2].decode()
    assert "Sent from an address on this server" in page and "Could not be verified" not in page, page


def what_cannot_leave_is_refused_at_once():
    """Neither dns.forward nor smtp_out.relay_host: mail between boxes goes its way, the rest would only wait for its end."""
    assert {"way_out", "forward"} <= set(api.v1("GET", "/domains")["features"])
    a = Api(shut)
    assert "send.forward: does nothing without" in shut.log_text()
    assert not {"way_out", "forward"} & set(a.v1("GET", "/domains")["features"])
    box, friend = a.box(), a.box()
    said = shut.api("PATCH", "/mailbox", {"forward": "me@example.com"}, box["token"], want=(403,))
    assert said["code"] == "send_no_way_out", said
    assert shut.api("PATCH", "/mailbox", {"forward": ""}, box["token"])["forward"] is None
    said = a.v1("POST", "/mailbox/send", {"to": [friend["address"], "joe@example.com"], "text": "x"}, token=box["token"], want=403)
    assert said["code"] == "send_no_way_out" and said["detail"].startswith("joe@example.com: Mail cannot leave"), said
    with smtplib.SMTP(*shut.address("submission.listen"), timeout=10) as s:
        s.login(box["address"], box["token"])
        s.mail(box["address"])
        assert [s.rcpt(x)[0] for x in ("joe@example.com", friend["address"])] == [550, 250]
    a.v1("POST", "/mailbox/send", {"to": [friend["address"]], "subject": "Here", "text": "x"}, token=box["token"], want=202)
    m = shut.wait(friend["token"])
    assert m["subject"] == "Here"
    assert a.v1("GET", f"/mailbox/messages/{m['id']}/compose?as=reply", token=friend["token"])["refused"] is None


CASES = [what_cannot_leave_is_refused_at_once, it_arrives_as_it_was_written, an_answer_is_an_answer, taken_back, what_nobody_answers_can_be_taken_back, it_leaves_while_the_box_is_there, who_is_the_same, once_for_each_key, a_draft_is_sent_once, what_became_of_it_is_told, a_burn_says_what_will_not_leave, what_may_not_leave, a_proof_once_then_a_share_a_day, without_javascript, of_an_address_here_nothing_is_asked]
