/* Requests: made, answered, wiped. What they do is the backend's (embed.c). */
#include "store/store.h"
#include "base/secret.h"
#include "store/store_op.h"
#include <stdlib.h>

enum {
    REQ_ARENA_MAX = 256 << 20
}; /* a mail to several boxes at the intake's ceiling of 64 MiB, and room for answers */

#define OP(name, KIND, writes_)                                                                                        \
    const struct store_op store_op_##name = { STORE_##KIND, sizeof(struct store_##name), writes_ }
OP(create, CREATE, true);
OP(find, FIND, false);
OP(login, LOGIN, false);
OP(recred, RECRED, true);
OP(change, CHANGE, true);
OP(end, END, true);
OP(append, APPEND, true);
OP(list, LIST, false);
OP(get, GET, false);
OP(read, READ, false);
OP(flag, FLAG, true);
OP(move, MOVE, true);
OP(delete, DELETE, true);
OP(folders, FOLDERS, false);
OP(changes, CHANGES, false);
OP(folder_put, FOLDER_PUT, true);
OP(folder_del, FOLDER_DEL, true);
OP(recent, RECENT, true);
OP(keyword_put, KEYWORD_PUT, true);
OP(keywords, KEYWORDS, false);

struct store_req *store_req_new(const struct store_op *op, void *ctx, void (*done)(struct store_req *))
{
    struct store_req *r = calloc(1, op->size);
    if (!r)
        return NULL;
    r->op = op;
    r->ctx = ctx;
    r->done = done;
    arena_init(&r->arena, REQ_ARENA_MAX);
    r->arena.secret = true;
    return r;
}

void store_req_drop(struct store_req *r)
{
    if (!r)
        return;
    size_t n = r->op->size;
    arena_reset(&r->arena);
    secret_wipe(r, n);
    free(r);
}

void store_cancel(struct store_req *r) { r->done = NULL; }

void store_req_answer(struct job *j)
{
    struct store_req *r = CONTAINER_OF(j, struct store_req, job);
    if (r->done)
        r->done(r);
    store_req_drop(r);
}

int64_t store_box_end_ms(const struct store_box *b)
{
    int64_t idle_end;
    if (b->idle_ttl_ms <= 0 || __builtin_add_overflow(b->last_visit_ms, b->idle_ttl_ms, &idle_end))
        return b->end_ms;
    return MIN(b->end_ms, idle_end);
}

bool store_pick_copy(struct arena *a, const struct store_pick *from, struct store_pick *to)
{
    *to = (struct store_pick){ .n = from->n, .folder = from->folder };
    if (from->ids != NULL)
        to->ids = (const struct msg_id *)(const void *)arena_dup(a, str_of(from->ids, from->n * sizeof *from->ids)).p;
    else if (from->uids != NULL)
        to->uids = (const uint32_t *)(const void *)arena_dup(a, str_of(from->uids, from->n * sizeof *from->uids)).p;
    return to->ids != NULL || to->uids != NULL || from->n == 0;
}
