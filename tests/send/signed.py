#!/usr/bin/env python3
"""What leaves is signed so that others find it good, with both algorithms: opendkim, npm's mailauth, rspamd and our own
checks; and none does when a signed field is added or the text is changed. Keys are rotated in between."""
import http.client
import json
import os
import pathlib
import re
import shlex
import shutil
import smtplib
import ssl
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "trust"), str(HERE.parent / "out")]
import daemon  # noqa: E402
import npm  # noqa: E402
import scanners  # noqa: E402
import unpacked  # noqa: E402
import zone  # noqa: E402
from far import Authority  # noqa: E402

MAILAUTH = "mailauth@4.6.9"  # runs with node 18
RSPAMD = """options {{
  pidfile = "{folder}/pid"; control_socket = "{folder}/control"; tempdir = "{folder}"; hs_cache_dir = "{folder}/cache";
  filters = "dkim"; url_tld = "{folder}/tld"; dns {{ nameserver = ["{dns}"]; timeout = 1s; retransmits = 2; }}
}}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
dkim {{ symbol_allow = "R_DKIM_ALLOW"; symbol_reject = "R_DKIM_REJECT"; check_local = true; }}
metric "default" {{ actions {{ reject = 1500; }} }}
"""

MAILS = {
    "plain": "Subject: hello\n\nhello\n",
    "folded": "Subject: " + "word " * 40 + "\n and more\nX-Other: 1\n\ntext  with blanks   \n\n\n\n",
    "utf8": "Subject: grüße\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\näöü €\n",
    "dots": "Subject: dots\n\n.\n..\n.x\n",
    "empty": "Subject: empty\n\n",
    "long": "Subject: long\nContent-Type: text/plain\n\n" + ("0123456789abcdef" * 4 + "\n") * 8000,
    "everything": "Cc: x@far.example\nReply-To: y@far.example\nSender: {me}\nIn-Reply-To: <1@far.example>\nReferences: <0@far.example>\n"
                  " <1@far.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\nSubject: x\n\n--b\n\nx\n--b--\n",
}


def published(text):
    """The TXT records of what `mayfly domain` prints."""
    rows = (x.split(" 3600 IN TXT ") for x in text.splitlines() if " IN TXT " in x)
    return {name.rstrip("."): "".join(shlex.split(value)) for name, value in rows}


class Signed:
    """Mails as they left, signed with two generations of keys, and the DNS that has both."""

    def __enter__(self):
        self.d = daemon.Daemon("server.domains=box.example", "server.hostname=mx.box.example", "send.policy=open",
                               "send.mails_per_day=0", "send.recipients_per_day=0").start()
        self.records = published(self.ctl("add"))
        self.me, self.other = self.d.make_box(), self.d.make_box()
        self.mails = {name: self.sent(text) for name, text in MAILS.items()}
        self.records |= published(self.ctl("rotate"))
        self.mails["before the next keys are used"] = self.sent("Subject: old\n\nx\n")
        code, said = self.d.ctl("domain", "rotate", "box.example")
        assert code == 1 and "nobody can be asked" in said, said
        said = self.ctl("rotate", "--force")
        assert "may go in a week" in said, said
        self.mails["after"] = self.sent("Subject: new\n\nx\n")
        old, new = (re.search(rb"\ss=(\w+);", self.mails[k]).group(1) for k in ("before the next keys are used", "after"))
        assert old != new, (old, new)
        self.folder = self.d.folder / "mails"
        self.folder.mkdir()
        self.files = []
        for n, raw in enumerate(self.mails.values()):
            self.files.append(self.folder / f"{n}.eml")
            self.files[-1].write_bytes(raw)
        return self

    def __exit__(self, *error):
        self.d.stop()
        self.d.__exit__(*error)

    def ctl(self, verb, *more):
        code, said = self.d.ctl("domain", verb, "box.example", *more)
        assert code == 0, said
        return said

    def sent(self, text):
        me = self.me["address"]
        whole = f"From: {me}\nTo: {self.other['address']}\n" + text.replace("{me}", me)
        with smtplib.SMTP_SSL(*self.d.address("submissions.listen"), context=ssl._create_unverified_context()) as s:
            s.login(me, self.me["token"])
            s.sendmail(me, [self.other["address"]], whole.replace("\n", "\r\n").encode(), ["SMTPUTF8", "BODY=8BITMIME"])
        self.uid = self.d.wait(self.other["token"], since=getattr(self, "uid", 0))
        mail, self.uid = self.uid, self.uid["uid"]
        raw = self.d.request("GET", f"/api/v1/mailbox/messages/{mail['id']}/raw", token=self.other["token"])[2]
        return raw[raw.index(b"DKIM-Signature:"):]


def spoilt(raw):
    yield "a second From", b"From: x@evil.example\r\n" + raw
    yield "a second Subject", b"Subject: x\r\n" + raw
    yield "more text", raw + b"more\r\n"
    yield "another date", raw.replace(b"\r\nDate: ", b"\r\nDate: X", 1)


def ourselves():
    with Signed() as s:
        dns = zone.start()
        zone.texts(s.records)
        for name, raw in s.mails.items():
            said = zone.verify("dkim", "--dns", dns, message=raw)
            assert said.splitlines()[0] == "pass" and said.count("  pass") == 2, (name, said)
            for how, bad in spoilt(raw):
                said = zone.verify("dkim", "--dns", dns, message=bad)
                assert said.startswith("fail") and "  pass" not in said, (name, how, said)


def knows_srv():
    """The test's DNS server has no SRV of its own: (priority, weight, port, target)."""
    dns, plain = zone.testdns, zone.testdns.rdata
    dns.T["SRV"], dns.R[33] = 33, "SRV"
    dns.rdata = lambda t, v: struct.pack(">HHH", *v[:3]) + dns.wire(v[3]) if t == "SRV" else plain(t, v)


def services(text):
    rows = (x.split() for x in text.splitlines() if " IN SRV " in x)
    return {r[0].rstrip("."): [("SRV", (int(r[4]), int(r[5]), int(r[6]), r[7].rstrip(".")))] for r in rows}


def the_dns_is_compared():
    with Signed() as s, tempfile.TemporaryDirectory() as folder:
        dns, port, ca = zone.start(), zone.free_port(), Authority(folder)
        cert, key = ca.pair("mta-sts.box.example")
        knows_srv()
        zone.texts(s.records)
        table = zone.testdns.ZONE
        table["box.example"] += [("MX", (10, "mx.box.example"))]
        with daemon.Daemon("server.domains=box.example", "server.hostname=mx.box.example", f"dns.forward={dns}", "smtp.mta_sts=testing",
                           "smtp_out.allow_private=true", f"smtp_out.sts_port={port}", f"smtp_out.ca_file={ca.ca}", f"https.listen=127.0.0.1:{port}",
                           f"tls.cert={cert}", f"tls.key={key}") as d:
            said = d.ctl("domain", "add", "box.example")[1]
            del table["_dmarc.box.example"]
            wrong = d.ctl("domain", "check", "box.example")[1]
            assert "ok           MX    box.example\n" in wrong and wrong.count("differs      TXT") == 2, wrong
            assert "missing      TXT   _dmarc.box.example\n" in wrong and "missing      CNAME mta-sts.box.example\n" in wrong, wrong
            assert "missing      SRV   _imaps._tcp.box.example (optional)\n" in wrong and "no address   HTTPS https://mta-sts.box" in wrong, wrong
            zone.texts_add({n: t for n, t in published(said).items() if n != "box.example"})
            table["mx.box.example"] += [("A", "127.0.0.1")]
            table["mta-sts.box.example"] = [("CNAME", "mx.box.example")]
            table["autoconfig.box.example"] = [("A", "127.0.0.1")]
            d.restart()  # what the DNS said is kept for a while
            table |= services(d.ctl("domain", "show", "box.example")[1])
            right = d.ctl("domain", "check", "box.example")[1]
            assert {x.split()[0] for x in right.splitlines() if x} == {"ok"} and len(right.splitlines()) >= 15, right
            assert "ok           HTTPS https://mta-sts.box.example/.well-known/mta-sts.txt\n" in right, right
            d.restart()
            table |= services(d.ctl("domain", "show", "box.example")[1])
            table["_imaps._tcp.box.example"] = [("SRV", (0, 1, 1, "mx.box.example"))]
            table["mta-sts.box.example"] = table["autoconfig.box.example"] = [("A", "127.0.0.9")]
            zone.texts_add({"_smtp._tls.box.example": "v=TLSRPTv1; rua=nobody"})
            other = d.ctl("domain", "check", "box.example")[1]
            bad = {x.split()[-1] if "optional" not in x else x.split()[-2] for x in other.splitlines() if not x.startswith("ok ")}
            assert bad == {"_imaps._tcp.box.example", "mta-sts.box.example", "autoconfig.box.example", "_smtp._tls.box.example",
                           "https://mta-sts.box.example/.well-known/mta-sts.txt"}, other
            assert other.count("differs ") == 4 and "no answer    HTTPS" in other, other


def keys_that_are_not_published_sign_nothing():
    dns = zone.start()
    with daemon.Daemon("server.domains=box.example", "server.hostname=mx.box.example", f"dns.forward={dns}") as d:
        def rotate(*more, want=0):
            code, said = d.ctl("domain", "rotate", "box.example", *more)
            assert code == want, said
            return said

        def current():
            return d.ctl("domain", "list")[1].split()[2]

        zone.texts(published(d.ctl("domain", "add", "box.example")[1]))
        first = current()
        new = published(rotate())
        assert "the DNS does not have the next keys" in rotate(want=1) and current() == first
        one = next(n for n, t in new.items() if "_domainkey" in n and "k=rsa" in t and not n.startswith(first + "."))
        zone.texts({n: t for n, t in new.items() if n != one})
        d.restart()  # what the DNS said is kept for a while
        assert one in rotate(want=1) and current() == first
        zone.texts({**new, one: new[one][:-8] + "AAAAAAAA"})
        d.restart()
        assert "differs" in rotate(want=1) and current() == first
        zone.texts(new)
        d.restart()
        assert "may go in a week" in rotate() and current() != first
        second = current()
        rotate()
        rotate("--forced", want=2)
        assert current() == second
        assert "may go in a week" in rotate("--force") and current() != second


def opendkim():
    root = unpacked.root("opendkim", ["opendkim", "opendkim-tools"], ["usr/sbin/opendkim"])
    env = {**os.environ, "LD_LIBRARY_PATH": unpacked.libraries(root, "usr/lib")}
    with Signed() as s:
        (s.folder / "dns").write_text("".join(f"{n} {t}\n" for n, t in s.records.items() if "_domainkey" in n))
        (s.folder / "conf").write_text(f"Mode v\nTestDNSData file:{s.folder}/dns\nSyslog no\nBackground no\nUserID {os.getuid()}\n")

        def said(path):
            r = subprocess.run([root / "usr/sbin/opendkim", "-x", s.folder / "conf", "-t", path, "-vvv"], env=env, capture_output=True, timeout=60, check=False)
            return r.stdout.decode(errors="replace") + r.stderr.decode(errors="replace")

        for name, path in zip(s.mails, s.files):
            out = said(path)
            assert out.count("dkim=pass") == 2, (name, out)
        bad = s.folder / "bad.eml"
        for how, raw in spoilt(s.mails["plain"]):
            bad.write_bytes(raw)
            out = said(bad)
            assert "dkim=pass" not in out, (how, out)


def mailauth_folder():
    return npm.folder("mailauth", MAILAUTH, "npm-mailauth")


def mailauth():
    folder = mailauth_folder()
    with Signed() as s:
        zone_file = s.folder / "zone.json"
        zone_file.write_text(json.dumps(s.records))
        bad = []
        for n, (_, raw) in enumerate(spoilt(s.mails["plain"])):
            bad.append(s.folder / f"bad{n}.eml")
            bad[-1].write_bytes(raw)
        r = subprocess.run(["node", HERE / "mailauth.mjs", folder, zone_file, *s.files, *bad], capture_output=True, text=True, timeout=120, check=False)
        lines = r.stdout.splitlines()
        assert r.returncode == 0 and len(lines) == len(s.files) + len(bad), (r.stdout, r.stderr[-1000:])
        for name, line in zip(s.mails, lines):
            assert sorted(line.split(", ")) == ["ed25519-sha256 pass", "rsa-sha256 pass"], (name, line)
        assert not any("pass" in x for x in lines[len(s.files):]), lines[len(s.files):]


def rspamd():
    with Signed() as s:
        dns = zone.start()
        zone.texts(s.records)
        with scanners.Rspamd(RSPAMD, dns=dns) as r:
            def symbols(raw):
                c = http.client.HTTPConnection(r.address, timeout=30)
                c.request("POST", "/checkv2", raw, {"IP": "192.0.2.1", "From": s.me["address"]})
                answer = c.getresponse()
                assert answer.status == 200, answer.read()
                return json.loads(answer.read())["symbols"]

            for name, raw in list(s.mails.items())[:3]:
                found = symbols(raw)
                assert "R_DKIM_ALLOW" in found and "R_DKIM_REJECT" not in found, (name, found)
            for how, raw in spoilt(s.mails["plain"]):
                assert "R_DKIM_ALLOW" not in symbols(raw), how


if __name__ == "__main__":
    sys.exit(daemon.run([ourselves, the_dns_is_compared, keys_that_are_not_published_sign_nothing, opendkim, mailauth, rspamd]))
