"""A plain IMAP client for tests that look at every octet: commands go out as they are, answers come back as trees."""
import re
import socket

ATOM = re.compile(rb"[^ ()\[\]\r\n]+(?:\[[^\]]*\])?(?:<\d+>)?")
LITERAL = re.compile(rb"~?\{(\d+)\}\r\n")


class Refused(Exception):
    pass


class Tree:
    """One answer, read from its octets: lists, bytes for strings, str for atoms, None for NIL."""
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def value(self):
        b = self.octets
        while b[self.at:self.at + 1] == b" ":
            self.at += 1
        c = b[self.at:self.at + 1]
        if c == b"(":
            return self.group()
        if c == b'"':
            return self.quoted()
        literal = LITERAL.match(b, self.at)
        if literal:
            self.at = literal.end() + int(literal[1])
            return b[literal.end():self.at]
        atom = ATOM.match(b, self.at)
        if not atom:
            raise ValueError(f"no value at {b[self.at:self.at + 40]!r}")
        self.at = atom.end()
        return None if atom[0].upper() == b"NIL" else atom[0].decode("latin-1")

    def group(self):
        out = []
        self.at += 1
        while True:
            while self.octets[self.at:self.at + 1] == b" ":
                self.at += 1
            if self.octets[self.at:self.at + 1] == b")":
                self.at += 1
                return out
            out.append(self.value())

    def quoted(self):
        m = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S).match(self.octets, self.at)
        self.at = m.end()
        return re.sub(rb"\\(.)", rb"\1", m[1], flags=re.S)


class Talk:
    def __init__(self, port, user, secret):
        self.s = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.f = self.s.makefile("rb")
        self.n = 0
        self.f.readline()
        self.run(f"LOGIN {user} {secret}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.f.close()
        self.s.close()

    def answer(self):
        """One answer with the literals in it, without its line end."""
        out = b""
        while True:
            line = self.f.readline()
            if not line:
                raise ConnectionError("hung up")
            out += line
            m = re.search(rb"\{(\d+)\}\r\n$", line)
            if not m:
                return out[:-2]
            out += self.f.read(int(m[1]))

    def run(self, command, good=True):
        """(the tagged answer, the others)"""
        self.n += 1
        tag = b"t%d " % self.n
        self.s.sendall(tag + (command if isinstance(command, bytes) else command.encode()) + b"\r\n")
        others = []
        while True:
            a = self.answer()
            if not a.startswith(tag):
                others.append(a)
                continue
            if good and not a.startswith(tag + b"OK"):
                raise Refused(f"{command[:80]!r}: {a[:200]!r}")
            return a[len(tag):], others

    def fetch(self, which, items):
        """{number: {item: value}}; items that are not understood make the whole fetch fail."""
        out = {}
        for a in self.run(f"FETCH {which} ({items})")[1]:
            m = re.match(rb"\* (\d+) FETCH ", a)
            if m:
                pairs = Tree(a[m.end():]).value()
                out.setdefault(int(m[1]), {}).update({k.upper(): v for k, v in zip(pairs[::2], pairs[1::2])})
        return out

    def found(self, command):
        """What * SEARCH, SORT or THREAD said."""
        said, others = self.run(command, False)
        if not said.startswith(b"OK"):
            return said.split(b" ")[0].decode()
        for a in others:
            m = re.match(rb"\* (?:SEARCH|SORT|THREAD)(.*)", a, re.S)
            if m:
                return m[1].decode().strip()
        return ""
