"""What the trust suites share: the small DNS server of the test data on a free port of loopback, and `mayfly verify`."""
import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT.parent / "shared/testdata"))
MAYFLY = os.environ.get("MAYFLY", str(ROOT / "build/mayfly"))
sys.path.insert(0, str(DATA / "tools"))
import testdns  # noqa: E402


def free_port():
    """Free for UDP and TCP alike, as far as one can know."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
            except OSError:
                continue
            return u.getsockname()[1]


def start():
    """The server's address; its answers are testdns.ZONE's from now on."""
    port = free_port()
    testdns.serve("127.0.0.1", port)
    return f"127.0.0.1:{port}"


def texts(records):
    """{name: text or list of texts} as the whole zone."""
    testdns.ZONE.clear()
    texts_add(records)


def texts_add(records):
    for name, value in records.items():
        values = value if isinstance(value, list) else [value]
        testdns.ZONE[name.lower().rstrip(".")] = [("TXT", v) for v in values]


def verify(*args, message=None):
    done = subprocess.run([MAYFLY, "verify", *args], input=message, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"verify ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace")


class Count:
    def __init__(self):
        self.good = self.bad = 0

    def check(self, name, good, said=""):
        if good:
            self.good += 1
        else:
            self.bad += 1
            print(f"FAIL {name}: {said}")

    def end(self):
        print(f"{self.good} passed, {self.bad} failed")
        sys.exit(1 if self.bad or not self.good else 0)


if __name__ == "__main__":  # for tests in other languages: zone.py '{"name": "text"}' serves until its input ends
    texts(json.loads(sys.argv[1]))
    print(start(), flush=True)
    sys.stdin.read()
