/* What no setting can be told by itself: they contradict each other, one does nothing without another, or a file is not
 * there. */
#include "app/config_check.h"
#include "app/shipped.h"
#include "io/tls.h"
#include "trust/model_file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All listeners set SO_REUSEPORT, so the kernel would share a port out between two kinds of them. */
static bool same_door(struct str a, struct str b)
{
    size_t ca = str_rchr(a, ':'), cb = str_rchr(b, ':');
    struct str host_a = str_sub(a, 0, ca), host_b = str_sub(b, 0, cb);
    if (!str_eq(str_from(a, ca), str_from(b, cb)) || str_eq(str_from(a, ca), S(":0")))
        return false;
    bool six = str_starts(host_a, S("["));
    struct str any = six ? S("[::]") : S("0.0.0.0");
    return str_eq(host_a, host_b) ||
           (six == str_starts(host_b, S("[")) && (str_eq(host_a, any) || str_eq(host_b, any)));
}

static struct config_list doors_of(const struct config *c, size_t row)
{
    bool listens = settings[row].type == SET_LISTEN;
    return listens ? *(const struct config_list *)((const char *)c + settings[row].at) : (struct config_list){ 0 };
}

/* Is endpoint i of the row taken by one before it? */
static void check_door(const struct config *c, size_t row, size_t i, struct buf *errors)
{
    struct str mine = doors_of(c, row).v[i];
    for (size_t other = 0; other <= row; other++) {
        struct config_list list = doors_of(c, other);
        for (size_t k = 0; k < (other == row ? i : list.n); k++)
            if (same_door(list.v[k], mine))
                buf_printf(errors, "%s: %.*s is taken by %s %.*s\n", settings[row].name, STR_FMT(mine),
                           settings[other].name, STR_FMT(list.v[k]));
    }
}

static void check_doors(const struct config *c, struct buf *errors)
{
    size_t n = 0;
    for (size_t row = 0; row < settings_n; row++)
        n += doors_of(c, row).n;
    if (n > CONFIG_LISTEN_MAX) {
        buf_printf(errors, "*.listen: %zu addresses, and at most %d\n", n, CONFIG_LISTEN_MAX);
        return;
    }
    for (size_t row = 0; row < settings_n; row++)
        for (size_t i = 0; i < doors_of(c, row).n; i++)
            check_door(c, row, i, errors);
}

/* A slip in send.off_domains would leave sending on. */
static void check_own(const struct config *c, size_t row, struct buf *errors)
{
    const struct config_list *list = (const struct config_list *)((const char *)c + settings[row].at);
    for (size_t i = 0; i < list->n; i++) {
        bool own = false;
        for (size_t k = 0; k < c->server_domains.n; k++)
            own |= str_eq(list->v[i], c->server_domains.v[k]);
        if (!own)
            buf_printf(errors, "%s: %s: %.*s is none of server.domains\n", c->source[row], settings[row].name,
                       STR_FMT(list->v[i]));
    }
}

void config_check_together(const struct config *c, struct buf *errors)
{
    if (str_empty(c->tls_cert) != str_empty(c->tls_key))
        buf_puts(errors, "tls.cert and tls.key: both or none\n");
    if (c->box_min_ttl_ms > c->box_max_ttl_ms)
        buf_puts(errors, "box.min_ttl: above box.max_ttl\n");
    if (c->box_default_ttl_ms < c->box_min_ttl_ms)
        buf_puts(errors, "box.default_ttl: below box.min_ttl\n");
    if (c->box_default_ttl_ms > c->box_max_ttl_ms)
        buf_puts(errors, "box.default_ttl: above box.max_ttl\n");
    if (c->box_max_bytes < c->smtp_max_bytes)
        buf_puts(errors, "box.max_bytes: below smtp.max_bytes, so one message would not fit\n");
    if (c->access_ban_max_time_ms < c->access_ban_time_ms)
        buf_puts(errors, "access.ban_max_time: below access.ban_time\n");
    if (!str_empty(c->smtp_out_relay_user) && str_empty(c->smtp_out_relay_password_file))
        buf_puts(errors, "smtp_out.relay_user: needs smtp_out.relay_password_file\n");
    for (size_t row = 0; row < settings_n; row++)
        if (settings[row].flags & SETTING_OWN_DOMAINS)
            check_own(c, row, errors);
    check_doors(c, errors);
}

/* Who wrote is what reply-only goes by, and only a resolver can tell that it is true. */
static void note_unchecked(const struct config *c, struct buf *notes)
{
    bool replies = c->send_policy == CONFIG_SEND_REPLY_ONLY || c->send_reply_only_domains.n > 0;
    if (!replies || (c->dns_forward.n == 0 && c->smtp_out_relay_host.n == 0))
        return;
    if (c->send_unchecked)
        buf_puts(notes,
                 "send.unchecked: whoever reaches the SMTP port makes this server send to any address, by one forged "
                 "mail; only for closed networks\n");
    else if (c->dns_forward.n == 0)
        buf_puts(notes, "dns.forward: no sender is checked without it, so with send.policy reply-only boxes write to "
                        "boxes of this server alone\n");
}

static bool names_everybody(const struct config_list *networks)
{
    for (size_t i = 0; i < networks->n; i++)
        if (str_ends(networks->v[i], S("/0")))
            return true;
    return false;
}

static void note_everybody(const struct config *c, struct buf *notes)
{
    if (names_everybody(&c->smtp_relay_from))
        buf_puts(notes, "smtp.relay_from: names everybody, so this server sends anybody's mail to anywhere (an open "
                        "relay)\n");
    if (names_everybody(&c->access_deny))
        buf_puts(notes, "access.deny: names everybody, so only access.allow comes in\n");
}

void config_note_together(const struct config *c, struct buf *notes)
{
    note_everybody(c, notes);
    if (c->limits_message_memory > 0 && c->limits_message_memory < c->smtp_max_bytes)
        buf_puts(notes, "limits.message_memory: less than a mail of smtp.max_bytes takes; what does not fit is put off "
                        "(452)\n");
    if (!c->scan_plaintext_ack && (!str_empty(c->clamd_address) || !str_empty(c->rspamd_address)))
        buf_puts(notes,
                 "scan.plaintext_ack: clamd and rspamd are not asked until it is true: they see mail in plaintext, so "
                 "their temporary files must lie in memory and their logs keep no addresses\n");
    if (c->dns_forward.n == 0 && (c->access_dnsbl.n > 0 || c->trust_domain_lists.n > 0 || c->trust_reverse_dns))
        buf_puts(notes, "dns.forward: access.dnsbl, trust.domain_lists and trust.reverse_dns do nothing without it\n");
    bool way_out = c->dns_forward.n > 0 || !str_empty(c->smtp_out_relay_host);
    if (c->dns_forward.n == 0 && c->smtp_out_tls_reports)
        buf_puts(notes, "dns.forward: smtp_out.tls_reports does nothing without it\n");
    if (c->send_forward && !way_out)
        buf_puts(notes, "send.forward: does nothing without dns.forward or smtp_out.relay_host\n");
    if (!str_empty(c->smtp_out_relay_user) && str_empty(c->smtp_out_relay_host))
        buf_puts(notes, "smtp_out.relay_user: does nothing without smtp_out.relay_host\n");
    note_unchecked(c, notes);
}

/* ---- files ---- */
static void put_fault(const struct config *c, struct buf *errors, const char *name, struct str path, const char *why)
{
    buf_printf(errors, "%s: %s: %.*s: %s\n", c->source[setting_find(str_c(name))], name, STR_FMT(path), why);
}

static void check_pair(const struct config *c, struct buf *errors)
{
    if (str_empty(c->tls_cert) || access(c->tls_cert.p, R_OK) != 0 || access(c->tls_key.p, R_OK) != 0)
        return; /* said already */
    switch (tls_pair_look(c->tls_cert.p, c->tls_key.p)) {
    case TLS_PAIR_GOOD:
        break;
    case TLS_PAIR_NO_CERT:
        put_fault(c, errors, "tls.cert", c->tls_cert, "no certificate that can be used (PEM) is in it");
        break;
    case TLS_PAIR_NO_KEY:
        put_fault(c, errors, "tls.key", c->tls_key, "no key that can be used (PEM, no passphrase) is in it");
        break;
    case TLS_PAIR_APART:
        put_fault(c, errors, "tls.key", c->tls_key, "is not the key of tls.cert");
        break;
    }
}

void config_check_files(const struct config *c, struct buf *errors, struct buf *notes)
{
    size_t before = errors->n;
    for (size_t row = 0; row < settings_n; row++) {
        struct str path =
            settings[row].flags & SETTING_READS ? *(const struct str *)((const char *)c + settings[row].at) : S("");
        if (str_empty(path) || str_eq(str_c(c->source[row]), S("default")))
            continue;
        AUTO_FD int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat st;
        int why = fd < 0 || fstat(fd, &st) != 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
        if (why != 0)
            buf_printf(why == EACCES ? notes : errors, "%s: %s: %.*s: %s\n", c->source[row], settings[row].name,
                       STR_FMT(path), strerrordesc_np(why));
    }
    if (errors->n == before)
        check_pair(c, errors);
}

void config_check_prior(const struct config *c, struct buf *errors, struct buf *notes)
{
    struct prior prior;
    if (!shipped_is_path(c->trust_prior))
        return;
    enum err e = shipped_open(c->trust_prior, &prior);
    prior_close(&prior);
    if (e == OK)
        return;
    bool hidden = access(c->trust_prior.p, R_OK) != 0 && errno == EACCES;
    buf_printf(hidden ? notes : errors, "%s: trust.prior: %.*s: %s\n", c->source[setting_find(S("trust.prior"))],
               STR_FMT(c->trust_prior), hidden ? strerrordesc_np(EACCES) : model_file_why(e));
}
