#!/usr/bin/env python3
"""The ValiMail suite through `mayfly verify arc`, and chains sealed here: as long as they may be, and longer."""
import base64
import hashlib
import re
import subprocess
import tempfile
import yaml
import zone


def documents(name):
    with open(zone.DATA / "arc" / name, encoding="utf-8") as f:
        return [d for d in yaml.safe_load_all(f) if d]


def suite(count, dns):
    for scenario in documents("arc-validation-a.yml"):
        zone.texts({k: v.strip() for k, v in (scenario.get("txt-records") or {}).items()})
        for name, t in scenario["tests"].items():
            message = re.sub("\r?\n", "\r\n", t["message"]).encode()
            said = zone.verify("arc", "--dns", dns, message=message)
            count.check(name, said.split()[0] == (t["cv"] or "none").lower(), said)


def relaxed(name, value):
    return name.lower() + ":" + re.sub(r"[ \t\r\n]+", " ", value).strip()


class Sealer:
    """Adds sets to a message as each hop would, with the suite's published key."""

    def __init__(self, keyfile):
        self.keyfile, self.sets = keyfile, []
        self.fields = [("From", "ann@d1.example"), ("Subject", "chain")]
        self.body = b"Hello\r\n"

    def sign(self, text):
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.keyfile], input=text.encode(), capture_output=True, check=True)
        return base64.b64encode(done.stdout).decode()

    def add(self, cv=None):
        i = len(self.sets) + 1
        bh = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
        results = f"i={i}; lists.example.org; dmarc=pass header.from=d1.example"
        message = f"i={i}; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=dummy; h=from:subject; bh={bh}; b="
        seal = f"i={i}; a=rsa-sha256; cv={cv or ('pass' if i > 1 else 'none')}; d=example.org; s=dummy; b="
        head = "".join(relaxed(n, v) + "\r\n" for n, v in self.fields)
        message += self.sign(head + relaxed("ARC-Message-Signature", message))
        before = "".join(relaxed(n, v) + "\r\n" for one in self.sets for n, v in one)
        one = [("ARC-Authentication-Results", results), ("ARC-Message-Signature", message)]
        mine = "".join(relaxed(n, v) + "\r\n" for n, v in one)
        seal += self.sign(before + mine + relaxed("ARC-Seal", seal))
        self.sets.append(one + [("ARC-Seal", seal)])

    def message(self, body=None):
        fields = [f for one in reversed(self.sets) for f in reversed(one)] + self.fields
        return "".join(f"{n}: {v}\r\n" for n, v in fields).encode() + b"\r\n" + (body or self.body)


def own(count, dns, key, record):
    zone.texts({"dummy._domainkey.example.org": record})

    def check(what, message, want):
        said = zone.verify("arc", "--dns", dns, message=message)
        count.check(what, said.startswith(want), said)

    chain = Sealer(key)
    for _ in range(50):
        chain.add()
    check("fifty sets", chain.message(), "pass sets=50")
    check("fifty sets, another body", chain.message(b"Hallo\r\n"), "fail (the body has been changed)")
    broken = chain.message().replace(b"i=7; lists.example.org; dmarc=pass", b"i=7; lists.example.org; dmarc=fail")
    check("one old result changed", broken, "fail (the signature does not fit)")
    check("one old seal is gone", re.sub(rb"ARC-Seal: i=7;[^\n]*\n", b"", chain.message()), "fail (a set is not complete)")
    chain.add()
    check("fifty-one sets", chain.message(), "fail (bad i= of")
    short = Sealer(key)
    short.add()
    short.add(cv="fail")
    check("a chain that was ended", short.message(), "none (a sealer found the chain broken)")
    zone.texts({})
    short = Sealer(key)
    short.add()
    check("no key", short.message(), "fail (there is no key)")
    zone.testdns.ZONE["dummy._domainkey.example.org"] = [("TIMEOUT", None)]
    check("the DNS is silent", short.message(), "fail (the DNS did not answer)")


def main():
    count, dns = zone.Count(), zone.start()
    suite(count, dns)
    published = documents("arc-sign-a.yml")[0]
    record = next(v.strip() for k, v in published["txt-records"].items() if k.startswith("dummy._domainkey."))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as key:
        key.write(published["privatekey"])
        key.flush()
        own(count, dns, key.name, record)
    count.end()


main()
