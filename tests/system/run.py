#!/usr/bin/env python3
"""The daemon as a whole: start, signals, control socket, certificates, rights, readiness, configuration."""
import contextlib
import json
import os
import pathlib
import signal
import smtplib
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from daemon import BINARY, SANITIZED, Daemon, Skip, eq, run  # noqa: E402


def until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise AssertionError("not in time")
        time.sleep(0.02)


def status_of(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return line.split(":", 1)[1].strip()


def starts_within_a_second_and_says_where():
    d = Daemon()
    begun = time.monotonic()
    with d:
        took = time.monotonic() - begun
        assert SANITIZED or took < 1, f"{took:.2f} s"
        eq(d.ready["pid"], d.p.pid)
        for key in ("smtp.listen", "http.listen", "https.listen", "metrics.listen"):
            assert d.address(key)[1] > 0
        eq(d.ctl("readyz"), (0, "ready\n"))
        eq(d.request("GET", "/livez")[0], 200)
        eq(d.request("GET", "/readyz")[0], 200)
        assert "http://127.0.0.1:%d" % d.address("http.listen")[1] in d.log_text()
        eq(d.stop(), 0)
        assert not (d.data / "run/ready.json").exists()
        eq(d.ctl("readyz")[0], 3)


def the_main_job():
    with Daemon() as d:
        box = d.make_box()
        d.send(box["address"], "From: A <a@example.test>\r\nSubject: Your code is 739204\r\n\r\nUse 739204 to sign in.\r\n")
        m = d.wait(box["token"])
        eq((m["subject"], m["code"]), ("Your code is 739204", "739204"))
        eq(len(d.messages(box["token"])), 1)
        d.restart()
        eq(len(d.messages(box["token"])), 1)
        d.api("DELETE", "/mailbox", token=box["token"])
        eq(d.request("GET", "/api/v1/mailbox", token=box["token"])[0], 401)


def gives_up_what_it_does_not_need():
    if SANITIZED:
        raise Skip("sanitizers do not live in the sandbox")
    with Daemon() as d:
        eq(status_of(d.pid, "NoNewPrivs"), "1")
        eq(status_of(d.pid, "Seccomp"), "2")
        limits = pathlib.Path(f"/proc/{d.pid}/limits").read_text() if os.geteuid() == 0 else ""
        if limits:
            core = next(x for x in limits.splitlines() if x.startswith("Max core"))
            eq(core.split()[4:6], ["0", "0"])
        for p in d.data.rglob("*"):
            mode = stat.S_IMODE(p.lstat().st_mode)
            assert mode & 0o077 == 0, f"{p} is {mode:o}"
        eq(stat.S_IMODE(d.data.stat().st_mode), 0o700)


def root_becomes_a_user():
    if os.geteuid() != 0 or SANITIZED:
        raise Skip("needs root and no sanitizer")
    user = "nobody"
    with tempfile.TemporaryDirectory(prefix="mayfly-test-") as t:
        os.chmod(t, 0o755)
        d = Daemon(f"server.user={user}", folder=t)
        with d:
            uids = status_of(d.pid, "Uid").split()
            import pwd
            eq(uids, [str(pwd.getpwnam(user).pw_uid)] * 4)
            box = d.make_box()
            d.send(box["address"], "Subject: as nobody\r\n\r\n.\r\n")
            eq(d.wait(box["token"])["subject"], "as nobody")


def what_another_user_left_is_named():
    if os.geteuid() != 0 or SANITIZED:
        raise Skip("needs root and no sanitizer")
    with tempfile.TemporaryDirectory(prefix="mayfly-test-") as t:
        os.chmod(t, 0o755)
        d = Daemon("server.user=nobody", folder=t)
        (d.data / "tls").mkdir(parents=True, mode=0o700)  # by root
        try:
            d.start()
            raise AssertionError("it started")
        except RuntimeError as e:
            assert str(d.data / "tls") in str(e) and "chown -R" in str(e), e
        finally:
            d.__exit__()
        os.chown(d.data / "tls", 65534, 65534)
        with d:
            eq(d.ctl("readyz")[0], 0)


def which_configuration_is_read():
    with tempfile.TemporaryDirectory() as t:
        one, two = pathlib.Path(t, "one"), pathlib.Path(t, "two")
        one.write_text('server { hostname = "one.test" }')
        two.write_text('server { hostname = "two.test" }')

        def name(*args, env=None):
            r = subprocess.run([BINARY, "check-config", *args], capture_output=True, text=True, timeout=20, env={**os.environ, **(env or {})})
            eq((r.returncode, r.stderr), (0, ""))
            return next(line.split()[2] for line in r.stdout.splitlines() if line.startswith("server.hostname"))
        eq(name(), "mayfly.localhost")
        eq(name("-c", one), "one.test")
        eq(name(env={"MAYFLY_CONFIG": str(two)}), "two.test")
        eq(name("-c", one, env={"MAYFLY_CONFIG": str(two)}), "one.test")
        eq(name(env={"MAYFLY_CONFIG": ""}), "mayfly.localhost")


def what_serve_would_refuse_or_pass_over_is_said_before():
    def check(option):
        r = subprocess.run([BINARY, "check-config", "-o", option], capture_output=True, text=True, timeout=20)
        return r.returncode, r.stdout + r.stderr
    code, said = check("access.allow=10.0.0.1/8")
    assert code == 1 and "10.0.0.1/8" in said, said
    code, said = check("access.deny=::ffff:192.0.2.0/120")
    assert code == 0, said
    code, said = check("access.dnsbl=list.example.org")
    assert code == 0 and "dns.forward: access.dnsbl" in said, said
    with tempfile.TemporaryDirectory() as t:
        conf = pathlib.Path(t, "m.conf")
        for text, want in (('trust {\n prior = "/etc/passwd"\n}', f"{conf}:2: trust.prior: /etc/passwd: is no model, or a damaged one, or one of another version"),
                           ("trust {\n learm = true\n}", f"{conf}:2: no such option 'learm' in trust\n")):
            conf.write_text(text)
            r = subprocess.run([BINARY, "check-config", "-c", conf], capture_output=True, text=True, timeout=20)
            assert r.returncode == 1 and r.stderr.startswith(want), r.stderr


def both_refuse_in_the_same_words():
    with tempfile.TemporaryDirectory() as t:
        os.mkdir(f"{t}/other")
        make_pair(t, "one.test")
        make_pair(f"{t}/other", "two.test")
        empty = pathlib.Path(t, "empty.pem")
        empty.touch()
        cert, key, key2 = f"{t}/cert.pem", f"{t}/key.pem", f"{t}/other/key.pem"
        long = t + "/" + "x" * (94 - len(t))
        for options, want in ((["server.data_dir="], "server.data_dir: must not be empty"), ([f"server.data_dir={long}"], "server.data_dir: too long: at most 94 octets"),
                              (["smtp_out.bind_ipv4=::1"], "smtp_out.bind_ipv4: not an IPv4 address"), (["smtp_out.bind_ipv6=192.0.2.1"], "smtp_out.bind_ipv6: not an IPv6 address"),
                              (["trust.prior=/nonexistent/prior"], "trust.prior: /nonexistent/prior: is not there"), (["trust.prior=/etc/passwd"], "trust.prior: /etc/passwd: is no model, or a damaged one, or one of another version"),
                              (["smtp_out.tls_report_from=foo@"], "smtp_out.tls_report_from: not a mail address like postmaster@example.com"),
                              ([f"tls.cert={empty}", f"tls.key={key}"], f"tls.cert: {empty}: no certificate that can be used (PEM) is in it"),
                              ([f"tls.cert={cert}", f"tls.key={empty}"], f"tls.key: {empty}: no key that can be used (PEM, no passphrase) is in it"),
                              ([f"tls.cert={cert}", f"tls.key={key2}"], f"tls.key: {key2}: is not the key of tls.cert"),
                              ([f"tls.cert={cert}", f"tls.key={t}/gone.pem"], f"tls.key: {t}/gone.pem: No such file or directory")):
            for command in ("check-config", "serve"):
                more = [] if "data_dir" in options[0] else [f"server.data_dir={t}/data"]
                args = [word for o in options + more for word in ("-o", o)]
                r = subprocess.run([BINARY, command, *args], capture_output=True, text=True, timeout=20)
                eq((command, r.returncode, r.stderr), (command, 1, f"-o: {want}\n"))
        r = subprocess.run([BINARY, "check-config", "-o", f"tls.cert={cert}", "-o", f"tls.key={key}", "-o", f"server.data_dir={long[:-1]}",
                            "-o", "smtp_out.bind_ipv4=192.0.2.1", "-o", "smtp_out.bind_ipv6=::1", "-o", "smtp_out.tls_report_from=tls@one.test"], capture_output=True, text=True, timeout=20)
        eq((r.returncode, r.stderr), (0, ""))


def a_refused_lesson_leaves_nothing():
    with tempfile.TemporaryDirectory() as t:
        mail, other, idx, none = (pathlib.Path(t, n) for n in ("mail.eml", "other", "idx", "none"))
        mail.write_text("Subject: hello\n\nhello\n")
        other.write_text("root:x:0:0\n")
        idx.write_text("ham gone.eml\n")
        had = sorted(os.listdir(t))
        for args, want in ((("--model", other, "--ham", mail), f"the model {other}: is no model"), (("--prior", other, "--ham", mail), f"the prior {other}: is no model"),
                           (("--model", none, "--index", none), f"the index {none}: No such file"), (("--model", none, "--index", idx), f"the index {idx}: {t}/gone.eml: No such file"),
                           (("--model", none, "--ham", mail, "-o", f"trust.prior={other}"), f"the prior {other}: is no model")):
            r = subprocess.run([BINARY, "learn", *args], capture_output=True, text=True, timeout=20)
            assert r.returncode != 0 and f"mayfly: {want}" in r.stderr, r.stderr
            eq((sorted(os.listdir(t)), other.read_text()), (had, "root:x:0:0\n"))


def what_cannot_be_read_is_named():
    with tempfile.TemporaryDirectory() as t:
        mail, deep, bad, gone = (pathlib.Path(t, n) for n in ("mail.eml", "deep", "bad", "gone"))
        mail.write_text("Subject: hello\n\nhello\n")
        bad.write_text("ham mail.eml\nmail.eml perhaps\n")
        deep.joinpath(*"abcdefghijklmnopq").mkdir(parents=True)
        no_such, model = "No such file or directory", f"{t}/none/model"
        for args, code, want in ((("learn", "--model", f"{t}/model", "--ham", gone), 2, f"mayfly: {gone}: {no_such}\n"),
                                 (("learn", "--model", f"{t}/model", "--ham", deep), 2, ": too deep: a folder in a folder, sixteen times\n"),
                                 (("learn", "--model", f"{t}/model", "--index", bad), 2, f"mayfly: the index {bad}: mail.eml: the line that begins so is not a path and ham or spam\n"),
                                 (("learn", "--model", f"{t}/model", "--index", t), 2, f"mayfly: the index {t}: Is a directory\n"),
                                 (("learn", "--model", model, "--ham", mail), 1, f"mayfly: the model {model}: {no_such}\n"),
                                 (("learn", "--prior", model, "--ham", mail), 1, f"mayfly: {model}: {no_such}\n"),
                                 (("verify", "message", gone), 1, f"mayfly verify: {gone}: {no_such}\n"),
                                 (("verify", "message", t), 1, f"mayfly verify: {t}: Is a directory\n"),
                                 (("check-config", "-c", gone), 1, f"{gone}: {no_such}\n"),
                                 (("serve", "-c", t), 1, f"{t}: Is a directory\n")):
            r = subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=20)
            assert r.returncode == code and want in r.stderr, (args, r.returncode, r.stderr)
        r = subprocess.run([BINARY, "check-config"], capture_output=True, text=True, timeout=20, env={**os.environ, "MAYFLY_SERVER_HOSTNAME_FILE": str(gone)})
        eq((r.returncode, r.stderr), (1, f"MAYFLY_SERVER_HOSTNAME_FILE: {gone}: {no_such}\n"))


def verify_says_when_nobody_was_asked():
    def verify(*args):
        r = subprocess.run([BINARY, "verify", "message", *args], input="From: a@b.example\n\nhi\n", capture_output=True, text=True, timeout=20)
        return r.returncode, r.stderr
    eq(verify(), (0, "mayfly verify: no resolver (--dns, dns.forward): nobody was asked\n"))
    for args in (("--from", "a@b.example"), ("--helo", "b.example")):
        code, said = verify(*args)
        assert code == 2 and said.startswith("mayfly verify: --from and --helo need --ip\n"), (code, said)


def verify_takes_an_address_in_brackets_and_only_a_host_name():
    def verify(*args):
        r = subprocess.run([BINARY, "verify", *args], input="From: a@b.example\n\nhi\n", capture_output=True, text=True, timeout=20)
        return r.returncode, r.stdout, r.stderr
    for sender in ("a@good.example", "<a@good.example>"):
        eq(verify("spf", "--ip", "192.0.2.1", "--from", sender)[:2], (0, "temperror good.example\n"))
    for name in ("x\ny: z", "", "a b", "1.2.3.4", "::1"):
        code, said, why = verify("message", "--server", name)
        eq((code, said, why.split("\n")[0]), (2, "", "mayfly verify: --server is no host name"))
    code, said, _ = verify("message", "--server", "mx1")
    assert code == 0 and said.startswith("Authentication-Results: mx1;"), said


def nothing_to_learn_from_is_said():
    with tempfile.TemporaryDirectory() as t:
        os.mkdir(f"{t}/empty")
        pathlib.Path(t, "index").write_text("# nothing\n")
        pathlib.Path(t, "empty/void").touch()
        pathlib.Path(t, "voids").write_text("ham empty/void\n")
        for args in (("learn", "--ham", f"{t}/empty/void"), ("learn", "--index", f"{t}/voids"), ("classify", f"{t}/empty/void"), ("learn", "--spam", f"{t}/empty"), ("learn", "--ham", "/dev/null"), ("learn", "--index", f"{t}/index"), ("classify", f"{t}/empty")):
            r = subprocess.run([BINARY, *args, "--model", f"{t}/model"], capture_output=True, text=True, timeout=20)
            eq((r.returncode, r.stdout, r.stderr), (1, "", "mayfly: no message is in what was named" + (": nothing to learn from\n" if args[0] == "learn" else "\n")))
        eq(sorted(os.listdir(t)), ["empty", "index", "voids"])
        r = subprocess.run([BINARY, "learn", "--spam"], capture_output=True, text=True, timeout=20)
        assert r.returncode == 2 and r.stderr.startswith("usage:"), r.stderr


def a_model_that_cannot_be_used_says_why():
    with tempfile.TemporaryDirectory() as t:
        mail, model, key = (pathlib.Path(t, n) for n in ("mail.eml", "model", "model.key"))
        mail.write_text("Subject: hello\n\nhello\n")

        def run_it(*args):
            r = subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=20)
            return r.returncode, r.stderr
        eq(run_it("learn", "--model", model, "--ham", mail), (0, ""))
        had, its_key = model.read_bytes(), key.read_bytes()
        no_key, no_model = "its key, the file of that name with .key behind it, ", "is no model, or a damaged one, or one of another version"
        for of_model, of_key, want in ((had, None, no_key + "is not there"), (had, b"short", no_key + "is damaged"), (had[:-5], its_key, no_model),
                                       (b"rubbish", its_key, no_model), (b"rubbish", None, no_model), (None, None, "is not there"),
                                       (had, bytes(len(its_key)), "is a model of another kind or of another key")):
            for path, octets in ((model, of_model), (key, of_key)):
                path.write_bytes(octets) if octets is not None else path.unlink(missing_ok=True)
            eq((want, *run_it("classify", "--model", model, mail)), (want, 1, f"mayfly: the model {model}: {want}\n"))
            if of_model is not None:
                eq((want, *run_it("learn", "--model", model, "--ham", mail)), (want, 1, f"mayfly: the model {model}: {want}\n"))


def what_a_folder_has_that_cannot_be_followed_is_passed_over():
    with tempfile.TemporaryDirectory() as t:
        pathlib.Path(t, "mail.eml").write_text("Subject: hello\n\nhello\n")
        os.symlink(".", f"{t}/back")
        os.symlink("self", f"{t}/self")
        os.symlink("gone", f"{t}/nowhere")
        r = subprocess.run([BINARY, "classify", "--online", "--model", f"{t}/none", t], capture_output=True, text=True, timeout=20)
        eq((r.returncode, r.stdout.split()[:2]), (0, [f"{t}/mail.eml", "-"]))
        eq(r.stderr, f"mayfly: {t}/back: leads back to a folder that it is in: passed over\nmayfly: {t}/nowhere: No such file or directory: passed over\n"
           f"mayfly: {t}/self: Too many levels of symbolic links: passed over\n")


def a_second_one_on_the_same_folder_is_refused():
    with Daemon() as d:
        smtp = "%s:%d" % d.address("smtp.listen")
        for why, more in (("another mayfly", ()), ("in use", ("-o", f"smtp.listen={smtp}"))):
            e = subprocess.run(d.args("serve", *more), capture_output=True, text=True, timeout=20)
            assert e.returncode == 1 and why in e.stderr, e.stderr
            assert (d.data / "run/ready.json").exists(), f"{why}: ready.json of the one that serves is gone"
        eq(d.ctl("readyz")[0], 0)


def a_port_in_use_is_named():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        d = Daemon(f"smtp.listen=127.0.0.1:{s.getsockname()[1]}")
        try:
            d.start()
            raise AssertionError("it started")
        except RuntimeError as e:
            assert "smtp.listen" in str(e) and "in use" in str(e), e
        finally:
            d.__exit__()


def drains():
    with Daemon("server.drain=10s") as d:
        box = d.make_box()
        s = d.smtp()
        s.ehlo()
        s.docmd("MAIL FROM:<a@example.test>")
        s.docmd(f"RCPT TO:<{box['address']}>")
        eq(s.docmd("DATA")[0], 354)
        s.send(b"Subject: half\r\n\r\n")
        d.p.send_signal(signal.SIGTERM)
        until(lambda: not (d.data / "run/ready.json").exists())
        s.send(b"whole\r\n.\r\n")
        eq(s.getreply()[0], 250)
        s.close()
        eq(d.p.wait(15), 0)
        d.start()
        eq(len(d.messages(box["token"])), 1)


def a_second_signal_ends_it_at_once():
    with Daemon("server.drain=60s") as d:
        s = d.smtp()
        s.ehlo()
        d.p.send_signal(signal.SIGTERM)
        until(lambda: not (d.data / "run/ready.json").exists())
        begun = time.monotonic()
        d.p.send_signal(signal.SIGTERM)
        d.p.wait(10)
        assert time.monotonic() - begun < 5
        s.close()


def peer_certificate(d):
    c = ssl.create_default_context()
    c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(d.address("https.listen"), 10) as s, c.wrap_socket(s, server_hostname="mayfly.localhost") as t:
        return t.getpeercert(binary_form=True), t.version()


def make_pair(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"],
                   check=True, capture_output=True)


def a_self_signed_pair_is_made_and_kept():
    with Daemon() as d:
        first, version = peer_certificate(d)
        assert version in ("TLSv1.2", "TLSv1.3")
        d.restart()
        eq(peer_certificate(d)[0], first)


def certificates_are_read_again_at_sighup():
    with tempfile.TemporaryDirectory() as t:
        os.chmod(t, 0o755)
        make_pair(t, "one.test")
        with Daemon(f"tls.cert={t}/cert.pem", f"tls.key={t}/key.pem") as d:
            first = peer_certificate(d)[0]
            make_pair(t, "two.test")
            d.p.send_signal(signal.SIGHUP)
            until(lambda: "reload.done" in d.log_text())
            second = peer_certificate(d)[0]
            assert second != first
            pathlib.Path(t, "cert.pem").write_text("rubbish")
            d.p.send_signal(signal.SIGHUP)
            until(lambda: "reload.tls" in d.log_text())
            eq(peer_certificate(d)[0], second)


def a_pair_that_is_taken_away_is_no_longer_served():
    for at_first in ("none", "good"):
        d = Daemon()
        conf, args = d.folder / "mayfly.conf", d.args
        make_pair(d.folder, "one.test")  # beside what the sandbox lets be read anyhow
        texts = {"none": "", "gone": f'tls {{ cert = "{d.folder}/gone.pem"\n key = "{d.folder}/gone.key" }}\n',
                 "good": f'tls {{ cert = "{d.folder}/cert.pem"\n key = "{d.folder}/key.pem" }}\n'}
        conf.write_text(texts[at_first])
        d.args = lambda command, *more: args(command, "-c", str(conf), *more)
        with d:
            served = {at_first: peer_certificate(d)[0]}
            for kind in ("gone", "none", "good", "none"):
                event = "event=reload.tls" if kind == "gone" else "event=reload.done"
                had = d.log_text().count(event)
                conf.write_text(texts[kind])
                d.p.send_signal(signal.SIGHUP)
                until(lambda: d.log_text().count(event) > had)
                eq(peer_certificate(d)[0], served.setdefault(kind if kind != "gone" else at_first, peer_certificate(d)[0]))
            assert served["none"] != served["good"]


def the_operator_asks():
    with Daemon() as d:
        box = d.make_box()
        d.send(box["address"], "Subject: x\r\n\r\ny\r\n")
        code, said = d.ctl("stats")
        assert code == 0 and "\nmessages 1\n" in said, said
        code, said = d.ctl("box", "show", box["address"])
        assert code == 0 and "mail    1 of" in said, said
        eq(d.ctl("box", "end", box["address"]), (0, "ended\n"))
        eq(d.request("GET", "/api/v1/mailbox", token=box["token"])[0], 401)
        eq(d.ctl("box", "show", box["address"])[0], 1)
        for wrong in (("box", "show", "no such"), ("box", "allow-sending", "x"), ("queue", "show", "xyz"),
                      ("clock", "advance", "1h")):  # not without test.clock
            code, said = d.ctl(*wrong)
            eq((wrong, code, said.startswith(f"mayfly: error: usage: mayfly {wrong[0]} ")), (wrong, 2, True))
        eq(d.ctl("clock")[0], 0)
        code, said = d.ctl("backup")
        assert code == 0 and said.endswith("/backup\n") and pathlib.Path(said.strip()).is_dir(), said
        eq(d.ctl("drain")[0], 0)
        eq(d.p.wait(20), 0)


@contextlib.contextmanager
def small_disk(options):
    with tempfile.TemporaryDirectory(prefix="mayfly-test-") as t:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", t], capture_output=True).returncode != 0:
            raise Skip("cannot mount a tmpfs here")
        try:
            yield t
        finally:
            subprocess.run(["umount", "-l", t], check=True)


def fill(folder, step):
    with open(pathlib.Path(folder, "hog"), "wb", buffering=0) as f, contextlib.suppress(OSError):
        while True:
            f.write(bytes(step))


def a_full_disk_is_told_everywhere_and_logged_once():
    with Daemon("store.reserve=1024G") as d:  # no machine of a test has that much
        eq(d.ctl("readyz"), (1, "mayfly: error: disk full\n"))
        eq(d.request("GET", "/readyz")[0], 503)
        eq(d.log_text().count("store.full"), 1)


def a_disk_that_fills_and_has_room_again():
    with small_disk("size=64m") as t:
        with Daemon("store.reserve=16M", "send.policy=open", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1", folder=t) as d:
            assert "the data folder is in memory" in d.log_text()
            eq(d.ctl("readyz")[0], 0)
            made = d.make_box()
            box = made["address"]
            hog = pathlib.Path(t, "hog")
            hog.write_bytes(b"x" * (os.statvfs(t).f_bavail * os.statvfs(t).f_frsize - (8 << 20)))
            until(lambda: d.ctl("readyz") == (1, "mayfly: error: disk full\n"))
            with smtplib.SMTP(*d.address("smtp.listen")) as s:
                try:  # the box has room, the disk has not
                    s.sendmail("a@b.example", [box], b"Subject: x\r\n\r\nx\r\n")
                    raise AssertionError("taken")
                except smtplib.SMTPDataError as e:
                    eq((e.smtp_code, e.smtp_error[:6]), (452, b"4.3.1 "))
            said = [d.request("POST", f"/api/v1/mailbox/{what}", {"to": ["a@far.example"], "text": "x"}, token=made["token"]) for what in ("drafts", "send")]
            eq([(status, json.loads(answer)["code"]) for status, _, answer in said], [(507, "full")] * 2)
            eq(said[0][2], said[1][2])
            with smtplib.SMTP(*d.address("submission.listen")) as s:
                s.starttls(context=ssl._create_unverified_context())
                s.login(box, made["token"])
                try:
                    s.sendmail(box, ["a@far.example"], f"From: {box}\r\n\r\nx\r\n")
                    raise AssertionError("taken")
                except smtplib.SMTPDataError as e:
                    eq((e.smtp_code, e.smtp_error), (452, b"4.3.1 no room here now, try again later"))
            hog.unlink()
            until(lambda: d.ctl("readyz")[0] == 0)
            eq([d.log_text().count(event) for event in ("store.full", "store.room_again")], [1, 1])


def a_start_on_a_disk_without_a_free_block():
    """What ends must end there too."""
    with small_disk("size=64m") as t, tempfile.TemporaryFile("w+") as log:
        d = Daemon("store.reserve=16M", folder=t)
        d.start()
        d.p.kill()
        d.p.wait()
        fill(t, 65536)
        p = subprocess.Popen(d.args("serve"), stdout=log, stderr=log)
        try:
            until(lambda: "event=ready " in os.pread(log.fileno(), 1 << 20, 0).decode())
            for command in (("domain", "add", "mayfly.localhost"), ("backup",)):
                eq((command, *d.ctl(*command)), (command, 1, "mayfly: error: no space left on the disk\n"))
        finally:
            p.terminate()
        eq(p.wait(timeout=20), 0)
        assert "event=ready.file" in os.pread(log.fileno(), 1 << 20, 0).decode()


def a_first_start_on_a_full_disk_says_so():
    with small_disk("size=64k") as t:
        d = Daemon(folder=t)
        (d.data / "tls").mkdir(parents=True, mode=0o700)
        make_pair(d.data / "tls", "mayfly.localhost")
        fill(t, 4096)
        e = subprocess.run(d.args("serve"), capture_output=True, text=True, timeout=60)
        assert e.returncode == 1 and 'event=start.store reason="no space left on the disk"' in e.stderr, e.stderr
    with small_disk("size=64k,nr_inodes=1") as t:  # not even the data folder
        e = subprocess.run(Daemon(folder=t).args("serve"), capture_output=True, text=True, timeout=60)
        assert e.returncode == 1 and 'event=start.data_dir reason="no space left on the disk"' in e.stderr, e.stderr


def a_start_that_fails_late_ends():
    """While the queue is being read."""
    with Daemon() as d:
        (d.data / "dkim").mkdir(exist_ok=True)
        (d.data / "dkim/mayfly.localhost").mkdir()
        d.stop()
        begin = time.monotonic()
        e = subprocess.run(d.args("serve"), capture_output=True, text=True, timeout=60)
        assert e.returncode == 1 and "step=services" in e.stderr and time.monotonic() - begin < 4, (e.returncode, e.stderr[-500:])


def the_control_socket_takes_any_bytes():
    with Daemon() as d:
        for junk in (b"\n", b"nonsense\n", b"box\n", b"box show " + b"a" * 900 + b"\n", os.urandom(500) + b"\n", b"x" * 5000, b""):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(str(d.data / "run/ctl.sock"))
                s.settimeout(5)
                try:
                    s.sendall(junk)
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(4096):
                        pass
                except (BrokenPipeError, ConnectionResetError):
                    pass
        eq(d.ctl("readyz")[0], 0)


def tells_systemd():
    with tempfile.TemporaryDirectory() as t:
        os.chmod(t, 0o777)
        path = t + "/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            os.chmod(path, 0o777)
            s.settimeout(10)
            with Daemon(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}) as d:
                eq(s.recv(100), b"READY=1")
                eq(s.recv(100), b"WATCHDOG=1")
                eq(s.recv(100), b"WATCHDOG=1")
                d.p.send_signal(signal.SIGTERM)
                while s.recv(100) != b"STOPPING=1":
                    pass


def a_test_clock_moves_the_end():
    with Daemon("test.clock=true") as d:
        box = d.make_box(ttl="10m")
        eq(d.ctl("clock", "advance", "9m")[0], 0)
        eq(d.request("GET", "/api/v1/mailbox", token=box["token"])[0], 200)
        eq(d.ctl("clock", "advance", "2m")[0], 0)
        eq(d.request("GET", "/api/v1/mailbox", token=box["token"])[0], 401)


def a_clock_that_jumps_ends_nothing_until_accepted():
    with Daemon("test.clock=true") as d:
        box = d.make_box(ttl="1h")
        eq(d.ctl("clock", "jump", "3h")[0], 0)
        until(lambda: "clock_frozen 1" in d.ctl("stats")[1])
        eq(d.request("GET", "/api/v1/mailbox", token=box["token"])[0], 200)
        eq(d.ctl("clock", "accept")[0], 0)
        until(lambda: d.request("GET", "/api/v1/mailbox", token=box["token"])[0] == 401)


def configuration_errors_end_the_start():
    with tempfile.TemporaryDirectory() as t:
        conf = pathlib.Path(t, "m.conf")
        conf.write_text("# x\nserver {\n  workers = many\n}\n")
        for command in ("check-config", "serve"):
            r = subprocess.run([BINARY, command, "-c", conf], capture_output=True, text=True, timeout=20)
            eq(r.returncode, 1)
            eq(r.stderr, f"{conf}:3: server.workers: not a number\n")


def help_is_where_people_look_for_it():
    def say(*args):
        return subprocess.run([BINARY, *args], capture_output=True, text=True, timeout=20)

    for flag in ("help", "--help", "-h"):
        eq(say(flag).returncode, 0)
        assert "box          end ADDRESS" in say(flag).stdout
    eq(say("--version").stdout, say("version").stdout)
    for wrong in ((), ("serv",)):
        eq(say(*wrong).returncode, 2)
        assert "see mayfly help" in say(*wrong).stderr
    for wrong in (("stats", "all"), ("serve", "--config", "x"), ("serve", "-c"), ("check-config", "x"), ("config",), ("config", "--fil"),
                  ("readyz", "--wai"), ("box",), ("box", "frob", "x"), ("box", "show"), ("box", "end", "a", "b"), ("version", "x"),
                  ("clock", "jump", "1h", "extra"), ("clock", "set"), ("drain", "now"), ("backup", "here")):
        r = say(*wrong, "-o", "server.data_dir=/nonexistent") if wrong[-1] != "-c" else say(*wrong)
        eq((wrong, r.returncode), (wrong, 2))
        assert r.stderr.startswith(f"usage: mayfly {wrong[0]}"), r.stderr
    for command in ("serve", "drain", "backup", "box", "clock", "readyz"):
        r = say(command, "--help", "-o", "server.data_dir=/nonexistent")
        eq((command, r.returncode, r.stdout), (command, 0, say("help").stdout))
    for n, code, want in ((990, 3, "mayfly: nobody answers at"), (991, 2, "mayfly box: too long: a command and its arguments have at most 999 octets\n")):
        r = say("box", "show", "a" * n, "-o", "server.data_dir=/nonexistent")
        eq((n, r.returncode, r.stderr.startswith(want)), (n, code, True))
    assert "is the server running" in say("stats", "-o", "server.data_dir=/nonexistent").stderr


def no_leftovers_of_strangers_in_the_log():
    with Daemon("log.level=debug") as d:
        box = d.make_box()
        d.send(box["address"], "Subject: canary-subject\r\n\r\ncanary-body\r\n", sender="canary-sender@example.test")
        d.request("GET", "/api/v1/mailbox", token=box["token"])
        d.request("GET", "/api/v1/mailbox", token="mf1_canary")
        try:
            d.send("canary-unknown@mayfly.localhost", "Subject: x\r\n\r\ny\r\n")
        except Exception:
            pass
        d.stop()
        said = d.log_text().split("mayfly serves:")
        said = said[0] + said[1].split("  domain ", 1)[1].split("\n", 1)[1]  # without our own addresses
        for word in ("canary", box["address"].split("@")[0], box["token"], "127.0.0.1", "7f000001"):
            assert word not in said, f"{word} in the log: {said}"


def the_operator_gets_postmaster_and_abuse():
    with Daemon() as d:
        with d.smtp() as s:
            s.ehlo()
            s.mail("a@example.test")
            eq(s.rcpt("postmaster")[0] // 100 in (4, 5), True)
        code, said = d.ctl("box", "operator")
        eq(code, 0)
        token = next(line.split()[1] for line in said.splitlines() if line.startswith("token"))
        for to in ("abuse@mayfly.localhost", "Postmaster@mayfly.localhost"):
            d.send(to, f"Subject: to {to}\r\n\r\nhello\r\n")
        with d.smtp() as s:
            s.ehlo()
            s.mail("")
            eq(s.rcpt("Postmaster")[0], 250)
        eq([m["subject"] for m in d.messages(token)], ["to Postmaster@mayfly.localhost", "to abuse@mayfly.localhost"])
        assert d.ctl("box", "operator")[0] != 0
        eq(d.ctl("box", "end", "postmaster@mayfly.localhost")[0], 0)
        eq(d.ctl("box", "operator")[0], 0)


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(run([globals()[name] for name in sys.argv[1:]]))
    sys.exit(run([the_operator_gets_postmaster_and_abuse, starts_within_a_second_and_says_where, the_main_job, gives_up_what_it_does_not_need, root_becomes_a_user,
                  what_another_user_left_is_named, what_serve_would_refuse_or_pass_over_is_said_before, both_refuse_in_the_same_words, a_refused_lesson_leaves_nothing, what_cannot_be_read_is_named, verify_says_when_nobody_was_asked,
                  verify_takes_an_address_in_brackets_and_only_a_host_name, what_a_folder_has_that_cannot_be_followed_is_passed_over,
                  nothing_to_learn_from_is_said, a_model_that_cannot_be_used_says_why, which_configuration_is_read,
                  a_second_one_on_the_same_folder_is_refused, a_port_in_use_is_named, drains, a_second_signal_ends_it_at_once,
                  a_self_signed_pair_is_made_and_kept, certificates_are_read_again_at_sighup, a_pair_that_is_taken_away_is_no_longer_served, the_operator_asks,
                  a_full_disk_is_told_everywhere_and_logged_once, a_disk_that_fills_and_has_room_again, a_start_on_a_disk_without_a_free_block, a_first_start_on_a_full_disk_says_so, a_start_that_fails_late_ends, the_control_socket_takes_any_bytes, tells_systemd, a_test_clock_moves_the_end,
                  a_clock_that_jumps_ends_nothing_until_accepted, configuration_errors_end_the_start,
                  help_is_where_people_look_for_it, no_leftovers_of_strangers_in_the_log]))
