/* What is due when: a binary heap of nodes that lie in their owners, so that any of them is moved or taken out in
 * logarithmic time. Room is made when a node's owner is, so that setting never fails. Equal times come in the order
 * they were set. Pure. */
#pragma once
#include "base/err.h"
#include "base/util.h"

struct due { /* zeroed: in no heap */
    int64_t at_ms;
    uint64_t seq;                /* the heap's */
    size_t pos;                  /* the heap's: place + 1, 0: in none */
    void (*fire)(struct due *d); /* the owner's; the heap calls nobody */
};
struct due_heap {
    struct due **v;
    size_t n, cap, owners;
    uint64_t seq;
};
void due_fini(struct due_heap *h);
[[nodiscard]] enum err due_admit(struct due_heap *h, size_t n); /* n more nodes may be set; ERR_FULL: no memory */
void due_dismiss(struct due_heap *h, size_t n);                 /* so many of them are no more */
void due_set(struct due_heap *h, struct due *d, int64_t at_ms); /* also one that is set already */
void due_clear(struct due_heap *h, struct due *d);              /* fine when it is in none */
struct due *due_first(const struct due_heap *h);                /* NULL: empty */
static inline bool due_is_set(const struct due *d) { return d->pos != 0; }
