#!/usr/bin/env python3
"""A hundred thousand mails wait for a thousand destinations that are dead: what does it cost, and does a live one notice?

    bench/soak/queue_dead.py [MAILS [DESTINATIONS [ROUNDS]]]      100000, 1000 and 15 when not given

Half of the dead refuse the connection at once, half say nothing at all. Memory is anonymous memory over what an idle
server takes. Two servers run: one has the dead mail, one has nothing else to do; in each round both carry the same mails
to a live destination, now one first, now the other, so that what else happens on the machine meets both. What counts is
the median of the rounds' ratios. The far end and the DNS are processes of their own: what the dead cost them is not the
server's.
"""
import asyncio
import multiprocessing
import pathlib
import socket
import statistics
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/out")]
import names  # noqa: E402
from daemon import Daemon  # noqa: E402
from flood import cpu_seconds, memory  # noqa: E402

N = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
DEAD = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
ROUNDS = int(sys.argv[3]) if len(sys.argv) > 3 else 15
LIVE, SESSIONS = 1500, 16
MEMORY_MAX, SLOWER_MAX = 100 << 20, 1.10


# ---- the far end and the DNS, a process each ----

async def sink(host, port, taken):
    async def session(r, w):
        try:
            w.write(b"220 live.example ESMTP\r\n")
            while line := await r.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    w.write(b"354 go on\r\n")
                    await r.readuntil(b"\r\n.\r\n")
                    taken.value += 1
                w.write(b"250-live.example\r\n250 PIPELINING\r\n" if verb == b"EHLO" else b"250 2.0.0 ok\r\n")
                await w.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            w.close()
    async with await asyncio.start_server(session, host, port) as s:
        await s.serve_forever()


def run_sink(host, port, taken):
    asyncio.run(sink(host, port, taken))


def run_names(tell):
    tell.send(names.start())
    names.put("live.example", MX=[(10, "mx.live.example")])
    names.put("mx.live.example", A=["127.0.6.1"])
    for i in range(DEAD):
        names.put(f"dead{i}.example", MX=[(10, f"mx.dead{i}.example")])
        names.put(f"mx.dead{i}.example", A=[f"127.0.6.{2 + i % 2}"])
    while True:
        time.sleep(60)


def silent(host, port):
    """A listener whose queue is full answers no SYN."""
    s = socket.socket()
    s.bind((host, port))
    s.listen(0)
    fill = []
    for _ in range(8):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex((host, port))
        fill.append(c)
    return s, fill


# ---- mail goes in ----

async def reply(r, want):
    while True:
        line = await r.readline()
        if not line.startswith(want):
            raise AssertionError(line)
        if line[3:4] != b"-":
            return


async def sender(port, todo):
    r, w = await asyncio.open_connection("127.0.0.1", port)
    await reply(r, b"220")
    w.write(b"EHLO client.example\r\n")
    await reply(r, b"250")
    while todo:
        w.write(b"MAIL FROM:<a@ours.example>\r\nRCPT TO:<%s>\r\nDATA\r\n" % todo.pop().encode())
        for want in (b"250", b"250", b"354"):
            await reply(r, want)
        w.write(b"Subject: hello\r\n\r\n" + b"words of the mail\r\n" * 100 + b".\r\n")
        await reply(r, b"250")
    w.write(b"QUIT\r\n")
    w.close()


async def hand_in(d, todo):
    await asyncio.gather(*(sender(d.address("smtp.listen")[1], todo) for _ in range(SESSIONS)))


async def live(d, taken):
    """Mails a second, and what of the server's processor they took (with what it does besides)."""
    before, began, spent = taken.value, time.monotonic(), cpu_seconds(d.pid)
    await hand_in(d, ["b@live.example"] * LIVE)
    while taken.value < before + LIVE:
        await asyncio.sleep(0.005)
    took = time.monotonic() - began
    return LIVE / took, cpu_seconds(d.pid) - spent


# ---- what it costs ----

async def measure(alone, beside, taken):
    await live(beside, taken)
    idle = memory(beside.pid)[0]
    began = time.monotonic()
    await hand_in(beside, [f"b@dead{i % DEAD}.example" for i in range(N)])
    print(f"{N} mails to {DEAD} dead destinations taken in {time.monotonic() - began:.0f} s", flush=True)
    await asyncio.sleep(65)  # memory goes back once a minute
    grown = memory(beside.pid)[0] - idle
    spent = cpu_seconds(beside.pid)
    await asyncio.sleep(30)
    waiting = (cpu_seconds(beside.pid) - spent) / 30
    rounds = []
    await live(alone, taken)
    for i in range(ROUNDS):
        got = {d: await live(d, taken) for d in ((alone, beside) if i % 2 else (beside, alone))}
        rounds.append((*got[alone], *got[beside]))
        print("%6.0f/s alone, %6.0f/s beside; %.2f and %.2f s of processor" % (rounds[-1][0], rounds[-1][2], rounds[-1][1], rounds[-1][3]), flush=True)
    return grown, waiting, rounds


async def run():
    port = names.free_port()
    taken = multiprocessing.Value("q", 0, lock=False)
    mine, theirs = multiprocessing.Pipe()
    others = [multiprocessing.Process(target=run_sink, args=("127.0.6.1", port, taken), daemon=True),
              multiprocessing.Process(target=run_names, args=(theirs,), daemon=True)]
    for p in others:
        p.start()
    held = silent("127.0.6.3", port)
    options = ["smtp.relay_from=127.0.0.0/8", f"smtp_out.port={port}", "smtp_out.allow_private=true", f"dns.forward={mine.recv()}",
               "smtp_out.mta_sts=false"]
    with Daemon(*options) as alone, Daemon(*options) as beside:
        print(f"alone: pid {alone.pid}, beside: pid {beside.pid}", flush=True)
        grown, waiting, rounds = await measure(alone, beside, taken)
    held[0].close()
    for p in others:
        p.terminate()
    alone_s, alone_cpu, beside_s, beside_cpu = map(statistics.median, zip(*rounds))
    slower = statistics.median(a / b for a, _, b, _ in rounds)
    print(f"memory: {grown / 2**20:.1f} MiB, {grown / N:.0f} octets a mail (at most {MEMORY_MAX >> 20} MiB)")
    print(f"processor: {waiting * 100:.1f} % while they wait")
    print(f"live destination: {alone_s:.0f}/s alone at {alone_cpu / LIVE * 1000:.3f} CPU s per 1000, {beside_s:.0f}/s beside them at "
          f"{beside_cpu / LIVE * 1000:.3f}: {slower:.2f} of the time, median of {ROUNDS} pairs (at most {SLOWER_MAX})")
    bad = (grown > MEMORY_MAX) + (slower > SLOWER_MAX)
    print(f"{2 - bad} passed, {bad} failed")
    return bad


if __name__ == "__main__":
    sys.exit(1 if asyncio.run(run()) else 0)
