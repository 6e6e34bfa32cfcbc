/* A listener's options are borrowed for its life, so each worker keeps one set for each kind of door. Whoever is told
 * to stop is told on its own loop, by a job. */
#include "app/worker.h"
#include "app/services.h"
#include "app/thread.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

struct worker {
    struct app *app;
    struct loop_thread thread;
    struct services *services;
    struct listen_opts doors[DOOR_KINDS];
    struct listen *listeners[CONFIG_LISTEN_MAX];
    size_t listeners_n;
    struct job drain;
};

const struct door_row door_rows[DOOR_KINDS] = {
    [DOOR_SMTP] = { "smtp.listen", offsetof(struct config, smtp_listen) },
    [DOOR_SUBMISSION] = { "submission.listen", offsetof(struct config, submission_listen) },
    [DOOR_SUBMISSIONS] = { "submissions.listen", offsetof(struct config, submissions_listen) },
    [DOOR_POP3] = { "pop3.listen", offsetof(struct config, pop3_listen) },
    [DOOR_POP3S] = { "pop3s.listen", offsetof(struct config, pop3s_listen) },
    [DOOR_IMAP] = { "imap.listen", offsetof(struct config, imap_listen) },
    [DOOR_IMAPS] = { "imaps.listen", offsetof(struct config, imaps_listen) },
    [DOOR_HTTP] = { "http.listen", offsetof(struct config, http_listen) },
    [DOOR_HTTPS] = { "https.listen", offsetof(struct config, https_listen) },
    [DOOR_METRICS] = { "metrics.listen", offsetof(struct config, metrics_listen) },
};

static void on_drain(struct job *j)
{
    struct worker *w = CONTAINER_OF(j, struct worker, drain);
    for (size_t i = 0; i < w->listeners_n; i++)
        listen_stop(w->listeners[i]);
    services_drain(w->services);
}

enum err workers_new(struct app *a, size_t n)
{
    a->workers = calloc(n, sizeof *a->workers);
    if (!a->workers)
        return ERR_IO;
    for (size_t i = 0; i < n; i++) {
        struct worker *w = &a->workers[i];
        *w = (struct worker){ .app = a, .drain.run = on_drain };
        if (loop_thread_new(&w->thread) != OK)
            return ERR_IO;
        a->workers_n = i + 1;
    }
    return OK;
}

struct loop *worker_loop(const struct app *a, size_t i) { return a->workers[i].thread.loop; }

/* ---- listeners ---- */
/* Each kind of door may take three quarters of the descriptors, so that the store and the other kinds keep some. */
static uint32_t door_max(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur > UINT32_MAX)
        return 0;
    return (uint32_t)(r.rlim_cur / 4 * 3);
}

static void doors_fill(struct worker *w)
{
    struct app *a = w->app;
    for (int k = 0; k < DOOR_KINDS; k++)
        w->doors[k] = (struct listen_opts){
            .gate = &a->gates[k], .limit = a->limit, .kind = LIMIT_HTTP_CONNS, .log = a->log, .ctx = w
        };
    for (int k = 0; k < DOOR_KINDS; k++) {
        w->doors[k].access = k == DOOR_METRICS ? NULL : a->access;
        w->doors[k].side = k == DOOR_SMTP ? STANDING_MX : STANDING_READER;
    }
    w->doors[DOOR_SMTP].accept = services_accept_smtp;
    w->doors[DOOR_SUBMISSION].accept = services_accept_submission;
    w->doors[DOOR_SUBMISSIONS].accept = services_accept_submissions;
    w->doors[DOOR_POP3].accept = services_accept_pop3;
    w->doors[DOOR_POP3S].accept = services_accept_pop3s;
    w->doors[DOOR_IMAP].accept = services_accept_imap;
    w->doors[DOOR_IMAPS].accept = services_accept_imaps;
    w->doors[DOOR_HTTP].accept = services_accept_http;
    w->doors[DOOR_HTTPS].accept = services_accept_https;
    w->doors[DOOR_METRICS].accept = services_accept_metrics;
    for (int k = DOOR_SMTP; k <= DOOR_SUBMISSION; k++) {
        struct listen_opts *smtp = &w->doors[k];
        smtp->full = S("421 4.3.2 too busy, try again later\r\n");
        smtp->network = S("421 4.7.0 too many connections from your network\r\n");
        smtp->banned = S("421 4.7.0 your network is refused for a while, try again later\r\n");
        smtp->denied = S("554 5.7.1 your network is not served here\r\n");
    }
    w->doors[DOOR_SMTP].kind = LIMIT_MX_CONNS;
    w->doors[DOOR_SMTP].proxies = a->smtp_proxies;
    w->doors[DOOR_SMTP].proxies_n = a->smtp_proxies_n;
    struct listen_opts *pop3 = &w->doors[DOOR_POP3]; /* whoever expects TLS first would not understand a word */
    pop3->full = S("-ERR [SYS/TEMP] too busy, try again later\r\n");
    pop3->network = S("-ERR [SYS/TEMP] too many connections from your network\r\n");
    pop3->banned = S("-ERR [SYS/TEMP] your network is refused for a while, try again later\r\n");
    pop3->denied = S("-ERR [SYS/PERM] your network is not served here\r\n");
    struct listen_opts *imap = &w->doors[DOOR_IMAP];
    imap->full = S("* BYE [UNAVAILABLE] too busy, try again later\r\n");
    imap->network = S("* BYE [LIMIT] too many connections from your network\r\n");
    imap->banned = S("* BYE [UNAVAILABLE] your network is refused for a while, try again later\r\n");
    imap->denied = S("* BYE your network is not served here\r\n");
    struct listen_opts *http = &w->doors[DOOR_HTTP];
    http->banned =
        S("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 600\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    http->asks_first = true;
    http->denied = S("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    for (int k = DOOR_SUBMISSION; k <= DOOR_IMAPS; k++) {
        w->doors[k].kind = LIMIT_PRELOGIN_CONNS;
        w->doors[k].passed = LIMIT_MAIL_CONNS;
    }
    for (int k = DOOR_HTTP; k <= DOOR_HTTPS; k++) {
        w->doors[k].proxies = a->http_proxies;
        w->doors[k].proxies_n = a->http_proxies_n;
    }
    w->doors[DOOR_METRICS].limit = NULL;
}

static enum err listen_at(struct worker *w, int kind, struct str address, struct buf *errors)
{
    struct listen *l;
    enum err e = w == w->app->workers ? listen_probe(address) : OK;
    if (e == OK)
        e = listen_start(w->thread.loop, address, &w->doors[kind], &l);
    if (e == OK)
        w->listeners[w->listeners_n++] = l;
    else
        buf_printf(errors, "%s: %.*s: %s\n", door_rows[kind].key, STR_FMT(address),
                   e == ERR_BUSY     ? "in use"
                   : e == ERR_DENIED ? "not allowed (ports below 1024 need root or CAP_NET_BIND_SERVICE)"
                                     : "cannot listen there");
    return e;
}

/* The first worker finds out what port 0 becomes; the others bind just that. */
static enum err listen_kind(struct app *a, int kind, struct buf *errors)
{
    const struct config_list *want = (const void *)((const char *)&a->config + door_rows[kind].list);
    struct config_list *got = &a->bound[kind];
    got->v = arena_array(&a->arena, want->n + 1, sizeof *got->v);
    for (size_t i = 0; i < want->n && got->v; i++) {
        struct worker *first = &a->workers[0];
        if (listen_at(first, kind, want->v[i], errors) != OK)
            return ERR_IO;
        got->v[got->n++] = arena_dup(&a->arena, listen_address(first->listeners[first->listeners_n - 1]));
        for (size_t k = 1; k < a->workers_n; k++)
            if (listen_at(&a->workers[k], kind, got->v[i], errors) != OK)
                return ERR_IO;
    }
    return OK;
}

enum err workers_listen(struct app *a, struct buf *errors)
{
    for (size_t i = 0; i < a->workers_n; i++)
        doors_fill(&a->workers[i]);
    for (int kind = 0; kind < DOOR_KINDS; kind++)
        a->gates[kind].max = door_max();
    for (int kind = 0; kind < DOOR_KINDS; kind++)
        if (listen_kind(a, kind, errors) != OK)
            return ERR_IO;
    return OK;
}

/* ---- services ---- */
enum err workers_serve(struct app *a)
{
    enum err e = services_shared_new(a);
    for (size_t i = 0; e == OK && i < a->workers_n; i++) {
        struct worker *w = &a->workers[i];
        e = services_new(a, w->thread.loop, &w->services);
        for (int k = 0; k < DOOR_KINDS; k++) /* the loops do not run yet */
            w->doors[k].ctx = w->services;
    }
    return e;
}

/* ---- threads ---- */
enum err workers_start(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++) {
        char name[16]; /* the kernel's ceiling */
        snprintf(name, sizeof name, "worker-%u", (unsigned)(i % 1000));
        enum err e = loop_thread_start(&a->workers[i].thread, name);
        if (e != OK)
            return e;
    }
    return OK;
}

void workers_drain(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++)
        post(a->workers[i].thread.loop, &a->workers[i].drain);
}

bool workers_idle(const struct app *a)
{
    for (int k = 0; k < DOOR_KINDS; k++)
        if (a->gates[k].open > 0)
            return false;
    return services_idle(a);
}

void workers_stop(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++)
        loop_thread_stop(&a->workers[i].thread);
    for (size_t i = 0; i < a->workers_n; i++)
        loop_thread_join(&a->workers[i].thread);
}

void workers_close(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++)
        services_close(a->workers[i].services);
}

void workers_settle(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++)
        loop_thread_settle(&a->workers[i].thread);
}

void workers_quit(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++) {
        struct worker *w = &a->workers[i];
        services_free(w->services);
        for (size_t k = 0; k < w->listeners_n; k++)
            listen_free(w->listeners[k]);
    }
    services_shared_free(a);
}

void workers_free(struct app *a)
{
    for (size_t i = 0; i < a->workers_n; i++)
        loop_thread_free(&a->workers[i].thread);
    free(a->workers);
    a->workers = NULL;
    a->workers_n = 0;
}

bool workers_answer(struct app *a)
{
    bool all = true;
    for (size_t i = 0; i < a->workers_n; i++)
        all &= loop_thread_answered(&a->workers[i].thread);
    for (size_t i = 0; all && i < a->workers_n; i++)
        loop_thread_ask(&a->workers[i].thread);
    return all;
}
