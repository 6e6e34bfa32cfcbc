#include "serve/smtp_in_listed.h"
#include "base/secret.h"
#include "trust/inquiry.h"
#include <stdlib.h>

struct smtp_in_listed {
    const struct smtp_in_guard *g;
    struct inquiry *inquiry; /* NULL: over */
    struct ip ip;
    bool listed;
    void (*done)(void *ctx);
    void *ctx;
};

static enum err check(void *ctx, struct answers *as)
{
    struct smtp_in_listed *l = ctx;
    struct str zone;
    enum err e = dnsbl_check(l->g->zones, l->g->zones_n, &l->ip, as, &zone);
    l->listed = e == OK && zone.n > 0;
    return e;
}

static void on_done(void *ctx, enum err)
{
    struct smtp_in_listed *l = ctx;
    inquiry_free(l->inquiry);
    l->inquiry = NULL;
    secret_wipe(&l->ip, sizeof l->ip);
    l->done(l->ctx);
}

struct smtp_in_listed *smtp_in_listed_start(const struct smtp_in_guard *g, struct loop *loop, const struct ip *ip,
                                            void (*done)(void *ctx), void *ctx)
{
    if (g->zones_n == 0 || !g->dns || ip_is_private(ip))
        return NULL;
    struct smtp_in_listed *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct smtp_in_listed){ .g = g, .ip = *ip, .done = done, .ctx = ctx };
    struct inquiry_opts o = {
        .dns = g->dns, .loop = loop, .deadline_ms = g->deadline_ms, .check = check, .done = on_done, .ctx = l
    };
    if (inquiry_start(&o, &l->inquiry) == OK)
        return l;
    free(l);
    return NULL;
}

void smtp_in_listed_stop(struct smtp_in_listed *l)
{
    if (!l)
        return;
    inquiry_free(l->inquiry);
    secret_wipe(l, sizeof *l);
    free(l);
}

bool smtp_in_listed_pending(const struct smtp_in_listed *l) { return l && l->inquiry; }
bool smtp_in_listed(const struct smtp_in_listed *l) { return l && l->listed; }
