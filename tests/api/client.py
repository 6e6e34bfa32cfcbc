"""What the cases share: an interface that holds every answer against docs/openapi.json, a WebSocket, an event stream."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/lib"))
import schema  # noqa: E402
from daemon import Daemon, Skip, run  # noqa: E402,F401

SPEC = json.loads((ROOT / "docs/openapi.json").read_text())
ROUTES = {p: re.compile(re.sub(r"\\?\{\w+\\?\}", "[^/]+", p) + r"\Z") for p in SPEC["paths"]}
SEEN = set()  # (method, path, status) met by any case
SAFE = ["x-content-type-options", "referrer-policy", "content-security-policy", "cross-origin-resource-policy", "permissions-policy"]


def template(path):
    return next((p for p, r in ROUTES.items() if r.match(path)), None)


def hold(method, path, status, headers, body, sent=None):
    """Raises unless the answer is one that the description promises."""
    for name in SAFE:
        assert name in headers, f"{method} {path}: no {name}"
    t = template(path.split("?")[0])
    if t is None or method.lower() not in SPEC["paths"][t]:
        assert status in (404, 405, 204), f"{method} {path}: {status}, but not described"
        return
    described = SPEC["paths"][t][method.lower()]["responses"]
    SEEN.add((method, t, status))
    assert str(status) in described, f"{method} {t} answered {status}, which is not described: {body[:200]!r}"
    content = described[str(status)].get("content")
    kind = headers.get("content-type", "").split(";")[0]
    if not content:
        assert not body, f"{method} {t} {status}: a body that is not described"
        return
    assert kind in content or "*/*" in content, f"{method} {t} {status}: {kind} is not described"
    if kind.endswith("json"):
        schema.check(json.loads(body), content[kind]["schema"], SPEC, f"{method} {t} {status}")
    if t.startswith("/api/v1"):
        assert headers["cache-control"] == "no-store"
    if status < 300 and isinstance(sent, dict):
        schema.check(sent, SPEC["paths"][t][method.lower()]["requestBody"]["content"]["application/json"]["schema"], SPEC, f"{method} {t} body")


class Api:
    """A daemon whose answers are held against the description."""

    def __init__(self, daemon):
        self.d = daemon

    def ask(self, method, path, body=None, token=None, headers=None, want=None):
        status, h, said = self.d.request(method, path, body, token, headers)
        hold(method, path, status, h, said, body)
        if want is not None:
            assert status in ((want,) if isinstance(want, int) else want), f"{method} {path}: {status} {said[:300]!r}, not {want}"
        is_json = h.get("content-type", "").split(";")[0].endswith("json")
        return status, h, json.loads(said) if said and is_json else said

    def v1(self, method, path, body=None, token=None, want=(200, 201, 204), headers=None):
        return self.ask(method, "/api/v1" + path, body, token, headers, want)[2]

    def box(self, **spec):
        return self.v1("POST", "/mailboxes", spec, want=201)

    def raw(self, data, wait_close=True, seconds=5):
        """What comes back on a plain socket until it is closed."""
        with socket.create_connection(self.d.address("http.listen"), timeout=seconds) as s:
            s.sendall(data)
            out = b""
            while True:
                try:
                    got = s.recv(65536)
                except ConnectionResetError:
                    got = b""
                except socket.timeout:
                    assert not wait_close, f"not closed after {out[:200]!r}"
                    return out
                if not got:
                    return out
                out += got


class WebSocket:
    def __init__(self, daemon, path="/api/v1/live", token=None, headers=None, seconds=10, window=None):
        self.s = socket.socket()
        self.s.settimeout(seconds)
        if window:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self.s.connect(daemon.address("http.listen"))
        key = base64.b64encode(os.urandom(16)).decode()
        h = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13",
             **({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        head = "".join(f"{k}: {v}\r\n" for k, v in h.items())
        self.s.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.rest, self.code = b"", None
        while b"\r\n\r\n" not in self.rest:
            got = self.s.recv(65536)
            if not got:
                break
            self.rest += got
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        if self.status == 101:
            SEEN.add(("GET", "/api/v1/live", 101))
            accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
            assert accept in head, "wrong Sec-WebSocket-Accept"

    def send(self, payload, op=1, fin=True):
        if isinstance(payload, dict):
            payload = json.dumps(payload)
        p = payload.encode() if isinstance(payload, str) else payload
        mask = os.urandom(4)
        n = len(p)
        length = bytes([0x80 | n]) if n < 126 else bytes([0x80 | 126]) + struct.pack(">H", n)
        self.s.sendall(bytes([(0x80 if fin else 0) | op]) + length + mask + bytes(c ^ mask[i % 4] for i, c in enumerate(p)))

    def _bytes(self, n):
        while len(self.rest) < n:
            got = self.s.recv(65536)
            if not got:
                raise EOFError
            self.rest += got
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def frame(self):
        a, b = self._bytes(2)
        n = b & 127
        assert not b & 128, "a server does not mask"
        n = struct.unpack(">H", self._bytes(2))[0] if n == 126 else struct.unpack(">Q", self._bytes(8))[0] if n == 127 else n
        return a & 15, self._bytes(n)

    def event(self):
        """The next event, held against the description; pings are answered on the way."""
        while True:
            op, p = self.frame()
            if op == 9:
                self.send(p, op=10)
            elif op == 8:
                self.code = struct.unpack(">H", p[:2])[0] if p else 1005
                raise EOFError(f"closed with {self.code}")
            elif op == 1:
                e = json.loads(p)
                schema.check(e, SPEC["components"]["schemas"]["Event"], SPEC, "event")
                return e

    def closed(self):
        """The code it was closed with."""
        try:
            while True:
                self.event()
        except EOFError:
            return self.code

    def close(self):
        self.s.close()


class Events:
    """A stream of server-sent events."""

    def __init__(self, daemon, token, last=None, path="/api/v1/mailbox/events", seconds=10):
        self.c = http.client.HTTPConnection(*daemon.address("http.listen"), timeout=seconds)
        h = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": str(last)} if last is not None else {})}
        self.c.request("GET", path, headers=h)
        self.r = self.c.getresponse()
        self.status, self.id = self.r.status, None
        if path.startswith("/api/v1"):
            SEEN.add(("GET", path, self.status))

    def event(self, described=True):
        data = None
        while True:
            line = self.r.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                self.id = int(line[4:])
            elif line.startswith("data: "):
                assert data is None, "one data line an event"
                data = json.loads(line[6:])
            elif line == "" and data is not None:
                if described:
                    schema.check(data, SPEC["components"]["schemas"]["Event"], SPEC, "event")
                return data
            elif not line and self.r.isclosed():
                raise EOFError

    def close(self):
        self.c.close()


def npm():
    """Installs what node does here, or skips."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise Skip("node and npm are not installed")
    there, wanted = HERE / "node_modules/.package-lock.json", HERE / "package-lock.json"
    if not there.exists() or there.stat().st_mtime < wanted.stat().st_mtime:
        r = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, capture_output=True, text=True, timeout=120)
        if r.returncode:
            raise Skip("npm ci failed: " + r.stderr[-200:])


MAIL = ("From: Joe <joe@example.test>\r\nTo: you\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.test>\r\n"
        "Date: Sun, 22 Nov 2026 05:06:35 +0000\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        "--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Your verification code is <b>482913</b></p>\r\n"
        "--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename*=UTF-8''%E2%82%AC%20\"x\".html\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nPGI+aGVsbG88L2I+\r\n--x--\r\n")


def mail(subject="Hello"):
    return MAIL.format(subject=subject)


def form(**fields):
    return urllib.parse.urlencode(fields), {"Content-Type": "application/x-www-form-urlencoded"}
