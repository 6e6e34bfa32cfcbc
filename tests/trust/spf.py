#!/usr/bin/env python3
"""The RFC 7208 suite through `mayfly verify spf`: results, and explanations where the suite has them."""
import yaml
import zone


def records(zonedata):
    """As tools/spf_run.py reads them: an SPF record stands for TXT unless there is TXT; TXT: NONE takes it away."""
    zone.testdns.ZONE.clear()
    for name, rrs in (zonedata or {}).items():
        found = []
        for rr in rrs:
            found += [("TIMEOUT", None)] if rr == "TIMEOUT" else list(rr.items())
        if not any(k == "TXT" for k, _ in found):
            found += [("TXT", v) for k, v in found if k == "SPF"]
        zone.testdns.ZONE[str(name).lower().rstrip(".")] = [(k, v) for k, v in found if (k, v) != ("TXT", "NONE")]


def main():
    count, dns = zone.Count(), zone.start()
    with open(zone.DATA / "spf/rfc7208-tests.yml", encoding="utf-8") as f:
        scenarios = [d for d in yaml.safe_load_all(f) if d and "tests" in d]
    for scenario in scenarios:
        records(scenario.get("zonedata"))
        for name, t in scenario["tests"].items():
            want = t["result"] if isinstance(t["result"], list) else [t["result"]]
            said = zone.verify("spf", "--dns", dns, "--ip", t["host"], "--helo", t.get("helo", ""), "--from", t.get("mailfrom", ""))
            good = said.split()[0] in want
            explanation = t.get("explanation")
            if good and said.startswith("fail") and explanation:
                got = said.partition(": ")[2].rstrip("\n")
                good = got == ("" if explanation == "DEFAULT" else explanation)
                want.append(explanation)
            count.check(name, good, f"want {want} got {said!r}")
    count.end()


main()
