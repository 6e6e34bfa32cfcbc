/* Each loop has a table of its listeners; publishing posts one job to every loop that has any. The jobs lie in the
 * event itself, so publishing cannot fail half-way. */
#include "core/event.h"
#include "base/map.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

struct hub_loop {
    struct loop *loop;
    struct map boxes; /* box id -> first listener */
    struct event_listener *all;
    struct event_listener *cursor; /* the next one to call: unlisten moves it on */
    _Atomic size_t box_n, all_n;
};
struct event_hub {
    size_t n;
    struct hub_loop loops[];
};
struct event_job {
    struct job job;
    struct event *event;
    struct hub_loop *at;
};
/* An event is followed by its jobs, one a loop, and its json. */
static struct event_job *jobs_of(struct event *e) { return (struct event_job *)(void *)(e + 1); }

enum err event_hub_new(struct loop *const *loops, size_t n, struct event_hub **out)
{
    struct event_hub *h = calloc(1, sizeof *h + n * sizeof h->loops[0]);
    if (h == NULL)
        return ERR_IO;
    h->n = n;
    for (size_t i = 0; i < n; i++) {
        h->loops[i].loop = loops[i];
        map_init(&h->loops[i].boxes, 0);
    }
    *out = h;
    return OK;
}

void event_hub_free(struct event_hub *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->n; i++)
        map_fini(&h->loops[i].boxes);
    free(h);
}

static struct hub_loop *at(struct event_hub *h, const struct loop *l)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->loops[i].loop == l)
            return &h->loops[i];
    return NULL;
}

static void push(struct event_listener **head, struct event_listener *l)
{
    l->prev = NULL;
    l->next = *head;
    if (*head != NULL)
        (*head)->prev = l;
    *head = l;
}

void event_listen(struct event_hub *h, struct loop *here, struct event_listener *l)
{
    struct hub_loop *hl = at(h, here);
    struct event_listener *first = map_get(&hl->boxes, box_id_str(&l->box));
    push(&first, l);
    l->loop = here;
    l->everything = false;
    l->listening = map_set(&hl->boxes, box_id_str(&l->box), first);
    if (l->listening)
        hl->box_n++;
}

void event_listen_all(struct event_hub *h, struct loop *here, struct event_listener *l)
{
    struct hub_loop *hl = at(h, here);
    push(&hl->all, l);
    l->loop = here;
    l->listening = l->everything = true;
    hl->all_n++;
}

void event_unlisten(struct event_hub *h, struct event_listener *l)
{
    if (!l->listening)
        return;
    struct hub_loop *hl = at(h, l->loop);
    l->listening = false;
    if (hl->cursor == l)
        hl->cursor = l->next;
    if (l->next != NULL)
        l->next->prev = l->prev;
    if (l->prev != NULL)
        l->prev->next = l->next;
    else if (l->everything)
        hl->all = l->next;
    else if (l->next == NULL)
        map_del(&hl->boxes, box_id_str(&l->box));
    else
        (void)map_set(&hl->boxes, box_id_str(&l->box), l->next); /* replaces: cannot fail */
    if (l->everything)
        hl->all_n--;
    else
        hl->box_n--;
}

struct event *event_new(struct event_hub *h, enum event_kind kind, const struct box_id *box, struct str json)
{
    return event_new_was(h, kind, box, json, (struct str){ 0 });
}

struct event *event_new_was(struct event_hub *h, enum event_kind kind, const struct box_id *box, struct str json,
                            struct str was)
{
    size_t jobs_n = h->n * sizeof(struct event_job);
    struct event *e = malloc(sizeof *e + jobs_n + json.n + was.n);
    if (e == NULL)
        return NULL;
    memset(e, 0, sizeof *e + jobs_n);
    *e = (struct event){ .kind = kind, .box = *box, .hub = h, .refs = 1 };
    char *text = (char *)(e + 1) + jobs_n;
    if (json.n > 0)
        memcpy(text, json.p, json.n);
    if (was.n > 0)
        memcpy(text + json.n, was.p, was.n);
    e->json = str_of(text, json.n);
    e->was = str_of(text + json.n, was.n);
    return e;
}

void event_drop(struct event *e)
{
    if (atomic_fetch_sub(&e->refs, 1) != 1)
        return;
    secret_wipe((char *)(uintptr_t)e->json.p, e->json.n + e->was.n);
    free(e);
}

/* Calls a list's listeners; each may take itself or others off. */
static void call_each(struct hub_loop *hl, struct event_listener *first, const struct event *e)
{
    for (struct event_listener *l = first; l != NULL; l = hl->cursor) {
        hl->cursor = l->next;
        l->on(l, e);
    }
    hl->cursor = NULL;
}

/* Who listens to everything keeps caches of keys and names: mail as such does not touch those. */
static bool for_all(const struct event *e)
{
    return e->kind == EVENT_BOX_ENDED || e->kind == EVENT_FOLDER_CHANGED || e->kind == EVENT_BOX_CHANGED ||
           e->kind == EVENT_CREDS_CHANGED;
}

static void run(struct job *j)
{
    struct event_job *ej = CONTAINER_OF(j, struct event_job, job);
    struct event *e = ej->event;
    call_each(ej->at, map_get(&ej->at->boxes, box_id_str(&e->box)), e);
    if (for_all(e))
        call_each(ej->at, ej->at->all, e);
    event_drop(e);
}

void event_publish(struct event *e)
{
    struct event_hub *h = e->hub;
    for (size_t i = 0; i < h->n; i++) {
        struct hub_loop *hl = &h->loops[i];
        if (hl->box_n == 0 && !(for_all(e) && hl->all_n > 0))
            continue;
        struct event_job *ej = &jobs_of(e)[i];
        *ej = (struct event_job){ .job.run = run, .event = e, .at = hl };
        e->refs++;
        post(hl->loop, &ej->job);
    }
    event_drop(e);
}

size_t event_listeners(const struct event_hub *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->n; i++)
        n += h->loops[i].box_n;
    return n;
}
