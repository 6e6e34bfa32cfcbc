#!/usr/bin/env python3
"""A fresh install, which has learned nothing of its own: the prior that ships and the rules, on mail that neither was made
from (CSDMC2010 of the test data), through `mayfly classify`. How much honest mail is lost and how much junk is caught."""
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT.parent / "shared/testdata"))
MAYFLY = os.environ.get("MAYFLY", str(ROOT / "build/mayfly"))
JUNK = 2.19722458  # SYMBOL_JUNK of trust/symbol.h: p = 0.9
PRIOR_MAX = 1.2
HAM_LOST, SPAM_CAUGHT, ROCA = 0.5, 60.0, 0.5  # percent


def one_minus_auc(ham, spam):
    """Per cent; ties count half."""
    order = sorted([(s, 0) for s in ham] + [(s, 1) for s in spam])
    wrong = below = i = 0
    while i < len(order):  # spam at one score has all ham above it, and half of that beside it, against it
        j = i
        while j < len(order) and order[j][0] == order[i][0]:
            j += 1
        spams = sum(label for _, label in order[i:j])
        hams = j - i - spams
        wrong += spams * (len(ham) - below - hams) + spams * hams / 2
        below += hams
        i = j
    return 100 * wrong / (len(ham) * len(spam))


def scores(folder, index, *options):
    env = dict(os.environ, MAYFLY_SERVER_DATA_DIR=str(folder))  # nothing was learned there
    done = subprocess.run([MAYFLY, "classify", *options, "--index", index], capture_output=True, text=True, timeout=100, env=env)
    if done.returncode != 0:
        sys.exit(f"0 passed, 1 failed: classify ended with {done.returncode}: {done.stderr}")
    found = {"ham": [], "spam": []}
    for line in done.stdout.splitlines():
        _, label, score = line.rsplit(None, 2)
        found[label].append(float(score))
    return found["ham"], found["spam"]


def main():
    archive = DATA / "spam/spam-dev.tar.xz"
    if not archive.exists():
        print(f"SKIPPED: {archive} is not there\n0 passed, 0 failed, 1 skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with tarfile.open(archive) as t:
            t.extractall(folder, members=[m for m in t.getmembers() if "/cs2010" in m.name or m.name.endswith("index.tsv")])
        index = folder / "spam-dev/cold.tsv"
        rows = (folder / "spam-dev/index.tsv").read_text().splitlines()
        index.write_text("".join(r + "\n" for r in rows if r.endswith("\tcs2010")))
        prior_ham, prior_spam = scores(folder, index, "--prior", "shipped")
        rules_ham, rules_spam = scores(folder, index, "--prior", "none", "--rules")
        ham, spam = scores(folder, index, "--prior", "shipped", "--rules")
    lost, caught, roca = 100 * sum(s > JUNK for s in ham) / len(ham), 100 * sum(s > JUNK for s in spam) / len(spam), one_minus_auc(ham, spam)
    print(f"{len(ham)} ham, {len(spam)} spam: ham in Junk {lost:.2f} %, spam in Junk {caught:.1f} %, 1-ROCA {roca:.3f} %")
    print(f"alone, 1-ROCA: prior {one_minus_auc(prior_ham, prior_spam):.3f} %, rules {one_minus_auc(rules_ham, rules_spam):.3f} %")
    checks = {
        "all of it was judged": (len(ham), len(spam)) == (1208, 710), "ham in Junk": lost <= HAM_LOST, "spam in Junk": caught >= SPAM_CAUGHT,
        "1-ROCA": roca <= ROCA, "the prior alone never decides": max(map(abs, prior_ham + prior_spam)) <= PRIOR_MAX < JUNK,
    }
    for name, good in checks.items():
        if not good:
            print(f"FAIL {name}")
    print(f"{sum(checks.values())} passed, {len(checks) - sum(checks.values())} failed")
    sys.exit(not all(checks.values()))


main()
