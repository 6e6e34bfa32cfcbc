/* One POP3 session a mailbox (RFC 1939 section 4: exclusive access), whichever loop it is on. One for the process,
 * under a short lock. */
#pragma once
#include "base/err.h"
#include "store/store.h"

struct pop3_locks;
[[nodiscard]] enum err pop3_locks_new(struct pop3_locks **out);
void pop3_locks_free(struct pop3_locks *l); /* NULL is fine */
[[nodiscard]] enum err pop3_lock(struct pop3_locks *l,
                                 const struct box_id *box); /* ERR_BUSY: taken; ERR_IO: no memory */
void pop3_unlock(struct pop3_locks *l, const struct box_id *box);
