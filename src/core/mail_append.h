/* Mail that the holder brings in: APPEND, MULTIAPPEND, the result of CATENATE, REPLACE. Parsed and understood like
 * incoming mail, but nobody judges it, nothing is added to it, and it does not count as received. All messages of one
 * append become durable and visible together, in order, with neighbouring uids, or none does. Listeners are told of
 * each. */
#pragma once
#include "core/intake.h"
#include "core/mail_at.h"
#include "io/work.h"

enum { MAIL_APPEND_MAX = 1000 /* messages of one append */ };
struct mail_append;
struct mail_appended {
    uint32_t folder, uidvalidity;
    const uint32_t *uids; /* in the order they were added, ascending */
    const struct msg_id *ids;
    size_t n;
};
/* work: for messages over 256 KiB. NULL: memory. */
struct mail_append *mail_append_new(const struct mail_at *at, struct work_pool *work, uint32_t folder);
/* Takes the octets (CRLF lines are the caller's care) with their share of the budget, which is given back as soon as
 * the message is sealed. flags: of FLAGS_ALL. date_ms: INTERNALDATE, 0: now. ERR_FULL: over MAIL_APPEND_MAX or memory;
 * the append as a whole then fails. An empty message is one. */
[[nodiscard]] enum err mail_append_add(struct mail_append *a, struct intake *octets, uint32_t flags, int64_t date_ms);
/* This message goes in the step that stores the others, or all stays as it was (REPLACE); listeners are told. */
void mail_append_instead_of(struct mail_append *a, uint32_t folder, uint32_t uid);
/* ERR_BAD: why says what there is too much of (header too large, too many header fields). ERR_DENIED: no such folder
 * (TRYCREATE). ERR_FULL: the box's quota or the disk. ERR_BUSY: memory, or the keys just changed. ERR_GONE: the box
 * ended, or what was to be replaced is not there. Nothing was added: OK with n 0. */
typedef void mail_append_fn(void *ctx, enum err e, const char *why, const struct mail_appended *appended);
void mail_append_commit(struct mail_append *a, mail_append_fn *done, void *ctx); /* takes a; answers on a later turn */
/* Before the commit: forgets it all. After it: done is not called any more; the mail may still be stored, and is told.
 * NULL is fine. */
void mail_append_cancel(struct mail_append *a);
