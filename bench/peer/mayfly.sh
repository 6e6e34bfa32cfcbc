# Adapter for the side-by-side harness (see the harness's README): PEER_DIR=bench/peer bench.sh smtp mayfly …
DESC="mayfly, embedded store, mail sealed to its box"
DURABLE="fdatasync of the segments and one LMDB commit per batch before 250; already listed and pushed"
SMTP_PORT=23050 POP3_PORT=23151 IMAP_PORT=23153 HTTP_PORT=23052
# The login is a bare name: the latency probe makes the recipient's address of it, too.
WS_PATH=/api/v1/live
REST_LIST='/api/v1/mailbox/messages?limit=50'
TLS=1 EXPIRE=1
MAYFLY_BIN=${MAYFLY_BIN:-$(cd "$PEER_DIR/../.." && pwd)/build/mayfly}
peer_start() {
    export TOKENS=$D/tokens
    mkdir -p "$D/data"
    # shellcheck disable=SC2086 # MAYFLY_OPTS is a list of words
    spawn "$MAYFLY_BIN" serve -o server.data_dir="$D/data" -o server.domains=$DOMAIN -o server.hostname=mx.$DOMAIN \
        -o smtp.listen=127.0.0.1:$SMTP_PORT -o http.listen=127.0.0.1:$HTTP_PORT -o https.listen= \
        -o submission.listen= -o submissions.listen= -o pop3.listen=127.0.0.1:$POP3_PORT -o pop3s.listen= -o imap.listen=127.0.0.1:$IMAP_PORT -o imaps.listen= -o auth.cleartext=loopback -o limits.prelogin_per_network=1000000 \
        -o limits.mail_per_network=1000000 \
        -o metrics.listen= -o tls.cert="$BENCH_TMP/cert/cert.pem" -o tls.key="$BENCH_TMP/cert/key.pem" \
        -o box.max_messages=1000000 -o box.max_bytes=1000G -o box.default_ttl=1d -o limits.mx_per_network=1000000 \
        -o limits.live_per_network=1000000 -o limits.http_per_network=1000000 -o limits.create_per_network=1000000 \
        -o limits.login_per_network=1000000 -o limits.unknown_per_network=1000000 -o limits.requests_per_network=1000000 ${MAYFLY_OPTS:-}
    wait_port $HTTP_PORT || return 1
    python3 - "$HTTP_PORT" "$MAILBOXES" "$DOMAIN" >"$TOKENS" <<'PY'
import http.client, json, sys
port, n, domain = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
c = http.client.HTTPConnection("127.0.0.1", port)
for i in range(n):
    c.request("POST", "/api/v1/mailboxes", json.dumps({"local": f"u{i}", "domain": domain}),
              {"Content-Type": "application/json"})
    r = c.getresponse()
    body = r.read()
    assert r.status == 201, (r.status, body)
    print(json.loads(body)["token"])
PY
}
peer_expire_all() {
    python3 - "$HTTP_PORT" "$TOKENS" <<'PY'
import http.client, sys
c = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
for token in open(sys.argv[2]).read().split():
    c.request("DELETE", "/api/v1/mailbox", headers={"Authorization": "Bearer " + token})
    r = c.getresponse()
    r.read()
    assert r.status == 200, r.status
PY
}
