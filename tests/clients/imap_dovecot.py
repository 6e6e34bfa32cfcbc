#!/usr/bin/env python3
"""The same messages in Dovecot 2.3 (Debian's) and here, by APPEND; FETCH and SEARCH must say the same: imap_dovecot.py

Messages that the two read differently are known by name and reason, and counted; any other difference is a failure. Dovecot runs as one process over a pipe, as nobody. Skipped, and loudly, without Dovecot, without the messages
or without the right to become nobody."""
import collections
import os
import pathlib
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402

DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", HERE.parents[2] / "shared/testdata")) / "mime"
IMAP = pathlib.Path("/usr/lib/dovecot/imap")
DATE = "17-Jul-1996 02:44:25 -0700"
PARTS = ["", "1", "2", "3", "1.1", "1.2", "2.1", "2.2", "1.1.1", "2.1.1", "3.1"]
ITEMS = (["RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE", "BODY", "BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE RECEIVED)]",
          "BODY.PEEK[HEADER.FIELDS.NOT (RECEIVED)]", "BODY.PEEK[]<10.50>", "BODY.PEEK[TEXT]<0.7>", "BODY.PEEK[1]<3.100000>"]
         + [f"BODY.PEEK[{p}]" for p in PARTS]
         + [f"BODY.PEEK[{p}{'.' if p else ''}{w}]" for p in PARTS for w in ("HEADER", "TEXT")]
         + [f"BODY.PEEK[{p}.MIME]" for p in PARTS if p])
SEARCHES = ["ALL", "SUBJECT the", "FROM a", "TO b", "CC c", "BODY test", "TEXT attachment", "TEXT boundary", "HEADER Message-ID @",
            "HEADER MIME-Version 1.0", "HEADER X-Mailer \"\"", "LARGER 2000", "SMALLER 900", "SENTSINCE 1-Jan-2005",
            "SENTSINCE 1-Jan-1980 SENTBEFORE 1-Jan-2000", "SENTON 1-Jan-2008", "SINCE 1-Jan-1996", "BEFORE 1-Jan-1996", "OR SUBJECT re FROM com",
            "NOT BODY the", "BODY \"content-type\"", "SUBJECT \"\"", "BCC x", "KEYWORD nothing", "BODY multi", "TEXT html"]
# Messages that the two read differently, and why: docs/protocols.md has a line for each reason. What differs in any other
# message, or in a message for another reason than being read differently, is a failure.
KNOWN = dict(line.split() for line in (HERE / "imap_dovecot.known").read_text().splitlines() if line[:1] != "#")


class Pipe:
    """An IMAP connection over a file: of the daemon's socket or of Dovecot's pipes."""
    def __init__(self, read, write):
        self.r, self.w, self.n = read, write, 0
        self.r.readline()

    def line(self):
        """One response with its literals in place."""
        out = b""
        while True:
            line = self.r.readline()
            if not line:
                raise EOFError("hung up")
            out += line
            m = re.search(rb"\{(\d+)\}\r\n$", line)
            if not m:
                return out
            out += self.r.read(int(m[1]))

    def run(self, command):
        self.n += 1
        tag = b"t%d " % self.n
        self.w.write(tag + command + b"\r\n")
        self.w.flush()
        out = []
        while True:
            line = self.line()
            if line.startswith(tag):
                return line[len(tag):].strip(), out
            out.append(line)


def parse(data, at=0):
    """(values of a list, where it ends): lists, bytes, None; a literal and a quoted string are the same."""
    out = []
    while at < len(data):
        c = data[at:at + 1]
        if c == b")":
            return out, at + 1
        if c in b" \r\n":
            at += 1
        elif c == b"(":
            inner, at = parse(data, at + 1)
            out.append(inner)
        elif c == b'"':
            m = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.S).match(data, at)
            out.append(re.sub(rb"\\(.)", rb"\1", m[1]))
            at = m.end()
        elif c == b"{" or data[at:at + 2] == b"~{":
            m = re.compile(rb"~?\{(\d+)\}\r\n").match(data, at)
            out.append(data[m.end():m.end() + int(m[1])])
            at = m.end() + int(m[1])
        else:
            m = re.compile(rb'[^ ()"\r\n\[]+(\[[^\]]*\](<\d+>)?)?').match(data, at)
            out.append(None if m[0] == b"NIL" else m[0])
            at = m.end()
    return out, at


def fetch(p, n, item):
    status, lines = p.run(b"FETCH %d %s" % (n, item.encode()))
    if not status.startswith(b"OK"):
        return status.split()[0]
    for line in lines:
        m = re.match(rb"\* %d FETCH \(" % n, line)
        if m:
            return parse(line, m.end())[0][1:]
    return None


def messages():
    out = []
    for f in sorted(DATA.rglob("*")):
        if f.suffix in (".eml", ".msg", ".txt") and f.is_file() and "_decoded" not in f.name and f.name not in ("COPYING",):
            data = f.read_bytes()
            data = data if b"\r\n" in data else data.replace(b"\n", b"\r\n")
            if 0 < len(data) < 4_000_000 and b"\0" not in data:
                out.append((f.relative_to(DATA), data))
    return out


class Dovecot:
    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="mayfly-dovecot-"))
        (self.home / "mail").mkdir()
        (self.home / "conf").write_text(
            f"protocols = imap\nbase_dir = {self.home}/run\nmail_location = maildir:{self.home}/mail\nlog_path = /dev/null\n"
            "ssl = no\nmail_uid = nobody\nmail_gid = nogroup\nmail_fsync = never\npostmaster_address = x@y.test\n")
        user = pwd.getpwnam("nobody")
        for f in (self.home, self.home / "mail"):
            os.chown(f, user.pw_uid, user.pw_gid)
        self.home.chmod(0o755)
        self.p = subprocess.Popen([IMAP, "-c", self.home / "conf"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, env={"USER": "nobody", "HOME": str(self.home)})
        return Pipe(self.p.stdout, self.p.stdin)

    def __exit__(self, *_):
        self.p.kill()
        self.p.wait()
        shutil.rmtree(self.home, ignore_errors=True)


def append(p, data):
    p.n += 1
    p.w.write(b't%d APPEND INBOX "%s" {%d+}\r\n%s\r\n' % (p.n, DATE.encode(), len(data), data))
    p.w.flush()
    while not (line := p.line()).startswith(b"t%d " % p.n):
        pass
    return b" OK" in line


def compare(ours, theirs, names):
    """{message: [what differs]}"""
    found = collections.defaultdict(list)
    for p in (ours, theirs):
        p.run(b"SELECT INBOX")
    for n, name in enumerate(names, 1):
        for item in ITEMS:
            a, b = fetch(ours, n, item), fetch(theirs, n, item)
            if a != b:
                found[name].append(f"{item}: {str(a)[:300]} / {str(b)[:300]}")
    for s in SEARCHES:
        a, b = (sorted(int(x) for line in p.run(b"SEARCH " + s.encode())[1] if line.startswith(b"* SEARCH")
                       for x in line.split()[2:]) for p in (ours, theirs))
        for i in set(a) ^ set(b):
            found[names[i - 1]].append(f"SEARCH {s}: {'only here' if i in a else 'only there'}")
    return found


def main():
    reason = (f"{IMAP} is not there" if not IMAP.exists() else f"{DATA} is not there" if not DATA.is_dir() else
              "only root becomes nobody" if os.geteuid() != 0 else None)
    if reason:
        print(f"SKIP against Dovecot: {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    with daemon.Daemon("auth.cleartext=loopback", "box.max_messages=5000", "box.max_bytes=1G") as d, Dovecot() as theirs:
        box = d.make_box()
        s = socket.create_connection(d.address("imap.listen"), timeout=120)
        ours = Pipe(s.makefile("rb"), s.makefile("wb"))
        ours.run(f"LOGIN {box['address']} {box['token']}".encode())
        taken = []
        for name, data in messages():
            a = append(ours, data)
            if a:
                assert append(theirs, data), name
                taken.append((name, data))
            else:
                print(f"     not taken here: {name}")
        found = compare(ours, theirs, [str(name) for name, _ in taken])
    bad, reasons = 0, collections.Counter()
    for name, what in sorted(found.items()):
        reasons[KNOWN.get(name, "not known")] += 1
        bad += name not in KNOWN
        if name not in KNOWN or "-v" in sys.argv:
            print(f"{'     ' if name in KNOWN else 'FAIL '}{name}\n" + "".join(f"         {w}\n" for w in what[:8]), end="")
    for reason, n in reasons.most_common():
        print(f"     {n} messages are read differently: {reason}")
    print(f"     {len(taken)} messages, {len(ITEMS)} items, {len(SEARCHES)} searches")
    print(f"{len(taken) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
