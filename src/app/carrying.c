#include "app/carrying.h"
#include "base/rand.h"
#include "base/secret.h"
#include "io/fetch.h"
#include "io/file.h"
#include "io/tls.h"

enum { MEMORY = 16 * 1024, PASSWORD_MAX = 1024, FETCH_MS = 30 * 1000 };

static enum err bad(struct log *log, const char *why, enum err e)
{
    log_error(log, "start.smtp_out", LOG_C("reason", why), LOG_ERR(e));
    return e;
}

static enum err read_password(struct carrying *c, struct str path)
{
    AUTO_BUF struct buf text = { .max = PASSWORD_MAX, .secret = true };
    struct str rest;
    enum err e = file_load(path.p, PASSWORD_MAX, &text);
    if (e == OK)
        c->password = arena_dup(&c->arena, str_line(buf_str(&text), &rest));
    return e == OK && !c->password.p ? ERR_FULL : e;
}

/* What is no address of its kind config_value.c lets nobody set. */
static bool read_bind(struct str text, struct dial_to *to)
{
    struct ip ip;
    if (text.n == 0 || ip_parse(text, &ip) != OK)
        return false;
    dial_ip(&ip, 0, to);
    return true;
}

static struct str lower_copy(struct arena *a, struct str s)
{
    struct str copy = arena_dup(a, s);
    for (size_t i = 0; copy.p && i < copy.n; i++)
        ((char *)(uintptr_t)copy.p)[i] = char_lower(copy.p[i]);
    return copy;
}

static enum err start_tls(struct carrying *c, const struct config *config, struct log *log)
{
    enum err e = tls_client_new(TLS_ANY_PEER, NULL, &c->any);
    if (e == OK)
        e = tls_client_new(TLS_DANE_PEER, NULL, &c->dane);
    if (e == OK && config->smtp_out_tls_reports)
        (void)tls_client_new(TLS_TOLD_PEER, config->smtp_out_ca_file.p, &c->told);
    if (e == OK && tls_client_new(TLS_KNOWN_PEER, config->smtp_out_ca_file.p, &c->known) != OK) {
        log_warn(log, "start.smtp_out",
                 LOG_C("reason", "smtp_out.ca_file cannot be used: MTA-STS is not followed, nor is there a smart host "
                                 "with login"));
    }
    return e;
}

enum err carrying_start(struct carrying *c, const struct config *config, struct log *log)
{
    arena_init(&c->arena, MEMORY);
    c->arena.secret = true;
    c->relay_host = lower_copy(&c->arena, config->smtp_out_relay_host);
    c->on = config->dns_forward.n > 0 || c->relay_host.n > 0;
    if (!c->on)
        return OK;
    if (config->smtp_out_relay_user.n > 0 && read_password(c, config->smtp_out_relay_password_file) != OK)
        return bad(log, "smtp_out.relay_password_file cannot be read", ERR_BAD);
    c->binds4 = read_bind(config->smtp_out_bind_ipv4, &c->bind4);
    c->binds6 = read_bind(config->smtp_out_bind_ipv6, &c->bind6);
    enum err e = start_tls(c, config, log);
    if (e == OK && config->smtp_out_relay_user.n > 0 && !c->known)
        return bad(log, "without smtp_out.ca_file nobody is told smtp_out.relay_password", ERR_BAD);
    return e == OK ? OK : bad(log, "TLS cannot be begun", e);
}

/* May anything leave at all? Else the kernel is asked to let nothing out; what an earlier run left in the queue waits.
 */
static bool anybody_sends(const struct config *c)
{
    return c->send_policy != CONFIG_SEND_OFF || c->send_reply_only_domains.n + c->send_verified_domains.n > 0 ||
           c->send_open_domains.n + c->smtp_relay_from.n > 0 || c->send_forward;
}

static bool fetches(const struct carrying *c, const struct config *config)
{
    return anybody_sends(config) && c->known && (config->smtp_out_mta_sts || config->smtp_out_tls_reports) &&
           config->dns_forward.n > 0;
}

enum err carrying_begin(struct carrying *c, const struct config *config)
{
    const struct fetcher_opts fetch = { .ca_file = config->smtp_out_ca_file.p, .timeout_ms = FETCH_MS };
    return fetches(c, config) ? fetcher_start(&fetch, &c->fetcher) : OK;
}

size_t carrying_ports(const struct carrying *c, const struct config *config, uint16_t *ports, size_t n, size_t max)
{
    const int64_t wanted[] = { config->smtp_out_port, config->smtp_out_relay_port, config->smtp_out_sts_port };
    const bool sends = anybody_sends(config);
    const bool asked[] = { sends && config->dns_forward.n > 0, sends && c->relay_host.n > 0, fetches(c, config) };
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (asked[i] && n < max)
            ports[n++] = (uint16_t)wanted[i];
    return n;
}

enum err carrying_new(struct carrying *c, const struct config *config, const struct carrying_on *on)
{
    const struct sts_opts sts = { .loop = on->loop,
                                  .dns = on->dns,
                                  .fetcher = c->fetcher,
                                  .port = (uint16_t)config->smtp_out_sts_port,
                                  .allow_private = config->smtp_out_allow_private,
                                  .now_ms = on->now_ms,
                                  .ctx = on->ctx };
    enum err e = c->fetcher && on->dns && config->smtp_out_mta_sts ? sts_new(&sts, &c->sts) : OK;
    if (e == OK && on->dns && config->smtp_out_tls_reports)
        e = tls_tally_new(&c->tally);
    const struct router_opts router = { .loop = on->loop,
                                        .dns = on->dns,
                                        .sts = c->sts,
                                        .hostname = config->server_hostname,
                                        .relay_host = c->relay_host,
                                        .port = (uint16_t)config->smtp_out_port,
                                        .allow_private = config->smtp_out_allow_private,
                                        .tells = c->tally != NULL,
                                        .chance = rand_below };
    if (e == OK)
        e = router_new(&router, &c->router);
    const struct smtp_out_opts out = { .loop = on->loop,
                                       .router = c->router,
                                       .deliver = on->deliver,
                                       .domains = on->domains,
                                       .unknown = on->unknown,
                                       .ctx = on->ctx,
                                       .log = on->log,
                                       .hostname = config->server_hostname,
                                       .any = c->any,
                                       .known = c->known,
                                       .dane = c->dane,
                                       .told = c->told,
                                       .tally = c->tally,
                                       .now_ms = on->now_ms,
                                       .bind4 = c->binds4 ? &c->bind4 : NULL,
                                       .bind6 = c->binds6 ? &c->bind6 : NULL,
                                       .relay_user = config->smtp_out_relay_user,
                                       .relay_password = c->password,
                                       .port = (uint16_t)config->smtp_out_port,
                                       .relay_port = (uint16_t)config->smtp_out_relay_port,
                                       .command_ms = config->smtp_out_command_ms,
                                       .data_ms = config->smtp_out_data_ms,
                                       .connect_ms = config->smtp_out_connect_ms,
                                       .allow_private = config->smtp_out_allow_private,
                                       .stats = &c->stats };
    return e == OK ? smtp_out_new(&out, &c->out) : e;
}

void carrying_stop(struct carrying *c) { fetcher_stop(c->fetcher); }

void carrying_end(struct carrying *c)
{
    smtp_out_free(c->out);
    router_free(c->router);
    sts_free(c->sts);
    tls_tally_free(c->tally);
    fetcher_free(c->fetcher);
    tls_free(c->any);
    tls_free(c->known);
    tls_free(c->dane);
    tls_free(c->told);
    arena_reset(&c->arena);
}
