/* A question is one block: made on the asker's loop, given to the DNS thread by post(), and posted back with its
 * answer. A cancel only marks it, on the asker's loop, where it is freed when it comes home. The deadline is kept here
 * and not left to libunbound, whose retries may take a minute. */
#include "io/dns.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/secret.h"
#include "io/dns_cache.h"
#include <pthread.h>
#include <stdlib.h>
#include <unbound-event.h>
#include <unbound.h>

enum { NAME_TEXT_MAX = 4 * LIMIT_DNS_NAME + 2, OPTION_MAX = 128, RCODE_OK = 0, RCODE_NXDOMAIN = 3 };
enum { SEC_BOGUS = 1, SEC_SECURE = 2 }; /* what libunbound's callback says */

struct dns {
    struct loop *loop;
    struct ub_ctx *ub;
    struct dns_cache *cache;
    struct list open; /* struct dns_question; the DNS thread's, as the count */
    size_t open_n;
    pthread_t thread;
    struct job stop;
    bool stopping; /* what is asked from now on does not reach libunbound */
    bool stopped;  /* the thread has ended: nobody runs its loop */
    int64_t timeout_ms;
};

struct dns_question {
    struct job job;
    struct list in; /* dns.open */
    struct deadline deadline;
    struct dns *dns;
    struct loop *home;
    void (*done)(void *ctx, const struct dns_answer *a);
    void *ctx;
    enum dns_type type;
    enum dns_rank rank;
    int async_id;
    bool asking;    /* within ub_resolve_event(), which may answer before it returns */
    bool answered;  /* by libunbound or the deadline: the other one comes too late */
    bool cancelled; /* the home loop's */
    struct dns_answer answer;
    char *packet;
    char name[NAME_TEXT_MAX];
};

/* ---- on the asker's loop ---- */
static void come_home(struct job *j)
{
    struct dns_question *q = CONTAINER_OF(j, struct dns_question, job);
    if (!q->cancelled)
        q->done(q->ctx, &q->answer);
    free(q->packet);
    secret_wipe(q->name, sizeof q->name); /* a reverse name, or a macro, has the client's address in it */
    free(q);
}

void dns_cancel(struct dns_question *q) { q->cancelled = true; }

/* ---- on the DNS thread ---- */
static void answer(struct dns_question *q, enum dns_status status)
{
    q->answered = true;
    q->answer.status = status;
    loop_deadline_clear(q->dns->loop, &q->deadline);
    if (!list_empty(&q->in)) {
        list_del(&q->in);
        q->dns->open_n--;
    }
    if (q->asking)
        return;
    q->job.run = come_home;
    post(q->home, &q->job);
}

static void on_deadline(struct deadline *d)
{
    struct dns_question *q = CONTAINER_OF(d, struct dns_question, deadline);
    ub_cancel(q->dns->ub, q->async_id);
    answer(q, DNS_SILENT);
}

static enum dns_status take_packet(struct dns_question *q, struct str packet)
{
    AUTO_BUF struct buf copy = { .max = UINT16_MAX };
    buf_put(&copy, packet);
    if (copy.failed)
        return DNS_FAILED;
    q->packet = buf_take(&copy, &packet.n);
    q->answer.packet = str_of(q->packet, packet.n);
    return DNS_FOUND;
}

/* As libunbound had it; what the name denied says is how long that holds. */
static void remember(const struct dns_question *q, enum dns_status status, struct str packet)
{
    struct dns_answer a = { .status = status, .secure = q->answer.secure, .packet = packet };
    dns_cache_put(q->dns->cache, str_c(q->name), q->type, &a, loop_now_ms(q->dns->loop));
}

/* The code that libunbound gives is about itself; the answer's own is in the packet's fourth octet. */
static enum dns_status judge(struct dns_question *q, int rcode, struct str packet, int sec)
{
    if (rcode != RCODE_OK || sec == SEC_BOGUS || packet.n < 4)
        return DNS_FAILED;
    q->answer.secure = sec == SEC_SECURE;
    switch (packet.p[3] & 15) {
    case RCODE_OK:
        return take_packet(q, packet);
    case RCODE_NXDOMAIN:
        return DNS_NXNAME;
    default:
        return DNS_FAILED;
    }
}

static void on_resolved(void *ctx, int rcode, void *packet, int n, int sec, char *, int)
{
    struct dns_question *q = ctx;
    if (q->answered)
        return;
    struct str p = str_of(packet, packet && n > 0 ? (size_t)n : 0);
    enum dns_status status = judge(q, rcode, p, sec);
    remember(q, status, p);
    answer(q, status);
}

static void ask_unbound(struct job *j)
{
    struct dns_question *q = CONTAINER_OF(j, struct dns_question, job);
    struct dns *d = q->dns;
    list_init(&q->in);
    size_t room = q->rank == DNS_VITAL ? DNS_OPEN_MAX : DNS_OPEN_PLAIN_MAX;
    if (d->open_n >= room || d->stopping || !*q->name) {
        answer(q, !*q->name ? DNS_NXNAME : d->stopping ? DNS_FAILED : DNS_CROWDED);
        return;
    }
    list_add_tail(&d->open, &q->in);
    d->open_n++;
    q->deadline.fire = on_deadline;
    loop_deadline(d->loop, &q->deadline, d->timeout_ms);
    q->asking = true;
    int bad = ub_resolve_event(d->ub, q->name, (int)q->type, 1, q, on_resolved, &q->async_id);
    q->asking = false;
    if (bad || q->answered) /* at once, from the cache */
        answer(q, bad ? DNS_FAILED : q->answer.status);
}

static void stop_thread(struct job *j)
{
    struct dns *d = CONTAINER_OF(j, struct dns, stop);
    d->stopping = true;
    LIST_FOR(&d->open, node)
    {
        struct dns_question *q = CONTAINER_OF(node, struct dns_question, in);
        ub_cancel(d->ub, q->async_id);
        answer(q, DNS_FAILED);
    }
    loop_stop(d->loop);
}

static void *dns_thread(void *dns)
{
    struct dns *d = dns;
    loop_run(d->loop);
    return NULL;
}

/* ---- from any loop ---- */
struct dns_question *dns_ask(struct dns *d, struct loop *home, enum dns_rank rank, struct str name, enum dns_type type,
                             void (*done)(void *ctx, const struct dns_answer *a), void *ctx)
{
    struct dns_question *q = calloc(1, sizeof *q);
    AUTO_BUF struct buf text = { .max = NAME_TEXT_MAX - 1 };
    if (!q)
        return NULL;
    if (dns_name_valid(name))
        dns_name_escape(&text, name);
    if (!text.failed && text.n > 0)
        memcpy(q->name, text.p, text.n); /* zeroed behind it */
    q->dns = d;
    q->home = home;
    q->type = type;
    q->rank = rank;
    q->done = done;
    q->ctx = ctx;
    if (d->stopped) {
        q->answer.status = DNS_FAILED;
        q->job.run = come_home;
        post(home, &q->job);
        return q;
    }
    if (dns_cache_get(d->cache, str_c(q->name), type, loop_now_ms(home), &q->answer, &q->packet)) {
        q->job.run = come_home;
        loop_later(home, &q->job);
        return q;
    }
    q->job.run = ask_unbound;
    post(d->loop, &q->job);
    return q;
}

/* ---- start and end ---- */
/* What libunbound has of its own and a forwarder in the same house needs: answers for 127.0.0.1 and for private reverse
 * zones. One name that nobody answers for must not make it think that the resolver is down (infra-*). */
static const struct {
    const char *name, *value;
} options[] = {
    { "do-not-query-localhost:", "no" },
    { "unblock-lan-zones:", "yes" },
    { "insecure-lan-zones:", "yes" },
    { "infra-keep-probing:", "yes" },
    { "msg-cache-size:", "8m" },
    { "rrset-cache-size:", "16m" },
    { "cache-max-ttl:", "86400" },
    { "num-queries-per-thread:", "4096" },
    { "outgoing-range:", "1024" },
    { "hide-identity:", "yes" },
    { "use-syslog:", "no" },
    { "logfile:", "" },
};

/* "192.0.2.53:53" as libunbound writes it, "192.0.2.53@53". */
static enum err forward_to(struct dns *d, struct str endpoint)
{
    size_t colon = str_rchr(endpoint, ':');
    struct str host = str_sub(endpoint, 0, colon == STR_NONE ? endpoint.n : colon);
    struct str port = colon == STR_NONE ? S("53") : str_from(endpoint, colon + 1);
    if (str_starts(host, S("[")) && str_ends(host, S("]")))
        host = str_sub(host, 1, host.n - 2);
    AUTO_BUF struct buf text = { .max = OPTION_MAX };
    buf_printf(&text, "%.*s@%.*s", STR_FMT(str_sub(host, 0, OPTION_MAX)), STR_FMT(str_sub(port, 0, OPTION_MAX)));
    buf_putc(&text, 0);
    return text.failed || ub_ctx_set_fwd(d->ub, text.p) != 0 ? ERR_BAD : OK;
}

static enum err configure(struct dns *d, const struct dns_opts *o)
{
    (void)ub_ctx_debugout(d->ub, NULL);
    for (size_t i = 0; i < COUNT(options); i++)
        if (ub_ctx_set_option(d->ub, options[i].name, options[i].value) != 0)
            return ERR_IO;
    for (size_t i = 0; i < o->forward_n; i++)
        if (forward_to(d, o->forward[i]) != OK)
            return ERR_BAD;
    if (o->trust_anchor && *o->trust_anchor && ub_ctx_add_ta_file(d->ub, o->trust_anchor) != 0)
        return ERR_BAD;
    return OK;
}

static void on_localhost(void *, int, void *, int, int, char *, int) {}

/* The first question makes libunbound read its files and take its options: one that it answers by itself. */
static enum err settle(struct dns *d)
{
    return ub_resolve_event(d->ub, "localhost", DNS_A, 1, NULL, on_localhost, NULL) == 0 ? OK : ERR_BAD;
}

void dns_free(struct dns *d)
{
    if (!d)
        return;
    if (d->ub)
        ub_ctx_delete(d->ub);
    if (d->loop)
        loop_free(d->loop);
    dns_cache_free(d->cache);
    free(d);
}

enum err dns_start(const struct dns_opts *o, struct dns **out)
{
    struct dns *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_IO;
    list_init(&d->open);
    d->timeout_ms = o->timeout_ms;
    enum err e = loop_new(&d->loop);
    if (e == OK)
        e = dns_cache_new(&d->cache);
    if (e == OK)
        d->ub = ub_ctx_create_event(loop_base(d->loop));
    if (e == OK)
        e = d->ub ? configure(d, o) : ERR_IO;
    if (e == OK)
        e = settle(d);
    if (e == OK && pthread_create(&d->thread, NULL, dns_thread, d) != 0)
        e = ERR_IO;
    if (e != OK) {
        dns_free(d);
        return e;
    }
    pthread_setname_np(d->thread, "dns");
    *out = d;
    return OK;
}

void dns_stop(struct dns *d)
{
    if (!d)
        return;
    d->stop.run = stop_thread;
    post(d->loop, &d->stop);
    pthread_join(d->thread, NULL);
    post(d->loop, &d->stop); /* behind what was asked while the thread ended */
    loop_run(d->loop);
    d->stopped = true;
}

size_t dns_ports(const struct str *forward, size_t n, uint16_t *out, size_t out_max)
{
    size_t ports = 0;
    if (out_max > 0)
        out[ports++] = 53;
    for (size_t i = 0; i < n && ports < out_max; i++) {
        uint32_t port;
        size_t colon = str_rchr(forward[i], ':');
        if (colon != STR_NONE && str_to_u32(str_from(forward[i], colon + 1), &port) && port <= UINT16_MAX)
            out[ports++] = (uint16_t)port;
    }
    return ports;
}
