#!/usr/bin/env python3
"""`mayfly verify dkim` over real and published signed mail, and over mail signed here with public test keys, where each
case breaks one rule."""
import base64
import hashlib
import json
import re
import subprocess
import zone

DKIM = zone.DATA / "dkim"
NOW = 1668000000


def told(dns, message, now=NOW):
    """The verdict, and (result, reason) of each signature."""
    said = zone.verify("dkim", "--dns", dns, "--now", str(now), message=message).splitlines()
    rows = [re.fullmatch(r"  (\w+) .*?(?: \((.*)\))?(?: testing)?", row).groups() for row in said[1:]]
    return said[0], rows


def published(count, dns):
    """README.md of the data says what each file is; 001's third signature was broken by the list that it went through."""
    want = {1: ["pass", "pass", "fail"], 2: ["pass"], 3: ["pass", "pass"], 4: ["pass"], 5: ["pass"], 6: ["pass"]}
    when = {2: 1674138000, 5: 1667850000}  # 002 was signed later, 005 expired
    for n, results in want.items():
        head, _, message = (DKIM / f"mail-auth/00{n}.txt").read_bytes().partition(b"\n\n")
        zone.texts(dict(line.split(" ", 1) for line in head.decode().splitlines()))
        _, rows = told(dns, message, when.get(n, NOW))
        count.check(f"mail-auth/00{n}", [r for r, _ in rows] == results, rows)
        broken = re.sub(rb"^Subject:", b"Subject: x", message, count=1, flags=re.M)
        verdict, rows = told(dns, broken, when.get(n, NOW))
        count.check(f"mail-auth/00{n} changed", verdict == "fail", rows)
    records = json.loads((DKIM / "mailauth/dns.json").read_text())
    zone.texts({name: ["".join(t) for t in r["TXT"]] for name, r in records.items()})
    for file in ("mailauth/signed.eml", "mimekit/rfc8463-example.msg"):
        _, rows = told(dns, (DKIM / file).read_bytes())
        count.check(file, [r for r, _ in rows] == ["pass", "pass"], rows)
    pem = (DKIM / "mimekit/gmail.pub").read_text()
    zone.texts({"20120113._domainkey.gmail.com": "k=rsa; p=" + "".join(x for x in pem.splitlines() if "--" not in x)})
    for name in ("gmail.msg", "related.msg", "multipart-no-end-boundary.msg"):
        _, rows = told(dns, (DKIM / "mimekit" / name).read_bytes())
        count.check(name, [r for r, _ in rows] == ["pass"], rows)
        _, rows = told(dns, (DKIM / "mimekit" / name).read_bytes() + b"more")
        count.check(f"{name} longer", rows == [("fail", "the body has been changed")], rows)


# ---- mail signed here ----
FIELDS = [("From", "Ann <ann@sub.example.net>"), ("To", "bob@example.org"), ("Subject", "a  word\tor two")]
BODY = b"Hello  there, \t\r\n\r\nyou\r\n\r\n\r\n"
RELAXED = b"Hello there,\r\n\r\nyou\r\n"


def public(name):
    pem = (DKIM / "mailauth" / name).read_text()
    return "".join(line for line in pem.splitlines() if "-" not in line)


def rsa(text, key="private-rsa.pem", digest="-sha256"):
    done = subprocess.run(["openssl", "dgst", digest, "-sign", str(DKIM / "mailauth" / key)], input=text, capture_output=True, check=True)
    return done.stdout


def relaxed(name, value):
    return name.lower() + ":" + re.sub(r"[ \t]+", " ", value).strip()


def signature(sign=rsa, names="From:To:Subject", **tags):
    """A DKIM-Signature field, relaxed/relaxed; tags replace or, as None, remove what would stand there."""
    all_tags = {"v": "1", "a": "rsa-sha256", "c": "relaxed/relaxed", "d": "example.net", "s": "sel", "h": names,
                "bh": base64.b64encode(hashlib.sha256(RELAXED).digest()).decode()} | tags
    value = "; ".join(f"{k}={v}" for k, v in all_tags.items() if v is not None) + "; b="
    head = "".join(relaxed(n, v) + "\r\n" for want in names.split(":") for n, v in FIELDS if n == want)
    b = base64.b64encode(sign((head + relaxed("DKIM-Signature", value)).encode())).decode()
    return f"DKIM-Signature: {value}\r\n {b[:60]}\r\n {b[60:]}\r\n"


def message(*signatures, body=BODY):
    return ("".join(signatures) + "".join(f"{n}: {v}\r\n" for n, v in FIELDS) + "\r\n").encode() + body


def own(count, dns):
    good, small = "v=DKIM1; k=rsa; p=" + public("public-rsa.pem"), "v=DKIM1; p=" + public("public-small.pem")
    names = "sel._domainkey.example.net"
    digest = base64.b64encode(hashlib.sha256(b"Hello there,\r\n").digest()).decode()
    body_n = len(RELAXED)
    cases = [  # what, record, signature, result, reason
        ("plain", good, signature(), "pass", None),
        ("PKCS #1 is no matter, joined strings", [good], signature(), "pass", None),
        ("all octets by l=", good, signature(l=str(body_n)), "pass", None),
        ("l= leaves text out", good, signature(l="14", bh=digest), "policy", "l= leaves text unsigned"),
        ("l= past the end", good, signature(l=str(body_n + 1)), "fail", "the body is shorter than l="),
        ("l=0", good, signature(l="0", bh=base64.b64encode(hashlib.sha256(b"").digest()).decode()), "policy", "l= leaves text unsigned"),
        ("a short key", small, signature(lambda t: rsa(t, "private-small.pem")), "policy", "the key is too short"),
        ("SHA-1", good, signature(lambda t: rsa(t, digest="-sha1"), a="rsa-sha1"), "policy", "SHA-1"),
        ("expired", good, signature(t=str(NOW - 20), x=str(NOW - 10)), "fail", "expired"),
        ("not yet expired", good, signature(t=str(NOW - 20), x=str(NOW + 10)), "pass", None),
        ("x before t", good, signature(t=str(NOW), x=str(NOW - 10)), "permerror", "x= is not after t="),
        ("from the future", good, signature(t=str(NOW + 7200)), "policy", "signed in the future"),
        ("i= below d=", good, signature(i="@sub.example.net"), "pass", None),
        ("i= below d=, forbidden", good + "; t=y:s", signature(i="@sub.example.net"), "permerror", "i= names a subdomain, which the key forbids"),
        ("i= elsewhere", good, signature(i="@example.com"), "permerror", "i= is not within d="),
        ("i= ends alike", good, signature(i="@badexample.net"), "permerror", "i= is not within d="),
        ("From unsigned", good, signature(names="To:Subject"), "permerror", "From is not signed"),
        ("version 2", good, signature(v="2"), "permerror", "bad v="),
        ("no version", good, signature(v=None), "permerror", "bad v="),
        ("unknown algorithm", good, signature(a="rsa-md5"), "permerror", "unknown a="),
        ("unknown query", good, signature(q="http"), "permerror", "unknown q="),
        ("no body hash", good, signature(bh=None), "permerror", "bad bh="),
        ("bad canonical form", good, signature(c="relaxed/odd"), "permerror", "bad c="),
        ("a second To wanted", good, signature(names="From:To:To:Subject"), "fail", "the signature does not fit"),
        ("revoked", "v=DKIM1; p=", signature(), "permerror", "the key is revoked"),
        ("no key record", "hello", signature(), "permerror", "not a list of tags"),
        ("another hash", good + "; h=sha1", signature(), "permerror", "a key for other hashes"),
        ("another service", good + "; s=tlsrpt", signature(), "permerror", "a key for other services"),
        ("another version", "p=" + public("public-rsa.pem") + "; v=DKIM1", signature(), "permerror", "no key of version DKIM1"),
        ("another kind", good.replace("k=rsa", "k=ed25519"), signature(), "permerror", "a key for another algorithm"),
        ("another key", "p=" + public("public-rsa.pem")[:60] + "AAAA" + public("public-rsa.pem")[64:], signature(), "fail", "the signature does not fit"),
        ("no key at all", "p=AAAA", signature(), "permerror", "the key cannot be used"),
        ("the second record fits", ["v=spf1 -all", good], signature(), "pass", None),
    ]
    for what, record, field, result, reason in cases:
        zone.texts({names: record})
        _, rows = told(dns, message(field))
        count.check(what, rows == [(result, reason)], rows)
    zone.texts({names: good})
    # text in front of a signed body's end, a field added below and above
    _, rows = told(dns, message(signature(), body=BODY + b"more\r\n"))
    count.check("more text", rows == [("fail", "the body has been changed")], rows)
    _, rows = told(dns, b"From: eve@example.com\r\n" + message(signature()))
    count.check("the lowest From is the signed one", rows == [("pass", None)], rows)
    _, rows = told(dns, b"From: eve@example.com\r\n" + message(signature(names="From:From:To")))
    count.check("an oversigned From", rows == [("fail", "the signature does not fit")], rows)
    _, rows = told(dns, message(*[signature(s="none")] * 7, signature(), signature()))
    count.check("eight are looked at", [r for r, _ in rows] == ["permerror"] * 7 + ["pass"], rows)
    zone.testdns.ZONE[names] = [("TIMEOUT", None)]
    _, rows = told(dns, message(signature()))
    count.check("the DNS is silent", rows == [("temperror", "the DNS did not answer")], rows)
    verdict, rows = told(dns, message())
    count.check("no signature", verdict == "none" and not rows, rows)


def main():
    # A name's answer changes from case to case: each verify has a resolver, and so a cache, of its own.
    count, dns = zone.Count(), zone.start()
    published(count, dns)
    own(count, dns)
    count.end()


main()
