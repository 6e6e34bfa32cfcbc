"""The REST interface: each route, each kind of refusal."""
import hashlib
import json
import re
import subprocess
import time

from client import HERE, ROOT, SAFE, SEEN, SPEC, Api, Daemon, mail, npm

d = Daemon("http.cors_origins=https://friend.example")
api = Api(d)


def start():
    d.start()


def stop():
    assert d.stop() == 0, d.log_text()[-2000:]
    d.__exit__()


def domains_and_limits():
    said = api.v1("GET", "/domains")
    assert said["domains"][0]["default"] and said["pow"] is None and said["limits"]["max_ttl"] > 0
    api.v1("GET", "/pow", want=404)


def a_mailbox_and_its_mail():
    box = api.box(ttl="30m", idle_ttl=1200, ends_after=50)
    token = box["token"]
    assert box["idle_ttl"] == 1200 and box["ends_after"] == 50 and box["address"].endswith("@" + api.v1("GET", "/domains")["domains"][0]["domain"])
    d.send(box["address"], mail())
    got = api.v1("GET", "/mailbox/wait?timeout=10", token=token, want=200)
    assert got["code"] == "482913" and got["html"] and "482913" in got["text"] and got["subject"] == "Hello"
    assert got["from"] == {"name": "Joe", "address": "joe@example.test"} and got["folder"] == "INBOX" and not got["seen"]
    path = f"/mailbox/messages/{got['id']}"
    whole = api.v1("GET", path, token=token)
    assert whole == got
    rows = api.v1("GET", "/mailbox/messages", token=token)["messages"]
    assert [m["id"] for m in rows] == [got["id"]] and "text" not in rows[0]
    raw = api.v1("GET", path + "/raw", token=token)
    assert len(raw) == got["size"] and raw.endswith(mail().encode())
    assert api.v1("GET", path + "/html", token=token) == b"<p>Your verification code is <b>482913</b></p>"
    a = got["attachments"][0]
    status, h, file = api.ask("GET", f"/api/v1{path}/attachments/{a['n']}", token=token, want=200)
    assert file == b"<b>hello</b>" and hashlib.sha256(file).hexdigest() == a["sha256"] and len(file) == a["size"]
    assert h["content-type"] == "application/octet-stream" and h["x-content-type-options"] == "nosniff"
    assert h["content-disposition"].startswith("attachment; ") and "filename*=UTF-8''%E2%82%AC%20" in h["content-disposition"]
    for n in ("1", "999", "-1", "x", "99999999999999999999"):
        api.v1("GET", f"{path}/attachments/{n}", token=token, want=404)
    now = api.v1("PATCH", path, {"seen": True, "flagged": True}, token)
    assert now["seen"] and now["flagged"] and now["folder"] == "INBOX"
    assert api.v1("PATCH", path, {"seen": False}, token)["seen"] is False
    junk = api.v1("POST", path + "/verdict", {"spam": True}, token)
    assert junk["folder"] == "Junk" and junk["junk"]
    assert api.v1("GET", "/mailbox/messages?folder=junk", token=token)["messages"][0]["id"] == got["id"]
    assert api.v1("GET", "/mailbox/messages", token=token)["messages"] == []
    assert api.v1("PATCH", path, {"folder": "INBOX"}, token)["folder"] == "INBOX"
    assert [f["total"] for f in api.v1("GET", "/mailbox", token=token)["folders"]][:2] == [1, 0]
    api.v1("DELETE", path, token=token, want=204)
    for p in ("", "/raw", "/html", "/attachments/0"):
        api.v1("GET", path + p, token=token, want=404)
    api.v1("DELETE", path, token=token, want=404)
    api.v1("PATCH", path, {"seen": True}, token, want=404)
    api.v1("POST", path + "/verdict", {"spam": True}, token, want=404)


def test_mail_comes():
    box = api.box()
    api.v1("POST", "/mailbox/test", token=box["token"], want=204)
    assert api.v1("GET", "/mailbox/wait", token=box["token"], want=200)["code"]


def lists_page_and_search():
    box = api.box()
    for i in range(7):
        d.send(box["address"], mail(f"Number {i}"))
    path, seen = "/mailbox/messages?limit=3", []
    while path:
        page = api.v1("GET", path, token=box["token"])
        seen += [m["subject"] for m in page["messages"]]
        path = page["next_cursor"] and f"/mailbox/messages?limit=3&cursor={page['next_cursor']}"
    assert seen == [f"Number {i}" for i in range(6, -1, -1)]
    found = api.v1("GET", "/mailbox/messages?q=nUmBer+4", token=box["token"])["messages"]
    assert [m["subject"] for m in found] == ["Number 4"]
    d.send(box["address"], mail("Other").replace("%E2%82%AC%20\"x\".html", "Rechnung%20%C3%BCber%207.pdf"))
    for q, n in (("RECHNUNG+%C3%9CBER", 1), (".pdf", 1), (".html", 7), ("pdf.html", 0)):  # names of attachments, too
        assert len(api.v1("GET", f"/mailbox/messages?q={q}", token=box["token"])["messages"]) == n, q
    for wrong in ("limit=0", "limit=201", "limit=x", "cursor=7", "cursor=ux", "folder=nowhere", "q=" + "x" * 257):
        api.v1("GET", "/mailbox/messages?" + wrong, token=box["token"], want=422)


def a_query_that_cannot_be_read_is_no_query():
    box = api.box()
    for route in ("messages", "wait"):
        for query in ("q=%", "folder=%zz", "folder=%4", "from=a&subject=%g0"):
            p = api.v1("GET", f"/mailbox/{route}?{query}", token=box["token"], want=422)
            assert p["code"] == "bad_query", p


def html_is_shown_once_in_a_sandbox():
    box = api.box()
    d.send(box["address"], mail())
    m = api.v1("GET", "/mailbox/wait", token=box["token"])
    path = f"/mailbox/messages/{m['id']}/html"
    t = api.v1("POST", path, {"html": "<p>clean \u20ac"}, box["token"])
    assert t["expires_in"] == 10
    status, h, said = api.ask("GET", t["url"], want=200)
    assert said.decode() == "<p>clean \u20ac" and h["content-type"] == "text/html; charset=utf-8" and h["cache-control"] == "no-store"
    assert h["content-security-policy"] == ("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
                                            "style-src 'unsafe-inline'; img-src data:")
    api.ask("GET", t["url"], want=404)
    t = api.v1("POST", path, {"html": "<p>x", "images": True}, box["token"])
    assert d.request("HEAD", t["url"])[0] == 404  # and it is not used up
    assert api.ask("GET", t["url"], want=200)[1]["content-security-policy"].endswith("img-src data: https: http:")
    for ticket in ("x", "A" * 22, "A" * 21 + "=", "%41" * 22, "A" * 23):
        api.ask("GET", "/view/" + ticket, want=404)
    big = "x" * (4 << 20)
    t = api.v1("POST", path, {"html": big}, box["token"])
    assert len(api.ask("GET", t["url"], want=200)[2]) == len(big)
    api.v1("POST", path, {"html": big + "x"}, box["token"], want=413)
    api.v1("POST", path, {"images": True}, box["token"], want=422)
    for none in ("0" * 32, "f" * 32, "x"):
        assert api.v1("POST", f"/mailbox/messages/{none}/html", {"html": "<p>"}, box["token"], want=404)["code"] == "not_found"
    assert api.v1("POST", path, {"html": "<p>"}, api.box()["token"], want=404)["code"] == "not_found"


def the_end_moves():
    box = api.box(ttl=3600)
    said = api.v1("PATCH", "/mailbox", {"ttl": "2h"}, box["token"])
    assert said["expires_at"] > box["expires_at"]
    status, h, p = api.ask("PATCH", "/api/v1/mailbox", {"ttl": "3h"}, box["token"], want=429)
    assert p["code"] == "too_soon" and 0 < int(h["retry-after"]) <= 10
    for wrong in ({"ttl": "soon"}, {"ttl": -1}, {"ttl": True}, {"expires_at": "tomorrow"}, {"ends_after": -1}, {"tll": 5},
                  {"ttl": 60, "expires_at": "2030-01-01T00:00:00Z"}, {"ends_after": "3"}):
        api.v1("PATCH", "/mailbox", wrong, box["token"], want=422)
    most, least = (api.v1("GET", "/domains")["limits"][k] for k in ("max_ttl", "min_ttl"))
    for ttl in (most, f"{most}s", least):  # the ends of the range are in it
        api.v1("PATCH", "/mailbox", {"ttl": ttl}, api.box()["token"], want=200)
    for ttl in (most + 1, least - 2):
        api.v1("PATCH", "/mailbox", {"ttl": ttl}, api.box()["token"], want=422)
    far = api.box()
    api.v1("PATCH", "/mailbox", {"expires_at": "2099-01-01T00:00:00Z"}, far["token"], want=422)


def sessions_and_credentials():
    box = api.box(local=f"some{time.monotonic_ns()}", password="correct horse 77")
    assert box["guessable"]
    said = api.v1("POST", "/session", {"address": box["address"], "password": "correct horse 77"}, want=200)
    assert said["mailbox"]["id"] == box["id"] and said["token"] != box["token"]
    api.v1("POST", "/session", {"address": box["address"], "password": "correct horse 78"}, want=401)
    api.v1("POST", "/session", {"address": "nobody" + box["address"], "password": "correct horse 77"}, want=401)
    third = api.v1("POST", "/session", {"recovery": " " + box["recovery"].upper() + "\n"}, want=200)
    api.v1("POST", "/session", {"recovery": box["recovery"][:-3]}, want=401)
    for wrong in ({}, {"address": "a@b"}, {"password": "x"}, {"password": "x", "recovery": "y"}, {"recovery": 7}):
        api.v1("POST", "/session", wrong, want=422)
    creds = api.v1("GET", "/mailbox/credentials", token=third["token"])["credentials"]
    assert sorted(c["kind"] for c in creds) == ["password", "recovery", "token", "token", "token"] and sum(c["current"] for c in creds) == 1
    mine = next(c["id"] for c in api.v1("GET", "/mailbox/credentials", token=said["token"])["credentials"] if c["current"])
    api.v1("DELETE", f"/mailbox/credentials/{mine}", token=third["token"], want=204)
    api.v1("GET", "/mailbox", token=said["token"], want=401)
    api.v1("DELETE", f"/mailbox/credentials/{mine}", token=third["token"], want=404)
    new = api.v1("POST", "/mailbox/credentials", {"kind": "recovery"}, third["token"], want=201)
    api.v1("POST", "/session", {"recovery": box["recovery"]}, want=401)
    again = api.v1("POST", "/session", {"recovery": new["secret"]}, want=200)
    api.v1("POST", "/mailbox/credentials", {"kind": "password", "password": "battery staple 88"}, again["token"], want=201)
    api.v1("POST", "/session", {"address": box["address"], "password": "correct horse 77"}, want=401)
    api.v1("POST", "/session", {"address": box["address"], "password": "battery staple 88"}, want=200)
    tok = api.v1("POST", "/mailbox/credentials", {"kind": "token"}, again["token"], want=201)
    api.v1("GET", "/mailbox", token=tok["secret"])
    for wrong in ({"kind": "key"}, {}, {"kind": "password"}, {"kind": "token", "password": "battery staple 88"}):
        api.v1("POST", "/mailbox/credentials", wrong, again["token"], want=422)


def names_that_may_not_be():
    for wrong in ({"local": "postmaster"}, {"local": "a b"}, {"domain": "elsewhere.example"}, {"address": "x"}, {"address": "@x"},
                  {"address": "a@b", "local": "c"}, {"ttl": 1}, {"ttl": "10y"}, {"password": "short"}, {"nonsense": 1}, {"local": 5},
                  {"ends_after": -1}):
        api.v1("POST", "/mailboxes", wrong, want=422)
    name = f"taken{time.monotonic_ns()}"
    api.box(local=name)
    api.v1("POST", "/mailboxes", {"local": name.upper()}, want=409)


def one_box_does_not_see_another():
    a, b = api.box(), api.box()
    d.send(a["address"], mail())
    m = api.v1("GET", "/mailbox/wait", token=a["token"])
    path = f"/mailbox/messages/{m['id']}"
    unknown = f"/mailbox/messages/{'0' * 32}"
    for method, tail, body in (("GET", "", None), ("GET", "/raw", None), ("GET", "/html", None), ("GET", "/attachments/0", None),
                               ("PATCH", "", {"seen": True}), ("DELETE", "", None), ("POST", "/verdict", {"spam": True})):
        theirs = api.v1(method, path + tail, body, b["token"], want=404)
        assert theirs == api.v1(method, unknown + tail, body, b["token"], want=404)
    api.v1("GET", path, token=a["token"])
    for tail in ("x", "0" * 31, "0" * 33, "g" * 32, "..%2f" + "0" * 27):
        api.v1("GET", "/mailbox/messages/" + tail, token=a["token"], want=404)


def the_end_is_the_end():
    box = api.box()
    d.send(box["address"], mail())
    said = api.v1("DELETE", "/mailbox", token=box["token"], want=200)
    assert said["messages"] == 1
    for method, path in (("GET", "/mailbox"), ("GET", "/mailbox/messages"), ("DELETE", "/mailbox"), ("GET", "/mailbox/wait")):
        api.v1(method, path, token=box["token"], want=401)
    api.v1("POST", "/session", {"recovery": box["recovery"]}, want=401)


def no_token_no_answer():
    for token in (None, "", "x", "mf1_", "mf1_" + "A" * 43, "mf1_" + "A" * 5000):
        for method, path, body in (("GET", "/mailbox", None), ("PATCH", "/mailbox", {}), ("GET", "/mailbox/messages", None)):
            status, h, p = api.ask(method, "/api/v1" + path, body, token, want=401)
            assert h["www-authenticate"].startswith("Bearer")
    api.ask("GET", "/api/v1/mailbox", headers={"Authorization": "Basic eDp5"}, want=401)
    box = api.box()
    api.ask("GET", f"/api/v1/mailbox?token={box['token']}", want=401)


def bodies_that_are_none():
    for body in ("{", "[]", '"x"', "{}{}", '{"a":1,"a":2}', "\x00", "{'a':1}", '{"ttl":1e999}', "[" * 50 + "]" * 50, '{"a":' * 40 + "1" + "}" * 40):
        status, h, p = api.ask("POST", "/api/v1/mailboxes", body, headers={"Content-Type": "application/json"})
        assert status in (400, 422), (body[:20], status)
    api.ask("POST", "/api/v1/mailboxes", "x" * 70000, headers={"Content-Type": "application/json"}, want=413)
    api.ask("POST", "/api/v1/mailboxes", "{}", headers={"Content-Type": "text/plain"}, want=415)
    api.ask("POST", "/api/v1/mailboxes", "{}", headers={"Content-Type": "application/x-www-form-urlencoded"}, want=415)
    api.ask("POST", "/api/v1/mailboxes", None, want=201)
    for wrong in ({"password": ""}, {"pow": 5}, {"pow": {"challenge": 1}}, {"ends_after": 1000001}, {"ends_after": 1.5}):
        api.v1("POST", "/mailboxes", wrong, want=422)
    for body, said in (('{"ttl":700,"ttl":800}', "stands twice"), ('{"ttl":1e999}', "too large"), ('{"ttl":', "not valid JSON")):
        p = api.ask("POST", "/api/v1/mailboxes", body, headers={"Content-Type": "application/json"}, want=400)[2]
        assert said in p["detail"], p
    made = api.ask("POST", "/api/v1/mailboxes", '{"ttl":0,"ends_after":1e3}', headers={"Content-Type": "application/json"}, want=201)[2]
    assert made["ends_after"] == 1000
    box = api.box()
    assert d.request("DELETE", "/api/v1/mailbox", "{}", box["token"])[0] == 413
    assert d.request("GET", "/api/v1/domains?" + "x" * 9000)[0] == 414


def methods():
    status, h, p = d.request("PUT", "/api/v1/mailbox")
    assert status == 405 and h["allow"] == "GET, HEAD, PATCH, DELETE, OPTIONS" and json.loads(p)["code"] == "method_not_allowed"
    assert d.request("POST", "/api/v1/domains")[0] == 405
    status, h, p = d.request("HEAD", "/api/v1/domains")
    assert status == 200 and p == b"" and int(h["content-length"]) > 50
    assert d.request("OPTIONS", "/api/v1/domains")[0] == 204
    for path in ("/api/v1/", "/api/v1/mailbox/", "/api/v1/mailbox.css", "/api/v1/mailbox/messages/x/raw.css", "/nothing", "/api/v1/mailbox//messages",
                 "/api/v1/%6dailbox", "/../etc/passwd", "/assets/"):
        assert d.request("GET", path)[0] == 404, path


def other_sites():
    status, h, _ = d.request("GET", "/api/v1/domains", headers={"Origin": "https://friend.example"})
    assert h["access-control-allow-origin"] == "https://friend.example" and h["vary"] == "Origin"
    for origin in ("https://evil.example", "null", "https://friend.example.evil", "http://friend.example"):
        status, h, _ = d.request("GET", "/api/v1/domains", headers={"Origin": origin})
        assert status == 200 and "access-control-allow-origin" not in h
    status, h, _ = d.request("OPTIONS", "/api/v1/mailboxes", headers={"Origin": "https://friend.example", "Access-Control-Request-Method": "POST"})
    assert status == 204 and "POST" in h["access-control-allow-methods"] and "Authorization" in h["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in h
    assert h["access-control-allow-headers"] == "Authorization, Content-Type, Idempotency-Key, Last-Event-ID"  # those that are read


def the_page_and_its_files():
    status, h, page = d.request("GET", "/")
    assert status == 200 and h["content-type"].startswith("text/html") and h["cache-control"] == "no-cache"
    csp = h["content-security-policy"]
    assert "default-src 'none'" in csp and "frame-ancestors 'none'" in csp and "unsafe" not in csp and all(n in h for n in SAFE)
    status, again, body = d.request("GET", "/", headers={"If-None-Match": h["etag"]})
    assert status == 304 and body == b"" and again["etag"] == h["etag"]
    for src in re.findall(rb'(?:src|href)="(/[^"]+)"', page):
        path = src.decode()
        status, h, body = d.request("GET", path, headers={"Accept-Encoding": "gzip"})
        assert status == 200, path
        if path.startswith("/assets/"):
            assert "immutable" in h["cache-control"] and "Accept-Encoding" in h["vary"]
    assert d.request("GET", "/index.html")[0] == 404


def the_description_and_the_routes_agree():
    status, h, said = api.ask("GET", "/api/openapi.json", want=200)
    assert said == SPEC
    api.ask("GET", "/api/openapi.json", headers={"If-None-Match": h["etag"]}, want=304)
    table = (ROOT / "src/serve/api.c").read_text()
    rows = re.findall(r"\{ HTTP_M_(\w+), STR\((?:(MSGS))?\s*(?:\"([^\"]*)\")?\)", table)
    ours = {(m, ("/api/v1/mailbox/messages" if x else "") + p) for m, x, p in rows}
    theirs = {(m.upper(), p) for p, ms in SPEC["paths"].items() for m in ms} - {("GET", "/api/openapi.json"), ("GET", "/livez"), ("GET", "/readyz")}
    assert ours == theirs, ours ^ theirs


def the_description_is_valid():
    npm()
    r = subprocess.run(["npx", "--no-install", "validate-api", str(ROOT / "docs/openapi.json")], cwd=HERE, capture_output=True, text=True, timeout=60)
    assert r.returncode == 0 and '"valid": true' in r.stdout, r.stdout + r.stderr


def health_and_metrics():
    assert api.ask("GET", "/livez", want=200)[2] == b"ok\n"
    assert api.ask("GET", "/readyz", want=200)[2].startswith(b"ok\n")
    import http.client
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    typed = set()
    for line in text.splitlines():
        kind = re.fullmatch(r"# (HELP|TYPE) (mayfly_[a-z0-9_]+) (.+)", line)
        value = re.fullmatch(r'(mayfly_[a-z0-9_]+)(\{[a-z]+="[\w.]*"(,[a-z]+="[\w.]*")*\})? [0-9.]+', line)
        assert kind or value, line
        if kind:
            typed |= {kind[2] + end for end in (("_sum", "_count") if kind[3] == "summary" else ("",))}
        else:
            assert value[1] in typed, line
    assert 'mayfly_login_total{protocol="imap",result="good"} ' in text and "mayfly_mailboxes_live " in text and "127.0.0.1" not in text and "@" not in text
    for name in ("mailboxes_created_total", "messages_stored_total", "expiry_lag_seconds", "smtp_accepted_total", "pop3_sessions_total",
                 "http_requests_total", "imap_sent_bytes_total", "message_memory_bytes"):
        assert f"mayfly_{name} " in text, name


def every_route_was_asked():
    missing = {(m.upper(), p) for p, ms in SPEC["paths"].items() for m in ms} - {(m, p) for m, p, _ in SEEN}
    assert not missing, missing


CASES = [domains_and_limits, a_mailbox_and_its_mail, test_mail_comes, lists_page_and_search, a_query_that_cannot_be_read_is_no_query,
         html_is_shown_once_in_a_sandbox, the_end_moves,
         sessions_and_credentials, names_that_may_not_be, one_box_does_not_see_another, the_end_is_the_end, no_token_no_answer,
         bodies_that_are_none, methods, other_sites, the_page_and_its_files, the_description_and_the_routes_agree,
         the_description_is_valid, health_and_metrics]
