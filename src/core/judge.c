/* A large mail is hashed on a work thread, before the questions go out. */
#include "core/judge.h"
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
    enum err err;
    void (*done)(void *ctx, struct judgement *j);
    void *ctx;
};

bool judge_would(const struct judge_opts *o, const struct judge_mail *m)
{
    return o->dns && m->client_known && !ip_is_private(&m->client);
}

void judgement_fini(struct judgement *j)
{
    buf_fini(&j->header);
    buf_fini(&j->auth);
}

static void judge_answer(struct judge_req *r, enum err e)
{
    struct judgement j = { .header = { .max = HEADER_MAX, .secret = true },
                           .auth = { .max = JSON_MAX, .secret = true },
                           .judged = e == OK };
    if (e == OK) {
        verdict_put_header(&j.header, &r->verdict);
        verdict_put_auth(&j.auth, &r->verdict);
        verdict_symbols(&r->verdict, r->o->label_only, &j.symbols);
        j.action = r->o->label_only ? VERDICT_KEEP : verdict_action(&r->verdict);
    }
    r->done(r->ctx, &j);
    inquiry_free(r->inquiry);
    judgement_fini(&j);
    arena_reset(&r->arena);
    if (r->o->budget)
        intake_budget_give(r->o->budget, r->counted);
    secret_wipe(r, sizeof *r); /* it names the client */
    free(r);
}

static void answer_later(struct job *j)
{
    struct judge_req *r = CONTAINER_OF(j, struct judge_req, later);
    judge_answer(r, r->err);
}

static enum err check(void *ctx, struct answers *as)
{
    struct judge_req *r = ctx;
    return verdict_run(&r->verdict, as);
}

static void on_done(void *ctx, enum err e) { judge_answer(ctx, e); }

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
                              .check = check,
                              .done = on_done,
                              .ctx = r };
    if (r->err == OK)
        r->err = inquiry_start(&o, &r->inquiry);
    if (r->err == OK)
        return;
    r->later.run = answer_later; /* what cannot be taken apart is not judged; deliver says why it is not taken */
    loop_later(r->o->loop, &r->later);
}

static bool count_memory(struct judge_req *r)
{
    size_t head_n = MIN(r->data.n, (size_t)LIMIT_HEADER_BYTES);
    r->counted = LIMIT_INQUIRY_BYTES + TABLES_MAX + COPIES_MAX * head_n;
    return !r->o->budget || intake_budget_take(r->o->budget, r->counted);
}

enum err judge_start(const struct judge_opts *o, const struct judge_mail *m, int64_t now_s,
                     void (*done)(void *ctx, struct judgement *j), void *ctx)
{
    struct judge_req *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_BUSY;
    r->o = o;
    r->done = done;
    r->ctx = ctx;
    r->data = m->data;
    if (!count_memory(r)) {
        free(r);
        return ERR_BUSY;
    }
    r->in = (struct verdict_in){
        .server = o->server, .sealers = o->sealers, .sealers_n = o->sealers_n, .lists = o->lists, .lists_n = o->lists_n
    };
    r->in.sender =
        (struct spf_in){ .ip = m->client, .helo = m->helo, .from = m->from, .receiver = o->server, .now_s = now_s };
    arena_init(&r->arena, ARENA_MAX);
    r->arena.secret = true;
    r->work = (struct work){ .work = prepare, .done = prepared };
    if (m->data.n > LARGE && work_submit(o->work, o->loop, &r->work) == OK)
        return OK;
    prepare(&r->work);
    prepared(&r->work);
    return OK;
}
