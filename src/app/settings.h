/* The table of settings and what it fills. A new setting is a field of struct config and a row in settings.c. */
#pragma once
#include "base/arena.h"

struct config_list {
    struct str *v; /* each with a NUL behind it */
    size_t n;
};

enum config_dmarc { CONFIG_DMARC_ENFORCE, CONFIG_DMARC_LABEL };
enum config_malware { CONFIG_MALWARE_REFUSE, CONFIG_MALWARE_JUNK };
enum config_down { CONFIG_DOWN_TEMPFAIL, CONFIG_DOWN_ACCEPT };
enum config_dnsbl { CONFIG_DNSBL_REFUSE, CONFIG_DNSBL_SYMBOL };
enum config_cleartext { CONFIG_CLEARTEXT_NEVER, CONFIG_CLEARTEXT_LOOPBACK };
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };

struct config {
    struct str server_data_dir, server_hostname, server_user;
    struct config_list server_domains;
    int64_t server_workers, server_drain_ms;
    bool server_sandbox;
    struct config_list smtp_listen, smtp_proxy_networks;
    uint64_t smtp_max_bytes;
    int64_t smtp_max_recipients, smtp_command_ms, smtp_data_ms;
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
    int64_t scan_timeout_ms, scan_malware, scan_down, scan_down_for_ms;
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
    int64_t limits_login_per_network, limits_unknown_per_network, limits_requests_per_network, limits_boxes;
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
    SET_NEIGHBOUR,
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
enum { SETTING_RELOAD = 1, SETTING_TEST = 2 }; /* taken over at SIGHUP; left out of mayfly.conf */

struct setting {
    const char *name; /* section.key */
    enum setting_type type;
    size_t at;       /* offset in struct config */
    const char *def; /* as one would write it; lists with commas */
    unsigned flags;  /* SETTING_* */
    int64_t min,
        max; /* SET_INT, SET_BYTES, SET_MS: the range, ends included; max 0: the type's own; lists: fewest items */
    const char *choice; /* SET_ENUM: words in the order of their numbers, with spaces between */
    const char *help;
};
extern const struct setting settings[];
extern const size_t settings_n;
size_t setting_find(struct str name); /* row, or settings_n */
bool setting_is_list(const struct setting *s);
