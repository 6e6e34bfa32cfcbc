"""/compat/mailtm: by hand, and with the client that people use (npm @cemalgnlts/mailjs)."""
import json
import os
import subprocess

from client import HERE, Api, Daemon, Events, mail, npm

BASE = "/compat/mailtm"
d = Daemon()
api = Api(d)
JSON, LD = {"Accept": "application/json"}, {"Accept": "application/ld+json"}


def start():
    d.start()


def stop():
    d.__exit__()


def ask(method, path, body=None, token=None, want=200, headers=JSON):
    status, h, said = d.request(method, BASE + path, body, token, headers)
    assert status == want, (method, path, status, said[:300])
    return json.loads(said) if said else None


def account(name):
    address = f"{name}@{ask('GET', '/domains')[0]['domain']}"
    made = ask("POST", "/accounts", {"address": address, "password": "correct horse 77"}, want=201)
    login = ask("POST", "/token", {"address": address, "password": "correct horse 77"})
    assert login["id"] == made["id"] and made["address"] == address
    return address, made["id"], login["token"]


def domains_in_both_frames():
    one = ask("GET", "/domains")[0]
    assert one["isActive"] and ask("GET", "/domains/" + one["id"])["domain"] == one["domain"]
    ld = ask("GET", "/domains?page=1", headers=LD)
    assert ld["hydra:member"][0]["domain"] == one["domain"] and ld["hydra:totalItems"] == 1
    assert ask("GET", "/domains?page=2") == []
    for unsaid in ({}, {"Accept": "*/*"}, {"Accept": "text/html, */*;q=0.8"}):
        assert ask("GET", "/domains", headers=unsaid)["hydra:totalItems"] == 1, unsaid
    assert isinstance(ask("GET", "/domains", headers={"Accept": "application/json, text/plain, */*"}), list)
    ask("GET", "/domains/0", want=404)


def errors_in_its_own_shape():
    _, _, token = account("wrong.ways")
    for path, token, status in (("/me", None, 401), ("/me", "mf1_" + "A" * 43, 401), ("/messages/x", token, 404), ("/messages/" + "0" * 32, token, 404)):
        said = ask("GET", path, token=token, want=status)
        assert said["code"] == status and said["message"] == said["detail"] and "type" not in said, said
        ld = ask("GET", path, token=token, want=status, headers={})
        assert ld["@type"] == "hydra:Error" and ld["hydra:description"] == ld["detail"] == said["detail"], ld
    assert ask("PATCH", "/messages/" + "0" * 32, {"seen": 1}, token, want=422)["code"] == 422


def accounts_and_messages():
    address, id_, token = account("first.account")
    assert ask("GET", "/me", token=token)["id"] == id_ == ask("GET", "/accounts/" + id_, token=token)["id"]
    ask("GET", "/accounts/" + "0" * 32, token=token, want=404)
    ask("DELETE", "/accounts/" + "0" * 32, token=token, want=404)
    ask("GET", "/me", want=401)
    ask("POST", "/token", {"address": address, "password": "wrong horse 77"}, want=401)
    ask("POST", "/accounts", {"address": address, "password": "correct horse 77"}, want=422)
    ask("POST", "/accounts", {"address": "nodomain", "password": "correct horse 77"}, want=422)
    ask("POST", "/accounts", {"address": address}, want=422)
    s = Events(d, token, last=1 << 40, path=f"{BASE}/.well-known/mercure?topic=/accounts/{id_}")
    assert s.status == 200
    for i in range(35):
        d.send(address, mail(f"Number {i}"))
    assert s.event(described=False)["subject"] == "Number 0"
    page = ask("GET", "/messages", token=token)
    assert [m["subject"] for m in page] == [f"Number {i}" for i in range(34, 4, -1)]
    assert [m["subject"] for m in ask("GET", "/messages?page=2", token=token)] == [f"Number {i}" for i in range(4, -1, -1)]
    assert ask("GET", "/messages?page=3", token=token) == []
    assert ask("GET", "/messages", token=token, headers=LD)["hydra:member"][0]["@type"] == "Message"
    m = ask("GET", "/messages/" + page[0]["id"], token=token)
    assert m["from"]["address"] == "joe@example.test" and m["hasAttachments"] and "482913" in m["text"] and m["html"] == ["<p>Your verification code is <b>482913</b></p>"]
    status, _, file = d.request("GET", BASE + m["attachments"][0]["downloadUrl"], token=token)
    assert status == 200 and file == b"<b>hello</b>"
    raw = d.request("GET", BASE + m["downloadUrl"], token=token)[2]
    assert ask("GET", "/sources/" + m["id"], token=token)["data"].encode() == raw
    assert ask("PATCH", "/messages/" + m["id"], {"seen": True}, token)["seen"] is True
    ask("DELETE", "/messages/" + m["id"], token=token, want=204)
    ask("GET", "/messages/" + m["id"], token=token, want=404)
    for path in ("/.well-known/mercure", "/.well-known/mercure?topic=*", "/.well-known/mercure?topic=/accounts/" + "0" * 32):
        ask("GET", path, token=token, want=403)
    ask("DELETE", "/accounts/" + id_, token=token, want=204)
    ask("GET", "/me", token=token, want=401)


def counts_what_it_lists():
    address, _, token = account("counts.right")
    for i in range(33):
        d.send(address, mail(f"Number {i}"))
    first, second = (ask("GET", f"/messages?page={n}", token=token, headers=LD) for n in (1, 2))
    assert first["hydra:totalItems"] == second["hydra:totalItems"] == 33
    for m in first["hydra:member"][:2]:
        api.v1("POST", f"/mailbox/messages/{m['id']}/verdict", {"spam": True}, token)
    pages = [ask("GET", f"/messages?page={n}", token=token, headers=LD) for n in (1, 2, 3)]
    assert [len(p["hydra:member"]) for p in pages] == [30, 1, 0]
    assert [p["hydra:totalItems"] for p in pages] == [31] * 3, [p["hydra:totalItems"] for p in pages]


def sources_of_any_bytes():
    address, _, token = account("any.bytes")
    body = "\u20ac\U0001f600" * 200000
    d.send(address, ("Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "\r\n".join(body[i:i + 70] for i in range(0, len(body), 70)) + "\r\n").encode())
    d.send(address, b"Subject: y\r\n\r\n\xff\xfe \xe2\x82\r\n")
    for m in ask("GET", "/messages", token=token):
        raw = d.request("GET", BASE + m["downloadUrl"], token=token)[2]
        assert ask("GET", "/sources/" + m["id"], token=token)["data"] == raw.decode("utf-8", "replace")


def the_client_of_the_wild():
    npm()
    host, port = d.address("http.listen")
    smtp = "%s:%d" % d.address("smtp.listen")
    r = subprocess.run(["node", "mailjs.mjs", f"http://{host}:{port}{BASE}", smtp], cwd=HERE, capture_output=True, text=True, timeout=60,
                       env={**os.environ, "NO_PROXY": "*"})
    assert r.returncode == 0, r.stdout + r.stderr


CASES = [domains_in_both_frames, errors_in_its_own_shape, accounts_and_messages, counts_what_it_lists, sources_of_any_bytes, the_client_of_the_wild]
