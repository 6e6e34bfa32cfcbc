"""HTTP/1.1 on the wire: what is refused and how, what is kept open, limits and slow clients."""
import socket
import ssl
import time

from client import Api, Daemon, mail

d = Daemon()
api = Api(d)
HOST = b"Host: x\r\n"


def start():
    d.start()


def stop():
    d.__exit__()


def status(out):
    return int(out.split(b" ")[1]) if out else 0


def ambiguous_requests_are_refused_and_closed():
    get = b"GET /api/v1/domains HTTP/1.1\r\n"
    post = b"POST /api/v1/mailboxes HTTP/1.1\r\n" + HOST
    json = b"Content-Type: application/json\r\n"
    for what, data in {
        "CL and TE": post + json + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/domains HTTP/1.1\r\nHost: x\r\n\r\n",
        "TE twice": post + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "TE odd": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "TE tab": post + b"Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n",
        "CL twice": post + json + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "CL plus": post + json + b"Content-Length: +2\r\n\r\n{}",
        "CL space": post + json + b"Content-Length: 2 2\r\n\r\n{}",
        "bare LF": b"GET /api/v1/domains HTTP/1.1\nHost: x\n\n",
        "NUL": get + b"Host: x\x00\r\n\r\n",
        "fold": get + HOST + b"A: b\r\n c\r\n\r\n",
        "space before colon": get + b"Host : x\r\n\r\n",
        "no host": get + b"\r\n",
        "two hosts": get + HOST + HOST + b"\r\n",
        "chunk size": post + json + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        "chunk end": post + json + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}X0\r\n\r\n",
        "chunk LF": post + json + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        "http/0.9": b"GET /\r\n\r\n",
        "smtp": b"EHLO x\r\n\r\n",
        "tls": b"\x16\x03\x01\x00\x00\n",
    }.items():
        out = api.raw(data)
        assert status(out) in (400, 501) and out.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in out, (what, out[:300])


def limits():
    get = b"GET /api/v1/domains HTTP/1.1\r\n" + HOST
    for what, data, want in (
        ("long target", b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        ("endless target", b"GET /" + b"a" * 200000, 414),
        ("many fields", get + b"A: b\r\n" * 101 + b"\r\n", 431),
        ("long field", get + b"A: " + b"b" * 17000 + b"\r\n\r\n", 431),
        ("endless fields", get + b"A: b\r\n" * 100000, 431),
        ("100 MB line", b"G" * (100 << 20), None),
        ("large body", b"POST /api/v1/mailboxes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nContent-Length: 99999999\r\n\r\n", 413),
        ("endless chunks", b"POST /api/v1/mailboxes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
         + b"ff\r\n" + b" " * 255 + b"\r\n" + (b"ff\r\n" + b" " * 255 + b"\r\n") * 400, 413),
    ):
        try:
            out = api.raw(data)
        except (BrokenPipeError, ConnectionResetError):
            assert want is None, what
            continue
        assert want is None or status(out) == want, (what, out[:200])
    api.v1("GET", "/domains")


def requests_in_a_row_and_in_pieces():
    one = b"GET /api/v1/domains HTTP/1.1\r\n" + HOST + b"\r\n"
    last = b"GET /api/v1/domains HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert api.raw(one * 50 + last).count(b"HTTP/1.1 200 OK") == 51
    with socket.create_connection(d.address("http.listen"), timeout=5) as s:
        for i in range(len(last)):
            s.sendall(last[i:i + 1])
        out = b""
        while got := s.recv(65536):
            out += got
    assert status(out) == 200
    box = api.box()
    waits = (f"GET /api/v1/mailbox/wait?timeout=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {box['token']}\r\n\r\n").encode()
    out = api.raw(waits + last)
    assert out.count(b"HTTP/1.1 ") == 2 and out.index(b" 204 ") < out.index(b" 200 ")


def http_1_0():
    out = api.raw(b"GET /api/v1/domains HTTP/1.0\r\n\r\n")
    assert status(out) == 200 and b"Connection: close" in out


def a_body_after_continue():
    body = b"{}"
    with socket.create_connection(d.address("http.listen"), timeout=5) as s:
        s.sendall(b"POST /api/v1/mailboxes HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\nExpect: 100-continue\r\n"
                  b"Content-Length: 2\r\nConnection: close\r\n\r\n")
        assert s.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        s.sendall(body)
        assert s.recv(4096).startswith(b"HTTP/1.1 201 ")
    out = api.raw(b"POST /api/v1/mailboxes HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n", wait_close=False)
    assert status(out) == 415 and b"100 Continue" not in out


def a_large_message_streams_to_a_slow_reader():
    box = api.box()
    big = ("x" * 76 + "\r\n") * 100000
    d.send(box["address"], "Subject: big\r\n\r\n" + big)
    m = api.v1("GET", "/mailbox/messages", token=box["token"])["messages"][0]
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
    s.settimeout(20)
    s.connect(d.address("http.listen"))
    s.sendall(f"GET /api/v1/mailbox/messages/{m['id']}/raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {box['token']}\r\n\r\n".encode())
    time.sleep(0.3)
    n, head = 0, s.recv(16384)
    body = head.split(b"\r\n\r\n", 1)[1]
    n = len(body)
    while got := s.recv(1 << 20):
        n += len(got)
    assert n == m["size"], (n, m["size"])
    status_, h, said = d.request("GET", f"/api/v1/mailbox/messages/{m['id']}/raw", token=box["token"])
    assert said.decode().endswith(big)
    # one that leaves half-way harms nobody
    s = socket.create_connection(d.address("http.listen"), timeout=5)
    s.sendall(f"GET /api/v1/mailbox/messages/{m['id']}/raw HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {box['token']}\r\n\r\n".encode())
    s.recv(1000)
    s.close()
    api.v1("GET", "/domains")


def slow_clients_keep_nobody_waiting():
    slow = []
    for i in range(400):
        s = socket.create_connection(d.address("http.listen"), timeout=5)
        s.sendall((b"GET /api/v1/domains HTTP/1.1\r\nHost: x\r\nA: ", b"POST /api/v1/mailboxes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                   b"Content-Length: 60000\r\n\r\n{", b"G", b"\r\n")[i % 4])
        slow.append(s)
    worst = 0
    for _ in range(20):
        t = time.monotonic()
        api.v1("GET", "/domains")
        worst = max(worst, time.monotonic() - t)
    for s in slow:
        s.close()
    assert worst < 1, worst


def a_request_that_never_ends_is_cut():
    with socket.create_connection(d.address("http.listen"), timeout=30) as s:
        t = time.monotonic()
        s.sendall(b"GET /api/v1/domains HTTP/1.1\r\nHost: x\r\nA: ")
        out = b""
        s.settimeout(1)
        while time.monotonic() - t < 25:  # a byte now and then does not move the deadline
            try:
                got = s.recv(4096)
            except socket.timeout:
                s.sendall(b"b")
                continue
            if not got:
                break
            out += got
        assert status(out) == 408 and 10 < time.monotonic() - t < 22, (out[:100], time.monotonic() - t)


def over_tls():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(d.address("https.listen"), timeout=5) as plain, context.wrap_socket(plain) as s:
        assert s.version() in ("TLSv1.2", "TLSv1.3")
        s.sendall(b"GET /api/v1/domains HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        out = b""
        while got := s.recv(65536):
            out += got
    assert status(out) == 200 and b"Strict-Transport-Security: max-age=" in out
    assert b"Strict-Transport" not in api.raw(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    with socket.create_connection(d.address("https.listen"), timeout=5) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            assert b"HTTP/1.1 2" not in s.recv(4096)
        except ConnectionResetError:
            pass


def nothing_of_it_is_logged():
    box = api.box()
    d.send(box["address"], mail("canary-subject"))
    api.v1("GET", "/mailbox/wait", token=box["token"])
    api.raw(b"GET /canary-path HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer canary-token\r\nConnection: close\r\n\r\n")
    text = d.log_text()
    for secret in (box["token"], box["address"].split("@")[0], box["recovery"], "canary", "127.0.0.1 ", box["id"]):
        assert secret not in text, secret


CASES = [ambiguous_requests_are_refused_and_closed, limits, requests_in_a_row_and_in_pieces, http_1_0, a_body_after_continue,
         a_large_message_streams_to_a_slow_reader, slow_clients_keep_nobody_waiting, a_request_that_never_ends_is_cut, over_tls,
         nothing_of_it_is_logged]
