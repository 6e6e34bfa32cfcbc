/* Two lists run through each entry: of its box, and of all, oldest first. An entry is put in and taken out under one
 * lock, for the time of a hash look-up; sealing and opening happen outside of it. */
#include "core/arrival.h"
#include "base/map.h"
#include "base/secret.h"
#include "wire/domain.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60 * 1000 };

struct of_box {
    struct box_id id;
    struct list entries; /* oldest first */
    size_t n;
};
struct entry {
    struct list in_all, in_box;
    struct of_box *of;
    int64_t at_ms;
    struct msg_id id;
    size_t n;
    char sealed[];
};
struct arrivals {
    pthread_mutex_t lock;
    struct map boxes; /* box id -> struct of_box */
    struct list all;
    size_t n;
};

/* ---- one of them ---- */
struct str arrival_domain(struct str mail_from)
{
    size_t at = str_rchr(mail_from, '@');
    struct str domain = at == STR_NONE ? S("") : str_from(mail_from, at + 1);
    return domain_is_name(domain) ? domain : S("");
}

enum arrival_result arrival_refused(struct str reply)
{
    return str_starts(reply, S("4")) ? ARRIVAL_DEFERRED : ARRIVAL_REFUSED;
}

static void put_text(struct json_out *o, const char *key, struct str s)
{
    if (s.n > 0)
        json_kv_str(o, key, s);
    else
        json_kv_null(o, key);
}

/* Code and enhanced code (RFC 3463) of a reply, and its words. */
static void put_reply(struct json_out *o, struct str reply)
{
    struct str words, code = str_cut(reply, ' ', &words), enhanced, rest;
    enhanced = str_cut(words, ' ', &rest);
    if (str_chr(enhanced, '.') != STR_NONE) {
        code = str_sub(reply, 0, code.n + 1 + enhanced.n);
        words = rest;
    }
    put_text(o, "code", code);
    put_text(o, "reason", words);
}

void arrival_put(struct json_out *o, const struct arrival *a)
{
    static const struct str results[] = { [ARRIVAL_INBOX] = STR("inbox"),
                                          [ARRIVAL_JUNK] = STR("junk"),
                                          [ARRIVAL_REFUSED] = STR("refused"),
                                          [ARRIVAL_DEFERRED] = STR("deferred") };
    static const struct str causes[] = {
        [ARRIVAL_AS_SAID] = STR(""), [ARRIVAL_GREYLISTED] = STR("greylisted"), [ARRIVAL_BLOCK_LIST] = STR("block_list")
    };
    json_put_object(o);
    json_kv_time(o, "at", a->at_ms);
    put_text(o, "domain", a->domain);
    put_text(o, "tls", str_c(a->tls ? a->tls : ""));
    json_kv_str(o, "result", results[a->result]);
    put_reply(o, a->reply);
    put_text(o, "cause", causes[a->cause]);
    json_put_end(o);
}

enum err arrival_open(struct opened *o, const struct arrival_kept *kept, struct buf *json)
{
    uint8_t k[KEY_N];
    enum err e = opened_message_key(o, kept->sealed, &kept->id, k);
    if (e == OK)
        e = open_arrival(json, kept->sealed, k, &o->box.id, &kept->id);
    secret_wipe(k, sizeof k);
    return e;
}

/* ---- the table ---- */
enum err arrivals_new(struct arrivals **out)
{
    struct arrivals *a = calloc(1, sizeof *a);
    if (!a)
        return ERR_IO;
    pthread_mutex_init(&a->lock, NULL);
    map_init(&a->boxes, 0);
    list_init(&a->all);
    *out = a;
    return OK;
}

static void drop(struct arrivals *a, struct entry *e)
{
    struct of_box *of = e->of;
    list_del(&e->in_all);
    list_del(&e->in_box);
    a->n--;
    secret_give_back(e, sizeof *e + e->n);
    if (--of->n > 0)
        return;
    map_del(&a->boxes, box_id_str(&of->id));
    free(of);
}

static struct entry *oldest_of(struct of_box *of) { return CONTAINER_OF(of->entries.next, struct entry, in_box); }

void arrivals_free(struct arrivals *a)
{
    if (!a)
        return;
    LIST_FOR(&a->all, it) { drop(a, CONTAINER_OF(it, struct entry, in_all)); }
    map_fini(&a->boxes);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

bool arrivals_room(struct arrivals *a, const struct box_id *box, int64_t now_ms)
{
    pthread_mutex_lock(&a->lock);
    struct of_box *of = map_get(&a->boxes, box_id_str(box));
    bool room = !of || of->n < ARRIVALS_BOX || now_ms - oldest_of(of)->at_ms >= MINUTE_MS;
    pthread_mutex_unlock(&a->lock);
    return room;
}

static struct of_box *box_make(struct arrivals *a, const struct box_id *box)
{
    struct of_box *of = calloc(1, sizeof *of);
    if (!of)
        return NULL;
    of->id = *box;
    list_init(&of->entries);
    if (map_set(&a->boxes, box_id_str(box), of))
        return of;
    free(of);
    return NULL;
}

static void add(struct arrivals *a, const struct box_id *box, struct entry *e)
{
    struct of_box *of = map_get(&a->boxes, box_id_str(box));
    if (!of)
        of = box_make(a, box);
    if (!of) {
        free(e);
        return;
    }
    e->of = of;
    list_add_tail(&a->all, &e->in_all);
    list_add_tail(&of->entries, &e->in_box);
    a->n++;
    if (++of->n > ARRIVALS_BOX)
        drop(a, oldest_of(of));
    if (a->n > ARRIVALS_ALL)
        drop(a, CONTAINER_OF(a->all.next, struct entry, in_all));
}

void arrivals_keep(struct arrivals *a, const struct box_id *box, const struct msg_id *id, struct str sealed,
                   int64_t now_ms)
{
    struct entry *e = sealed.n > ARRIVAL_SEALED ? NULL : malloc(sizeof *e + sealed.n);
    if (!e)
        return;
    *e = (struct entry){ .at_ms = now_ms, .id = *id, .n = sealed.n };
    memcpy(e->sealed, sealed.p, sealed.n);
    pthread_mutex_lock(&a->lock);
    add(a, box, e);
    pthread_mutex_unlock(&a->lock);
}

void arrivals_forget(struct arrivals *a, const struct box_id *box)
{
    pthread_mutex_lock(&a->lock);
    struct of_box *of = map_get(&a->boxes, box_id_str(box));
    for (size_t n = of ? of->n : 0; n > 0; n--) /* the last one takes the box along */
        drop(a, oldest_of(of));
    pthread_mutex_unlock(&a->lock);
}

size_t arrivals_of(struct arrivals *a, const struct box_id *box, struct arena *to,
                   struct arrival_kept out[ARRIVALS_BOX])
{
    size_t n = 0;
    pthread_mutex_lock(&a->lock);
    struct of_box *of = map_get(&a->boxes, box_id_str(box));
    for (struct list *it = of ? of->entries.prev : NULL; of && it != &of->entries; it = it->prev) {
        const struct entry *e = CONTAINER_OF(it, struct entry, in_box);
        struct str copy = arena_dup(to, str_of(e->sealed, e->n));
        if (copy.p)
            out[n++] = (struct arrival_kept){ e->id, copy };
    }
    pthread_mutex_unlock(&a->lock);
    return n;
}
