/* COPY: each message is opened, sealed anew under an id of its own, and appended; flags, INTERNALDATE and contents
 * stay. All of the set or nothing: up to MAIL_COPY_BYTES of ciphertext and 1,000 messages are one step of the store; a
 * larger set is copied in several, and those before one that fails are deleted again (a process that dies between two
 * leaves them). Listeners are told when all are there; beyond 4 MiB of summaries the events come without. */
#pragma once
#include "core/mail_at.h"

enum { MAIL_COPY_BYTES = 8 * 1024 * 1024 /* and one message more */ };
struct mail_copied {
    uint32_t uidvalidity;          /* of the folder they are in now */
    const struct store_gone *from; /* where each was found (it is not gone; modseq is its own) */
    const struct store_row *rows;  /* the copies */
    size_t n;
};
/* ERR_DENIED: no such folder. ERR_FULL: quota, disk, or over STORE_IDS_MAX. ERR_BAD: a message is damaged. ERR_BUSY:
 * memory, or the keys just changed. Messages that are not there are left out. */
struct mail_copy;
typedef void mail_copy_fn(void *ctx, enum err e, const struct mail_copied *copied);
struct mail_copy *mail_copy(const struct mail_at *at, const struct store_pick *pick, uint32_t folder,
                            mail_copy_fn *done, void *ctx);
void mail_copy_cancel(struct mail_copy *c); /* done is not called any more; NULL is fine */
