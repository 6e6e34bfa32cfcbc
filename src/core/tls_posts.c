#include "core/tls_posts.h"
#include "base/list.h"
#include "core/addrs.h"
#include <stdlib.h>

enum { ANSWER_MAX = 16 * 1024 /* octets; nobody reads them */ };
static const int64_t GIVE_UP_MS = INT64_C(24) * 3600 * 1000;

struct post_out {
    struct list in;
    struct tls_posts *all;
    struct arena arena; /* the strings */
    struct tls_rpt_uri uri;
    struct buf body;
    struct timer timer;
    int64_t begun_ms, wait_ms;
    struct addrs_req *addrs;
    struct fetch_req *fetch;
};
struct tls_posts {
    struct tls_posts_opts o;
    struct list posts;
    size_t n, octets;
};

static void post_free(struct post_out *p)
{
    p->all->n--;
    p->all->octets -= p->body.n;
    list_del(&p->in);
    timer_clear(&p->timer);
    addrs_cancel(p->addrs);
    fetch_cancel(p->fetch);
    buf_fini(&p->body);
    arena_reset(&p->arena);
    free(p);
}

static void again(struct post_out *p)
{
    const struct tls_posts_opts *o = &p->all->o;
    if (loop_now_ms(o->loop) - p->begun_ms + p->wait_ms > GIVE_UP_MS) {
        log_info(o->log, "tls_report.unposted", LOG_STR("host", p->uri.host));
        post_free(p);
        return;
    }
    timer_set(&p->timer, p->wait_ms);
    p->wait_ms *= 2;
}

static void on_posted(void *ctx, enum err e, long status, struct str, struct str)
{
    struct post_out *p = ctx;
    p->fetch = NULL;
    if ((e == OK || e == ERR_FULL) && status / 100 == 2) /* an answer that is too long is one */
        post_free(p);
    else
        again(p);
}

static void on_addrs(void *ctx, const struct addrs *a)
{
    struct post_out *p = ctx;
    const struct tls_posts_opts *o = &p->all->o;
    struct ip good[FETCH_ADDRS_MAX];
    size_t n = 0;
    p->addrs = NULL;
    for (size_t i = 0; i < a->n && n < FETCH_ADDRS_MAX; i++)
        if (o->allow_private || ip_is_global(&a->v[i]))
            good[n++] = a->v[i];
    const struct fetch_what w = { .host = p->uri.host,
                                  .path = p->uri.path,
                                  .port = p->uri.port,
                                  .addrs = good,
                                  .addrs_n = n,
                                  .anywhere = o->allow_private,
                                  .max = ANSWER_MAX,
                                  .post_type = "application/tlsrpt+gzip",
                                  .post = buf_str(&p->body) };
    p->fetch = n > 0 ? fetch_get(o->fetcher, o->loop, &w, on_posted, p) : NULL;
    if (!p->fetch)
        again(p);
}

static void on_timer(struct timer *t)
{
    struct post_out *p = CONTAINER_OF(t, struct post_out, timer);
    const struct tls_posts_opts *o = &p->all->o;
    p->addrs = addrs_find(o->dns, o->loop, p->uri.host, on_addrs, p);
    if (!p->addrs)
        again(p);
}

enum err tls_posts_add(struct tls_posts *all, const struct tls_rpt_uri *uri, struct str body)
{
    if (!all->o.fetcher || uri->port != all->o.port)
        return ERR_DENIED;
    bool room = all->n < TLS_POSTS_MAX && all->octets + body.n <= TLS_POSTS_MEMORY_MAX;
    struct post_out *p = room ? calloc(1, sizeof *p) : NULL;
    if (!p)
        return ERR_FULL;
    p->all = all;
    p->uri = *uri;
    arena_init(&p->arena, 4 * LIMIT_TLS_RPT_URI);
    p->uri.host = arena_dup(&p->arena, uri->host);
    p->uri.path = arena_dup(&p->arena, uri->path);
    p->body.max = body.n;
    buf_put(&p->body, body);
    list_add_tail(&all->posts, &p->in);
    all->n++;
    all->octets += p->body.n;
    p->begun_ms = loop_now_ms(all->o.loop);
    p->wait_ms = all->o.again_ms;
    timer_init(&p->timer, all->o.loop, on_timer);
    if (!p->uri.host.p || !p->uri.path.p || p->body.failed) {
        post_free(p);
        return ERR_FULL;
    }
    timer_set(&p->timer, 0);
    return OK;
}

enum err tls_posts_new(const struct tls_posts_opts *o, struct tls_posts **out)
{
    struct tls_posts *all = calloc(1, sizeof *all);
    if (!all)
        return ERR_IO;
    all->o = *o;
    list_init(&all->posts);
    *out = all;
    return OK;
}

void tls_posts_free(struct tls_posts *all)
{
    if (!all)
        return;
    LIST_FOR(&all->posts, node) { post_free(CONTAINER_OF(node, struct post_out, in)); }
    free(all);
}
