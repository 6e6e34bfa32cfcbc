/* Of several answers to one message each knows whether the mark came with it; when that one is taken back, another one
 * that stands takes this over, so the last one that goes takes the mark along. One that is taken back while its mark is
 * being set is kept until that is known. */
#include "serve/answers.h"
#include "base/list.h"
#include <pthread.h>
#include <stdlib.h>

struct answer {
    struct list link;
    struct box_id box;
    struct msg_id item, of;
    bool known;  /* of is */
    bool marked; /* no change of the mark is under way */
    bool set;    /* it came with this one */
    bool back;   /* was taken back */
    int64_t until_ms;
};
struct answers {
    pthread_mutex_t lock;
    struct list all; /* oldest first */
    size_t n;
};

enum err answers_new(struct answers **out)
{
    struct answers *a = calloc(1, sizeof *a);
    if (!a)
        return ERR_IO;
    pthread_mutex_init(&a->lock, NULL);
    list_init(&a->all);
    *out = a;
    return OK;
}

static void forget(struct answers *a, struct answer *x)
{
    list_del(&x->link);
    a->n--;
    free(x);
}

void answers_free(struct answers *a)
{
    if (!a)
        return;
    LIST_FOR(&a->all, it) { forget(a, CONTAINER_OF(it, struct answer, link)); }
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static void make_room(struct answers *a, int64_t now_ms)
{
    LIST_FOR(&a->all, it)
    {
        struct answer *x = CONTAINER_OF(it, struct answer, link);
        if (x->until_ms > now_ms && a->n < ANSWERS_MAX)
            return;
        forget(a, x);
    }
}

static struct answer *find(const struct answers *a, const struct box_id *box, const struct msg_id *item)
{
    LIST_FOR(&a->all, it)
    {
        struct answer *x = CONTAINER_OF(it, struct answer, link);
        if (str_eq(msg_id_str(&x->item), msg_id_str(item)) && str_eq(box_id_str(&x->box), box_id_str(box)))
            return x;
    }
    return NULL;
}

/* Another answer to the same message, which stands; NULL: none. */
static struct answer *other(const struct answers *a, const struct answer *x)
{
    LIST_FOR(&a->all, it)
    {
        struct answer *o = CONTAINER_OF(it, struct answer, link);
        if (o != x && o->known && !o->back && str_eq(msg_id_str(&o->of), msg_id_str(&x->of)) &&
            str_eq(box_id_str(&o->box), box_id_str(&x->box)))
            return o;
    }
    return NULL;
}

/* x is over. True: its mark goes with it. */
static bool end(struct answers *a, struct answer *x)
{
    struct answer *o = x->set ? other(a, x) : NULL;
    bool goes = x->set && !o;
    if (o)
        o->set = true;
    forget(a, x);
    return goes;
}

void answers_sent(struct answers *a, const struct box_id *box, const struct msg_id *item, int64_t now_ms)
{
    struct answer *x = calloc(1, sizeof *x);
    if (!x)
        return;
    *x = (struct answer){ .box = *box, .item = *item, .until_ms = now_ms + ANSWERS_MS };
    pthread_mutex_lock(&a->lock);
    make_room(a, now_ms);
    list_add_tail(&a->all, &x->link);
    a->n++;
    pthread_mutex_unlock(&a->lock);
}

bool answers_mark(struct answers *a, const struct box_id *box, const struct msg_id *item, const struct msg_id *of)
{
    pthread_mutex_lock(&a->lock);
    struct answer *x = find(a, box, item);
    bool stands = !x || !x->back;
    if (x && stands) {
        x->of = *of;
        x->known = true;
    } else if (x) {
        forget(a, x);
    }
    pthread_mutex_unlock(&a->lock);
    return stands;
}

bool answers_marked(struct answers *a, const struct box_id *box, const struct msg_id *item, bool set)
{
    pthread_mutex_lock(&a->lock);
    struct answer *x = find(a, box, item);
    if (x) {
        x->set |= set;
        x->marked = true;
    }
    bool goes = x && x->back && end(a, x);
    pthread_mutex_unlock(&a->lock);
    return !goes;
}

bool answers_back(struct answers *a, const struct box_id *box, const struct msg_id *item, struct msg_id *of)
{
    pthread_mutex_lock(&a->lock);
    struct answer *x = find(a, box, item);
    bool goes = false;
    if (x)
        *of = x->of;
    if (x && x->marked)
        goes = end(a, x);
    else if (x)
        x->back = true;
    pthread_mutex_unlock(&a->lock);
    return goes;
}
