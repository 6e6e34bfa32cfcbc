#!/usr/bin/env python3
"""P2, P3, P5: canaries of everything that is secret are looked for in every byte of the data folder, the log and the
metrics, while the box lives, after a restart, after its end; and in the process's memory once all sessions are over. And
what is gone can't be opened by the code itself, given the token and a copy of the disk taken then.

    tests/system/secrecy.py [--full]     --full also waits the minute that idle keys are kept, then reads the memory
"""
import base64
import http.client
import imaplib
import os
import pathlib
import poplib
import re
import shutil
import smtplib
import socket
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "lib"))
from daemon import Daemon, Skip, run  # noqa: E402

FULL = "--full" in sys.argv
CLIENT = "127.77.88.99"  # where all mail and requests of these tests come from
CANARIES = {
    "subject": "zebraSubjectCanary", "sender": "canarysender", "sender domain": "canary-sender-domain", "body": "zebraBodyCanary",
    "attachment name": "zebraAttachmentCanary", "attachment": "zebraInsideAttachmentCanary", "code": "739204-canary"[:6],
    "html": "zebraHtmlCanary",
}
TEXT_FORMS_OF_CLIENT = [b"127.77.88.99", b"99.88.77.127", b"::ffff:127.77.88.99", b"::ffff:7f4d:5863", b"7f4d5863", b"7F4D5863",
                        b"63584d7f", b"2135775331"]
BINARY_FORMS_OF_CLIENT = [b"\x7f\x4d\x58\x63", b"\x63\x58\x4d\x7f"]


def forms(text):
    """A text as it might hide: as it is, lower, upper, hex, base64 at any offset, UTF-16."""
    raw = text.encode()
    out = {raw, raw.lower(), raw.upper(), raw.hex().encode(), raw.hex().upper().encode(), text.encode("utf-16-le"), raw[::-1]}
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        out.add(coded[4 if shift else 0:len(coded) - 4])  # the part that does not depend on the neighbours
    return {f for f in out if len(f) >= 6}


def needles(box, password=None):
    n = {name: forms(text) for name, text in CANARIES.items()}
    local = box["address"].split("@")[0]
    n["address"] = forms(box["address"]) | forms(local)
    n["token"] = forms(box["token"]) | forms(box["token"][4:])
    raw = base64.urlsafe_b64decode(box["token"][4:] + "=")
    n["token bytes"] = {raw, raw.hex().encode()}
    n["recovery words"] = forms(box["recovery"])
    if password:
        n["password"] = forms(password)
    n["client address"] = set(TEXT_FORMS_OF_CLIENT)
    return n


def look_in(where, data, wanted):
    for name, set_of in wanted.items():
        for form in set_of:
            at = data.find(form)
            if at >= 0:
                raise AssertionError(f"{name} stands in {where} at {at}: …{data[max(0, at - 24):at + 40]!r}…")


def look_everywhere(d, wanted):
    files = 0
    for path in d.folder.rglob("*"):
        look_in("a file's name", str(path.relative_to(d.folder)).encode(), wanted)
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes().strip(b"\0")  # the ballast is one long run of nothing
            look_in(path.relative_to(d.folder), data, wanted)
            if path.name != "data.mdb":
                look_in(path.relative_to(d.folder), data, {"client address": set(BINARY_FORMS_OF_CLIENT)} if len(data) < 1 << 16 else {})
            files += 1
    assert files >= 5, "is this the data folder?"
    look_in("log", d.log_text().encode(), wanted)


def metrics(d):
    c = http.client.HTTPConnection(*d.address("metrics.listen"), timeout=10)
    c.request("GET", "/metrics")
    return c.getresponse().read()


def request(d, method, path, body=None, token=None):
    """As Daemon.request, from CLIENT."""
    import json
    c = http.client.HTTPConnection(*d.address("http.listen"), timeout=30, source_address=(CLIENT, 0))
    h = {"Authorization": f"Bearer {token}"} if token else {}
    if body is not None:
        body, h["Content-Type"] = json.dumps(body), "application/json"
    c.request(method, "/api/v1" + path, body, h)
    r = c.getresponse()
    said = r.read()
    c.close()
    return r.status, json.loads(said) if said[:1] in b"{[" and said else said


def mail():
    attachment = base64.b64encode((CANARIES["attachment"] + " in a file\n").encode()).decode()
    return (f"From: Zed <{CANARIES['sender']}@{CANARIES['sender domain']}.example>\r\nSubject: {CANARIES['subject']} {CANARIES['code']}\r\n"
            "Message-ID: <canary-1@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
            f"--b\r\nContent-Type: text/plain\r\n\r\n{CANARIES['body']}: your code is {CANARIES['code']}.\r\n"
            f"--b\r\nContent-Type: text/html\r\n\r\n<p>{CANARIES['html']}</p>\r\n"
            f"--b\r\nContent-Disposition: attachment; filename={CANARIES['attachment name']}.txt\r\n"
            f"Content-Transfer-Encoding: base64\r\n\r\n{attachment}\r\n--b--\r\n")


def deliver(d, to, text=None, helo=f"[{CLIENT}]"):
    with smtplib.SMTP(*d.address("smtp.listen"), local_hostname=helo, timeout=30, source_address=(CLIENT, 0)) as s:
        s.sendmail(f"{CANARIES['sender']}@{CANARIES['sender domain']}.example", [to], (text or mail()).encode())


class Pop(poplib.POP3):
    """A POP3 session under TLS, from CLIENT."""

    def __init__(self, d):
        super().__init__(*d.address("pop3.listen"), timeout=30)
        self.stls(ssl._create_unverified_context())

    def _create_socket(self, timeout):
        return socket.create_connection((self.host, self.port), timeout, source_address=(CLIENT, 0))

    def login(self, user, secret):
        """False: denied."""
        try:
            self.user(user)
            self.pass_(secret)
        except poplib.error_proto as e:
            assert b"[AUTH]" in e.args[0], e
            return False
        return True


def use_pop3(d, box, password):
    p = Pop(d)
    assert not p.login(box["address"], "wrong" + password)
    assert p.login(box["address"], box["token"])
    assert CANARIES["body"].encode() in b"\r\n".join(p.retr(1)[1]) and p.top(1, 0) and p.uidl()
    p.quit()
    p = Pop(d)
    assert p.login(box["address"].upper(), password)
    p.retr(1)
    p.close()  # without a word


def use_imap(d, box, password):
    m = imaplib.IMAP4(*d.address("imap.listen"))
    m.starttls(ssl._create_unverified_context())
    try:
        m.login(box["address"], "wrong" + password)
        raise AssertionError("a wrong password logs in")
    except imaplib.IMAP4.error as e:
        assert "AUTHENTICATIONFAILED" in str(e), e
    m.login(box["address"], box["token"])
    m.create(f"{CANARIES['subject']}/{CANARIES['body']}")
    m.append(f"{CANARIES['subject']}/{CANARIES['body']}", f"({CANARIES['code']}Keyword)", None, mail().encode())
    m.select()
    assert CANARIES["body"].encode() in m.fetch("1", "(BODY[] ENVELOPE)")[1][0][1]
    assert m.search(None, "BODY", CANARIES["body"])[1] == [b"1"]
    m.copy("1", CANARIES["subject"])
    m.logout()


def keep_draft(d, box, answered):
    """A draft, and another in its place; the mail that it is."""
    token = box["token"]
    attached = base64.b64encode(CANARIES["attachment"].encode()).decode()
    mail = {"to": [f"{CANARIES['sender']}@{CANARIES['sender domain']}.example"], "subject": CANARIES["subject"], "text": CANARIES["body"],
            "html": CANARIES["html"], "attachments": [{"filename": CANARIES["attachment name"] + ".txt", "content": attached}], "in_reply_to": answered}
    status, draft = request(d, "POST", "/mailbox/drafts", mail, token)
    assert status == 201, draft
    mail["attachments"] = [{"message": draft["id"], "n": 0}]
    status, draft = request(d, "PUT", f"/mailbox/drafts/{draft['id']}", mail, token)
    assert status == 200, draft
    assert request(d, "GET", f"/mailbox/messages/{draft['id']}/compose?as=edit", token=token)[1]["subject"] == CANARIES["subject"]
    return {**mail, "attachments": [{"message": draft["id"], "n": 0}]}


def send(d, box, mail):
    """One that waits to leave while the disk is looked at."""
    status, sent = request(d, "POST", "/mailbox/send", {**mail, "undo": 60}, box["token"])
    assert status == 202, sent
    assert request(d, "GET", "/mailbox/outbox", token=box["token"])[1]["outbox"][0]["recallable"]


def use(d, box, password):
    """Everything a holder does."""
    token = box["token"]
    deliver(d, box["address"])
    status, page = request(d, "GET", "/mailbox/messages", token=token)
    assert status == 200 and page["messages"][0]["subject"].startswith(CANARIES["subject"]), page
    m = page["messages"][0]["id"]
    assert CANARIES["body"] in request(d, "GET", f"/mailbox/messages/{m}", token=token)[1]["text"]
    assert CANARIES["attachment"].encode() in request(d, "GET", f"/mailbox/messages/{m}/attachments/0", token=token)[1]
    assert request(d, "GET", "/mailbox/messages?q=" + CANARIES["subject"], token=token)[0] == 200
    assert request(d, "POST", "/session", {"address": box["address"], "password": password})[0] in (200, 201)
    assert request(d, "POST", "/session", {"address": box["address"], "password": "wrong" + password})[0] in (401, 403)
    assert request(d, "POST", "/session", {"recovery": box["recovery"]})[0] in (200, 201)
    assert request(d, "GET", "/mailbox", token="mf1_" + "A" * 43)[0] == 401
    use_pop3(d, box, password)
    use_imap(d, box, password)
    for bad in ("nobody-zebra@mayfly.localhost", "someone@elsewhere.example"):
        try:
            deliver(d, bad)
        except smtplib.SMTPException:
            pass
    return keep_draft(d, box, m)


PASSWORD = "correct zebra battery"


def made(d):
    status, box = request(d, "POST", "/mailboxes", {"local": "zebracanarybox", "password": PASSWORD})
    assert status == 201, box
    return box


def no_canary_on_disk_in_log_or_metrics():
    with Daemon("log.level=debug", "send.unchecked=true", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1") as d:
        box = made(d)
        send(d, box, use(d, box, PASSWORD))
        wanted = needles(box, PASSWORD)
        look_everywhere(d, wanted)
        look_in("metrics", metrics(d), wanted)
        d.restart()
        assert request(d, "GET", "/mailbox/messages", token=box["token"])[1]["messages"], "lost over the restart"
        look_everywhere(d, wanted)
        assert request(d, "DELETE", "/mailbox", token=box["token"])[0] == 200
        look_everywhere(d, wanted)
        look_in("metrics", metrics(d), wanted)
        d.restart()
        look_everywhere(d, wanted)


def the_search_itself_bites():
    box = {"address": "zebracanarybox@x.test", "token": "mf1_" + "A" * 43, "recovery": "zoo zoo zoo"}
    for text in (CANARIES["body"], base64.b64encode(b"ab" + CANARIES["subject"].encode() + b"xyz").decode(), CANARIES["html"].encode().hex(),
                 "::ffff:7f4d:5863"):
        try:
            look_in("test", b"..." + text.encode() + b"...", needles(box))
        except AssertionError:
            continue
        raise RuntimeError(f"{text} was not found")


def memory_of(pid):
    """Every writable byte of a process, as root's core image would have it."""
    if os.geteuid() != 0:
        raise Skip("reading another process's memory needs root")
    out = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)", line)
            begin, end, rights, name = int(m[1], 16), int(m[2], 16), m[3], m[4]
            if "w" not in rights or end - begin > 1 << 30 or name.startswith("[v") or name.endswith(".mdb"):
                continue
            try:
                mem.seek(begin)
                data = mem.read(end - begin)
                out += [data[i:i + 4096] for i in range(0, len(data), 4096) if data.count(0, i, i + 4096) < 4096]
            except OSError:
                pass
    return b"".join(out)


def memory_holds_nothing_once_the_last_session_is_over():
    with Daemon() as d:
        box = made(d)
        use(d, box, PASSWORD)
        wanted = needles(box, PASSWORD)
        assert any(f in memory_of(d.pid) for f in wanted["subject"]) or True  # the keys of a session may be there
        if FULL:
            time.sleep(63)  # idle keys and summaries are kept for a minute
        else:
            assert request(d, "DELETE", "/mailbox", token=box["token"])[0] == 200
            time.sleep(2)
        deliver_others(d)
        time.sleep(1.5)  # buffers that live on are wiped each second
        look_in("the process's memory", memory_of(d.pid), wanted)


def deliver_others(d):
    """Other traffic, as there always is: buffers are used again."""
    other = d.make_box()
    for i in range(3):
        d.send(other["address"], f"Subject: other {i}\r\n\r\nnothing to see\r\n")
    d.messages(other["token"])


def after_burn_the_code_cannot_open_it_given_token_and_disk():
    with Daemon() as d:
        box = made(d)
        use(d, box, PASSWORD)
        assert request(d, "DELETE", "/mailbox", token=box["token"])[0] == 200
        copied = pathlib.Path(str(d.folder) + "-copy")
        shutil.copytree(d.data, copied / "data", ignore=shutil.ignore_patterns("run"))
        try:
            denied_everywhere(Daemon(folder=copied), box)
        finally:
            shutil.rmtree(copied, ignore_errors=True)


def denied_everywhere(d, box):
    with d:
        assert request(d, "GET", "/mailbox/messages", token=box["token"])[0] == 401
        assert request(d, "POST", "/session", {"recovery": box["recovery"]})[0] in (401, 403)
        assert request(d, "POST", "/session", {"address": box["address"], "password": PASSWORD})[0] in (401, 403)
        p = Pop(d)
        assert not p.login(box["address"], box["token"]) and not p.login(box["address"], PASSWORD)
        try:
            deliver(d, box["address"])
        except smtplib.SMTPRecipientsRefused as e:
            assert list(e.recipients.values())[0][0] == 550, e
        else:
            raise AssertionError("an ended address takes mail")


def after_its_end_the_code_cannot_open_it_even_with_the_clock_put_back():
    with Daemon("box.min_ttl=1s") as d:
        status, box = request(d, "POST", "/mailboxes", {"local": "zebracanarybox", "password": PASSWORD, "ttl": 8})
        assert status == 201, box
        use(d, box, PASSWORD)
        before = request(d, "GET", "/mailbox/messages", token=box["token"])[0]
        time.sleep(8.2)
        assert before == 200 and request(d, "GET", "/mailbox/messages", token=box["token"])[0] == 401
        time.sleep(2)  # P4: within two seconds the key is destroyed
        leases = [p for p in d.data.rglob("*") if p.is_file() and "lease" in p.name]
        assert len(leases) >= 2, "where are the lease files?"
        copied = pathlib.Path(str(d.folder) + "-copy")
        shutil.copytree(d.data, copied / "data", ignore=shutil.ignore_patterns("run"))
        try:
            denied_everywhere(Daemon(folder=copied), box)
        finally:
            shutil.rmtree(copied, ignore_errors=True)


def a_revoked_token_opens_nothing():
    with Daemon() as d:
        box = made(d)
        use(d, box, PASSWORD)
        second = request(d, "POST", "/session", {"recovery": box["recovery"]})[1]["token"]
        creds = request(d, "GET", "/mailbox/credentials", token=second)[1]["credentials"]
        first = request(d, "GET", "/mailbox/credentials", token=box["token"])[1]["credentials"]
        mine = next(c["id"] for c in first if c.get("current"))
        assert len(creds) >= 3
        assert request(d, "DELETE", f"/mailbox/credentials/{mine}", token=second)[0] in (200, 204)
        assert request(d, "GET", "/mailbox/messages", token=box["token"])[0] == 401
        assert request(d, "GET", "/mailbox/messages", token=second)[0] == 200
        copied = pathlib.Path(str(d.folder) + "-copy")
        shutil.copytree(d.data, copied / "data", ignore=shutil.ignore_patterns("run"))
        try:
            with Daemon(folder=copied) as d2:
                assert request(d2, "GET", "/mailbox/messages", token=box["token"])[0] == 401
        finally:
            shutil.rmtree(copied, ignore_errors=True)


def a_revoked_token_reads_no_further_over_pop3():
    with Daemon() as d:
        box = made(d)
        deliver(d, box["address"])
        second = request(d, "POST", "/session", {"recovery": box["recovery"]})[1]["token"]
        p, other = Pop(d), Pop(d)
        assert p.login(box["address"], box["token"])
        first = request(d, "GET", "/mailbox/credentials", token=box["token"])[1]["credentials"]
        mine = next(c["id"] for c in first if c.get("current"))
        assert request(d, "DELETE", f"/mailbox/credentials/{mine}", token=second)[0] in (200, 204)
        said = p.file.readline()
        assert said.startswith(b"-ERR [AUTH]") and not p.file.readline(), said
        assert not other.login(box["address"], box["token"]) and other.login(box["address"], second)
        assert CANARIES["body"].encode() in b"".join(other.retr(1)[1])


def a_revoked_token_reads_no_further():
    with Daemon() as d:
        box = made(d)
        deliver(d, box["address"], "Subject: big\r\n\r\n" + "".join(f"line {i} of a mail that is long enough to take a while\r\n" for i in range(200000)))
        second = request(d, "POST", "/session", {"recovery": box["recovery"]})[1]["token"]
        m = request(d, "GET", "/mailbox/messages", token=second)[1]["messages"][0]
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.settimeout(20)
            s.connect(d.address("http.listen"))
            s.sendall(f"GET /api/v1/mailbox/messages/{m['id']}/raw HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {box['token']}\r\n\r\n".encode())
            got = len(s.recv(4096))
            first = request(d, "GET", "/mailbox/credentials", token=box["token"])[1]["credentials"]
            mine = next(c["id"] for c in first if c.get("current"))
            assert request(d, "DELETE", f"/mailbox/credentials/{mine}", token=second)[0] in (200, 204)
            try:
                while piece := s.recv(1 << 20):
                    got += len(piece)
            except ConnectionResetError:
                pass
        assert got < m["size"] / 2, f"{got} of {m['size']} octets came"


def one_box_says_nothing_of_another():
    with Daemon() as d:
        a, b = d.make_box(), d.make_box()
        d.send(b["address"], "Subject: theirs\r\n\r\nx\r\n")
        m = d.wait(b["token"])["id"]
        never = "0" * len(m)
        for path in ("", "/raw", "/html", "/attachments/0"):
            theirs = request(d, "GET", f"/mailbox/messages/{m}{path}", token=a["token"])
            nobodys = request(d, "GET", f"/mailbox/messages/{never}{path}", token=a["token"])
            assert theirs[0] == nobodys[0] == 404 and same(theirs, nobodys), (path, theirs, nobodys)
        assert request(d, "DELETE", f"/mailbox/messages/{m}", token=a["token"])[0] == 404
        assert d.messages(b["token"])[0]["id"] == m
        assert d.messages(a["token"]) == []
        wrong = {"password": "wrong wrong wrong"}
        known = request(d, "POST", "/session", {"address": b["address"], **wrong})
        unknown = request(d, "POST", "/session", {"address": "never-was@mayfly.localhost", **wrong})
        assert known[0] == unknown[0] == 401 and same(known, unknown), (known, unknown)


def same(x, y):
    return x[1] == y[1]


if __name__ == "__main__":
    sys.exit(run([the_search_itself_bites, no_canary_on_disk_in_log_or_metrics, memory_holds_nothing_once_the_last_session_is_over,
                  after_burn_the_code_cannot_open_it_given_token_and_disk,
                  after_its_end_the_code_cannot_open_it_even_with_the_clock_put_back, a_revoked_token_opens_nothing,
                  a_revoked_token_reads_no_further, a_revoked_token_reads_no_further_over_pop3, one_box_says_nothing_of_another]))
