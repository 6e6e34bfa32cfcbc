/* What the parts of struct outq share: one request of a loop, on its way to the store or to the out loop and back. */
#pragma once
#include "core/outbox.h"
#include "core/outq_item.h"
#include "core/outq_shared.h"
#include "io/work.h"

struct outq {
    struct outq_shared *s;
    struct loop *loop;
    struct outboxes boxes;
};

struct outq_req {
    struct outq *q;
    struct loop *loop; /* its own; at the end of a run it outlives q */
    bool cancelled;
    void *ctx;
    union {
        outq_put_fn *put;
        outq_drop_fn *drop;
        outq_list_fn *list;
    } done;
    struct job job;
    enum err err;
    /* put */
    struct outq_item *item;
    struct outbox_want want;
    uint8_t *lease; /* of the box that sends: a cell, or NULL */
    struct work work;
    struct buf data, sealed; /* the mail; env, hdr and body one after the other */
    size_t env_n, hdr_n;
    uint8_t whose[KEY_N];
    bool again;
    /* of the out loop */
    struct box_id box;
    struct outq_id id;
    struct arena arena; /* what outq_list() answers with */
    struct outq_info *infos;
    size_t n, leaving;
};
struct outq_req *outq_req_new(struct outq *q, void *ctx);
void outq_req_free(struct outq_req *r);
/* Answers with r->err on a later turn of its loop: by run, or, from the out loop, by outq_req_back(). */
void outq_req_later(struct outq_req *r, enum err e, void (*run)(struct job *j));
void outq_req_back(struct outq_req *r, enum err e);

/* Seals what an item's mail is: out gets env, hdr and body; what is read of keys is derived from whose. Any thread. */
[[nodiscard]] enum err outq_seal_mail(const struct outq_item *it, const uint8_t whose[KEY_N],
                                      const uint8_t *sender_lease, const struct box_id *outbox, struct str data,
                                      struct buf *out, size_t *env_n, size_t *hdr_n);
