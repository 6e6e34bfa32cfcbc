/* Greylisting (RFC 6647): who has not been seen with this sender and recipient is told to come back, and passes once it
 * does; what only fires and forgets never does. Off by default, because it keeps codes waiting. A triplet is a keyed
 * hash (core/limit's key: new each day) of network, sender and recipient; in memory only, bounded, so a restart or a
 * new key means to wait once more. A network that has passed with some triplet passes with all for as long. Any thread.
 */
#pragma once
#include "core/limit.h"

struct greylist;
struct greylist_opts {
    int64_t delay_ms; /* before a retry passes */
    int64_t keep_ms;  /* how long a pass lasts after its last mail, and how late a first retry may come */
};
[[nodiscard]] enum err greylist_new(const struct greylist_opts *o, struct limit *keys, struct greylist **out);
void greylist_free(struct greylist *g); /* NULL is fine */
/* How long the client should still wait; 0: it passes. now_ms is monotonic. */
int64_t greylist_wait_ms(struct greylist *g, const struct peer *p, struct str from, struct str rcpt, int64_t now_ms);
