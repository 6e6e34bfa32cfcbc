"""Rates with Retry-After, the proof of work, shares of a network."""
import hashlib

from client import Api, Daemon, WebSocket

LOW = ["limits.create_per_network=3", "limits.live_per_network=2", "limits.login_per_network=3", "limits.requests_per_network=200",
       "http.pow_bits=8"]
d = Daemon(*LOW)
api = Api(d)


def start():
    d.start()


def stop():
    d.__exit__()


def solve(task):
    for n in range(1 << 20):
        digest = hashlib.sha256(f"{task['challenge']}:{n}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - task["bits"]) == 0:
            return {"challenge": task["challenge"], "nonce": str(n)}
    raise AssertionError("no solution")


def work_is_asked_for_and_counts_once():
    p = api.v1("POST", "/mailboxes", {}, want=428)
    assert p["code"] == "pow_required" and api.v1("GET", "/domains")["pow"] == {"bits": 8}
    task = api.v1("GET", "/pow", want=200)
    done = solve(task)
    no_proof = next(n for n in "xyz" if hashlib.sha256(f"{done['challenge']}:{n}".encode()).digest()[0] != 0)  # one in 256 would be
    api.v1("POST", "/mailboxes", {"pow": {**done, "nonce": no_proof}}, want=428)
    api.v1("POST", "/mailboxes", {"pow": {"challenge": "A" * 54, "nonce": "1"}}, want=428)
    api.v1("POST", "/mailboxes", {"pow": {"challenge": done["challenge"][:-2] + "AA", "nonce": done["nonce"]}}, want=428)
    api.v1("POST", "/mailboxes", {"pow": 5}, want=422)
    api.v1("POST", "/mailboxes", {"pow": done}, want=201)
    api.v1("POST", "/mailboxes", {"pow": done}, want=428)


def live_shares():
    box = api.v1("POST", "/mailboxes", {"pow": solve(api.v1("GET", "/pow"))}, want=201)
    held = [WebSocket(d, token=box["token"]) for _ in range(2)]
    assert WebSocket(d, token=box["token"]).status == 429
    api.v1("GET", "/mailbox/wait?timeout=1", token=box["token"], want=429)
    for ws in held:
        ws.close()
    for _ in range(50):
        if api.ask("GET", "/api/v1/mailbox/wait?timeout=0", token=box["token"])[0] == 204:
            break
    api.v1("GET", "/mailbox/wait?timeout=0", token=box["token"], want=204)


def making_has_a_rate():
    api.v1("POST", "/mailboxes", {"pow": solve(api.v1("GET", "/pow"))}, want=201)
    status, h, p = api.ask("POST", "/api/v1/mailboxes", {"pow": solve(api.v1("GET", "/pow"))}, want=429)
    assert p["code"] == "too_many_mailboxes" and int(h["retry-after"]) > 0


def a_dead_token_locks_no_password():
    for _ in range(10):
        api.v1("GET", "/mailbox", token="mf1_" + "A" * 43, want=401)
    api.v1("POST", "/session", {"address": "a@mayfly.localhost", "password": "wrong horse 77"}, want=401)


def guessing_has_a_rate():
    for _ in range(6):
        status, h, p = api.ask("POST", "/api/v1/session", {"address": "a@mayfly.localhost", "password": "wrong horse 77"})
        if status == 429:
            break
    assert status == 429 and int(h["retry-after"]) > 0


def asking_has_a_rate():
    for _ in range(300):
        status, h, p = d.request("GET", "/api/v1/domains")
        if status == 429:
            break
    assert status == 429 and int(h["retry-after"]) > 0 and b'"code":"too_many_requests"' in p
    assert d.request("GET", "/livez")[0] == 200


CASES = [work_is_asked_for_and_counts_once, live_shares, making_has_a_rate, a_dead_token_locks_no_password,
         guessing_has_a_rate, asking_has_a_rate]
