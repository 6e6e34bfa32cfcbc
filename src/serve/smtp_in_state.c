/* Every reply goes through here, and so do the counts that end a session. Under stress one error and one idle command
 * are enough (Postfix's stress mode, research/security.md section 1). */
#include "serve/smtp_in_state.h"
#include <stdlib.h>

void smtp_in_reply(struct smtp_in_session *s, const char *text)
{
    buf_puts(s->out, text);
    buf_puts(s->out, "\r\n");
}

void smtp_in_kept_out(struct smtp_in_session *s, const char *reply)
{
    if (!s->tx || s->tx->told)
        return;
    s->tx->told = true;
    for (size_t i = 0; i < s->tx->rcpts_n; i++)
        s->rules->ops->kept_out(s, &s->tx->rcpts[i].box, reply, ARRIVAL_AS_SAID);
}

void smtp_in_end_tx(struct smtp_in_session *s)
{
    smtp_in_tx_free(s->tx);
    s->tx = NULL;
}

void smtp_in_end_sasl(struct smtp_in_session *s)
{
    if (s->sasl)
        sasl_fini(s->sasl);
    free(s->sasl);
    s->sasl = NULL;
}

void smtp_in_close(struct smtp_in_session *s, const char *text)
{
    smtp_in_reply(s, text);
    smtp_in_end_tx(s);
    smtp_in_end_sasl(s);
    s->mode = SMTP_IN_CLOSED;
}

void smtp_in_cut(struct smtp_in_session *s, const char *text)
{
    smtp_in_close(s, text);
    s->linger = true;
}

void smtp_in_fail(struct smtp_in_session *s, const char *text)
{
    unsigned most = s->stressed ? LIMIT_SMTP_ERRORS_STRESSED : LIMIT_SMTP_ERRORS;
    if (++s->errors <= most) {
        smtp_in_reply(s, text);
        return;
    }
    smtp_in_note(s, SMTP_IN_ABUSE);
    smtp_in_cut(s, "421 4.7.0 too many errors");
}

bool smtp_in_junk_count(struct smtp_in_session *s)
{
    unsigned most = s->stressed ? LIMIT_SMTP_JUNK_STRESSED : LIMIT_SMTP_JUNK;
    if (++s->junk <= most)
        return true;
    smtp_in_note(s, SMTP_IN_ABUSE);
    smtp_in_cut(s, "421 4.7.0 too many commands without a message");
    return false;
}

void smtp_in_junk(struct smtp_in_session *s, const char *text)
{
    if (smtp_in_junk_count(s))
        smtp_in_reply(s, text);
}
