"""Debian's Dovecot on a port of its own, to compare with: the one that is installed, or else its packages unpacked under
build/peers/, where nothing of the system is touched. Any password opens any box.

    with Dovecot() as d:
        socket.create_connection(("127.0.0.1", d.port))
"""
import grp
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import daemon
import unpacked
from started import Started

PACKAGES = ["dovecot-core", "dovecot-imapd"]
CONF = """base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
libexec_dir = {lib}
mail_plugin_dir = {lib}/modules
login_plugin_dir = {lib}/modules/login
import_environment = TZ LD_LIBRARY_PATH LD_PRELOAD MOVED_FROM MOVED_TO
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
mail_fsync = never
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = {uid}
first_valid_gid = {gid}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


class Dovecot(Started):
    def __init__(self):
        self.root = unpacked.root("dovecot", PACKAGES, ["usr/sbin/dovecot", "usr/lib/dovecot/imap"])
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="mayfly-dovecot-"))
        self.folder.chmod(0o755)
        self.port = daemon.free_port()

    def start(self):
        who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        lib = self.root / "usr/lib/dovecot"
        conf = CONF.format(folder=self.folder, lib=lib, user=who.pw_name, group=grp.getgrgid(who.pw_gid).gr_name,
                           uid=who.pw_uid, gid=who.pw_gid, port=self.port)
        for name in ("mail", "home", "state"):
            (self.folder / name).mkdir()
            if os.getuid() == 0:
                os.chown(self.folder / name, who.pw_uid, who.pw_gid)
        (self.folder / "dovecot.conf").write_text(conf)
        libraries = [lib, lib / "modules", lib / "modules/old-stats", *self.root.glob("usr/lib/*-linux-gnu")]
        env = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LD_LIBRARY_PATH": ":".join(map(str, libraries))}
        if self.root != pathlib.Path("/"):  # where it was built to look for its modules nothing is
            env |= {"LD_PRELOAD": str(daemon.ROOT / "build/tests/tool/moved.so"), "MOVED_FROM": "/usr/lib/dovecot", "MOVED_TO": str(lib)}
        path = self.folder / "dovecot.conf"  # read by doveconf first: left to itself, the daemon would look for /usr/bin's
        command = [self.root / "usr/bin/doveconf", "-f", "service=master", "-c", path, "-m", "master", "-e",
                   self.root / "usr/sbin/dovecot", "-F", "-c", path]
        self.p = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if self.p.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"Dovecot did not start:\n{self.log_text()}") from None
                time.sleep(0.02)

    def log_text(self):
        said = self.p.stdout.read().decode(errors="replace") if self.p.poll() is not None else ""
        log = self.folder / "log"
        return said + (log.read_text(errors="replace") if log.exists() else "")

    def __exit__(self, *_):
        p = getattr(self, "p", None)
        if p and p.poll() is None:
            p.send_signal(signal.SIGTERM)
            try:
                p.wait(10)
            except subprocess.TimeoutExpired:
                p.kill()
                p.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
