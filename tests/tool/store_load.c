/* Load on an embedded store that can be checked afterwards, whatever happened to the process.
 *
 *   store_load run DIR BASE FLIGHT SECONDS   keeps FLIGHT requests going, writes what was asked and answered to stdout
 *   store_load check DIR < JOURNAL           opens the store: is all that was acknowledged there, whole, and only once?
 *
 * Journal lines, each one write(2): "c B" box asked, "C B" made; "a B M" mail asked, "A B M" stored; "x B M" deletion
 * asked, "X B M" done; "b B" burn asked, "B B" done; "E what err" an error; "R" once it runs again after errors.
 * Numbers start at BASE, so that runs do not meet. What a message holds follows from its number. */
#include "base/clock.h"
#include "base/rand.h"
#include "base/secret.h"
#include "store/store.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BOXES = 40, RECENT = 512, HOUR_MS = 3600 * 1000, LIST_MAX = 10000, BODY_MAX = 400000 };

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
    char line[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (n > 0 && write(1, line, (size_t)n) != n)
        _exit(3); /* who reads is gone */
}

/* ---- what follows from a number ---- */

static void id_from(uint8_t out[16], const char *label, uint64_t n, uint64_t attempt)
{
    uint8_t hash[HASH_N], raw[16];
    put_be64(raw, n);
    put_be64(raw + 8, attempt);
    CRYPTO_HASH(hash, S("load"), str_c(label), str_of(raw, sizeof raw));
    memcpy(out, hash, 16);
}

static struct box_id box_of(uint64_t n)
{
    struct box_id id;
    id_from(id.b, "box", n, 0);
    return id;
}

static void fill(char *p, size_t n, uint64_t seed)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
    for (size_t i = 0; i < n; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        p[i] = (char)x;
    }
}

static size_t body_size(uint64_t m) { return m % 97 == 0 ? BODY_MAX - m % 1000 : 300 + m * 2654435761u % 12000; }
static size_t env_size(uint64_t m) { return m % 31 == 0 ? 1500 : 40 + m % 200; }

static struct str env_of(struct arena *a, uint64_t m)
{
    char *p = arena_alloc(a, env_size(m));
    memset(p, ' ', env_size(m));
    int n = snprintf(p, 32, "m%" PRIu64, m);
    p[n] = ' ';
    return str_of(p, env_size(m));
}

static struct str body_of(struct arena *a, uint64_t m)
{
    char *p = arena_alloc(a, body_size(m));
    fill(p, body_size(m), m);
    return str_of(p, body_size(m));
}

/* ---- run ---- */

struct mail {
    uint64_t box, msg;
};
struct load {
    struct loop *loop;
    struct store *st;
    uint64_t next_box, next_msg, boxes[BOXES];
    struct mail recent[RECENT]; /* acknowledged and not asked to be deleted */
    size_t recent_n;
    unsigned in_flight;
    uint64_t until_us;
    bool erred;
};
struct ask {
    struct load *l;
    uint64_t box, msg, attempt;
};

static void next(struct load *l);

static void answered(struct load *l, const char *what, enum err e)
{
    bool fine = e == OK || e == ERR_GONE || e == ERR_FULL;
    if (e != OK && e != ERR_GONE) {
        say("E %s %s\n", what, err_name(e));
        l->erred = true;
    } else if (e == OK && l->erred) {
        say("R\n");
        l->erred = false;
    }
    l->in_flight--;
    if (!fine || e == ERR_FULL)
        usleep(2000); /* an error answers fast: no storm of them */
    if (clock_mono_us() < l->until_us)
        next(l);
    else if (l->in_flight == 0)
        loop_stop(l->loop);
}

static struct ask *ask_new(struct load *l, uint64_t box, uint64_t msg)
{
    struct ask *a = calloc(1, sizeof *a);
    *a = (struct ask){ l, box, msg, 0 };
    l->in_flight++;
    return a;
}

static void on_created(struct store_req *r)
{
    struct ask *a = r->ctx;
    struct load *l = a->l;
    if (r->err == OK) {
        say("C %" PRIu64 "\n", a->box);
        l->boxes[a->box % BOXES] = a->box;
    }
    free(a);
    answered(l, "create", r->err);
}

static void create(struct load *l)
{
    struct ask *a = ask_new(l, l->next_box++, 0);
    struct store_create *q = STORE_NEW(create, a, on_created);
    int64_t now = store_now_ms(l->st);
    q->box = (struct store_box){ .id = box_of(a->box), .generation = 1, .created_ms = now };
    q->box.end_ms = now + HOUR_MS + (int64_t)(a->box % 5) * 12 * HOUR_MS;
    memcpy(q->box.addr_hash, q->box.id.b, BOX_ID_N);
    memset(q->lease, 7, KEY_N);
    say("c %" PRIu64 "\n", a->box);
    store_submit(l->st, l->loop, &q->req);
}

static void remember(struct load *l, uint64_t box, uint64_t msg)
{
    size_t i = l->recent_n < RECENT ? l->recent_n++ : rand_below(RECENT);
    l->recent[i] = (struct mail){ box, msg };
}

static void on_appended(struct store_req *r)
{
    struct ask *a = r->ctx;
    struct load *l = a->l;
    struct store_append *q = CONTAINER_OF(r, struct store_append, req);
    if (r->err == OK && a->attempt == 0) {
        say("A %" PRIu64 " %" PRIu64 "\n", a->box, a->msg);
        remember(l, a->box, a->msg);
    } else if (r->err == OK && !q->items[0].duplicate) {
        say("E retry stored-twice\n");
    }
    free(a);
    answered(l, "append", r->err);
}

/* A retry of one that was acknowledged has another id and the same dedupe hash. */
static void append(struct load *l, uint64_t box, uint64_t msg, uint64_t attempt)
{
    struct ask *a = ask_new(l, box, msg);
    a->attempt = attempt;
    struct store_append *q = STORE_NEW(append, a, on_appended);
    q->items = arena_array(&q->req.arena, 1, sizeof *q->items);
    q->n = 1;
    q->received_ms = store_now_ms(l->st);
    struct store_append_item *it = q->items;
    *it = (struct store_append_item){ .box = box_of(box), .generation = 1, .folder = FOLDER_INBOX };
    id_from(it->id.b, "msg", msg, attempt);
    id_from(it->dedupe, "dedupe", msg, 0);
    it->env = env_of(&q->req.arena, msg);
    it->hdr = arena_dup(&q->req.arena, S("header"));
    it->body = body_of(&q->req.arena, msg);
    q->size = it->body.n;
    if (attempt == 0)
        say("a %" PRIu64 " %" PRIu64 "\n", box, msg);
    store_submit(l->st, l->loop, &q->req);
}

static void on_deleted(struct store_req *r)
{
    struct ask *a = r->ctx;
    struct load *l = a->l;
    if (r->err == OK)
        say("X %" PRIu64 " %" PRIu64 "\n", a->box, a->msg);
    free(a);
    answered(l, "delete", r->err);
}

static void del(struct load *l)
{
    size_t i = rand_below((uint32_t)l->recent_n);
    struct mail m = l->recent[i];
    l->recent[i] = l->recent[--l->recent_n];
    struct ask *a = ask_new(l, m.box, m.msg);
    struct store_delete *q = STORE_NEW(delete, a, on_deleted);
    struct msg_id *id = arena_new(&q->req.arena, struct msg_id);
    id_from(id->b, "msg", m.msg, 0);
    q->box = box_of(m.box);
    q->pick = (struct store_pick){ .ids = id, .n = 1 };
    say("x %" PRIu64 " %" PRIu64 "\n", m.box, m.msg);
    store_submit(l->st, l->loop, &q->req);
}

static void on_flagged(struct store_req *r)
{
    struct load *l = r->ctx;
    answered(l, "flag", r->err);
}

static void flag_or_move(struct load *l, bool move)
{
    struct mail m = l->recent[rand_below((uint32_t)l->recent_n)];
    struct store_req *r;
    struct msg_id *id;
    l->in_flight++;
    if (move) {
        struct store_move *q = STORE_NEW(move, l, on_flagged);
        id = arena_new(&q->req.arena, struct msg_id);
        q->box = box_of(m.box);
        q->pick = (struct store_pick){ .ids = id, .n = 1 };
        q->folder = FOLDER_TRASH;
        r = &q->req;
    } else {
        struct store_flag *q = STORE_NEW(flag, l, on_flagged);
        id = arena_new(&q->req.arena, struct msg_id);
        q->box = box_of(m.box);
        q->pick = (struct store_pick){ .ids = id, .n = 1 };
        q->set = FLAG_SEEN;
        r = &q->req;
    }
    id_from(id->b, "msg", m.msg, 0);
    store_submit(l->st, l->loop, r);
}

static void on_burned(struct store_req *r)
{
    struct ask *a = r->ctx;
    struct load *l = a->l;
    if (r->err == OK)
        say("B %" PRIu64 "\n", a->box);
    free(a);
    answered(l, "end", r->err);
}

static void burn(struct load *l, uint64_t box)
{
    struct ask *a = ask_new(l, box, 0);
    struct store_end *q = STORE_NEW(end, a, on_burned);
    struct box_id *id = arena_new(&q->req.arena, struct box_id);
    *id = box_of(box);
    q->ids = id;
    q->n = 1;
    say("b %" PRIu64 "\n", box);
    store_submit(l->st, l->loop, &q->req);
    create(l); /* takes its place when it is made */
}

static void next(struct load *l)
{
    uint32_t dice = rand_below(1000);
    uint64_t box = l->boxes[rand_below(BOXES)];
    if (l->recent_n > 20 && dice < 60)
        del(l);
    else if (l->recent_n > 20 && dice < 120)
        flag_or_move(l, dice % 2);
    else if (l->recent_n > 20 && dice < 150) {
        struct mail m = l->recent[rand_below((uint32_t)l->recent_n)];
        append(l, m.box, m.msg, 1);
    } else if (dice < 153)
        burn(l, box);
    else
        append(l, box, l->next_msg++, 0);
}

static enum err load_open(struct load *l, const char *dir)
{
    const struct store_opts o = {
        .dir = dir, .allow_cow = true, .lease_slots = 16384, .segment_bytes = 4 << 20, .reserve_bytes = 4 << 20
    };
    struct log_opts lo = { .fd = 2, .min = LOG_WARN };
    struct store_opts with_log = o;
    if (getenv("STORE_LOG") && log_open(&lo, &with_log.log) != OK)
        return ERR_IO;
    mkdir(dir, 0700);
    enum err e = loop_new(&l->loop);
    return e == OK ? store_open(&with_log, &l->st) : e;
}

static int run(const char *dir, uint64_t base, unsigned flight, double seconds)
{
    static struct load l;
    enum err e = load_open(&l, dir);
    if (e != OK) {
        say("E open %s\n", err_name(e));
        return 1;
    }
    l.next_box = l.next_msg = base;
    say("O\n");
    for (int i = 0; i < BOXES; i++)
        create(&l);
    loop_run(l.loop); /* until none is under way: until_us is 0 */
    l.until_us = clock_mono_us() + (uint64_t)(seconds * 1e6);
    for (unsigned i = 0; i < flight; i++)
        next(&l);
    loop_run(l.loop);
    struct store_stats s;
    store_stats(l.st, &s);
    store_close(l.st);
    loop_free(l.loop);
    say("S appended %" PRIu64 " duplicates %" PRIu64 " deleted %" PRIu64 " ended %" PRIu64 " commits %" PRIu64
        " syncs %" PRIu64 " errors %" PRIu64 " segments %" PRIu64 "\n",
        s.appended, s.duplicates, s.deleted, s.ended, s.commits, s.syncs, s.errors, s.segments);
    return 0;
}

/* ---- check ---- */

enum { M_ASKED = 1, M_STORED = 2, M_DEL_ASKED = 4, M_DELETED = 8, M_SEEN = 16 };
enum { B_ASKED = 1, B_MADE = 2, B_BURN_ASKED = 4, B_BURNED = 8 };
struct known {
    uint64_t box, msg;
    unsigned is;
};
struct check {
    struct load l;
    struct known *msgs, *boxes;
    size_t msgs_n, boxes_n, msgs_cap, boxes_cap;
    struct store_req *answer; /* alive until the next one */
    uint64_t wrong, whole, extra;
};

static struct known *add(struct known **all, size_t *n, size_t *cap, struct known k)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : 1024;
        *all = realloc(*all, *cap * sizeof **all);
    }
    (*all)[*n] = k;
    return &(*all)[(*n)++];
}

static int by_number(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    if (x->box != y->box)
        return x->box < y->box ? -1 : 1;
    return x->msg < y->msg ? -1 : x->msg > y->msg;
}

/* One entry a number, with all that was said of it. */
static size_t unite(struct known *all, size_t n)
{
    size_t kept = 0;
    qsort(all, n, sizeof *all, by_number);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && by_number(&all[kept - 1], &all[i]) == 0)
            all[kept - 1].is |= all[i].is;
        else
            all[kept++] = all[i];
    }
    return kept;
}

static void journal_read(struct check *c)
{
    char line[256];
    while (fgets(line, sizeof line, stdin)) {
        static const char msg_ops[] = "aAxX", box_ops[] = "cCbB";
        uint64_t b, m;
        char op;
        int n = sscanf(line, "%c %" SCNu64 " %" SCNu64, &op, &b, &m);
        const char *in_msg = n == 3 && op ? strchr(msg_ops, op) : NULL,
                   *in_box = n == 2 && op ? strchr(box_ops, op) : NULL;
        if (!strchr(line, '\n'))
            continue; /* cut off with the process */
        if (in_msg)
            add(&c->msgs, &c->msgs_n, &c->msgs_cap, (struct known){ b, m, 1u << (in_msg - msg_ops) });
        if (in_box)
            add(&c->boxes, &c->boxes_n, &c->boxes_cap, (struct known){ b, 0, 1u << (in_box - box_ops) });
    }
    c->msgs_n = unite(c->msgs, c->msgs_n);
    c->boxes_n = unite(c->boxes, c->boxes_n);
}

static void on_answer(struct store_req *r)
{
    struct check *c = r->ctx;
    if (c->answer)
        arena_reset(&c->answer->arena);
    free(c->answer);
    size_t n = r->op == &store_op_list ? sizeof(struct store_list) : sizeof(struct store_read);
    c->answer = malloc(n);
    memcpy(c->answer, r, n);
    r->arena = (struct arena){ .max = 0 };
    loop_stop(c->l.loop);
}

static void wrong(struct check *c, const char *what, uint64_t box, uint64_t msg)
{
    if (c->wrong++ < 20)
        printf("WRONG: %s: box %" PRIu64 " message %" PRIu64 "\n", what, box, msg);
}

static void check_body(struct check *c, const struct box_id *box, const struct known *k, const struct msg_id *id)
{
    struct store_read *q = STORE_NEW(read, c, on_answer);
    q->box = *box;
    q->id = *id;
    q->len = BODY_MAX;
    store_submit(c->l.st, c->l.loop, &q->req);
    loop_run(c->l.loop);
    const struct store_read *a = CONTAINER_OF(c->answer, struct store_read, req);
    AUTO_ARENA struct arena arena = { .max = 1 << 20 };
    if (a->req.err != OK)
        wrong(c, "a body can't be read", k->box, k->msg);
    else if (!str_eq(a->bytes, body_of(&arena, k->msg)))
        wrong(c, "a body is not whole", k->box, k->msg);
    else
        c->whole++;
}

struct found {
    uint64_t msg;
    struct msg_id id;
};

static void check_found(struct check *c, const struct box_id *id, uint64_t box, const struct found *f)
{
    struct known key = { box, f->msg, 0 };
    struct known *k = bsearch(&key, c->msgs, c->msgs_n, sizeof key, by_number);
    if (!k || !(k->is & M_ASKED)) {
        wrong(c, "nobody sent this", box, f->msg);
        return;
    }
    if (k->is & M_SEEN)
        wrong(c, "stored twice", box, f->msg);
    if (k->is & M_DELETED)
        wrong(c, "deleted, and there again", box, f->msg);
    c->extra += !(k->is & M_STORED);
    k->is |= M_SEEN;
    check_body(c, id, k, &f->id);
}

/* Asks for the whole list; a box that may have ended may answer that it is gone. */
static void check_box(struct check *c, const struct known *box)
{
    struct box_id id = box_of(box->box);
    struct store_list *q = STORE_NEW(list, c, on_answer);
    q->box = id;
    q->want_env = true;
    q->limit = LIST_MAX;
    store_submit(c->l.st, c->l.loop, &q->req);
    loop_run(c->l.loop);
    const struct store_list *l = CONTAINER_OF(c->answer, struct store_list, req);
    bool may_be_gone = box->is & (B_BURN_ASKED | B_BURNED) || !(box->is & B_MADE);
    if (l->req.err == ERR_GONE ? !may_be_gone : l->req.err != OK)
        wrong(c, err_name(l->req.err), box->box, 0);
    if (box->is & B_BURNED && l->req.err != ERR_GONE)
        wrong(c, "burned, and there again", box->box, 0);
    if (l->req.err != OK)
        return;
    size_t n = l->n;
    struct found *f = calloc(n + 1, sizeof *f);
    for (size_t i = 0; i < n; i++) {
        struct str rest, word = str_cut(l->rows[i].env, ' ', &rest);
        f[i].id = l->rows[i].id;
        if (!str_to_u64(str_from(word, 1), &f[i].msg))
            wrong(c, "an env is not whole", box->box, 0);
    }
    for (size_t i = 0; i < n; i++)
        check_found(c, &id, box->box, &f[i]);
    free(f);
    for (size_t i = 0; i < c->msgs_n; i++)
        if (c->msgs[i].box == box->box && c->msgs[i].is & M_STORED && !(c->msgs[i].is & (M_SEEN | M_DEL_ASKED)))
            wrong(c, "acknowledged, and lost", box->box, c->msgs[i].msg);
}

static int check(const char *dir)
{
    static struct check c;
    journal_read(&c);
    enum err e = load_open(&c.l, dir);
    if (e != OK) {
        printf("WRONG: the store does not open: %s\n", err_name(e));
        return 1;
    }
    for (size_t i = 0; i < c.boxes_n; i++)
        check_box(&c, &c.boxes[i]);
    printf("%zu boxes, %" PRIu64 " messages whole, %" PRIu64 " of them never acknowledged, %" PRIu64 " wrong\n",
           c.boxes_n, c.whole, c.extra, c.wrong);
    store_close(c.l.st);
    loop_free(c.l.loop);
    return c.wrong ? 1 : 0;
}

int main(int argc, char **argv)
{
    if (rand_start() != OK || secret_start(64) != OK)
        return 1;
    if (argc == 6 && strcmp(argv[1], "run") == 0)
        return run(argv[2], strtoull(argv[3], NULL, 10), (unsigned)atoi(argv[4]), atof(argv[5]));
    if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check(argv[2]);
    fprintf(stderr, "store_load run DIR BASE FLIGHT SECONDS | check DIR\n");
    return 2;
}
