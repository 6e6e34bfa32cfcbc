"""Signed zones, served by nsd, for DANE: one zone "example", in which what stands below insecure.example is delegated without
a signature. Their tools are unpacked below build/, never installed."""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import unpacked  # noqa: E402
from names import free_port  # noqa: E402

ZONE = """$ORIGIN example.
$TTL 60
@ SOA ns.example. root.example. 1 3600 600 86400 60
@ NS ns.example.
ns A 127.0.0.1
insecure NS ns.example.
"""
CHILD = """$ORIGIN insecure.example.
$TTL 60
@ SOA ns.example. root.example. 1 3600 600 86400 60
@ NS ns.example.
"""
CONF = """server:
  ip-address: 127.0.0.1@{port}
  username: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: "{folder}/nsd.pid"
  xfrdfile: "{folder}/xfrd"
  zonelistfile: "{folder}/list"
  logfile: "{folder}/log"
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: example
  zonefile: example.signed
zone:
  name: insecure.example
  zonefile: insecure
"""


class Signed:
    """records: lines of the zone's file, relative to example."""

    def __init__(self, folder, records, insecure=()):
        self.folder = pathlib.Path(folder)
        self.nsd, self.ldns = unpacked.root("nsd", ["nsd"], ["usr/sbin/nsd"]), unpacked.root("ldns", ["ldnsutils"], ["usr/bin/ldns-signzone"])
        self.port, self.p = free_port(), None
        (self.folder / "example").write_text(ZONE + "\n".join(records) + "\n")
        (self.folder / "insecure").write_text(CHILD + "\n".join(insecure) + "\n")
        key = self.tool("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", "example").strip()
        self.tool("ldns-signzone", "-f", "example.signed", "example", key)
        self.anchor = self.folder / f"{key}.key"
        (self.folder / "conf").write_text(CONF.format(port=self.port, folder=self.folder))

    def run(self, root, program, *args):
        env = {**os.environ, "LD_LIBRARY_PATH": unpacked.libraries(root)}
        return subprocess.run([root / program, *args], cwd=self.folder, env=env, capture_output=True, text=True, timeout=60)

    def tool(self, name, *args):
        done = self.run(self.ldns, f"usr/bin/{name}", *args)
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stderr}")
        return done.stdout

    def start(self):
        env = {**os.environ, "LD_LIBRARY_PATH": unpacked.libraries(self.nsd)}
        self.p = subprocess.Popen([self.nsd / "usr/sbin/nsd", "-d", "-c", str(self.folder / "conf")], env=env,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        if self.p.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text() if (self.folder / "log").exists() else "nsd did not start")
        return self

    def address(self):
        return f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        unpacked.end(self.p)


def tlsa(cert, usage=3, selector=1, match=1):
    """The record's text for a certificate's file."""
    import hashlib
    key = subprocess.run(["openssl", "x509", "-in", str(cert), "-noout", "-pubkey"], capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key, capture_output=True, check=True).stdout
    if selector == 0:
        der = subprocess.run(["openssl", "x509", "-in", str(cert), "-outform", "DER"], capture_output=True, check=True).stdout
    data = {0: der, 1: hashlib.sha256(der).digest(), 2: hashlib.sha512(der).digest()}[match]
    return f"TLSA {usage} {selector} {match} {data.hex()}"
