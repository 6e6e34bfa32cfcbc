#!/usr/bin/env python3
"""The lint itself: each kind of fault is found, and a clean tree passes."""
import pathlib
import subprocess
import sys
import tempfile

LINT = pathlib.Path(__file__).with_name("layers.py")
CASES = [
    ("a clean tree", {"base/a.h": "", "wire/b.c": '#include "base/a.h"\n'}, None),
    ("up", {"base/a.c": '#include "wire/b.h"\n', "wire/b.h": ""}, "lies above"),
    ("a cycle by pairs", {"io/a.c": '#include "io/b.h"\n', "io/a.h": "", "io/b.h": "", "io/b.c": '#include "io/a.h"\n'}, "a cycle"),
    ("a part and its whole", {"io/a.c": '#include "io/a_b.h"\n', "io/a.h": "", "io/a_b.h": '#include "io/a.h"\n'}, None),
    ("a library elsewhere", {"core/a.c": "#include <lmdb.h>\n"}, "only in store/embed_index"),
    ("a library at home", {"store/embed_index_env.c": "#include <lmdb.h>\n"}, None),
    ("a name that is not there", {"base/a.c": '#include "a.h"\n'}, "no such file"),
    ("a folder that is no layer", {"misc/a.c": ""}, "not in a layer"),
    ("too long", {"base/a.c": "\n" * 401}, "401 lines"),
]


def main():
    failed = 0
    for what, tree, want in CASES:
        with tempfile.TemporaryDirectory() as d:
            for name, text in tree.items():
                p = pathlib.Path(d, "src", name)
                p.parent.mkdir(parents=True, exist_ok=True)
                p.write_text(text)
            r = subprocess.run([sys.executable, LINT, d], capture_output=True, text=True)
            ok = (r.returncode == 0) if want is None else (r.returncode == 1 and want in r.stdout)
            if not ok:
                failed += 1
                print(f"FAIL {what}: exit {r.returncode}\n{r.stdout}{r.stderr}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
