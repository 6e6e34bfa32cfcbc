"""Programs of Debian that would start a service, or change the system, if they were installed: the ones that are there, or
else their packages unpacked under build/peers/, where nothing of the system is touched.

    root = unpacked.root("clamav", ["clamav-daemon"], ["usr/sbin/clamd"])
"""
import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess

import daemon

PEERS = daemon.ROOT / "build/peers"


@contextlib.contextmanager
def fetching():
    """One process at a time: suites run beside each other, and may want the same."""
    PEERS.mkdir(parents=True, exist_ok=True)
    with (PEERS / "lock").open("w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def fetch(name, packages, root):
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise daemon.Skip(f"there is no {name}, and no apt-get to fetch it")
    debs = PEERS / f"{name}-debs"
    debs.mkdir(parents=True, exist_ok=True)
    said = subprocess.run(["apt-get", "install", "--simulate", "--no-install-recommends", *packages], capture_output=True,
                          text=True, timeout=120, check=False).stdout
    missing = [x.split()[1] for x in said.splitlines() if x.startswith("Inst ")]  # with the libraries that are not there
    got = subprocess.run(["apt-get", "download", *missing], cwd=debs, capture_output=True, text=True, timeout=120, check=False)
    if not missing or got.returncode:
        raise daemon.Skip(f"there is no {name}, and its packages did not come: {got.stderr.strip()[-200:]}")
    for deb in debs.glob("*.deb"):
        subprocess.run(["dpkg", "-x", deb, root], check=True, timeout=60)


def root(name, packages, files):
    """Where its files are; Skip when there is neither the program nor the means to fetch it."""
    with fetching():
        for there in (pathlib.Path("/"), PEERS / name):
            if all((there / f).exists() for f in files):
                return there
        fetch(name, packages, PEERS / name)
    return PEERS / name


def libraries(there, *more):
    """LD_LIBRARY_PATH for a program below it."""
    return ":".join(map(str, [*(there / m for m in more), *there.glob("usr/lib/*-linux-gnu")]))


def end(p):
    """A child of ours, whatever state it is in."""
    if p and p.poll() is None:
        p.kill()
        p.wait()


def as_root():
    return os.getuid() == 0
