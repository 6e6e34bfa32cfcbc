# Adapter for the side-by-side harness's relay family: PEER_DIR=bench/peer bench.sh relay mayfly-relay postfix-relay …
DESC="mayfly as a relay to one next hop"
DURABLE="fdatasync of the segments and the journal per batch before 250; the same for what has left"
SMTP_PORT=23054 RELAY=1
MAYFLY_BIN=${MAYFLY_BIN:-$(cd "$PEER_DIR/../.." && pwd)/build/mayfly}
peer_start() {
    mkdir -p "$D/data"
    # shellcheck disable=SC2086 # MAYFLY_OPTS is a list of words
    spawn "$MAYFLY_BIN" serve -o server.data_dir="$D/data" -o server.domains=$DOMAIN -o server.hostname=mx.$DOMAIN \
        -o smtp.listen=127.0.0.1:$SMTP_PORT -o submission.listen= -o submissions.listen= -o http.listen=127.0.0.1:0 -o https.listen= \
        -o pop3.listen= -o pop3s.listen= -o imap.listen= -o imaps.listen= -o metrics.listen= \
        -o tls.cert="$BENCH_TMP/cert/cert.pem" -o tls.key="$BENCH_TMP/cert/key.pem" -o limits.mx_per_network=1000000 \
        -o smtp.relay_from=127.0.0.0/8 -o smtp_out.relay_host=127.0.0.1 -o smtp_out.relay_port=$SINK_PORT \
        -o smtp_out.allow_private=true ${MAYFLY_OPTS:-}
    wait_port $SMTP_PORT
}
