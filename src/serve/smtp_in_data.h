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
struct smtp_in_refusal smtp_in_refusal_of(enum err e, const char *why);
/* The answer to ops->store(). why is static text or NULL. */
void smtp_in_stored(struct smtp_in_session *s, enum err e, const char *why, uint64_t octets);
