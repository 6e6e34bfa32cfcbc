#!/usr/bin/env python3
"""Others' clients and dialogs against our SMTP: swaks, and the suites of shared/testdata (chasquid, James)."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
import flood  # noqa: E402

DATA = pathlib.Path(os.environ.get("MAYFLY_TESTDATA", HERE.parents[2] / "shared/testdata"))
# What we answer otherwise, on purpose.
ELSE_CHASQUID = {
    "auth_multi_dialog": "submission over TLS, not MX",
    "bad_data": "a line that is no field ends the header: mail is shown, not refused",
}
ELSE_JAMES = {"authplain": "submission, not MX", "starttls_session_fixation": "AUTH is submission's"}


def run(*command):
    r = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return r.returncode, r.stdout + r.stderr


def swaks_delivers():
    if not shutil.which("swaks"):
        raise daemon.Skip("there is no swaks")
    with daemon.Daemon() as d:
        box = d.make_box()
        host, port = d.address("smtp.listen")
        attached = d.folder / "some.pdf"
        attached.write_bytes(b"%PDF-1.4 " + bytes(range(256)) * 40)
        code, said = run("swaks", "--server", f"{host}:{port}", "--to", box["address"], "--from", "s@client.test", "--helo",
                         "client.test", "--h-Subject", "Your code is 481516", "--body", "Your code is 481516", "--attach",
                         f"@{attached}")
        if code != 0:
            raise AssertionError(said)
        m = d.wait(box["token"])
        full = d.api("GET", f"/mailbox/messages/{m['id']}", token=box["token"])
        if full["subject"] != "Your code is 481516" or full["attachments"][0]["filename"] != "some.pdf":
            raise AssertionError(f"shown as {full}")
        status, _, got = d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/attachments/0", token=box["token"])
        if status != 200 or got != attached.read_bytes():
            raise AssertionError(f"attachment: {status}, {len(got)} octets")


def swaks_is_told():
    if not shutil.which("swaks"):
        raise daemon.Skip("there is no swaks")
    with daemon.Daemon() as d:
        host, port = d.address("smtp.listen")
        code, said = run("swaks", "--server", f"{host}:{port}", "--to", "nobody@mayfly.localhost", "--from", "s@client.test")
        if code != 24 or "550 5.1.1" not in said:
            raise AssertionError(f"{code}: {said}")


def cmy(path, address, names):
    """One of chasquid's dialogues: "c -> line", "c ~> Python", "c <- text", "c <~ regex", "c <... up to this line". By their
    codes only, 4yz and 5yz alike. None, or words."""
    c = None
    for line in path.read_text().splitlines():
        if not line.startswith("c "):
            continue
        how, _, rest = line[2:].partition(" ")
        if how in ("tcp_connect", "tls_connect"):
            c = flood.Raw(address, timeout=5)
        elif how == "->":
            c.say(functools.reduce(lambda t, n: t.replace(*n), names, rest).encode() + b"\r\n")
        elif how == "~>":
            c.say(eval(rest, {"__builtins__": {}}).encode())
        elif how == "close":
            c.close()
        else:
            want, got = re.search(r"[2-5]\d\d", rest)[0], c.reply()
            if not got or (got[:3] != want and not (got[0] in "45" and want[0] in "45")):
                return f"wanted {rest!r}, got {got!r}"
    return None


def judge(files, otherwise, play):
    bad = []
    for f in files:
        try:
            said = play(f)
        except OSError as e:
            said = str(e)
        if (said is None) == (f.stem in otherwise):
            bad.append(f"{f.stem}: {said or 'passes by now'}")
    if bad or not files:
        raise AssertionError("; ".join(bad) or "no files")


def chasquid_dialogs():
    folder = DATA / "smtp/chasquid-dialogs"
    if not folder.exists():
        raise daemon.Skip(f"there is no {folder}")
    with daemon.Daemon("smtp.max_bytes=1M") as d:
        d.make_box(local="user", domain="mayfly.localhost")
        names = [("testserver", "mayfly.localhost")]
        judge(sorted(folder.glob("*.cmy")), ELSE_CHASQUID, lambda f: cmy(f, d.address("smtp.listen"), names))


def james_dialogs():
    folder = DATA / "smtp/james-mpt"
    if not folder.exists():
        raise daemon.Skip(f"there is no {folder}")
    with daemon.Daemon("server.domains=mydomain.tld") as d:
        for local in ("bob", "starttls"):
            d.make_box(local=local, domain="mydomain.tld")
        port = str(d.address("smtp.listen")[1])
        tool = [sys.executable, str(DATA / "tools/mpt_run.py"), "--proto", "smtp", "--port", port, "--lenient"]

        def play(f):
            code, said = run(*tool, str(f))
            return said.strip() if code else None
        judge(sorted(folder.glob("*.test")), ELSE_JAMES, play)


if __name__ == "__main__":
    sys.exit(daemon.run([swaks_delivers, swaks_is_told, chasquid_dialogs, james_dialogs]))
