#!/usr/bin/env python3
"""Load and abuse by SMTP: everything has its defined answer, memory stays bounded, and honest senders do not wait.
run.py [WORD…] runs the cases whose name holds a word. MAYFLY_SOAK=1: the full counts."""
import functools
import os
import pathlib
import signal
import ssl
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib")]
import daemon  # noqa: E402
from flood import Crowd, Raw, Talker, cpu_seconds, each_costs, memory, open_live, raise_fd_limit  # noqa: E402

SOAK = os.environ.get("MAYFLY_SOAK") == "1"
MB = 1024 * 1024
HELLO = b"Subject: hello\r\n\r\ntext\r\n"


def check(what, got, want):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def smtp(d, **more):
    return Raw(d.address("smtp.listen"), **more)


def honest(d, box, within):
    """One delivery by somebody who behaves; how long it took."""
    start = time.monotonic()
    codes = smtp(d).deliver(box["address"], HELLO)
    took = time.monotonic() - start
    check("an honest sender", codes, [220, 250, 250, 250, 354, 250])
    if took > within:
        raise AssertionError(f"an honest sender waited {took:.2f} s, not {within}")
    return took


def bounded(d, most, what):
    peak = memory(d.pid)[1]
    print(f"     {what}: at most {peak / MB:.0f} MB resident")
    if peak > most:
        raise AssertionError(f"{what}: {peak / MB:.0f} MB resident, more than {most / MB:.0f}")


def idle_smtp(d, n):
    crowd, idle = Crowd(d.address("smtp.listen")), [Talker([b"EHLO client.test\r\n"], stay=True) for _ in range(n)]
    for i, t in enumerate(idle):
        crowd.add(t)
        if i % 200 == 199:
            crowd.run(0.05)
    end = time.monotonic() + 30
    while time.monotonic() < end and any(len(t.replies) < 2 for t in idle):
        crowd.run(0.2)
    check("connections greeted", sum(len(t.replies) >= 2 for t in idle), n)
    return crowd


def little(what, n, each, most=1024):
    print(f"     {n} idle {what}: {each:.0f} bytes of user memory each")
    if each > most:
        raise AssertionError(f"{each:.0f} bytes for each idle {what}")


def cost(d, what, n, make):
    """What make() opened, kept; fails when it costs the daemon too much."""
    before = memory(d.pid)[0]
    kept = make()
    little(what, n, (memory(d.pid)[0] - before) / n)
    return kept


def at_once(n, run):
    failed = []

    def one():
        try:
            run()
        except Exception as e:
            failed.append(str(e))
    threads = [threading.Thread(target=one) for _ in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check("that failed", failed, [])


def thousands_idle_cost_little():
    n = min(5000, raise_fd_limit() // 2 - 1000)
    with daemon.Daemon() as d:
        box, watched = d.make_box(), [d.make_box() for _ in range(50)]
        at_once(16, lambda: honest(d, box, 5))  # what comes once and stays
        warm = open_live(d.address("http.listen"), watched[0]["token"])
        smtps = cost(d, "SMTP connections", n, lambda: idle_smtp(d, n))
        lives = cost(d, "WebSockets", n,
                     lambda: [open_live(d.address("http.listen"), watched[i % 50]["token"]) for i in range(n)])
        start = time.monotonic()
        at_once(64, lambda: honest(d, box, 10))
        print(f"     64 sessions deliver beside them: {time.monotonic() - start:.2f} s")
        check("messages", len(d.messages(box["token"])), 80)
        d.send(watched[7]["address"], "Subject: live\r\n\r\nx\r\n")
        lives[7].settimeout(5)
        said = b""
        while b"message.new" not in said:
            said += lives[7].recv(65536)
        check("all SMTP connections stand", smtps.open, n)
        for s in [warm, *lives]:
            s.close()


def ten_thousand_of_a_kind():
    if not SOAK:
        raise daemon.Skip("only in the soak tier")
    n = min(10000, raise_fd_limit() - 1000)
    with daemon.Daemon() as d:
        box, watched = d.make_box(), [d.make_box() for _ in range(50)]
        at_once(16, lambda: honest(d, box, 5))
        crowd = cost(d, "SMTP connections", n, lambda: idle_smtp(d, n))
        honest(d, box, 1)
        check("all stand", crowd.open, n)
        for k in list(crowd.selector.get_map().values()):
            crowd.finish(k.data)
    with daemon.Daemon() as d:
        watched = [d.make_box() for _ in range(50)]
        warm = open_live(d.address("http.listen"), watched[0]["token"])
        lives = cost(d, "WebSockets", n,
                     lambda: [open_live(d.address("http.listen"), watched[i % 50]["token"]) for i in range(n)])
        for s in [warm, *lives]:
            s.close()


def idle_tls_costs_what_openssl_does():
    n = 1000 if SOAK else 600  # what the handshakes leave in the heap once is not to weigh
    with daemon.Daemon() as d:
        raise_fd_limit()

        def secure():
            c = smtp(d)
            check("STARTTLS", [c.code(), c.ask(b"EHLO c\r\n"), c.ask(b"STARTTLS\r\n")], [220, 250, 220])
            c.s = tls_client().wrap_socket(c.s)
            check("EHLO", c.ask(b"EHLO c\r\n"), 250)
            return c
        warm = [secure() for _ in range(20)]
        held, each = each_costs(d.pid, secure, n)
        little("TLS connections", n, each, 16 * 1024)
        for c in held + warm:
            c.close()


def slow_clients_keep_nobody_waiting():
    with daemon.Daemon() as d:
        box = d.make_box()
        slow = [smtp(d) for _ in range(400)]
        for i, c in enumerate(slow):
            if i % 2:
                c.transaction(box["address"])
                c.ask(b"DATA\r\n")
        worst = 0
        for _ in range(10):
            for c in slow:
                c.say(b"x")
            worst = max(worst, honest(d, box, 1))
        print(f"     beside 400 slow clients an honest one took {worst * 1000:.0f} ms at most")
        for c in slow:
            c.close()


def slow_messages_are_given_up():
    with daemon.Daemon("smtp.data_timeout=2s", "smtp.command_timeout=2s") as d:
        box = d.make_box()
        c = smtp(d)
        c.transaction(box["address"])
        c.ask(b"DATA\r\n")
        start = time.monotonic()
        try:
            while time.monotonic() - start < 10:
                c.say(b"x\r\n")
                time.sleep(0.1)
        except OSError:
            pass
        check("the drip", c.code(), 421)
        took = time.monotonic() - start
        if took > 8:  # two seconds, and what a busy machine adds
            raise AssertionError(f"the drip went on for {took:.1f} s")
        check("messages", d.messages(box["token"]), [])


def lines_without_end():
    with daemon.Daemon() as d:
        box = d.make_box()
        chunk = b"x" * MB
        c = smtp(d)
        c.code()
        try:
            for _ in range(100):
                c.say(chunk)
        except OSError:
            pass
        check("a command of 100 MB", [c.code(), c.code(), c.code()], [500, 421, None])
        c = smtp(d)
        c.transaction(box["address"])
        c.ask(b"DATA\r\n")
        for _ in range(100):
            c.say(chunk)
        check("a text line of 100 MB", c.ask(b"\r\n.\r\n"), 552)
        check("the same connection afterwards", c.ask(b"NOOP\r\n"), 250)
        bounded(d, 150 * MB, "lines of 100 MB")
        honest(d, box, 1)


def hundred_thousand_headers():
    with daemon.Daemon() as d:
        box = d.make_box()
        codes = smtp(d).deliver(box["address"], b"".join(b"X-%d: y\r\n" % i for i in range(100000)) + b"\r\nx")
        check("100,000 header fields", codes[-1] in (552, 554), True)
        c = smtp(d)
        codes = c.deliver(box["address"], b"Subject: " + b"\r\n y" * 90000 + b"\r\n\r\nx")
        check("a header of 360 KB", codes[-1] in (552, 554), True)
        check("messages", d.messages(box["token"]), [])
        honest(d, box, 1)


def nested_parts():
    with daemon.Daemon() as d:
        box = d.make_box()
        deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(10000))
        start = time.monotonic()
        check("10,000 nested parts", smtp(d).deliver(box["address"], deep + b"\r\nx")[-1] in (250, 552, 554), True)
        rfc822 = b"Content-Type: message/rfc822\r\n\r\n" * 10000
        check("10,000 nested messages", smtp(d).deliver(box["address"], rfc822 + b"\r\nx")[-1] in (250, 552, 554), True)
        wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10000
        check("10,000 parts beside each other", smtp(d).deliver(box["address"], wide)[-1], 250)
        if time.monotonic() - start > 5:
            raise AssertionError("more than linear time")
        for m in d.messages(box["token"]):
            check("shown", d.request("GET", f"/api/v1/mailbox/messages/{m['id']}", token=box["token"])[0], 200)
        honest(d, box, 1)


def hundred_thousand_recipients():
    with daemon.Daemon() as d:
        box = d.make_box()
        local, domain = box["address"].split("@")
        c = smtp(d)
        c.transaction(box["address"])
        try:
            for i in range(100):
                c.say(b"".join(b"RCPT TO:<%s@%s>\r\n" % (local.encode(), domain.encode()) for _ in range(1000)))
        except OSError:
            pass
        codes = []
        while (code := c.code()) is not None:
            codes.append(code)
        check("the last answer", codes[-1], 421)
        check("answers at most", len(codes) <= 1000, True)
        bounded(d, 150 * MB, "100,000 recipients")
        honest(d, box, 1)


def big_mails_at_once():
    """Memory for messages is one budget: who does not fit is told to come back."""
    n, size = (1000, 25 * MB - 4096) if SOAK else (200, 4 * MB)
    with daemon.Daemon("limits.message_memory=64M", "box.max_bytes=100G", "box.max_messages=10000") as d:
        raise_fd_limit()
        box = d.make_box()
        crowd = Crowd(d.address("smtp.listen"))
        tail = [b"RCPT TO:<%s>\r\n" % box["address"].encode(), b"DATA\r\n"]
        body = HELLO + (b"x" * 76 + b"\r\n") * (size // 78) + b".\r\n"
        talkers = [Talker([b"EHLO c\r\n", b"MAIL FROM:<>\r\n", *tail, body, b"QUIT\r\n"]) for _ in range(n)]
        for t in talkers:
            crowd.add(t)
        check("all came to an end", crowd.run(3000 if SOAK else 120), True)
        codes = [t.replies[5][:3] if len(t.replies) > 5 else t.replies[-1] for t in talkers]
        stored = codes.count("250")
        print(f"     {n} mails of {size // MB} MB at once: {stored} stored, {codes.count('452')} told to come back")
        check("no other answers", stored + codes.count("452"), n)
        check("messages", len(d.messages(box["token"])), stored)
        bounded(d, 64 * MB * 5 + 100 * MB, "big mails")
        declared = []
        for _ in range(100):
            c = smtp(d)
            c.transaction(box["address"], b"MAIL FROM:<> SIZE=20000000\r\n")
            declared.append(c)
        again = smtp(d)
        check("a declared size has no room", again.transaction(box["address"], b"MAIL FROM:<> SIZE=20000000\r\n")[2], 452)
        for c in declared:
            c.close()
        time.sleep(0.2)
        honest(d, box, 1)


def bdat_abuse():
    with daemon.Daemon() as d:
        box = d.make_box()
        for size in (b"18446744073709551615", b"9223372036854775808", b"4294967297000", b"-1", b"0x10", b"1e9", b"99999999999999999999"):
            c = smtp(d)
            c.transaction(box["address"])
            check(f"BDAT {size.decode()}", c.ask(b"BDAT " + size + b"\r\n") in (501, 552), True)
            check("and it hangs up", c.code(), None)
        c = smtp(d)
        c.transaction(box["address"])
        for _ in range(2):
            check("26 MB in a chunk", c.ask(b"BDAT 27262976 LAST\r\n" + b"QUIT\r\n" * (27262976 // 6) + b"xx\r\n"[:27262976 % 6]) in (552, 503), True)
        check("still there", c.ask(b"NOOP\r\n"), 250)
        c = smtp(d)
        c.transaction(box["address"])
        for _ in range(5000):
            c.say(b"BDAT 1\r\nx")
        check("5,000 chunks of one octet", {c.code() for _ in range(5000)}, {250})
        check("BDAT 0 LAST", c.ask(b"BDAT 0 LAST\r\n") in (250, 554), True)
        dead_letter(d, box)
        bounded(d, 250 * MB, "BDAT")
        honest(d, box, 1)


@functools.cache
def tls_client():
    return ssl._create_unverified_context()


def dead_letter(d, box):
    """CVE-2026-45185: TLS ends inside a BDAT, a byte in the clear follows."""
    for _ in range(20):
        c = smtp(d, timeout=5)
        check("STARTTLS", [c.code(), c.ask(b"EHLO c\r\n"), c.ask(b"STARTTLS\r\n")], [220, 250, 220])
        plain, c.s = c.s, tls_client().wrap_socket(c.s)
        check("a transaction", [c.ask(b"EHLO c\r\n"), c.ask(b"MAIL FROM:<>\r\n"), c.ask(b"RCPT TO:<%s>\r\n" % box["address"].encode())], [250] * 3)
        c.say(b"BDAT 1000\r\nhalf of it")
        try:
            c.s.unwrap().sendall(b"\n")
        except OSError:
            pass
        c.close()
        plain.close()


def starttls_abuse():
    with daemon.Daemon() as d:
        box = d.make_box()
        c = smtp(d)
        check("hello", [c.code(), c.ask(b"EHLO c\r\n")], [220, 250])
        c.say(b"STARTTLS\r\nMAIL FROM:<evil@c.test>\r\n")
        check("luggage", [c.code(), c.code()], [554, None])
        half = []
        for i in range(200):
            c = smtp(d)
            check("hello", [c.code(), c.ask(b"EHLO c\r\n"), c.ask(b"STARTTLS\r\n")], [220, 250, 220])
            c.say([b"MAIL FROM:<>\r\n", os.urandom(500), b"\x16\x03\x01\x02\x00\x01", b"\x16\x03\x01\xff\xff" + b"x" * 1000][i % 4])
            half.append(c)
        honest(d, box, 1)
        check("garbage is not answered as SMTP", half[0].reply() is None or "250" not in half[0].have.decode("latin-1"), True)
        for c in half:
            c.close()
        honest(d, box, 1)


def churn():
    with daemon.Daemon() as d:
        box = d.make_box()
        honest(d, box, 1)
        before = memory(d.pid)[0]
        for i in range(5000):
            c = smtp(d)
            if i % 3 == 0:
                c.say(b"EHLO c\r\nMAIL FROM:<s@c.test> SIZE=1000000\r\nRCPT TO:<%s>\r\nDATA\r\nhalf" % box["address"].encode())
            c.close()
        honest(d, box, 2)
        grown = memory(d.pid)[0] - before
        print(f"     5,000 connections that broke off: {grown / 1024:.0f} KB more")
        if grown > 8 * MB:
            raise AssertionError(f"{grown} bytes more")


def no_descriptors_left():
    with daemon.Daemon("server.workers=1", wrap=["prlimit", "--nofile=256"]) as d:
        box = d.make_box()
        web = [Raw(d.address("http.listen")) for _ in range(150)]  # neither door alone may take all descriptors
        crowd = [smtp(d) for _ in range(400)]
        time.sleep(0.5)
        before = cpu_seconds(d.pid)
        time.sleep(2)
        spun = cpu_seconds(d.pid) - before
        if spun > 0.5:
            raise AssertionError(f"{spun:.1f} s of CPU in 2 s without descriptors: it spins")
        told = [c.code() for c in crowd]
        print(f"     256 descriptors, 400 clients: {told.count(220)} greeted, {told.count(421)} told 421")
        check("every one was answered", told.count(220) + told.count(421), 400)
        for c in crowd + web:
            c.close()
        time.sleep(0.5)
        honest(d, box, 1)


def stress_sheds_the_silent():
    """Past three quarters of the ceiling whoever has been silent for ten seconds makes room."""
    with daemon.Daemon(wrap=["prlimit", "--nofile=256"]) as d:
        box = d.make_box()
        silent = [smtp(d) for _ in range(160)]
        check("greeted", {c.code() for c in silent}, {220})
        time.sleep(11)
        busy = smtp(d)
        busy.transaction(box["address"])
        for _ in range(20):
            honest(d, box, 1)
        told = 0
        for c in silent:
            c.s.settimeout(0.2)
            try:
                told += c.code() == 421
            except TimeoutError:
                pass
        print(f"     160 silent ones of a ceiling of 192: {told} told 421 when others came")
        if told < 16:
            raise AssertionError(f"only {told} were told to go")
        check("who has just spoken stays", busy.ask(b"DATA\r\n"), 354)


def drain_finishes_what_it_began():
    with daemon.Daemon() as d:
        box = d.make_box()
        busy, idle = smtp(d), smtp(d)
        busy.transaction(box["address"])
        busy.ask(b"DATA\r\n")
        busy.say(b"Subject: last\r\n")
        check("idle", [idle.code(), idle.ask(b"EHLO c\r\n")], [220, 250])
        d.p.send_signal(signal.SIGTERM)
        check("the idle one is told", [idle.code(), idle.code()], [421, None])
        idle.close()
        check("the message in progress is stored", busy.ask(b"\r\nx\r\n.\r\n"), 250)
        check("and then it ends", [busy.code(), busy.code()], [421, None])
        busy.close()
        check("exit code", d.p.wait(20), 0)
        d.start()
        check("it is there", len(d.messages(box["token"])), 1)


CASES = [thousands_idle_cost_little, ten_thousand_of_a_kind, idle_tls_costs_what_openssl_does,
         slow_clients_keep_nobody_waiting, slow_messages_are_given_up, lines_without_end,
         hundred_thousand_headers, nested_parts, hundred_thousand_recipients, big_mails_at_once, bdat_abuse, starttls_abuse,
         churn, no_descriptors_left, stress_sheds_the_silent, drain_finishes_what_it_began]

if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(daemon.run([c for c in CASES if not words or any(w in c.__name__ for w in words)]))
