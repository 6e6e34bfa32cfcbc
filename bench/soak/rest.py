#!/usr/bin/env python3
"""REST lists of 50 messages that came in 50 key windows (issue 2, result 5): CPU seconds of the daemon per 1000 lists,
warm and cold.

    bench/soak/rest.py [MOST]      fails when warm is over MOST (0.065)

A key window ends with the process, so the daemon is started 50 times and each time a mail of 10 KB comes to each of 20
boxes. Cold is the first list of each box after a start: every summary's key is opened (one X25519 each). 127.0.0.1,
16 connections kept alive; the median of five rounds, each long beside the 10 ms in which the kernel counts.
"""
import pathlib
import socket
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/lib"))
import daemon  # noqa: E402
from flood import cpu_seconds  # noqa: E402

MOST = float(sys.argv[1]) if len(sys.argv) > 1 else 0.065 * daemon.MACHINE
BOXES, WINDOWS, CONNECTIONS, ROUNDS, TIMES = 20, 50, 16, 1000, 5
BODY = ("Your code is 482913.\r\n" + "lorem ipsum dolor sit amet consectetur verify account order ticket\r\n" * 150)


def ask(s, token):
    s.sendall(f"GET /api/v1/mailbox/messages?limit=50 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n"
              f"Authorization: Bearer {token}\r\n\r\n".encode())


def answer(s):
    got = b""
    while b"\r\n\r\n" not in got:
        got += s.recv(1 << 20)
    head, body = got.split(b"\r\n\r\n", 1)
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise AssertionError(head[:200])
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += s.recv(1 << 20)
    return body


def lists(d, socks, tokens, rounds):
    """CPU seconds per 1000 lists, lists a second."""
    was, at, n = cpu_seconds(d.pid), time.monotonic(), 0
    for r in range(rounds):
        for i, s in enumerate(socks):
            ask(s, tokens[(r * len(socks) + i) % len(tokens)])
        for s in socks:
            answer(s)
            n += 1
    return (cpu_seconds(d.pid) - was) * 1000 / n, n / (time.monotonic() - at)


def rest_lists():
    with daemon.Daemon("box.default_ttl=2h", "limits.requests_per_network=1000000") as d:
        boxes = [d.make_box() for _ in range(BOXES)]
        tokens = [b["token"] for b in boxes]
        for w in range(WINDOWS):
            with d.smtp() as s:
                for b in boxes:
                    s.sendmail("sender@example.test", [b["address"]], f"Subject: window {w}\r\n\r\n{BODY}")
            d.restart()
        with socket.create_connection(d.address("http.listen")) as s:
            was = cpu_seconds(d.pid)
            for t in tokens:
                ask(s, t)
                body = answer(s)
                assert body.count(b'"subject"') == WINDOWS, body.count(b'"subject"')
            cold = (cpu_seconds(d.pid) - was) * 1000 / BOXES
        socks = [socket.create_connection(d.address("http.listen")) for _ in range(CONNECTIONS)]
        lists(d, socks, tokens, 20)
        warm, rate = (statistics.median(x) for x in zip(*(lists(d, socks, tokens, ROUNDS) for _ in range(TIMES))))
        print(f"list of {WINDOWS} messages of {WINDOWS} key windows, {len(body)} octets: warm {warm:.3f} CPU s per 1000 (at most "
              f"{MOST}), {rate:.0f} a second with this client; cold {cold:.2f}", flush=True)
        assert warm <= MOST, warm


if __name__ == "__main__":
    sys.exit(daemon.run([rest_lists]))
