#!/usr/bin/env python3
"""Real mail programs over POP3: each logs in, lists, fetches and deletes, and what it got is what was sent, octet for octet
(but for the line ends that it keeps). One that is not installed is skipped, and says so."""
import pathlib
import poplib
import shutil
import ssl
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402

poplib._MAXLINE = 100000  # real mail has lines beyond 2048 octets
BODIES = [b"Subject: one\r\n\r\n.\r\n..two dots\r\n.x\r\nlast\r\n",
          b"Subject: long\r\n\r\n" + b"y" * 4000 + b"\r\n" + b"0123456789abcdef\r\n" * 40000,
          "Subject: =?utf-8?q?=C3=BC?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\näöü €\r\n".encode()]


def unix(data):
    return data.replace(b"\r\n", b"\n")


def body(message):
    """What was sent, without what the server and the client put in front."""
    return unix(message).split(b"\n\n", 1)[1]


class Box:
    """A daemon of this test's own with a box that has three mails; user and token, and a file with the certificate."""
    def __enter__(self):
        self.d = daemon.Daemon("auth.cleartext=loopback").start()
        box = self.d.make_box()
        self.user, self.token = box["address"], box["token"]
        for b in BODIES:
            self.d.send(self.user, b)
        self.port, self.tls_port = (str(self.d.address(k)[1]) for k in ("pop3.listen", "pop3s.listen"))
        self.home = self.d.folder / "home"
        self.home.mkdir()
        return self

    def __exit__(self, *error):
        self.d.stop()
        self.d.__exit__(*error)

    def left(self):
        return len(self.d.messages(self.token))

    def run(self, *command, want=(0,)):
        if not shutil.which(command[0]):
            raise daemon.Skip(f"there is no {command[0]}")
        r = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                           env={"HOME": str(self.home), "PATH": "/usr/bin:/bin", "FETCHMAILHOME": str(self.home),
                                "LANG": "C.UTF-8", "USER": "somebody", "LOGNAME": "somebody"})
        if r.returncode not in want:
            raise AssertionError(f"{command[0]}: {r.returncode}: {r.stdout[-2000:]!r} {r.stderr[-2000:]!r}")
        return r.stdout

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path


def equal(got, want):
    if sorted(got) != sorted(want):
        raise AssertionError(f"got {[g[:80] for g in got]}, wanted {[w[:80] for w in want]}")


def of_maildir(folder):
    return [body(f.read_bytes()) for f in sorted(folder.glob("new/*"))]


def all_bodies():
    return [body(b) for b in BODIES]


def poplib_reads_and_deletes():
    with Box() as b:
        p = poplib.POP3("127.0.0.1", int(b.port), timeout=20)
        if "STLS" not in p.capa() or p.capa()["EXPIRE"] != ["0", "USER"]:
            raise AssertionError(p.capa())
        p.stls(ssl._create_unverified_context())
        p.utf8()
        p.user(b.user)
        p.pass_(b.token)
        count, octets = p.stat()
        ids = [line.split()[1] for line in p.uidl()[1]]
        got = [b"\r\n".join(p.retr(i + 1)[1]) + b"\r\n" for i in range(count)]
        equal([body(g) for g in got], all_bodies())
        if sum(len(g) for g in got) != octets or len(set(ids)) != 3:
            raise AssertionError(f"{octets} octets said, {[len(g) for g in got]} sent, ids {ids}")
        if not p.top(2, 0)[1][-1] == b"" or b"y" * 100 in b"".join(p.top(2, 0)[1]):
            raise AssertionError("TOP 2 0 is not the header alone")
        p.dele(2)
        p.quit()
        p = poplib.POP3_SSL("127.0.0.1", int(b.tls_port), context=ssl._create_unverified_context(), timeout=20)
        p.user(b.user)
        p.pass_(b.token)
        if [line.split()[1] for line in p.uidl()[1]] != [ids[0], ids[2]]:
            raise AssertionError("ids changed")
        p.quit()


def curl_with_each_mechanism():
    with Box() as b:
        for auth in ([], ["--login-options", "AUTH=PLAIN"], ["--login-options", "AUTH=LOGIN"], ["--login-options", "AUTH=PLAIN", "--sasl-ir"]):
            said = b.run("curl", "-sS", *auth, "-u", f"{b.user}:{b.token}", f"pop3://127.0.0.1:{b.port}/")
            if len(said.splitlines()) != 3:
                raise AssertionError(f"{auth}: {said!r}")
        said = b.run("curl", "-sS", "-k", "--ssl-reqd", "-u", f"{b.user}:", "--oauth2-bearer", b.token, f"pop3://127.0.0.1:{b.port}/")
        if len(said.splitlines()) != 3:
            raise AssertionError(f"bearer: {said!r}")
        got = [b.run("curl", "-sS", "-k", "-u", f"{b.user}:{b.token}", f"pop3s://127.0.0.1:{b.tls_port}/{i}") for i in (1, 2, 3)]
        equal([body(g) for g in got], all_bodies())
        b.run("curl", "-sS", "-u", f"{b.user}:{b.token}", "-X", "DELE", "-I", f"pop3://127.0.0.1:{b.port}/1")
        if b.left() != 2:
            raise AssertionError(f"{b.left()} left")
        b.run("curl", "-sS", "-u", f"{b.user}:wrong", f"pop3://127.0.0.1:{b.port}/", want=(67,))


def mpop_fetches_all():
    with Box() as b:
        (b.home / "mail").mkdir()
        for sub in ("cur", "new", "tmp"):
            (b.home / "mail" / sub).mkdir()
        b.write("mpoprc", f"account a\nhost 127.0.0.1\nport {b.tls_port}\ntls on\ntls_starttls off\ntls_certcheck off\nauth plain\n"
                f"user {b.user}\npassword {b.token}\nkeep off\nreceived_header off\npipelining on\n"
                f"uidls_file {b.home}/uidls\ndelivery maildir {b.home}/mail\n")
        b.run("mpop", "-C", b.home / "mpoprc", "a")
        equal(of_maildir(b.home / "mail"), all_bodies())
        if b.left():
            raise AssertionError(f"{b.left()} left")


def deliverer(b):
    """A program that puts its input into a file of its own, and the folder of those files."""
    out = b.home / "out"
    out.mkdir()
    script = b.write("deliver", f'#!/bin/sh\ncat >"$(mktemp {out}/XXXXXX)"\n')
    script.chmod(0o700)
    return script, out


def of_files(folder):
    return [body(f.read_bytes()) for f in folder.iterdir()]


def fetchmail_fetches_all():
    with Box() as b:
        script, out = deliverer(b)
        b.write(".fetchmailrc", f'poll 127.0.0.1 service {b.port} proto pop3 user "{b.user}" password "{b.token}" sslproto TLS1.2+ '
                f'no sslcertck fetchall no rewrite mda "{script}"\n')
        run = ["fetchmail", "-f", b.home / ".fetchmailrc", "-i", b.home / "ids", "--pidfile", b.home / "pid"]
        b.run(*run)
        equal(of_files(out), all_bodies())
        if b.left():
            raise AssertionError(f"{b.left()} left")
        b.run(*run, want=(1,))  # nothing new


def getmail_keeps_and_then_deletes():
    with Box() as b:
        script, out = deliverer(b)
        rc = b.write("rc", f"[retriever]\ntype = SimplePOP3SSLRetriever\nserver = 127.0.0.1\nport = {b.tls_port}\nusername = {b.user}\n"
                     f"password = {b.token}\n[destination]\ntype = MDA_external\npath = {script}\nallow_root_commands = true\n"
                     "[options]\nread_all = false\ndelivered_to = false\nreceived = false\n")
        for _ in range(2):  # the second time nothing is new: UIDL tells
            b.run("getmail", "-q", f"--getmaildir={b.home}", f"--rcfile={rc}")
            equal(of_files(out), all_bodies())
        b.run("getmail", "-q", "--delete", f"--getmaildir={b.home}", f"--rcfile={rc}")
        if b.left():
            raise AssertionError(f"{b.left()} left")


if __name__ == "__main__":
    sys.exit(daemon.run([poplib_reads_and_deletes, curl_with_each_mechanism, mpop_fetches_all, fetchmail_fetches_all,
                         getmail_keeps_and_then_deletes]))
