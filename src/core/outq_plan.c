/* Items, their parts and times: who waits for what. */
#include "base/secret.h"
#include "core/outq_queue.h"
#include "wire/domain.h"
#include <stdlib.h>
#include <string.h>

enum { FINISHED_BOX_MAX = 100, FINISHED_MAX = 10000 };

/* ---- parts ---- */

static bool is_ours(const struct outq_run *r, struct str domain)
{
    for (size_t i = 0; i < r->o.domains.n; i++)
        if (str_eq(domain, r->o.domains.names[i]))
            return true;
    return false;
}

void outq_destination(struct str domain, struct buf *out)
{
    if (domain_to_ascii(out, domain) == OK)
        return;
    buf_clear(out);
    for (size_t i = 0; i < domain.n; i++)
        buf_putc(out, char_lower(domain.p[i]));
}

static void put_destination(const struct outq_run *r, struct str address, struct buf *out)
{
    outq_destination(str_from(address, str_rchr(address, '@') + 1), out);
    if (r->o.relay_host.n > 0 && !is_ours(r, buf_str(out))) {
        buf_clear(out);
        buf_put(out, r->o.relay_host);
    }
}

static uint32_t part_of(struct outq_item *it, struct outq_dest *d)
{
    for (uint32_t i = 0; i < it->parts_n; i++)
        if (it->parts[i].dest == d)
            return i;
    return it->parts_n;
}

static void on_part_due(struct due *due)
{
    struct outq_part *p = CONTAINER_OF(due, struct outq_part, due);
    outq_dest_ready(p->dest->run, p);
}

static void on_clock(struct due *due);

void outq_plan_unparts(struct outq_run *r, struct outq_item *it)
{
    for (size_t i = 0; i < it->parts_n; i++)
        outq_plan_over(r, &it->parts[i]);
    free(it->parts);
    it->parts = NULL;
    it->parts_n = 0;
}

static bool enter(struct outq_run *r, struct outq_item *it, struct item_rcpt *rcpt)
{
    AUTO_BUF struct buf name = { .max = LIMIT_ADDR + LIMIT_DOMAIN + 1 };
    put_destination(r, rcpt->address, &name);
    struct outq_dest *d = outq_dest_get(r, buf_str(&name));
    if (!d)
        return false;
    rcpt->part = part_of(it, d);
    if (rcpt->part < it->parts_n)
        return true;
    struct outq_part *p = &it->parts[it->parts_n++];
    *p = (struct outq_part){ .item = it, .dest = d, .due.fire = on_part_due };
    p->due.at_ms = it->not_before_ms; /* not its put: after a crash the clock may be a little before that */
    list_init(&p->ready);
    outq_dest_enter(r, d);
    return true;
}

enum err outq_plan_parts(struct outq_run *r, struct outq_item *it)
{
    it->clock.fire = on_clock;
    it->parts = calloc(it->rcpts_n, sizeof *it->parts);
    bool good = it->parts;
    for (size_t i = 0; i < it->rcpts_n && good; i++)
        good = enter(r, it, &it->rcpts[i]);
    if (!good)
        outq_plan_unparts(r, it);
    return good ? OK : ERR_FULL;
}

void outq_plan_part(struct outq_run *r, struct outq_part *p, int64_t due_ms)
{
    p->due.at_ms = due_ms;
    p->state = PART_WAITS;
    if (due_ms <= store_now_ms(r->store))
        outq_dest_ready(r, p);
    else
        due_set(&r->heap, &p->due, due_ms);
}

void outq_plan_over(struct outq_run *r, struct outq_part *p)
{
    switch (p->state) {
    case PART_WAITS:
        due_clear(&r->heap, &p->due);
        break;
    case PART_READY:
        outq_dest_unready(r, p);
        break;
    case PART_OUT:
        break;
    case PART_OVER:
        return;
    }
    p->state = PART_OVER;
    outq_dest_leave(r, p->dest);
}

/* ---- the item's own times ---- */

static bool notice_is_due(const struct outq_run *r, const struct outq_item *it)
{
    return !it->noticed && r->o.delay_notice_ms > 0 && it->created_ms + r->o.delay_notice_ms < it->end_ms;
}

void outq_plan_clock(struct outq_run *r, struct outq_item *it)
{
    due_set(&r->heap, &it->clock, notice_is_due(r, it) ? it->created_ms + r->o.delay_notice_ms : it->end_ms);
}

/* RFC 3463 section 3.5: X.4.7, delivery time expired. What the far end said last stays in the words. */
static void expire(struct outq_run *r, struct outq_item *it)
{
    const struct outq_result why = { .fate = OUTQ_FATE_FAILED,
                                     .enhanced = "4.4.7",
                                     .text = S("It could not be delivered in time, and will not be tried again.") };
    it->expired = true;
    r->s->expired++;
    for (size_t i = 0; i < it->parts_n; i++)
        if (it->parts[i].state == PART_WAITS || it->parts[i].state == PART_READY)
            outq_fail_part(r, &it->parts[i], &why);
    outq_tell_state(r, it);
    outq_settle(r, it);
}

static void on_clock(struct due *due)
{
    struct outq_item *it = CONTAINER_OF(due, struct outq_item, clock);
    struct outq_run *r = it->shared->out;
    if (store_now_ms(r->store) >= it->end_ms) {
        expire(r, it);
        return;
    }
    it->notice = it->noticed = it->changed = true;
    outq_plan_clock(r, it);
    outq_settle(r, it);
}

/* ---- items ---- */

static struct outq_sender_box *box_get(struct outq_run *r, const struct box_id *id)
{
    struct outq_sender_box *b = map_get(&r->boxes, box_id_str(id));
    if (b)
        return b;
    b = calloc(1, sizeof *b);
    if (!b || !map_set(&r->boxes, box_id_str(id), b)) {
        free(b);
        return NULL;
    }
    b->id = *id;
    list_init(&b->items);
    return b;
}

static void box_leave(struct outq_run *r, struct outq_item *it)
{
    struct outq_sender_box *b = it->of;
    if (!b)
        return;
    list_del(&it->in_box);
    it->of = NULL;
    if (!list_empty(&b->items))
        return;
    map_del(&r->boxes, box_id_str(&b->id));
    free(b);
}

enum err outq_plan_add(struct outq_run *r, struct outq_item *it)
{
    if (due_admit(&r->heap, it->parts_n + 1) != OK) {
        outq_plan_unparts(r, it);
        return ERR_FULL;
    }
    it->of = it->has_box ? box_get(r, &it->box) : NULL;
    if ((it->has_box && !it->of) || !map_set(&r->items, msg_id_str(&it->id.msg), it)) {
        due_dismiss(&r->heap, it->parts_n + 1);
        box_leave(r, it);
        outq_plan_unparts(r, it);
        return ERR_FULL;
    }
    if (it->of)
        list_add_tail(&it->of->items, &it->in_box);
    outq_plan_clock(r, it);
    return OK;
}

static void leave_queue(struct outq_run *r, struct outq_item *it)
{
    for (size_t i = 0; i < it->parts_n; i++)
        outq_plan_over(r, &it->parts[i]);
    due_clear(&r->heap, &it->clock);
    due_dismiss(&r->heap, it->parts_n + 1);
    map_del(&r->items, msg_id_str(&it->id.msg));
    list_del(&it->task);
    outq_item_uncount(it);
    outq_item_forget_data(it);
}

void outq_plan_unfinish(struct outq_run *r, struct outq_item *it)
{
    list_del(&it->task);
    r->finished_n--;
    it->of->finished--;
    box_leave(r, it);
}

static struct outq_item *oldest_finished(const struct outq_sender_box *b)
{
    LIST_FOR(&b->items, it)
    {
        struct outq_item *i = CONTAINER_OF(it, struct outq_item, in_box);
        if (i->finished)
            return i;
    }
    return NULL;
}

struct outq_item *outq_plan_oldest(const struct outq_run *r)
{
    const struct list *l = list_empty(&r->known) ? &r->finished : &r->known;
    return CONTAINER_OF(l->next, struct outq_item, task);
}

/* What had finished before is read after what waits, so some of this run may be here already. */
static void remember(struct outq_run *r, struct outq_item *it, struct list *among)
{
    it->finished = true;
    list_add_tail(among, &it->task);
    r->finished_n++;
    it->of->finished++;
    if (it->of->finished > FINISHED_BOX_MAX)
        outq_forget(r, oldest_finished(it->of));
    else if (r->finished_n > FINISHED_MAX)
        outq_forget(r, outq_plan_oldest(r));
}

/* By the time of its put among what else the box has sent. */
enum err outq_plan_known(struct outq_run *r, struct outq_item *it)
{
    it->of = it->has_box ? box_get(r, &it->box) : NULL;
    if (!it->of)
        return it->has_box ? ERR_FULL : ERR_BAD;
    struct list *after = &it->of->items;
    LIST_FOR(&it->of->items, node)
    {
        if (CONTAINER_OF(node, struct outq_item, in_box)->created_ms <= it->created_ms)
            after = node;
    }
    list_add_head(after, &it->in_box);
    remember(r, it, &r->known);
    return OK;
}

void outq_plan_finish(struct outq_run *r, struct outq_item *it)
{
    leave_queue(r, it);
    if (!it->of || it->dropped) {
        box_leave(r, it);
        outq_item_free(it);
        return;
    }
    remember(r, it, &r->finished);
}

void outq_plan_remove(struct outq_run *r, struct outq_item *it)
{
    if (it->finished) {
        outq_plan_unfinish(r, it);
        outq_item_free(it);
        return;
    }
    leave_queue(r, it);
    box_leave(r, it);
    outq_item_free(it);
}
