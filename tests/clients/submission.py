#!/usr/bin/env python3
"""Real mail programs send: each logs in on 587 or 465, and what arrives says what was written, is signed, and tells nothing
of the machine or the program it was written with. One that is not installed is unpacked, or skipped, and says so."""
import email
import email.policy
import pathlib
import re
import shlex
import shutil
import smtplib
import socket
import ssl
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "trust")]
import daemon  # noqa: E402
import npm  # noqa: E402
import unpacked  # noqa: E402
import zone  # noqa: E402

NODEMAILER = "nodemailer@6.9.16"  # runs with node 18
BODY = "body of the mail\n.\n..two dots\nFrom the start\n" + "x" * 70 + "\n"
TELLTALE = ["127.0.0.1", "User-Agent", "X-Mailer", "swaks", "localhost", socket.gethostname()]


class Boxes:
    """A daemon that signs, with a box that sends and one that reads."""

    def __enter__(self):
        self.d = daemon.Daemon("server.domains=box.example", "server.hostname=mx.box.example", "send.policy=open",
                               "send.mails_per_day=0", "send.recipients_per_day=0").start()
        code, said = self.d.ctl("domain", "add", "box.example")
        assert code == 0, said
        self.dns = zone.start()
        zone.texts({name.rstrip("."): "".join(shlex.split(text)) for name, text in
                    (x.split(" 3600 IN TXT ") for x in said.splitlines() if " IN TXT " in x)})
        self.me, self.other = self.d.make_box(), self.d.make_box()
        self.user, self.token, self.to = self.me["address"], self.me["token"], self.other["address"]
        self.port, self.tls_port = (self.d.address(k)[1] for k in ("submission.listen", "submissions.listen"))
        self.home = self.d.folder / "home"
        self.home.mkdir()
        return self

    def __exit__(self, *error):
        self.d.stop()
        self.d.__exit__(*error)

    def run(self, *command, want=(0,), keys="", terminal=False, env=None):
        if not shutil.which(str(command[0])):
            raise daemon.Skip(f"there is no {command[0]}")
        words = [str(c) for c in command]
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "somebody", "TERM": "xterm", **(env or {})}
        r = subprocess.run(["script", "-qec", shlex.join(words), "/dev/null"] if terminal else words, input=keys.encode(),
                           capture_output=True, timeout=60, env=env)
        if r.returncode not in want:
            raise AssertionError(f"{command[0]}: {r.returncode}: {r.stdout[-2000:]!r} {r.stderr[-2000:]!r}")
        return r.stdout

    def write(self, name, text):
        path = self.home / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def raw(self, mail):
        """As it came, without what our own intake put on top."""
        status, _, raw = self.d.request("GET", f"/api/v1/mailbox/messages/{mail['id']}/raw", token=self.other["token"])
        assert status == 200, (status, raw)
        return raw[raw.index(b"DKIM-Signature:"):]

    def arrived(self, n=1, body=BODY, subject=None):
        """The n-th mail of the reader: signed twice, and telling nothing."""
        mail = None
        for _ in range(n):
            mail = self.d.wait(self.other["token"], since=mail["uid"] if mail else 0)
        raw = self.raw(mail)
        assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r"), raw
        said = zone.verify("dkim", "--dns", self.dns, message=raw)
        assert said.startswith("pass") and raw.count(b"DKIM-Signature:") == 2, (said, raw)
        head = raw[raw.rindex(b"Received:"):].split(b"\r\n\r\n")[0]
        for word in TELLTALE:
            assert not re.search(rb"\b" + re.escape(word.encode()) + rb"\b", head, re.I), (word, raw)
        m = email.message_from_bytes(raw, policy=email.policy.default)
        assert len(m.get_all("From")) == 1 and m["From"].addresses[0].addr_spec == self.user, m["From"]
        assert m["Date"] and m["Message-ID"] and not m["Bcc"], raw
        if subject:
            assert m["Subject"] == subject, m["Subject"]
        if body:
            text = m.get_body(("plain",)).get_content().replace("\r\n", "\n")
            assert text.rstrip("\n") == body.rstrip("\n"), text
        return m


def context():
    return ssl._create_unverified_context()


def python_smtplib():
    with Boxes() as b:
        s = smtplib.SMTP("127.0.0.1", b.port)
        s.starttls(context=context())
        s.login(b.user, b.token)
        text = f"From: {b.user}\nTo: {b.to}\nBcc: {b.user}\nSubject: one\nUser-Agent: x\nX-Mailer: y\n\n{BODY}"
        assert s.sendmail(b.user, [b.to], text, ["RET=HDRS", "BODY=8BITMIME"], ["NOTIFY=NEVER"]) == {}
        s.quit()
        b.arrived(1, subject="one")
        with smtplib.SMTP_SSL("127.0.0.1", b.tls_port, context=context()) as s:
            s.login(b.user, b.token, initial_response_ok=False)
            m = email.message.EmailMessage()
            m["From"], m["To"], m["Subject"] = b.user, b.to, "grüße"
            m.set_content("äöü €\n", cte="8bit")
            m.add_attachment(bytes(range(256)) * 4000, maintype="application", subtype="octet-stream", filename="a.bin")
            s.send_message(m)
        m = b.arrived(2, body="äöü €\n", subject="grüße")
        assert next(m.iter_attachments()).get_content() == bytes(range(256)) * 4000


def python_smtplib_with_login_and_chunks():
    with Boxes() as b:
        s = smtplib.SMTP("127.0.0.1", b.port)
        s.starttls(context=context())
        s.ehlo()
        s.user, s.password = b.user, b.token
        assert s.auth("LOGIN", s.auth_login)[0] == 235
        assert s.docmd(f"MAIL FROM:<{b.user}>")[0] == 250
        assert s.docmd(f"RCPT TO:<{b.to}>")[0] == 250
        text = f"From: {b.user}\nSubject: chunks\n\n{BODY}".replace("\n", "\r\n").encode()
        s.send(f"BDAT {len(text) - 5}\r\n".encode() + text[:-5])
        assert s.getreply()[0] == 250
        s.send(b"BDAT 5 LAST\r\n" + text[-5:])
        assert s.getreply()[0] == 250
        b.arrived(subject="chunks")


def swaks():
    there = unpacked.root("ssleay", ["libnet-ssleay-perl"], ["usr/share/doc/libnet-ssleay-perl/copyright"])
    env = {"PERL5LIB": ":".join(map(str, there.glob("usr/lib/*/perl5/*")))}
    with Boxes() as b:
        body = b.write("body", BODY)
        for n, (port, how) in enumerate(((b.port, ["-tls", "-a", "PLAIN"]), (b.port, ["-tls", "-a", "LOGIN"]),
                                         (b.tls_port, ["--tls-on-connect", "-a", "PLAIN"])), 1):
            b.run("swaks", "--server", f"127.0.0.1:{port}", *how, "--auth-user", b.user, "--auth-password", b.token, "--from", b.user,
                  "--to", b.to, "--h-Subject", "a mail", "--body", f"@{body}", "--no-strip-from", env=env)
            b.arrived(n, subject="a mail")
        said = b.run("swaks", "--server", f"127.0.0.1:{b.port}", "-tls", "--from", b.user, "--to", b.to, want=range(1, 256), env=env)
        assert b"530 5.7.0" in said, said


def curl():
    with Boxes() as b:
        mail = b.write("mail", f"From: {b.user}\nTo: {b.to}\nSubject: curl\n\n{BODY}")
        for n, where in enumerate((f"smtp://127.0.0.1:{b.port}", f"smtps://127.0.0.1:{b.tls_port}"), 1):
            b.run("curl", "-s", "-k", "--ssl-reqd", "--max-time", "20", "-u", f"{b.user}:{b.token}", "--crlf", "--mail-from", b.user,
                  "--mail-rcpt", b.to, "-T", mail, where)
            b.arrived(n, subject="curl")
        b.run("curl", "-s", "-k", "--ssl-reqd", "--max-time", "20", "--oauth2-bearer", b.token, "-u", b.user, "--login-options",
              "AUTH=OAUTHBEARER", "--crlf", "--mail-from", b.user, "--mail-rcpt", b.to, "-T", mail, f"smtp://127.0.0.1:{b.port}")
        b.arrived(3, subject="curl")


def msmtp():
    there = unpacked.root("msmtp", ["msmtp"], ["usr/bin/msmtp"])
    env = {"LD_LIBRARY_PATH": unpacked.libraries(there)} if str(there) != "/" else {}
    with Boxes() as b:
        for n, (port, start) in enumerate(((b.port, "on"), (b.tls_port, "off")), 1):
            rc = b.write(f"msmtprc{n}", f"""account x
host 127.0.0.1
port {port}
auth plain
user {b.user}
password {b.token}
from {b.user}
tls on
tls_starttls {start}
tls_certcheck off
account default : x
""")
            b.run(there / "usr/bin/msmtp", "-C", rc, "--read-envelope-from", "-t", env=env,
                  keys=f"From: {b.user}\nTo: {b.to}\nBcc: {b.to}\nSubject: msmtp\n\n{BODY}")
            b.arrived(n, subject="msmtp")


def s_nail():
    with Boxes() as b:
        user = b.user.replace("@", "%40")
        for n, where in enumerate((f"smtp://{user}:{b.token}@127.0.0.1:{b.port}", f"smtps://{user}:{b.token}@127.0.0.1:{b.tls_port}"), 1):
            b.run("s-nail", "-:/", "-S", "v15-compat", "-S", f"from={b.user}", "-S", f"mta={where}", "-S", "smtp-auth=plain",
                  "-S", "smtp-use-starttls", "-S", "tls-verify=ignore", "-S", "sendwait", "-s", "s-nail", b.to, keys=BODY)
            b.arrived(n, subject="s-nail")


def neomutt():
    with Boxes() as b:
        b.write("certs", ssl.get_server_certificate(("127.0.0.1", b.tls_port)))  # no terminal to say yes on
        user = b.user.replace("@", "%40")
        for n, where in enumerate((f"smtp://{user}@127.0.0.1:{b.port}", f"smtps://{user}@127.0.0.1:{b.tls_port}"), 1):
            rc = b.write(f"muttrc{n}", f"""set from = "{b.user}"
set use_from = yes
set envelope_from = yes
set smtp_url = "{where}"
set smtp_pass = "{b.token}"
set smtp_authenticators = "plain"
set ssl_verify_host = no
set certificate_file = "{b.home}/certs"
set copy = no
set sendmail_wait = 0
""")
            b.run("neomutt", "-n", "-F", rc, "-s", "neomutt", "--", b.to, keys=BODY)
            b.arrived(n, subject="neomutt")


def nodemailer():
    folder = npm.folder("nodemailer", NODEMAILER)
    with Boxes() as b:
        b.run("node", HERE / "nodemailer.mjs", folder, b.user, b.token, b.port, b.tls_port, b.to)
        for n in (1, 2):
            m = b.arrived(n, body="body from nodemailer äöü\n.\n..\n", subject="nodemailer grüßt")
            assert next(m.iter_attachments()).get_content() == bytes([0, 13, 10, 46, 255])


if __name__ == "__main__":
    sys.exit(daemon.run([python_smtplib, python_smtplib_with_login_and_chunks, swaks, curl, msmtp, s_nail, neomutt, nodemailer]))
