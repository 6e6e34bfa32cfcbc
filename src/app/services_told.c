#include "app/services_told.h"
#include <assert.h>

enum { SERVICES_MAX = 4096 };

/* What mail programs are told to use, best first; only what listens is told. */
static const struct {
    const char *name;
    enum door_kind door;
    enum autoconfig_protocol protocol;
    bool starttls;
} autoconfig_rows[] = {
    { "imaps", DOOR_IMAPS, AUTOCONFIG_IMAP, false },
    { "imap", DOOR_IMAP, AUTOCONFIG_IMAP, true },
    { "pop3s", DOOR_POP3S, AUTOCONFIG_POP3, false },
    { "pop3", DOOR_POP3, AUTOCONFIG_POP3, true },
    { "submissions", DOOR_SUBMISSIONS, AUTOCONFIG_SMTP, false },
    { "submission", DOOR_SUBMISSION, AUTOCONFIG_SMTP, true },
};

/* 0: nothing listens there. */
static uint32_t bound_port(const struct app *a, enum door_kind k)
{
    uint32_t port = 0;
    if (a->bound[k].n > 0)
        (void)str_to_u32(str_from(a->bound[k].v[0], str_rchr(a->bound[k].v[0], ':') + 1), &port);
    return port;
}

void services_told_fill(struct app *a, struct services_told *s)
{
    AUTO_BUF struct buf services = { .max = SERVICES_MAX };
    struct autoconfig *c = &s->autoconfig;
    *c = (struct autoconfig){ .hostname = a->config.server_hostname,
                              .domains = a->config.server_domains.v,
                              .domains_n = a->config.server_domains.n,
                              .doors = s->doors,
                              .https_port = bound_port(a, DOOR_HTTPS),
                              .smtp_port = bound_port(a, DOOR_SMTP),
                              .sts = (enum sts_mode)a->config.smtp_mta_sts };
    static_assert(COUNT(autoconfig_rows) <= COUNT(s->doors));
    static_assert((int)CONFIG_STS_TESTING == (int)STS_TESTING && (int)CONFIG_STS_ENFORCE == (int)STS_ENFORCE);
    for (size_t i = 0; i < COUNT(autoconfig_rows); i++) {
        uint32_t port = bound_port(a, autoconfig_rows[i].door);
        if (port > 0)
            s->doors[c->doors_n++] = (struct autoconfig_door){ autoconfig_rows[i].name, autoconfig_rows[i].protocol,
                                                               port, autoconfig_rows[i].starttls };
    }
    autoconfig_services(c, &services);
    s->services_json = arena_dup(&a->arena, buf_str(&services));
}
