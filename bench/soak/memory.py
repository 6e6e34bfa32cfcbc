#!/usr/bin/env python3
"""What the daemon's memory is at rest, for each idle connection, and for each message stored (issue 2, result 6).

    bench/soak/memory.py [CONNECTIONS [MESSAGES]]      10000 and 1000000 when not given

Anonymous memory (RssAnon) is what the program itself takes: mapped files (the index, the program) are the kernel's to
drop. Connections are held in their idle state by this process, then the difference is divided.
"""
import json
import pathlib
import resource
import socket
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/lib"))
import daemon  # noqa: E402
from flood import memory  # noqa: E402

N = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
MICRO = daemon.ROOT / "build/bench/micro"
OPTIONS = ["limits.live_per_network=1000000", "limits.prelogin_per_network=1000000", "limits.mail_per_network=1000000",
           "limits.mx_per_network=1000000", "limits.http_per_network=1000000", "limits.boxes=65536", "auth.cleartext=loopback"]


def anonymous(d, settle=3.0):
    time.sleep(settle)
    return memory(d.pid)[0]


def check(what, got, most, unit):
    print(f"{what}: {got:.0f} {unit} (at most {most})", flush=True)
    if got > most:
        raise AssertionError(f"{what}: {got:.0f} {unit}, more than {most}")


def connect(d, key, i):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((f"127.0.{i // 20000}.{2 + i // 200 % 100}", 0))
    s.settimeout(30)
    s.connect(d.address(key))
    return s


def until(s, mark):
    got = b""
    while mark not in got:
        more = s.recv(4096)
        if not more:
            raise AssertionError(f"closed: {got[-200:]!r}")
        got += more
    return got


def smtp(d, i):
    s = connect(d, "smtp.listen", i)
    until(s, b"220 ")
    s.sendall(b"EHLO client.test\r\n")
    until(s, b"250 ")
    return s


def smtp_tls(d, i):
    s = smtp(d, i)
    s.sendall(b"STARTTLS\r\n")
    until(s, b"220 ")
    t = TLS.wrap_socket(s)
    t.sendall(b"EHLO client.test\r\n")
    until(t, b"250 ")
    return t


def websocket(d, i):
    s = connect(d, "http.listen", i)
    s.sendall(f"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
              f"Authorization: Bearer {TOKENS[i % len(TOKENS)]}\r\n\r\n".encode())
    if b" 101 " not in until(s, b"\r\n\r\n"):
        raise AssertionError("no WebSocket")
    return s


def imap_idles(s, i):
    until(s, b"* OK ")
    s.sendall(f't LOGIN "{ADDRESSES[i % len(ADDRESSES)]}" "{TOKENS[i % len(TOKENS)]}"\r\n'.encode())
    until(s, b"t OK ")
    s.sendall(b"t SELECT INBOX\r\n")
    until(s, b"t OK ")
    s.sendall(b"t IDLE\r\n")
    until(s, b"+ idling\r\n")
    return s


def imap(d, i):
    return imap_idles(connect(d, "imap.listen", i), i)


def imap_tls(d, i):
    return imap_idles(TLS.wrap_socket(connect(d, "imaps.listen", i)), i)


def each_idle(what, opener, n, most):
    with daemon.Daemon(*OPTIONS) as d:
        boxes = [d.make_box() for _ in range(100)]
        TOKENS[:], ADDRESSES[:] = [b["token"] for b in boxes], [b["address"] for b in boxes]
        warm = [opener(d, i) for i in range(200)]  # tables, pools and OpenSSL's own are not a connection's
        before = anonymous(d)
        held = [opener(d, 200 + i) for i in range(n)]
        after = anonymous(d)
        check(f"{what}, {n} of them, bytes each", (after - before) / n, most, "B")
        del warm, held


def at_rest():
    with daemon.Daemon() as d:
        check("anonymous memory at rest, MiB", anonymous(d) / 2**20, 12, "MiB")


def idle_smtp():
    each_idle("idle SMTP connection", smtp, N, 1024)


def idle_websocket():
    each_idle("idle WebSocket", websocket, N, 1024)


def idle_tls():
    each_idle("idle SMTP connection under TLS", smtp_tls, N, 16 * 1024)


def idle_imap():
    each_idle("IMAP connection in IDLE", imap, N, 1024)


def idle_imap_tls():
    each_idle("IMAP connection in IDLE under TLS", imap_tls, N, 16 * 1024)


def each_message():
    if not MICRO.exists():
        subprocess.run(["ninja", "-C", str(daemon.ROOT / "build"), "bench/micro"], check=True, stdout=subprocess.DEVNULL)
    with daemon.Daemon(*OPTIONS) as d:
        TOKENS[:] = [d.make_box()["token"]]
        before = anonymous(d)
        d.stop()
        out = subprocess.run([MICRO, "fill", d.data / "store", "50000", str(MESSAGES), "7200", "mayfly.localhost", "65536"],
                             check=True, capture_output=True, text=True, timeout=3000).stdout
        assert json.loads(out)["failed"] == 0, out
        d.start()
        for i in range(200):  # some of them are used: sought, delivered to, listed
            d.send(f"b{i}@mayfly.localhost", f"Subject: {i}\r\n\r\nhello\r\n")
        d.messages(TOKENS[0])
        check(f"anonymous memory for each of {MESSAGES} messages", (anonymous(d) - before) / MESSAGES, 100, "B")


TOKENS, ADDRESSES = [], []
TLS = ssl.create_default_context()
TLS.check_hostname = False
TLS.verify_mode = ssl.CERT_NONE

if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sys.exit(daemon.run([at_rest, idle_smtp, idle_websocket, idle_tls, idle_imap, idle_imap_tls, each_message]))
