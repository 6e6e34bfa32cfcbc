/* The loop's side: what arrives is planned, what is due is started, what is stuck is settled again. One timer, at the
 * first of all times, but at least once a second while anything waits: the clock that times are read from may jump (a
 * test's does, and after a while without one a machine's). */
#include "core/outq_queue.h"
#include <stdlib.h>

enum {
    JOBS = 1000,
    PER_DESTINATION = 20,
    NOTICE_MS = 4 * 3600 * 1000,
    TICK_MS = 1000,
    STUCK_MS = 30 * 1000,
    AT_HAND_MS = 3 * 1000
};

/* ---- time ---- */

static void set_timer(struct outq_run *r)
{
    struct due *d = due_first(&r->heap);
    if (!d && list_empty(&r->stuck))
        return;
    int64_t wait = d ? d->at_ms - store_now_ms(r->store) : TICK_MS;
    timer_set(&r->timer, MAX(MIN(wait, (int64_t)TICK_MS), (int64_t)0));
}

static void settle_stuck(struct outq_run *r)
{
    if (list_empty(&r->stuck) || loop_now_ms(r->loop) < r->stuck_ms)
        return;
    struct list again;
    list_init(&again);
    LIST_FOR(&r->stuck, node)
    {
        list_del(node);
        list_add_tail(&again, node);
    }
    r->stuck_ms = loop_now_ms(r->loop) + STUCK_MS;
    while (!list_empty(&again)) {
        struct outq_item *it = CONTAINER_OF(again.next, struct outq_item, task);
        list_del(&it->task);
        outq_settle(r, it);
    }
}

/* What does not leave at once need not take up the room of what does. */
static void forget_data(struct outq_run *r, int64_t now_ms)
{
    LIST_FOR(&r->at_hand, node)
    {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, hand);
        if (it->created_ms + AT_HAND_MS > now_ms)
            return;
        outq_item_forget_data(it); /* one that is being read stays here until that is done */
    }
}

static void on_timer(struct timer *t)
{
    struct outq_run *r = CONTAINER_OF(t, struct outq_run, timer);
    int64_t now = store_now_ms(r->store);
    for (struct due *d; (d = due_first(&r->heap)) && d->at_ms <= now;) {
        due_clear(&r->heap, d);
        d->fire(d);
    }
    forget_data(r, now);
    settle_stuck(r);
    set_timer(r);
}

/* ---- starting what is due ---- */

static void on_pump(struct job *j)
{
    struct outq_run *r = CONTAINER_OF(j, struct outq_run, pump);
    struct outq_part *p;
    r->pump_queued = false;
    while (!r->draining && (p = outq_dest_next(r))) {
        struct outq_job *job = outq_job_new(r, p);
        if (job)
            r->o.sender.start(r->o.sender.ctx, job);
    }
    set_timer(r);
}

void outq_pump(struct outq_run *r)
{
    if (r->pump_queued)
        return;
    r->pump_queued = true;
    r->pump.run = on_pump;
    loop_later(r->loop, &r->pump);
}

/* ---- arrivals ---- */

static void lose(struct outq_run *r, struct outq_item *it, enum err e)
{
    log_error(r->s->o.log, "outq.unplanned", LOG_ERR(e)); /* it lies in the store: the next start finds it */
    outq_item_free(it);
}

static void add(struct outq_run *r, struct outq_item *it)
{
    enum err e = outq_plan_parts(r, it);
    if (e == OK)
        e = outq_plan_add(r, it);
    if (e != OK) {
        lose(r, it, e);
        return;
    }
    if (it->data.p)
        list_add_tail(&r->at_hand, &it->hand);
    for (size_t i = 0; i < it->parts_n; i++)
        outq_plan_part(r, &it->parts[i], it->parts[i].due.at_ms);
    outq_tell_state(r, it);
    outq_pump(r);
}

static void on_arrival(struct job *j)
{
    struct outq_item *it = outq_item_rehome(CONTAINER_OF(j, struct outq_item, job));
    struct outq_run *r = it->shared->out;
    outbox_take(&r->q->boxes, it->met);
    it->met = NULL;
    add(r, it);
}

void outq_arrives(struct outq_shared *s, struct outq_item *it)
{
    it->job.run = on_arrival;
    post(s->out_loop, &it->job);
}

/* ---- boxes that end ---- */

static void on_event(struct event_listener *l, const struct event *e)
{
    struct outq_run *r = CONTAINER_OF(l, struct outq_run, events);
    struct outq_sender_box *b = e->kind == EVENT_BOX_ENDED ? map_get(&r->boxes, box_id_str(&e->box)) : NULL;
    if (!b)
        return;
    const struct list *end = &b->items; /* b goes with the last of them */
    for (struct list *node = end->next, *next; node != end; node = next) {
        struct outq_item *it = CONTAINER_OF(node, struct outq_item, in_box);
        next = node->next;
        if (it->finished)
            outq_forget(r, it);
        else
            outq_drop_item(r, it);
    }
}

/* ---- start and end ---- */

enum err outq_run_new(const struct outq_run_opts *o, struct outq_run **out)
{
    struct outq_run *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_IO;
    r->o = *o;
    r->s = o->shared;
    r->loop = o->loop;
    r->store = o->shared->o.store;
    r->o.jobs = o->jobs ? o->jobs : JOBS;
    r->o.per_destination = o->per_destination ? o->per_destination : PER_DESTINATION;
    r->o.delay_notice_ms = o->delay_notice_ms ? o->delay_notice_ms : NOTICE_MS;
    list_init(&r->proven);
    list_init(&r->unproven);
    list_init(&r->doomed);
    list_init(&r->stuck);
    list_init(&r->known);
    list_init(&r->finished);
    list_init(&r->at_hand);
    map_init(&r->items, 0);
    map_init(&r->dests, 0);
    map_init(&r->boxes, 0);
    timer_init(&r->timer, r->loop, on_timer);
    r->events.on = on_event;
    event_listen_all(r->s->o.hub, r->loop, &r->events);
    r->s->out = r;
    r->s->out_loop = r->loop;
    enum err e = outq_new(r->s, r->loop, &r->q);
    if (e == OK)
        e = outq_load_start(r);
    if (e == OK)
        *out = r;
    else
        outq_run_free(r);
    return e;
}

/* What was sent and could not be written down is tried once more: the next start would send it again. */
void outq_run_drain(struct outq_run *r)
{
    if (r->draining)
        return;
    r->draining = true;
    r->stuck_ms = 0;
    outq_load_end(r); /* the next start reads it all again */
    settle_stuck(r);
}

bool outq_run_idle(const struct outq_run *r) { return r->busy == 0; }

void outq_run_free(struct outq_run *r)
{
    if (!r)
        return;
    timer_clear(&r->timer);
    outq_load_end(r);
    event_unlisten(r->s->o.hub, &r->events);
    size_t at = 0;
    struct str key;
    void *it;
    while (map_next(&r->items, &at, &key, &it))
        outq_plan_remove(r, it);
    while (r->finished_n > 0)
        outq_plan_remove(r, outq_plan_oldest(r));
    LIST_FOR(&r->doomed, node) { outq_item_free(CONTAINER_OF(node, struct outq_item, task)); }
    outq_dests_fini(r);
    map_fini(&r->items);
    map_fini(&r->boxes);
    due_fini(&r->heap);
    outq_free(r->q);
    r->s->out = NULL;
    free(r);
}
