/* Hash table keyed by bytes (copied in), value a pointer (borrowed). Keyed SipHash, so strangers cannot aim at one
 * bucket. Open addressing, grows by doubling, shrinks never. Not thread-safe. */
#pragma once
#include "base/str.h"

struct map_slot;
struct map {
    struct map_slot *slots;
    size_t n, cap, max; /* entries, slots, ceiling on entries (0: none) */
    size_t spent;       /* slots that hold an entry or the mark of a deleted one */
};

void map_init(struct map *m, size_t max);
void map_fini(struct map *m);
void *map_get(const struct map *m, struct str key);       /* NULL when absent */
bool map_set(struct map *m, struct str key, void *value); /* adds or replaces; false when max or memory is reached */
void *map_del(struct map *m, struct str key);             /* the value that was there, or NULL */
/* Walk: *it starts at 0; false at the end. Deleting the entry just returned is allowed, adding is not. */
bool map_next(const struct map *m, size_t *it, struct str *key, void **value);
