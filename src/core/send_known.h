/* Who has written to a box, for policy "reply-only": the addresses in From of the mail in it, and in Reply-To where its
 * domain is From's. Mail that the holder put there himself does not count, nor what is not proven to be its author's:
 * else anybody could write a forged mail to a box of his own and then to whom it names. */
#pragma once
#include "core/mail.h"

/* Those who have written to the box by the word of these members of a summary (mail_row.env), as addr_other_key() has
 * them. Total. unchecked: mail whose sender nobody has checked is believed, too. */
typedef void send_known_each_fn(void *ctx, struct str key);
void send_known_each(struct str summary, bool unchecked, send_known_each_fn *each, void *ctx);

/* What was found in a box so far, kept for all that is asked of one envelope: each mail of the box is looked at once at
 * most. Mail that comes meanwhile may be missed. */
struct send_known;
struct send_known *send_known_new(struct store *st, struct loop *l, struct opened *o,
                                  bool unchecked);        /* NULL: memory */
struct send_known *send_known_hold(struct send_known *k); /* NULL is fine */
void send_known_drop(struct send_known *k); /* each holder once; who asks holds it until the answer. NULL is fine */

/* missing: the first of keys that nobody proves, n when all have written. ERR_GONE, ERR_BUSY, ERR_IO. */
typedef void send_known_fn(void *ctx, enum err e, size_t missing);
/* keys are borrowed until the answer, which comes once, on a later turn; there is no cancel, and one question at a
 * time. ERR_BUSY: no memory, and no answer. */
[[nodiscard]] enum err send_known_ask(struct send_known *k, const struct str *keys, size_t n, send_known_fn *done,
                                      void *ctx);
