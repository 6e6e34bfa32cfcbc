#!/usr/bin/env python3
"""`mayfly verify message`: SPF, DKIM, ARC and DMARC together, as one Authentication-Results field."""
import re
import time
import zone
from sealer import Sealer, published_key

MESSAGE = (zone.DATA / "dkim/mimekit/rfc8463-example.msg").read_bytes()
KEYS = {"brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}
SENDER = ("--ip", "192.0.2.1", "--helo", "mail.example", "--server", "mx.here.example")


def field(dns, *args, message=MESSAGE, **records):
    zone.texts(KEYS | {k.replace("__", "."): v for k, v in records.items()})
    said = zone.verify("message", "--dns", dns, *SENDER, *args, message=message)
    return re.sub(r"\r\n\t", " ", said).removesuffix("\r\n")


def lifted(count, dns):
    """A trusted sealer who saw DMARC pass lifts a fail; one that is not named, or saw another author, does not."""
    with published_key() as (key, name, record):
        chain = Sealer(key)
        chain.add()
        chain.add()
        other, nobody = Sealer(key), Sealer(key)
        other.add(saw="dmarc=pass header.from=d2.example")
        nobody.add(saw="dmarc=pass")
        zone.texts({name: record, "_dmarc.d1.example": "v=DMARC1; p=reject"})
        ended = Sealer(key)
        ended.add()
        ended.add(cv="fail")
        said = zone.verify("message", "--dns", dns, *SENDER, message=ended.message())
        count.check("an ended chain is a fail", "arc=fail (a sealer found the chain broken)" in said, said)
        for what, sealer, message, want in (
            ("a believed sealer", "Example.org", chain.message(), True),
            ("another sealer", "example.com", chain.message(), False),
            ("a changed body", "example.org", chain.message(b"x"), False),
            ("another author", "example.org", other.message(), False),
            ("no author", "example.org", nobody.message(), False),
        ):
            said = zone.verify("message", "--dns", dns, *SENDER, "--sealer", sealer, message=message)
            count.check("the chain is whole", ("arc=pass" in said) == (what != "a changed body"), said)
            count.check(what, ("policy.sealer=example.org" in said) == want and "dmarc=fail (p=reject)" in said, said)


def several(count, dns, policy):
    """A second author hides nobody's policy, and the first does not either."""
    policies = policy | {"_dmarc__evil__example": "v=DMARC1; p=none", "evil__example": "v=spf1 ip4:192.0.2.0/24 -all"}
    for name in (b"Joe <joe@football.example.com>, x@evil.example", b"x@evil.example, joe@football.example.com",
                 b"all: x@evil.example, joe@football.example.com;"):
        got = field(dns, "--from", "x@evil.example", message=b"From: " + name + b"\r\n\r\nHi.\r\n", **policies)
        count.check(f"the strictest of several: {name}", "dmarc=fail (p=reject) header.from=football.example.com" in got, got)


def aliases(count, dns):
    """Aliases are followed, round in circles for a bounded time."""
    zone.texts({"real.example": "v=spf1 ip4:192.0.2.0/24 -all"})
    zone.testdns.ZONE |= {"alias.example": [("CNAME", "real.example")], "one.example": [("CNAME", "two.example")], "two.example": [("CNAME", "one.example")]}
    said = zone.verify("spf", "--dns", dns, *SENDER, "--from", "a@alias.example")
    count.check("an alias", said.startswith("pass alias.example"), said)
    begun = time.monotonic()
    said = zone.verify("spf", "--dns", dns, *SENDER, "--from", "a@one.example")
    count.check("aliases in a circle", said.startswith("temperror"), said)
    count.check("for a bounded time", time.monotonic() - begun < 6)


def main():
    count, dns = zone.Count(), zone.start()
    policy = {"_dmarc__football__example__com": "v=DMARC1; p=reject", "football__example__com": "v=spf1 ip4:192.0.2.0/24 -all"}
    want = ("Authentication-Results: mx.here.example; spf=pass smtp.mailfrom=football.example.com; dkim=pass header.d=football.example.com"
            " header.s=brisbane header.a=ed25519-sha256 header.b=\"/gCrinpc\"; dkim=permerror (there is no key)"
            " header.d=football.example.com header.s=test header.a=rsa-sha256 header.b=F45dVWDf; dmarc=pass (p=reject)"
            " header.from=football.example.com; arc=none")
    got = field(dns, "--from", "joe@football.example.com", **policy)
    count.check("all together", got == want, got)
    got = field(dns, "--from", "joe@elsewhere.example", message=MESSAGE.replace(b"Hi.", b"Ho."), **policy)
    count.check("nothing aligned", "spf=none" in got and "dkim=fail" in got and "dmarc=fail (p=reject)" in got, got)
    got = field(dns, "--from", "", message=MESSAGE.replace(b"Hi.", b"Ho."), **policy)
    count.check("HELO", "spf=none smtp.helo=mail.example" in got, got)
    for literal in ("[192.0.2.1]", "192.0.2.1", "[IPv6:2001:db8::1]"):
        got = field(dns, "--from", "", "--helo", literal, **policy)
        count.check(f"the client's address is not in the field: {literal}", "spf=none; dkim" in got, got)
    twice = MESSAGE.replace(b"From:", b"From: eve@evil.example\r\nFrom:", 1)
    got = field(dns, "--from", "joe@football.example.com", message=twice, **policy)
    count.check("two authors", "dmarc=permerror (more than one From)" in got, got)
    several(count, dns, policy)
    got = field(dns, "--from", "joe@football.example.com", **policy | {"_dmarc__football__example__com": ["v=DMARC1; p=reject", *["x" * 1000] * 4]})
    count.check("a policy among too much text", "dmarc=temperror" in got, got)
    got = field(dns, "--from", "joe@football.example.com", **policy | {"football__example__com": ["v=spf1 ip4:192.0.2.0/24 -all", *["x" * 1000] * 17]})
    count.check("a record among too much text", "spf=temperror" in got and "dmarc=pass" in got, got)
    odd = b"DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s\r\nFrom: a@b.example\r\n\r\n"
    got = field(dns, message=odd)
    count.check("an unreadable signature", "dkim=permerror (bad b=)" in got, got)
    lifted(count, dns)
    aliases(count, dns)
    count.end()


main()
