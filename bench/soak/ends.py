#!/usr/bin/env python3
"""The end of many (issue 2, result 7): boxes full of mail end in the same second while mail for others comes in.

    bench/soak/ends.py [BOXES [MESSAGES]]      50000 and 1000000 when not given

Looked at from outside: when RCPT is refused, when the leases' keys are gone from both files, how long the other senders
wait for their 250 before and meanwhile, when the segments' disk space is back.
"""
import pathlib
import random
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/lib"))
import daemon  # noqa: E402
import json  # noqa: E402

BOXES = int(sys.argv[1]) if len(sys.argv) > 1 else 50000
MESSAGES = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
MICRO = daemon.ROOT / "build/bench/micro"
BEFORE_S, AFTER_S, SENDERS = 40, 130, 8
SLOT, KEY = 128, slice(28, 60)
OPTIONS = ["limits.boxes=65536", "limits.unknown_per_network=1000000", "box.default_ttl=2h", "box.max_messages=1000000",
           "box.max_bytes=1000G", "smtp.listen=127.0.0.1:0"]
LINE = b"lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor\r\n"


class Sender(threading.Thread):
    """Mail after mail to one box; each (moment, milliseconds from the end of data to the 250)."""
    stop = False

    def __init__(self, d, to, n):
        super().__init__(daemon=True)
        self.d, self.to, self.n, self.took, self.refused = d, to, n, [], 0

    def run(self):
        with self.d.smtp() as s:
            s.ehlo()
            for k in range(10 ** 9):
                if Sender.stop:
                    return
                s.docmd("MAIL", "FROM:<sender@example.test>")
                s.docmd("RCPT", f"TO:<{self.to}>")
                s.docmd("DATA")
                body = f"Subject: {self.n} {k}\r\nMessage-ID: <{self.n}.{k}@example.test>\r\n\r\n".encode() + LINE * 120
                at = time.time()
                s.send(body + b".\r\n")
                code, _ = s.getreply()
                self.took.append((at, (time.time() - at) * 1000))
                self.refused += code != 250
                time.sleep(0.01)  # a steady stream, not all that the machine can take


class Prober(threading.Thread):
    """Asks for ended boxes at RCPT; (moment, code)."""

    def __init__(self, d):
        super().__init__(daemon=True)
        self.d, self.seen = d, []

    def run(self):
        while not Sender.stop:
            with self.d.smtp() as s:
                s.ehlo()
                s.docmd("MAIL", "FROM:<probe@example.test>")
                for _ in range(5):  # an unknown recipient counts as an error: a new session before there are ten
                    at = time.time()
                    code, _ = s.docmd("RCPT", f"TO:<b{random.randrange(BOXES)}@mayfly.localhost>")
                    self.seen.append((at, code))
                    time.sleep(0.05)


def seg_bytes(d):
    return sum(f.stat().st_blocks * 512 for f in (d.data / "store/seg").iterdir())


def keys(d, name):
    raw = (d.data / "store" / name).read_bytes()
    return [raw[i:i + SLOT][KEY] for i in range(0, len(raw), SLOT)]


def keys_left(d, then):
    return sum(k in then for name in ("lease.a", "lease.b") for k in keys(d, name) if any(k))


def p99(values):
    values = sorted(values)
    return values[int(len(values) * 0.99)] if values else 0.0


def fill(d):
    if not MICRO.exists():
        subprocess.run(["ninja", "-C", str(daemon.ROOT / "build"), "bench/micro"], check=True, stdout=subprocess.DEVNULL)
    mine = {k for k in keys(d, "lease.a") if any(k)}
    out = subprocess.run([MICRO, "fill", d.data / "store", str(BOXES), str(MESSAGES), str(BEFORE_S + 15), "mayfly.localhost",
                          "65536"], check=True, capture_output=True, text=True, timeout=3000).stdout
    said = json.loads(out)
    assert said["failed"] == 0, out
    then = {k for k in keys(d, "lease.a") if any(k)} - mine
    assert len(then) == BOXES, len(then)
    return said["end_ms"] / 1000, then


def watch(d, end, then):
    """Seconds after the end until the keys are gone, and until the disk space is back; how much there was."""
    time.sleep(max(0, end - 0.5 - time.time()))
    full, gone, back = seg_bytes(d), None, None
    while time.time() < end + AFTER_S:
        time.sleep(0.1)
        if gone is None and time.time() > end:
            at = time.time()
            gone = at - end if keys_left(d, then) == 0 else None
        if back is None and seg_bytes(d) < full * 0.1 + 64 * 2**20:  # what came in meanwhile is there, too
            back = time.time() - end
        if gone is not None and back is not None and time.time() > end + 30:
            break
    return gone, back, full


def end_of_many():
    with daemon.Daemon(*OPTIONS) as d:
        live = [d.make_box()["address"] for _ in range(SENDERS)]
        d.stop()
        end, then = fill(d)
        opened = time.time()
        d.start()
        print(f"filled: {BOXES} boxes, {MESSAGES} messages, {seg_bytes(d) >> 20} MiB in segments; started on them in "
              f"{time.time() - opened:.2f} s; {end - time.time():.0f} s to their end", flush=True)
        senders, prober = [Sender(d, to, n) for n, to in enumerate(live)], Prober(d)
        for t in senders + [prober]:
            t.start()
        gone, back, full = watch(d, end, then)
        stopped = time.time()
        Sender.stop = True
        for t in senders + [prober]:
            t.join(60)
        took = [x for s in senders for x in s.took]
        start = min(at for at, _ in took) + 2
        until = end + max(back or AFTER_S, 30)  # until all is cleared away
        before, during = p99(ms for at, ms in took if start < at < end), p99(ms for at, ms in took if end <= at < until)
        early = [c for at, c in prober.seen if at < end - 0.1]
        late = [(round(at - end, 3), c) for at, c in prober.seen if at >= end and c != 550]
        refused = sum(s.refused for s in senders)
        print(f"refused from the end on: {len([1 for at, c in prober.seen if at >= end])} asked, {len(late)} not refused {late[:3]}")
        print(f"keys gone from both files {gone and round(gone, 2)} s after the end (at most 2)")
        print(f"intake p99 {before:.1f} ms before, {during:.1f} ms meanwhile: x{during / before:.2f} (at most 1.5); "
              f"{len(took)} mails, {refused} refused")
        print(f"disk: {full >> 20} MiB at the end, back after {back and round(back, 1)} s (at most 120); {seg_bytes(d) >> 20} MiB "
              f"now, {stopped - end:.0f} s after", flush=True)
        assert early and all(c == 250 for c in early), early[:5]
        assert not late and gone is not None and gone <= 2 and back is not None and back <= 120 and refused == 0
        assert during <= 1.5 * before, "intake waited too long meanwhile"


if __name__ == "__main__":
    sys.exit(daemon.run([end_of_many]))
