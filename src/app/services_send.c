#include "app/services_send.h"
#include "app/domain_keys.h"
#include <assert.h>
#include <stdlib.h>

static_assert((int)CONFIG_SEND_OFF == (int)SEND_NOBODY && (int)CONFIG_SEND_OPEN == (int)SEND_OPEN);

/* The domains where another policy holds; of several lists that name one the strictest counts. */
static enum err exceptions(struct app *a, struct send_shared_opts *o)
{
    const struct config *c = &a->config;
    const struct {
        const struct config_list *names;
        enum send_policy policy;
    } lists[] = { { &c->send_off_domains, SEND_NOBODY },
                  { &c->send_reply_only_domains, SEND_REPLY_ONLY },
                  { &c->send_verified_domains, SEND_VERIFIED },
                  { &c->send_open_domains, SEND_OPEN } };
    size_t n = 0;
    for (size_t i = 0; i < COUNT(lists); i++)
        n += lists[i].names->n;
    struct send_domain *v = arena_array(&a->arena, n + 1, sizeof *v);
    if (!v)
        return ERR_IO;
    o->domains = v;
    for (size_t i = 0; i < COUNT(lists); i++)
        for (size_t k = 0; k < lists[i].names->n; k++)
            v[o->domains_n++] = (struct send_domain){ lists[i].names->v[k], lists[i].policy };
    return OK;
}

/* ---- forwarding ---- */

static uint32_t https_port(const struct app *a)
{
    uint32_t port = 0;
    const struct config_list *l = &a->bound[DOOR_HTTPS];
    if (l->n > 0)
        (void)str_to_u32(str_from(l->v[0], str_rchr(l->v[0], ':') + 1), &port);
    return port;
}

bool services_forwarding(struct app *a, struct loop *loop, struct outq *outq, struct forwarding *out)
{
    *out = (struct forwarding){ .table = a->forwards,
                                .asks = a->forward_asks,
                                .store = a->store,
                                .loop = loop,
                                .outq = outq,
                                .shared = a->send,
                                .log = a->log,
                                .hostname = a->config.server_hostname,
                                .https_port = https_port(a) };
    out->domains = (struct domain_list){ a->config.server_domains.v, a->config.server_domains.n };
    return a->forwards != NULL;
}

/* ---- what all loops share ---- */

enum err services_send_shared(struct app *a)
{
    const struct config *c = &a->config;
    struct send_shared_opts o = { .policy = (enum send_policy)c->send_policy,
                                  .box_mails = (uint32_t)c->send_mails_per_day,
                                  .box_rcpts = (uint32_t)c->send_recipients_per_day,
                                  .all_rcpts = (uint32_t)c->send_recipients_per_hour,
                                  .max_rcpts = (uint32_t)c->send_max_recipients,
                                  .max_bytes = c->send_max_bytes,
                                  .no_way_out = !a->carrying.on,
                                  .unchecked = c->send_unchecked,
                                  .limit = a->limit,
                                  .standing = a->standing,
                                  .ours = { c->server_domains.v, c->server_domains.n } };
    enum err e = exceptions(a, &o);
    if (e == OK)
        e = sign_keys_new(&a->keys);
    if (e == OK)
        e = domain_keys_load(a);
    if (e == OK)
        e = outq_new(a->outq, a->loop, &a->operator_outq);
    o.keys = a->keys;
    return e == OK ? send_shared_new(&o, &a->send) : e;
}

enum err services_send(struct services *s, struct loop *loop, struct intake_budget *budget)
{
    struct app *a = s->app;
    struct send_opts o = { .loop = loop,
                           .store = a->store,
                           .hub = a->hub,
                           .work = a->work,
                           .outq = s->outq,
                           .shared = a->send,
                           .budget = budget,
                           .log = a->log,
                           .hostname = a->config.server_hostname };
    return send_new(&o, &s->send);
}

void services_send_shared_free(struct app *a)
{
    outq_free(a->operator_outq);
    send_shared_free(a->send);
    sign_keys_free(a->keys);
    a->operator_outq = NULL;
    a->send = NULL;
    a->keys = NULL;
}
