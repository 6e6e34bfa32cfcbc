"""Other filters on the same messages, with what Debian ships: bogofilter, and rspamd's Bayes with its own redis, each in a folder of
its own, ended by id. One that is not installed is skipped, loudly."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import http.client
import socket

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from daemon import Skip  # noqa: E402


def need(*programs):
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    for p in programs:
        if not shutil.which(p, path=path):
            raise Skip(f"there is no {p}")
    return [shutil.which(p, path=path) for p in programs]


def sorted_scores(rows):
    return sorted(s for label, s in rows if label == "ham"), sorted(s for label, s in rows if label == "spam")


# ---- bogofilter ----
def bogofilter(folder, *args, text=b""):
    return subprocess.run(["bogofilter", "-d", str(folder), "-C", *args], input=text, capture_output=True).stdout.decode()


def bogofilter_score(out):
    return float(re.search(r"spamicity=([0-9.]+)", out).group(1))


def bogofilter_online(rows, folder):
    need("bogofilter")
    home = folder / "bogofilter-online"
    home.mkdir()
    out = []
    bogofilter(home, "-n", text=b"")
    for label, path in rows:
        raw = pathlib.Path(path).read_bytes()
        out.append((label, bogofilter_score(bogofilter(home, "-v", text=raw))))
        bogofilter(home, "-s" if label == "spam" else "-n", text=raw)
    return sorted_scores(out)


def bogofilter_split(train, test, folder):
    need("bogofilter")
    home = folder / "bogofilter-split"
    home.mkdir()
    for label, flag in (("ham", "-n"), ("spam", "-s")):
        bogofilter(home, flag, "-B", *[p for lab, p in train if lab == label])
    out = bogofilter(home, "-v", "-B", *[p for _, p in test]).splitlines()
    found = [bogofilter_score(x) for x in out if "spamicity=" in x]
    assert len(found) == len(test), f"bogofilter judged {len(found)} of {len(test)}"
    return sorted_scores([(label, s) for (label, _), s in zip(test, found)])


# ---- rspamd ----
def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


CLASSIFIER = """
classifier "bayes" {{
  tokenizer {{ name = "osb"; }}
  backend = "redis"; servers = "127.0.0.1:{redis}";
  min_tokens = 11; min_learns = 200; new_schema = true;
  statfile {{ symbol = "BAYES_HAM"; spam = false; }}
  statfile {{ symbol = "BAYES_SPAM"; spam = true; }}
}}
"""


class Rspamd:
    def __init__(self, folder):
        self.rspamd, self.redis = need("rspamd", "redis-server")
        self.folder = folder / "rspamd"
        self.folder.mkdir()
        self.port, self.control, redis = free_port(), free_port(), free_port()
        (self.folder / "rspamd.conf").write_text(
            f'options {{ pidfile = "{self.folder}/pid"; filters = ""; cache_file = "{self.folder}/cache"; dns {{ nameserver = ["127.0.0.1:1"]; }} }}\n'
            f'logging {{ type = "file"; filename = "{self.folder}/log"; level = "error"; }}\n'
            f'worker "normal" {{ bind_socket = "127.0.0.1:{self.port}"; count = 1; }}\n'
            f'worker "controller" {{ bind_socket = "127.0.0.1:{self.control}"; secure_ip = "127.0.0.1"; count = 1; }}\n'
            'metric { name = "default"; actions { reject = 1000; } group "statistics" { symbol "BAYES_SPAM" { weight = 1.0; } symbol "BAYES_HAM" { weight = -1.0; } } }\n'
            + CLASSIFIER.format(redis=redis))
        self.processes = [subprocess.Popen([self.redis, "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
                                           stdout=subprocess.DEVNULL)]
        self.processes.append(subprocess.Popen([self.rspamd, "-f", "-i", "-c", str(self.folder / "rspamd.conf")], stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))
        self.wait()

    def wait(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.control), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.end()
        raise Skip("rspamd does not start with a configuration of its own")

    def post(self, port, path, raw):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        c.request("POST", path, raw)
        r = c.getresponse()
        return r.status, r.read()

    def learn(self, label, raw):
        return self.post(self.control, "/learnspam" if label == "spam" else "/learnham", raw)[0]

    def score(self, raw):
        symbols = json.loads(self.post(self.port, "/checkv2", raw)[1]).get("symbols", {})
        return symbols.get("BAYES_SPAM", {}).get("score", 0) + symbols.get("BAYES_HAM", {}).get("score", 0)

    def end(self):
        for p in reversed(self.processes):
            p.terminate()
            p.wait(10)


def rspamd_split(train, test, folder):
    r = Rspamd(folder)
    try:
        for label, path in train:
            r.learn(label, pathlib.Path(path).read_bytes())
        found = [(label, r.score(pathlib.Path(path).read_bytes())) for label, path in test]
        if len({s for _, s in found}) < 2:
            raise Skip("this rspamd's Bayes answers nothing in this configuration")
        return sorted_scores(found)
    finally:
        r.end()
