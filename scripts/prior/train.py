#!/usr/bin/env python3
"""Trains the prior that ships with mayfly (docs/prior.md): writes our own mail (generate.py), puts it before the collected
mail that may be used for this, and hands all to `mayfly learn --prior`. The same seed and data give the same file.

train.py OUT [--mayfly FILE] [--testdata DIR] [--seed N]
"""
import argparse
import os
import pathlib
import subprocess
import tarfile
import tempfile

import generate

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def rows(index):
    return [line.split("\t") for line in index.read_text().splitlines() if not line.startswith("#")]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("out", type=pathlib.Path)
    p.add_argument("--mayfly", type=pathlib.Path, default=ROOT / "build/mayfly")
    p.add_argument("--testdata", type=pathlib.Path, default=pathlib.Path(os.environ.get("MAYFLY_TESTDATA", ROOT / "../shared/testdata")))
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with tarfile.open(o.testdata / "spam/spam-dev.tar.xz") as t:
            t.extractall(folder)
        collected = folder / "spam-dev/index.tsv"
        subprocess.run([HERE / "generate.py", folder / "own", "--seed", str(o.seed), "--again", collected], check=True)
        # What was written first: it is easy, and what was collected should have the last word.
        all_rows = [(f"own/{r[0]}", *r[1:]) for r in rows(folder / "own/index.tsv")]
        all_rows += [(f"spam-dev/{r[0]}", *r[1:]) for r in rows(collected) if r[3] in generate.MAY_TRAIN]
        (folder / "index.tsv").write_text("".join("\t".join(r) + "\n" for r in all_rows))
        subprocess.run([o.mayfly, "learn", "--prior", o.out.resolve(), "--index", folder / "index.tsv"], check=True)


if __name__ == "__main__":
    main()
