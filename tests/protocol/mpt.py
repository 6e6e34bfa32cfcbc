#!/usr/bin/env python3
"""James' IMAP scripts (testdata/imap/james-mpt) against a real daemon: mpt.py [NAME...]

Each script has a box of its own and logs in with its token. The list is portable.txt, which any server should pass; names
given instead are run from the same folder. Ends with "N passed, N failed"."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import daemon  # noqa: E402

DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", HERE.parents[2] / "shared/testdata"))
FOLDER = DATA / "imap/james-mpt"
AT_ONCE = 6


def play(d, name):
    """(passed, words)"""
    box = d.make_box()
    host, port = d.address("imap.listen")
    r = subprocess.run([sys.executable, str(DATA / "tools/mpt_run.py"), "--host", host, "--port", str(port), "--user",
                        box["address"], "--password", box["token"], "--states", str(FOLDER / "states.json"), "--lenient",
                        "--timeout", "20" if daemon.SANITIZED else "8", "-v", str(FOLDER / f"{name}.test")],
                       capture_output=True, text=True, timeout=120)
    words = (r.stdout + r.stderr).replace(box["token"], "TOKEN")
    return "1 passed, 0 failed" in words, words


def main():
    if not FOLDER.is_dir():
        print(f"SKIP james-mpt: {FOLDER} is not there (MAYFLY_TESTDATA)")
        print("0 passed, 0 failed, 1 skipped")
        return 0
    names = sys.argv[1:] or (FOLDER / "portable.txt").read_text().split()
    bad = 0
    with daemon.Daemon("auth.cleartext=loopback", "limits.prelogin_per_network=1000") as d, \
            concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for name, (good, words) in zip(names, pool.map(lambda n: play(d, n), names)):
            print(f"ok   james-mpt/{name}" if good else f"FAIL james-mpt/{name}\n{words[-3000:]}", flush=True)
            bad += not good
    print(f"{len(names) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
