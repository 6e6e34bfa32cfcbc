#!/usr/bin/env python3
"""Plays the dialogs of tests/protocol/*/*.txt to a real daemon: run.py [FOLDER | FILE...]

The folder names the listener (smtp: smtp.listen). One line, one step:

    # a comment               OPTIONS smtp.max_bytes=1M …   (first lines; files with the same options share a daemon)
    BOX a ttl=10m             makes a box; ${a} is its address, ${a.local} and ${a.domain} the halves, ${a.token} its token,
                              ${a.plain} and ${a.bearer} what SASL PLAIN and OAUTHBEARER say with it, in base64
    MAIL a text               delivers a mail to box a (escapes as in R:)
    DROP a text               deletes the messages of box a that hold text
    END a                     ends box a at once
    CONNECT                   a new connection (the first one comes by itself); CONNECT 2: one more, now the current
    USE 1                     back to another connection
    C: text                   sent with CRLF
    R: text                   sent as it is; \\r \\n \\t \\0 \\xNN \\\\ mean what they do in C
    P: expression             Python that gives bytes, sent as they are
    S: text                   the next line begins with text;   S= text  is exactly text;   S~ regex  matches, and what
                              (?P<id>…) in it took is ${id} from there on
    S: 250...                 as S:, but continuation lines ("250-…") before it are passed over
    TO .                      reads on past the next line that is exactly this;   PAST text  … that begins with text
    S! text                   …continuation lines are passed over and none of them holds text
    TLS                       the client's side of the handshake
    CLOSED                    the server has hung up, nothing more came
    QUIET 0.3                 nothing comes for so many seconds
    HAS a text                the newest message of box a holds text (escapes as in R:)
    HASNOT a text             … does not
    COUNT a 2                 box a has so many messages

Ends with "N passed, N failed".
"""
import base64
import pathlib
import re
import socket
import ssl
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402

SECONDS = 10
SIMPLE = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


def unescape(text):
    def one(m):
        return chr(int(m[1][1:], 16)) if m[1][0] == "x" else SIMPLE[m[1]]
    return re.sub(r"\\(x[0-9a-fA-F]{2}|[rnt0\\])", one, text).encode("latin-1" if "\\x" in text else "utf-8")


class Client:
    def __init__(self, address):
        self.s = socket.create_connection(address, timeout=SECONDS)
        self.have = b""

    def send(self, data):
        try:
            self.s.sendall(data)
        except OSError:
            pass  # it has hung up; what it said before still counts

    def line(self):
        """Without its end; None when there is no more."""
        while b"\n" not in self.have:
            try:
                more = self.s.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                return None
            self.have += more
        line, self.have = self.have.split(b"\n", 1)
        return line.removesuffix(b"\r").decode("utf-8", "replace")

    def tls(self):
        context = ssl._create_unverified_context()
        self.s = context.wrap_socket(self.s, server_hostname="mayfly.localhost")

    def quiet(self, seconds):
        self.s.settimeout(seconds)
        try:
            more = self.have or self.s.recv(1)
        except (TimeoutError, BlockingIOError):
            more = None
        self.s.settimeout(SECONDS)
        return more is None


class Dialog:
    def __init__(self, d, listen):
        self.d, self.listen, self.boxes, self.names = d, listen, {}, {}
        self.clients, self.now = {}, None

    def connect(self, name="1"):
        if name in self.clients:
            self.clients[name].s.close()
        self.now = self.clients[name] = Client(self.d.address(self.listen))

    def client(self):
        if not self.now:
            self.connect()
        return self.now

    def fill(self, text):
        return re.sub(r"\$\{([\w.]+)\}", lambda m: self.names[m[1]], text)

    def make_box(self, rest):
        name, *spec = rest.split()
        box = self.d.make_box(**dict(s.split("=", 1) for s in spec))
        local, domain = box["address"].split("@")
        self.boxes[name] = box
        plain = f"\0{box['address']}\0{box['token']}"
        bearer = f"n,a={box['address']},\1auth=Bearer {box['token']}\1\1"
        self.names.update({name: box["address"], f"{name}.local": local, f"{name}.domain": domain, f"{name}.token": box["token"],
                           f"{name}.plain": base64.b64encode(plain.encode()).decode(),
                           f"{name}.bearer": base64.b64encode(bearer.encode()).decode()})

    def expect(self, how, want):
        skip = want.endswith("...") or how == "S!"
        want, line = want.removesuffix("..."), self.client().line()
        seen = [line]
        while skip and line is not None and re.match(r"\d{3}-", line):
            line = self.client().line()
            seen.append(line)
        if line is None:
            return f"wanted {want!r}, but it has hung up"
        good = {"S:": line.startswith(want), "S=": line == want, "S!": not any(want in s for s in seen),
                "S~": how == "S~" and re.fullmatch(want, line)}[how]
        if how == "S~" and good:
            self.names.update(good.groupdict())
        return None if good else f"wanted {how} {want!r}, got {seen if how == 'S!' else line!r}"

    def read_to(self, done):
        while True:
            line = self.client().line()
            if line is None:
                return "it has hung up"
            if done(line):
                return None

    def end_box(self, name):
        self.d.api("DELETE", "/mailbox", token=self.boxes[name]["token"])

    def drop(self, rest):
        name, text = rest.split(" ", 1)
        token = self.boxes[name]["token"]
        for m in self.d.messages(token):
            if unescape(text) in self.d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=token)[2]:
                self.d.api("DELETE", f"/mailbox/messages/{m['id']}", token=token)

    def deliver(self, rest):
        name, text = rest.split(" ", 1)
        self.d.send(self.boxes[name]["address"], unescape(text))

    def newest(self, name):
        box = self.boxes[name]
        found = self.d.messages(box["token"])
        if not found:
            return b""
        return self.d.request("GET", f"/api/v1/mailbox/messages/{found[0]['id']}/raw", token=box["token"])[2]

    def step(self, word, rest):
        """Words when it is not as it should be."""
        if word in ("S:", "S=", "S~", "S!"):
            return self.expect(word, rest)
        if word == "CLOSED":
            line = self.client().line()
            self.client().s.close()  # it waits a moment for our side, and holds our place as long
            return None if line is None else f"still there: {line!r}"
        if word == "QUIET":
            return None if self.client().quiet(float(rest)) else f"not quiet: {self.client().line()!r}"
        if word == "TO":
            return self.read_to(lambda line: line == rest)
        if word == "PAST":
            return self.read_to(lambda line: line.startswith(rest))
        if word in ("HAS", "HASNOT"):
            name, text = rest.split(" ", 1)
            raw = self.newest(name)
            return None if (unescape(text) in raw) == (word == "HAS") else f"message is {raw[-800:]!r}"
        if word == "COUNT":
            name, n = rest.split()
            found = len(self.d.messages(self.boxes[name]["token"]))
            return None if found == int(n) else f"{found} messages"
        run = {"BOX": self.make_box, "MAIL": self.deliver, "DROP": self.drop, "END": self.end_box,
               "CONNECT": lambda r: self.connect(r or "1"), "TLS": lambda _: self.client().tls(),
               "C:": lambda r: self.client().send(r.encode() + b"\r\n"), "R:": lambda r: self.client().send(unescape(r)),
               "P:": lambda r: self.client().send(eval(r)), "WAIT": lambda r: time.sleep(float(r))}
        if word == "USE":
            self.now = self.clients[rest]
            return None
        run[word](rest)
        return None

    def close(self):
        for c in self.clients.values():
            c.s.close()


def read(path):
    """(options, [(number, word, rest)])"""
    options, steps = [], []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "OPTIONS":
            options += rest.split()
        else:
            steps.append((number, word, rest))
    return tuple(options), steps


def play(d, listen, path, steps):
    dialog = Dialog(d, listen)
    try:
        for number, word, rest in steps:
            said = dialog.step(word, dialog.fill(rest))
            if said:
                return f"{path.parent.name}/{path.name}:{number}: {word} {rest}: {said}"
    except Exception as e:  # every kind is a failure of this dialog alone
        return f"{path.parent.name}/{path.name}:{number}: {word} {rest}: {type(e).__name__}: {e}"
    finally:
        dialog.close()
    return None


def main():
    asked = [pathlib.Path(a) for a in sys.argv[1:]] or [p for p in sorted(HERE.iterdir()) if p.is_dir()]
    files = [f for a in asked for f in (sorted(a.glob("*.txt")) if a.is_dir() else [a])]
    groups, passed, failed = {}, 0, 0
    for f in files:
        options, steps = read(f)
        groups.setdefault(options, []).append((f, steps))
    for options, dialogs in groups.items():
        with daemon.Daemon(*options) as d:
            for f, steps in dialogs:
                said = play(d, f.parent.name + ".listen", f, steps)
                passed, failed = passed + (not said), failed + bool(said)
                print(f"FAIL {said}" if said else f"ok   {f.parent.name}/{f.stem}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
