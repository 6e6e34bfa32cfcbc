/* Opened boxes of one loop: their keys, the cache that finds them by credential, and when they are wiped. auth.h is the
 * face of this; nobody but auth.c and mailbox.c includes it. */
#pragma once
#include "base/map.h"
#include "core/auth.h"

struct auth {
    struct auth_opts o;
    struct map by_lookup; /* HASH_N bytes -> struct opened */
    struct list all;      /* every opened, cached or only held */
    struct event_listener events;
    uint64_t closings; /* boxes that ended and credentials that changed, as told to this loop */
    struct timer sweep;
};
enum { OPENED_IDLE_MS = 60 * 1000 };

/* A new reference to a cached one, or NULL. */
struct opened *opened_find(struct auth *a, const uint8_t lookup[HASH_N]);
/* Opens a credential with its seed and puts the box into the cache; *out is a reference. ERR_DENIED, ERR_BAD, ERR_FULL.
 */
[[nodiscard]] enum err opened_make(struct auth *a, const struct store_box *box, const struct store_cred *cred,
                                   const uint8_t lease[KEY_N], const uint8_t seed[KEY_N], struct opened **out);
