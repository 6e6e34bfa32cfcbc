"""Debian's Postfix, Exim and OpenSMTPD as far ends. Their packages exclude each other and would change the system: so they are
unpacked below build/, and each runs in a mount namespace of its own in which its files lie over those of the system."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
import unpacked  # noqa: E402

USERS = [("postfix", 901), ("postdrop", 902), ("Debian-exim", 903), ("opensmtpd", 904), ("opensmtpq", 905), ("taker", 906)]
MOUNTS = """set -e
for d in usr var; do mount -t overlay overlay -o "lowerdir=$1/$d:$2/$d:/$d" /$d; done
mount -t overlay overlay -o "lowerdir=$1/etc:$2/etc:/etc" /etc
[ -z "$3" ] || mount --bind "$1/spool" "$3"
shift 3
exec "$@"
"""

POSTFIX = """compatibility_level = 3.6
queue_directory = {d}/spool
data_directory = {d}/data
mail_owner = postfix
setgid_group = postdrop
maillog_file = {d}/log/mail.log
maillog_file_prefixes = {d}
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
disable_dns_lookups = yes
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_maps = texthash:{d}/users
virtual_mailbox_base = {d}/mail
virtual_uid_maps = static:906
virtual_gid_maps = static:906
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_tls_session_cache_database =
smtpd_tls_received_header = yes
smtputf8_enable = yes
"""
MASTER = """{host}:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
EXIM = """primary_hostname = mx.{domain}
domainlist local_domains = {domain}
acl_smtp_rcpt = acl_rcpt
spool_directory = {d}/spool
log_file_path = {d}/log/%slog
daemon_smtp_ports = {port}
local_interfaces = {host}
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts = *
tls_certificate = {cert}
tls_privatekey = {key}
keep_environment =
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
begin acl
acl_rcpt:
  accept domains = +local_domains
         local_parts = lsearch;{d}/users
  deny message = no such person here
begin routers
local:
  driver = accept
  domains = +local_domains
  transport = md
begin transports
md:
  driver = appendfile
  directory = {d}/mail/alice
  maildir_format
  user = taker
  group = taker
"""
# In the clear: the TLS of Debian 12's ends each handshake with an internal error.
OPENSMTPD = """table users file:{d}/users
table virt file:{d}/virt
listen on {host} port {port} hostname mx.{domain}
action "md" maildir "{d}/mail/%{{user.username}}" userbase <users> virtual <virt>
match from any for domain "{domain}" action "md"
"""


class Peer:
    """One that takes mail for alice at its domain."""

    def __init__(self, name, folder, host, port, domain, cert, key):
        package = {"exim": "exim4-daemon-light"}.get(name, name)
        wants = {"exim": "usr/sbin/exim4", "postfix": "usr/sbin/postfix", "opensmtpd": "usr/sbin/smtpd"}[name]
        self.root = unpacked.root(name, [package], [wants])
        if self.root == pathlib.Path("/"):
            raise daemon.Skip(f"{name} is installed here: a user's own is not touched")
        self.name, self.host, self.port, self.domain, self.p = name, host, port, domain, None
        self.d = pathlib.Path(folder) / name
        for sub in ("etc", "usr", "var", "spool", "data", "log", "mail", "certs"):
            (self.d / sub).mkdir(parents=True)
        self.accounts()
        cert, key = (shutil.copy(x, self.d / "certs") for x in (cert, key))
        os.chmod(key, 0o600)
        os.chmod(self.d, 0o755)
        os.chown(self.d / "mail", 906, 906)
        self.words = {"d": self.d, "host": host, "port": port, "domain": domain, "cert": cert, "key": key}

    def accounts(self):
        passwd, group = pathlib.Path("/etc/passwd").read_text(), pathlib.Path("/etc/group").read_text()
        for name, n in USERS:
            passwd += f"{name}:x:{n}:{n}::/nonexistent:/usr/sbin/nologin\n"
            group += f"{name}:x:{n}:\n"
        (self.d / "etc/passwd").write_text(passwd)
        (self.d / "etc/group").write_text(group)

    def command(self):
        return getattr(self, self.name)()

    def postfix(self):
        (self.d / "users").write_text(f"alice@{self.domain} alice/\n")
        etc = self.d / "etc/postfix"
        etc.mkdir()
        (etc / "main.cf").write_text(POSTFIX.format(**self.words))
        (etc / "master.cf").write_text(MASTER.format(**self.words))
        os.chown(self.d / "data", 901, 901)
        for q in ("incoming", "active", "deferred", "bounce", "defer", "trace", "flush", "hold", "corrupt", "saved", "private", "maildrop", "public", "pid"):
            (self.d / "spool" / q).mkdir()
            os.chown(self.d / "spool" / q, 901 if q != "pid" else 0, 902 if q in ("maildrop", "public") else 0)
        return "", ["/usr/lib/postfix/sbin/master", "-c", "/etc/postfix", "-d"]

    def exim(self):
        (self.d / "users").write_text("alice: alice\n")
        (self.d / "etc/exim4").mkdir()
        (self.d / "etc/exim4/exim4.conf").write_text(EXIM.format(**self.words))
        for x in ("spool", "log"):
            os.chown(self.d / x, 903, 903)
        for x in (self.d / "certs").iterdir():
            os.chown(x, 903, 903)
        return "", ["/usr/sbin/exim4", "-bdf", "-q30m"]

    def opensmtpd(self):
        (self.d / "users").write_text(f"alice 906:906:{self.d}/mail\n")
        (self.d / "virt").write_text(f"alice@{self.domain} alice\n")
        (self.d / "conf").write_text(OPENSMTPD.format(**self.words))
        (self.d / "var/spool/smtpd").mkdir(parents=True)
        os.chmod(self.d / "spool", 0o711)
        return "/var/spool/smtpd", ["/usr/sbin/smtpd", "-d", "-f", str(self.d / "conf")]

    def start(self):
        spool, command = self.command()
        out = open(self.d / "log/stdout", "wb")
        self.p = subprocess.Popen(["unshare", "-m", "--kill-child", "-p", "-f", "--propagation", "private", "bash", "-c", MOUNTS, "_", str(self.d), str(self.root), spool, *command],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        import socket
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with socket.socket() as s:
                if s.connect_ex((self.host, self.port)) == 0:
                    return self
            if self.p.poll() is not None:
                break
            time.sleep(0.1)
        raise daemon.Skip(f"{self.name} did not start: {self.said()}")

    def said(self):
        return " ".join(p.read_text(errors="replace")[-1500:] for p in sorted((self.d / "log").iterdir()) if p.is_file())

    def mails(self):
        return [p.read_bytes() for p in self.d.glob("mail/**/new/*")]

    def wait(self, n, seconds=20):
        until = time.monotonic() + seconds
        while len(self.mails()) < n and time.monotonic() < until:
            time.sleep(0.1)
        return self.mails()

    def end(self):
        unpacked.end(self.p)
