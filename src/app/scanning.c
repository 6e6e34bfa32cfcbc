/* A scanner reads every mail: that is nothing to be switched on by an address alone. */
#include "app/scanning.h"

static bool find(struct str address, bool sure, struct dial_to *to)
{
    return sure && !str_empty(address) && dial_parse(address, to) == OK;
}

void scanning_init(struct scanning *s, const struct config *c)
{
    s->asks_clamd = find(c->clamd_address, c->scan_plaintext_ack, &s->clamd);
    s->asks_rspamd = find(c->rspamd_address, c->scan_plaintext_ack, &s->rspamd);
}

enum err scanning_start(struct scanning *s, const struct config *c, struct loop *loop, struct scanners **out)
{
    const struct scan_opts o = { .loop = loop,
                                 .clamd = { s->asks_clamd ? &s->clamd : NULL, &s->clamd_state },
                                 .rspamd = { s->asks_rspamd ? &s->rspamd : NULL, &s->rspamd_state },
                                 .costs = &s->costs,
                                 .max_bytes = c->scan_max_bytes,
                                 .timeout_ms = c->scan_timeout_ms,
                                 .down_for_ms = c->scan_down == CONFIG_DOWN_ACCEPT ? 0 : c->scan_down_for_ms,
                                 .send_client = c->rspamd_send_client };
    return scanners_new(&o, out);
}

static void tell(struct log *log, const char *name, bool up)
{
    if (up)
        log_info(log, "scanner.up", LOG_C("name", name));
    else
        log_warn(log, "scanner.down", LOG_C("name", name));
}
static void on_clamd(void *ctx, bool up) { tell(((struct scanning *)ctx)->log, "clamd", up); }
static void on_rspamd(void *ctx, bool up) { tell(((struct scanning *)ctx)->log, "rspamd", up); }

enum err scanning_watch(struct scanning *s, struct loop *loop, struct log *log)
{
    struct ping_opts clamd = { loop, &s->clamd, &ping_clamd, &s->clamd_state, on_clamd, s };
    struct ping_opts rspamd = { loop, &s->rspamd, &ping_rspamd, &s->rspamd_state, on_rspamd, s };
    s->log = log;
    enum err e = s->asks_clamd ? ping_start(&clamd, &s->ping_clamd) : OK;
    return e == OK && s->asks_rspamd ? ping_start(&rspamd, &s->ping_rspamd) : e;
}

void scanning_end(struct scanning *s)
{
    ping_stop(s->ping_clamd);
    ping_stop(s->ping_rspamd);
}

void scanning_metrics(struct scanning *s, struct metrics_opts *m)
{
    m->checks = &s->costs;
    m->scanners = s->shown;
    m->scanners_n = 0;
    if (s->asks_clamd)
        s->shown[m->scanners_n++] = (struct metrics_scanner){ "clamd", &s->clamd_state };
    if (s->asks_rspamd)
        s->shown[m->scanners_n++] = (struct metrics_scanner){ "rspamd", &s->rspamd_state };
}

static size_t add_port(bool asked, const struct dial_to *to, uint16_t *ports, size_t n, size_t max)
{
    if (asked && to->port > 0 && n < max)
        ports[n++] = to->port;
    return n;
}

size_t scanning_ports(const struct scanning *s, uint16_t *ports, size_t n, size_t max)
{
    n = add_port(s->asks_clamd, &s->clamd, ports, n, max);
    return add_port(s->asks_rspamd, &s->rspamd, ports, n, max);
}

bool scanning_on_unix(const struct scanning *s)
{
    return (s->asks_clamd && s->clamd.port == 0) || (s->asks_rspamd && s->rspamd.port == 0);
}
