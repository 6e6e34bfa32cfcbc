#include "base/rand.h"
#include "base/secret.h"
#include "contract.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static void on_ended(void *ctx, const struct box_id *, size_t n)
{
    struct rig *r = ctx;
    atomic_fetch_add(&r->ended, (uint32_t)n);
}

static void start_once(void)
{
    static bool started;
    if (!started) {
        CHECK_OK(rand_start());
        CHECK_OK(secret_start(64));
    }
    started = true;
}

struct rig *rig_open(const char *name)
{
    start_once();
    struct rig *r = calloc(1, sizeof *r);
    CHECK(r != NULL);
    snprintf(r->dir, sizeof r->dir, "%s/%s", test_dir(), name);
    mkdir(r->dir, 0700);
    r->opts = (struct store_opts){ .dir = r->dir,
                                   .clock = &r->clock,
                                   .allow_cow = true,
                                   .test_clock = true,
                                   .lease_slots = 4096,
                                   .segment_bytes = 1 << 20,
                                   .reserve_bytes = 1 << 20,
                                   .ended = on_ended,
                                   .ctx = r };
    CHECK_OK(loop_new(&r->loop));
    CHECK_OK(store_open(&r->opts, &r->store));
    return r;
}

void rig_reopen(struct rig *r)
{
    store_close(r->store);
    r->store = NULL;
    CHECK_OK(store_open(&r->opts, &r->store));
}

void rig_close(struct rig *r)
{
    store_close(r->store);
    loop_free(r->loop);
    for (size_t i = 0; i < r->answers_n; i++) {
        arena_reset(&r->answers[i]->arena);
        free(r->answers[i]);
    }
    free(r->answers);
    free(r);
}

/* Boot time first: the guard reads the wall first, so it never sees the wall alone jump. */
void rig_advance(struct rig *r, int64_t ms)
{
    atomic_fetch_add(&r->clock.boot_offset_ms, ms);
    atomic_fetch_add(&r->clock.wall_offset_ms, ms);
}

struct sent {
    struct rig *rig;
    struct store_req **answer;
    size_t size;
};

static void on_done(struct store_req *q)
{
    struct sent *s = q->ctx;
    struct rig *r = s->rig;
    struct store_req *copy = malloc(s->size);
    memcpy(copy, q, s->size);
    q->arena = (struct arena){ .max = 0 };
    if (r->answers_n == r->answers_cap) {
        r->answers_cap = r->answers_cap ? r->answers_cap * 2 : 256;
        r->answers = realloc(r->answers, r->answers_cap * sizeof(struct store_req *));
    }
    r->answers[r->answers_n++] = copy;
    *s->answer = copy;
    if (--r->pending == 0)
        loop_stop(r->loop);
    free(s);
}

/* Sizes are the backends' secret; each answer is copied as large as the largest. */
static size_t size_of(const struct store_req *q)
{
    static const struct {
        const struct store_op *op;
        size_t n;
    } sizes[] = {
        { &store_op_create, sizeof(struct store_create) },
        { &store_op_find, sizeof(struct store_find) },
        { &store_op_login, sizeof(struct store_login) },
        { &store_op_recred, sizeof(struct store_recred) },
        { &store_op_change, sizeof(struct store_change) },
        { &store_op_end, sizeof(struct store_end) },
        { &store_op_append, sizeof(struct store_append) },
        { &store_op_list, sizeof(struct store_list) },
        { &store_op_get, sizeof(struct store_get) },
        { &store_op_read, sizeof(struct store_read) },
        { &store_op_flag, sizeof(struct store_flag) },
        { &store_op_move, sizeof(struct store_move) },
        { &store_op_delete, sizeof(struct store_delete) },
        { &store_op_folders, sizeof(struct store_folders) },
        { &store_op_changes, sizeof(struct store_changes) },
        { &store_op_folder_put, sizeof(struct store_folder_put) },
        { &store_op_folder_del, sizeof(struct store_folder_del) },
        { &store_op_recent, sizeof(struct store_recent) },
        { &store_op_keyword_put, sizeof(struct store_keyword_put) },
        { &store_op_keywords, sizeof(struct store_keywords) },
    };
    for (size_t i = 0; i < COUNT(sizes); i++)
        if (sizes[i].op == q->op)
            return sizes[i].n;
    abort();
}

void rig_send(struct rig *r, struct store_req *q, struct store_req **answer)
{
    struct sent *s = malloc(sizeof *s);
    *s = (struct sent){ r, answer, size_of(q) };
    *answer = NULL;
    q->ctx = s;
    q->done = on_done;
    r->pending++;
    store_submit(r->store, r->loop, q);
}

void rig_wait(struct rig *r)
{
    if (r->pending > 0)
        loop_run(r->loop);
}

struct store_req *rig_run(struct rig *r, struct store_req *q)
{
    struct store_req *answer;
    rig_send(r, q, &answer);
    CHECK(answer == NULL); /* never before the call returns */
    rig_wait(r);
    CHECK(answer != NULL);
    return answer;
}

struct box_id rig_id(unsigned n)
{
    struct box_id id = { { 0xb0 } };
    put_be32(id.b + 12, n);
    return id;
}

struct msg_id rig_msg(unsigned n)
{
    struct msg_id id = { { 0xa0 } };
    put_be32(id.b + 12, n);
    return id;
}

struct store_create *new_create(struct rig *r, unsigned n, int64_t life_ms)
{
    struct store_create *q = NEW(create);
    struct store_cred *c = arena_array(&q->req.arena, 1, sizeof *c);
    q->box = (struct store_box){ .id = rig_id(n),
                                 .generation = 1,
                                 .created_ms = store_now_ms(r->store),
                                 .end_ms = store_now_ms(r->store) + life_ms,
                                 .max_messages = 1000,
                                 .max_bytes = 1 << 24,
                                 .sealed = arena_dup(&q->req.arena, S("sealed meta")) };
    put_be32(q->box.addr_hash, n);
    memset(q->box.pub, (int)n, KEY_N);
    memset(q->lease, (int)n + 1, KEY_N);
    *c = (struct store_cred){ .id = n, .kind = CRED_TOKEN, .sealed = arena_dup(&q->req.arena, S("sealed keys")) };
    put_be32(c->lookup, n);
    q->creds = c;
    q->creds_n = 1;
    return q;
}

struct box_id rig_box(struct rig *r, unsigned n, int64_t life_ms)
{
    struct store_create *q = new_create(r, n, life_ms);
    CHECK_OK(RUN(r, create, q)->req.err);
    return rig_id(n);
}

struct store_append *new_append(struct rig *r, const struct box_id *box, unsigned msg, struct str body)
{
    struct store_append *q = NEW(append);
    q->items = arena_array(&q->req.arena, 1, sizeof *q->items);
    q->n = 1;
    q->received_ms = store_now_ms(r->store);
    q->size = body.n;
    q->items[0] = (struct store_append_item){ .box = *box,
                                              .generation = 1,
                                              .folder = FOLDER_INBOX,
                                              .id = rig_msg(msg),
                                              .env = arena_printf(&q->req.arena, "env %u", msg),
                                              .hdr = arena_printf(&q->req.arena, "header of %u", msg),
                                              .body = arena_dup(&q->req.arena, body) };
    return q;
}

enum err rig_append(struct rig *r, const struct box_id *box, unsigned msg, const char *body)
{
    struct store_append *q = new_append(r, box, msg, str_c(body));
    return RUN(r, append, q)->req.err;
}

enum err rig_find(struct rig *r, const struct box_id *box)
{
    struct store_find *q = NEW(find);
    q->by_id = true;
    q->id = *box;
    return RUN(r, find, q)->req.err;
}

enum err rig_end(struct rig *r, const struct box_id *box)
{
    struct store_end *q = NEW(end);
    struct box_id *ids = arena_array(&q->req.arena, 1, sizeof *ids);
    ids[0] = *box;
    q->ids = ids;
    q->n = 1;
    return RUN(r, end, q)->req.err;
}

struct store_list *rig_list(struct rig *r, const struct box_id *box, uint32_t folder)
{
    struct store_list *q = NEW(list);
    q->box = *box;
    q->folder = folder;
    q->want_env = true;
    return RUN(r, list, q);
}

struct msg_id *rig_ids(struct arena *a, const unsigned *n, size_t count)
{
    struct msg_id *ids = arena_array(a, count, sizeof *ids);
    for (size_t i = 0; i < count; i++)
        ids[i] = rig_msg(n[i]);
    return ids;
}

struct store_folder rig_folder(struct rig *r, const struct box_id *box, uint32_t no)
{
    struct store_folders *q = NEW(folders);
    q->box = *box;
    q = RUN(r, folders, q);
    CHECK_OK(q->req.err);
    CHECK(q->n >= FOLDER_FIXED);
    for (size_t i = 0; i < q->n; i++)
        if (q->folders[i].no == no)
            return q->folders[i];
    return (struct store_folder){ .no = 0 };
}

bool rig_until(struct rig *r, bool (*true_now)(struct rig *r))
{
    for (int i = 0; i < 4000; i++) {
        if (true_now(r))
            return true;
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return false;
}
