/* Answers that arrive in one turn are put to the checks together; one turn is one round, and no more. */
#include "trust/inquiry.h"
#include <stdlib.h>

enum { SCRATCH_MAX = 4 << 20 }; /* what one round of the checks makes; none is kept between rounds */
/* Octets of one answer, and what all but policies may take together: a sender's large answers must not leave too little
 * room for the policy of whom he names. */
enum { PACKET_MAX = 16 << 10, VITAL_PACKET_MAX = 4 << 10, PLAIN_KEPT_MAX = LIMIT_INQUIRY_BYTES / 2 };
enum { LATE_ROUNDS_MAX = 2 * LIMIT_ANSWERS };

struct question {
    struct inquiry *inquiry;
    struct dns_question *q; /* NULL: not under way */
};
struct inquiry {
    struct inquiry_opts o;
    struct arena kept, scratch;
    struct answers answers;
    struct question questions[LIMIT_ANSWERS]; /* by the answer's index */
    struct deadline deadline;
    struct job again;
    size_t late;    /* rounds since the deadline */
    bool crowded;   /* a policy could not be asked for, because we had no room */
    bool queued;    /* again is in the loop's hands */
    bool finished;  /* done() has been called */
    bool abandoned; /* freed by again, which is still queued */
};

static void inquiry_release(struct inquiry *q)
{
    arena_reset(&q->kept);
    arena_reset(&q->scratch);
    free(q);
}

static void finish(struct inquiry *q, enum err e)
{
    q->finished = true;
    loop_deadline_clear(q->o.loop, &q->deadline);
    q->o.done(q->o.ctx, e);
}

static void soon(struct inquiry *q)
{
    if (!q->queued)
        loop_later(q->o.loop, &q->again);
    q->queued = true;
}

static enum answer_status status_of(enum dns_status s)
{
    switch (s) {
    case DNS_FOUND:
        return ANSWER_FOUND;
    case DNS_NXNAME:
        return ANSWER_NONAME;
    case DNS_FAILED:
    case DNS_SILENT:
    case DNS_CROWDED:
        return ANSWER_FAILED;
    }
    return ANSWER_FAILED;
}

/* What authors' domains want is known whoever else keeps the DNS busy: else anybody could switch it off for all. */
static enum dns_rank rank_of(struct str name) { return str_starts_nocase(name, S("_dmarc.")) ? DNS_VITAL : DNS_PLAIN; }

static bool has_room(const struct inquiry *q, const struct answer *a, size_t packet_n)
{
    if (rank_of(a->name) == DNS_VITAL)
        return packet_n <= VITAL_PACKET_MAX;
    return packet_n <= PACKET_MAX && q->kept.used < PLAIN_KEPT_MAX;
}

static void on_answer(void *ctx, const struct dns_answer *got)
{
    struct question *qu = ctx;
    struct inquiry *q = qu->inquiry;
    struct answer *a = &q->answers.v[qu - q->questions];
    qu->q = NULL;
    q->crowded = q->crowded || (got->status == DNS_CROWDED && rank_of(a->name) == DNS_VITAL);
    a->status = status_of(got->status);
    a->secure = got->secure;
    if (a->status == ANSWER_FOUND &&
        (!has_room(q, a, got->packet.n) || dns_records_parse(&q->kept, got->packet, a->type, &a->records) != OK))
        a->status = ANSWER_FAILED;
    soon(q);
}

static size_t asked(const struct inquiry *q)
{
    size_t n = 0;
    for (size_t i = 0; i < q->answers.n; i++)
        n += q->questions[i].q != NULL;
    return n;
}

/* In the order in which the checks want them; the rest waits for answers. */
static void ask_wanted(struct inquiry *q)
{
    size_t room = LIMIT_ASKED - asked(q);
    for (size_t i = 0; i < q->answers.n && room > 0; i++) {
        struct answer *a = &q->answers.v[i];
        struct question *qu = &q->questions[i];
        if (a->status != ANSWER_WANTED)
            continue;
        qu->inquiry = q;
        if (q->o.dns)
            qu->q = dns_ask(q->o.dns, q->o.loop, rank_of(a->name), a->name, a->type, on_answer, qu);
        a->status = qu->q ? ANSWER_ASKED : ANSWER_FAILED;
        room -= qu->q != NULL;
        if (!qu->q)
            soon(q);
    }
}

static void drop_questions(struct inquiry *q)
{
    for (size_t i = 0; i < q->answers.n; i++)
        if (q->questions[i].q) {
            dns_cancel(q->questions[i].q);
            q->questions[i].q = NULL;
        }
}

/* After the deadline each round gives up something new, or checks a signature: it ends with as many as there can be. */
static enum err check(struct inquiry *q)
{
    answers_round(&q->answers);
    if (q->late)
        answers_give_up(&q->answers);
    enum err e = q->o.check(q->o.ctx, &q->answers);
    return e == ERR_MORE && q->late && q->late++ == LATE_ROUNDS_MAX ? ERR_FULL : e;
}

static void run_again(struct job *j)
{
    struct inquiry *q = CONTAINER_OF(j, struct inquiry, again);
    q->queued = false;
    if (q->abandoned) {
        inquiry_release(q);
        return;
    }
    if (q->finished)
        return;
    enum err e = check(q);
    if (e != ERR_MORE) {
        finish(q, e == OK && q->crowded ? ERR_BUSY : e);
        return;
    }
    arena_reset(&q->scratch);
    if (!q->late)
        ask_wanted(q);
    if (q->late || q->answers.verified > 0)
        soon(q);
}

static void on_deadline(struct deadline *d)
{
    struct inquiry *q = CONTAINER_OF(d, struct inquiry, deadline);
    q->late = 1;
    drop_questions(q);
    soon(q);
}

enum err inquiry_start(const struct inquiry_opts *o, struct inquiry **out)
{
    struct inquiry *q = calloc(1, sizeof *q);
    if (!q)
        return ERR_IO;
    q->o = *o;
    arena_init(&q->kept, LIMIT_INQUIRY_BYTES);
    arena_init(&q->scratch, SCRATCH_MAX);
    q->kept.secret = q->scratch.secret = true; /* names asked for have the client's address in them */
    if (answers_init(&q->answers, &q->kept, &q->scratch) != OK) {
        inquiry_release(q);
        return ERR_IO;
    }
    q->answers.keys = o->keys;
    q->deadline.fire = on_deadline;
    q->again.run = run_again;
    loop_deadline(o->loop, &q->deadline, o->deadline_ms);
    soon(q);
    *out = q;
    return OK;
}

void inquiry_free(struct inquiry *q)
{
    if (!q)
        return;
    drop_questions(q);
    loop_deadline_clear(q->o.loop, &q->deadline);
    q->abandoned = true;
    if (!q->queued)
        inquiry_release(q);
}
