/* What a submission (RFC 6409) asks of an SMTP session beyond mail for our boxes: a login (RFC 4954) before anything
 * else, the box's own address as the sender, and the rules of core/send for each recipient. */
#pragma once
#include "core/send.h"
#include "serve/smtp_in_state.h"

/* As smtp_in_ops: none of them may answer before it returns. */
struct smtp_in_submit_ops {
    /* AUTH has a user and a secret, borrowed for the call. Answered once by smtp_in_logged_in(). */
    void (*login)(struct smtp_in_session *s, struct str user, struct str secret);
    /* Is the box behind the login there, and is that its address? */
    bool (*alive)(const struct smtp_in_session *s);
    bool (*owns)(const struct smtp_in_session *s, struct str address);
    /* RCPT: answered once by smtp_in_may_send(). */
    void (*check)(struct smtp_in_session *s, struct str rcpt);
    /* A message is whole. Takes tx; protocol as with smtp_in_ops.store. Answered once by smtp_in_sent(). */
    void (*send)(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol);
};

void smtp_in_put_submission(struct smtp_in_session *s); /* its lines of EHLO's answer */
void smtp_in_run_auth(struct smtp_in_session *s, struct str arg);
void smtp_in_sasl_line(struct smtp_in_session *s, struct str line); /* in mode SASL or REFUSED */
/* OK; ERR_DENIED: wrong; else not now. spent: that was one too many, and the connection ends. */
void smtp_in_logged_in(struct smtp_in_session *s, enum err e, bool spent);
/* At MAIL, before and behind its argument. False: it has been answered. */
bool smtp_in_may_submit(struct smtp_in_session *s);
bool smtp_in_may_submit_as(struct smtp_in_session *s, const struct smtp_mail *m);
void smtp_in_may_send(struct smtp_in_session *s, enum send_refusal r);
void smtp_in_sent(struct smtp_in_session *s, enum send_refusal r, uint64_t octets);
