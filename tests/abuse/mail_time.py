#!/usr/bin/env python3
"""Time in IMAP and POP3: who is in may rest for half an hour (RFC 9051 section 5.4; POP3: ten minutes, RFC 1939 section 3), who is
not must log in within three minutes, whatever he says meanwhile. The daemon's monotonic clock is put ahead, so nobody waits.
mail_time.py [WORD…] runs the cases whose name holds a word."""
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
from flood import dial  # noqa: E402
from imap_abused import MANY, Imap, Served  # noqa: E402

LATER = pathlib.Path(daemon.BINARY).resolve().parent / "tests/tool/later.so"
SECONDS = 5  # for an answer


class Later(Served):
    """One whose clock can be put ahead."""

    def __init__(self, *options):
        super().__init__(MANY, *options)
        if not LATER.exists() or daemon.SANITIZED:
            raise daemon.Skip("there is no later.so, or it is a sanitizer's turn to be loaded first")
        self.file, self.ms = self.folder / "ahead", 0
        self.file.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(LATER), "LATER": str(self.file)}

    def ahead(self, seconds):
        """And each loop looks at its clock: a stranger comes and goes."""
        self.ms += int(seconds * 1000)
        with open(self.file, "r+b") as f:
            f.write(struct.pack("=q", self.ms))
        for _ in range(3):
            Imap(self).close()


class Pop3:
    def __init__(self, d):
        self.s = dial(d.address("pop3.listen"))
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()

    def said(self, line):
        self.s.sendall(line.encode() + b"\r\n")
        return self.f.readline()


def over(c, want):
    """The connection has been ended with these words."""
    c.s.settimeout(SECONDS)
    said = c.f.read()
    assert said == want, said


def an_idle_session_lives_for_half_an_hour():
    with Later("server.workers=1") as d:
        box = d.box()
        resting, idling = Imap(d).enter(box), Imap(d).enter(box)
        idling.say(b"t IDLE\r\n")
        assert idling.f.readline() == b"+ idling\r\n"
        d.ahead(29 * 60)
        assert resting.said("NOOP").startswith(b"OK"), "after 29 minutes"
        d.send(box["address"], "Subject: late\r\n\r\n")
        assert idling.f.readline() == b"* 2 EXISTS\r\n"
        resting.said("NOOP")  # behind the idler's claim of \Recent, with whose answer its time begins anew
        d.ahead(29 * 60)
        assert resting.said("NOOP").startswith(b"OK"), "and again: a command begins it anew"
        d.ahead(5 * 60)  # 34 since the other's IDLE began, or since it was told last
        idling.s.settimeout(SECONDS)
        assert idling.f.read().endswith(b"* BYE [UNAVAILABLE] silent for too long\r\n")
        assert resting.said("NOOP").startswith(b"OK")
        d.ahead(30 * 60 + 2)
        over(resting, b"* BYE [UNAVAILABLE] silent for too long\r\n")


def a_stranger_has_three_minutes_over_imap():
    with Later("server.workers=1") as d:
        box = d.box()
        talker, silent, late = Imap(d), Imap(d), Imap(d)
        for _ in range(3):
            d.ahead(55)
            assert talker.said("NOOP").startswith(b"OK")
        over(silent, b"* BYE [UNAVAILABLE] no login in time\r\n")
        assert late.s.recv(100).startswith(b"* BYE"), "late for its one command"
        c = Imap(d)
        d.ahead(14)  # 179 s
        assert talker.said("NOOP").startswith(b"OK")
        d.ahead(2)
        over(talker, b"* BYE [UNAVAILABLE] no login in time\r\n")
        c.enter(box)
        d.ahead(600)
        assert c.said("NOOP").startswith(b"OK"), "who is in has more time"
        assert c.said("UNAUTHENTICATE").startswith(b"OK")
        for _ in range(3):
            d.ahead(55)
            assert c.said("NOOP").startswith(b"OK"), "and three minutes more when he is a stranger again"
        d.ahead(16)
        over(c, b"* BYE [UNAVAILABLE] no login in time\r\n")


def a_stranger_has_three_minutes_over_pop3():
    with Later("server.workers=1") as d:
        box = d.box()
        talker, quick = Pop3(d), Pop3(d)
        for _ in range(3):
            d.ahead(55)
            assert talker.said("USER somebody").startswith(b"+OK")
        assert quick.said(f'USER {box["address"]}').startswith(b"+OK")
        assert quick.said(f'PASS {box["token"]}').startswith(b"+OK")
        d.ahead(16)
        over(talker, b"-ERR no login in time\r\n")
        d.ahead(9 * 60)
        assert quick.said("NOOP").startswith(b"+OK"), "who is in has ten minutes"
        d.ahead(10 * 60 + 2)
        over(quick, b"-ERR idle for too long\r\n")


CASES = [an_idle_session_lives_for_half_an_hour, a_stranger_has_three_minutes_over_imap, a_stranger_has_three_minutes_over_pop3]

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(daemon.run([c for c in CASES if not words or any(w in c.__name__ for w in words)]))
