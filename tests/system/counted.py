#!/usr/bin/env python3
"""What mail programs do is counted in /metrics, and what is over is counted no more."""
import http.client
import imaplib
import pathlib
import poplib
import re
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402

SECONDS = 10  # until the end of a connection is noticed


def counts(d):
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    c.close()
    assert "@" not in text and "127.0.0.1" not in text
    return {k.removeprefix("mayfly_"): float(v) for k, v in re.findall(r"(?m)^(mayfly_[^ ]+) ([0-9.]+)$", text)}


def until(d, **want):
    """Gauges fall when the loop has seen a connection's end."""
    end = time.monotonic() + SECONDS
    while any(counts(d)[k] != v for k, v in want.items()):
        assert time.monotonic() < end, {k: counts(d)[k] for k in want}
        time.sleep(0.01)


def imap_is_counted():
    with daemon.Daemon("auth.cleartext=loopback") as d:
        box = d.make_box()
        d.send(box["address"], b"Subject: x\r\n\r\n" + b"0123456789abcd\r\n" * 1000)
        size = d.messages(box["token"])[0]["size"]
        m, second = (imaplib.IMAP4(*d.address("imap.listen")) for _ in range(2))
        for c in m, second:
            try:
                c.login(box["address"], "mf1_" + "A" * 43)
                raise AssertionError("a wrong secret")
            except imaplib.IMAP4.error:
                c.login(box["address"], box["token"])
        m.select()
        m.fetch("1", "(BODY.PEEK[])")
        m.uid("FETCH", "1", "(BODY.PEEK[TEXT]<0.10>)")
        for line in b"a XYZZY\r\n", b"b FETCH 1\r\n", b"c SETACL INBOX x y\r\n":
            m.send(line)
            assert b" BAD" in m.readline()
        second.send(b"x IDLE\r\n")
        assert second.readline().startswith(b"+")
        n = counts(d)
        assert n["imap_sessions_total"] == n["imap_sessions_open"] == 2 and n["imap_idle_open"] == 1, n
        assert n['login_total{protocol="imap",result="good"}'] == n['login_total{protocol="imap",result="denied"}'] == 2
        assert n['login_total{protocol="pop3",result="good"}'] == 0
        assert n["imap_sent_bytes_total"] == size + 10 and n["message_memory_bytes"] == 0
        for name, times in ("LOGIN", 4), ("FETCH", 3), ("SELECT", 1), ("IDLE", 1), ("OTHER", 2), ("STORE", 0):
            assert n[f'imap_commands_total{{command="{name}"}}'] == times, name
        assert sum(k.startswith("imap_commands_total") for k in n) < 64
        second.send(b"DONE\r\n")
        assert second.readline().startswith(b"x OK")
        second.send(b"y UNAUTHENTICATE\r\n")
        assert second.readline().startswith(b"y OK")
        n = counts(d)
        assert n["imap_sessions_open"] == 1 and n["imap_idle_open"] == 0
        second.send(f'w LOGIN {box["address"]} {box["token"]}\r\n'.encode())
        assert second.readline().startswith(b"w OK")
        second.send(b"z IDLE\r\n")
        assert second.readline().startswith(b"+")
        assert counts(d)["imap_idle_open"] == 1
        m.logout()
        second.sock.close()  # in the middle of IDLE
        second.file.close()
        until(d, imap_sessions_open=0, imap_idle_open=0)
        assert counts(d)["imap_sessions_total"] == 3


def pop3_is_counted():
    with daemon.Daemon("auth.cleartext=loopback") as d:
        box = d.make_box()
        d.send(box["address"], b"Subject: x\r\n\r\nx\r\n")
        size = d.messages(box["token"])[0]["size"]
        p = poplib.POP3(*d.address("pop3.listen"))
        p.user(box["address"])
        p.pass_(box["token"])
        p.retr(1)
        try:
            p._shortcmd("XYZZY")
            raise AssertionError("no such command")
        except poplib.error_proto:
            pass
        n = counts(d)
        assert n["pop3_sessions_open"] == n["pop3_sessions_total"] == 1 and n["pop3_sent_bytes_total"] == size
        assert n['login_total{protocol="pop3",result="good"}'] == 1 and n['login_total{protocol="imap",result="good"}'] == 0
        for name, times in ("USER", 1), ("PASS", 1), ("RETR", 1), ("OTHER", 1), ("DELE", 0):
            assert n[f'pop3_commands_total{{command="{name}"}}'] == times, name
        p.quit()
        until(d, pop3_sessions_open=0)


CASES = [imap_is_counted, pop3_is_counted]

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(daemon.run([c for c in CASES if not words or any(w in c.__name__ for w in words)]))
