#!/usr/bin/env python3
"""Malware and spam scanners beside a whole server in its sandbox: real clamd and rspamd, and what they do when they are
killed, hang, are slow or absent. Every 250 is a mail in the store, and malware is in no INBOX."""
import base64
import http.client
import io
import pathlib
import re
import smtplib
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
from daemon import Daemon  # noqa: E402
from scanners import EICAR, GTUBE, Clamd, Rspamd  # noqa: E402

CLIENT = "198.51.100.77"
ACK = "scan.plaintext_ack=true"


def zipped(members, level=9):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as z:
        for name, content in members:
            z.writestr(name, content)
    return out.getvalue()


def bomb():
    """Some 42 KB that unpack to a terabyte, zips in zips."""
    inner = zipped([("zeros", bytes(1 << 20))])
    while True:
        outer = zipped([(f"{i:02}.zip", inner) for i in range(16)])
        if len(outer) > 42 << 10:
            return outer
        inner = outer


def message(subject, attachment=None, text=b"hello"):
    head = f"From: ann@a.example\r\nSubject: {subject}\r\nMessage-ID: <{time.monotonic_ns()}@a.example>\r\nDate: Fri, 27 Nov 2026 12:00:00 +0000\r\n"
    if attachment is None:
        return head.encode() + b"\r\n" + text + b"\r\n"
    name, content = attachment
    coded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (head + "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n").encode() + text + (
        f"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename={name}\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n").encode() + coded + b"--b--\r\n"


def send(d, box, data, client=None):
    """The reply to the whole mail, such as "250 2.0.0 …"."""
    with smtplib.SMTP(*d.address("smtp.listen"), timeout=60) as s:
        if client:
            s.docmd(f"XCLIENT ADDR={client}")
        s.ehlo()
        assert s.mail("ann@a.example")[0] == 250 and s.rcpt(box["address"])[0] == 250
        code, said = s.data(data)
        return f"{code} {said.decode()}"


def listed(d, box, folder="INBOX"):
    return d.api("GET", f"/mailbox/messages?folder={folder}&limit=200", token=box["token"])["messages"]


def newest(d, box, folder="INBOX"):
    return listed(d, box, folder)[0]


def get(d, path):
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", path)
    return c.getresponse().read().decode()


def need(said, begin):
    assert said.startswith(begin), said


def malware_reaches_no_inbox():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "test.xclient=true") as d:
        box = d.make_box()
        need(send(d, box, message("clean", ("a.pdf", b"%PDF-1.4 nothing"))), "250 ")
        m = newest(d, box)
        assert m["verdict"]["scan"] == "clean", m
        archive = zipped([("inside.txt", EICAR)])
        for data in (message("plain", text=EICAR), message("file", ("eicar.com", EICAR)), message("zip", ("a.zip", archive)),
                     message("zip in zip", ("b.zip", zipped([("a.zip", archive)])))):
            need(send(d, box, data), "554 5.7.1 malware")
            need(send(d, box, data, CLIENT), "554 5.7.1 malware")
        assert [m["subject"] for m in listed(d, box)] == ["clean"] and not listed(d, box, "Junk")
        said = get(d, "/metrics")
        assert 'mayfly_scan_total{scanner="clamd",outcome="found"} 8\n' in said and 'mayfly_check_seconds_count{check="clamd"} 9\n' in said, said
        assert "clamd ok" in get(d, "/readyz")


def malware_into_junk():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.malware=junk") as d:
        box = d.make_box()
        need(send(d, box, message("zip", ("a.zip", zipped([("x", EICAR)])))), "250 ")
        assert not listed(d, box)
        m = newest(d, box, "Junk")
        assert m["verdict"]["scan"].startswith("malware: Eicar-Test"), m
        assert "MALWARE" in [s["name"] for s in m["verdict"]["symbols"]] and m["junk"], m


def mail_from_box_to_box_too():
    """Its writer is told by a report, which is this server's own and not looked at; what the mail says counts as well."""
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "send.policy=open") as d:
        ann, ben = d.make_box(), d.make_box()

        def write(subject, text, **more):
            d.api("POST", "/mailbox/send", {"to": [ben["address"]], "subject": subject, "text": text, **more}, token=ann["token"], want=(202,))

        def waited(box, folder, subject):
            until = time.monotonic() + 20
            while time.monotonic() < until:
                for m in listed(d, box, folder):
                    if subject in m["subject"]:
                        return m
                time.sleep(0.05)
            raise AssertionError((subject, listed(d, box, folder)))

        write("evil", "see below", attachments=[{"filename": "x.txt", "content": base64.b64encode(EICAR).decode()}])
        report = waited(ann, "INBOX", "")
        text = d.api("GET", f"/mailbox/messages/{report['id']}", token=ann["token"])["text"]
        assert "malware was found in it" in text and report["verdict"]["scan"] is None and not report["verdict"]["symbols"], (report, text)
        write("lunch", "At noon?")
        m = waited(ben, "INBOX", "lunch")
        assert m["verdict"]["scan"] == "clean" and m["auth"]["domain"] == ben["address"].split("@")[1], m
        write("bill", "Here it is.", attachments=[{"filename": "bill.pdf.exe", "content": base64.b64encode(b"MZ" + bytes(200)).decode()}])
        assert waited(ben, "Junk", "bill")["verdict"]["symbols"]
        assert [m["subject"] for m in listed(d, ben)] == ["lunch"]


def too_large_is_said():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.max_bytes=4M") as d:
        box = d.make_box()
        for megabytes in (3, 5):  # over clamd's own limit of 2M, which closes in the middle; and over ours
            need(send(d, box, message("large", ("a.bin", bytes(range(256)) * (megabytes << 12)))), "250 ")
            m = newest(d, box)
            assert m["verdict"]["scan"] == "unscanned: too large", m
        assert "clamd ok" in get(d, "/readyz")


def what_cannot_be_read_is_refused():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.max_bytes=4M", "scan.unreadable=refuse") as d:
        box = d.make_box()
        for megabytes in (3, 5):
            need(send(d, box, message("large", ("a.bin", bytes(range(256)) * (megabytes << 12)))), "554 5.7.1 it cannot be scanned")
        need(send(d, box, message("small")), "250 ")
        assert [m["subject"] for m in listed(d, box)] == ["small"] and "clamd ok" in get(d, "/readyz")


def an_error_over_one_mail_is_its_own():
    """Mail that makes the scanner fail waits, and no other mail does; what it calls broken is taken and marked."""
    def says(data):
        return b"stream: Can't allocate memory ERROR" if b"Subject: sick" in data else b"stream: CL_EFORMAT: Bad format or broken data ERROR" if b"Subject: broken" in data else b"stream: OK"
    fake = Slow(0, says)
    with Daemon(f"clamd.address={fake.address}", ACK) as d:
        box = d.make_box()
        for i in range(5):
            need(send(d, box, message("sick")), "451 ")
        for i in range(5):
            need(send(d, box, message("broken")), "250 ")
            assert newest(d, box)["verdict"]["scan"] == "unscanned: could not be read"
        assert "clamd ok" in get(d, "/readyz") and 'mayfly_scan_total{scanner="clamd",outcome="error"} 5\n' in get(d, "/metrics")
        need(send(d, box, message("well")), "250 ")
        assert newest(d, box)["verdict"]["scan"] == "clean"
    with Daemon(f"clamd.address={fake.address}", ACK, "scan.down_for=1s") as d:  # nothing but errors: taken after a while, and told
        box, begun = d.make_box(), time.monotonic()
        while (said := send(d, box, message("sick"))).startswith("451 ") and time.monotonic() - begun < 10:
            time.sleep(0.1)
        need(said, "250 ")
        assert time.monotonic() - begun >= 1 and newest(d, box)["verdict"]["scan"] == "unscanned: the scanner has an error"
    fake.s.close()


def lite(d, box, path, **fields):
    """A page of /lite, without its tags."""
    body = urllib.parse.urlencode({"token": box["token"], **fields})
    _, _, page = d.request("POST", "/lite/" + path, body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    return re.sub(r"<[^>]+>", "", page.decode())


def lite_tells_it_too():
    """What was found, and that nobody looked; a file of a mail with malware is not handed out at the first click."""
    def says(data):
        return b"stream: Win.Test-1 FOUND" if b"Subject: evil" in data else b"stream: CL_EFORMAT: Bad format or broken data ERROR" if b"Subject: broken" in data else b"stream: OK"
    fake = Slow(0, says)
    with Daemon(f"clamd.address={fake.address}", ACK, "scan.malware=junk") as d:
        box = d.make_box()
        for subject in ("broken", "evil", "well"):
            need(send(d, box, message(subject, ("a.bin", b"x"))), "250 ")
        pages = {m["subject"]: (m["id"], lite(d, box, "message", id=m["id"])) for m in listed(d, box) + listed(d, box, "Junk")}
        assert "Not scanned for malware: could not be read" in pages["broken"][1], pages["broken"]
        assert "Malware was found in this mail. Open nothing in it. Win.Test-1" in pages["evil"][1], pages["evil"]
        assert "alware" not in pages["well"][1] and "scanned" not in pages["well"][1], pages["well"]
        assert lite(d, box, "file", id=pages["well"][0], n=0) == "x"
        assert "Malware was found in this mail. Opening it can harm your device." in lite(d, box, "file", id=pages["evil"][0], n=0)
        assert lite(d, box, "file", id=pages["evil"][0], n=0, sure="yes") == "x"
    fake.s.close()


def a_bomb_costs_bounded_time():
    data = bomb()
    assert 42 << 10 < len(data) < 200 << 10, len(data)
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.timeout=15s") as d:
        box = d.make_box()
        begun = time.monotonic()
        need(send(d, box, message("bomb", ("bomb.zip", data))), "250 ")
        spent = time.monotonic() - begun
        assert spent < 15, spent
        m = newest(d, box)
        assert m["verdict"]["scan"] == "unscanned: could not be read", m
    with Daemon() as d:  # and by itself, what lists it takes no time at all
        begun = time.monotonic()
        need(send(d, d.make_box(), message("bomb", ("bomb.zip", data))), "250 ")
        assert time.monotonic() - begun < 2


def absent_then_back():
    c = Clamd()
    begun = time.monotonic()
    with Daemon(f"clamd.address={c.socket}", ACK, "scan.down_for=4s") as d:
        box = d.make_box()
        while "clamd down" not in get(d, "/readyz"):  # also when no mail comes
            time.sleep(0.1)
            assert time.monotonic() - begun < 10
        assert get(d, "/readyz").startswith("ok") and "scanner.down" in d.log_text()
        while (said := send(d, box, message("unscanned", ("a.bin", b"x")))).startswith("451 ") and time.monotonic() - begun < 20:
            assert not listed(d, box)
            time.sleep(0.1)
        need(said, "250 ")
        assert time.monotonic() - begun >= 4
        m = newest(d, box)
        assert m["verdict"]["scan"] == "unscanned: no scanner answered", m
        said = get(d, "/metrics")
        assert 'mayfly_scan_total{scanner="clamd",outcome="unasked"}' in said and 'mayfly_scanner_up{scanner="clamd"} 0\n' in said, said
        with c:
            until = time.monotonic() + 10
            while newest(d, box)["verdict"]["scan"] != "clean" and time.monotonic() < until:
                time.sleep(0.3)
                send(d, box, message("is it back?"))
            assert newest(d, box)["verdict"]["scan"] == "clean"
            need(send(d, box, message("evil", text=EICAR)), "554 ")
            assert "clamd ok" in get(d, "/readyz")
            time.sleep(1.1)
            assert "scanner.up" in d.log_text()
    with Daemon("clamd.address=127.0.0.1:1", ACK, "scan.down=accept") as d:
        box = d.make_box()
        need(send(d, box, message("at once")), "250 ")
        assert newest(d, box)["verdict"]["scan"] == "unscanned: no scanner answered"


def it_answers_pings_and_no_mail():
    mute = Slow(60)
    begun = time.monotonic()
    with Daemon(f"clamd.address={mute.address}", ACK, "scan.timeout=1s", "scan.down_for=4s") as d:
        box = d.make_box()
        while (said := send(d, box, message("unscanned"))).startswith("451 ") and time.monotonic() - begun < 30:
            assert not listed(d, box)
            time.sleep(0.3)
        need(said, "250 ")
        assert time.monotonic() - begun >= 4 and newest(d, box)["verdict"]["scan"] == "unscanned: no scanner answered"
        assert "clamd down" in get(d, "/readyz")
        until = time.monotonic() + 15  # it is looked at every ten seconds
        while "scanner.down" not in d.log_text() and time.monotonic() < until:
            time.sleep(0.2)
        assert "scanner.down" in d.log_text()
    mute.s.close()


def killed_in_the_middle():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.timeout=20s") as d:
        box, said = d.make_box(), []
        c.hang()
        t = threading.Thread(target=lambda: said.append(send(d, box, message("half", ("a.bin", bytes(500000))))))
        t.start()
        time.sleep(0.5)
        assert not said  # it waits for its answer
        c.kill()
        t.join(10)
        assert said, "no reply"
        need(said[0], "451 ")
        assert not listed(d, box)
        c.start()
        need(send(d, box, message("again")), "250 ")


def hung():
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK, "scan.timeout=1s") as d:
        box = d.make_box()
        c.hang()
        for i in range(5):
            begun = time.monotonic()
            need(send(d, box, message("hung")), "451 ")
            assert time.monotonic() - begun < 3
        begun = time.monotonic()  # by now nobody waits for it
        for _ in range(3):
            need(send(d, box, message("hung")), "451 ")
        assert time.monotonic() - begun < 2.5
        c.go_on()
        time.sleep(1.1)
        need(send(d, box, message("on again")), "250 ")
        assert [m["subject"] for m in listed(d, box)] == ["on again"]
        # at the end of the server mail under way is answered, or not: but it ends
        c.hang()
        t = threading.Thread(target=quietly, args=(lambda: send(d, box, message("last")),))
        t.start()
        time.sleep(0.2)
        assert d.stop() == 0
        t.join()
        c.go_on()


def quietly(run):
    try:
        run()
    except (OSError, smtplib.SMTPException):
        pass


class Slow:
    """Says clean, or what it is told to say of a mail, each time after a while."""

    def __init__(self, seconds, says=lambda data: b"stream: OK"):
        self.says = says
        self.s = socket.create_server(("127.0.0.1", 0))
        self.address = "%s:%d" % self.s.getsockname()
        self.seconds, self.most, self.now, self.lock = seconds, 0, 0, threading.Lock()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            threading.Thread(target=quietly, args=(lambda c=c: self.answer(c),), daemon=True).start()

    def answer(self, c):
        data = c.recv(6, socket.MSG_WAITALL)
        if data == b"zPING\0":
            c.sendall(b"PONG\0")
            c.close()
            return
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        while not data.endswith(b"\0\0\0\0"):
            data += c.recv(65536)
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        c.sendall(self.says(data) + b"\0")
        c.close()


def slow_blocks_nobody():
    slow = Slow(1)
    with Daemon(f"clamd.address={slow.address}", ACK, "server.workers=1") as d:
        box, said = d.make_box(), []
        threads = [threading.Thread(target=lambda: said.append(send(d, box, message("slow")))) for _ in range(24)]
        begun = time.monotonic()
        for t in threads:
            t.start()
        time.sleep(0.3)
        with smtplib.SMTP(*d.address("smtp.listen"), timeout=10) as s:
            for _ in range(20):
                one = time.monotonic()
                s.noop()
                assert time.monotonic() - one < 0.5  # the loop is free
        for t in threads:
            t.join()
        spent = time.monotonic() - begun
        assert len(said) == 24 and all(x.startswith("250 ") for x in said), said
        assert slow.most == 16 and spent < 10, (slow.most, spent)  # sixteen at once, the others in turn
        assert len(listed(d, box)) == 24
    slow.s.close()


def nothing_is_lost():
    """clamd dies and comes back while mail comes in."""
    with Clamd() as c, Daemon(f"clamd.address={c.socket}", ACK) as d:
        box, taken, over = d.make_box(), [], threading.Event()

        def sender(name):
            n = 0
            while not over.is_set():
                n += 1
                evil = n % 3 == 0
                subject = f"{'evil' if evil else 'good'} {name} {n}"
                said = send(d, box, message(subject, ("a.zip", zipped([("x", EICAR if evil else bytes(100000))]))))
                if said.startswith("250 "):
                    taken.append(subject)
                else:
                    assert said.startswith("554 5.7.1" if evil and said[0] == "5" else "451 "), said
        threads = [threading.Thread(target=sender, args=(i,)) for i in range(4)]
        for t in threads:
            t.start()
        for _ in range(4):
            time.sleep(0.4)
            c.kill()
            time.sleep(0.2)
            c.start()
        time.sleep(0.5)
        over.set()
        for t in threads:
            t.join()
        have, cursor = [], ""
        while cursor is not None:
            page = d.api("GET", f"/mailbox/messages?limit=200{cursor and '&cursor=' + cursor}", token=box["token"])
            have += [m["subject"] for m in page["messages"]]
            cursor = page["next_cursor"]
        assert sorted(have) == sorted(taken) and len(taken) > 10, (len(have), len(taken))
        assert not any(s.startswith("evil") for s in have), have


def rspamd_weighs():
    with Rspamd() as r:
        with Daemon(f"rspamd.address={r.address}", ACK, "test.xclient=true") as d:
            box = d.make_box()
            need(send(d, box, message("ham"), CLIENT), "250 ")
            m = newest(d, box)
            assert m["verdict"]["scan"] is None and not m["junk"], m
            need(send(d, box, message("spam", text=GTUBE), CLIENT), "250 ")
            m = newest(d, box, "Junk")
            found = [s for s in m["verdict"]["symbols"] if s["name"] == "RSPAMD"]
            assert m["subject"] == "spam" and found and found[0]["score"] == 4 and "GTUBE" in found[0]["reason"], m
            assert "rspamd ok" in get(d, "/readyz") and 'mayfly_scan_total{scanner="rspamd",outcome="found"} 1\n' in get(d, "/metrics")
            r.kill()
            need(send(d, box, message("away")), "451 ")
        said = (r.folder / "out").read_text(errors="replace")
        assert "ham" not in said and CLIENT not in said and box["address"].split("@")[0] not in said, said[-2000:]
        r.start()
        with Daemon(f"rspamd.address={r.address}", ACK, "test.xclient=true", "rspamd.send_client=true") as d:
            need(send(d, d.make_box(), message("ham"), CLIENT), "250 ")
            assert CLIENT in (r.folder / "out").read_text(errors="replace")


def both_at_once():
    with Clamd() as c, Rspamd() as r, Daemon(f"clamd.address={c.socket}", f"rspamd.address={r.address}", ACK) as d:
        box = d.make_box()
        need(send(d, box, message("spam", text=GTUBE)), "250 ")
        m = newest(d, box, "Junk")
        assert m["verdict"]["scan"] == "clean" and "RSPAMD" in [s["name"] for s in m["verdict"]["symbols"]], m
        need(send(d, box, message("evil", ("x", EICAR), text=GTUBE)), "554 5.7.1 malware")


def off_until_confirmed():
    with Daemon("clamd.address=127.0.0.1:1") as d:
        box = d.make_box()
        need(send(d, box, message("not scanned")), "250 ")
        assert newest(d, box)["verdict"]["scan"] is None
        assert "scan.plaintext_ack" in d.log_text() and "clamd" not in get(d, "/readyz")
        said = subprocess.run(d.args("check-config"), capture_output=True, text=True, timeout=30, check=True)
        assert "scan.plaintext_ack" in said.stderr and "plaintext" in said.stderr, said.stderr
    for bad in ("clamd.address=localhost:1", "rspamd.address=127.0.0.1", "clamd.address=127.0.0.1:0"):
        name = bad.split("=", 1)[0]
        said = subprocess.run([daemon.BINARY, "check-config", "-o", bad], capture_output=True, text=True, timeout=30, check=False)
        assert said.returncode == 1 and name in said.stderr, said


if __name__ == "__main__":
    sys.exit(daemon.run([malware_reaches_no_inbox, malware_into_junk, mail_from_box_to_box_too, too_large_is_said, what_cannot_be_read_is_refused, an_error_over_one_mail_is_its_own, lite_tells_it_too, a_bomb_costs_bounded_time, absent_then_back, it_answers_pings_and_no_mail,
                         killed_in_the_middle, hung, slow_blocks_nobody, nothing_is_lost, rspamd_weighs, both_at_once, off_until_confirmed]))
