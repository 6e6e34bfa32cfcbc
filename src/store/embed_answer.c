/* Ends are answered by the maintenance thread, once the leases are gone; the store's own tasks on this one. A batch is
 * answered in the order it was made in, which is that of the modseqs. */
#include "store/embed_answer.h"
#include "store/embed_handover.h"

void answer_set_err(struct job *list, enum err e, bool intake_only)
{
    for (struct job *j = list; j; j = j->next) {
        struct store_req *r = req_of(j);
        if (intake_only && !is_intake(r))
            continue;
        if (r->op->kind == STORE_END)
            continue; /* an end needs no commit */
        r->err = e;
        if (r->op->kind != STORE_APPEND)
            continue;
        struct store_append *a = CONTAINER_OF(r, struct store_append, req);
        for (size_t i = 0; i < a->n; i++)
            a->items[i].err = a->items[i].err == OK ? e : a->items[i].err;
    }
}

static void count(struct store *st, const struct store_req *r)
{
    if (r->op->kind == STORE_CREATE && r->err == OK)
        atomic_fetch_add(&st->counts.created, 1);
    if (r->op->kind == STORE_DELETE && r->err == OK)
        atomic_fetch_add(&st->counts.deleted, CONTAINER_OF(r, struct store_delete, req)->deleted);
    if (r->op->kind == STORE_FOLDER_DEL && r->err == OK)
        atomic_fetch_add(&st->counts.deleted, CONTAINER_OF(r, struct store_folder_del, req)->gone_n);
    if (r->op->kind != STORE_APPEND)
        return;
    const struct store_append *a = CONTAINER_OF(r, struct store_append, req);
    atomic_fetch_add(&st->counts.deleted, r->err == OK ? a->instead_of.n : 0);
    for (size_t i = 0; i < a->n; i++) {
        atomic_fetch_add(&st->counts.appended, a->items[i].err == OK && !a->items[i].duplicate);
        atomic_fetch_add(&st->counts.duplicates, a->items[i].err == OK && a->items[i].duplicate);
    }
}

static void answer(struct store *st, struct store_req *r)
{
    count(st, r);
    atomic_fetch_sub(&st->counts.queue, 1);
    switch ((unsigned)r->op->kind) {
    case STORE_END:
        handover_end(st->handover, CONTAINER_OF(r, struct store_end, req));
        return;
    case STORE_TASK: {
        struct task *t = CONTAINER_OF(r, struct task, req);
        t->done(t);
        return;
    }
    case STORE_APPEND: {
        struct store_append *a = CONTAINER_OF(r, struct store_append, req);
        if (a->release)
            a->release(a);
        break;
    }
    }
    if (r->err == OK && r->committed)
        r->committed(r);
    r->job.run = store_req_answer;
    post(r->home, &r->job);
}

void answer_all(struct store *st, struct job *list)
{
    for (struct job *j = list, *next; j; j = next) {
        next = j->next;
        answer(st, req_of(j));
    }
}
