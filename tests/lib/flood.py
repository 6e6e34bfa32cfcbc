"""Many raw SMTP clients at once in one thread, and what a daemon costs meanwhile."""
import pathlib
import resource
import selectors
import socket
import time


def raise_fd_limit():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def memory(pid):
    """Anonymous resident bytes now, and the most the process ever had resident."""
    said = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    return tuple(int(said[k].split()[0]) * 1024 for k in ("RssAnon", "VmHWM"))


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def each_costs(pid, make, n):
    """n of what make() makes, and the memory of one: of three parts the cheapest, since what else is taken meanwhile is not theirs."""
    made, costs, part = [], [], n // 3
    for _ in range(3):
        before = memory(pid)[0]
        made += [make() for _ in range(part)]
        costs.append((memory(pid)[0] - before) / part)
    return made, min(costs)


def dial(address, source=None, window=None):
    """A socket; window: how little it takes before it is read."""
    s = socket.socket()
    if window:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    if source:
        s.bind((source, 0))
    s.settimeout(30)
    s.connect(address)
    return s


class Raw:
    """One client that blocks; replies are read as (code, last line)."""

    def __init__(self, address, timeout=30, source=None):
        self.s = socket.create_connection(address, timeout=timeout, source_address=source)
        self.have = b""

    def say(self, data):
        self.s.sendall(data)
        return self

    def reply(self):
        """None when the server has hung up."""
        while True:
            while b"\n" not in self.have:
                try:
                    more = self.s.recv(65536)
                except (ConnectionResetError, BrokenPipeError):
                    more = b""
                if not more:
                    return None
                self.have += more
            line, self.have = self.have.split(b"\n", 1)
            if line[3:4] != b"-":
                return line.strip().decode()

    def code(self):
        said = self.reply()
        return int(said[:3]) if said else None

    def ask(self, data):
        return self.say(data).code()

    def transaction(self, to, mail=b"MAIL FROM:<s@c.test>\r\n"):
        """Up to the recipient; the codes."""
        return [self.code(), self.ask(b"EHLO c.test\r\n"), self.ask(mail), self.ask(b"RCPT TO:<%s>\r\n" % to.encode())]

    def deliver(self, to, data):
        codes = self.transaction(to) + [self.ask(b"DATA\r\n"), self.ask(data + b"\r\n.\r\n")]
        self.s.close()
        return codes

    def close(self):
        self.s.close()


def open_live(address, token):
    """A WebSocket that listens to a box; the socket, its first frame not read yet."""
    s = socket.create_connection(address, timeout=30)
    s.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n"
              % (address[0].encode(), address[1], token.encode()))
    said = b""
    while b"\r\n\r\n" not in said:
        more = s.recv(4096)
        if not more:
            break
        said += more
    if not said.startswith(b"HTTP/1.1 101"):
        raise AssertionError(f"no WebSocket: {said[:300]!r}")
    return s


class Talker:
    """A client of a Crowd: says its pieces one by one, each when a reply has come; then it hangs up, or stays."""

    def __init__(self, pieces, stay=False):
        self.pieces, self.at, self.stay = pieces, 0, stay
        self.out, self.have, self.replies, self.done = memoryview(b""), b"", [], False


class Crowd:
    def __init__(self, address):
        self.address, self.selector, self.open = address, selectors.DefaultSelector(), 0

    def add(self, talker):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(self.address)
        except BlockingIOError:
            pass
        talker.s = s
        self.selector.register(s, selectors.EVENT_READ, talker)
        self.open += 1

    def finish(self, t):
        if not t.done:
            t.done = True
            self.selector.unregister(t.s)
            t.s.close()
            self.open -= 1

    def push(self, t):
        """Sends what it can of the current piece; watches for writing while some is left."""
        try:
            while t.out:
                t.out = t.out[t.s.send(t.out):]
        except BlockingIOError:
            pass
        except OSError:
            self.finish(t)
            return
        self.selector.modify(t.s, selectors.EVENT_READ | (selectors.EVENT_WRITE if t.out else 0), t)

    def pull(self, t):
        try:
            more = t.s.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        if not more:
            self.finish(t)
            return
        t.have += more
        *lines, t.have = t.have.split(b"\n")
        finals = [line.strip().decode() for line in lines if line[3:4] != b"-"]
        t.replies += finals
        for _ in finals:
            if t.at < len(t.pieces):
                piece = t.pieces[t.at]  # shared by all talkers: a big one must not be copied
                t.out = memoryview(bytes(t.out) + piece if t.out else piece)
                t.at += 1
        if len(t.replies) > len(t.pieces) and not t.stay:
            self.finish(t)
        elif t.out:
            self.push(t)

    def run(self, seconds, until_open=0):
        """True when at most until_open clients are left before the time is up."""
        end = time.monotonic() + seconds
        while self.open > until_open and time.monotonic() < end:
            for key, events in self.selector.select(0.2):
                t = key.data
                if events & selectors.EVENT_WRITE and not t.done:
                    self.push(t)
                if events & selectors.EVENT_READ and not t.done:
                    self.pull(t)
        return self.open <= until_open
