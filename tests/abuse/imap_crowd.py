#!/usr/bin/env python3
"""Abuse of IMAP by many, by the slow and by the deaf: memory stays bounded, nobody is kept out, honest clients do not wait.
imap_crowd.py [WORD…] runs the cases whose name holds a word."""
import base64
import os
import pathlib
import select
import ssl
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
from flood import cpu_seconds, memory, raise_fd_limit  # noqa: E402
from imap_abused import KB, LINE, MANY, MB, SUBJECT, WITHIN, Imap, Served, Watch, honest  # noqa: E402

PASSWORD = "a fine long secret"


# ---- many ----

def ten_thousand_commands_at_once():
    n = 10000
    with Served(MANY) as d:
        box = d.box()
        c = Imap(d).enter(box)
        with Watch(d, box) as w:
            for command in (b"NOOP", b"CAPABILITY", b"FETCH 1 (FLAGS ENVELOPE)", b"SEARCH ALL", b'LIST "" *', b"STATUS INBOX (MESSAGES)"):
                sender = threading.Thread(target=c.say, args=(b"".join(b"q%d %s\r\n" % (i, command) for i in range(n)),))
                sender.start()
                got = []
                while len(got) < n:
                    line = c.f.readline()
                    assert line, f"hung up after {len(got)} of {command}"
                    if line.startswith(b"q"):
                        got.append(line)
                sender.join()
                for i, line in enumerate(got):
                    assert line.startswith(b"q%d OK" % i), (i, line)
        w.grown(10 * MB, f"{n} commands at once, of each kind")
        c.close()


def readers_that_do_not_read():
    """What a command says is small; it is the many that nobody reads that must not pile up. The kernel takes the first
    megabytes; without a bound behind it each of them costs four more."""
    n = 10
    with Served(MANY) as d:
        friend, box = d.box(), d.box()
        with Watch(d, friend) as w:
            deaf = []
            for inside in (False, True) * n:
                c = Imap(d, window=4096)
                if inside:
                    c.enter(box)
                c.s.setblocking(False)
                deaf.append((c, (b't LIST "" *\r\n' if inside else b"t CAPABILITY\r\n") * 1000))
            over, moved = time.monotonic() + 20, time.monotonic()
            while time.monotonic() < min(over, moved + 1):
                for c, data in deaf:
                    try:
                        c.s.send(data)
                        moved = time.monotonic()
                    except BlockingIOError:
                        pass
            w.grown(2 * n * MB, f"{2 * n} that say much and read nothing")
        for c, _ in deaf:
            c.close()


def idlers_that_do_not_read():
    n = 12
    with Served(MANY, "box.max_messages=1000") as d:
        friend, box = d.box(), d.box()
        busy = Imap(d).enter(box)
        keywords = " ".join(f"{'k' * 60}{i}" for i in range(24))  # so that one message's flags are 1.5 KB
        assert busy.said(f"STORE 1 +FLAGS.SILENT ({keywords})").startswith(b"OK")
        for _ in range(9):
            assert busy.said("COPY 1:* INBOX").startswith(b"OK")
        idle = []
        for _ in range(n):
            c = Imap(d, window=4096).enter(box)
            c.say(b"t IDLE\r\n")
            c.f.readline()
            idle.append(c)
        with Watch(d, friend) as w:
            for i in range(16):  # 12 MB are to be told to each
                assert busy.said(f"STORE 1:* {'+-'[i % 2]}FLAGS.SILENT (\\Flagged)").startswith(b"OK")
            w.grown(2 * n * MB, f"{n} that idle and read nothing")  # one telling is 0.8 MB
        got = b""  # who reads at last is told how things are
        idle[0].s.settimeout(2)
        try:
            while piece := idle[0].s.recv(1 << 16):
                got = (got + piece)[-4096:]
        except TimeoutError:
            pass
        assert got.endswith(b"))\r\n") and b"Flagged" not in got, got[-300:]
        for c in idle:
            c.close()
        busy.close()


def large_bodies_that_nobody_takes():
    n, size = 24, 24 * MB
    with Served(MANY, "box.max_bytes=1G") as d:
        friend, box = d.box(), d.box(size)
        deaf = [Imap(d, window=4096).enter(box) for _ in range(n)]
        with Watch(d, friend) as w:
            for c in deaf:
                c.say(b"t FETCH 1 BODY.PEEK[]\r\n")
                assert b"FETCH" in c.f.readline()
            time.sleep(2)
            w.grown(n * MB, f"{n} bodies of 24 MB that nobody takes")
        for c in deaf:
            c.close()


def four_hundred_slow_ones_of_one_network():
    with Served() as d:  # with the limit as it is
        box = d.box()
        with Watch(d, box) as w:
            slow, told = [], 0
            for i in range(400):
                c = Imap(d, source=f"127.5.5.{i % 250 + 1}")
                if c.greeting.startswith(b"* OK"):
                    slow.append(c)
                else:
                    assert c.greeting == b"* BYE [LIMIT] too many connections from your network\r\n", c.greeting
                    told += 1
                    c.close()
            assert (len(slow), told) == (20, 380), (len(slow), told)
            for octet in b"t LO":  # one a second
                for c in slow:
                    c.say(bytes([octet]))
                time.sleep(1)
            w.grown(10 * MB, "400 slow ones of one network")
        for c in slow:
            c.close()


def guessing_does_not_lock_the_owner_out():
    """A thousand wrong secrets under way at once, from fifty networks."""
    with Served() as d:
        box = d.box(password=PASSWORD)
        guessers = [Imap(d, source=f"127.{100 + i}.5.5") for i in range(50) for _ in range(20)]
        with Watch(d, box) as w:
            for i, c in enumerate(guessers):
                wrong = "mf1_" + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=") if i % 2 else f"guess number {i}"
                c.say(f't LOGIN {box["address"]} "{wrong}"\r\n'.encode())
            start = time.monotonic()
            owner = Imap(d, source="127.6.6.6")
            said = owner.login(box, PASSWORD)
            tries = 1
            while said.startswith((b"NO [LIMIT]", b"NO [UNAVAILABLE]")) and tries < 20:
                tries += 1
                time.sleep(0.2)
                said = owner.login(box, PASSWORD)
            print(f"     the owner's password, at try {tries}, after {time.monotonic() - start:.2f} s: {said.decode().strip()}")
            assert said.startswith(b"OK"), said
            owner.close()
        w.grown(150 * MB, "1000 guesses under way")
        said = 0
        for c in guessers:
            c.s.settimeout(0.001)
            try:
                line = c.f.readline()
            except TimeoutError:
                line = b""
            if line:
                assert line.startswith((b"t NO [AUTHENTICATIONFAILED]", b"t NO [LIMIT]", b"t NO [UNAVAILABLE]")), line
                said += 1
            c.close()
        assert said, "no guess was answered"


def five_wrong_secrets_end_a_connection():
    with Served() as d:
        box = d.box()
        c = Imap(d)
        for i in range(5):  # of another name each, so that each is told after half a second
            assert c.said(f"LOGIN nobody{i}@mayfly.localhost guess").startswith(b"NO [AUTHENTICATIONFAILED]")
        assert c.rest() == b"* BYE too many wrong secrets\r\n"
        c.close()
        honest(d, box)


# ---- TLS ----

def nothing_may_follow_starttls():
    context = ssl._create_unverified_context()
    with Served(MANY) as d:
        box = d.box()
        for together in (True, False):
            c = Imap(d)
            if together:
                c.say(b"t STARTTLS\r\nx CAPABILITY\r\nx LOGOUT\r\n")
                assert b"\nx " not in b"\n" + c.rest()
            else:
                assert c.said("STARTTLS").startswith(b"OK")
                c.say(b"x CAPABILITY\r\n")
                assert b"x " not in c.rest()
            c.close()
        c = Imap(d)
        assert c.said("STARTTLS").startswith(b"OK")
        c.s = context.wrap_socket(c.s)
        c.f = c.s.makefile("rb")
        assert b"STARTTLS" not in c.ask("CAPABILITY")[0] and c.said("STARTTLS").startswith(b"BAD")
        c.enter(box)
        c.close()


# ---- appending ----

def append_has_its_limits():
    with Served(MANY) as d:
        friend, box = d.box(), d.box()
        most = 25 * MB
        with Watch(d, friend) as w:
            c = Imap(d).enter(box)
            assert c.said(b"APPEND INBOX {%d}" % (most + 1)).startswith(b"NO [TOOBIG]")
            assert c.said(b"APPEND INBOX {%d+}\r\n" % most + (LINE * (most // 64 + 1))[:most]).startswith(b"OK")
            c.say(b"t APPEND INBOX" + b" {7+}\r\na: b\r\n\r" * 1100 + b"\r\n")
            assert c.until(b"t")[-1].startswith(b"t NO [LIMIT] too many"), "1100 messages at once"
            c.say(b"t APPEND INBOX" + b" {8+}\r\na: b\r\n\r\n" * 900 + b"\r\n")
            assert c.until(b"t")[-1].startswith(b"t NO [OVERQUOTA]"), "900 messages where 500 fit"
            c.say(b"t APPEND INBOX" + b" {8+}\r\na: b\r\n\r\n" * 90 + b"\r\n")
            assert c.until(b"t")[-1].startswith(b"t OK"), "90 messages"
            c.close()
        w.grown(80 * MB, "appended")


def crowd_out(d, friend, ask, sizes):
    """Sessions that take as much of the memory for messages as they get; mail still comes in."""
    held = []
    for size in sizes:
        c = Imap(d, window=4096)
        held.append(c)
        ask(c, size)
    with Watch(d, friend) as w:
        for _ in range(5):
            d.send(friend["address"], b"Subject: x\r\n\r\n" + LINE * 128 * KB)
    w.grown(20 * MB, "mail beside those who hold all they get")
    for c in held:
        c.close()


def announced_mail_does_not_keep_others_out():
    with Served(MANY, "limits.message_memory=256M") as d:
        friend, box = d.box(), d.box()

        def announce(c, size):
            c.enter(box).say(b"t APPEND INBOX {%d}\r\n" % size)
            assert c.f.readline().startswith((b"+", b"t NO [LIMIT]"))
        crowd_out(d, friend, announce, [25 * MB - 1] * 20 + [MB] * 30 + [16 * KB] * 100)


def opened_mail_does_not_keep_others_out():
    with Served(MANY, "limits.message_memory=256M", "box.max_bytes=1G") as d:
        friend, box = d.box(), d.make_box()
        sizes = 24 * MB, 8 * MB, 5 * MB  # what the kernels take of the smaller ones would be all of it
        for size in sizes:
            head = b"Subject: %s\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n" % SUBJECT.encode()
            d.send(box["address"], head + b"QUJD" * 18 + b"\r\n" + (b"QUJD" * 18 + b"\r\n") * (size // 74))

        def fetch(c, size):
            n = sizes.index(size) + 1
            c.enter(box).say(b"t FETCH %d BINARY.PEEK[1]\r\n" % n)
            assert c.f.readline().startswith((b"* %d FETCH (BINARY[1]" % n, b"t NO"))
        crowd_out(d, friend, fetch, [size for size in sizes for _ in range(20)])


def searching_large_bodies_is_bounded():
    """Two threads look through texts for all, so what one message may cost is what others who search wait for."""
    with Served(MANY) as d:
        friend, box = d.box(), d.make_box()
        d.send(box["address"], b"Subject: big\r\n\r\n" + LINE * (24 * MB // 64))
        c = Imap(d).enter(box)
        c.s.settimeout(120)
        before, start = memory(d.pid)[0], cpu_seconds(d.pid)
        assert c.said(b"SEARCH" + b"".join(b" OR TEXT zq%d" % n for n in range(62)) + b" TEXT zz").startswith(b"OK")
        took = cpu_seconds(d.pid) - start
        print(f"     63 words in 24 MB: {took:.2f} s of a processor")
        assert took < 2, took
        assert memory(d.pid)[0] - before < 20 * MB, "it kept what it had read"
        honest(d, friend)
        c.close()


def a_long_search_keeps_nobody_waiting():
    """By the order of the answers: a turn of the loop answers one NOOP of somebody who waits for each, and reading 16 MB takes 64
    turns; so who gets hundreds of them before the search is over was served while the words were looked for."""
    with Served("server.workers=1", MANY) as d:
        box = d.box(16 * MB)
        seeker, other = Imap(d).enter(box), Imap(d).enter(box, "Sent")
        seeker.say(b"t SEARCH" + b"".join(b" OR TEXT nowhere%d" % n for n in range(63)) + b" TEXT nothing\r\n")
        n = 0
        while not select.select([seeker.s], [], [], 0)[0]:
            assert other.said("NOOP").startswith(b"OK")
            n += 1
        assert seeker.until(b"t") == [b"* SEARCH\r\n", b"t OK that is all\r\n"]
        assert n > 300, f"{n} answers while somebody searched"
        seeker.say(b"t SEARCH TEXT nowhere\r\n").close()  # who leaves meanwhile is not told
        assert other.said("SELECT INBOX").startswith(b"OK")
        assert other.ask(b"SEARCH TEXT " + LINE[:20]) == [b"* SEARCH 1\r\n", b"t OK that is all\r\n"]
        other.close()


# ---- ends ----

def a_box_that_ends():
    size = 20 * MB
    with Served(MANY) as d:
        box = d.box(size)
        idle, resting, reading = (Imap(d, window=w).enter(box) for w in (None, None, 4096))
        idle.say(b"t IDLE\r\n")
        assert idle.f.readline() == b"+ idling\r\n"
        reading.say(b"t FETCH 1 BODY.PEEK[]\r\nt NOOP\r\n")
        got = len(reading.s.recv(4096))
        start = time.monotonic()
        d.api("DELETE", "/mailbox", token=box["token"])
        for c in (idle, resting):
            assert c.rest() == b"* BYE [UNAVAILABLE] this mailbox has ended\r\n"
        assert time.monotonic() - start < WITHIN
        last = b""
        try:
            while piece := reading.s.recv(1 << 16):
                got, last = got + len(piece), piece
        except ConnectionResetError:
            pass
        assert got < size / 2, f"{got} of {size} octets came"
        assert not last.endswith(b")\r\n") and b"BYE" not in last, "a word within the literal"


CASES = [ten_thousand_commands_at_once, readers_that_do_not_read, idlers_that_do_not_read, large_bodies_that_nobody_takes,
         four_hundred_slow_ones_of_one_network, guessing_does_not_lock_the_owner_out, five_wrong_secrets_end_a_connection,
         nothing_may_follow_starttls, append_has_its_limits, announced_mail_does_not_keep_others_out,
         opened_mail_does_not_keep_others_out, searching_large_bodies_is_bounded,
         a_long_search_keeps_nobody_waiting, a_box_that_ends]

if __name__ == "__main__":
    raise_fd_limit()
    words = sys.argv[1:]
    sys.exit(daemon.run([c for c in CASES if not words or any(w in c.__name__ for w in words)]))
