"""Being told at once: WebSocket, server-sent events, wait."""
import signal
import smtplib
import threading
import time

from client import Api, Daemon, Events, WebSocket, mail

d = Daemon("test.echo_websocket=true", "http.cors_origins=https://friend.example")
api = Api(d)


def start():
    d.start()


def stop():
    d.__exit__()


def later(run, *args):
    t = threading.Thread(target=run, args=args)
    t.start()
    return t


def a_program_listens():
    box = api.box()
    ws = WebSocket(d, token=box["token"])
    ready = ws.event()
    assert ready["type"] == "ready" and ready["mailbox"] == box["id"]
    d.send(box["address"], mail())
    new = ws.event()
    assert new["type"] == "message.new" and new["message"]["code"] == "482913" and new["mailbox"] == box["id"]
    listed = api.v1("GET", "/mailbox/messages", token=box["token"])["messages"][0]
    assert listed == new["message"]
    path = f"/mailbox/messages/{listed['id']}"
    api.v1("PATCH", path, {"seen": True}, box["token"])
    e = ws.event()
    assert e["type"] == "message.changed" and e["seen"] and e["id"] == listed["id"]
    api.v1("POST", path + "/verdict", {"spam": True}, box["token"])
    e = ws.event()
    assert e["type"] == "message.changed" and e["folder"] == "Junk" and e["junk"]
    api.v1("DELETE", path, token=box["token"], want=204)
    assert ws.event()["type"] == "message.deleted"
    api.v1("PATCH", "/mailbox", {"ttl": "2h"}, box["token"])
    e = ws.event()
    assert e["type"] == "mailbox.changed" and e["expires_at"] > box["expires_at"]
    api.v1("DELETE", "/mailbox", token=box["token"])
    assert ws.event()["type"] == "mailbox.ended"
    ws.close()


def a_page_listens_to_several():
    boxes = [api.box() for _ in range(3)]
    ws = WebSocket(d, headers={"Origin": "http://localhost"})
    for b in boxes:
        ws.send({"auth": b["token"]})
    assert [ws.event()["mailbox"] for _ in boxes] == [b["id"] for b in boxes]
    for b in reversed(boxes):
        d.send(b["address"], mail(b["id"]))
        e = ws.event()
        assert e["mailbox"] == b["id"] and e["message"]["subject"] == b["id"]
    ws.send({"auth": boxes[0]["token"]})
    assert ws.event()["type"] == "ready"
    ws.send({"auth": "mf1_" + "A" * 43})
    assert ws.event()["type"] == "denied"
    d.send(boxes[1]["address"], mail("still"))
    assert ws.event()["message"]["subject"] == "still"
    ws.close()


def fifty_boxes_and_no_more():
    ws = WebSocket(d)
    for _ in range(50):
        ws.send({"auth": api.box()["token"]})
        assert ws.event()["type"] == "ready"
    ws.send({"auth": api.box()["token"]})
    assert ws.closed() == 1008


def who_may_connect():
    box = api.box()
    assert WebSocket(d, headers={"Origin": "https://evil.example"}).status == 403
    assert WebSocket(d, headers={"Origin": "https://friend.example"}).status == 101
    assert WebSocket(d, token="mf1_" + "A" * 43).status == 401
    assert WebSocket(d, token=box["token"], headers={"Sec-WebSocket-Version": "8"}).status == 426
    assert WebSocket(d, token=box["token"], headers={"Sec-WebSocket-Key": "short"}).status == 400
    api.v1("GET", "/live", want=426)
    ws = WebSocket(d)
    for _ in range(5):
        ws.send({"auth": "mf1_" + "B" * 43})
    assert ws.closed() == 1008
    for first in ('{"auth":5}', "{}", "[]", "hello", '{"auth":""}'):
        ws = WebSocket(d)
        ws.send(first)
        assert ws.closed() == 1008, first
    assert WebSocket(d, path="/api/v1/live?token=" + box["token"]).status == 101  # and it opens nothing: no ready comes


def frames():
    ws = WebSocket(d)
    ws.send(b"ping", op=9)
    assert ws.frame() == (10, b"ping")
    ws.send(b"\x03\xe8bye", op=8)
    assert ws.closed() == 1000
    for payload, op, code in ((b"\xff", 1, 1007), (b"x", 2, 1003), (b"x" * 20000, 1, 1009), (b"\x03", 8, 1002)):
        ws = WebSocket(d)
        ws.send(payload, op=op)
        assert ws.closed() == code, (op, code)
    ws = WebSocket(d)
    ws.s.sendall(b"\x81\x02hi")
    assert ws.closed() == 1002
    ws = WebSocket(d, path="/echo")
    for text in ("", "x", "y" * 125, "z" * 126, "\u20ac" * 3000):
        ws.send(text)
        assert ws.frame() == (1, text.encode())
    ws.send(b"ab", fin=False)
    ws.send(b"in between", op=9)
    assert ws.frame() == (10, b"in between")
    ws.send(b"cd", op=0)
    assert ws.frame() == (1, b"abcd")


def a_revoked_key_hears_no_more():
    box = api.box()
    other = api.v1("POST", "/session", {"recovery": box["recovery"]})["token"]
    ws = WebSocket(d, token=other)
    ws.event()
    mine = next(c["id"] for c in api.v1("GET", "/mailbox/credentials", token=other)["credentials"] if c["current"])
    api.v1("DELETE", f"/mailbox/credentials/{mine}", token=box["token"], want=204)
    assert ws.closed() == 1012
    assert WebSocket(d, token=other).status == 401


def a_key_that_revokes_itself_hears_no_more():
    box = api.box()
    mine = next(c["id"] for c in api.v1("GET", "/mailbox/credentials", token=box["token"])["credentials"] if c["current"])
    ws, s = WebSocket(d, token=box["token"]), Events(d, box["token"])
    assert ws.event()["type"] == s.event()["type"] == "ready"
    got = []
    w = later(lambda: got.append(api.v1("GET", "/mailbox/wait?timeout=20", token=box["token"], want=401)))
    time.sleep(0.2)
    api.v1("DELETE", f"/mailbox/credentials/{mine}", token=box["token"], want=204)
    assert ws.closed() == 1012 and s.r.readline() == b""
    w.join()
    assert len(got) == 1
    for _ in range(8):  # whichever worker answers
        api.v1("GET", "/mailbox/messages", token=box["token"], want=401)


def a_stream_of_events():
    box = api.box()
    s = Events(d, box["token"])
    assert s.status == 200 and s.event()["type"] == "ready"
    d.send(box["address"], mail("one"))
    assert s.event()["message"]["subject"] == "one"
    last = s.id
    s.close()
    d.send(box["address"], mail("two"))
    d.send(box["address"], mail("three"))
    first = api.v1("GET", "/mailbox/messages", token=box["token"])["messages"][-1]["id"]
    s = Events(d, box["token"], last)
    assert [s.event()["message"]["subject"] for _ in range(2)] == ["two", "three"]
    api.v1("DELETE", f"/mailbox/messages/{first}", token=box["token"], want=204)
    e = s.event()
    assert e["type"] == "message.deleted" and e["id"] == first
    s.close()
    s = Events(d, box["token"], last)
    got = [s.event() for _ in range(3)]
    assert sorted(e["type"] for e in got) == ["message.deleted", "message.new", "message.new"]
    ahead = Events(d, box["token"], last + 1000)  # an id that nobody gave out: whoever has it must look anew
    assert ahead.event()["type"] == "resync" and ahead.id < last + 1000
    d.send(box["address"], mail("four"))
    assert [x.event()["message"]["subject"] for x in (s, ahead)] == ["four", "four"] and s.id == ahead.id
    ahead.close()
    api.v1("DELETE", "/mailbox", token=box["token"])
    assert s.event()["type"] == "mailbox.ended"
    assert s.r.readline() == b""


def waits():
    box = api.box()
    t = time.monotonic()
    api.v1("GET", "/mailbox/wait?timeout=1", token=box["token"], want=204)
    assert 0.9 < time.monotonic() - t < 3
    got = []
    w = later(lambda: got.append(api.v1("GET", "/mailbox/wait?timeout=20", token=box["token"])))
    time.sleep(0.2)
    d.send(box["address"], mail("first"))
    w.join()
    assert got[0]["subject"] == "first" and got[0]["text"]
    d.send(box["address"], mail("second"))
    assert api.v1("GET", "/mailbox/wait", token=box["token"])["subject"] == "first"  # the oldest
    assert api.v1("GET", f"/mailbox/wait?since={got[0]['uid']}", token=box["token"])["subject"] == "second"
    assert api.v1("GET", "/mailbox/wait?subject=SECO", token=box["token"])["subject"] == "second"
    api.v1("GET", "/mailbox/wait?from=nobody&timeout=0", token=box["token"], want=204)
    assert api.v1("GET", "/mailbox/wait?has=code&from=joe", token=box["token"])["code"] == "482913"
    w = later(lambda: got.append(api.v1("GET", "/mailbox/wait?timeout=20&subject=third", token=box["token"])))
    time.sleep(0.1)
    for s in ("other", "the third", "fourth"):
        d.send(box["address"], mail(s))
    w.join()
    assert got[1]["subject"] == "the third"
    for wrong in ("timeout=121", "timeout=x", "since=-1", "has=money", "folder=nowhere"):
        api.v1("GET", "/mailbox/wait?" + wrong, token=box["token"], want=422)
    w = later(lambda: got.append(api.v1("GET", "/mailbox/wait?timeout=20&subject=never", token=box["token"], want=401)))
    time.sleep(0.2)
    api.v1("DELETE", "/mailbox", token=box["token"])
    w.join()
    assert got[2]["code"] == "unauthorized"


SENDERS, EACH = 8, 25


def send_many(address):
    """Side by side, so that several workers take mail for one box."""
    def some(k):
        with d.smtp() as s:
            for i in range(EACH):
                s.sendmail("a@example.test", [address], mail(f"{k}-{i}"))
    return [later(some, k) for k in range(SENDERS)]


def events_come_in_order_and_a_line_goes_on_where_it_broke():
    box = api.box()
    ws, s = WebSocket(d, token=box["token"]), Events(d, box["token"])
    assert ws.event()["type"] == s.event()["type"] == "ready"
    threads, uids, ids = send_many(box["address"]), [], []
    while len(uids) < SENDERS * EACH:
        uids.append(s.event()["message"]["uid"])
        ids.append(s.id)
        if len(ids) % 7 == 0:
            s.close()
            s = Events(d, box["token"], ids[-1])
    for t in threads:
        t.join()
    assert uids == list(range(1, SENDERS * EACH + 1)), uids
    assert ids == sorted(set(ids)), ids
    assert [ws.event()["message"]["uid"] for _ in uids] == uids
    api.v1("POST", f"/mailbox/messages/{api.v1('GET', '/mailbox/wait', token=box['token'])['id']}/verdict", {"spam": True}, box["token"])
    got = [s.event()["type"], s.id]
    s.close()
    s = Events(d, box["token"], ids[-1])
    again = [(s.event()["type"], s.id) for _ in range(2)]
    assert got[0] == "message.changed" and again[0][0] == "message.deleted" and again[1] == ("message.new", got[1]), (got, again)
    assert again[0][1] < again[1][1]
    s.close()
    s = Events(d, box["token"], 1 << 40)  # never given out
    assert s.event()["type"] == "resync" and s.id == got[1]
    d.send(box["address"], mail("next"))
    assert s.event()["message"]["subject"] == "next"
    for never in ("abc", "-1", "1 2", str(1 << 70)):
        s.close()
        s = Events(d, box["token"], never)
        assert s.event()["type"] == "resync", never


def what_was_kept_out_is_told_and_kept():
    box = api.box(ends_after=1)
    ws = WebSocket(d, token=box["token"])
    assert ws.event()["type"] == "ready"
    attempts = lambda: api.v1("GET", "/mailbox/trace", token=box["token"])["attempts"]
    assert attempts() == []
    refused = mail("two authors").replace("From:", "From: other@example.test\r\nFrom:", 1)
    try:
        d.send(box["address"], refused, sender="someone@shop.example")
        raise AssertionError("taken")
    except smtplib.SMTPDataError as e:
        assert e.smtp_code == 554, e
    e = ws.event()
    assert e["type"] == "trace" and e["mailbox"] == box["id"], e
    assert {k: v for k, v in e["attempt"].items() if k != "at"} == {
        "domain": "shop.example", "tls": None, "result": "refused", "code": "554 5.6.0", "reason": "more than one From field", "cause": None}, e
    assert attempts() == [e["attempt"]]
    d.send(box["address"], mail("the only one"), sender="<>")
    assert ws.event()["type"] == "message.new"
    assert attempts()[0]["result"] == "inbox" and attempts()[0]["domain"] is None and attempts()[0]["code"] is None
    try:
        d.send(box["address"], mail("one too many"), sender="someone@[192.0.2.1]")
        raise AssertionError("taken")
    except smtplib.SMTPRecipientsRefused:
        pass
    e = ws.event()
    while e["type"] != "trace":  # the box has an end now
        e = ws.event()
    assert e["attempt"]["code"] == "550 5.1.1" and e["attempt"]["domain"] is None, e
    assert [a["result"] for a in attempts()] == ["refused", "inbox", "refused"]
    assert api.v1("GET", "/mailbox/trace", token=api.box()["token"])["attempts"] == []
    ws.close()


def a_waiting_loop_misses_nothing():
    box = api.box()
    threads, uids = send_many(box["address"]), [0]
    while uids[-1] < SENDERS * EACH:
        uids.append(api.v1("GET", f"/mailbox/wait?timeout=20&since={uids[-1]}", token=box["token"], want=200)["uid"])
    for t in threads:
        t.join()
    assert uids == list(range(SENDERS * EACH + 1)), uids
    first = api.v1("GET", "/mailbox/wait", token=box["token"])
    got = []
    api.v1("POST", f"/mailbox/messages/{first['id']}/verdict", {"spam": True}, box["token"])
    w = later(lambda: got.append(api.v1("GET", f"/mailbox/wait?timeout=20&since={uids[-1]}", token=box["token"])))
    time.sleep(0.2)
    api.v1("POST", f"/mailbox/messages/{first['id']}/verdict", {"spam": False}, box["token"])
    w.join()
    assert got[0]["id"] == first["id"]  # moved here: a new uid


def many_listeners_are_all_told():
    box = api.box()
    all_ws = [WebSocket(d, token=box["token"]) for _ in range(40)]
    for ws in all_ws:
        assert ws.event()["type"] == "ready"
    d.send(box["address"], mail("all"))
    for ws in all_ws:
        assert ws.event()["message"]["subject"] == "all"
        ws.close()


def a_reader_that_stops_is_told_to_look_again():
    boxes = [api.box() for _ in range(20)]
    ws = WebSocket(d, window=65536)
    for b in boxes:
        ws.send({"auth": b["token"]})
        ws.event()
    copies = ",\r\n ".join(f"Somebody Number {i} <somebody-number-{i}@a-long-domain.example>" for i in range(200))
    sent = 80  # to 20 mailboxes, some 5 KB each: more than two kernels' buffers hold
    with d.smtp() as s:
        for i in range(sent):
            s.sendmail("a@example.test", [b["address"] for b in boxes], f"Cc: {copies}\r\n" + mail(str(i)))
    kinds = []
    while kinds.count("resync") < len(boxes):
        kinds.append(ws.event()["type"])
    assert len(kinds) < sent * len(boxes), len(kinds)
    d.send(boxes[7]["address"], mail("after"))
    assert ws.event()["message"]["subject"] == "after"
    ws.close()


def a_restart_says_come_back():
    box = api.box()
    ws = WebSocket(d, token=box["token"])
    ws.event()
    s = Events(d, box["token"])
    s.event()
    got = []
    w = later(lambda: got.append(d.request("GET", "/api/v1/mailbox/wait?timeout=100", token=box["token"])[0]))
    time.sleep(0.3)
    t = time.monotonic()
    d.p.send_signal(signal.SIGTERM)
    assert ws.closed() == 1012
    assert s.r.read() == b""
    w.join()
    assert got == [204]
    d.p.wait(20)
    assert d.p.returncode == 0 and time.monotonic() - t < 10


CASES = [a_program_listens, a_page_listens_to_several, fifty_boxes_and_no_more, who_may_connect, frames, a_revoked_key_hears_no_more,
         a_key_that_revokes_itself_hears_no_more, a_stream_of_events, waits, events_come_in_order_and_a_line_goes_on_where_it_broke, what_was_kept_out_is_told_and_kept, a_waiting_loop_misses_nothing, many_listeners_are_all_told, a_reader_that_stops_is_told_to_look_again, a_restart_says_come_back]
