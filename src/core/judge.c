/* What is found out about a mail from elsewhere: the sender's checks over the DNS, and the scanners beside us. They run
 * at the same time, each within its own deadline, and the last one that is done answers. A large mail is hashed on a
 * work thread, before the questions to the DNS go out. */
#include "core/judge.h"
#include "base/clock.h"
#include "base/secret.h"
#include <stdlib.h>

enum { ARENA_MAX = 8 << 20, HEADER_MAX = 32 * 1024, JSON_MAX = 32 * 1024, LARGE = 256 * 1024 };

/* What the parsed header takes: its tables, and the texts a few times over. */
enum { TABLES_MAX = 512 * 1024, COPIES_MAX = 8 };

struct judge_req {
    size_t counted; /* of the budget */
    const struct judge_opts *o;
    struct work work;
    struct job later;
    struct arena arena;
    struct str data;
    struct verdict_in in;
    struct verdict verdict;
    struct inquiry *inquiry;
    enum err err; /* of the sender's checks; ERR_GONE: none were asked for; ERR_BUSY: they could not be made now */
    uint64_t begun_us;
    struct scan_mail scan_mail;
    struct scan_result scan;
    unsigned left; /* checks that are not done */
    void (*done)(void *ctx, struct judgement *j);
    void *ctx;
};

static bool asks_sender(const struct judge_opts *o, const struct judge_mail *m)
{
    return o->dns && m->client_known && !ip_is_private(&m->client);
}

bool judge_would(const struct judge_opts *o, const struct judge_mail *m)
{
    return asks_sender(o, m) || scanners_any(o->scanners);
}

void judgement_fini(struct judgement *j)
{
    buf_fini(&j->header);
    buf_fini(&j->auth);
}

static void refuse(struct judgement *j, enum err e, const char *why)
{
    j->err = e;
    j->why = why;
}

static void put_sender(const struct judge_req *r, struct judgement *j)
{
    enum verdict_action action = r->o->label_only ? VERDICT_KEEP : verdict_action(&r->verdict);
    verdict_put_header(&j->header, &r->verdict);
    verdict_put_auth(&j->auth, &r->verdict);
    verdict_symbols(&r->verdict, r->o->label_only, &j->symbols);
    j->judged = true;
    j->junk = action == VERDICT_JUNK;
    j->sender = verdict_sender(&r->verdict);
    if (action == VERDICT_REFUSE)
        refuse(j, ERR_DENIED, "the domain in From asks to refuse what it did not send (DMARC)");
}

/* What is refused for good stays so, whoever else might answer later. */
static void put_scan(const struct judge_req *r, struct judgement *j)
{
    const struct scan_result *s = &r->scan;
    j->symbols.scan = str_c(s->word);
    if (s->weighed)
        symbols_add(&j->symbols, S("RSPAMD"), s->rspamd.score, str_c(s->rspamd.reason));
    j->judged = j->judged || s->weighed || s->state != SCAN_OFF;
    switch (s->state) {
    case SCAN_OFF:
    case SCAN_CLEAN:
    case SCAN_SKIPPED:
        return;
    case SCAN_UNSEEN:
        if (r->o->unseen_refused)
            refuse(j, ERR_DENIED, "it cannot be scanned: too large, encrypted or broken");
        return;
    case SCAN_LATER:
        if (j->err == OK)
            refuse(j, ERR_BUSY, "it cannot be scanned now, try again later");
        return;
    case SCAN_MALWARE:
        j->junk = true;
        symbols_add(&j->symbols, S("MALWARE"), SYMBOL_SCORE_MAX, j->symbols.scan);
        if (!r->o->malware_junk)
            refuse(j, ERR_DENIED, "malware was found in it");
        return;
    }
}

static void judge_free(struct judge_req *r)
{
    inquiry_free(r->inquiry);
    arena_reset(&r->arena);
    if (r->o->budget)
        intake_budget_give(r->o->budget, r->counted);
    secret_give_back(r, sizeof *r); /* it names the client */
}

static void judge_answer(struct judge_req *r)
{
    struct judgement j = { .header = { .max = HEADER_MAX, .secret = true },
                           .auth = { .max = JSON_MAX, .secret = true } };
    if (r->err == OK)
        put_sender(r, &j);
    if (r->err == ERR_BUSY)
        refuse(&j, ERR_BUSY, "its sender cannot be checked now, try again later");
    put_scan(r, &j);
    r->done(r->ctx, &j);
    judgement_fini(&j);
    judge_free(r);
}

static void part_done(struct judge_req *r)
{
    if (--r->left == 0)
        judge_answer(r);
}

/* ---- the sender ---- */
static void sender_done(struct judge_req *r, enum err e)
{
    r->err = e;
    check_cost_add(r->o->costs, CHECK_SENDER, r->begun_us);
    part_done(r);
}

static void answer_later(struct job *j)
{
    struct judge_req *r = CONTAINER_OF(j, struct judge_req, later);
    sender_done(r, r->err);
}

static enum err check(void *ctx, struct answers *as)
{
    struct judge_req *r = ctx;
    return verdict_run(&r->verdict, as);
}

/* Memory or room that was not there is no reason to believe a sender. */
static void on_done(void *ctx, enum err e) { sender_done(ctx, e == OK ? OK : ERR_BUSY); }

static void prepare(struct work *w)
{
    struct judge_req *r = CONTAINER_OF(w, struct judge_req, work);
    r->err = verdict_init(&r->verdict, &r->arena, &r->in, r->data);
}

static void prepared(struct work *w)
{
    struct judge_req *r = CONTAINER_OF(w, struct judge_req, work);
    struct inquiry_opts o = { .dns = r->o->dns,
                              .loop = r->o->loop,
                              .deadline_ms = r->o->deadline_ms,
                              .keys = r->o->keys,
                              .check = check,
                              .done = on_done,
                              .ctx = r };
    if (r->err == OK && inquiry_start(&o, &r->inquiry) == OK)
        return;
    if (r->err == OK)
        r->err = ERR_BUSY;
    r->later.run = answer_later; /* what cannot be taken apart is not judged; deliver says why it is not taken */
    loop_later(r->o->loop, &r->later);
}

static void sender_start(struct judge_req *r, const struct judge_mail *m, int64_t now_s)
{
    const struct judge_opts *o = r->o;
    r->in = (struct verdict_in){ .server = o->server,
                                 .sealers = o->sealers,
                                 .sealers_n = o->sealers_n,
                                 .lists = o->lists,
                                 .lists_n = o->lists_n,
                                 .dnsbl = o->dnsbl,
                                 .dnsbl_n = o->dnsbl_n,
                                 .reverse = o->reverse };
    r->in.sender =
        (struct spf_in){ .ip = m->client, .helo = m->helo, .from = m->from, .receiver = o->server, .now_s = now_s };
    r->begun_us = clock_mono_us();
    r->work = (struct work){ .work = prepare, .done = prepared };
    if (m->data.n > LARGE && work_submit(o->work, o->loop, &r->work) == OK)
        return;
    prepare(&r->work);
    prepared(&r->work);
}

/* ---- the scanners ---- */
static void on_scanned(void *ctx, const struct scan_result *s)
{
    struct judge_req *r = ctx;
    r->scan = *s;
    part_done(r);
}

static enum err scanners_start(struct judge_req *r, const struct judge_mail *m)
{
    r->scan_mail = (struct scan_mail){
        .data = m->data, .client = m->client_known ? &m->client : NULL, .helo = m->helo, .from = m->from
    };
    return scan_start(r->o->scanners, &r->scan_mail, on_scanned, r);
}

/* ---- both ---- */
static bool count_memory(struct judge_req *r, bool sender, bool scanners)
{
    size_t head_n = MIN(r->data.n, (size_t)LIMIT_HEADER_BYTES);
    size_t n =
        (sender ? LIMIT_INQUIRY_BYTES + TABLES_MAX + COPIES_MAX * head_n : 0) + (scanners ? LIMIT_SCAN_BYTES : 0);
    if (r->o->budget && !intake_budget_take(r->o->budget, n))
        return false;
    r->counted = n;
    return true;
}

enum err judge_start(const struct judge_opts *o, const struct judge_mail *m, int64_t now_s,
                     void (*done)(void *ctx, struct judgement *j), void *ctx)
{
    bool sender = asks_sender(o, m), scanners = scanners_any(o->scanners);
    struct judge_req *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_BUSY;
    r->o = o; /* one by one: it is large, and all zeros already */
    r->done = done;
    r->ctx = ctx;
    r->data = m->data;
    r->err = ERR_GONE;
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    r->left = (unsigned)sender + (unsigned)scanners;
    if (!count_memory(r, sender, scanners) || (scanners && scanners_start(r, m) != OK)) {
        judge_free(r);
        return ERR_BUSY;
    }
    if (sender)
        sender_start(r, m, now_s);
    return OK;
}
