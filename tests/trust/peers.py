"""Other filters on the same messages, with what Debian ships: bogofilter, and rspamd's Bayes with its own redis, each in a folder of
its own, ended by id. One that cannot be had is skipped, loudly."""
import json
import os
import pathlib
import re
import subprocess
import sys
import http.client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
import scanners  # noqa: E402
import unpacked  # noqa: E402
from started import Started  # noqa: E402


def need(name, packages, *programs):
    """Paths of the programs, and what they need in the environment."""
    there = unpacked.root(name, packages, [f"usr/bin/{p}" for p in programs])
    env = {} if str(there) == "/" else {"LD_LIBRARY_PATH": unpacked.libraries(there, "usr/lib/rspamd")}
    return [there / "usr/bin" / p for p in programs], os.environ | env


def sorted_scores(rows):
    return sorted(s for label, s in rows if label == "ham"), sorted(s for label, s in rows if label == "spam")


# ---- bogofilter ----
def bogofilter(folder, *args, text=b""):
    (program,), env = need("bogofilter", ["bogofilter-bdb"], "bogofilter-bdb")
    return subprocess.run([program, "-d", str(folder), "-C", *args], input=text, capture_output=True, env=env, timeout=300).stdout.decode()


def bogofilter_score(out):
    return float(re.search(r"spamicity=([0-9.]+)", out).group(1))


def bogofilter_online(rows, folder):
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
    home = folder / "bogofilter-split"
    home.mkdir()
    for label, flag in (("ham", "-n"), ("spam", "-s")):
        bogofilter(home, flag, "-B", *[p for lab, p in train if lab == label])
    out = bogofilter(home, "-v", "-B", *[p for _, p in test]).splitlines()
    found = [bogofilter_score(x) for x in out if "spamicity=" in x]
    assert len(found) == len(test), f"bogofilter judged {len(found)} of {len(test)}"
    return sorted_scores([(label, s) for (label, _), s in zip(test, found)])


# ---- rspamd ----
# What Debian's configuration says that bears on the classifier, with its data where the package was unpacked, and no rules.
# The weights are for the digits: a score is printed with six behind the point.
CONF = """
options {{
  pidfile = "{folder}/pid"; control_socket = "{folder}/control"; tempdir = "{folder}"; hs_cache_dir = "{folder}/cache";
  cache_file = "{folder}/symbols"; filters = ""; dns {{ nameserver = ["127.0.0.1:1"]; timeout = 0.1s; retransmits = 1; }}
  url_tld = "{share}/effective_tld_names.dat"; classify_headers = ["User-Agent", "X-Mailer", "Content-Type", "X-MimeOLE"];
}}
lang_detection {{ languages = "{share}/languages"; }}
logging {{ type = "console"; level = "error"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
worker "controller" {{ bind_socket = "127.0.0.1:{control}"; secure_ip = "127.0.0.1"; count = 1; }}
metric "default" {{ actions {{ reject = 1000000000; }} symbol "BAYES_SPAM" {{ weight = 1000000; }} symbol "BAYES_HAM" {{ weight = -1000000; }} }}
classifier "bayes" {{
  tokenizer {{ name = "osb"; }}
  cache {{ }}
  backend = "redis"; servers = "127.0.0.1:{redis}";
  min_tokens = 11; min_learns = 200; new_schema = true;
  statfile {{ symbol = "BAYES_HAM"; spam = false; }}
  statfile {{ symbol = "BAYES_SPAM"; spam = true; }}
  learn_condition = 'return require("lua_bayes_learn").can_learn';
}}
"""


class Bayes(Started):
    """rspamd with its classifier alone, on a redis of its own. Nothing of it is waited for longer than 10 s, but the start."""

    def __init__(self, folder):
        self.folder, self.rspamd, self.redis = folder, None, None

    def start(self):
        (redis_server,), env = need("redis", ["redis-server"], "redis-server")
        redis, self.control = daemon.free_port(), daemon.free_port()
        self.rspamd = scanners.Rspamd(CONF, control=self.control, redis=redis)
        with open(self.folder / "redis-log", "wb") as log:
            self.redis = subprocess.Popen([redis_server, "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)],
                                          stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
        self.rspamd.start(seconds=180)  # it compiles the list of public suffixes: 13 s of a core
        return self

    def __exit__(self, *_):
        try:
            if self.rspamd:
                self.rspamd.__exit__()
        finally:
            unpacked.end(self.redis)

    def post(self, port, path, raw, **headers):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            c.request("POST", path, raw, headers)
            r = c.getresponse()
            return r.status, r.read()
        finally:
            c.close()

    def learn(self, label, raw):
        """Without the header it would leave out what it is sure of already."""
        status, said = self.post(self.control, f"/learn{label}", raw, **{"Learn-Type": "bulk"})
        if status not in (200, 204, 208):  # 204: fewer than min_tokens in it, 208: learned before
            raise AssertionError(f"rspamd learned nothing: {status} {said}")

    def score(self, raw):
        status, said = self.post(self.rspamd.port, "/checkv2", raw)
        if status != 200:
            raise AssertionError(f"rspamd judged nothing: {status} {said}")
        symbols = json.loads(said)["symbols"]
        return sum(symbols.get(name, {}).get("score", 0) for name in ("BAYES_SPAM", "BAYES_HAM"))


def rspamd_split(train, test, folder):
    with Bayes(folder) as r:
        for label, path in train:
            r.learn(label, pathlib.Path(path).read_bytes())
        found = [(label, r.score(pathlib.Path(path).read_bytes())) for label, path in test]
    if len({s for _, s in found}) < 2:
        raise AssertionError("rspamd's Bayes answers the same to all")
    return sorted_scores(found)
