#!/usr/bin/env python3
"""Real mail programs over IMAP: each logs in, lists, fetches, flags, moves, deletes, idles, and what it got is what was
sent, octet for octet. One that is not installed is skipped, and says so."""
import hashlib
import imaplib
import json
import pathlib
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402
import npm  # noqa: E402

BODIES = [b"Subject: one\r\nFrom: a@b.test\r\n\r\nfirst\r\n",
          b"Subject: long\r\n\r\n" + b"0123456789abcdef\r\n" * 40000,
          "Subject: =?utf-8?q?=C3=BC?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\näöü €\r\n".encode()]

IMAPFLOW = "imapflow@1.0.164"  # runs with node 18


class Box:
    """A daemon of this test's own with a box that has three mails."""
    def __enter__(self):
        self.d = daemon.Daemon("auth.cleartext=loopback").start()
        box = self.d.make_box()
        self.user, self.token = box["address"], box["token"]
        for b in BODIES:
            self.d.send(self.user, b)
        self.port, self.tls_port = (self.d.address(k)[1] for k in ("imap.listen", "imaps.listen"))
        self.home = self.d.folder / "home"
        self.home.mkdir()
        return self

    def __exit__(self, *error):
        self.d.stop()
        self.d.__exit__(*error)

    def run(self, *command, want=(0,), keys="", terminal=False):
        if not shutil.which(command[0]):
            raise daemon.Skip(f"there is no {command[0]}")
        words = [str(c) for c in command]
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "somebody", "TERM": "xterm"}
        r = subprocess.run(["script", "-qec", shlex.join(words), "/dev/null"] if terminal else words, input=keys.encode(),
                           capture_output=True, timeout=60, env=env)
        if r.returncode not in want:
            raise AssertionError(f"{command[0]}: {r.returncode}: {r.stdout[-2000:]!r} {r.stderr[-2000:]!r}")
        return r.stdout

    def fingerprint(self):
        """Of the daemon's certificate, which no authority has signed."""
        pem = ssl.get_server_certificate(("127.0.0.1", self.tls_port))
        return hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def curl(self, where, *more):
        return self.run("curl", "-s", "-k", "--max-time", "20", "-u", f"{self.user}:{self.token}", *more, where)


def ok(answer):
    status, data = answer
    assert status == "OK", answer
    return data


def plain_and_tls():
    context = ssl._create_unverified_context()
    with Box() as b:
        yield b, imaplib.IMAP4("127.0.0.1", b.port)
    with Box() as b:
        yield b, imaplib.IMAP4_SSL("127.0.0.1", b.tls_port, ssl_context=context)
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        m.starttls(context)
        yield b, m


def python_imaplib():
    for b, m in plain_and_tls():
        ok(m.login(b.user, b.token))
        assert ok(m.select()) == [b"3"]
        for i, sent in enumerate(BODIES):
            got = ok(m.fetch(str(i + 1), "(RFC822)"))[0][1]
            assert got.endswith(sent), (i, got[-100:])
        assert b"\\Flagged" in ok(m.store("1", "+FLAGS", "(\\Flagged)"))[0]
        assert ok(m.search(None, "FLAGGED", "SUBJECT", "one")) == [b"1"]
        ok(m.copy("1", "Trash"))
        ok(m.uid("MOVE", "2", "Junk"))
        assert [x.decode().rsplit(" ", 1)[1] for x in ok(m.list())] == ["INBOX", "Junk", "Sent", "Drafts", "Trash"]
        ok(m.append("Drafts", "(\\Draft)", imaplib.Time2Internaldate(time.time()), BODIES[0]))
        assert b"MESSAGES 1" in ok(m.status("Drafts", "(MESSAGES)"))[0]
        ok(m.store("1", "+FLAGS", "(\\Deleted)"))
        ok(m.expunge())
        assert len(b.d.messages(b.token)) == 1  # the page shows the inbox
        m.logout()


def python_imaplib_with_authenticate():
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.authenticate("PLAIN", lambda _: f"\0{b.user}\0{b.token}".encode()))
        m.logout()
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.authenticate("OAUTHBEARER", lambda _: f"n,a={b.user},\1auth=Bearer {b.token}\1\1".encode()))
        m.logout()


def subscriptions_outlive_mailbox_and_daemon():
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.login(b.user, b.token))
        for name in ("work", "play"):
            ok(m.create(name))
            ok(m.subscribe(name))
        ok(m.delete("work"))
        ok(m.rename("play", "games"))
        m.logout()
        b.d.restart()
        m = imaplib.IMAP4("127.0.0.1", b.d.address("imap.listen")[1])
        ok(m.login(b.user, b.token))
        assert [x.decode().rsplit(" ", 1)[1] for x in ok(m.list())] == ["INBOX", "Junk", "Sent", "Drafts", "Trash", "games"]
        assert [x.decode().rsplit(" ", 1)[1] for x in ok(m.lsub())][5:] == ["games", "play", "work"]
        folders = json.loads(b.d.request("GET", "/api/v1/mailbox", token=b.token)[2])["folders"]
        assert [f["name"] for f in folders] == ["INBOX", "Junk", "Sent", "Drafts", "Trash", "games"], folders
        ok(m.unsubscribe("play"))
        ok(m.create("work"))
        assert [x.decode().rsplit(" ", 1)[1] for x in ok(m.lsub())][5:] == ["games", "work"]
        for i in range(198):  # and those without a mailbox count
            ok(m.create(f"f{i}"))
        assert b"[LIMIT]" in m.create("more")[1][0]
        ok(m.delete("work"))
        assert b"[LIMIT]" in m.create("more")[1][0]
        ok(m.unsubscribe("work"))
        ok(m.create("more"))
        m.logout()


def idle_is_told_of_new_mail():
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.login(b.user, b.token))
        ok(m.select())
        m.send(b"x IDLE\r\n")
        assert m.readline().startswith(b"+")
        threading.Timer(0.2, b.d.send, (b.user, BODIES[0])).start()
        assert m.readline() == b"* 4 EXISTS\r\n"
        m.send(b"DONE\r\n")
        while not m.readline().startswith(b"x OK"):
            pass
        m.logout()


def the_page_and_imap_show_one_state():
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.login(b.user, b.token))
        ok(m.select())
        newest = b.d.messages(b.token)[0]
        b.d.api("PATCH", f"/mailbox/messages/{newest['id']}", {"seen": True}, token=b.token)
        assert b"\\Seen" in ok(m.fetch("3", "(FLAGS)"))[0]
        ok(m.store("1", "+FLAGS", "(\\Seen)"))
        assert [x["seen"] for x in b.d.messages(b.token)] == [True, False, True]
        b.d.api("DELETE", f"/mailbox/messages/{newest['id']}", token=b.token)
        ok(m.noop())
        assert ok(m.search(None, "ALL")) == [b"1 2"]
        m.logout()


class Zipped:
    """A connection after COMPRESS (RFC 4978)."""
    def __init__(self, s):
        self.s, self.have = s, b""
        self.z, self.u = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)

    def send(self, data, pieces=1):
        data = self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH)
        for i in range(pieces):
            self.s.sendall(data[len(data) * i // pieces:len(data) * (i + 1) // pieces])

    def until(self, text):
        while text not in self.have:
            more = self.s.recv(65536)
            assert more, self.have[-500:]
            self.have += self.u.decompress(more)
        at = self.have.index(text) + len(text)
        out, self.have = self.have[:at], self.have[at:]
        return out


def compressed():
    with Box() as b:
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.login(b.user, b.token))
        m.send(b"x COMPRESS DEFLATE\r\n")
        assert m.readline().startswith(b"x OK")
        z = Zipped(m.sock)
        z.send(b"1 SELECT INBOX\r\n2 FETCH 1:* BODY.PEEK[]\r\n3 COMPRESS DEFLATE\r\n4 NOOP\r\n", 7)
        got = z.until(b"4 OK")
        assert all(x in got for x in BODIES) and b"3 NO [COMPRESSIONACTIVE]" in got
        z.send(b"5 APPEND Sent {%d+}\r\n%s\r\n6 IDLE\r\n" % (len(BODIES[1]), BODIES[1]))
        assert b"5 OK [APPENDUID" in z.until(b"+ idling\r\n")
        b.d.send(b.user, BODIES[0])
        z.until(b"* 4 EXISTS\r\n")
        z.send(b"DONE\r\n7 LOGOUT\r\n")
        z.until(b"7 OK")


def draining_finishes_what_is_under_way():
    with Box() as b:
        idle, silent, sends = (imaplib.IMAP4("127.0.0.1", b.port) for _ in range(3))
        for m in (idle, silent, sends):
            ok(m.login(b.user, b.token))
        idle.send(b"x IDLE\r\n")
        assert idle.readline().startswith(b"+")
        sends.send(b"x APPEND INBOX {20+}\r\nSubject")
        time.sleep(0.2)  # so that it is on its way when the end comes
        b.d.p.send_signal(signal.SIGTERM)
        assert idle.readline().startswith(b"* BYE") and silent.readline().startswith(b"* BYE")
        sends.send(b": hello\r\n\r\nbc\r\n")
        assert sends.readline().startswith(b"x OK [APPENDUID") and sends.readline().startswith(b"* BYE")
        assert b.d.p.wait(30) == 0


def curl():
    with Box() as b:
        url = f"imap://127.0.0.1:{b.port}"
        assert b"INBOX" in b.curl(url)
        assert b.curl(f"{url}/INBOX;UID=1").endswith(BODIES[0])
        assert b.curl(f"{url}/INBOX;UID=2").endswith(BODIES[1])
        assert b"* SEARCH 1" in b.curl(f"{url}/INBOX?SUBJECT%20one")
        b.write("mail", BODIES[0].decode())
        b.curl(f"{url}/Sent", "-T", b.home / "mail")
        assert b"MESSAGES 1" in b.curl(url, "-X", "STATUS Sent (MESSAGES)")
        assert b.curl(f"imaps://127.0.0.1:{b.tls_port}/INBOX;UID=1").endswith(BODIES[0])
        b.curl(f"{url}/INBOX;UID=1", "--ssl-reqd", "--login-options", "AUTH=PLAIN")


def mbsync():
    with Box() as b:
        (b.home / "mail").mkdir()
        rc = b.write("mbsyncrc", f"""IMAPAccount box
Host 127.0.0.1
Port {b.port}
User {b.user}
Pass {b.token}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account box

MaildirStore near
Path {b.home}/mail/
Inbox {b.home}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
""")
        b.run("mbsync", "-c", rc, "all")
        new = sorted((b.home / "mail/INBOX/new").iterdir())
        assert len(new) == 3, new
        got = sorted(p.read_bytes().split(b"\n\n", 1)[1] for p in new)  # it adds a field of its own to the header
        assert got == sorted(b.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1] for b in BODIES)
        new[0].rename(b.home / "mail/INBOX/cur" / (new[0].name + ":2,ST"))  # seen and trashed here
        (b.home / "mail/INBOX/new" / "1.2.here").write_bytes(BODIES[0].replace(b"\r\n", b"\n"))
        b.run("mbsync", "-c", rc, "all")
        m = imaplib.IMAP4("127.0.0.1", b.port)
        ok(m.login(b.user, b.token))
        assert ok(m.select()) == [b"3"], "one went, one came"
        m.logout()


def fetchmail():
    with Box() as b:
        rc = b.write("fetchmailrc", f'poll 127.0.0.1 protocol IMAP port {b.port} auth password username "{b.user}" password '
                     f'"{b.token}" mda "cat >> {b.home}/got" sslproto ""\n')
        b.run("fetchmail", "--nosyslog", "-f", rc, "--pidfile", b.home / "pid")
        assert b"first" in (b.home / "got").read_bytes()


def getmail():
    with Box() as b:
        script = b.write("deliver", f"#!/bin/sh\nexec cat >>{b.home}/got\n")
        script.chmod(0o700)
        rc = b.write("rc", f"[retriever]\ntype = SimpleIMAPSSLRetriever\nserver = 127.0.0.1\nport = {b.tls_port}\nusername = {b.user}\n"
                     f"password = {b.token}\n[destination]\ntype = MDA_external\npath = {script}\nallow_root_commands = true\n"
                     "[options]\nread_all = false\ndelivered_to = false\nreceived = false\n")
        for _ in range(2):  # the second time nothing is new
            b.run("getmail", "-q", f"--getmaildir={b.home}", f"--rcfile={rc}")
            got = (b.home / "got").read_bytes().replace(b"\r\n", b"\n")
            assert [got.count(x.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1]) for x in BODIES] == [1, 1, 1]  # it writes fields anew
        b.run("getmail", "-q", "--delete", f"--getmaildir={b.home}", f"--rcfile={rc}")
        assert seen_from_outside(b, "INBOX") == {}


def seen_from_outside(b, folder):
    """{subject: flags} of a folder, as another program sees it."""
    m = imaplib.IMAP4("127.0.0.1", b.port)
    ok(m.login(b.user, b.token))
    n = int(ok(m.select(folder))[0])
    got = ok(m.fetch(f"1:{n}", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")) if n else []
    m.logout()
    return {x[1].split(b":", 1)[1].strip(): set(imaplib.ParseFlags(x[0])) - {b"\\Recent"} for x in got if isinstance(x, tuple)}


def offlineimap():
    with Box() as b:
        rc = b.write("offlineimaprc", f"""[general]
accounts = box
metadata = {b.home}/state
[Account box]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {b.home}/mail
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {b.tls_port}
remoteuser = {b.user}
remotepass = {b.token}
ssl = yes
cert_fingerprint = {b.fingerprint()}
""")
        b.run("offlineimap", "-o", "-u", "quiet", "-c", rc)
        inbox = b.home / "mail/INBOX"
        here = sorted([*(inbox / "new").iterdir(), *(inbox / "cur").iterdir()], key=lambda p: p.stat().st_size)
        assert [p.read_bytes().replace(b"\r\n", b"\n").split(b"\n\n", 1)[1] for p in here] == sorted(
            (x.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1] for x in BODIES), key=len)
        assert sorted(p.name for p in (b.home / "mail").iterdir()) == ["Drafts", "INBOX", "Junk", "Sent", "Trash"]
        here[0].rename(inbox / "cur" / (here[0].name.split(":")[0] + ":2,FS"))
        here[2].unlink()
        (b.home / "mail/Sent/new/1.2.here").write_bytes(BODIES[0].replace(b"\r\n", b"\n"))
        b.run("offlineimap", "-o", "-u", "quiet", "-c", rc)
        left = seen_from_outside(b, "INBOX")
        assert left[b"one"] == {b"\\Flagged", b"\\Seen"} and b"long" not in left and len(left) == 2, left
        assert list(seen_from_outside(b, "Sent")) == [b"one"]


def neomutt():
    with Box() as b:
        keys = ("<search>~s one<enter><flag-message><search>~s long<enter><save-message>=Trash<enter>"
                "<delete-pattern>!~s one !~s long<enter><sync-mailbox><quit>")
        rc = b.write("muttrc", f"""set folder = "imap://127.0.0.1:{b.port}/"
set spoolfile = "+INBOX"
set imap_user = "{b.user}"
set imap_pass = "{b.token}"
set imap_authenticators = "login"
set ssl_starttls = no
set ssl_force_tls = no
set delete = yes
set quit = yes
set confirm_append = no
set confirm_create = no
set header_cache = ""
push "{keys}"
""")
        b.run("neomutt", "-n", "-F", rc, terminal=True)
        left, trash = seen_from_outside(b, "INBOX"), seen_from_outside(b, "Trash")
        assert set(left) == {b"one"} and b"\\Flagged" in left[b"one"], left
        assert set(trash) == {b"long"}, trash


def s_nail():
    with Box() as b:
        user = b.user.replace("@", "%40")
        said = b.run("s-nail", "-:/", "-S", "v15-compat", "-S", "imap-auth=login", "-f",
                     f"imap://{user}:{b.token}@127.0.0.1:{b.port}/INBOX",
                     keys="headers\ntype 1\nflag 1\ncopy 2 @Trash\ndelete 2\nquit\n")
        assert b"3 messages" in said and b"\nfirst" in said, said[-2000:]
        left = seen_from_outside(b, "INBOX")
        assert b"long" not in left and left[b"one"] == {b"\\Flagged", b"\\Seen"}, left
        assert set(seen_from_outside(b, "Trash")) == {b"long"}


def imapflow():
    folder = npm.folder("imapflow", IMAPFLOW)
    with Box() as b:
        b.run("node", HERE / "imapflow.mjs", folder, b.user, b.token, b.port, b.tls_port)


if __name__ == "__main__":
    sys.exit(daemon.run([python_imaplib, python_imaplib_with_authenticate, subscriptions_outlive_mailbox_and_daemon,
                         idle_is_told_of_new_mail, the_page_and_imap_show_one_state, draining_finishes_what_is_under_way, compressed,
                         curl, mbsync, fetchmail, getmail, offlineimap, neomutt, s_nail, imapflow]))
