#!/usr/bin/env python3
"""Abuse of IMAP by what is said: everything has its defined answer, octets of a literal are never commands, and honest clients
do not wait.
imap_words.py [WORD…] runs the cases whose name holds a word."""
import itertools
import pathlib
import re
import socket
import sys
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
from flood import cpu_seconds, raise_fd_limit  # noqa: E402
from imap_abused import KB, MANY, MB, Imap, Served, Watch, honest  # noqa: E402

# ---- literals ----

def refused_literals():
    """(logged in, what is said, the answer, does it go on)"""
    huge = (b"4294967296", b"18446744073709551615", b"18446744073709551616", b"9" * 60)
    for n in (b"4097",) + huge:
        for command in (b"LOGIN", b"FOO", b"ID ("):
            yield False, b"t %s {%s}" % (command, n), rb"t BAD \[TOOBIG\]", True
            yield False, b"t %s {%s+}" % (command, n), rb"\* BYE \[TOOBIG\]", False
    for n in (b"26214401",) + huge:
        for announced in (b"INBOX", b"INBOX (\\Seen)", b"INBOX ~", b"INBOX UTF8 (~"):
            yield True, b"t APPEND %s {%s}" % (announced, n), rb"t NO \[TOOBIG\]", True
            yield True, b"t APPEND %s {%s+}" % (announced, n), rb"\* BYE \[TOOBIG\]", False
    for n in (b"300000",) + huge:
        for command in (b"FOO", b"APPEND", b"SEARCH TEXT", b"UID FOO", b"LIST"):
            yield True, b"t %s {%s}" % (command, n), rb"t (BAD|NO) \[TOOBIG\]", True
            yield True, b"t %s {%s+}" % (command, n), rb"\* BYE \[TOOBIG\]", False


def literals_have_their_answers():
    with Served(MANY) as d:
        box = d.box()
        with Watch(d, box) as w:
            for inside, what, want, goes_on in refused_literals():
                c = Imap(d)
                if inside:
                    c.enter(box)
                c.say(what + b"\r\n")
                line = c.f.readline()
                assert re.match(want, line), (what, line)
                if goes_on:
                    assert c.said("NOOP").startswith(b"OK"), what
                else:  # what comes now was to be the literal
                    c.say(b"x LOGOUT\r\n" * 10)
                    assert c.rest() == b"", what
                c.close()
        w.grown(20 * MB, "literals that are too large")


TRAP = b"\r\nx LOGOUT\r\nx NOOP\r\nx LOGIN a b\r\n"


def traps(n):
    """Commands whose literal is a trap, that are wrong in every way; %s is the announcement."""
    for command in (b"FOO ", b"UID FOO ", b"LOGIN a ", b"NOOP ", b"SELECT a", b"SELECT ", b"LIST ((", b"FETCH 1 (", b"SEARCH HEADER x ",
                    b"ID (", b"ENABLE ", b"STORE 1 +FLAGS (", b"", b" ", b"CREATE ", b"APPEND ", b"APPEND nowhere ",
                    b"APPEND INBOX (\\Foo ", b"APPEND INBOX (\\Seen) \"no date\" ", b"APPEND ((( ", b"AUTHENTICATE PLAIN ", b'FOO "'):
        yield b"t " + command + b"{%d+}\r\n" % n
        yield b"t " + command + b"{%d}\r\n" % n
    yield b"((( {%d+}\r\n" % n
    yield b"{%d+}\r\n" % n


def octets_of_a_literal_are_no_commands():
    with Served(MANY) as d:
        box, nets = d.box(), itertools.cycle(range(250))  # a wrong login of a new network is answered at once
        for size in (len(TRAP), 4000, 200000):
            octets = (TRAP * (size // len(TRAP) + 1))[-size:]
            for command in traps(size):
                for inside in (False, True):
                    for apart in (False, True):
                        c = Imap(d, source=f"127.30.{next(nets)}.1")
                        if inside:
                            c.enter(box)
                        try:
                            if apart:  # who waits for "+" and does not get it says nothing more
                                c.say(command)
                                if command.endswith(b"+}\r\n") or c.f.peek(1)[:1] == b"+":
                                    c.say(octets)
                                c.say(b"\r\nz LOGOUT\r\n")
                            else:
                                c.say(command + octets + b"\r\nz LOGOUT\r\n")
                        except (BrokenPipeError, ConnectionResetError):
                            pass
                        said = c.rest()
                        assert b"\nx " not in said, (command, inside, apart, said[-300:])
                        assert b"* BYE" in said or not said, (command, inside, apart, said[-300:])
                        c.close()
        honest(d, box)


def a_flood_of_literals_is_cut():
    with Served(MANY) as d:
        box = d.box()
        with Watch(d, box) as w:
            for inside in (False, True):
                for _ in range(20):
                    c = Imap(d)
                    if inside:
                        c.enter(box)
                    sent = 0
                    try:
                        for _ in range(2000):  # 32 MB of octets that nobody wants
                            c.say(b"t FOO {300000+}\r\n" + b"x LOGOUT\r\n" * 1600)
                            sent += 1
                    except (BrokenPipeError, ConnectionResetError):
                        pass
                    assert sent < 2000, "nobody hung up"
                    said = c.rest()
                    assert b"\nx " not in said and not re.search(rb"(?m)^t ", said[said.find(b"BYE"):]), said[-300:]
                    c.close()
        w.grown(20 * MB, "floods of literals")


# ---- words ----

def long_words():
    """(what is said, how the answer begins)"""
    yield b"SEARCH " + b"(" * 10000 + b"ALL" + b")" * 10000, b"BAD"
    yield b"SEARCH " + b"NOT " * 10000 + b"ALL", b"BAD [LIMIT]"
    yield b"SEARCH " + b"OR ALL " * 9000 + b"ALL", b"BAD [LIMIT]"
    yield b"SEARCH" + b" ALL" * 10000, b"BAD [LIMIT]"
    yield b"SEARCH" + b" TEXT a" * 65, b"BAD [LIMIT]"
    yield b"SEARCH" + b" (UID 1)" * 240, b"OK"
    yield b"SEARCH TEXT " + b"a" * 5000, b"BAD [LIMIT]"
    yield b"THREAD REFERENCES UTF-8 " + b"(" * 10000, b"BAD"
    yield b"SORT (" + b"REVERSE " * 7000 + b"DATE) UTF-8 ALL", b"BAD"
    yield b"SORT (" + b"DATE " * 7000 + b"DATE) UTF-8 ALL", b"BAD"
    yield b"FETCH 1 " + b"(" * 10000, b"BAD"
    yield b"FETCH 1 (" + b"FLAGS " * 10000 + b"UID)", b"OK"
    yield b"FETCH 1 (" + b"".join(b"BODY.PEEK[%d] " % n for n in range(1, 300)) + b"UID)", b"BAD [LIMIT]"
    yield b"FETCH 1 BODY[" + b"1." * 10000 + b"1]", b"BAD"
    yield b"FETCH 1 BODY[HEADER.FIELDS (" + b"a " * 20000 + b"b)]", b"BAD"
    yield b"FETCH 1 BODY[]<0.99999999999999999999>", b"BAD"
    yield b"FETCH 1 BODY[]<4294967295.4294967295>", b"OK"
    yield b"FETCH " + b"1," * 30000 + b"1 FLAGS", b"OK"
    yield b"UID FETCH " + b"4294967295:1," * 4500 + b"1 FLAGS", b"OK"
    yield b"UID FETCH " + b",".join(b"%d:*" % n for n in range(9000, 1, -1)) + b" FLAGS", b"OK"
    yield b"FETCH 4294967296 FLAGS", b"BAD"
    yield b"UID FETCH " + b"9" * 60000 + b" FLAGS", b"BAD"
    yield b"STORE 1 +FLAGS (" + b" ".join(b"k%d" % n for n in range(9000)) + b")", b"NO [LIMIT]"
    yield b"STORE 1 +FLAGS (" + b"k" * 60000 + b")", b"NO [LIMIT]"
    yield b"STORE 1 +FLAGS (" + b" ".join(b"k%d" % n for n in range(60)) + b")", b"NO [LIMIT]"
    yield b"LIST \"\" " + b"*%" * 5000, b"OK"
    yield b"LIST \"\" " + b"*a%" * 80, b"OK"
    yield b"LIST \"\" (" + b" ".join(b"*%" * 120 + b"%d" % n for n in range(64)) + b")", b"BAD [LIMIT]"
    yield b"LIST \"\" (" + b" ".join(b"*%" * 120 + b"%d" % n for n in range(4)) + b")", b"OK"
    yield b"LIST \"\" (" + b" ".join(b"*%%*%%*%d" % n for n in range(64)) + b")", b"OK"
    yield b"LIST \"\" (" + b"* " * 9000 + b"*)", b"BAD"
    yield b"LIST " + b"(" * 10000, b"BAD"
    yield b"LIST (RECURSIVEMATCH SUBSCRIBED) \"\" (" + b" ".join(b"*%a*b" * 40 + b"%d" % n for n in range(64)) + b")", b"BAD [LIMIT]"
    yield b"LIST (RECURSIVEMATCH SUBSCRIBED) \"\" (" + b" ".join(b"*%a*b" * 40 + b"%d" % n for n in range(4)) + b")", b"OK"
    yield b"STATUS INBOX (" + b"MESSAGES " * 7000 + b"UNSEEN)", b"OK"
    yield b"ENABLE" + b" CONDSTORE" * 6000, b"OK"
    yield b"ENABLE" + b" x" * 20000, b"OK"
    yield b"ID (" + b'"a" "b" ' * 7000 + b'"a" NIL)', b"OK"
    yield b"LOGIN " + b"a" * 50000, b"BAD"
    yield b"x" * 60000, b"BAD"
    yield b"SELECT " + b"a" * 60000, b"NO"
    yield b"SELECT INBOX (QRESYNC (1 1 " + b"1," * 25000 + b"1))", b"BAD"
    yield b"CATENATE INBOX", b"BAD"
    yield b"APPEND INBOX CATENATE (" + b'URL "/INBOX/;UID=1" ' * 3000 + b")", b"NO [LIMIT]"
    yield b"APPEND INBOX CATENATE (" + b" ".join([b'URL "/INBOX/;UID=9"'] * 1000) + b")", b"NO [BADURL"
    yield b"NOTIFY SET " + b"(personal NONE) " * 4000 + b"(selected NONE)", b"BAD [LIMIT]"
    yield b"NOTIFY SET (mailboxes (" + b"INBOX " * 10000 + b"INBOX) (MailboxName))", b"BAD [LIMIT]"


def long_words_have_their_answers():
    with Served(MANY) as d:
        box = d.box()
        c = Imap(d).enter(box)
        for n in range(194):
            assert c.said(f"CREATE {'a' * 240}/b{n}").startswith(b"OK"), n
        assert c.said("UNSELECT").startswith(b"OK")
        c.close()
        worst = 0, b""
        with Watch(d, box) as w:
            for what, want in long_words():
                c = Imap(d).enter(box)
                start = cpu_seconds(d.pid)
                said = c.said(what)
                worst = max(worst, (cpu_seconds(d.pid) - start, what[:40]))
                assert said.startswith(want), (what[:60], said)
                if not what.startswith(b"SELECT INBOX"):
                    assert c.said("NOOP").startswith(b"OK"), what[:60]
                c.close()
        w.grown(20 * MB, f"long words, the dearest {worst[0]:.2f} s of a processor ({worst[1].decode()}…)")
        assert worst[0] < 0.5, worst


def a_bomb_is_read_piece_by_piece():
    """512 MB of a line without end in half a megabyte, and of commands whose answers nobody takes."""
    with Served(MANY) as d:
        box = d.box()
        with Watch(d, box) as w:
            for piece, times in ((b"x" * MB, 512), (b"t CAPABILITY\r\n" * 64 * KB, 64), (b"\r\n" * 512 * KB, 64)):
                c = Imap(d, window=4096).enter(box)
                assert c.said("COMPRESS DEFLATE").startswith(b"OK")
                z = zlib.compressobj(wbits=-15)
                c.s.settimeout(3)
                try:
                    for _ in range(times):
                        c.say(z.compress(piece))
                    c.say(z.flush(zlib.Z_SYNC_FLUSH))
                except (TimeoutError, BrokenPipeError, ConnectionResetError):
                    pass
                time.sleep(0.2)
                w.grown(10 * MB, "a bomb")
                c.close()


def lines_without_end():
    endless = {b"x" * (64 * KB + 1): b"BYE [LIMIT]", b"t" * 64 * KB + b" NOOP\r\n": b"BYE [LIMIT]", b"t" * 60 * KB + b" NOOP\r\n": b"BAD",
               b"t FETCH " + b"1:2," * 100000 + b"1 FLAGS\r\n": b"BYE [LIMIT]", b"t NOOP" + b" " * 70000: b"BYE [LIMIT]",
               b"\0" * 64 * KB + b"\r\n": b"BYE", b"t NOOP\n": b"BYE", b"t NO\rOP\r\n": b"BYE", b"t NO\0OP\r\n": b"BYE",
               b"\r\n" * 30: b"BYE too many", b"\xff\xfe\r\n" * 30: b"BYE too many",
               b"t SEARCH TEXT " + b"{4000+}\r\n" * 20000: b"BYE"}
    strange = {b"GET / HTTP/1.1\r\nHost: x\r\n\r\n": b"BYE", b"POST / HTTP/1.1\r\n\r\n": b"BYE", b"EHLO x\r\n" * 30: b"BYE",
               b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100 + b"\r\n": b"BYE", b"x" * 64 * KB: b"BYE [LIMIT]",
               b"t AUTHENTICATE PLAIN\r\n" + b"A" * 64 * KB: b"BYE [LIMIT]", b"t AUTHENTICATE PLAIN " + b"A" * 64 * KB: b"BYE [LIMIT]",
               b"t NOOP NOOP\r\n" * 5: b"BYE too many"}
    with Served(MANY) as d:
        box = d.box()
        with Watch(d, box) as w:
            for inside, table in ((True, endless), (False, strange)):
                for what, want in table.items():
                    c = Imap(d)
                    if inside:
                        c.enter(box)
                    try:
                        c.say(what)
                        if want == b"BAD":
                            c.s.shutdown(socket.SHUT_WR)
                    except (BrokenPipeError, ConnectionResetError):
                        pass
                    said = c.rest()
                    assert want in said, (what[:40], said[-200:])
                    c.close()
        w.grown(20 * MB, "lines without end")


def names_have_their_limits():
    with Served(MANY) as d:
        box = d.box()
        c = Imap(d).enter(box)
        for name, want in (("a" * 255, b"OK"), ("a" * 256, b"NO"), ("b" * 60000, b"NO"), ("..", b"NO"), ("../x", b"NO"), ("x/../y", b"NO"),
                           ("x//y", b"NO"), ("/x", b"NO"), ("/".join("d" * 16), b"OK"), ("/".join("e" * 17), b"NO"), ('"a\tb"', b"NO"),
                           ('"a\x7fb"', b"NO"), ('"&AAo-"', b"NO"), ('"&AAAAAA-"', b"NO"), ('"&2AA-"', b"NO"), ('"&"', b"NO"), ('""', b"NO"),
                           ("INBOX", b"NO"), ("inbox", b"NO"), ('"a\\"b"', b"OK"), ('"a\\\\b"', b"OK"), ('"(){}"', b"OK")):
            assert c.said(f"CREATE {name}").startswith(want), name
        assert c.said(b"CREATE {3+}\r\na\nb").startswith(b"NO")
        c.f.read1(0)
        n = 0
        while c.said(f"CREATE m{n}").startswith(b"OK"):
            n += 1
        assert 150 < n <= 200, n
        lines = c.ask('LIST "" *')
        assert lines[-1].startswith(b"t OK") and all(x.startswith((b"* LIST", b"t OK")) or b"{" in lines[i] for i, x in enumerate(lines[1:]))
        for n in range(30):
            said = c.said(f"STORE 1 +FLAGS (key{n})")
            assert said.startswith(b"OK" if n < 24 else b"NO [LIMIT]"), (n, said)
        c.close()
        honest(d, box)


CASES = [literals_have_their_answers, octets_of_a_literal_are_no_commands, a_flood_of_literals_is_cut, long_words_have_their_answers,
         a_bomb_is_read_piece_by_piece, lines_without_end, names_have_their_limits]

if __name__ == "__main__":
    raise_fd_limit()
    words = sys.argv[1:]
    sys.exit(daemon.run([c for c in CASES if not words or any(w in c.__name__ for w in words)]))
