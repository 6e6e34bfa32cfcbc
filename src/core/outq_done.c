/* Jobs go out and come back. */
#include "base/rand.h"
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

enum { BACKOFF_FIRST_MS = 60 * 1000, BACKOFF_LAST_MS = 60 * 60 * 1000 };

struct job_of {
    struct outq_job job;
    struct outq_run *run;
    struct outq_part *part;
    uint32_t *index; /* of each recipient in its item */
};

/* RFC 5321 section 4.5.4.1 asks for half an hour between tries, and for more patience the longer it lasts; but a box
 * here lives for minutes, and most who say 4xx at first (greylisting) mean less than five of them. So: one minute,
 * doubled up to an hour, a fifth up or down, so that what failed together does not come back together. */
int64_t outq_backoff_ms(uint32_t tries)
{
    int64_t wait =
        tries > 6 ? BACKOFF_LAST_MS : MIN((int64_t)BACKOFF_FIRST_MS << (tries ? tries - 1 : 0), BACKOFF_LAST_MS);
    return wait - wait / 5 + rand_below((uint32_t)(wait * 2 / 5) + 1);
}

/* ---- out ---- */

size_t outq_part_waiting(const struct outq_part *p)
{
    const struct outq_item *it = p->item;
    size_t n = 0;
    for (uint32_t i = 0; i < it->rcpts_n; i++)
        n += it->rcpts[i].state == RCPT_WAITS && &it->parts[it->rcpts[i].part] == p;
    return n;
}

static void fill(struct job_of *o, struct outq_rcpt *rcpts)
{
    const struct outq_item *it = o->part->item;
    for (uint32_t i = 0; i < it->rcpts_n; i++) {
        const struct item_rcpt *r = &it->rcpts[i];
        if (r->state != RCPT_WAITS || &it->parts[r->part] != o->part)
            continue;
        o->index[o->job.rcpts_n] = i;
        rcpts[o->job.rcpts_n++] = (struct outq_rcpt){ r->address, r->orcpt, r->notify };
    }
    o->job.rcpts = rcpts;
}

static struct outq_job *job_new(struct outq_run *r, struct outq_part *p)
{
    size_t n = outq_part_waiting(p);
    const struct outq_item *it = p->item;
    struct outq_rcpt *rcpts;
    struct job_of *o = calloc(1, sizeof *o + n * (sizeof *rcpts + sizeof *o->index));
    if (!o)
        return NULL;
    rcpts = (struct outq_rcpt *)(o + 1);
    o->index = (uint32_t *)(rcpts + n);
    o->run = r;
    o->part = p;
    o->job = (struct outq_job){ .id = it->id,
                                .destination = outq_dest_name(p->dest),
                                .mail_from = it->mail_from,
                                .envid = it->envid,
                                .ret = (enum outq_ret)it->ret,
                                .flags = it->flags,
                                .size = it->size,
                                .has_box = it->has_box,
                                .box = it->box };
    fill(o, rcpts);
    p->left = !r->o.sender.stop;
    p->stoppable = p->left ? NULL : &o->job;
    r->busy++;
    r->s->active++;
    return &o->job;
}

struct outq_job *outq_job_new(struct outq_run *r, struct outq_part *p)
{
    struct outq_job *j = job_new(r, p);
    if (j)
        return j;
    outq_dest_back(r, p->dest, p->dest->proven, false);
    outq_plan_part(r, p, store_now_ms(r->store) + BACKOFF_FIRST_MS);
    return NULL;
}

bool outq_wanted(const struct outq_job *job)
{
    const struct job_of *o = CONTAINER_OF(job, const struct job_of, job);
    return !o->part->item->dropped && !o->part->stopped;
}

void outq_leaves(struct outq_job *job)
{
    struct outq_part *p = CONTAINER_OF(job, struct job_of, job)->part;
    p->left = true;
    p->stoppable = NULL;
}

void outq_ask_back(struct outq_run *r, struct outq_part *p)
{
    struct outq_job *job = p->stoppable;
    p->stoppable = NULL;
    if (job)
        r->o.sender.stop(r->o.sender.ctx, job);
}

struct outq_body *outq_body_open(struct outq_job *job, const struct outq_body_ops *ops, void *ctx)
{
    struct job_of *o = CONTAINER_OF(job, struct job_of, job);
    return outq_body_of(o->run, o->part->item, ops, ctx);
}

/* ---- and back ---- */

static void take_result(struct outq_run *r, struct item_rcpt *rcpt, const struct outq_result *res)
{
    (void)outq_item_answer(rcpt, res); /* without memory the older words stay */
    switch (res->fate) {
    case OUTQ_FATE_SENT:
        rcpt->state = RCPT_SENT;
        rcpt->passed_on = res->dsn_passed_on;
        r->s->sent++;
        break;
    case OUTQ_FATE_LATER:
        rcpt->in_doubt |= res->in_doubt;
        r->s->later++;
        break;
    case OUTQ_FATE_FAILED:
        rcpt->state = RCPT_FAILED;
        r->s->failed++;
        break;
    }
}

static const struct outq_result stopped = { .fate = OUTQ_FATE_FAILED,
                                            .enhanced = "5.7.1",
                                            .text = STR("Stopped by the operator of this server; it was not sent.") };
static const struct outq_result stopped_late = {
    .fate = OUTQ_FATE_FAILED,
    .enhanced = "5.7.1",
    .text = STR("Stopped by the operator of this server; an earlier try may have arrived.")
};

void outq_fail_part(struct outq_run *r, struct outq_part *p, const struct outq_result *why)
{
    struct outq_item *it = p->item;
    for (size_t i = 0; i < it->rcpts_n; i++) {
        struct item_rcpt *rcpt = &it->rcpts[i];
        if (rcpt->state != RCPT_WAITS || &it->parts[rcpt->part] != p)
            continue;
        if (!rcpt->last || !(why->enhanced[0] == '4' && rcpt->last->text.n > 0))
            (void)outq_item_answer(rcpt, why == &stopped && rcpt->in_doubt ? &stopped_late : why);
        rcpt->state = RCPT_FAILED;
        r->s->failed++;
    }
    it->changed = true;
    outq_plan_over(r, p);
}

bool outq_stop_item(struct outq_run *r, struct outq_item *it, struct str destination)
{
    bool any = false;
    for (size_t i = 0; i < it->parts_n; i++) {
        struct outq_part *p = &it->parts[i];
        if (p->state == PART_OVER || p->stopped ||
            (destination.n > 0 && !str_eq_nocase(outq_dest_name(p->dest), destination)))
            continue;
        any = true;
        if (p->state == PART_OUT) {
            p->stopped = true;
            outq_ask_back(r, p);
        } else {
            outq_fail_part(r, p, &stopped);
        }
    }
    r->s->dropped += any;
    outq_tell_state(r, it);
    outq_settle(r, it);
    return any;
}

static void part_back(struct outq_run *r, struct outq_part *p)
{
    static const struct outq_result in_vain = { .fate = OUTQ_FATE_FAILED,
                                                .enhanced = "4.4.7",
                                                .text = STR("It could not be delivered in time.") };
    struct outq_item *it = p->item;
    it->changed = true;
    p->state = PART_WAITS;
    p->tries++;
    if (outq_part_waiting(p) == 0) {
        outq_plan_over(r, p);
    } else if (p->stopped) {
        outq_fail_part(r, p, &stopped);
    } else if (it->dropped || it->expired || store_now_ms(r->store) >= it->end_ms) {
        outq_fail_part(r, p, &in_vain);
    } else {
        outq_plan_part(r, p, store_now_ms(r->store) + outq_backoff_ms(p->tries));
    }
}

void outq_done(struct outq_job *job, const struct outq_result *results, bool reached)
{
    struct job_of *o = CONTAINER_OF(job, struct job_of, job);
    struct outq_run *r = o->run;
    struct outq_part *p = o->part;
    struct outq_item *it = p->item;
    bool later = false, asked_back = !p->stoppable && !p->left;
    for (size_t i = 0; i < job->rcpts_n; i++) {
        take_result(r, &it->rcpts[o->index[i]], &results[i]);
        later |= results[i].fate == OUTQ_FATE_LATER;
    }
    if (asked_back) /* that says nothing of the destination */
        outq_dest_back(r, p->dest, p->dest->proven, false);
    else
        outq_dest_back(r, p->dest, reached, later);
    p->stoppable = NULL;
    p->left = false;
    r->busy--;
    r->s->active--;
    free(o);
    part_back(r, p);
    outq_item_forget_data(it);
    outq_tell_state(r, it);
    outq_settle(r, it);
}

struct outq_job *outq_next(struct outq_run *r, struct str destination)
{
    struct outq_dest *d = map_get(&r->dests, destination);
    if (!d || r->draining || d->ready_n == 0 || d->active >= d->limit || r->active >= r->o.jobs)
        return NULL;
    return outq_job_new(r, outq_dest_take(r, d));
}
