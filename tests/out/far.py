"""Far ends of outgoing mail: an SMTP server on an address of its own on loopback that behaves as it is told, well or badly.

    with Far("127.0.2.1", port) as far:
        far.says("RCPT", "450 4.2.1 later", times=2)
        ...
        far.mails[0].rcpts
"""
import contextlib
import dataclasses
import pathlib
import socket
import ssl
import subprocess
import threading
import time


@dataclasses.dataclass
class Mail:
    sender: str
    sender_args: str
    rcpts: list
    rcpt_args: list
    data: bytes
    tls: bool
    session: int
    bdat: bool


class Cut(Exception):
    pass


class Far:
    OFFERS = ["PIPELINING", "SIZE 10000000", "8BITMIME"]

    def __init__(self, host, port, offers=None, tls=None, helo_only=False, room=1000):
        self.offers, self.tls, self.helo_only, self.room = self.OFFERS if offers is None else offers, tls, helo_only, room
        self.mails, self.sessions, self.commands, self.open, self.peers = [], 0, [], set(), []
        self.words, self.cuts, self.pace, self.greet_after = {}, {}, 0, 0
        self.hushed, self.waits = set(), False  # waits: somebody does
        self.lock = threading.Lock()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((host, port))
        self.listener.listen(200)
        threading.Thread(target=self.serve, daemon=True).start()

    # ---- what it is told ----
    def says(self, verb, reply, times=None):
        """The reply to a verb (or GREETING, TEXT), the next so many times."""
        self.words.setdefault(verb, []).append([reply, times])

    def cut(self, verb, times=None):
        """The connection is dropped instead of an answer to it; TEXT: in the middle of a mail."""
        self.cuts[verb] = times if times is not None else -1

    def hush(self, *verbs):
        """No answer to these until it is told others, or none."""
        self.hushed, self.waits = set(verbs), False

    def end_all(self):
        """Connections that stand are ended."""
        with self.lock:
            for s in self.open:
                with contextlib.suppress(OSError):  # whoever is gone already
                    s.shutdown(socket.SHUT_RDWR)

    def reset(self):
        """As at first; connections that stand are ended."""
        self.end_all()
        with self.lock:
            self.mails, self.sessions, self.commands, self.words, self.cuts, self.pace, self.greet_after = [], 0, [], {}, {}, 0, 0

    # ---- what it does ----
    def word(self, verb, usual):
        while verb in self.hushed:
            self.waits = True
            time.sleep(0.01)
        with self.lock:
            if self.cuts.get(verb):
                self.cuts[verb] -= 1
                raise Cut
            for w in self.words.get(verb, []):
                if w[1] is None or w[1] > 0:
                    w[1] = None if w[1] is None else w[1] - 1
                    return w[0]
        return usual

    def serve(self):
        while True:
            try:
                s, peer = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.peers.append(peer[0])
                self.sessions += 1
                n = self.sessions
            threading.Thread(target=self.session, args=(s, n), daemon=True).start()

    def session(self, s, n):
        with self.lock:
            self.open.add(s)
        try:
            s.settimeout(60)
            self.talk(s, n)
        except (OSError, Cut, ValueError):
            pass
        finally:
            with self.lock:
                self.open.discard(s)
            s.close()

    def reply(self, s, text):
        raw = (text if text.endswith("\r\n") else text + "\r\n").encode()
        if not self.pace:
            s.sendall(raw)
            return
        for i in range(len(raw)):
            s.sendall(raw[i:i + 1])
            time.sleep(self.pace)

    def talk(self, s, n):
        f, secure, mail = s.makefile("rb"), False, None
        time.sleep(self.greet_after)
        self.reply(s, self.word("GREETING", "220 far.example ESMTP"))
        while True:
            line = f.readline(4096)
            if not line:
                return
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                raise ValueError("a line that ends in something else than CR LF")
            text = line[:-2].decode()
            verb = text.split(" ")[0].upper()
            with self.lock:
                self.commands.append(text)
            if verb == "EHLO" and not self.helo_only:
                offers = [*self.offers, *(["STARTTLS"] if self.tls and not secure else [])]
                usual = "\r\n".join(["250-far.example"] + [f"250-{o}" for o in offers[:-1]] + [f"250 {offers[-1]}"]) if offers else "250 far.example"
                self.reply(s, self.word(verb, usual))
            elif verb == "HELO":
                self.reply(s, self.word(verb, "250 far.example"))
            elif verb == "STARTTLS" and self.tls:
                answer = self.word(verb, "220 go ahead")
                self.reply(s, answer)
                if not answer.startswith("220"):
                    continue
                f.close()
                with self.lock:
                    self.open.discard(s)
                s = self.tls.wrap_socket(s, server_side=True)
                f, secure = s.makefile("rb"), True
            elif verb == "MAIL":
                path, _, args = text[10:].partition(">")
                answer = self.word(verb, "250 2.1.0 ok")
                mail = Mail(path.lstrip("<"), args.strip(), [], [], b"", secure, n, False) if answer.startswith("250") else None
                self.reply(s, answer)
            elif verb == "RCPT":
                path, _, args = text[8:].partition(">")
                address = path.lstrip("<")
                answer = self.word(address, None) or self.word(verb, "250 2.1.5 ok")
                if not mail:
                    answer = "503 5.5.1 MAIL first"
                elif len(mail.rcpts) == self.room:
                    answer = "452 4.5.3 no room for more"
                elif answer.startswith("250"):
                    mail.rcpts.append(address)
                    mail.rcpt_args.append(args.strip())
                self.reply(s, answer)
            elif verb == "DATA":
                answer = self.word(verb, "354 go ahead") if mail and mail.rcpts else "554 5.5.1 no valid recipients"
                self.reply(s, answer)
                if answer.startswith("354"):
                    self.text(s, f, mail)
                    mail = None
            elif verb == "BDAT":
                self.word("TEXT", "")
                words = text.split()
                body = f.read(int(words[1]))
                if mail:
                    mail.data += body
                    mail.bdat = True
                answer = self.word(verb, "250 2.0.0 ok") if mail and mail.rcpts else "503 5.5.1 no"
                last = words[-1].upper() == "LAST"
                if last and answer.startswith("2"):
                    self.take(mail)
                self.reply(s, answer)
                mail = None if last or not answer.startswith("2") else mail  # RFC 3030: what was refused in part is refused
            elif verb == "RSET":
                mail = None
                self.reply(s, self.word(verb, "250 2.0.0 ok"))
            elif verb == "AUTH":
                self.reply(s, self.word(verb, "235 2.7.0 welcome"))
            elif verb == "QUIT":
                self.reply(s, self.word(verb, "221 2.0.0 bye"))
                return
            else:
                self.reply(s, "502 5.5.2 what")

    def text(self, s, f, mail):
        data = bytearray()
        while True:
            line = f.readline(1 << 20)
            if not line:
                raise Cut
            if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
                raise ValueError("a line that ends in something else than CR LF")
            if line == b".\r\n":
                break
            self.word("TEXT", "")
            data += line[1:] if line.startswith(b".") else line
        mail.data = bytes(data)
        answer = self.word(".", "250 2.0.0 queued")
        if answer.startswith("2"):
            self.take(mail)
        self.reply(s, answer)

    def take(self, mail):
        with self.lock:
            self.mails.append(mail)

    # ---- for tests ----
    def wait(self, n=1, seconds=10):
        """So many mails, or what there is after a while."""
        until = time.monotonic() + seconds
        while len(self.mails) < n and time.monotonic() < until:
            time.sleep(0.01)
        return self.mails

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# ---- certificates, by the openssl program ----
def run(*args):
    subprocess.run(args, check=True, capture_output=True, timeout=60)


class Authority:
    """A CA of the test's own, and what it signs."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test authority",
            "-keyout", str(self.key), "-out", str(self.ca))

    def pair(self, name, signed=True, days=30):
        cert, key, csr, ext = (self.folder / f"{name}.{x}" for x in ("pem", "key", "csr", "ext"))
        ext.write_text(f"subjectAltName=DNS:{name}\n")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(csr))
        if signed:
            run("openssl", "x509", "-req", "-in", str(csr), "-CA", str(self.ca), "-CAkey", str(self.key), "-CAcreateserial", "-days", str(days), "-extfile", str(ext), "-out", str(cert))
        else:
            run("openssl", "x509", "-req", "-in", str(csr), "-signkey", str(key), "-days", "30", "-extfile", str(ext), "-out", str(cert))
        return cert, key

    def context(self, name, signed=True):
        cert, key = self.pair(name, signed)
        c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        c.load_cert_chain(cert, key)
        return c
