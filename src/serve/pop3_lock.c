#include "serve/pop3_lock.h"
#include "base/map.h"
#include <pthread.h>
#include <stdlib.h>

struct pop3_locks {
    pthread_mutex_t mutex;
    struct map boxes; /* box id -> anything */
};

enum err pop3_locks_new(struct pop3_locks **out)
{
    struct pop3_locks *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_IO;
    pthread_mutex_init(&l->mutex, NULL);
    map_init(&l->boxes, 0);
    *out = l;
    return OK;
}

void pop3_locks_free(struct pop3_locks *l)
{
    if (!l)
        return;
    map_fini(&l->boxes);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}

enum err pop3_lock(struct pop3_locks *l, const struct box_id *box)
{
    enum err e = OK;
    pthread_mutex_lock(&l->mutex);
    if (map_get(&l->boxes, box_id_str(box)))
        e = ERR_BUSY;
    else if (!map_set(&l->boxes, box_id_str(box), l))
        e = ERR_IO;
    pthread_mutex_unlock(&l->mutex);
    return e;
}

void pop3_unlock(struct pop3_locks *l, const struct box_id *box)
{
    pthread_mutex_lock(&l->mutex);
    (void)map_del(&l->boxes, box_id_str(box));
    pthread_mutex_unlock(&l->mutex);
}
