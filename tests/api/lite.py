"""/lite as a browser without JavaScript uses it: links and forms alone. With w3m and lynx, where they are installed."""
import concurrent.futures
import html.parser
import re
import shutil
import smtplib
import subprocess

from client import Api, Daemon, Skip, form, mail

d = Daemon("test.xclient=true", "access.greylist=5m")  # this machine never waits
api = Api(d)


def start():
    d.start()


def stop():
    d.__exit__()


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.forms, self.links, self.bad, self.text = [], [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag in ("script", "iframe", "img", "object", "svg") or any(k.startswith("on") or k == "style" for k in a):
            self.bad.append((tag, a))
        if tag == "form":
            assert a["method"] == "post"
            self.forms.append({"action": a["action"], "fields": {}, "button": ""})
        elif tag == "input" and a.get("type") == "submit":
            self.forms[-1]["button"] = a["value"]
        elif tag == "input":
            self.forms[-1]["fields"][a["name"]] = a.get("value", "")
        elif tag == "a":
            self.links.append(a["href"])

    def handle_data(self, data):
        self.text += data


class Browser:
    def show(self, answer, want=200):
        status, h, body = answer
        assert status == want, (status, body[:300])
        assert "set-cookie" not in h and h["cache-control"] == "no-store" and h["content-type"] == "text/html; charset=utf-8"
        csp = h["content-security-policy"]
        assert csp.startswith("default-src 'none'") and "form-action 'self'" in csp and "script" not in csp and "unsafe" not in csp
        self.page = Page(body.decode())
        assert not self.page.bad, self.page.bad
        for link in self.page.links:
            assert "mf1_" not in link
        return self

    def go(self, path):
        return self.show(d.request("GET", path))

    def press(self, button, nth=0, want=200, raw=False, **fields):
        f = [f for f in self.page.forms if f["button"] == button][nth]
        body, h = form(**{**f["fields"], **fields})
        answer = d.request("POST", f["action"], body, headers=h)
        return answer if raw else self.show(answer, want)


def the_whole_story():
    b = Browser().go("/lite").press("New address", want=201)
    address = re.search(r"\S+@\S+", b.page.text)[0]
    assert "Note these now" in b.page.text
    words = re.search(r"^((?:[a-z]+ ){11}[a-z]+)$", b.page.text, re.M)[1]  # each on a line of its own
    assert re.search(r"^mf1_\S+$", b.page.text, re.M), b.page.text
    b.press("Check for mail")
    assert "Nothing yet" in b.page.text and address in b.page.text
    d.send(address, mail("<script>alert(1)</script> & Co"))
    d.send(address, mail("Second"))
    b.press("Check for mail")
    assert "482913" in b.page.text and "<script>alert(1)</script> & Co" in b.page.text and b.page.text.count("New:") == 2
    b.press("Read", nth=1)
    assert "Your verification code is 482913" in b.page.text and "joe@example.test" in b.page.text
    b.press("Download")
    assert "This page can run scripts when opened" in b.page.text and ".html" in b.page.text
    status, h, file = b.press("Save anyway", raw=True)
    assert file == b"<b>hello</b>" and h["content-disposition"].startswith("attachment")
    b.press("Back to the message")
    status, h, raw = b.press("Download the whole message", raw=True)
    assert h["content-type"] == "message/rfc822" and raw.endswith(mail("<script>alert(1)</script> & Co").encode())
    b.press("Back to the inbox")
    assert b.page.text.count("New:") == 1
    b.press("Read", nth=0).press("Delete it")
    assert "Second" not in b.page.text
    before = re.search(r"ends at: (\S+ \S+)", b.page.text)[1]
    b.press("10 minutes more")
    assert re.search(r"ends at: (\S+ \S+)", b.page.text)[1] > before
    other = Browser().go("/lite").press("Open", secret=words)
    assert address in other.page.text
    other.press("Go to the inbox")
    assert "<script>" in other.page.text
    b.press("End it now")
    assert "never" in b.page.text
    b.press("Keep it").press("End it now").press("End it for ever")
    assert "1 message with it" in b.page.text
    other.press("Check for mail", want=401)
    Browser().go("/lite").press("Open", secret=words, want=401)


def a_reload_makes_no_second_address():
    """People look for mail by reloading, which posts the form again."""
    b = Browser().go("/lite")
    shown = []
    for want in (201, 200, 200):
        front = b.page
        b.press("New address", want=want)
        shown.append((re.search(r"\S+@\S+", b.page.text)[0], re.search(r"mf1_\S+", b.page.text)[0], re.search(r"^(?:[a-z]+ ){11}[a-z]+$", b.page.text, re.M)[0]))
        assert ("no second address" in b.page.text) == (want == 200)
        again, b.page = b.page, front
    assert len(set(shown)) == 1, shown
    b.page = again
    assert shown[0][0] in b.press("Check for mail").page.text
    b.page = front
    assert "another.name@" in b.press("New address", local="another.name", want=201).page.text
    b.page = front
    b.press("New address", local="another.name")
    one, two = Browser().go("/lite"), Browser().go("/lite")
    assert one.page.forms[0]["fields"]["once"] != two.page.forms[0]["fields"]["once"]
    b.page = one.page
    for local, want in (("another.name", 409), ("yet.another", 201)):  # what came to nothing is not kept
        b.page = one.page
        b.press("New address", local=local, want=want)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # clicked often
        pages = list(pool.map(lambda _: post_form(two.page.forms[0]), range(8)))
    assert sorted(p[0] for p in pages) == [200] * 7 + [201], pages
    assert len({re.search(rb"mf1_[\w-]+", p[2])[0] for p in pages}) == 1
    token = re.search(rb"mf1_[\w-]+", pages[0][2])[0].decode()
    assert d.request("DELETE", "/api/v1/mailbox", token=token)[0] == 200
    assert b"has ended" in post_form(two.page.forms[0])[2] and post_form(two.page.forms[0])[0] == 410
    body, h = form(local="", once=(0).to_bytes(8, "big").hex() + "00" * 16)  # of long ago, and what no form had
    Browser().show(d.request("POST", "/lite/new", body, headers=h), want=410)
    body, h = form(local="", once="x")
    Browser().show(d.request("POST", "/lite/new", body, headers=h), want=410)


def post_form(f):
    body, h = form(**f["fields"])
    return d.request("POST", f["action"], body, headers=h)


def junk_and_what_was_kept_out():
    box = api.box()
    b = Browser().go("/lite").press("Open", secret=box["token"]).press("Go to the inbox")
    assert "Last attempts" not in b.page.text
    try:
        d.send(box["address"], mail("two").replace("From:", "From: other@example.test\r\nFrom:", 1), sender="someone@shop.example")
    except smtplib.SMTPDataError:
        pass
    with smtplib.SMTP(*d.address("smtp.listen"), timeout=10) as s:
        s.docmd("XCLIENT ADDR=192.0.2.7")
        s.helo("mx.shop.example")
        s.mail("someone@shop.example")
        assert s.rcpt(box["address"])[0] == 451
    b.press("Check for mail")
    assert re.search(r"Asked to come again: the sender's server has not been seen before; most come again within minutes \(451 4\.7\.1\)shop\.example, not encrypted", b.page.text), b.page.text
    assert re.search(r"Refused: more than one From field \(554 5\.6\.0\)shop\.example, not encrypted", b.page.text), b.page.text
    assert "someone" not in b.page.text
    d.send(box["address"], mail("Offer"))
    b.press("Check for mail").press("Read")
    assert "Could not be verified" in b.page.text
    b.press("It is junk")
    assert "Offer" not in b.page.text
    b.press("Junk")
    assert "Offer" in b.page.text
    assert api.v1("GET", "/mailbox/messages?folder=Junk", token=box["token"])["messages"][0]["junk"]
    b.press("Read").press("Not junk")
    assert "Offer" in b.page.text
    b.press("Junk")
    assert "No junk" in b.page.text
    b.press("Back to the inbox")
    assert "Offer" in b.page.text


def a_name_of_ones_own_and_a_password():
    b = Browser().go("/lite").press("New address", local="plain.name", want=201)
    assert "plain.name@" in b.page.text
    Browser().go("/lite").press("New address", local="plain.name", want=409)
    Browser().go("/lite").press("New address", local="postmaster", want=422)
    box = api.box(local="with.password", password="correct horse 77")
    Browser().go("/lite").press("Open", secret="correct horse 77", address=box["address"])
    Browser().go("/lite").press("Open", secret="wrong horse 777", address=box["address"], want=401)
    Browser().go("/lite").press("Open", secret=box["token"])
    Browser().go("/lite").press("Open", secret="", want=422)


def more_files_than_are_listed():
    box = api.box()
    part = "--b\r\nContent-Type: text/plain; name=n\r\nContent-Disposition: attachment; filename=n\r\n\r\nx\r\n"
    d.send(box["address"], "Subject: Many\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 203 + "--b--\r\n")
    b = Browser().go("/lite").press("Open", secret=box["token"])
    b.press("Go to the inbox").press("Read")
    assert b.page.text.count("Attachment:") == 200
    assert "3 more attachments are only in the whole message" in b.page.text


def dangerous_files_ask_first():
    box = api.box()
    part = "--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename={}\r\n\r\n{}\r\n"
    d.send(box["address"], "Subject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
           + part.format("a.exe", "MZ") + part.format("b.txt", "plain") + "--b--\r\n")
    m = api.v1("GET", "/mailbox/messages?folder=Junk", token=box["token"])["messages"][0]
    said = [a["dangerous"] for a in api.v1("GET", f"/mailbox/messages/{m['id']}", token=box["token"])["attachments"]]
    assert said == ["This file is a program", None], said
    b = Browser().go("/lite").press("Open", secret=box["token"]).press("Go to the inbox").press("Junk").press("Read")
    found = {side: [s["reason"] for s in sorted(m["verdict"]["symbols"], key=lambda s: -abs(s["score"])) if (s["score"] > 0) - (s["score"] < 0) == side] for side in (1, -1, 0)}
    assert found[1] and "FILE_RUNS" in [s["name"] for s in m["verdict"]["symbols"]], found
    for side, label in ((1, "Towards junk"), (-1, "Towards the inbox"), (0, "Counts for neither")):
        assert re.findall(f"{label}: (.*)", b.page.text) == (["; ".join(found[side])] if found[side] else []), (found, b.page.text)
    assert re.search(r"a\.exe This file is a program\.", b.page.text) and b.page.text.count("This file") == 1, b.page.text
    status, h, file = b.press("Download", nth=1, raw=True)
    assert (status, file) == (200, b"plain") and h["content-disposition"].startswith("attachment")
    b.press("Download", sure="no")
    assert "a.exe" in b.page.text and "This file is a program. Files like this can run programs, or hide some from whoever looks for them." in b.page.text
    status, h, file = b.press("Save anyway", raw=True)
    assert (status, file) == (200, b"MZ") and h["content-disposition"].startswith("attachment")
    assert "Files" in b.press("Back to the message").page.text


def a_report_of_a_far_end():
    b = api.box()
    status = "Reporting-MTA: dns; mx.far.example\r\n\r\nFinal-Recipient: rfc822; <ben@far.example>\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no <b>such</b> user\r\n"
    d.send(b["address"], "From: MAILER-DAEMON@far.example\r\nSubject: Undelivered\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
           f"--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n{status}--b--\r\n", sender="")
    m = d.wait(b["token"])
    assert m["report"] == {"envelope_id": None, "message_id": None, "reporting_mta": "mx.far.example", "arrival_date": None, "more": 0, "recipients": [
        {"address": "ben@far.example", "original": None, "action": "failed", "status": "5.1.1", "code": 550, "reason": "no <b>such</b> user", "remote_mta": None, "retry_until": None}]}, m["report"]
    body, h = form(token=b["token"], id=m["id"])
    page = Browser().show(d.request("POST", "/lite/message", body, headers=h)).page
    for words in ("Mail to ben@far.example could not be delivered", "5.1.1 no <b>such</b> user", "Reported by: mx.far.example", "Anybody can write such a report"):
        assert words in page.text, (words, page.text)


def forms_of_strangers():
    body, h = form(local="")
    assert d.request("POST", "/lite/new", body, headers={**h, "Origin": "https://evil.example"})[0] == 403
    assert d.request("POST", "/lite/new", body, headers={**h, "Origin": "null"})[0] == 403
    assert d.request("POST", "/lite/new", "{}", headers={"Content-Type": "application/json"})[0] == 415
    for path in ("inbox", "message", "file", "delete", "junk", "extend", "end"):
        for fields in ({}, {"token": "x"}, {"token": "mf1_" + "A" * 43, "id": "0" * 32}, {"token": "%"}):
            body, h = form(**fields)
            assert d.request("POST", "/lite/" + path, body, headers=h)[0] == 401
    a, b = api.box(), api.box()
    d.send(a["address"], mail())
    m = api.v1("GET", "/mailbox/wait", token=a["token"])
    for fields in ({}, {"spam": ""}, {"spam": "maybe"}, {"spam": "Yes"}):
        body, h = form(token=a["token"], id=m["id"], **fields)
        Browser().show(d.request("POST", "/lite/junk", body, headers=h), want=422)
    assert api.v1("GET", f"/mailbox/messages/{m['id']}", token=a["token"])["folder"] == "INBOX"
    for path in ("message", "file", "delete", "junk"):
        body, h = form(token=b["token"], id=m["id"], spam="yes")
        assert d.request("POST", "/lite/" + path, body, headers=h)[0] in (200, 404)
    assert api.v1("GET", f"/mailbox/messages/{m['id']}", token=a["token"])
    for path in ("inbox", "message", "file", "send", "back"):
        status, h, _ = d.request("GET", "/lite/" + path)
        assert (status, h["location"]) == (303, "/lite"), (path, status)
    for path, status in (("nothing", 404), ("inbox/x", 404), ("", 404)):
        Browser().show(d.request("GET", "/lite/" + path), want=status)
    body, h = form(token=a["token"], id=m["id"])
    Browser().show(d.request("POST", "/lite/nothing", body, headers=h), want=404)
    for n in ("99", "9999", "x"):
        body, h = form(token=a["token"], id=m["id"], n=n)
        Browser().show(d.request("POST", "/lite/file", body, headers=h), want=404)


def text_browsers():
    missing = [x for x in ("w3m", "lynx") if not shutil.which(x)]
    if len(missing) == 2:
        raise Skip("neither w3m nor lynx is installed")
    host, port = d.address("http.listen")
    for name, args in (("w3m", ["-dump"]), ("lynx", ["-dump", "-nolist"])):
        if name in missing:
            continue
        out = subprocess.run([name, *args, f"http://{host}:{port}/lite"], capture_output=True, text=True, timeout=20).stdout
        assert "New address" in out and "Recovery words" in out, out


CASES = [the_whole_story, a_reload_makes_no_second_address, junk_and_what_was_kept_out, a_name_of_ones_own_and_a_password, more_files_than_are_listed, dangerous_files_ask_first, a_report_of_a_far_end,
         forms_of_strangers, text_browsers]
