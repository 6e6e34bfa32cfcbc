"""A hop that seals what it passes on, with the ValiMail suite's published key."""
import base64
import contextlib
import hashlib
import re
import subprocess
import tempfile
import yaml
import zone


def documents(name):
    with open(zone.DATA / "arc" / name, encoding="utf-8") as f:
        return [d for d in yaml.safe_load_all(f) if d]


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

    def add(self, cv=None, saw="dmarc=pass header.from=d1.example"):
        i = len(self.sets) + 1
        bh = base64.b64encode(hashlib.sha256(self.body).digest()).decode()
        results = f"i={i}; lists.example.org; {saw}"
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


@contextlib.contextmanager
def published_key():
    """The key's file, and its record's name and text."""
    sign = documents("arc-sign-a.yml")[0]
    name, record = next((k, v.strip()) for k, v in sign["txt-records"].items() if k.startswith("dummy._domainkey."))
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as key:
        key.write(sign["privatekey"])
        key.flush()
        yield key.name, name, record
