/* How many parts a destination bears is found out as Postfix's queue manager does, by what comes back: more with each
 * that reached somebody, one after one that did not, and then not before a while that doubles. Those blocked keep what
 * they have in its order, untouched: a thousand dead destinations with a hundred mails each cost a thousand tries a
 * round, not a hundred thousand. */
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

enum { LIMIT_FIRST = 2, IDLE_MS = 10 * 60 * 1000 };

static int64_t now_ms(const struct outq_run *r) { return store_now_ms(r->store); }

static bool is_blocked(const struct outq_dest *d) { return d->parts_n > 0 && due_is_set(&d->due); }

static void place_in_ring(struct outq_run *r, struct outq_dest *d)
{
    list_del(&d->ring);
    if (d->ready_n > 0 && d->active < d->limit && !is_blocked(d))
        list_add_tail(d->proven ? &r->proven : &r->unproven, &d->ring);
}

static void dest_free(struct outq_run *r, struct outq_dest *d)
{
    list_del(&d->ring);
    due_clear(&r->heap, &d->due);
    due_dismiss(&r->heap, 1);
    map_del(&r->dests, outq_dest_name(d));
    r->s->destinations = r->dests.n;
    free(d);
}

static void on_due(struct due *due)
{
    struct outq_dest *d = CONTAINER_OF(due, struct outq_dest, due);
    if (d->parts_n == 0) {
        dest_free(d->run, d);
        return;
    }
    place_in_ring(d->run, d);
    outq_pump(d->run);
}

struct outq_dest *outq_dest_get(struct outq_run *r, struct str name)
{
    struct outq_dest *d = map_get(&r->dests, name);
    if (d)
        return d;
    d = calloc(1, sizeof *d + name.n);
    if (!d || due_admit(&r->heap, 1) != OK) {
        free(d);
        return NULL;
    }
    *d = (struct outq_dest){ .run = r, .limit = MIN(LIMIT_FIRST, r->o.per_destination), .due.fire = on_due };
    d->name_n = name.n;
    memcpy(d->name, name.p, name.n);
    list_init(&d->ring);
    list_init(&d->ready);
    if (!map_set(&r->dests, name, d)) {
        due_dismiss(&r->heap, 1);
        free(d);
        return NULL;
    }
    r->s->destinations = r->dests.n;
    return d;
}

void outq_dest_enter(struct outq_run *r, struct outq_dest *d)
{
    if (d->parts_n++ > 0)
        return;
    if (d->blocked_ms > now_ms(r))
        due_set(&r->heap, &d->due, d->blocked_ms);
    else
        due_clear(&r->heap, &d->due);
}

void outq_dest_leave(struct outq_run *r, struct outq_dest *d)
{
    if (--d->parts_n == 0)
        due_set(&r->heap, &d->due, MAX(d->blocked_ms, now_ms(r) + IDLE_MS));
}

void outq_dest_ready(struct outq_run *r, struct outq_part *p)
{
    struct outq_dest *d = p->dest;
    p->state = PART_READY;
    list_add_tail(&d->ready, &p->ready);
    d->ready_n++;
    if (list_empty(&d->ring))
        place_in_ring(r, d);
    outq_pump(r);
}

void outq_dest_unready(struct outq_run *r, struct outq_part *p)
{
    struct outq_dest *d = p->dest;
    list_del(&p->ready);
    if (--d->ready_n == 0)
        place_in_ring(r, d);
}

struct outq_part *outq_dest_take(struct outq_run *r, struct outq_dest *d)
{
    struct outq_part *p = CONTAINER_OF(d->ready.next, struct outq_part, ready);
    list_del(&p->ready);
    d->ready_n--;
    d->active++;
    r->active++;
    r->active_unproven += !d->proven;
    p->state = PART_OUT;
    place_in_ring(r, d); /* at the end: all have their turn */
    return p;
}

/* Of those that answer and those that may, in turn; the latter never take more than three quarters of what may be out.
 */
struct outq_part *outq_dest_next(struct outq_run *r)
{
    bool may_unproven = !list_empty(&r->unproven) && r->active_unproven < (size_t)r->o.jobs * 3 / 4;
    struct list *from = may_unproven && (r->from_unproven || list_empty(&r->proven)) ? &r->unproven : &r->proven;
    if (r->active >= r->o.jobs || list_empty(from))
        return NULL;
    r->from_unproven = !r->from_unproven;
    return outq_dest_take(r, CONTAINER_OF(from->next, struct outq_dest, ring));
}

static void reached_none(struct outq_run *r, struct outq_dest *d)
{
    d->limit = 1;
    d->blocked_ms = now_ms(r) + outq_backoff_ms(++d->failures);
    if (d->parts_n > 0)
        due_set(&r->heap, &d->due, d->blocked_ms);
}

/* later: some recipient is to be tried again. A destination that nobody serves, for good, blocks nothing: the next mail
 * to it is told so at once. */
void outq_dest_back(struct outq_run *r, struct outq_dest *d, bool reached, bool later)
{
    bool was_proven = d->proven;
    d->active--;
    r->active--;
    r->active_unproven -= !was_proven;
    d->proven = reached;
    if (was_proven != reached) /* those still out are counted by what it is now */
        r->active_unproven += reached ? -d->active : d->active;
    if (reached) {
        d->failures = 0;
        d->blocked_ms = 0;
        d->limit = MIN(d->limit + 1, r->o.per_destination);
        if (d->parts_n > 0)
            due_clear(&r->heap, &d->due);
    } else if (later && !is_blocked(d)) {
        reached_none(r, d);
    }
    place_in_ring(r, d);
    outq_pump(r);
}

void outq_dest_unblock(struct outq_run *r, struct outq_dest *d)
{
    d->blocked_ms = 0;
    if (d->parts_n > 0)
        due_clear(&r->heap, &d->due);
    place_in_ring(r, d);
    outq_pump(r);
}

void outq_dests_fini(struct outq_run *r)
{
    size_t it = 0;
    struct str name;
    void *d;
    while (map_next(&r->dests, &it, &name, &d))
        dest_free(r, d);
    map_fini(&r->dests);
}
