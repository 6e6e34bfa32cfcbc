/* Least recently used goes first when the table is full: it costs its box one look-up and one seal, nothing more. */
#include "core/known.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

enum { KNOWN_MAX = 8192, SWEEP_MS = 15 * 1000 };

static void known_drop(struct known_boxes *k, struct known *b)
{
    map_del(&k->by_id, box_id_str(&b->id));
    list_del(&b->link);
    seal_window_close(&b->window);
    secret_free(b->lease);
    free(b);
}

struct known *known_find(struct known_boxes *k, const struct box_id *id) { return map_get(&k->by_id, box_id_str(id)); }

static void touch(struct known_boxes *k, struct known *b)
{
    b->used_ms = loop_now_ms(k->loop);
    list_del(&b->link);
    list_add_tail(&k->lru, &b->link);
}

static struct known *known_make(struct known_boxes *k, const struct box_id *id)
{
    struct known *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    if (k->by_id.n >= KNOWN_MAX)
        known_drop(k, CONTAINER_OF(k->lru.next, struct known, link));
    list_init(&b->link);
    b->id = *id;
    b->lease = secret_new();
    if (b->lease == NULL || !map_set(&k->by_id, box_id_str(id), b)) {
        secret_free(b->lease);
        free(b);
        return NULL;
    }
    return b;
}

struct known *known_put(struct known_boxes *k, const struct store_box *box, const uint8_t lease[KEY_N])
{
    struct known *b = known_find(k, &box->id);
    if (b == NULL)
        b = known_make(k, &box->id);
    if (b == NULL)
        return NULL;
    if (b->generation != box->generation)
        seal_window_close(&b->window);
    b->generation = box->generation;
    memcpy(b->pub, box->pub, KEY_N);
    memcpy(b->lease, lease, KEY_N);
    touch(k, b);
    return b;
}

enum err known_window(struct known_boxes *k, struct known *b)
{
    int64_t now = loop_now_ms(k->loop);
    enum err e = OK;
    if (seal_window_spent(&b->window, b->generation, now)) {
        seal_window_close(&b->window);
        e = seal_window_open(&b->window, b->pub, b->generation, now);
    }
    if (e == OK)
        b->window.used++;
    touch(k, b);
    return e;
}

static void on_event(struct event_listener *l, const struct event *e)
{
    struct known_boxes *k = CONTAINER_OF(l, struct known_boxes, events);
    struct known *b = known_find(k, &e->box);
    if (b != NULL && (e->kind == EVENT_BOX_ENDED || e->kind == EVENT_CREDS_CHANGED))
        known_drop(k, b);
}

/* DESIGN section 4: no r older than ten minutes stays in memory, used or not. */
static void on_sweep(struct timer *t)
{
    struct known_boxes *k = CONTAINER_OF(t, struct known_boxes, sweep);
    int64_t now = loop_now_ms(k->loop);
    LIST_FOR(&k->lru, it)
    {
        struct known *b = CONTAINER_OF(it, struct known, link);
        if (now - b->used_ms >= SEAL_WINDOW_MS)
            known_drop(k, b);
        else if (b->window.r != NULL && seal_window_spent(&b->window, b->generation, now))
            seal_window_close(&b->window);
    }
    timer_set(t, SWEEP_MS);
}

void known_init(struct known_boxes *k, struct loop *l, struct event_hub *hub)
{
    *k = (struct known_boxes){ .loop = l, .hub = hub };
    map_init(&k->by_id, 0);
    list_init(&k->lru);
    k->events.on = on_event;
    event_listen_all(hub, l, &k->events);
    timer_init(&k->sweep, l, on_sweep);
    timer_set(&k->sweep, SWEEP_MS);
}

void known_fini(struct known_boxes *k)
{
    timer_clear(&k->sweep);
    event_unlisten(k->hub, &k->events);
    LIST_FOR(&k->lru, it) { known_drop(k, CONTAINER_OF(it, struct known, link)); }
    map_fini(&k->by_id);
}
