#!/usr/bin/env python3
"""Whom mail is given to where the far end's domain says more than where it goes: DANE over signed zones (RFC 7672), MTA-STS
(RFC 8461), REQUIRETLS (RFC 8689), and what is reported of it (RFC 8460). nsd serves the zones to libunbound, which validates them; policies come over HTTPS."""
import email
import gzip
import http.server
import json
import pathlib
import re
import shutil
import ssl
import sys
import tempfile
import threading
import time
import urllib.request

import names
from far import Authority, Far
from names import Count
from run import World
from signed import Signed, tlsa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
from daemon import Daemon  # noqa: E402

POLICY = "version: STSv1\r\nmode: {mode}\r\nmx: {mx}\r\nmax_age: {age}\r\n"


class Policies:
    """One HTTPS server for all policy hosts: what each says, by its name."""

    def __init__(self, ca, hosts, port):
        self.says, self.asked = {}, []
        self.posted = []
        contexts = {h: ca.context(h, signed="nowebpki" not in h) for h in hosts}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.headers["Host"].split(":")[0]
                outer.asked.append(host)
                status, kind, body = outer.says.get(host, (404, "text/plain", "no"))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_POST(self):
                outer.posted.append((self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(201 if len(outer.posted) > 1 else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        first = next(iter(contexts.values()))
        first.sni_callback = lambda s, name, c: setattr(s, "context", contexts[name]) if name in contexts else None
        self.server = http.server.ThreadingHTTPServer(("127.0.3.1", port), Handler)
        self.server.socket = first.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hosts:
    """Far ends and the zone's lines about them."""

    def __init__(self, port, ca):
        self.port, self.ca, self.n, self.far, self.lines, self.insecure = port, ca, 0, {}, [], []

    def add(self, domain, tls="own", records=(), policy=None, insecure=False, mx=None, rua=None, days=30, cert_for=None):
        """tls: own (self-signed), ca, or None. records: of the TLSA name, from the certificate."""
        self.n += 1
        name, address = mx or f"mx.{domain}.example", f"127.0.4.{self.n}"
        context = None
        if tls:
            cert, key = self.ca.pair(cert_for or name, tls == "ca", days)
            if tls == "ca":
                cert.write_text(cert.read_text() + self.ca.ca.read_text())
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(cert, key)
        self.far[domain] = Far(address, self.port, tls=context, offers=["PIPELINING", "REQUIRETLS"] if tls else ["PIPELINING"])
        out = self.insecure if insecure else self.lines
        out.append(f"{domain}.example. MX 10 {name}.")
        out.append(f"{name}. A {address}")
        for r in [f"mailto:{domain}@reports.example"] if rua is None else rua:
            out.append(f'_smtp._tls.{domain}.example. TXT "v=TLSRPTv1; rua={r}"')
        for r in records:
            out.append(f"_{self.port}._tcp.{name}. {r(cert) if callable(r) else r}")
        if policy:
            out.append(f'_mta-sts.{domain}.example. TXT "v=STSv1; id={policy};"')
            out.append(f"mta-sts.{domain}.example. A 127.0.3.1")


WRONG = "TLSA 3 1 1 " + "ab" * 32
STS = ["enforce", "selfsigned", "clear", "other", "testing", "gone", "html", "lasting", "expired", "otherhost", "nowebpki", "testother", "optsts"]


def zone(h, policy_port):
    h.add("good", records=[tlsa])
    h.add("digest", records=[WRONG, lambda c: tlsa(c, 3, 0, 2)], rua=[])
    h.add("inclear", tls=None)
    h.add("anchor", tls="ca", records=[lambda c: tlsa(h.ca.ca, 2, 0, 1)])
    h.add("anchorother", tls="ca", records=[lambda c: tlsa(h.ca.ca, 2, 0, 1)], rua=["mailto:x@reports.example", "mailto:y@reports.example"])
    h.add("bad", records=[WRONG])
    h.add("none")
    h.add("unusable", records=["TLSA 1 1 1 " + "cd" * 32])
    h.add("stripped", tls=None, records=[WRONG])
    h.add("optdane", records=[WRONG])
    h.add("opttwice", records=[WRONG])
    h.add("optclear", tls=None, records=[WRONG])
    h.add("bogus", records=[tlsa])
    h.add("w.insecure", records=[WRONG], insecure=True)
    h.add("reports", records=[WRONG])
    h.lines += ["post.example. A 127.0.3.1"]
    h.lines += [f"two.example. MX 10 mx.bad.example.", "two.example. MX 20 mx.good.example."]
    for name in STS:
        h.add(name, tls={"selfsigned": "own", "testing": "own", "clear": None, "gone": "own", "html": "own", "optsts": "own", "testother": "own"}.get(name, "ca"), policy="1",
              days=-1 if name == "expired" else 30, cert_for="wrong.example" if name == "otherhost" else None,
              rua=[f"mailto:testing@reports.example, https://post.example:{policy_port}/v1?a=b"] if name == "testing" else None)


def dane(w, h):
    got = lambda d: len(h.far[d].wait()) == 1 and h.far[d].mails[0].tls  # noqa: E731
    for domain, what in (("good", "DANE-EE"), ("digest", "one record of two, of another kind"), ("anchor", "DANE-TA"), ("anchorother", "another of it"), ("none", "no record: encrypted all the same"),
                         ("unusable", "no record of use: encrypted, to whomever"), ("w.insecure", "a zone without signatures: its records say nothing")):
        w.send(f"a@{domain}.example")
        w.count.check(what, got(domain), h.far[domain].commands)
    w.send("a@inclear.example")
    w.count.check("no STARTTLS, and nobody asks for it", len(h.far["inclear"].wait()) == 1)
    w.waits("a record that the server does not fit", "a@bad.example", "4.7.5")
    w.waits("a record, and no STARTTLS", "a@stripped.example", "4.7.4")
    w.waits("a record whose signature is broken", "a@bogus.example", "4.4.3")
    w.count.check("none of them was given the mail", not h.far["bad"].mails and not h.far["stripped"].mails and not h.far["bogus"].mails)
    w.send("a@two.example")
    w.count.check("a bad host, then a good one", len(h.far["good"].wait(2)) == 2 and not h.far["bad"].mails)


def sts(w, h, p):
    for name in STS[:-1]:
        mode, mx = ("testing" if name.startswith("test") else "enforce"), ("mx.elsewhere.example" if name.endswith("other") else f"mx.{name}.example")
        p.says[f"mta-sts.{name}.example"] = (200, "text/plain", POLICY.format(mode=mode, mx=mx, age=3600))
    p.says["mta-sts.gone.example"] = (404, "text/plain", "no")
    p.says["mta-sts.html.example"] = (200, "text/html", POLICY.format(mode="enforce", mx="mx.elsewhere.example", age=3600))
    for name, what in (("enforce", "enforced, and the server is the one"), ("testing", "only tested"), ("testother", "only tested, and it does not name the host"), ("gone", "announced but not there"), ("html", "no text")):
        w.send(f"a@{name}.example")
        w.count.check(f"MTA-STS: {what}", len(h.far[name].wait()) == 1, (p.asked, h.far[name].commands))
    w.waits("MTA-STS: a certificate of nobody", "a@selfsigned.example", "4.7.5")
    w.waits("MTA-STS: a certificate that has expired", "a@expired.example", "4.7.5")
    w.waits("MTA-STS: a certificate for another host", "a@otherhost.example", "4.7.5")
    w.send("a@nowebpki.example")
    w.count.check("MTA-STS: a policy whose host is nobody known", len(h.far["nowebpki"].wait()) == 1)
    w.waits("MTA-STS: no STARTTLS", "a@clear.example", "4.7.4")
    w.waits("MTA-STS: a host that it does not name", "a@other.example", "4.7.5")
    w.count.check("none of them was given the mail", not any(h.far[n].mails for n in ("selfsigned", "clear", "other")))
    w.send("a@lasting.example")
    w.count.check("MTA-STS: a policy is kept", len(h.far["lasting"].wait()) == 1)
    n = p.asked.count("mta-sts.lasting.example")
    w.send("b@lasting.example")
    h.far["lasting"].wait(2)
    w.count.check("and not asked for again", p.asked.count("mta-sts.lasting.example") == n == 1, p.asked)
    p.says["mta-sts.selfsigned.example"] = (500, "text/plain", "no")
    w.d.ctl("clock", "advance", "40m")
    w.waits("MTA-STS: one that cannot be fetched again holds", "a@selfsigned.example", "4.7.5")
    w.count.check("though it was tried", p.asked.count("mta-sts.selfsigned.example") >= 2, p.asked)
    w.d.ctl("clock", "advance", "40m")
    w.send("a@selfsigned.example")
    w.count.check("MTA-STS: until its time is over", len(h.far["selfsigned"].wait()) == 1, h.far["selfsigned"].commands)


def require(w, h):
    w.send("r@good.example", options=["REQUIRETLS"])
    mails = h.far["good"].wait(3)
    w.count.check("REQUIRETLS, where DANE has proven the server", len(mails) == 3 and "REQUIRETLS" in mails[-1].sender_args, mails[-1].sender_args)
    w.failed("REQUIRETLS, where nothing is proven", "r@w.insecure.example", "5.7.30", options=["REQUIRETLS"])


def optional(w, h, p):
    """TLS-Required: No (RFC 8689 section 5)."""
    p.says["mta-sts.optsts.example"] = (200, "text/plain", POLICY.format(mode="enforce", mx="mx.elsewhere.example", age=3600))
    no = "hello\r\nTLS-Required: no"
    for domain, what, tls in (("optdane", "DANE says no", True), ("optclear", "it should be in TLS, and cannot be", False), ("optsts", "MTA-STS names another host", True)):
        w.send(f"a@{domain}.example", subject=no)
        mails = h.far[domain].wait()
        w.count.check(f"TLS-Required: No, where {what}", len(mails) == 1 and mails[0].tls == tls and b"TLS-Required: no" in mails[0].data, h.far[domain].commands)
    w.failed("REQUIRETLS goes before it", "a@w.insecure.example", "5.7.30", options=["REQUIRETLS"], subject=no)
    w.waits("other mail does not use its connection", "b@optdane.example", "4.7.5")
    w.waits("nor its policy", "b@optsts.example", "4.7.5")
    w.waits("twice is not at all", "c@opttwice.example", "4.7.5", subject=no + "\r\nTLS-Required: No")
    w.count.check("none of them was given the mail", all(len(h.far[n].mails) < 2 for n in ("optdane", "optsts", "opttwice")))


def rows(told, domain):
    """What was reported of a domain: policy type, its domain, words, good, bad, failures by host."""
    out = []
    for r in told.get(domain, []):
        for p in r["policies"]:
            policy, sums = p["policy"], p["summary"]
            out.append((policy["policy-type"], policy["policy-domain"], policy.get("policy-string", []), sums["total-successful-session-count"],
                        sums["total-failure-session-count"], {(f["result-type"], f.get("receiving-mx-hostname")): f["failed-session-count"] for f in p.get("failure-details", [])}))
    return out


FAILED = {"bad": ("tlsa", "certificate-not-trusted"), "stripped": ("tlsa", "starttls-not-supported"), "bogus": ("tlsa", "dnssec-invalid"),
          "unusable": ("tlsa", "tlsa-invalid"), "selfsigned": ("sts", "certificate-not-trusted"), "clear": ("sts", "starttls-not-supported"),
          "other": ("sts", "validation-failure"), "gone": ("sts", "sts-policy-fetch-error"), "html": ("sts", "sts-policy-invalid"),
          "nowebpki": ("sts", "sts-webpki-invalid"), "expired": ("sts", "certificate-expired"), "otherhost": ("sts", "certificate-host-mismatch"),
          "testing": ("sts", "certificate-not-trusted"), "testother": ("sts", "validation-failure"),
          "inclear": ("no-policy-found", "starttls-not-supported")}
GOOD = {"good": ("tlsa", "mx.good.example"), "anchor": ("tlsa", "mx.anchor.example"), "none": ("no-policy-found", "none.example"),
        "w.insecure": ("no-policy-found", "w.insecure.example"), "enforce": ("sts", "enforce.example")}


def reports(w, h, p):
    """RFC 8460: a day later each domain that asks for it is told. The reports' own domain has TLSA records that its server does not fit."""
    told, until, heads = {}, time.monotonic() + 15, {}
    w.d.ctl("clock", "advance", "24h")
    while time.monotonic() < until and not all(f"{d}.example" in told for d in [*FAILED, *GOOD]):
        time.sleep(0.1)
        for m in h.far["reports"].mails[sum(len(v) for v in told.values()):]:
            parts = email.message_from_bytes(m.data)
            domain = parts["TLS-Report-Domain"]
            told.setdefault(domain, []).append(json.loads(gzip.decompress(parts.get_payload()[1].get_payload(decode=True))))
            heads[domain] = (m, parts)
    for domain, (kind, why) in FAILED.items():
        got = rows(told, f"{domain}.example")
        mx = (why, f"mx.{domain}.example")
        w.count.check(f"reported of {domain}: {why}", any(r[0] == kind and r[4] >= 1 and r[5].get(mx, 0) >= 1 for r in got), got)
    for domain, (kind, whose) in GOOD.items():
        got = rows(told, f"{domain}.example")
        w.count.check(f"reported of {domain}: good", got and all(r[0] == kind and r[1] == whose and r[3] >= 1 and r[4] == 0 for r in got), got)
    got = rows(told, "testing.example")
    w.count.check("the policy's words", got and got[0][2] == ["version: STSv1", "mode: testing", "mx: mx.testing.example", "max_age: 3600"], got)
    got = rows(told, "good.example")
    w.count.check("the records' words", got and got[0][2][0].startswith("3 1 1 ") and len(got[0][2][0]) == 70, got)
    m, parts = heads.get("testing.example", (None, None))
    w.count.check("as a report that is signed, from nobody", m and m.sender == "" and parts.get_content_type() == "multipart/report" and parts.get_param("report-type") == "tlsrpt"
                  and parts["From"] == "<postmaster@here.test>" and "TLS-Report-Domain" in parts["DKIM-Signature"] and parts["TLS-Report-Submitter"] == "here.test", parts and parts.items())
    while time.monotonic() < until and len(p.posted) < 2:
        time.sleep(0.05)
    w.count.check("and posted, until it is taken", len(p.posted) >= 2 and p.posted[0] == p.posted[1] and p.posted[0][:2] == ("/v1?a=b", "application/tlsrpt+gzip") and
                  json.loads(gzip.decompress(p.posted[0][2]))["policies"][0]["policy"]["policy-domain"] == "testing.example", p.posted)
    w.count.check("who does not ask, or asks twice, is told nothing", not rows(told, "digest.example") and not rows(told, "anchorother.example"), told.keys())
    said = json.dumps(told)
    w.count.check("nobody is named", "client.example" not in said and "@" not in said.replace("postmaster@here.test", "").replace("@here.test\"", ""), said[:500])
    n = len(h.far["reports"].mails)
    def told_in_all():
        text = urllib.request.urlopen("http://%s:%d/metrics" % w.d.address("metrics.listen")).read().decode()
        return int(re.search(r"^mayfly_smtp_out_tls_reports_total (\d+)$", text, re.M)[1])
    while time.monotonic() < until and told_in_all() != n + 1:
        time.sleep(0.05)
    w.count.check("metrics count them", told_in_all() == n + 1, (told_in_all(), n))
    w.d.ctl("clock", "advance", "24h")
    time.sleep(0.6)
    w.count.check("reports are not reported", len(h.far["reports"].mails) == n, rows(told, "reports.example"))


def main():
    count, port, policy_port = Count(), names.free_port(), names.free_port()
    with tempfile.TemporaryDirectory() as folder:
        ca = Authority(folder)
        h = Hosts(port, ca)
        zone(h, policy_port)
        try:
            served = Signed(folder, h.lines, h.insecure)
        except daemon.Skip as e:
            print(f"SKIP {e}")
            print("0 passed, 0 failed, 1 skipped")
            return
        spoil(served, f"_{port}._tcp.mx.bogus.example.")
        p = Policies(ca, [*(f"mta-sts.{n}.example" for n in STS), "post.example"], policy_port)
        with served, Daemon("server.hostname=mx.here.test", "server.domains=here.test", f"dns.forward={served.address()}", f"dns.trust_anchor={served.anchor}",
                            "send.policy=open", "send.mails_per_day=0", "send.recipients_per_day=0", "send.recipients_per_hour=1000000", "submissions.listen=127.0.0.1:0", "submission.listen=127.0.0.1:0",
                            f"smtp_out.port={port}", f"smtp_out.sts_port={policy_port}", "smtp_out.allow_private=true", "smtp_out.connect_timeout=2s",
                            "smtp_out.command_timeout=4s", "test.clock=true", "box.default_ttl=7d", "smtp_out.tls_reports=true", "smtp_out.tls_report_delay=0", f"smtp_out.ca_file={ca.ca}") as d:
            w = World(d, port, count)
            if time.gmtime().tm_hour >= 22:  # what is counted is of one day
                d.ctl("clock", "advance", f"{24 - time.gmtime().tm_hour}h")
            d.ctl("domain", "add", "here.test")
            optional(w, h, p)
            dane(w, h)
            require(w, h)
            sts(w, h, p)
            reports(w, h, p)
            named = [line for line in d.log_text().splitlines() if "event=smtp_out.tls" in line]
            count.check("the log names hosts whose TLS failed, and nobody who was written to", named and all("mx=" in line for line in named)
                        and not re.search(r"@\S+\.example", d.log_text()), d.log_text()[-2000:])
            if len(sys.argv) > 1:
                print(d.log_text())
    count.end()


def spoil(served, name):
    """Another digest under the same signature."""
    path = served.folder / "example.signed"
    lines = [line.replace(line.split()[-1], "00" * 32) if line.startswith(name) and "\tTLSA\t" in line else line for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    shutil.which("openssl") or sys.exit("openssl is needed")
    main()
