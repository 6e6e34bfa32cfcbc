/* The embedded store alone: a loop keeps so many appends in flight. Bodies do not compress; env 300 and hdr 1,500
 * octets are typical of sealed mail. */
#include "base/clock.h"
#include "base/rand.h"
#include "micro.h"
#include "store/store.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { BOXES = 2000, ENV_N = 300, HDR_N = 1500, LAT_MAX = 4000000, MINUTE_MS = 60000 };

struct bench {
    struct loop *loop;
    struct store *st;
    uint8_t *noise; /* what bodies are cut from */
    uint32_t size, boxes;
    unsigned flight;
    uint64_t until_us, done, failed, refused;
    uint32_t *lat_us;
    size_t lat_n;
    unsigned in_flight;
    bool stopping;
    struct box_id *ids;
    int64_t end_ms; /* of boxes to be made; 0: an hour, spread */
    uint32_t made;
    _Atomic uint32_t ended;
};

struct sent {
    struct bench *b;
    uint64_t at_us;
};

static double cpu_s(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static uint64_t anon_kb(void)
{
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t kb = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "RssAnon: %" SCNu64, &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t pct(struct bench *b, double p)
{
    if (b->lat_n == 0)
        return 0;
    qsort(b->lat_us, b->lat_n, sizeof *b->lat_us, by_value);
    return b->lat_us[(size_t)((double)(b->lat_n - 1) * p)];
}

static void on_ended(void *ctx, const struct box_id *, size_t n)
{
    atomic_fetch_add(&((struct bench *)ctx)->ended, (uint32_t)n);
}

static bool bench_open(struct bench *b, const char *dir)
{
    const struct store_opts o = { .dir = dir, .allow_cow = true, .ended = on_ended, .ctx = b };
    mkdir(dir, 0700);
    b->noise = malloc(64 << 20);
    b->lat_us = malloc(LAT_MAX * sizeof *b->lat_us);
    if (!b->noise || !b->lat_us)
        return false;
    rand_bytes(b->noise, 64 << 20);
    return loop_new(&b->loop) == OK && store_open(&o, &b->st) == OK;
}

static void bench_close(struct bench *b)
{
    store_close(b->st);
    loop_free(b->loop);
    free(b->noise);
    free(b->lat_us);
    free(b->ids);
}

/* ---- boxes ---- */

static void make_next(struct bench *b);

static void on_created(struct store_req *r)
{
    struct bench *b = r->ctx;
    b->failed += r->err != OK;
    b->in_flight--;
    make_next(b);
    if (b->in_flight == 0)
        loop_stop(b->loop);
}

static void make_next(struct bench *b)
{
    if (b->made == b->boxes)
        return;
    struct store_create *q = STORE_NEW(create, b, on_created);
    int64_t now = store_now_ms(b->st);
    q->box = (struct store_box){ .generation = 1, .created_ms = now };
    q->box.end_ms = b->end_ms ? b->end_ms : now + (int64_t)(10 + rand_below(110)) * MINUTE_MS;
    rand_bytes(&q->box.id, sizeof q->box.id);
    rand_bytes(q->box.addr_hash, HASH_N);
    rand_bytes(q->lease, KEY_N);
    b->ids[b->made++] = q->box.id;
    b->in_flight++;
    store_submit(b->st, b->loop, &q->req);
}

static void make_boxes(struct bench *b, uint32_t n)
{
    b->ids = realloc(b->ids, (b->made + n) * sizeof *b->ids);
    b->boxes = b->made + n;
    uint64_t t = clock_mono_us();
    for (int i = 0; i < 256; i++)
        make_next(b);
    loop_run(b->loop);
    printf("create          %9.0f boxes/s   (%u boxes, 256 in flight)\n", n * 1e6 / (double)(clock_mono_us() - t), n);
}

/* ---- appends ---- */

static void append_next(struct bench *b);

static void on_appended(struct store_req *r)
{
    struct sent *s = (struct sent *)r->ctx;
    struct bench *b = s->b;
    uint64_t now = clock_mono_us();
    b->done += r->err == OK;
    b->refused += r->err == ERR_GONE;
    b->failed += r->err != OK && r->err != ERR_GONE;
    if (b->lat_n < LAT_MAX)
        b->lat_us[b->lat_n++] = (uint32_t)(now - s->at_us);
    free(s);
    b->in_flight--;
    if (now < b->until_us && !b->stopping)
        append_next(b);
    else if (b->in_flight == 0)
        loop_stop(b->loop);
}

static void append_next(struct bench *b)
{
    struct sent *s = malloc(sizeof *s);
    struct store_append *q = STORE_NEW(append, s, on_appended);
    *s = (struct sent){ b, clock_mono_us() };
    q->items = arena_array(&q->req.arena, 1, sizeof *q->items);
    q->n = 1;
    q->received_ms = store_now_ms(b->st);
    q->size = b->size;
    struct store_append_item *it = &q->items[0];
    const char *noise = (const char *)b->noise + rand_below((64 << 20) - b->size - 4096);
    *it = (struct store_append_item){ .box = b->ids[rand_below(b->boxes)],
                                      .generation = 1,
                                      .folder = FOLDER_INBOX,
                                      .env = str_of(noise, ENV_N),
                                      .hdr = str_of(noise + ENV_N, HDR_N),
                                      .body = str_of(noise + ENV_N + HDR_N, b->size) };
    rand_bytes(&it->id, sizeof it->id);
    rand_bytes(it->dedupe, HASH_N);
    b->in_flight++;
    store_submit(b->st, b->loop, &q->req);
}

static void appends(struct bench *b, unsigned flight, double seconds)
{
    struct store_stats was, is;
    b->done = b->failed = b->refused = b->lat_n = 0;
    b->until_us = clock_mono_us() + (uint64_t)(seconds * 1e6);
    store_stats(b->st, &was);
    double cpu = cpu_s();
    uint64_t t = clock_mono_us();
    for (unsigned i = 0; i < flight; i++)
        append_next(b);
    loop_run(b->loop);
    double took = (double)(clock_mono_us() - t) / 1e6, n = (double)MAX(b->done, 1);
    cpu = cpu_s() - cpu;
    store_stats(b->st, &is);
    printf("append x%-4u    %9.0f msg/s     p50 %u us, p99 %u us, %.2f syncs/msg, %.1f CPU us/msg, %" PRIu64
           " failed\n",
           flight, n / took, pct(b, 0.5), pct(b, 0.99), (double)(is.syncs - was.syncs) / n, cpu * 1e6 / n, b->failed);
}

/* ---- reads ---- */

struct reader {
    struct bench *b;
    unsigned left, kind;
    uint64_t rows;
    struct msg_id last;
    struct box_id box;
};

static void read_next(struct reader *r);

static void on_read(struct store_req *q)
{
    struct reader *r = q->ctx;
    r->b->failed += q->err != OK;
    if (q->op == &store_op_list) {
        struct store_list *l = CONTAINER_OF(q, struct store_list, req);
        r->rows += l->n;
        if (l->n > 0) {
            r->last = l->rows[0].id;
            r->box = l->box;
        }
    }
    if (--r->left > 0)
        read_next(r);
    else
        loop_stop(r->b->loop);
}

static void read_next(struct reader *r)
{
    struct bench *b = r->b;
    if (r->kind == 0) {
        struct store_list *q = STORE_NEW(list, r, on_read);
        q->box = b->ids[rand_below(b->boxes)];
        q->folder = FOLDER_INBOX;
        q->want_env = true;
        q->limit = 50;
        store_submit(b->st, b->loop, &q->req);
    } else if (r->kind == 1) {
        struct store_get *q = STORE_NEW(get, r, on_read);
        q->box = r->box;
        q->id = r->last;
        q->want_env = q->want_hdr = true;
        store_submit(b->st, b->loop, &q->req);
    } else {
        struct store_read *q = STORE_NEW(read, r, on_read);
        q->box = r->box;
        q->id = r->last;
        q->len = b->size;
        store_submit(b->st, b->loop, &q->req);
    }
}

static void reads(struct bench *b)
{
    static const char *const names[] = { "list 50", "get", "read" };
    struct reader r = { .b = b };
    b->failed = 0;
    for (r.kind = 0; r.kind < 3; r.kind++) {
        r.left = 20000;
        uint64_t t = clock_mono_us();
        double cpu = cpu_s();
        read_next(&r);
        loop_run(b->loop);
        printf("%-15s %9.2f us          (%.2f CPU us, one at a time", names[r.kind],
               (double)(clock_mono_us() - t) / 20000, (cpu_s() - cpu) * 1e6 / 20000);
        printf(r.kind == 0 ? ", %.1f rows each)\n" : ")\n", (double)r.rows / 20000);
    }
}

int micro_store(int argc, char **argv)
{
    struct bench b = { .size = argc > 2 ? (uint32_t)atoi(argv[2]) : 10240 };
    double seconds = argc > 1 ? atof(argv[1]) : 3;
    if (argc < 1 || !bench_open(&b, argv[0]))
        return 1;
    uint64_t rest_kb = anon_kb();
    make_boxes(&b, BOXES);
    appends(&b, 1, seconds);
    appends(&b, 8, seconds);
    appends(&b, 64, seconds);
    appends(&b, 256, seconds);
    reads(&b);
    struct store_stats s;
    store_stats(b.st, &s);
    printf("memory          %9" PRIu64 " KB anonymous before, %" PRIu64 " KB after %" PRIu64
           " messages; disk %.2f of payload\n",
           rest_kb, anon_kb(), s.messages, (double)s.disk_bytes / (double)MAX(s.bytes, 1));
    bench_close(&b);
    return 0;
}

/* ---- the end of many ---- */

struct watcher {
    struct bench *b;
    struct timer timer;
    uint64_t t0_us, gone_us, back_us;
    int64_t end_ms;
    uint64_t disk_at_end;
    uint32_t boxes;
    uint64_t messages;
};

static void watch_tick(struct timer *t)
{
    struct watcher *w = CONTAINER_OF(t, struct watcher, timer);
    struct store_stats s;
    store_stats(w->b->st, &s);
    int64_t late = store_now_ms(w->b->st) - w->end_ms;
    if (late >= 0 && !w->gone_us && atomic_load(&w->b->ended) >= w->boxes) {
        w->gone_us = clock_mono_us();
        printf("leases gone     %9" PRId64 " ms after the end (seen every 50 ms)\n", late);
    }
    if (late < 0)
        w->disk_at_end = s.disk_bytes;
    if (w->gone_us && s.boxes <= BOXES && s.segments <= 10) {
        printf("rows gone       %9" PRId64 " ms after the end; disk %" PRIu64 " MB, was %" PRIu64 " MB\n", late,
               s.disk_bytes >> 20, w->disk_at_end >> 20);
        w->b->stopping = true;
        return;
    }
    if (late > 180000) {
        printf("gave up: %" PRIu64 " boxes, %" PRIu64 " segments left\n", s.boxes, s.segments);
        w->b->stopping = true;
        return;
    }
    timer_set(&w->timer, 50);
}

/* Boxes that all end at one moment are filled; then mail for others comes in, before and after it. */
int micro_ends(int argc, char **argv)
{
    struct bench b = { .size = 1024 };
    if (argc < 3 || !bench_open(&b, argv[0]))
        return 1;
    uint32_t boxes = (uint32_t)atoi(argv[1]);
    uint64_t messages = (uint64_t)atoll(argv[2]);
    b.end_ms = store_now_ms(b.st) + 5 * MINUTE_MS;
    make_boxes(&b, boxes);
    b.until_us = UINT64_MAX;
    while (b.done < messages) {
        b.stopping = false;
        b.until_us = clock_mono_us() + 1000000;
        for (int i = 0; i < 256; i++)
            append_next(&b);
        loop_run(b.loop);
        b.lat_n = 0;
    }
    printf("filled          %9" PRIu64 " messages, %" PRIu64 " KB anonymous\n", b.done, anon_kb());
    struct box_id *ending = b.ids;
    int64_t end_ms = store_now_ms(b.st) + 8000;
    for (uint32_t i = 0; i < boxes; i++) {
        struct store_change *c = STORE_NEW(change, NULL, NULL);
        c->id = ending[i];
        c->set = CHANGE_END;
        c->force = true;
        c->end_ms = end_ms;
        store_submit(b.st, b.loop, &c->req);
    }
    b.ids = NULL;
    b.made = 0;
    b.end_ms = 0;
    make_boxes(&b, BOXES); /* behind the changes in the queue */
    b.size = 10240;
    int64_t wait = end_ms - store_now_ms(b.st);
    printf("ends in         %9" PRId64 " ms\n", wait);
    appends(&b, 64, (double)wait / 1000 - 0.5);
    struct watcher w = { .b = &b, .t0_us = clock_mono_us(), .end_ms = end_ms, .boxes = boxes, .messages = messages };
    timer_init(&w.timer, b.loop, watch_tick);
    timer_set(&w.timer, 50);
    appends(&b, 64, 170);
    timer_clear(&w.timer);
    free(ending);
    bench_close(&b);
    return 0;
}
