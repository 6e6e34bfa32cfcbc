#!/usr/bin/env python3
"""Abuse of IMAP: everything has its defined answer, memory stays bounded, honest clients do not wait.
imap.py [WORD…] runs the cases whose name holds a word."""
import pathlib
import socket
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
from flood import each_costs, memory, raise_fd_limit  # noqa: E402

MB = 1024 * 1024
OPEN = ("auth.cleartext=loopback", "limits.prelogin_per_network=100000")


class Imap:
    def __init__(self, d, box=None, source=None, window=None):
        self.s = socket.socket()
        if window:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        if source:
            self.s.bind((source, 0))
        self.s.settimeout(30)
        self.s.connect(d.address("imap.listen"))
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()
        if box:
            assert self.ask(f"LOGIN {box['address']} {box['token']}").startswith(b"t OK")

    def send(self, data):
        try:
            self.s.sendall(data)
        except OSError:
            pass  # it has hung up; what it said before still counts

    def ask(self, command):
        """The last line: the tagged one, or BYE; empty when it has hung up."""
        self.send(b"t " + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        return self.end()

    def end(self):
        line = b"-"
        while line and not line.startswith((b"t ", b"* BYE")):
            try:
                line = self.f.readline()
            except ConnectionResetError:
                return b""
        return line

    def close(self):
        self.f.close()
        self.s.close()


def honest(d, box, within=1.0):
    start = time.monotonic()
    c = Imap(d, box, source="127.9.9.9")
    said = c.ask("SELECT INBOX"), c.ask("FETCH 1 BODY.PEEK[]")
    took = time.monotonic() - start
    c.close()
    assert all(x.startswith(b"t OK") for x in said), said
    assert took < within * (10 if daemon.SANITIZED else 1), f"an honest client waited {took:.2f} s"


def d_box(d):
    box = d.make_box()
    d.send(box["address"], "Subject: x\r\n\r\nx\r\n")
    return box


def timed(c, command, seconds=2):
    start = time.monotonic()
    said = c.ask(command)
    took = time.monotonic() - start
    assert took < seconds * (10 if daemon.SANITIZED else 1), f"{took:.2f} s for {command[:60]!r}"
    return said


def what_is_too_much_is_answered():
    with daemon.Daemon(*OPEN) as d:
        box = d_box(d)
        before = memory(d.pid)[0]
        c = Imap(d, box)
        c.ask("SELECT INBOX")
        assert timed(c, "SEARCH " + "(" * 10000 + "ALL" + ")" * 10000).startswith(b"t BAD")
        assert timed(c, "SEARCH " + "NOT " * 10000 + "ALL").startswith(b"t BAD")
        assert timed(c, "SEARCH " + "OR ALL " * 5000 + "ALL").startswith(b"t BAD")
        assert timed(c, "FETCH 1 " + "(" * 10000).startswith(b"t BAD")
        assert timed(c, "LIST \"\" " + "*%" * 20000).startswith(b"t OK")
        assert timed(c, "UID FETCH " + ",".join(f"{i}" for i in range(1, 12000, 2)) + " UID").startswith(b"t OK")
        assert timed(c, "UID FETCH 1:4294967295 UID").startswith(b"t OK")
        assert timed(c, "FETCH 1 (" + " ".join(["ENVELOPE"] * 5000) + ")").startswith((b"t OK", b"t BAD"))
        assert timed(c, "FETCH 1 (" + " ".join(f"BODY.PEEK[]<{i}.1>" for i in range(3000)) + ")").startswith(b"t BAD")
        assert timed(c, "STORE 1 +FLAGS (" + " ".join(f"k{i}" for i in range(5000)) + ")").startswith(b"t NO [LIMIT]")
        assert timed(c, "STORE 1 +FLAGS (" + " ".join(f"k{i}" for i in range(30)) + ")").startswith(b"t NO [LIMIT]")
        assert timed(c, "CREATE " + "a/" * 100 + "b").startswith(b"t NO")
        assert timed(c, "CREATE " + "x" * 300).startswith(b"t NO")
        c.close()
        for command in (b"x" * 70000, b"NOOP {4294967296+}", b"NOOP {99999999999999999999999+}", b"\0", b"a\nb"):
            c = Imap(d, box)
            assert timed(c, command).startswith(b"* BYE"), command[:40]
            c.close()
        for command in ("LOGIN {4294967296}", "LOGIN {4097}"):
            c = Imap(d)
            assert timed(c, command).startswith(b"t BAD")
            assert timed(c, "NOOP").startswith(b"t OK")
            c.close()
        honest(d, box)
        grew = memory(d.pid)[0] - before
        assert grew < 64 * MB or daemon.SANITIZED, f"{grew // MB} MB more"


def commands_without_end():
    with daemon.Daemon(*OPEN) as d:
        box = d_box(d)
        c = Imap(d, box)
        for _ in range(200):
            c.send(b"x FROB {3+}\r\nabc\r\n" * 50)
        assert c.end().startswith(b"* BYE")
        c = Imap(d)
        for _ in range(200):
            c.send(b"x LOGIN {9+}\r\nt LOGOUT\r\n {1+}\r\nx\r\n" * 50)
        assert c.end().startswith(b"* BYE")
        honest(d, box)


def readers_that_do_not_read():
    n, size = 30, 8 * MB
    with daemon.Daemon(*OPEN) as d:
        box, friend = d.make_box(), d_box(d)
        d.send(box["address"], b"Subject: big\r\n\r\n" + (b"0123456789abcdef" * 4)[:62] + b"\r\n" + b"y" * 60 * 1000 + b"\r\n"
               + b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n" * (size // 64))
        before = memory(d.pid)[0]
        crowd = [Imap(d, box, window=4096) for _ in range(n)]
        for c in crowd:
            c.ask("SELECT INBOX")
            c.send(b"t FETCH 1 BODY.PEEK[]\r\n" * 20)
        time.sleep(1)
        grew = memory(d.pid)[0] - before
        print(f"     {n} readers: {grew / n / 1024:.0f} KiB each")
        assert grew < n * MB or daemon.SANITIZED, f"{grew // MB} MB for {n} readers"
        honest(d, friend)
        for c in crowd:
            c.close()


def appends_that_never_end():
    n = 50
    with daemon.Daemon(*OPEN, "limits.message_memory=64M") as d:
        friend = d_box(d)
        crowd = [Imap(d, d.make_box()) for _ in range(n)]
        for c in crowd:
            c.send(b"t APPEND INBOX {20000000+}\r\n" + b"x" * 100000)
        time.sleep(0.5)
        assert memory(d.pid)[0] < 256 * MB or daemon.SANITIZED
        honest(d, friend)
        for c in crowd:
            c.close()


def strangers_that_say_nothing():
    n = min(2000, raise_fd_limit() // 2 - 1000)
    with daemon.Daemon(*OPEN) as d:
        friend = d_box(d)
        honest(d, friend, 5)
        strangers = [Imap(d) for _ in range(200)]  # what the first ones make each thread take is not theirs
        more, each = each_costs(d.pid, lambda: Imap(d), n - 200)
        strangers += more
        print(f"     {n} strangers: {each:.0f} octets of user memory each")
        assert each <= 1024 or daemon.SANITIZED, f"{each:.0f} octets for each stranger"
        for c in strangers[:200]:
            c.send(b"a LOGIN half")
        honest(d, friend)
        for c in strangers:
            c.close()


def many_wrong_secrets_at_once():
    with daemon.Daemon(*OPEN) as d:
        box = d_box(d)
        said = []

        def guess(i):
            c = Imap(d, source="127.3.3.3")
            c.s.settimeout(4)
            try:
                for k in range(6):
                    said.append(c.ask(f"LOGIN {box['address']} wrong{i}-{k}"))
            except TimeoutError:
                pass  # it has to wait, and longer with each
            c.close()
        threads = [threading.Thread(target=guess, args=(i,)) for i in range(10)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        honest(d, box)  # from elsewhere, with the right one
        for t in threads:
            t.join(60)
        assert all(line.startswith(b"t NO") for line in said) and len(said) <= 10, said


def a_box_that_ends_in_the_middle():
    with daemon.Daemon(*OPEN) as d:
        box, friend = d.make_box(), d_box(d)
        d.send(box["address"], b"Subject: big\r\n\r\n" + b"canary-canary-canary-canary\r\n" * 200000)
        c = Imap(d, box, window=4096)
        c.ask("SELECT INBOX")
        c.send(b"t FETCH 1 BODY.PEEK[]\r\n")
        c.s.recv(1000)
        d.api("DELETE", "/mailbox", token=box["token"])
        got = 0
        try:
            while more := c.s.recv(65536):
                got += len(more)
        except ConnectionResetError:
            pass
        assert got < 4 * MB, f"{got} octets after the end"
        honest(d, friend)


CASES = [what_is_too_much_is_answered, commands_without_end, readers_that_do_not_read, appends_that_never_end,
         strangers_that_say_nothing, many_wrong_secrets_at_once, a_box_that_ends_in_the_middle]
if __name__ == "__main__":
    sys.exit(daemon.run([f for f in CASES if not sys.argv[1:] or any(w in f.__name__ for w in sys.argv[1:])]))
