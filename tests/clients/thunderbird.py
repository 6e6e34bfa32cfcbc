#!/usr/bin/env python3
"""Thunderbird sets itself up: somebody types an address and a token, the program finds the rest by autoconfig, shows a
mail that was there and one that comes while it looks. All of it lives in namespaces of its own: a network that is loopback
alone, where mayfly has the ports that everybody knows, names that lead there, an authority that signed its certificate, a
screen; and processes that end with the first one. Screenshots: test-output/thunderbird-*.png."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import daemon  # noqa: E402
from marionette import Marionette  # noqa: E402

OWN = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
TOOLS = ["thunderbird", "Xvfb", "certutil", "openssl", "ip", "mount", "unshare"]
SHOTS = daemon.ROOT / "test-output"
PORTS = {"smtp": 25, "http": 80, "https": 443, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995,
         "submission": 587, "submissions": 465}
DOMAIN, HOST = "mayfly.test", "mx.mayfly.test"
NAMES = [HOST, f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}"]
MARIONETTE = 2828  # where it listens unless told otherwise; this network has nobody else
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]

# Every script knows these.
WORDS = """
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const hub = document.querySelector("account-hub-container")?.shadowRoot;
const inboxOf = user => MailServices.accounts.accounts.find(a => a.incomingServer.username == user)
    .incomingServer.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
const mail = document.getElementById("tabmail");
const composer = Services.wm.getMostRecentWindow("msgcompose");
const complaint = [...Services.wm.getEnumerator(null)].find(w => w.location.href.endsWith("/commonDialog.xhtml"));
"""


def run(*words):
    subprocess.run([str(w) for w in words], check=True, capture_output=True, timeout=60)


def certificates(folder):
    """ca.pem, and cert.pem with key.pem for NAMES, signed by it."""
    run("openssl", "req", "-x509", *EC, "-days", "2", "-subj", "/CN=an authority for one test", "-keyout", folder / "ca.key",
        "-out", folder / "ca.pem")
    run("openssl", "req", "-new", *EC, "-subj", f"/CN={HOST}", "-keyout", folder / "key.pem", "-out", folder / "request.pem")
    (folder / "names").write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in NAMES) + "\n")
    run("openssl", "x509", "-req", "-days", "2", "-in", folder / "request.pem", "-CA", folder / "ca.pem", "-CAkey",
        folder / "ca.key", "-CAcreateserial", "-extfile", folder / "names", "-out", folder / "cert.pem")


class Desk:
    """The server, the screen and the program before it."""
    def start(self):
        self.d = daemon.Daemon(*[f"{k}.listen=127.0.0.1:{port}" for k, port in PORTS.items()], f"server.hostname={HOST}",
                               f"server.domains={DOMAIN}", "send.unchecked=true", "smtp_out.relay_host=127.0.0.1", "smtp_out.relay_port=1")
        self.folder = self.d.folder
        run("ip", "link", "set", "lo", "up")
        (self.folder / "hosts").write_text(f"127.0.0.1 localhost {' '.join(NAMES)}\n")
        run("mount", "--bind", self.folder / "hosts", "/etc/hosts")
        certificates(self.folder)
        self.d.options += [f"tls.cert={self.folder}/cert.pem", f"tls.key={self.folder}/key.pem"]
        self.d.start()
        self.program(self.screen())

    def screen(self):
        told, tell = os.pipe()
        self.x = subprocess.Popen(["Xvfb", "-displayfd", str(tell), "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
                                  pass_fds=[tell], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(tell)
        with os.fdopen(told) as f:
            return f":{f.readline().strip()}"

    def program(self, display):
        profile = self.folder / "profile"
        profile.mkdir()
        run("certutil", "-N", "-d", f"sql:{profile}", "--empty-password")
        run("certutil", "-A", "-n", "ours", "-t", "C,,", "-i", self.folder / "ca.pem", "-d", f"sql:{profile}")
        env = {"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "DISPLAY": display}
        with open(self.folder / "thunderbird.log", "wb") as log:
            self.p = subprocess.Popen(["thunderbird", "--marionette", "--remote-allow-system-access", "--profile", profile],
                                      env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.m = Marionette(MARIONETTE, lambda: self.p.poll() is None)
        print(f"NOTE Thunderbird {self.m.open()['browserVersion']}", flush=True)

    def stop(self):
        for p in [getattr(self, "p", None), getattr(self, "x", None)]:
            if p:
                p.kill()
                p.wait()
        self.d.__exit__()

    def ask(self, script, *args):
        return self.m.script(WORDS + script, *args)

    def until(self, script, *args, seconds=30):
        try:
            return self.m.until(WORDS + script, *args, seconds=seconds)
        except AssertionError:
            self.shot("failed")
            raise

    def hub(self, selector):
        """An element of the dialog, as soon as it is there to be used."""
        return self.until("return hub?.querySelector(arguments[0] + ':not([hidden]):not([disabled])')", selector)

    def on(self):
        self.m.click(self.hub("#forward"))

    def shot(self, name):
        SHOTS.mkdir(exist_ok=True)
        self.m.screenshot(SHOTS / f"thunderbird-{name}.png")

    def new_box(self, message):
        box = self.d.make_box()
        self.d.send(box["address"], message)
        return box

    def find(self, box):
        """Types name and address, and waits until something was found."""
        self.hub("#emailAutoConfigSubview")
        for field, text in (("#realName", "Somebody"), ("#email", box["address"])):
            self.m.clear(self.hub(field))
            self.m.type(self.hub(field), text)
        self.on()
        self.hub("#emailConfigFoundSubview")

    def found(self):
        """Each setting by its id in the dialog; what is said in words comes as the end of these words' name, which is the
        same in all versions."""
        said = self.ask("return Object.fromEntries([...hub.querySelectorAll('#configSelection [id].data')]"
                        ".map(e => [e.id, e.dataset.l10nId ?? e.textContent]))")
        said = {k: v.rsplit("-", 1)[-1] if v.startswith("account-hub-result-") else v for k, v in said.items()}
        shared = {k.removeprefix("shared"): v for k, v in said.items() if k.startswith("shared") and v}  # the same both ways
        return said | {way + k: v for k, v in shared.items() for way in ("incoming", "outgoing")}

    def log_in(self, box):
        self.on()
        self.hub("#emailPasswordSubview")
        self.m.type(self.hub("#password"), box["token"])
        self.on()
        self.hub("#emailAddedSuccessSubview")
        self.on()
        self.until("return !hub.querySelector('dialog').open")

    def shows(self, box, subject, text):
        """Opens the newest mail once it has this subject; it must come to show that text."""
        self.until("""const inbox = inboxOf(arguments[0]), newest = [...inbox.messages].pop();
                      if (newest?.mime2DecodedSubject != arguments[1]) return false;
                      mail.currentAbout3Pane.selectMessage(newest);
                      const shown = mail.currentAboutMessage;
                      return shown?.document.getElementById('expandedsubjectBox').textContent.includes(arguments[1]) &&
                          shown.getMessagePaneBrowser().contentDocument?.body?.innerText.trim() == arguments[2]""",
                   box["address"], subject, text)

    def write(self, box, to, subject):
        self.ask("""const make = name => Cc[`@mozilla.org/messengercompose/${name};1`];
                    const params = make('composeparams').createInstance(Ci.nsIMsgComposeParams);
                    params.composeFields = make('composefields').createInstance(Ci.nsIMsgCompFields);
                    [params.composeFields.to, params.composeFields.subject] = [arguments[1], arguments[2]];
                    params.format = Ci.nsIMsgCompFormat.PlainText;
                    params.identity = MailServices.accounts.allIdentities.find(i => i.email == arguments[0]);
                    MailServices.compose.OpenComposeWindowWithParams(null, params)""", box["address"], to, subject)
        self.until("return composer?.gMsgCompose?.editor && !composer.document.getElementById('button-send').disabled")
        self.ask("composer.goDoCommand('cmd_sendNow')")


desk = Desk()


def start():
    desk.start()


def stop():
    desk.stop()


def finds_us_by_autoconfig():
    desk.imap = desk.new_box("From: A <a@example.test>\r\nSubject: Your code is 739204\r\n\r\nUse 739204 to sign in.\r\n")
    desk.find(desk.imap)
    desk.shot("found")
    told = desk.ask("""return [...hub.querySelector('#emailConfigFoundSubview').shadowRoot.querySelector('account-hub-header')
                           .shadowRoot.querySelectorAll('[data-l10n-id]')].map(e => e.dataset.l10nId)""")
    assert "account-hub-config-success-description-isp" in told, told  # from us: not guessed, not from a list
    found = desk.found()
    want = {"incomingHost": HOST, "incomingPort": "993", "incomingSocketType": "ssl",
            "incomingUsername": desk.imap["address"], "incomingAuthenticationType": "password",
            "outgoingHost": HOST, "outgoingPort": "465", "outgoingSocketType": "ssl", "outgoingUsername": desk.imap["address"],
            "outgoingAuthenticationType": "password"}
    assert found | want == found, found


def shows_a_delivered_mail():
    desk.log_in(desk.imap)
    desk.shows(desk.imap, "Your code is 739204", "Use 739204 to sign in.")
    desk.shot("mail")
    end = time.monotonic() + 10
    while not desk.d.messages(desk.imap["token"])[0]["seen"]:  # what was read there is read on the page too
        assert time.monotonic() < end, "it was read, and we were not told"
        time.sleep(0.1)


def is_told_of_new_mail_at_once():
    """By IDLE: it asks by itself every ten minutes only."""
    desk.d.send(desk.imap["address"], "From: B <b@example.test>\r\nSubject: while you look\r\n\r\nSecond.\r\n")
    desk.until("return inboxOf(arguments[0]).getTotalMessages(false) == 2", desk.imap["address"], seconds=15)
    desk.shows(desk.imap, "while you look", "Second.")
    desk.shot("new-mail")


def writes_to_who_wrote_to_it():
    """Over the outgoing server that autoconfig told; a box answers, and writes to nobody else."""
    other = desk.d.make_box()
    desk.d.send(desk.imap["address"], f"From: {other['address']}\r\nSubject: first\r\n\r\nHello\r\n", sender=other["address"])
    desk.write(desk.imap, other["address"], "from box to box")
    m = desk.d.wait(other["token"])
    assert (m["subject"], m["from"]["address"]) == ("from box to box", desk.imap["address"]), m
    desk.until("return !composer")


def hears_that_it_may_not_write_to_others():
    desk.write(desk.imap, "somebody@elsewhere.test", "to elsewhere")
    desk.until("return complaint?.document.documentElement.innerText.includes('may write only to those who wrote to it')")


def sets_itself_up_for_pop3():
    box = desk.new_box("From: C <c@example.test>\r\nSubject: fetched\r\n\r\nThird.\r\n")
    desk.ask("complaint?.close(); composer?.close(); window.openAccountHub('MAIL')")
    desk.find(box)
    desk.m.click(desk.hub("#pop3"))
    found = desk.found()
    assert (found["incomingHost"], found["incomingPort"]) == (HOST, "995"), found
    desk.log_in(box)
    desk.shows(box, "fetched", "Third.")
    desk.shot("pop3")


def cannot():
    """Why this can't run here; None when it can."""
    missing = [t for t in TOOLS if not shutil.which(t)]
    if missing:
        return f"there is no {', no '.join(missing)} (scripts/deps soak)"
    if subprocess.run([*OWN, "true"], capture_output=True, check=False).returncode:
        return "a network of its own needs root"
    return None


def main():
    if "--inside" in sys.argv:
        return daemon.run([start, finds_us_by_autoconfig, shows_a_delivered_mail, is_told_of_new_mail_at_once,
                           writes_to_who_wrote_to_it, hears_that_it_may_not_write_to_others, sets_itself_up_for_pop3, stop])
    why = cannot()
    if why:
        print(f"SKIP thunderbird: {why}\n0 passed, 0 failed, 1 skipped")
        return 0
    os.execvp(OWN[0], [*OWN, sys.executable, __file__, "--inside"])


if __name__ == "__main__":
    sys.exit(main())
