"""A mayfly of a test's own: free ports, a folder under /tmp, ended by its pid. And the little that tests say to it.

    with Daemon("box.min_ttl=1s") as d:
        box = d.make_box()
        d.send(box["address"], "Subject: hello\r\n\r\ntext\r\n")
        d.wait(box["token"])
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time

from started import Started

ROOT = pathlib.Path(__file__).resolve().parents[2]
# How much slower this machine is than the one that the targets of bench/soak were set on; bench/RESULTS.md says how it is found.
MACHINE = float(os.environ.get("MAYFLY_MACHINE", "1"))
BINARY = os.environ.get("MAYFLY", str(ROOT / "build/mayfly"))
# Under a sanitizer: tests/run sets it, a daemon is then always ended in order, and its log is searched for complaints.
SANITIZED = bool(os.environ.get("SANITIZED"))
LISTEN = ["smtp.listen", "submission.listen", "submissions.listen", "pop3.listen", "pop3s.listen", "imap.listen", "imaps.listen", "http.listen", "https.listen", "metrics.listen"]
TESTS_SEND_MUCH = ["limits.mx_per_network=100000", "limits.http_per_network=100000", "limits.live_per_network=100000", "limits.mail_per_network=100000",
                   "limits.create_per_network=1000000", "limits.requests_per_network=1000000", "limits.boxes=4096",
                   "store.reserve=0"]

# Most tests send mail of a few words, about which the prior that ships may think what it likes; those that are about it
# say trust.prior=shipped.
TERSE_MAIL = ["trust.prior=none"]


class Daemon(Started):
    def __init__(self, *options, folder=None, env=None, wrap=(), defaults=True):
        self.own = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="mayfly-test-"))
        self.data = self.folder / "data"
        base = [f"{k}=127.0.0.1:0" for k in LISTEN] + TERSE_MAIL + (TESTS_SEND_MUCH if defaults else [])
        self.options = [f"server.data_dir={self.data}", *base, *options]
        self.env, self.wrap, self.p, self.ready = env, list(wrap), None, {}

    def args(self, command, *rest):
        out = [BINARY, command]
        for o in self.options:
            out += ["-o", o]
        return out + list(rest)

    def start(self, seconds=60 if SANITIZED else 20):
        self.log = open(self.folder / "log", "ab")
        path = self.data / "run/ready.json"
        path.unlink(missing_ok=True)
        self.p = subprocess.Popen(self.wrap + self.args("serve"), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                  env={**os.environ, **(self.env or {})})
        until = time.monotonic() + seconds
        while not path.exists():
            if self.p.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"mayfly did not start:\n{self.log_text()[-4000:]}")
            time.sleep(0.01)
        self.ready = json.loads(path.read_text())
        self.pid = self.ready["pid"]
        return self

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, sig=signal.SIGTERM, seconds=40):
        """The exit code."""
        if self.p and self.p.poll() is None:
            self.p.send_signal(sig)
            try:
                self.p.wait(seconds)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()
                raise
        self.log.close()
        return self.p.returncode

    def restart(self, sig=signal.SIGTERM):
        self.stop(sig)
        return self.start()

    def __exit__(self, kind=None, *_):
        if self.p and self.p.poll() is None:
            if SANITIZED and kind is None:
                self.p.send_signal(signal.SIGTERM)
                self.p.send_signal(signal.SIGTERM)
                self.p.wait(60)
            self.p.kill()
            self.p.wait()
        said = self.log_text() if SANITIZED and kind is None and self.p else ""
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)
        for complaint in ("Sanitizer", "runtime error:"):
            if complaint in said:
                raise AssertionError(said[max(0, said.index(complaint) - 500):][:6000])

    def ctl(self, *words):
        """(exit code, what it printed) of a subcommand that asks this daemon."""
        r = subprocess.run(self.args(words[0], *words[1:]), capture_output=True, text=True, timeout=60)
        return r.returncode, r.stdout + r.stderr

    def address(self, key):
        host, port = self.ready[key][0].rsplit(":", 1)
        return host.strip("[]"), int(port)

    def request(self, method, path, body=None, token=None, headers=None, timeout=30):
        """(status, headers, bytes)"""
        c = http.client.HTTPConnection(*self.address("http.listen"), timeout=timeout)
        h = dict(headers or {})
        if token:
            h["Authorization"] = f"Bearer {token}"
        if isinstance(body, (dict, list)):
            body, h["Content-Type"] = json.dumps(body), "application/json"
        c.request(method, path, body, h)
        r = c.getresponse()
        got = {}
        for k, v in r.getheaders():  # a field that comes twice is one list, RFC 9110 section 5.3
            got[k.lower()] = f"{got[k.lower()]}, {v}" if k.lower() in got else v
        out = r.status, got, r.read()
        c.close()
        return out

    def api(self, method, path, body=None, token=None, want=(200, 201, 204)):
        status, _, said = self.request(method, "/api/v1" + path, body, token)
        if status not in want:
            raise AssertionError(f"{method} {path}: {status} {said[:400]!r}")
        return json.loads(said) if said else None

    def make_box(self, **spec):
        return self.api("POST", "/mailboxes", spec, want=(201,))

    def smtp(self, timeout=30):
        return smtplib.SMTP(*self.address("smtp.listen"), local_hostname="client.test", timeout=timeout)

    def send(self, to, message, sender="sender@example.test"):
        """Raises smtplib's errors when it is refused."""
        with self.smtp() as s:
            if isinstance(message, str):
                message = message.encode()
            s.sendmail(sender, [to] if isinstance(to, str) else to, message)

    def wait(self, token, since=0, timeout=10):
        return self.api("GET", f"/mailbox/wait?since={since}&timeout={timeout}", token=token, want=(200, 204))

    def messages(self, token):
        return self.api("GET", "/mailbox/messages?limit=200", token=token)["messages"]


def eq(got, want):
    if got != want:
        raise AssertionError(f"got {got!r}, want {want!r}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run(cases):
    """Runs functions one by one and prints the closing line; the exit code. A case that raises Skip is told with its reason."""
    passed = failed = skipped = 0
    for f in cases:
        name, start = f.__name__.replace("_", " "), time.monotonic()
        try:
            f()
            passed += 1
            print(f"ok   {name} ({time.monotonic() - start:.1f} s)", flush=True)
        except Skip as e:
            skipped += 1
            print(f"SKIP {name}: {e}", flush=True)
        except Exception as e:  # every kind: a test that fails must not end the others
            failed += 1
            import traceback
            print(f"FAIL {name}: {e}\n{''.join(traceback.format_tb(e.__traceback__)[-3:])}", flush=True)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


class Skip(Exception):
    pass
