#!/usr/bin/env python3
"""A disk whose every flush takes 2 ms longer: 64 sessions share flushes, so intake must hardly notice (issue 2, result 5).

    bench/soak/slow_flush.py [LEAST]      fails under LEAST messages a second (4800)

Nothing is judged, as in the rows of intake of RESULTS.md. The delay is slow_flush.c, preloaded (the sandbox is off for
that); the load is smtpload of the harness that MAYFLY_BENCH names (../shared/bench).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/lib"))
import daemon  # noqa: E402
from flood import cpu_seconds  # noqa: E402

LEAST = float(sys.argv[1]) if len(sys.argv) > 1 else 4800 / daemon.MACHINE
HERE = pathlib.Path(__file__).resolve().parent
HARNESS = pathlib.Path(os.environ.get("MAYFLY_BENCH", daemon.ROOT / "../shared/bench")) / "load"
CC = os.environ.get("CC", "cc")


def counted(d):
    said = d.ctl("stats")[1]
    return {k: int(re.search(rf"^{k} (\d+)$", said, re.M)[1]) for k in ("appended", "syncs")}


def load(smtpload, d, sessions, seconds):
    out = subprocess.run([smtpload, "-p", str(d.address("smtp.listen")[1]), "-s", str(sessions), "-m", "1000000", "-k", "100",
                          "-R", "10", "-t", str(seconds), "-d", "mayfly.localhost"], capture_output=True, text=True, timeout=120)
    return {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", out.stdout)}


def slow_disk():
    if not (HARNESS / "smtpload.c").exists():
        raise daemon.Skip(f"no harness at {HARNESS} (MAYFLY_BENCH)")
    with tempfile.TemporaryDirectory(prefix="mayfly-slow-") as tmp:
        shim, smtpload = f"{tmp}/slow_flush.so", f"{tmp}/smtpload"
        subprocess.run([CC, "-O2", "-shared", "-fPIC", "-o", shim, HERE / "slow_flush.c", "-ldl"], check=True)
        subprocess.run([CC, "-O2", "-w", "-D_GNU_SOURCE", "-o", smtpload, HARNESS / "smtpload.c", "-lm"], check=True)
        with daemon.Daemon("server.sandbox=false", "trust.content=false", "box.max_messages=1000000", "box.max_bytes=1000G",
                           env={"LD_PRELOAD": shim, "MAYFLY_FLUSH_US": "2000"}) as d:
            for i in range(100):
                d.make_box(local=f"u{i}")
            load(smtpload, d, 64, 1)
            for sessions, least in ((1, 0), (64, LEAST)):
                was, used = counted(d), cpu_seconds(d.pid)
                got = load(smtpload, d, sessions, 5)
                now = counted(d)
                n = max(1, now["appended"] - was["appended"])
                print(f"{sessions} sessions, 2 ms more a flush: {got['rate']:.0f} messages a second (at least {least:.0f}), p50 "
                      f"{got['p50']:.1f} p99 {got['p99']:.1f} ms, {(now['syncs'] - was['syncs']) / n:.2f} syncs a message, "
                      f"{(cpu_seconds(d.pid) - used) * 1000 / n:.3f} CPU s per 1000", flush=True)
                assert got["errors"] == 0
                assert got["rate"] >= least, f"{got['rate']:.0f} a second, less than {least}"


if __name__ == "__main__":
    sys.exit(daemon.run([slow_disk]))
