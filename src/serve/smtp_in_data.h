/* DATA and BDAT: the message itself, and what becomes of it. */
#pragma once
#include "serve/smtp_in_state.h"

void smtp_in_run_data(struct smtp_in_session *s, struct str arg);
void smtp_in_run_bdat(struct smtp_in_session *s, struct str arg);
/* Takes what belongs to the message; returns how many octets that was. */
size_t smtp_in_read_data(struct smtp_in_session *s, struct str in);
size_t smtp_in_read_chunk(struct smtp_in_session *s, struct str in);
/* What a sender is told when its message was not stored. */
struct smtp_in_refusal {
    enum smtp_in_count count;
    const char *code, *words;
};
/* why, with ERR_FULL: RFC 3463's X.3.1, which is no box's matter */
extern const char smtp_in_queue_full[], smtp_in_disk_full[];
extern const char smtp_in_loop[]; /* why, with ERR_BAD: RFC 5321 section 6.3, a code of its own */
struct smtp_in_refusal smtp_in_refusal_of(enum err e, const char *why);
/* The answer to ops->store(). why is static text or NULL. */
void smtp_in_stored(struct smtp_in_session *s, enum err e, const char *why, uint64_t octets);
