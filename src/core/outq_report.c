/* What far ends report later of mail that they took. They are strangers, and a report proves nothing but that who wrote
 * it has seen the mail: so it changes how that one mail is said to stand, and nothing else. */
#include "base/text.h"
#include "core/outq_queue.h"
#include "wire/addr.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA = 1 << 20, KEY_MAX = 600 };

struct told {
    struct job job;
    struct outq_shared *s;
    struct box_id box;
    struct arena arena;
    struct str reporter;
    struct report_rcpt *v;
    size_t n;
    struct msg_id ids[REPORT_IDS_MAX];
    size_t ids_n;
};

static void told_free(struct told *t)
{
    arena_reset(&t->arena);
    free(t);
}

/* ---- on the out loop ---- */

/* One that is finished is in its box's list alone. */
static struct outq_item *find(struct outq_run *r, const struct box_id *box, const struct msg_id *id)
{
    struct outq_item *it = map_get(&r->items, msg_id_str(id));
    if (it)
        return it->has_box && memcmp(&it->box, box, BOX_ID_N) == 0 ? it : NULL;
    const struct outq_sender_box *b = map_get(&r->boxes, box_id_str(box));
    for (const struct list *node = b ? b->items.next : NULL; b && node != &b->items; node = node->next) {
        it = CONTAINER_OF(node, struct outq_item, in_box);
        if (memcmp(&it->id.msg, id, MSG_ID_N) == 0)
            return it;
    }
    return NULL;
}

static bool is_same(struct str address, struct str other)
{
    AUTO_BUF struct buf a = { .max = KEY_MAX, .secret = true }, b = { .max = KEY_MAX, .secret = true };
    return addr_other_key(&a, address) == OK && addr_other_key(&b, other) == OK && str_eq(buf_str(&a), buf_str(&b));
}

/* RFC 3464 section 2.3.1: by the address that it had here, where the report says it; behind an alias a mail to one
 * alone can only be about that one. NULL: nobody, or one that has not been sent. */
static struct item_rcpt *whose(struct outq_item *it, const struct report_rcpt *r)
{
    struct item_rcpt *found = it->rcpts_n == 1 ? it->rcpts : NULL;
    for (size_t i = 0; i < it->rcpts_n && !found; i++)
        if (is_same(it->rcpts[i].address, r->original) || is_same(it->rcpts[i].address, r->final))
            found = &it->rcpts[i];
    return found && found->state == RCPT_SENT ? found : NULL;
}

static void answer(struct item_rcpt *to, const struct report_rcpt *r, enum outq_fate fate, struct str reporter)
{
    struct outq_result res = { .fate = fate, .code = r->code, .text = r->words };
    res.mx = r->remote_mta.n > 0 ? r->remote_mta : reporter;
    memcpy(res.enhanced, r->status, sizeof res.enhanced);
    (void)outq_item_answer(to, &res); /* without memory the older words stay */
}

static bool apply(struct item_rcpt *to, const struct report_rcpt *r, struct str reporter)
{
    switch (r->action) {
    case REPORT_FAILED: /* the report is in the box already: no other is written */
        answer(to, r, OUTQ_FATE_FAILED, reporter);
        to->state = RCPT_FAILED;
        to->late = false;
        return to->told = true;
    case REPORT_DELAYED:
        answer(to, r, OUTQ_FATE_LATER, reporter);
        return to->late = true;
    case REPORT_DELIVERED:
    case REPORT_RELAYED:
    case REPORT_EXPANDED:
        if (!to->late)
            return false;
        answer(to, r, OUTQ_FATE_SENT, reporter);
        to->late = false;
        return true;
    case REPORT_UNKNOWN:
        break;
    }
    return false;
}

static void on_report(struct job *j)
{
    struct told *t = CONTAINER_OF(j, struct told, job);
    struct outq_run *r = t->s->out;
    struct outq_item *it = NULL;
    bool changed = false;
    for (size_t i = 0; i < t->ids_n && !it; i++)
        it = find(r, &t->box, &t->ids[i]);
    for (size_t i = 0; i < t->n && it && !it->dropped; i++) {
        struct item_rcpt *to = whose(it, &t->v[i]);
        changed |= to && apply(to, &t->v[i], t->reporter);
    }
    if (changed) {
        t->s->reported++;
        it->changed = true;
        outq_tell_state(r, it);
        outq_settle(r, it);
    }
    told_free(t);
}

/* ---- where the report came in ---- */

static bool copy_rcpts(struct told *t, const struct delivery_report *d)
{
    bool good = true;
    t->reporter = arena_dup(&t->arena, d->reporting_mta);
    t->v = arena_array(&t->arena, d->n, sizeof *t->v);
    for (; good && t->v && t->n < d->n; t->n++) {
        struct report_rcpt *r = &t->v[t->n];
        struct str *texts[] = { &r->original, &r->final, &r->remote_mta, &r->words };
        *r = d->v[t->n];
        for (size_t i = 0; i < COUNT(texts); i++) {
            *texts[i] = arena_dup(&t->arena, *texts[i]);
            good &= texts[i]->p != NULL;
        }
    }
    return good && t->v && t->reporter.p;
}

void outq_reported(struct outq *q, const struct box_id *box, const struct report *report)
{
    struct told *t = calloc(1, sizeof *t);
    if (!t)
        return;
    t->s = q->s;
    t->box = *box;
    t->arena = (struct arena){ .max = ARENA, .secret = true };
    for (size_t i = 0; i < report->ids_n; i++)
        if (text_unhex(report->ids[i], t->ids[t->ids_n].b, MSG_ID_N) == OK)
            t->ids_n++;
    if (t->ids_n == 0 || !copy_rcpts(t, &report->status)) {
        told_free(t);
        return;
    }
    t->job.run = on_report;
    post(q->s->out_loop, &t->job);
}
