/* Inside an outgoing session: what smtp_out_session.c (the way to READY), smtp_out_tx.c (envelopes) and smtp_out_text.c
 * (the mail itself) share. */
#pragma once
#include "serve/smtp_out_session.h"

enum step {
    STEP_GREETING,
    STEP_EHLO,
    STEP_HELO,
    STEP_STARTTLS,
    STEP_AUTH,
    STEP_AUTH_USER,
    STEP_AUTH_PASSWORD,
    STEP_ENVELOPE,
    STEP_DROPPED, /* DATA was granted though no recipient was: a lone dot has gone out */
    STEP_TEXT,
    STEP_END,
    STEP_RSET,
    STEP_QUIT
};
enum rcpt_state { RCPT_WAITS, RCPT_ACCEPTED, RCPT_POSTPONED /* to the next transaction */, RCPT_SETTLED };

/* ---- smtp_out_session.c ---- */
void smtp_out_close(struct smtp_out_session *s); /* end is set */
void smtp_out_end(struct smtp_out_session *s, bool final, const char *enhanced, const char *words);
void smtp_out_end_reply(struct smtp_out_session *s, bool final); /* end is the reply */
struct smtp_out_said smtp_out_reply_said(const struct smtp_out_session *s);
/* ---- smtp_out_tx.c ---- */
void smtp_out_envelope_reply(struct smtp_out_session *s);
void smtp_out_batch_done(struct smtp_out_session *s);
void smtp_out_next_batch(struct smtp_out_session *s);
/* ---- smtp_out_settle.c ---- */
void smtp_out_settle(struct smtp_out_session *s, size_t i, enum outq_fate fate, const struct smtp_out_said *said);
/* All of the batch that are in that state. */
void smtp_out_settle_batch(struct smtp_out_session *s, enum rcpt_state which, enum outq_fate fate,
                           const struct smtp_out_said *said);
void smtp_out_settle_rest(struct smtp_out_session *s); /* with end */
enum outq_fate smtp_out_refusal(uint16_t code);        /* FAILED for 5xx, else LATER */
/* ---- smtp_out_text.c ---- */
void smtp_out_text_begin(struct smtp_out_session *s);
void smtp_out_text_reply(struct smtp_out_session *s);
