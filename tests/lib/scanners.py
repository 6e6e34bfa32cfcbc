"""Debian's clamd and rspamd in folders of their own, with just enough configuration: a signature database made for the
test (EICAR), no network, no service of the system.

    with Clamd() as c:
        Daemon(f"clamd.address={c.socket}", "scan.plaintext_ack=true")
"""
import hashlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import daemon
import unpacked
from started import Started

# In two pieces, so that no scanner of whoever checks this tree out finds it here.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*" + b"GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


class Program(Started):
    """One that runs until it is told otherwise; its folder outlives it."""

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"mayfly-{name}-"))
        self.p = None

    def run(self, command, env, seconds=30):
        assert not self.p or self.p.poll() is not None  # else the first one would be left behind
        self.log = open(self.folder / "out", "ab")
        self.p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env={**os.environ, **env})
        until = time.monotonic() + seconds
        while not self.answers():
            if self.p.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start:\n{(self.folder / 'out').read_text(errors='replace')[-3000:]}")
            time.sleep(0.02)
        return self

    def kill(self):
        unpacked.end(self.p)
        self.log.close()

    def hang(self):
        self.p.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.p.send_signal(signal.SIGCONT)

    def __exit__(self, *_):
        unpacked.end(self.p)
        shutil.rmtree(self.folder, ignore_errors=True)


CLAMD_CONF = """LocalSocket {socket}
Foreground yes
DatabaseDirectory {folder}/db
TemporaryDirectory {folder}/tmp
SelfCheck 0
StreamMaxLength 2M
MaxScanTime 2000
MaxScanSize 20M
MaxRecursion 10
AlertExceedsMax yes
"""


class Clamd(Program):
    def __init__(self):
        super().__init__("clamd")
        self.root = unpacked.root("clamav", ["clamav-daemon"], ["usr/sbin/clamd"])
        self.socket = self.folder / "clamd.sock"
        for name in ("db", "tmp"):
            (self.folder / name).mkdir()
        (self.folder / "db/test.hdb").write_text(f"{hashlib.md5(EICAR).hexdigest()}:{len(EICAR)}:Eicar-Test\n")
        (self.folder / "db/test.ndb").write_text(f"Eicar-Test-Body:0:0:{EICAR.hex()}\n")
        (self.folder / "clamd.conf").write_text(CLAMD_CONF.format(socket=self.socket, folder=self.folder))
        if unpacked.as_root():
            self.folder.chmod(0o755)

    def answers(self):
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(5)
                s.connect(str(self.socket))
                s.sendall(b"zPING\0")
                return s.recv(10) == b"PONG\0"
        except OSError:
            return False

    def start(self):
        self.socket.unlink(missing_ok=True)
        return self.run([self.root / "usr/sbin/clamd", "-c", self.folder / "clamd.conf"], {"LD_LIBRARY_PATH": unpacked.libraries(self.root)})


# Without its rules: what is asked of it, and what it answers, is what is tried here. GTUBE is in its core.
RSPAMD_CONF = """options {{
  pidfile = "{folder}/pid"; control_socket = "{folder}/control"; tempdir = "{folder}"; hs_cache_dir = "{folder}/cache";
  filters = ""; url_tld = "{folder}/tld"; dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
metric "default" {{ actions {{ reject = 15; add_header = 6; greylist = 4; }} symbol "GTUBE" {{ weight = 20; }} }}
"""


class Rspamd(Program):
    """conf: RSPAMD_CONF, or another text with {folder}, {port} and {share} in it. One without url_tld ends at its start."""

    def __init__(self, conf=RSPAMD_CONF, control=None, **more):
        super().__init__("rspamd")
        self.root = unpacked.root("rspamd", ["rspamd"], ["usr/bin/rspamd"])
        self.port = daemon.free_port()
        self.ports = [p for p in (self.port, control) if p]
        self.address = f"127.0.0.1:{self.port}"
        (self.folder / "cache").mkdir()
        (self.folder / "tld").write_text("com\nexample\n")
        share = self.root / "usr/share/rspamd"
        (self.folder / "rspamd.conf").write_text(conf.format(folder=self.folder, port=self.port, control=control, share=share, **more))

    def answers(self):
        try:
            for port in self.ports:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False

    def start(self, seconds=30):
        usr, folder = self.root / "usr", self.folder
        where = {"RULESDIR": usr / "share/rspamd/rules", "LUALIBDIR": usr / "share/rspamd/lualib", "SHAREDIR": usr / "share/rspamd",
                 "PLUGINSDIR": usr / "share/rspamd/plugins", "CONFDIR": folder, "LOCAL_CONFDIR": folder, "DBDIR": folder, "RUNDIR": folder,
                 "LOGDIR": folder, "WWWDIR": usr / "share/rspamd/www"}
        return self.run([usr / "bin/rspamd", "-f", "-i", "-c", folder / "rspamd.conf", *(f"--var={k}={v}" for k, v in where.items())],
                        {"LD_LIBRARY_PATH": unpacked.libraries(self.root, "usr/lib/rspamd")}, seconds)

    def kill(self):
        """Its workers, too: they would go on. It is stopped first, so that it starts no others."""
        self.p.send_signal(signal.SIGSTOP)
        for pid in self.workers():
            os.kill(pid, signal.SIGKILL)
        super().kill()

    def workers(self):
        try:
            return [int(x) for x in pathlib.Path(f"/proc/{self.p.pid}/task/{self.p.pid}/children").read_text().split()]
        except OSError:
            return []

    def __exit__(self, *_):
        if self.p and self.p.poll() is None:
            self.kill()
        super().__exit__()
