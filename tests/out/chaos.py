#!/usr/bin/env python3
"""Far ends that fail as chance will, and a queue that comes again until all is gone: each mail arrives, and none twice but where
the answer to it was cut off.

    chaos.py [MAILS]
"""
import collections
import pathlib
import random
import smtplib
import sys
import time

import names
from far import Cut, Far
from names import Count
from run import OPTIONS, authority

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from daemon import Daemon  # noqa: E402

VERBS = ["GREETING", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "TEXT", ".", "BDAT", "RSET", "QUIT"]
OFFERS = [[], ["PIPELINING"], ["PIPELINING", "CHUNKING"], ["CHUNKING", "SIZE"], ["PIPELINING", "8BITMIME", "DSN", "SMTPUTF8", "CHUNKING"]]


def which(mail):
    """(number, recipient) of each copy"""
    n = int(mail.data.split(b"Subject: ")[1].split(b"\r\n")[0])
    return [(n, r) for r in mail.rcpts]


class Fickle(Far):
    """Each answer may be none, or another."""

    def __init__(self, host, port, chance, **how):
        super().__init__(host, port, **how)
        self.chance, self.odds, self.unsaid = chance, 0.08, []

    def word(self, verb, usual):
        if self.chance.random() < (self.odds / 50 if verb == "TEXT" else self.odds if verb in VERBS else 0):
            if verb == "TEXT" or self.chance.random() < 0.5:
                raise Cut
            return self.chance.choice(["421 4.3.2 going", "450 4.2.0 later", "451 4.3.0 hm"])
        return super().word(verb, usual)

    def take(self, mail):
        """Sometimes it has the mail, and cannot say so any more."""
        super().take(mail)
        if self.chance.random() < self.odds:
            self.unsaid.extend(which(mail))
            raise Cut


def main():
    mails, count, port, chance = int(sys.argv[1]) if len(sys.argv) > 1 else 300, Count(), names.free_port(), random.Random(1)
    ca, dns = authority(), names.start()
    far = [Fickle(f"127.0.7.{i + 1}", port, chance, offers=OFFERS[i % len(OFFERS)], tls=ca.context(f"mx{i}.fickle.example", signed=False) if i % 2 else None)
           for i in range(10)]
    for i in range(len(far)):
        names.put(f"mx{i}.fickle.example", A=[f"127.0.7.{i + 1}"])
    for i in range(20):
        names.put(f"d{i}.example", MX=[(chance.randrange(3) * 10, f"mx{chance.randrange(len(far))}.fickle.example") for _ in range(chance.randrange(1, 4))])
    with Daemon(*OPTIONS, f"dns.forward={dns}", f"smtp_out.port={port}", "smtp_out.allow_private=true", "smtp.relay_from=127.0.0.0/8", "test.clock=true",
                "smtp_out.command_timeout=1m", "smtp_out.data_timeout=1m") as d:  # who is only slow is not to be asked twice
        wanted = set()
        with smtplib.SMTP(*d.address("smtp.listen"), local_hostname="client.example", timeout=60) as s:
            for n in range(mails):
                to = [f"r{n}x{k}@d{chance.randrange(20)}.example" for k in range(chance.randrange(1, 4))]
                text = f"Subject: {n}\r\n\r\n" + "line of text\r\n" * chance.choice([1, 10, 1000, 30000])
                s.sendmail("nobody@sender.example", to, text.encode())
                wanted |= {(n, t) for t in to}
        for turn in range(60):
            _, said = d.ctl("queue", "list")
            if said.startswith("0 waiting"):
                break
            if turn == 40:
                for f in far:
                    f.odds = 0
            d.ctl("queue", "retry", "all")
            d.ctl("clock", "advance", "10m")
            time.sleep(1)
        got = collections.Counter(x for f in far for m in f.mails for x in which(m))
        unsaid = collections.Counter(x for f in far for x in f.unsaid)
        missing, twice = wanted - set(got), {x: n for x, n in got.items() if n > 1}
        count.check("nothing is lost", not missing, (len(missing), sorted(missing)[:5], said[-600:]))
        count.check("nothing comes that was not sent", set(got) <= wanted)
        count.check("nothing comes twice but where the answer was lost", twice and all(n == 1 + unsaid[x] for x, n in twice.items()), (twice, unsaid))
        print(f"{mails} mails, {len(wanted)} recipients, {sum(f.sessions for f in far)} sessions, {sum(unsaid.values())} answers lost")
    count.end()


if __name__ == "__main__":
    main()
