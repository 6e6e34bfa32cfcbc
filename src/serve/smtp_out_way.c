/* From a job to a socket: route, hosts in their order, addresses of each. What went wrong on the way is remembered;
 * when nothing is left the job goes back with it, for ever only if nothing of it may do better later. */
#include "serve/smtp_out_carry.h"
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ARENA = 4096,
    KEPT = 2 * 1024 * 1024,
    NEXT_MS = 300 /* before the next address is tried beside; RFC 8305 section 5 says 250 */
};

/* ---- why ---- */
void carrier_note(struct carrier *c, const struct smtp_out_said *said)
{
    if (!said->final || !c->failed_softly) {
        c->last = *said;
        c->last_mx = said->code ? carrier_host(c)->name : S("");
    }
    c->failed_softly |= !said->final;
}

void carrier_note_words(struct carrier *c, bool final, const char *enhanced, const char *words)
{
    struct smtp_out_said said = { .final = final };
    (void)snprintf(said.enhanced, sizeof said.enhanced, "%s", enhanced);
    (void)snprintf(said.words, sizeof said.words, "%s", words);
    carrier_note(c, &said);
}

const struct route_host *carrier_host(const struct carrier *c)
{
    return c->route && c->host > 0 ? &c->route->hosts[c->host - 1] : NULL;
}

/* RFC 8689 section 4.2.1: a name that DNSSEC has proven may be shown by a certificate, too. Whoever is told our
 * password must be whom we mean. */
enum route_tls carrier_tls(const struct carrier *c)
{
    const struct route_host *h = carrier_host(c);
    bool wants = c->job && c->job->flags & OUTQ_REQUIRETLS && h->secure && c->s->o.known;
    bool login = h->smart && c->s->o.relay_user.n > 0;
    return c->reach->tls != ROUTE_TLS_MAY ? c->reach->tls : wants || login ? ROUTE_TLS_NAME : ROUTE_TLS_MAY;
}

/* ---- the end ---- */
static void close_way(struct carrier *c)
{
    route_close(c->route_req);
    reach_close(c->reach_req);
    dial_any_cancel(c->dial);
    c->route_req = NULL;
    c->route = NULL;
    c->reach_req = NULL;
    c->dial = NULL;
}

void carrier_free(struct carrier *c)
{
    close_way(c);
    timer_clear(&c->wait);
    list_del(&c->in);
    list_del(&c->idle);
    arena_reset(&c->arena);
    arena_reset(&c->kept_arena);
    free(c);
}

void carrier_give_up(struct carrier *c)
{
    struct outq_job *job = c->job;
    enum outq_fate fate = c->failed_softly ? OUTQ_FATE_LATER : OUTQ_FATE_FAILED;
    struct outq_result *all = c->s->spare;
    for (size_t i = 0; i < job->rcpts_n; i++) {
        all[i] =
            (struct outq_result){ .fate = fate, .code = c->last.code, .text = str_c(c->last.words), .mx = c->last_mx };
        memcpy(all[i].enhanced, c->last.enhanced, sizeof all[i].enhanced);
    }
    c->job = NULL;
    outq_done(job, c->kept ? c->kept : all, c->reached);
    carrier_free(c);
}

/* The loop of one that is stopped has no timers any more, only jobs. */
static void on_stop(struct job *j) { carrier_give_up(CONTAINER_OF(j, struct carrier, stop)); }

void carrier_give_up_later(struct carrier *c)
{
    if (c->ends)
        return;
    close_way(c);
    timer_clear(&c->wait);
    c->ends = true;
    c->stop.run = on_stop;
    loop_later(c->s->o.loop, &c->stop);
}

/* ---- addresses ---- */
static bool is_ourself(int fd)
{
    struct sockaddr_storage here = { 0 }, there = { 0 };
    socklen_t n = sizeof here, m = sizeof there;
    if (getsockname(fd, (void *)&here, &n) != 0 || getpeername(fd, (void *)&there, &m) != 0)
        return false;
    const struct sockaddr_in *h4 = (const void *)&here, *t4 = (const void *)&there;
    const struct sockaddr_in6 *h6 = (const void *)&here, *t6 = (const void *)&there;
    return here.ss_family == AF_INET ? h4->sin_addr.s_addr == t4->sin_addr.s_addr
                                     : memcmp(&h6->sin6_addr, &t6->sin6_addr, sizeof h6->sin6_addr) == 0;
}

static void on_dialled(void *ctx, enum err e, int fd, size_t i)
{
    struct carrier *c = ctx;
    c->dial = NULL;
    if (e != OK) {
        memset(c->tried, true, sizeof c->tried);
        carrier_note_words(c, false, "4.4.1",
                           e == ERR_BUSY ? "the server does not answer" : "the server cannot be reached");
        atomic_fetch_add(&c->s->o.stats->unreached, 1);
        carrier_next_address(c);
        return;
    }
    c->at = c->dialled[i];
    for (size_t k = 0; k <= i; k++)
        c->tried[c->dialled[k]] = true;
    if (!c->s->o.allow_private && !carrier_host(c)->smart && is_ourself(fd)) {
        close(fd);
        carrier_note_words(c, true, "5.4.6", "the domain's mail server is this one, and does not know the domain");
        carrier_next_address(c);
        return;
    }
    carrier_talk(c, fd);
}

static bool dial_rest(struct carrier *c)
{
    const struct smtp_out_opts *o = &c->s->o;
    struct dial_to to[DIAL_ANY_MAX];
    size_t n = 0;
    for (size_t i = 0; i < c->reach->n && n < DIAL_ANY_MAX; i++) {
        if (c->tried[i])
            continue;
        c->dialled[n] = (uint8_t)i;
        dial_ip(&c->reach->addrs[i], carrier_host(c)->smart ? o->relay_port : o->port, &to[n++]);
    }
    const struct dial_any_opts d = { .loop = o->loop,
                                     .to = to,
                                     .n = n,
                                     .from4 = o->bind4,
                                     .from6 = o->bind6,
                                     .next_ms = NEXT_MS,
                                     .deadline_ms = o->connect_ms };
    if (n > 0)
        c->dial = dial_any(&d, on_dialled, c);
    return c->dial != NULL;
}

/* ---- hosts ---- */
static void next_host(struct carrier *c);

static void on_reach(void *ctx, const struct reach *r)
{
    struct carrier *c = ctx;
    c->reach = r;
    memset(c->tried, false, sizeof c->tried);
    c->no_tls = false;
    if (r->kind == REACH_ADDRS) {
        carrier_next_address(c);
        return;
    }
    carrier_told_reach(c, r);
    if (r->kind == REACH_LATER)
        carrier_note_words(c, false, "4.4.3", "the DNS does not tell the server's address, or how to know it");
    else if (carrier_host(c)->implicit)
        carrier_note_words(c, true, "5.1.2", "the domain has neither a mail server nor an address");
    else
        carrier_note_words(c, true, "5.4.4", "the domain's mail server has no address that mail could be sent to");
    next_host(c);
}

static void next_host(struct carrier *c)
{
    reach_close(c->reach_req);
    c->reach_req = NULL;
    c->reach = NULL;
    if (c->host == c->route->n || c->sessions >= SESSIONS_MAX || c->s->stopping || c->broken_off) {
        carrier_give_up(c);
        return;
    }
    c->reach_req = reach_find(c->s->o.router, &c->route->hosts[c->host++], on_reach, c);
    if (!c->reach_req) {
        carrier_note_words(c, false, "4.3.0", "out of memory");
        carrier_give_up(c);
    }
}

void carrier_next_address(struct carrier *c)
{
    bool more = c->sessions < SESSIONS_MAX && !c->s->stopping && !c->broken_off;
    if (!more || !dial_rest(c))
        next_host(c);
}

/* ---- the route ---- */
static void on_route(void *ctx, const struct route *r)
{
    static const struct {
        bool final;
        const char *enhanced, *words;
    } why[] = {
        [ROUTE_HOSTS] = { 0 },
        [ROUTE_NULL_MX] = { true, "5.1.10", "the domain takes no mail (null MX)" },
        [ROUTE_NOWHERE] = { true, "5.1.2", "there is no such domain, or none that takes mail" },
        [ROUTE_OURSELF] = { true, "5.4.6", "the domain's mail server is this one, and does not know the domain" },
        [ROUTE_POLICY] = { false, "4.7.5", "none of the domain's mail servers is one that its policy (MTA-STS) names" },
        [ROUTE_LATER] = { false, "4.4.3", "the DNS does not tell where the domain's mail goes" },
    };
    struct carrier *c = ctx;
    c->route = r;
    if (r->kind == ROUTE_HOSTS) {
        next_host(c);
        return;
    }
    carrier_told_route(c);
    carrier_note_words(c, why[r->kind].final, why[r->kind].enhanced, why[r->kind].words);
    carrier_give_up(c);
}

/* A job that is not even begun goes back on a later turn, too. */
static void on_unbegun(struct timer *t)
{
    struct carrier *c = CONTAINER_OF(t, struct carrier, wait);
    if (!c->last.words[0])
        carrier_note_words(c, false, "4.3.0", "out of memory");
    carrier_give_up(c);
}

void carrier_start(struct smtp_out *s, struct outq_job *job)
{
    struct carrier *c = calloc(1, sizeof *c);
    if (!c) {
        smtp_out_starve(s, job);
        return;
    }
    c->s = s;
    c->job = job;
    arena_init(&c->arena, ARENA);
    arena_init(&c->kept_arena, KEPT);
    list_init(&c->idle);
    list_add_tail(&s->carriers, &c->in);
    timer_init(&c->wait, s->o.loop, on_unbegun);
    c->destination = arena_dup(&c->arena, job->destination);
    c->lax = job->flags & OUTQ_TLS_OPTIONAL;
    enum route_care care = c->lax ? ROUTE_WITHOUT_POLICY : ROUTE_BY_POLICY;
    c->route_req = c->destination.p ? route_find(s->o.router, c->destination, care, on_route, c) : NULL;
    if (!c->route_req)
        timer_set(&c->wait, 0);
}
