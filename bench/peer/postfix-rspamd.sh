# Adapter for the side-by-side harness: Postfix, rspamd as its milter (Debian's settings; no Redis, no lists from the Internet), Dovecot behind.
. "$BENCH_DIR/peers/postfix-dovecot.sh"
DESC="Postfix 3.7.11 + rspamd 3.4 (milter) + Dovecot 2.3.19"
SMTP_PORT=23027 IMAP_PORT=23147 POP3_PORT=23117
RSPAMD_PORT=23127
eval "base_$(declare -f peer_install)"
eval "base_$(declare -f peer_start)"
peer_install() { base_peer_install; overlay_apt rspamd rspamd; }
peer_start() {
    local R=$D/rspamd
    mkdir -p "$R/local.d" "$R/db"
    chmod 777 "$R" "$R/db"
    cat >"$R/local.d/worker-proxy.inc" <<CONF
bind_socket = "127.0.0.1:$RSPAMD_PORT";
milter = yes;
timeout = 30s;
count = 2;
upstream "local" {
  default = yes;
  self_scan = yes;
}
CONF
    echo 'enabled = false;' | tee "$R/local.d/worker-normal.inc" "$R/local.d/worker-controller.inc" \
        "$R/local.d/worker-fuzzy.inc" >/dev/null
    echo 'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.05s; retransmits = 1; }' >"$R/local.d/options.inc"
    for m in fuzzy_check rbl surbl; do echo 'enabled = false;' >"$R/local.d/$m.conf"; done # they ask the Internet
    printf 'type = "file"; filename = "%s"; level = "error";\n' "$R/log" >"$R/local.d/logging.inc"
    spawn -o rspamd rspamd -f -i -c /etc/rspamd/rspamd.conf --var=LOCAL_CONFDIR="$R" --var=DBDIR="$R/db" --var=RUNDIR="$R"
    wait_port $RSPAMD_PORT 60 || return 1 # it compiles its rules
    POSTFIX_EXTRA="smtpd_milters = inet:127.0.0.1:$RSPAMD_PORT
milter_default_action = tempfail
milter_command_timeout = 30s"
    base_peer_start
}
