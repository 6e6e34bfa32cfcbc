/* The table of settings and what it fills. A new setting is a field of struct config and a row in settings.c. */
#pragma once
#include "base/arena.h"

enum { CONFIG_LISTEN_MAX = 64 }; /* addresses of all *.listen together */

struct config_list {
    struct str *v; /* each with a NUL behind it */
    size_t n;
};

enum config_dmarc { CONFIG_DMARC_ENFORCE, CONFIG_DMARC_LABEL };
enum config_malware { CONFIG_MALWARE_REFUSE, CONFIG_MALWARE_JUNK };
enum config_unseen { CONFIG_UNSEEN_ACCEPT, CONFIG_UNSEEN_REFUSE };
enum config_down { CONFIG_DOWN_TEMPFAIL, CONFIG_DOWN_ACCEPT };
enum config_dnsbl { CONFIG_DNSBL_REFUSE, CONFIG_DNSBL_SYMBOL };
enum config_cleartext { CONFIG_CLEARTEXT_NEVER, CONFIG_CLEARTEXT_LOOPBACK };
enum config_sts { CONFIG_STS_NONE, CONFIG_STS_TESTING, CONFIG_STS_ENFORCE };
enum config_send { CONFIG_SEND_OFF, CONFIG_SEND_REPLY_ONLY, CONFIG_SEND_VERIFIED, CONFIG_SEND_OPEN };
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

struct config {
    struct str server_data_dir, server_hostname, server_user;
    struct config_list server_domains;
    int64_t server_workers, server_drain_ms;
    bool server_sandbox;
    struct config_list smtp_listen, smtp_proxy_networks, smtp_relay_from;
    uint64_t smtp_max_bytes;
    int64_t smtp_mta_sts, smtp_max_recipients, smtp_command_ms, smtp_data_ms;
    struct str smtp_out_relay_host, smtp_out_relay_user, smtp_out_relay_password_file, smtp_out_bind_ipv4,
        smtp_out_bind_ipv6, smtp_out_ca_file;
    int64_t smtp_out_relay_port, smtp_out_connect_ms, smtp_out_command_ms, smtp_out_data_ms, smtp_out_port,
        smtp_out_sts_port;
    struct str smtp_out_tls_report_from;
    int64_t smtp_out_tls_report_delay_ms;
    bool smtp_out_mta_sts, smtp_out_tls_reports, smtp_out_allow_private;
    int64_t queue_max_age_ms, queue_delay_notice_ms, queue_max_messages, queue_jobs, queue_per_destination;
    struct config_list submission_listen, submissions_listen;
    bool submission_keep_copy;
    int64_t send_policy;
    struct config_list send_off_domains, send_reply_only_domains, send_verified_domains, send_open_domains;
    int64_t send_mails_per_day, send_recipients_per_day, send_recipients_per_hour, send_max_recipients;
    uint64_t send_max_bytes;
    bool send_forward, send_unchecked;
    struct config_list pop3_listen, pop3s_listen, imap_listen, imaps_listen;
    int64_t auth_cleartext, pop3_idle_ms;
    struct config_list http_listen, https_listen, http_proxy_networks, http_cors_origins;
    int64_t http_pow_bits;
    struct config_list metrics_listen;
    struct str tls_cert, tls_key;
    struct config_list dns_forward;
    struct str dns_trust_anchor;
    int64_t dns_timeout_ms, trust_deadline_ms, trust_dmarc;
    bool trust_content;
    struct config_list trust_arc_sealers, trust_domain_lists;
    struct str clamd_address, rspamd_address;
    bool rspamd_send_client, scan_plaintext_ack;
    uint64_t scan_max_bytes;
    int64_t scan_timeout_ms, scan_malware, scan_unreadable, scan_down, scan_down_for_ms;
    struct str trust_prior;
    bool trust_learn;
    int64_t box_default_ttl_ms, box_min_ttl_ms, box_max_ttl_ms, box_max_messages;
    uint64_t box_max_bytes;
    int64_t store_backend;
    bool store_allow_cow;
    uint64_t store_reserve;
    int64_t store_quarantine_ms;
    uint64_t limits_message_memory;
    int64_t limits_mx_per_network, limits_prelogin_per_network, limits_mail_per_network, limits_live_per_network,
        limits_http_per_network, limits_create_per_network;
    int64_t limits_send_per_network, limits_login_per_network, limits_unknown_per_network, limits_requests_per_network,
        limits_boxes;
    struct config_list access_allow, access_deny;
    struct config_list access_dnsbl;
    int64_t access_dnsbl_action, access_greylist_ms;
    bool trust_reverse_dns;
    int64_t access_ban_score, access_ban_time_ms, access_ban_max_time_ms;
    int64_t log_level, log_format;
    bool test_echo_websocket, test_xclient, test_clock;

    struct arena arena;  /* all text above */
    const char **source; /* where each setting came from, by row of the table: "default", "FILE:12", … */
    struct str *text;    /* each value as it was written, by row */
};

enum setting_type {
    SET_STR,
    SET_PATH,
    SET_NAME,
    SET_HOST, /* a name, or an address */
    SET_NEIGHBOUR,
    SET_IPV4,
    SET_IPV6,
    SET_MAILBOX,
    SET_NAMES,
    SET_ORIGINS,
    SET_LISTEN,
    SET_NETS,
    SET_ENDPOINTS,
    SET_BYTES,
    SET_MS,
    SET_INT,
    SET_BOOL,
    SET_ENUM,
    SET_LATER
};
enum {
    SETTING_RELOAD = 1,     /* taken over at SIGHUP */
    SETTING_TEST = 2,       /* left out of mayfly.conf */
    SETTING_READS = 4,      /* SET_PATH: a file that is read at start */
    SETTING_OWN_DOMAINS = 8 /* SET_NAMES: some of server.domains */
};

struct setting {
    const char *name; /* section.key */
    enum setting_type type;
    size_t at;       /* offset in struct config */
    const char *def; /* as one would write it; lists with commas */
    unsigned flags;  /* SETTING_* */
    /* SET_INT, SET_BYTES, SET_MS: the range, ends included; max 0: the type's own. SET_PATH: likewise of its octets.
     * Lists: fewest and most items. */
    int64_t min, max;
    const char *choice; /* SET_ENUM: words in the order of their numbers, with spaces between */
    const char *help;
};
extern const struct setting settings[];
extern const size_t settings_n;
size_t setting_find(struct str name); /* row, or settings_n */
bool setting_is_list(const struct setting *s);
