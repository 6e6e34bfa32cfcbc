/* What waits for the committer, and when it begins: at once for who waits, a little later where company pays, beside
 * others for what is patient. The committer alone takes, puts back and is done; anybody adds and kicks. */
#pragma once
#include "store/embed_state.h"
#include <pthread.h>

enum { COMMIT_QUEUE_TAKE = 4096 }; /* requests a commit, at most */

struct commit_queue {
    pthread_mutex_t mx;
    pthread_cond_t wake;
    struct job *head, **tail;
    uint32_t prompt;   /* of those in it: not patient */
    uint64_t since_us; /* the first of them came, when all are patient */
    bool stop, kicked, waiting;
    const _Atomic uint32_t *waits; /* those in it, and those taken that are not answered */
    /* the committer's: */
    uint32_t n;                              /* requests in what was taken last */
    uint32_t expect;                         /* as many as were in the last one, and those that waited then */
    unsigned rest;                           /* commits without gathering still */
    uint64_t begin_us, last_us, last_end_us; /* how long the last one with requests took, and when it was answered */
};

void commit_queue_init(struct commit_queue *q, const _Atomic uint32_t *waits);
void commit_queue_fini(struct commit_queue *q);
void commit_queue_add(struct commit_queue *q, struct store_req *r);
void commit_queue_kick(struct commit_queue *q); /* there is something to reclaim or to age */
void commit_queue_stop(struct commit_queue *q); /* what is queued is taken still; a kick after it does nothing */
/* Waits for something to do; more: there is something to reclaim. *list: as much as one commit should be, NULL: no
 * request. False: stopped, and nothing is left. */
bool commit_queue_take(struct commit_queue *q, bool more, struct job **list);
void commit_queue_put_back(struct commit_queue *q, struct job *list); /* the first ones again */
void commit_queue_done(struct commit_queue *q);                       /* what was taken has been answered */
