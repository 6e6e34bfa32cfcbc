"""What tests of abuse over IMAP share: a daemon whose log is searched, a client that says anything, and honest clients who
come while something goes on."""
import threading
import time

import daemon
from flood import dial, memory

KB, MB = 1024, 1024 * 1024
MANY = "limits.prelogin_per_network=100000"
SUBJECT = "hippopotamus"
LINE = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n"
WITHIN = 2  # seconds for an honest client: one, and the machine is busy


class Served(daemon.Daemon):
    """What must never be in its log is looked for as it ends."""

    def __init__(self, *options):
        super().__init__("auth.cleartext=loopback", "log.level=debug", *options)
        self.secrets = [SUBJECT, "127.9.9.9", "127.5.5."]

    def box(self, size=0, **spec):
        """One with a message of about that size."""
        box = self.make_box(**spec)
        self.secrets += [box["address"], box["token"]]
        self.send(box["address"], b"Subject: %s\r\n\r\n" % SUBJECT.encode() + LINE * (size // len(LINE) + 1))
        return box

    def __exit__(self, kind=None, *rest):
        said = self.log_text() if kind is None else ""
        super().__exit__(kind, *rest)
        for secret in self.secrets:
            if secret in said:
                raise AssertionError(f"in the log: {secret}")


class Imap:
    def __init__(self, d, source=None, window=None):
        self.s = dial(d.address("imap.listen"), source, window)
        self.f = self.s.makefile("rb")
        self.greeting = self.f.readline()

    def say(self, data):
        self.s.sendall(data)
        return self

    def until(self, tag):
        """All lines up to the tagged one, or to the end of the connection."""
        lines = []
        while not lines or not lines[-1].startswith(tag + b" "):
            line = self.f.readline()
            if not line:
                break
            lines.append(line)
        return lines

    def ask(self, line):
        line = line.encode() if isinstance(line, str) else line
        return self.say(b"t " + line + b"\r\n").until(b"t")

    def said(self, line):
        """The tagged reply, without its tag."""
        lines = self.ask(line)
        return lines[-1][2:] if lines and lines[-1].startswith(b"t ") else b""

    def login(self, box, secret=None):
        return self.said(f'LOGIN {box["address"]} "{secret or box["token"]}"')

    def enter(self, box, mailbox="INBOX"):
        assert self.login(box).startswith(b"OK"), "no login"
        assert self.said(f"SELECT {mailbox}").startswith(b"OK"), "no mailbox"
        return self

    def rest(self):
        try:
            return self.f.read()
        except (ConnectionResetError, BrokenPipeError):
            return b""

    def close(self):
        self.f.close()
        self.s.close()


def honest(d, box, within=WITHIN):
    """Somebody of another network logs in and reads a message; how long it took."""
    start = time.monotonic()
    c = Imap(d, source="127.9.9.9").enter(box)
    lines = c.ask("FETCH 1 BODY.PEEK[]")
    took = time.monotonic() - start
    c.close()
    assert lines[-1].startswith(b"t OK") and SUBJECT.encode() in b"".join(lines), lines[-1]
    assert took < within, f"an honest client waited {took:.2f} s"
    return took


class Watch:
    """Honest clients, one after the other, while something goes on."""

    def __init__(self, d, box):
        self.d, self.box, self.over, self.failed, self.worst, self.n = d, box, False, None, 0, 0

    def go(self):
        try:
            while not self.over:
                self.worst = max(self.worst, honest(self.d, self.box))
                self.n += 1
        except Exception as e:
            self.failed = e

    def __enter__(self):
        self.before = memory(self.d.pid)[0]
        self.t = threading.Thread(target=self.go)
        self.t.start()
        return self

    def __exit__(self, kind, *_):
        self.over = True
        self.t.join()
        if kind is None and self.failed:
            raise self.failed
        assert kind or self.n, "no honest client came"

    def grown(self, most, what):
        grown = memory(self.d.pid)[0] - self.before
        print(f"     {what}: {grown / MB:.1f} MB more; {self.n} honest clients, the slowest {self.worst:.2f} s")
        assert grown < most, f"{what}: {grown / MB:.1f} MB more"
