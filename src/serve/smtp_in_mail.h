/* MAIL and RCPT: who sends, and whether whom it is for lives here. */
#pragma once
#include "serve/smtp_in_state.h"

void smtp_in_run_mail(struct smtp_in_session *s, struct str arg);
void smtp_in_run_rcpt(struct smtp_in_session *s, struct str arg);
/* The answer to ops->check(). box is borrowed, and there on OK alone. */
void smtp_in_checked(struct smtp_in_session *s, enum err e, const struct box_id *box);
/* How long the answer should be held back: addresses are not guessed for free. 0 as a rule. */
int64_t smtp_in_tarpit_ms(const struct smtp_in_session *s, enum err e);
