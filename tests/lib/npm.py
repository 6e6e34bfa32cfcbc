"""Packages of npm that tests talk to mayfly with: fetched once, into the build folder."""
import shutil
import subprocess

import daemon
import unpacked


def folder(name, package, where="npm"):
    """That has node_modules/name; package: with its version. Without npm or a registry the case is skipped."""
    path = daemon.ROOT / "build/peers" / where
    with unpacked.fetching():
        if (path / "node_modules" / name).exists():
            return path
        if not shutil.which("npm"):
            raise daemon.Skip(f"there is no npm to fetch {name}")
        path.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", path, package],
                             stdin=subprocess.DEVNULL, capture_output=True, timeout=180, check=False)
        if got.returncode:
            raise daemon.Skip(f"{name} did not come: {got.stderr.decode()[-200:]}")
    return path
