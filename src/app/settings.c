/* The table of settings. A new one is a row here and a field in struct config; the file format, the environment, -o,
 * mayfly.conf and mayfly.conf(5) follow from it. */
#include "app/settings.h"
#include "io/dns.h"
#include "trust/block_list.h"
#include "trust/dnsbl.h"
#include <sys/un.h>

#define AT(field) offsetof(struct config, field)
#define LATER(name)                                                                                                    \
    {                                                                                                                  \
        name, SET_LATER, 0, "", 0, 0, 0, NULL, NULL                                                                    \
    }
#define MINUTE INT64_C(60000)
#define DAY (1440 * MINUTE)
/* run/ctl.sock below it: the kernel takes a socket's path of 107 octets. */
#define DATA_DIR_MAX (sizeof((struct sockaddr_un *)0)->sun_path - sizeof "/run/ctl.sock")

const struct setting settings[] = {
    { "server.data_dir", SET_PATH, AT(server_data_dir), "data", 0, 1, DATA_DIR_MAX, NULL,
      "Folder of everything that is kept; made when it is missing. Not on btrfs or zfs (see store.allow_cow)." },
    { "server.hostname", SET_NAME, AT(server_hostname), "mayfly.localhost", 0, 0, 0, NULL,
      "Name in the SMTP banner, in trace headers and in the self-signed certificate." },
    { "server.domains", SET_NAMES, AT(server_domains), "mayfly.localhost", 0, 1, 0, NULL,
      "Domains that addresses are made in; the first is the default. Their MX records point here." },
    { "server.workers", SET_INT, AT(server_workers), "0", 0, 0, 256, NULL,
      "Threads that serve; 0: one for each processor." },
    { "server.user", SET_STR, AT(server_user), "mayfly", 0, 0, 0, NULL,
      "User to become when started as root. If there is no such user, the server stays root and says so." },
    { "server.sandbox", SET_BOOL, AT(server_sandbox), "true", 0, 0, 0, NULL,
      "After start, allow only the system calls and files that serving needs (seccomp, Landlock)." },
    { "server.drain", SET_MS, AT(server_drain_ms), "30s", SETTING_RELOAD, 0, 10 * MINUTE, NULL,
      "At SIGTERM, how long sessions may take to finish." },

    { "smtp.listen", SET_LISTEN, AT(smtp_listen), "127.0.0.1:2525", 0, 0, 0, NULL,
      "Where mail comes in, as address:port; port 0 takes a free one. On the Internet: 0.0.0.0:25, [::]:25." },
    { "smtp.max_bytes", SET_BYTES, AT(smtp_max_bytes), "25M", 0, 1024, INT64_C(1) << 30, NULL,
      "Largest message taken in." },
    { "smtp.max_recipients", SET_INT, AT(smtp_max_recipients), "100", 0, 1, 1000, NULL,
      "Recipients of one message; a sender with more is told to come again with the rest." },
    { "smtp.mta_sts", SET_ENUM, AT(smtp_mta_sts), "none", 0, 0, 0, "none testing enforce",
      "The policy that other servers find at https://mta-sts.DOMAIN/.well-known/mta-sts.txt (MTA-STS): whether mail "
      "may "
      "come without TLS. Needs certificates for server.hostname and for these names." },
    { "smtp.command_timeout", SET_MS, AT(smtp_command_ms), "5m", 0, 1000, 60 * MINUTE, NULL,
      "Time for one whole command. RFC 5321 asks for 5 minutes." },
    { "smtp.data_timeout", SET_MS, AT(smtp_data_ms), "10m", 0, 1000, 60 * MINUTE, NULL, "Time for one whole message." },
    { "smtp.proxy_networks", SET_NETS, AT(smtp_proxy_networks), "", 0, 0, 0, NULL,
      "Networks of proxies that speak the PROXY protocol before SMTP; they must. Others are never believed." },

    { "smtp.relay_from", SET_NETS, AT(smtp_relay_from), "", 0, 0, 0, NULL,
      "Networks whose mail for other domains is taken, too, and sent on: your own machines, nobody else. Reports about "
      "it "
      "go to its reverse path. Empty: mail for server.domains alone." },

    { "smtp_out.relay_host", SET_HOST, AT(smtp_out_relay_host), "", 0, 0, 0, NULL,
      "Smart host: name or address of the one server that all outgoing mail is given to. Empty: mail goes where its "
      "domain's MX records say, for which dns.forward is needed." },
    { "smtp_out.relay_port", SET_INT, AT(smtp_out_relay_port), "25", 0, 1, 65535, NULL, "The smart host's port." },
    { "smtp_out.relay_user", SET_STR, AT(smtp_out_relay_user), "", 0, 0, 0, NULL,
      "Log in at the smart host as this user; then only over TLS, with a certificate for its name." },
    { "smtp_out.relay_password_file", SET_PATH, AT(smtp_out_relay_password_file), "", SETTING_READS, 0, 0, NULL,
      "File with the password, on one line. Read at start." },
    { "smtp_out.bind_ipv4", SET_IPV4, AT(smtp_out_bind_ipv4), "", 0, 0, 0, NULL,
      "Address of this machine that mail leaves from. Empty: the kernel chooses." },
    { "smtp_out.bind_ipv6", SET_IPV6, AT(smtp_out_bind_ipv6), "", 0, 0, 0, NULL, "Likewise." },
    { "smtp_out.mta_sts", SET_BOOL, AT(smtp_out_mta_sts), "true", 0, 0, 0, NULL,
      "Follow the policies of other domains (MTA-STS), which are fetched over HTTPS. DANE is followed in any case "
      "where "
      "dns.trust_anchor is set." },
    { "smtp_out.tls_reports", SET_BOOL, AT(smtp_out_tls_reports), "false", 0, 0, 0, NULL,
      "Tell other domains once a day how TLS to their mail servers went, if they ask for it (TLSRPT): counts, hosts "
      "and "
      "reasons, by mail that a key of mayfly domain signs, or over HTTPS. MTA-STS policies in testing are then looked "
      "at, too. Counts are in memory: a restart loses the day's." },
    { "smtp_out.tls_report_from", SET_MAILBOX, AT(smtp_out_tls_report_from), "", 0, 0, 0, NULL,
      "Address that these reports are from, in one of server.domains. Empty: postmaster of the first." },
    { "smtp_out.tls_report_delay", SET_MS, AT(smtp_out_tls_report_delay_ms), "4h", 0, 0, 720 * MINUTE, NULL,
      "They leave after midnight (UTC) by so much at most, by chance." },
    { "smtp_out.ca_file", SET_PATH, AT(smtp_out_ca_file), "/etc/ssl/certs/ca-certificates.crt", SETTING_READS, 0, 0,
      NULL, "Authorities whose certificates are believed where MTA-STS or the smart host's login asks for one." },
    { "smtp_out.connect_timeout", SET_MS, AT(smtp_out_connect_ms), "30s", 0, 100, 10 * MINUTE, NULL,
      "Time for connecting to a server, all its addresses together." },
    { "smtp_out.command_timeout", SET_MS, AT(smtp_out_command_ms), "5m", 0, 100, 60 * MINUTE, NULL,
      "Time for an answer, where RFC 5321 does not say less." },
    { "smtp_out.data_timeout", SET_MS, AT(smtp_out_data_ms), "10m", 0, 100, 60 * MINUTE, NULL,
      "Time for the answer to a whole mail, likewise." },
    { "smtp_out.port", SET_INT, AT(smtp_out_port), "25", SETTING_TEST, 1, 65535, NULL, "Port of other servers." },
    { "smtp_out.sts_port", SET_INT, AT(smtp_out_sts_port), "443", SETTING_TEST, 1, 65535, NULL,
      "Port that MTA-STS policies are fetched from." },
    { "smtp_out.allow_private", SET_BOOL, AT(smtp_out_allow_private), "false", SETTING_TEST, 0, 0, NULL,
      "Mail goes to private addresses, too, and to this machine." },
    { "queue.max_age", SET_MS, AT(queue_max_age_ms), "5d", 0, 60 * MINUTE, 30 * DAY, NULL,
      "How long mail that leaves is tried, unless its box ends before; then its sender is told. RFC 5321 asks for 4 to "
      "5 "
      "days." },
    { "queue.delay_notice", SET_MS, AT(queue_delay_notice_ms), "4h", 0, 0, 30 * DAY, NULL,
      "After how long a sender is told that his mail is late; 0: never." },
    { "queue.max_messages", SET_INT, AT(queue_max_messages), "1000000", 0, 1, 100000000, NULL,
      "Mails that wait to leave at once; more are refused (452). Each needs about a kilobyte of memory." },
    { "queue.jobs", SET_INT, AT(queue_jobs), "1000", 0, 4, 10000, NULL,
      "Connections to other servers at once; three quarters of them at most to such as did not answer the last time." },
    { "queue.per_destination", SET_INT, AT(queue_per_destination), "20", 0, 1, 1000, NULL,
      "Of them to one destination." },

    { "submission.listen", SET_LISTEN, AT(submission_listen), "127.0.0.1:2587", 0, 0, 0, NULL,
      "Where holders of boxes hand in mail to be sent, with STARTTLS. On the Internet: 0.0.0.0:587, [::]:587." },
    { "submissions.listen", SET_LISTEN, AT(submissions_listen), "127.0.0.1:2465", 0, 0, 0, NULL,
      "The same with TLS from the first octet on. On the Internet: 0.0.0.0:465, [::]:465." },
    { "submission.keep_copy", SET_BOOL, AT(submission_keep_copy), "true", 0, 0, 0, NULL,
      "A copy of what a mail program sends is kept in the box's Sent folder. Programs that store their own there as "
      "well can be told not to." },

    { "send.policy", SET_ENUM, AT(send_policy), "reply-only", 0, 0, 0, "off reply-only verified open",
      "Whom boxes may write to: nobody; those who are proven to have written to the box; anybody, "
      "once the box is verified by a proof of work or mayfly box allow-sending; anybody." },
    { "send.off_domains", SET_NAMES, AT(send_off_domains), "", SETTING_OWN_DOMAINS, 0, 0, NULL,
      "Domains of server.domains where send.policy is off, whatever it is elsewhere." },
    { "send.reply_only_domains", SET_NAMES, AT(send_reply_only_domains), "", SETTING_OWN_DOMAINS, 0, 0, NULL,
      "The same for reply-only." },
    { "send.verified_domains", SET_NAMES, AT(send_verified_domains), "", SETTING_OWN_DOMAINS, 0, 0, NULL,
      "The same for verified." },
    { "send.open_domains", SET_NAMES, AT(send_open_domains), "", SETTING_OWN_DOMAINS, 0, 0, NULL,
      "The same for open." },
    { "send.unchecked", SET_BOOL, AT(send_unchecked), "false", 0, 0, 0, NULL,
      "reply-only believes the author of mail that nobody has checked, too (no dns.forward, or clients of private "
      "networks). For closed networks and tests: elsewhere one forged mail opens any address." },
    { "send.mails_per_day", SET_INT, AT(send_mails_per_day), "50", 0, 0, 1000000000, NULL,
      "Mails that one box may send in a day; 0: as many as it likes." },
    { "send.recipients_per_day", SET_INT, AT(send_recipients_per_day), "100", 0, 0, 1000000000, NULL,
      "Recipients of all these together; 0: as many as it likes." },
    { "send.recipients_per_hour", SET_INT, AT(send_recipients_per_hour), "1000", 0, 0, 1000000000, NULL,
      "Recipients of all boxes of this server together; 0: as many as they like." },
    { "send.max_recipients", SET_INT, AT(send_max_recipients), "20", 0, 1, 1000, NULL, "Recipients of one mail." },
    { "send.forward", SET_BOOL, AT(send_forward), "false", 0, 0, 0, NULL,
      "Boxes may have their mail forwarded to an address outside, once its reader has said yes by a link." },
    { "send.max_bytes", SET_BYTES, AT(send_max_bytes), "25M", 0, 1024, INT64_C(1) << 30, NULL,
      "Largest mail that is sent." },

    { "pop3.listen", SET_LISTEN, AT(pop3_listen), "127.0.0.1:2110", 0, 0, 0, NULL,
      "Boxes over POP3, with STLS. On the Internet: 0.0.0.0:110, [::]:110." },
    { "pop3s.listen", SET_LISTEN, AT(pop3s_listen), "127.0.0.1:2995", 0, 0, 0, NULL,
      "Boxes over POP3, TLS from the first octet on. On the Internet: 0.0.0.0:995, [::]:995." },
    { "pop3.idle_timeout", SET_MS, AT(pop3_idle_ms), "10m", 0, 1000, 60 * MINUTE, NULL,
      "Time for one whole command, or for taking what was asked for. RFC 1939 asks for at least 10 minutes." },
    { "imap.listen", SET_LISTEN, AT(imap_listen), "127.0.0.1:2143", 0, 0, 0, NULL,
      "Boxes over IMAP, with STARTTLS. On the Internet: 0.0.0.0:143, [::]:143." },
    { "imaps.listen", SET_LISTEN, AT(imaps_listen), "127.0.0.1:2993", 0, 0, 0, NULL,
      "Boxes over IMAP, TLS from the first octet on. On the Internet: 0.0.0.0:993, [::]:993." },
    { "auth.cleartext", SET_ENUM, AT(auth_cleartext), "never", 0, 0, 0, "never loopback",
      "Where a mail program may log in without TLS: nowhere, or from this machine itself." },

    { "http.listen", SET_LISTEN, AT(http_listen), "127.0.0.1:8025", 0, 0, 0, NULL,
      "The page and the API, without TLS." },
    { "https.listen", SET_LISTEN, AT(https_listen), "127.0.0.1:8443", 0, 0, 0, NULL,
      "The page and the API, with TLS." },
    { "http.proxy_networks", SET_NETS, AT(http_proxy_networks), "", 0, 0, 0, NULL,
      "Networks of proxies that speak the PROXY protocol before HTTP; they must. Others are never believed." },
    { "http.cors_origins", SET_ORIGINS, AT(http_cors_origins), "", 0, 0, 0, NULL,
      "Origins of other sites whose pages may use the API, like https://example.com." },
    { "http.pow_bits", SET_INT, AT(http_pow_bits), "0", 0, 0, 24, NULL,
      "Proof of work asked of whoever makes an address, in leading zero bits; 0: none. 16 takes a phone a moment." },
    { "metrics.listen", SET_LISTEN, AT(metrics_listen), "127.0.0.1:8026", 0, 0, 0, NULL,
      "Prometheus metrics at /metrics. Keep it private." },

    { "tls.cert", SET_PATH, AT(tls_cert), "", SETTING_RELOAD | SETTING_READS, 0, 0, NULL,
      "Certificate chain (PEM). Empty: a self-signed pair is made in the data folder. Read again at SIGHUP." },
    { "tls.key", SET_PATH, AT(tls_key), "", SETTING_RELOAD | SETTING_READS, 0, 0, NULL,
      "Private key of tls.cert (PEM)." },

    { "dns.forward", SET_ENDPOINTS, AT(dns_forward), "", 0, 0, LIMIT_DNS_FORWARD, NULL,
      "Resolvers that are asked who sent a mail, as address:port; at most 8. Empty: nobody is asked, and senders stay "
      "unchecked." },
    { "dns.trust_anchor", SET_PATH, AT(dns_trust_anchor), "", SETTING_READS, 0, 0, NULL,
      "File with the root's keys, for DNSSEC (Debian's dns-root-data: /usr/share/dns/root.key). Empty: not "
      "validated." },
    { "dns.timeout", SET_MS, AT(dns_timeout_ms), "4s", 0, 1000, MINUTE, NULL, "Time for one question." },
    { "trust.deadline", SET_MS, AT(trust_deadline_ms), "5s", 0, 1000, MINUTE, NULL,
      "Time for all checks of one message; what the DNS has not answered by then is a temporary error." },
    { "trust.dmarc", SET_ENUM, AT(trust_dmarc), "enforce", 0, 0, 0, "enforce label",
      "Mail that fails DMARC: refused or put into Junk as the domain in From asks (enforce), or only labelled." },
    { "trust.content", SET_BOOL, AT(trust_content), "true", 0, 0, 0, NULL,
      "Looks at what a mail says and how it is made, too; what looks like junk goes into Junk. false: only who sent it "
      "counts." },
    { "trust.reverse_dns", SET_BOOL, AT(trust_reverse_dns), "false", 0, 0, 0, NULL,
      "Ask for the client's name (reverse DNS) as one more sign. The resolver in dns.forward then learns the client's "
      "address." },
    { "trust.arc_sealers", SET_NAMES, AT(trust_arc_sealers), "", 0, 0, 0, NULL,
      "Domains of forwarders and mailing lists whose ARC seals are believed: where DMARC passed there, it counts "
      "here." },
    { "trust.domain_lists", SET_NAMES, AT(trust_domain_lists), "", 0, 0, LIMIT_LISTED_ZONES, NULL,
      "Zones of block lists of domains that are asked about the domains in From and in links, such as "
      "dbl.example.org; at most 8. Mind their terms; through a public resolver most do not answer." },

    { "clamd.address", SET_NEIGHBOUR, AT(clamd_address), "", 0, 0, 0, NULL,
      "clamd, as the path of its Unix socket or address:port. It is sent every mail; needs scan.plaintext_ack. Empty: "
      "nothing is looked through for malware." },
    { "rspamd.address", SET_NEIGHBOUR, AT(rspamd_address), "", 0, 0, 0, NULL,
      "rspamd's normal worker, likewise. What it says is one of the symbols that decide what is junk." },
    { "rspamd.send_client", SET_BOOL, AT(rspamd_send_client), "false", 0, 0, 0, NULL,
      "rspamd is told the client's address, its greeting and the sender, so that it can ask the DNS about them. It "
      "logs them, unless it is told not to." },
    { "scan.plaintext_ack", SET_BOOL, AT(scan_plaintext_ack), "false", 0, 0, 0, NULL,
      "true: I have seen to it that the scanners' temporary files lie in memory (tmpfs) and that their logs keep no "
      "addresses. Until then they are not asked, since they see mail in plaintext." },
    { "scan.max_bytes", SET_BYTES, AT(scan_max_bytes), "25M", 0, 1024, INT64_C(1) << 30, NULL,
      "Largest mail that is scanned; no more than clamd's StreamMaxLength. For a larger one scan.unreadable "
      "decides." },
    { "scan.timeout", SET_MS, AT(scan_timeout_ms), "30s", 0, 100, 5 * MINUTE, NULL,
      "Time for all scanners of one mail, which run at the same time as the other checks. Senders wait for ten minutes "
      "(RFC 5321)." },
    { "scan.malware", SET_ENUM, AT(scan_malware), "refuse", 0, 0, 0, "refuse junk",
      "Mail with malware in it: refused, or put into Junk, marked." },
    { "scan.unreadable", SET_ENUM, AT(scan_unreadable), "accept", 0, 0, 0, "accept refuse",
      "Mail that clamd cannot look into, however often it is asked: larger than scan.max_bytes, over clamd's own "
      "limits, "
      "encrypted or broken. It is taken and marked as unscanned, or refused." },
    { "scan.down", SET_ENUM, AT(scan_down), "tempfail", 0, 0, 0, "tempfail accept",
      "Mail while a scanner gives no answer: senders are told to come again (451), or it is taken, marked as "
      "unscanned." },
    { "scan.down_for", SET_MS, AT(scan_down_for_ms), "10m", 0, 0, 7 * DAY, NULL,
      "With tempfail: how long, before it is taken all the same." },

    { "trust.learn", SET_BOOL, AT(trust_learn), "false", 0, 0, 0, NULL,
      "Learn from readers' clicks \"junk\" and \"not junk\" what this server's junk is like: weights only, no mail. "
      "What a "
      "reader says of a sender counts for their own box in any case, until the restart." },
    { "trust.prior", SET_STR, AT(trust_prior), "shipped", 0, 0, 0, NULL,
      "What leans a new server's judgement of junk: the weights that come with mayfly (shipped), none, or the path of "
      "a file made by mayfly learn --prior." },

    { "box.default_ttl", SET_MS, AT(box_default_ttl_ms), "1h", 0, 1000, 3650 * DAY, NULL,
      "Life of an address whose maker asks for none." },
    { "box.min_ttl", SET_MS, AT(box_min_ttl_ms), "10m", 0, 1000, 3650 * DAY, NULL, "Shortest life." },
    { "box.max_ttl", SET_MS, AT(box_max_ttl_ms), "30d", 0, 1000, 3650 * DAY, NULL,
      "Longest life, counted from the moment of asking." },
    { "box.max_messages", SET_INT, AT(box_max_messages), "500", 0, 1, 1000000, NULL,
      "Messages in a box; a full one refuses more (452), it drops nothing." },
    { "box.max_bytes", SET_BYTES, AT(box_max_bytes), "100M", 0, 1024, INT64_C(1) << 40, NULL, "Size of a box." },

    { "store.backend", SET_ENUM, AT(store_backend), "embedded", 0, 0, 0, "embedded", "Where boxes and mail are kept." },
    { "store.allow_cow", SET_BOOL, AT(store_allow_cow), "false", 0, 0, 0, NULL,
      "Start on a copy-on-write file system all the same. There, overwritten keys may survive: endings are no longer "
      "sure." },

    { "store.reserve", SET_BYTES, AT(store_reserve), "256M", 0, 0, INT64_C(1) << 40, NULL,
      "Free disk space below which new mail is refused (452), so that reading and ending go on." },
    { "store.quarantine", SET_MS, AT(store_quarantine_ms), "90d", 0, 1000, 3650 * DAY, NULL,
      "How long a chosen address that ended is given to nobody. Generated addresses never come again." },

    { "limits.message_memory", SET_BYTES, AT(limits_message_memory), "0", 0, 0, INT64_C(1) << 40, NULL,
      "Memory for messages on their way in; 0: a quarter of the machine's, at most 1G. Beyond it senders wait (452)." },
    { "limits.boxes", SET_INT, AT(limits_boxes), "1048576", 0, 64, 1 << 30, NULL,
      "Addresses that live at once; 256 bytes of disk are set aside for each." },
    { "limits.mx_per_network", SET_INT, AT(limits_mx_per_network), "50", 0, 1, 1000000, NULL,
      "SMTP connections at once from one network (IPv4 /24, IPv6 /48)." },
    { "limits.prelogin_per_network", SET_INT, AT(limits_prelogin_per_network), "20", 0, 1, 1000000, NULL,
      "Connections of mail programs at once from one network that have not logged in yet." },
    { "limits.mail_per_network", SET_INT, AT(limits_mail_per_network), "500", 0, 1, 1000000, NULL,
      "Connections of mail programs at once from one network that have logged in." },
    { "limits.live_per_network", SET_INT, AT(limits_live_per_network), "100", 0, 1, 1000000, NULL,
      "Live connections (WebSocket, SSE, wait) at once from one network." },
    { "limits.http_per_network", SET_INT, AT(limits_http_per_network), "200", 0, 1, 1000000, NULL,
      "HTTP connections at once from one network." },
    { "limits.create_per_network", SET_INT, AT(limits_create_per_network), "60", 0, 1, 1000000, NULL,
      "Addresses made in an hour from one network." },
    { "limits.login_per_network", SET_INT, AT(limits_login_per_network), "60", 0, 1, 1000000, NULL,
      "Wrong passwords and recovery words in ten minutes from one network. Tokens are not counted." },
    { "limits.unknown_per_network", SET_INT, AT(limits_unknown_per_network), "200", 0, 1, 1000000, NULL,
      "Unknown recipients in ten minutes from one network, before it is answered 421." },
    { "limits.send_per_network", SET_INT, AT(limits_send_per_network), "100", 0, 1, 1000000, NULL,
      "Recipients in an hour that boxes write to from one network." },
    { "limits.requests_per_network", SET_INT, AT(limits_requests_per_network), "1200", 0, 1, 1000000, NULL,
      "API requests in a minute from one network." },

    { "access.allow", SET_NETS, AT(access_allow), "127.0.0.0/8, ::1/128", SETTING_RELOAD, 0, 0, NULL,
      "Networks that are never banned, nor looked up in block lists. A proxy that does not speak the PROXY protocol "
      "belongs here. Read again at SIGHUP." },
    { "access.deny", SET_NETS, AT(access_deny), "", SETTING_RELOAD, 0, 0, NULL,
      "Networks that are served nothing. Read again at SIGHUP; mayfly ban add does it for a while." },
    { "access.dnsbl", SET_NAMES, AT(access_dnsbl), "", 0, 0, LIMIT_DNSBL_ZONES, NULL,
      "Zones of DNS block lists, like zen.spamhaus.org, that are asked about SMTP clients; at most 8. They, and the "
      "resolver in dns.forward, learn who writes to you. Empty: none." },
    { "access.dnsbl_action", SET_ENUM, AT(access_dnsbl_action), "refuse", 0, 0, 0, "refuse symbol",
      "Who is listed: refused (554), or its mail is weighed down." },
    { "access.greylist", SET_MS, AT(access_greylist_ms), "0s", 0, 0, 60 * MINUTE, NULL,
      "How long an unknown sender is kept waiting with 451 before a retry passes. It keeps codes waiting; 0: nobody "
      "waits." },
    { "access.ban_score", SET_INT, AT(access_ban_score), "300", 0, 0, 1000000, NULL,
      "What a network (IPv4 /24, IPv6 /48) may do to us before it is banned, where an unknown recipient counts 1 and a "
      "wrong password 4; a full score is forgiven in 20 minutes. 0: nobody is banned." },
    { "access.ban_time", SET_MS, AT(access_ban_time_ms), "10m", 0, 1000, DAY, NULL,
      "The first ban of a network; each further one is twice as long." },
    { "access.ban_max_time", SET_MS, AT(access_ban_max_time_ms), "1d", 0, 1000, DAY, NULL, "The longest ban." },

    { "log.level", SET_ENUM, AT(log_level), "info", 0, 0, 0, "debug info warn error", "Least that is logged." },
    { "log.format", SET_ENUM, AT(log_format), "text", 0, 0, 0, "text json",
      "One line for each event. There are never addresses, tokens, texts of mail or IP addresses in it." },

    { "test.echo_websocket", SET_BOOL, AT(test_echo_websocket), "false", SETTING_TEST, 0, 0, NULL,
      "A WebSocket at /test/echo that answers each frame (for protocol suites)." },
    { "test.xclient", SET_BOOL, AT(test_xclient), "false", SETTING_TEST, 0, 0, NULL,
      "XCLIENT in SMTP, from loopback only." },
    { "test.clock", SET_BOOL, AT(test_clock), "false", SETTING_TEST, 0, 0, NULL,
      "A clock that the control socket moves; only on a data folder made with it." },

    LATER("lmtp.listen"),
    LATER("store.redis"),
};
const size_t settings_n = COUNT(settings);

size_t setting_find(struct str name)
{
    size_t i = 0;
    while (i < settings_n && !str_eq(str_c(settings[i].name), name))
        i++;
    return i;
}

bool setting_is_list(const struct setting *s)
{
    return s->type == SET_LISTEN || s->type == SET_NETS || s->type == SET_ENDPOINTS || s->type == SET_NAMES ||
           s->type == SET_ORIGINS;
}
