#!/usr/bin/env python3
"""How soon an IMAP session in IDLE is told of new mail (issue 3, result 5): from the end of DATA to its untagged EXISTS,
with many sessions idle beside it.

    bench/soak/idle_told.py [SESSIONS [MESSAGES]]      10000 and 1000 when not given

Each session has a box of its own, so a delivery concerns one of them. The flush that comes before 250 is in the time:
it is taken twice, once on disk and once in memory (/dev/shm), which leaves the program's own share.
"""
import pathlib
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/lib"))
import daemon  # noqa: E402
from flood import raise_fd_limit  # noqa: E402
from memory import OPTIONS, connect, imap_idles, until  # noqa: E402
import memory  # noqa: E402

N = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
MOST_MS = 0.5, 3.0  # half of them, and 99 of 100
MAIL = b"Subject: hello\r\n\r\n" + b"a line of text\r\n" * 50 + b".\r\n"


def told_ms(smtp, idle, address):
    for line in (b"MAIL FROM:<s@c.test>", b"RCPT TO:<%s>" % address.encode()):
        smtp.sendall(line + b"\r\n")
        until(smtp, b"250 ")
    smtp.sendall(b"DATA\r\n")
    until(smtp, b"354 ")
    start = time.perf_counter()
    smtp.sendall(MAIL)
    until(idle, b"EXISTS")
    took = time.perf_counter() - start
    until(smtp, b"250 ")
    return took * 1000


def measure(where, folder):
    with daemon.Daemon(*OPTIONS, folder=folder) as d:
        boxes = [d.make_box() for _ in range(N)]
        memory.ADDRESSES[:], memory.TOKENS[:] = [b["address"] for b in boxes], [b["token"] for b in boxes]
        idle = [imap_idles(connect(d, "imap.listen", i), i) for i in range(N)]
        smtp = connect(d, "smtp.listen", 0)
        until(smtp, b"220 ")
        smtp.sendall(b"EHLO client.test\r\n")
        until(smtp, b"250 ")
        one_of = random.Random(1)
        took = []
        for _ in range(MESSAGES + 20):  # the first ones warm up
            i = one_of.randrange(N)
            took.append(told_ms(smtp, idle[i], boxes[i]["address"]))
        took = sorted(took[20:])
        half, most = took[len(took) // 2], took[len(took) * 99 // 100]
        print(f"{N} idle, {MESSAGES} delivered, {where}: told after {half:.2f} ms (half of them), {most:.2f} ms (99 of 100)", flush=True)
        return half, most


def in_a_folder(where, parent):
    folder = tempfile.mkdtemp(prefix="mayfly-told-", dir=parent)
    try:
        return measure(where, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def told_of_mail():
    in_a_folder("on disk", None)
    got = in_a_folder("in memory", "/dev/shm")
    if any(g > m for g, m in zip(got, MOST_MS)):
        raise AssertionError(f"{got} ms, more than {MOST_MS}")


if __name__ == "__main__":
    raise_fd_limit()
    sys.exit(daemon.run([told_of_mail]))
