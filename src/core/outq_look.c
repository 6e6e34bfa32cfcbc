/* The operator's view of the queue, and his hand in it. */
#include "core/outq_queue.h"
#include <stdlib.h>
#include <string.h>

/* And is not over: then its destination may be forgotten. Empty: any. */
static bool goes_to(const struct outq_part *p, struct str destination)
{
    return p->state != PART_OVER && (destination.n == 0 || str_eq_nocase(outq_dest_name(p->dest), destination));
}

/* The one that is due first; NULL: none goes there. */
static const struct outq_part *part_for(const struct outq_item *it, struct str destination)
{
    const struct outq_part *first = NULL;
    for (size_t i = 0; i < it->parts_n; i++) {
        const struct outq_part *p = &it->parts[i];
        if (goes_to(p, destination) && (!first || p->due.at_ms < first->due.at_ms))
            first = p;
    }
    return first;
}

static bool concerns(const struct outq_item *it, struct str destination) { return part_for(it, destination) != NULL; }

static void look_at(const struct outq_item *it, const struct outq_part *p, struct outq_look *l)
{
    bool over = p->state == PART_OVER; /* its destination may be forgotten */
    *l = (struct outq_look){ .id = it->id,
                             .destination = over ? S("") : outq_dest_name(p->dest),
                             .size = it->size,
                             .tries = p->tries,
                             .created_ms = it->created_ms,
                             .next_ms = over ? 0 : MAX(p->due.at_ms, p->dest->blocked_ms),
                             .end_ms = it->end_ms,
                             .active = p->state == PART_OUT };
    for (size_t i = 0; i < it->rcpts_n; i++) {
        const struct item_rcpt *r = &it->rcpts[i];
        if (&it->parts[r->part] != p)
            continue;
        l->rcpts_n += r->state == RCPT_WAITS;
        l->sent_n += r->state == RCPT_SENT;
        l->failed_n += r->state == RCPT_FAILED;
        if (over)
            l->destination = str_from(r->address, str_rchr(r->address, '@') + 1);
        if (!r->last || (!over && r->state != RCPT_WAITS))
            continue;
        l->code = r->last->code;
        l->enhanced = str_c(r->last->enhanced);
    }
}

static int by_next(const void *a, const void *b)
{
    const struct outq_look *x = a, *y = b;
    return x->next_ms != y->next_ms ? (x->next_ms < y->next_ms ? -1 : 1) : memcmp(&x->id, &y->id, sizeof x->id);
}

enum err outq_run_look(struct outq_run *r, struct str destination, size_t max,
                       void (*each)(void *ctx, const struct outq_look *l), void *ctx, size_t *n)
{
    AUTO_FREE struct outq_look *all = calloc(r->items.n + 1, sizeof *all);
    size_t at = 0, some = 0;
    struct str key;
    void *it;
    if (!all)
        return ERR_BUSY;
    while (map_next(&r->items, &at, &key, &it))
        if (concerns(it, destination))
            look_at(it, part_for(it, destination), &all[some++]);
    qsort(all, some, sizeof *all, by_next);
    for (size_t i = 0; i < some && i < max; i++)
        each(ctx, &all[i]);
    *n = some;
    return OK;
}

size_t outq_run_show(struct outq_run *r, const struct outq_id *id, void (*each)(void *ctx, const struct outq_look *l),
                     void *ctx)
{
    const struct outq_item *it = map_get(&r->items, msg_id_str(&id->msg));
    size_t n = 0;
    for (size_t i = 0; it && i < it->parts_n; i++) {
        struct outq_look l;
        look_at(it, &it->parts[i], &l);
        each(ctx, &l);
        n++;
    }
    return n;
}

/* Items that an operator means, while what is done to them changes the map they are in. */
static struct outq_item **pick(struct outq_run *r, const struct outq_id *id, struct str destination, size_t *n)
{
    struct outq_item **all = calloc(r->items.n + 1, sizeof *all);
    size_t at = 0, some = 0;
    struct str key;
    void *it;
    if (!all)
        return NULL;
    while (map_next(&r->items, &at, &key, &it))
        if (concerns(it, destination) && (!id || memcmp(id, &((struct outq_item *)it)->id, sizeof *id) == 0))
            all[some++] = it;
    *n = some;
    return all;
}

/* Its destination alone is freed of what it waits for: others are not hurried. */
static void retry(struct outq_run *r, struct outq_part *p, struct str destination)
{
    if (!goes_to(p, destination))
        return;
    outq_dest_unblock(r, p->dest);
    if (p->state != PART_WAITS)
        return;
    due_clear(&r->heap, &p->due);
    outq_plan_part(r, p, store_now_ms(r->store));
}

enum err outq_run_retry(struct outq_run *r, const struct outq_id *id, struct str destination, size_t *n)
{
    AUTO_FREE struct outq_item **all = pick(r, id, destination, n);
    if (!all)
        return ERR_BUSY;
    for (size_t i = 0; i < *n; i++)
        for (size_t k = 0; k < all[i]->parts_n; k++)
            retry(r, &all[i]->parts[k], destination);
    return OK;
}

enum err outq_run_drop(struct outq_run *r, const struct outq_id *id, struct str destination, struct outq_dropped *out)
{
    *out = (struct outq_dropped){ 0 };
    AUTO_FREE struct outq_item **all = pick(r, id, destination, &out->found);
    if (!all)
        return ERR_BUSY;
    for (size_t i = 0; i < out->found; i++) {
        bool leaving = outq_item_leaving(all[i]), ended = outq_stop_item(r, all[i], destination);
        out->n += ended;
        out->leaving += ended && leaving;
    }
    return OK;
}
