/* Fills a stopped daemon's store: boxes b0@DOMAIN … that all end together, messages of 1 KB spread over them. The way
 * in is the store's own (leases, segments, index); what is stored is noise, for nobody has these boxes' secrets. So a
 * million takes a minute, and the daemon started on it afterwards is measured as it is. */
#include "base/rand.h"
#include "micro.h"
#include "store/store.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    FLIGHT = 512,
    ENV_N = 420,
    HDR_N = 420,
    BODY_N = 700 /* what 1 KB of mail becomes, sealed */,
    HOUR_MS = 3600 * 1000
};

enum phase { BOXES, MAIL, ENDS };

struct fill {
    enum phase phase;
    struct loop *loop;
    struct store *st;
    const char *domain;
    int64_t end_ms;
    struct box_id *ids;
    uint64_t boxes, messages, made, sent, changed, failed, in_flight;
    uint8_t noise[64 * 1024];
};

static void next(struct fill *f);

static void on_done(struct store_req *r)
{
    struct fill *f = r->ctx;
    f->failed += r->err != OK;
    f->in_flight--;
    next(f);
    if (f->in_flight == 0)
        loop_stop(f->loop);
}

static void make_box(struct fill *f)
{
    char address[300];
    int n = snprintf(address, sizeof address, "b%" PRIu64 "@%s", f->made, f->domain);
    struct store_create *q = STORE_NEW(create, f, on_done);
    q->box = (struct store_box){ .generation = 1,
                                 .created_ms = store_now_ms(f->st),
                                 .end_ms = store_now_ms(f->st) + HOUR_MS,
                                 .max_messages = 1000000,
                                 .max_bytes = UINT64_C(1) << 40 };
    rand_bytes(&q->box.id, sizeof q->box.id);
    rand_bytes(q->box.pub, KEY_N);
    rand_bytes(q->lease, KEY_N);
    store_addr_hash(f->st, str_of(address, (size_t)n), q->box.addr_hash);
    f->ids[f->made++] = q->box.id;
    f->in_flight++;
    store_submit(f->st, f->loop, &q->req);
}

static void send_one(struct fill *f)
{
    struct store_append *q = STORE_NEW(append, f, on_done);
    const char *noise = (const char *)f->noise + rand_below(sizeof f->noise - 4096);
    q->items = arena_array(&q->req.arena, 1, sizeof *q->items);
    q->n = 1;
    q->received_ms = store_now_ms(f->st);
    q->size = 1024;
    q->items[0] = (struct store_append_item){ .box = f->ids[f->sent++ % f->boxes],
                                              .generation = 1,
                                              .folder = FOLDER_INBOX,
                                              .env = str_of(noise, ENV_N),
                                              .hdr = str_of(noise + ENV_N, HDR_N),
                                              .body = str_of(noise + ENV_N + HDR_N, BODY_N) };
    rand_bytes(&q->items[0].id, sizeof q->items[0].id);
    rand_bytes(q->items[0].dedupe, HASH_N);
    f->in_flight++;
    store_submit(f->st, f->loop, &q->req);
}

/* Lives are an hour until all is in; then they are cut to what was asked, so that the moment is known however long the
 * filling took. */
static void set_end(struct fill *f)
{
    struct store_change *q = STORE_NEW(change, f, on_done);
    q->id = f->ids[f->changed++];
    q->set = CHANGE_END;
    q->force = true;
    q->end_ms = f->end_ms;
    f->in_flight++;
    store_submit(f->st, f->loop, &q->req);
}

static void next(struct fill *f)
{
    if (f->phase == BOXES && f->made < f->boxes)
        make_box(f);
    else if (f->phase == MAIL && f->sent < f->messages)
        send_one(f);
    else if (f->phase == ENDS && f->changed < f->boxes)
        set_end(f);
}

static void run(struct fill *f, enum phase phase)
{
    f->phase = phase;
    for (int i = 0; i < FLIGHT; i++)
        next(f);
    if (f->in_flight > 0)
        loop_run(f->loop);
}

int micro_fill(int argc, char **argv)
{
    static struct fill f;
    if (argc < 5)
        return 2;
    f.domain = argv[4];
    f.boxes = strtoull(argv[1], NULL, 10);
    f.messages = strtoull(argv[2], NULL, 10);
    f.ids = calloc(f.boxes + 1, sizeof *f.ids);
    const struct store_opts o = { .dir = argv[0],
                                  .allow_cow = true,
                                  .lease_slots = argc > 5 ? (uint32_t)atoi(argv[5]) : 0 };
    rand_bytes(f.noise, sizeof f.noise);
    if (!f.ids || loop_new(&f.loop) != OK || store_open(&o, &f.st) != OK)
        return 1;
    run(&f, BOXES);
    run(&f, MAIL);
    f.end_ms = store_now_ms(f.st) + atoll(argv[3]) * 1000;
    run(&f, ENDS);
    printf("{\"boxes\": %" PRIu64 ", \"messages\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"end_ms\": %" PRId64 "}\n",
           f.made, f.sent, f.failed, f.end_ms);
    store_close(f.st);
    loop_free(f.loop);
    free(f.ids);
    return f.failed > 0;
}
