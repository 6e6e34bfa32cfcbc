#!/usr/bin/env python3
"""A test network on loopback: mail leaves by MX for Debian's Postfix, Exim and OpenSMTPD, whose zones are signed; the first two
take it over TLS, for which their TLSA records speak."""
import os
import pathlib
import sys
import tempfile

import names
from far import Authority
from names import Count
from mtas import Peer
from run import World
from signed import Signed, tlsa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
from daemon import Daemon  # noqa: E402

NAMES = ["postfix", "exim", "opensmtpd"]


def judge(w, peer):
    to = f"alice@{peer.domain}"
    w.send(to, subject=f"for {peer.name}", text=".dots\r\n..\r\n\u00fc\r\n" + ("long line " * 90 + "\r\n") * 300, options=["BODY=8BITMIME"] if peer.name != "opensmtpd" else [])
    mails = peer.wait(1)
    w.count.check(f"{peer.name} has it", len(mails) == 1, peer.said())
    if not mails:
        return
    raw = mails[0].replace(b"\r\n", b"\n")
    w.count.check(f"{peer.name}: its dots and letters", b"\n.dots\n..\n\xc3\xbc\nlong line" in raw, raw[-400:])
    if peer.name != "opensmtpd":
        w.count.check(f"{peer.name}: over TLS", b"TLS" in raw.split(b"\n\n")[0], raw[:1500])
    w.count.check(f"{peer.name}: without our client's address", b"client.example" not in raw.split(b"\n\n")[0], raw[:1500])
    for i in range(4):
        w.send(to, subject=f"more {i}")
    w.count.check(f"{peer.name} has four more", len(peer.wait(5)) == 5, peer.said())
    w.failed(f"{peer.name} has no bob", f"bob@{peer.domain}", "5.")


def main():
    if os.getuid() != 0:
        print("SKIP namespaces for Postfix, Exim and OpenSMTPD need root")
        print("0 passed, 0 failed, 1 skipped")
        return
    count, port, started, skipped = Count(), names.free_port(), [], 0
    with tempfile.TemporaryDirectory(prefix="mayfly-network-") as folder:
        os.chmod(folder, 0o755)
        ca, lines = Authority(folder), []
        for i, name in enumerate(NAMES):
            domain, host = f"{name}.example", f"127.0.5.{i + 1}"
            cert, key = ca.pair(f"mx.{domain}", signed=False)
            lines += [f"{domain}. MX 10 mx.{domain}.", f"mx.{domain}. A {host}"]
            lines += [f"_{port}._tcp.mx.{domain}. {tlsa(cert)}"] if name != "opensmtpd" else []
            try:
                started.append(Peer(name, folder, host, port, domain, cert, key))
            except daemon.Skip as e:
                print(f"SKIP {e}")
                skipped += 1
        try:
            with Signed(folder, lines) as served, Daemon(
                    "server.hostname=mx.here.test", "server.domains=here.test", f"dns.forward={served.address()}", f"dns.trust_anchor={served.anchor}",
                    "send.policy=open", "send.mails_per_day=0", "send.recipients_per_day=0", "send.recipients_per_hour=1000000", "submissions.listen=127.0.0.1:0", "submission.listen=127.0.0.1:0",
                    f"smtp_out.port={port}", "smtp_out.allow_private=true") as d:
                w = World(d, port, count)
                for peer in started:
                    try:
                        peer.start()
                        judge(w, peer)
                    except daemon.Skip as e:
                        print(f"SKIP {e}")
                        skipped += 1
        except daemon.Skip as e:
            print(f"SKIP {e}")
            skipped += 1
        finally:
            for peer in started:
                peer.end()
    print(f"{count.good} passed, {count.bad} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if count.bad else 0)


if __name__ == "__main__":
    main()
