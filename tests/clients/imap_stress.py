#!/usr/bin/env python3
"""Many IMAP sessions at random on few boxes; each keeps a model from what it is told: imap_stress.py [SECONDS [SEED]]

A session's model is what the protocol lets it know: which UID each number has, which flags. Whatever it is told must fit,
and what it fetches must be what it knew. In the end all sessions of a box see one state. Ends with "N passed, N failed".
"""
import pathlib
import random
import re
import socket
import sys
import threading
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lib"))
import daemon  # noqa: E402

BOXES, CLIENTS = 5, 20
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "\\Deleted", "$Stress"]


class Diverged(Exception):
    pass


class Zipped:
    """What a socket and its file are for, behind COMPRESS (RFC 4978)."""
    def __init__(self, s):
        self.s, self.have = s, b""
        self.z, self.u = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)

    def sendall(self, data):
        self.s.sendall(self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH))

    def readline(self):
        while b"\n" not in self.have:
            more = self.s.recv(65536)
            if not more:
                return b""
            self.have += self.u.decompress(more)
        line, self.have = self.have.split(b"\n", 1)
        return line + b"\n"

    def close(self):
        self.s.close()


class Session:
    def __init__(self, d, box, rng, qresync, compress):
        self.d, self.box, self.rng, self.qresync, self.compress, self.n = d, box, rng, qresync, compress, 0
        self.log = []
        self.connect()

    def connect(self):
        self.s = socket.create_connection(self.d.address("imap.listen"), timeout=60)
        self.f = self.s.makefile("rb")
        self.uids, self.flags, self.got = [], {}, []
        self.f.readline()
        self.run(f"LOGIN {self.box['address']} {self.box['token']}")
        if self.compress:
            self.run("COMPRESS DEFLATE")
            self.s = self.f = Zipped(self.s)
        if self.qresync:
            self.run("ENABLE QRESYNC")
        self.select()

    def select(self):
        self.uids, self.flags = [], {}
        self.run(self.rng.choice(["SELECT INBOX", "SELECT INBOX", "SELECT Trash"]))
        self.check()

    def fail(self, why):
        raise Diverged(why + "\n  " + "\n  ".join(self.log[-25:]))

    def set_of(self, text):
        out = set()
        for part in text.split(","):
            a, _, b = part.partition(":")
            out.update(range(int(a), int(b or a) + 1))
        return out

    def note(self, line):
        m = re.match(r"\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: \((.*)\))?$", line)
        if m:
            n, what = int(m[1]), m[2]
            if what == "EXISTS":
                if n < len(self.uids):
                    self.fail(f"EXISTS {n} where {len(self.uids)} were known")
                self.uids += [None] * (n - len(self.uids))
            elif what == "EXPUNGE":
                if not 1 <= n <= len(self.uids):
                    self.fail(f"EXPUNGE {n} of {len(self.uids)}")
                self.uids.pop(n - 1)
            else:
                self.fetched(n, m[3])
        m = re.match(r"\* VANISHED (?!\(EARLIER\))(\S+)$", line)
        if m:
            gone = self.set_of(m[1])
            for uid in gone - set(self.uids):
                self.uids.pop(self.gap(uid))
            self.uids = [u for u in self.uids if u not in gone]

    def gap(self, uid):
        """The number of a message whose UID was never told, where that UID must stand."""
        last = 0
        for i, u in enumerate(self.uids):
            last = u or last
            if u is None and last < uid and all(v > uid for v in self.uids[i:] if v):
                return i
        self.fail(f"VANISHED of {uid}, never known")

    def fetched(self, n, data):
        if not 1 <= n <= len(self.uids):
            self.fail(f"FETCH {n} of {len(self.uids)}")
        uid, flags = re.search(r"UID (\d+)", data), re.search(r"FLAGS \(([^)]*)\)", data)
        if uid:
            if self.uids[n - 1] not in (None, int(uid[1])):
                self.fail(f"number {n} was UID {self.uids[n - 1]}, is {uid[1]}")
            self.uids[n - 1] = int(uid[1])
        if flags and self.uids[n - 1]:
            self.flags[self.uids[n - 1]] = frozenset(flags[1].split()) - {"\\Recent"}

    def read(self):
        line = self.f.readline().decode().rstrip("\r\n")
        self.log.append("< " + line[:150])
        if not line:
            self.fail("hung up")
        self.note(line)
        return line

    def run(self, command, good=True):
        self.n += 1
        tag = f"t{self.n}"
        self.log.append(f"> {tag} {command[:150]}")
        self.s.sendall(f"{tag} {command}\r\n".encode())
        while True:
            line = self.read()
            if line.startswith("* BYE"):
                self.fail("BYE")
            if line.startswith(tag + " "):
                if good and " OK" not in line:
                    self.fail(f"{command}: {line}")
                return line

    def check(self):
        """What is fetched is what was known, once everything has been told."""
        self.run("NOOP")
        before = list(self.uids)
        if not before:
            return
        self.run("FETCH 1:* (UID FLAGS)")
        now = self.uids[:len(before)]  # one that went meanwhile keeps its number, and is not fetched
        for was, is_now in zip(before, now):
            if was not in (None, is_now):
                self.fail(f"{before} became {now}")
        known = [u for u in now if u]
        if known != sorted(known):
            self.fail(f"not ascending: {now}")

    def step(self):
        r = self.rng
        known = [u for u in self.uids if u]
        some = ",".join(str(u) for u in sorted(r.sample(known, min(len(known), r.randint(1, 4))))) if known else "1"
        seq = str(r.randint(1, len(self.uids))) if self.uids else None
        flag = r.choice(FLAGS)
        what = r.random()
        if what < 0.2:
            text = f"Subject: {r.random()}\r\n\r\nx\r\n"
            self.run(f"APPEND {r.choice(['INBOX', 'Trash'])} ({r.choice(FLAGS)}) {{{len(text)}+}}\r\n{text}")
        elif what < 0.4:
            self.run(f"UID STORE {some} {r.choice('+-')}FLAGS{r.choice(['', '.SILENT'])} ({flag})", False)
        elif what < 0.5 and seq:
            self.run(f"STORE {seq} {r.choice('+-')}FLAGS ({flag})", False)
        elif what < 0.6:
            self.run(f"UID {r.choice(['COPY', 'MOVE'])} {some} {r.choice(['Trash', 'INBOX'])}", False)
        elif what < 0.7:
            self.run("EXPUNGE")
        elif what < 0.8:
            self.idle()
        elif what < 0.85:
            self.select()
        elif what < 0.88:
            self.s.close()
            self.connect()
        elif what < 0.93 and seq:
            self.run(f"FETCH {seq} (FLAGS UID)", False)
        else:
            self.check()

    def idle(self):
        self.n += 1
        tag = f"t{self.n}"
        self.s.sendall(f"{tag} IDLE\r\n".encode())
        while not self.read().startswith("+"):
            pass
        time.sleep(self.rng.random() * 0.05)
        self.s.sendall(b"DONE\r\n")
        while not self.read().startswith(tag):
            pass

    def state(self, folder):
        self.uids, self.flags = [], {}
        self.run(f"SELECT {folder}")
        if self.uids:
            self.run("FETCH 1:* (UID FLAGS)")
        return list(self.uids), {u: self.flags.get(u) for u in self.uids}


def work(s, until, failures):
    try:
        while time.monotonic() < until and not failures:
            s.step()
    except Exception as e:  # every kind: it ends the others too
        failures.append(f"{type(e).__name__}: {e}")


def stress(seconds, seed, qresync, compress):
    failures = []
    with daemon.Daemon("auth.cleartext=loopback", "limits.prelogin_per_network=1000", "box.max_messages=5000") as d:
        boxes = [d.make_box() for _ in range(BOXES)]
        sessions = [Session(d, boxes[i % BOXES], random.Random(seed * 1000 + i), qresync, compress) for i in range(CLIENTS)]
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=work, args=(s, until, failures)) for s in sessions]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        for b in range(BOXES if not failures else 0):
            for folder in ("INBOX", "Trash"):
                states = [s.state(folder) for s in sessions[b::BOXES]]
                if any(x != states[0] for x in states):
                    failures.append(f"box {b} {folder}: sessions differ: {states}")
        print(f"     {sum(s.n for s in sessions)} commands, seed {seed}")
    if failures:
        raise AssertionError(failures[0])


SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 5
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1


def sessions_stay_of_one_mind():
    stress(SECONDS, SEED, False, False)


def with_QRESYNC_too():
    stress(SECONDS, SEED + 1, True, False)


def with_QRESYNC_and_COMPRESS_too():
    stress(SECONDS, SEED + 2, True, True)


if __name__ == "__main__":
    sys.exit(daemon.run([sessions_stay_of_one_mind, with_QRESYNC_too, with_QRESYNC_and_COMPRESS_too]))
