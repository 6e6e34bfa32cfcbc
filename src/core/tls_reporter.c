/* One domain after the other, and of each one place after the other: nothing is urgent here, and the far ends that a
 * day's reports go to are not all asked in one second. */
#include "core/tls_reporter.h"
#include "base/deflate.h"
#include "base/rand.h"
#include "base/text.h"
#include "core/tls_report.h"
#include "wire/domain.h"
#include "wire/tls_rpt.h"
#include <stdlib.h>

enum {
    MEMORY = 256 * 1024,          /* of what one domain's DNS says */
    REPORT_MAX = 4 * 1024 * 1024, /* a day's memory, escaped, is less than that for one domain */
};

struct tls_reporter {
    struct tls_reporter_opts o;
    struct timer timer;
    int64_t after_ms; /* this day's delay */
    struct tls_day *day;
    struct tls_domain *domain; /* the one that is told */
    struct arena arena;        /* the domain's, with what follows */
    struct tls_rpt rpt;
    size_t at; /* the next of its places */
    struct buf gz;
    char chance[TLS_REPORT_CHANCE_N + 1];
    struct dns_question *question;
    struct outq_req *put;
    struct job next;
    bool next_queued, closed;
    uint64_t asked, mailed, posted, lost; /* of the day */
};

static struct str submitter(const struct tls_reporter *r) { return str_from(r->o.from, str_rchr(r->o.from, '@') + 1); }

static void next_later(struct tls_reporter *r)
{
    r->next_queued = true;
    loop_later(r->o.loop, &r->next);
}

/* ---- one report ---- */
static struct tls_report report_of(const struct tls_reporter *r)
{
    return (struct tls_report){ .submitter = submitter(r),
                                .from = r->o.from,
                                .start_ms = r->day->start_ms,
                                .domain = r->domain,
                                .chance = r->chance };
}

static enum err pack(struct tls_reporter *r)
{
    AUTO_BUF struct buf json = { .max = REPORT_MAX };
    uint8_t random[TLS_REPORT_CHANCE_N / 2];
    rand_bytes(random, sizeof random);
    r->chance[text_hex(r->chance, str_of(random, sizeof random))] = 0;
    const struct tls_report report = report_of(r);
    tls_report_json(&json, &report);
    r->gz = (struct buf){ .max = REPORT_MAX };
    return json.failed ? ERR_FULL : gzip_pack(&r->gz, buf_str(&json));
}

/* ---- by mail ---- */
static void on_put(void *ctx, enum err e, const struct outq_id *)
{
    struct tls_reporter *r = ctx;
    r->put = NULL;
    r->mailed += e == OK;
    r->lost += e != OK;
    next_later(r);
}

/* Section 3: a report that is not signed is none. */
static enum err signed_mail(struct tls_reporter *r, struct str to, struct buf *out)
{
    AUTO_BUF struct buf msg = { .max = 2 * REPORT_MAX };
    const struct tls_report report = report_of(r);
    int64_t now_ms = store_now_ms(r->o.store);
    tls_report_mail(&msg, &report, to, buf_str(&r->gz), now_ms);
    enum err e = msg.failed ? ERR_FULL : sign_message(r->o.keys, submitter(r), buf_str(&msg), now_ms / 1000, out);
    if (e == OK && out->n == 0)
        return ERR_DENIED;
    buf_put(out, buf_str(&msg));
    return e == OK && out->failed ? ERR_FULL : e;
}

/* From nobody: where it cannot go, nobody is told, so nothing goes round. */
static enum err mail(struct tls_reporter *r, struct str to)
{
    struct outq_rcpt rcpt = { .address = to, .notify = SMTP_NOTIFY_NEVER };
    struct outq_mail m = { .rcpts = &rcpt, .rcpts_n = 1, .data = { .max = 3 * REPORT_MAX } };
    enum err e = signed_mail(r, to, &m.data);
    if (utf8_ascii(to) < to.n)
        m.flags |= OUTQ_SMTPUTF8;
    if (e != OK) {
        buf_fini(&m.data);
        return e;
    }
    r->put = outq_put(r->o.outq, &m, on_put, r);
    return r->put ? OK : ERR_BUSY;
}

/* ---- one domain ---- */
static void begin_domain(struct tls_reporter *r);

static void end_domain(struct tls_reporter *r)
{
    buf_fini(&r->gz);
    arena_reset(&r->arena);
    r->rpt.n = r->at = 0;
    r->domain = r->domain->next;
    begin_domain(r);
}

/* Each place that the record names is told (section 3). */
static void next_place(struct tls_reporter *r)
{
    while (r->at < r->rpt.n) {
        const struct tls_rpt_uri *u = &r->rpt.v[r->at++];
        enum err e = u->kind == TLS_RPT_MAIL ? mail(r, u->address) : tls_posts_add(r->o.posts, u, buf_str(&r->gz));
        if (e == OK && u->kind == TLS_RPT_MAIL)
            return; /* its answer goes on */
        r->posted += e == OK;
        r->lost += e != OK;
    }
    end_domain(r);
}

static void on_next(struct job *j)
{
    struct tls_reporter *r = CONTAINER_OF(j, struct tls_reporter, next);
    r->next_queued = false;
    if (r->closed)
        free(r);
    else
        next_place(r);
}

/* Section 3: of several such records none counts. */
static bool take_record(struct tls_reporter *r, struct str packet)
{
    struct dns_records rr;
    size_t found = 0, good = 0;
    if (dns_records_parse(&r->arena, packet, DNS_TXT, &rr) != OK)
        return false;
    for (size_t i = 0; i < rr.n; i++) {
        enum err e = tls_rpt_parse(&r->arena, rr.v[i].data, &r->rpt);
        found += e != ERR_GONE;
        good += e == OK;
    }
    return found == 1 && good == 1;
}

static void on_record(void *ctx, const struct dns_answer *a)
{
    struct tls_reporter *r = ctx;
    r->question = NULL;
    if (a->status != DNS_FOUND || !take_record(r, a->packet)) {
        r->rpt.n = 0;
    } else {
        r->asked++;
        if (pack(r) != OK)
            r->rpt.n = 0;
        r->lost += r->rpt.n == 0;
    }
    next_later(r);
}

static void end_day(struct tls_reporter *r)
{
    *r->o.sent += r->mailed + r->posted;
    *r->o.lost += r->lost;
    log_info(r->o.log, "tls_report.day", LOG_U64("asked", r->asked), LOG_U64("mailed", r->mailed),
             LOG_U64("posted", r->posted), LOG_U64("lost", r->lost), LOG_U64("uncounted", r->day->lost));
    tls_day_free(r->day);
    r->day = NULL;
    r->asked = r->mailed = r->posted = r->lost = 0;
}

static void begin_domain(struct tls_reporter *r)
{
    if (!r->domain) {
        end_day(r);
        return;
    }
    struct str name = arena_printf(&r->arena, "_smtp._tls.%.*s", STR_FMT(r->domain->name));
    r->question = name.p ? dns_ask(r->o.dns, r->o.loop, DNS_PLAIN, name, DNS_TXT, on_record, r) : NULL;
    if (!r->question)
        next_later(r);
}

/* ---- a day ---- */
static void draw(struct tls_reporter *r)
{
    int64_t most = MIN(r->o.delay_ms, (int64_t)UINT32_MAX - 1);
    r->after_ms = (int64_t)r->o.chance((uint32_t)most + 1);
}

static void on_timer(struct timer *t)
{
    struct tls_reporter *r = CONTAINER_OF(t, struct tls_reporter, timer);
    timer_set(&r->timer, r->o.look_ms);
    if (r->day)
        return;
    r->day = tls_tally_take(r->o.tally, store_now_ms(r->o.store) - r->after_ms);
    if (!r->day)
        return;
    draw(r);
    r->domain = r->day->domains;
    begin_domain(r);
}

enum err tls_reporter_new(const struct tls_reporter_opts *o, struct tls_reporter **out)
{
    struct tls_reporter *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_IO;
    r->o = *o;
    r->arena.max = MEMORY;
    r->next.run = on_next;
    draw(r);
    timer_init(&r->timer, o->loop, on_timer);
    timer_set(&r->timer, o->look_ms);
    *out = r;
    return OK;
}

void tls_reporter_free(struct tls_reporter *r)
{
    if (!r)
        return;
    timer_clear(&r->timer);
    if (r->question)
        dns_cancel(r->question);
    outq_cancel(r->put);
    tls_day_free(r->day);
    buf_fini(&r->gz);
    arena_reset(&r->arena);
    r->closed = true;
    if (!r->next_queued)
        free(r);
}
