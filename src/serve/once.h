/* A request that its client names with a key is done once: asked again, in whatever words, it gets the answer it had,
 * for an hour, as long as the process runs. A key is a box's own. One struct once a process; any thread. */
#pragma once
#include "base/buf.h"
#include "base/crypto.h"
#include "store/store.h"

enum {
    ONCE_KEY_MAX = 128,         /* octets of a key */
    ONCE_MS = 60 * 60 * 1000,   /* an answer is kept so long */
    ONCE_ANSWER_MAX = 4 * 1024, /* octets of it */
    ONCE_ENTRIES_MAX = 65536    /* beyond that the oldest answers are forgotten */
};
struct once;
struct once_hold { /* of one that is under way; zeroed: none */
    struct once *in;
    uint8_t name[HASH_N];
};
enum once_is {
    ONCE_NEW,       /* do it: *hold is then to be given to once_keep() or once_drop() */
    ONCE_UNDER_WAY, /* it is being done for another request: ask again in a moment */
    ONCE_DONE,      /* *answer has what was said */
    ONCE_FULL       /* memory, or that much is under way */
};

[[nodiscard]] enum err once_new(struct once **out);
void once_free(struct once *o); /* NULL is fine; nothing is under way any more */
enum once_is once_begin(struct once *o, const struct box_id *box, struct str key, int64_t now_ms,
                        struct once_hold *hold, struct buf *answer);
void once_keep(struct once_hold *h, struct str answer, int64_t now_ms); /* done; h is zeroed, as below */
void once_drop(struct once_hold *h); /* nothing came of it: the next one does it. Zeroed is fine */
