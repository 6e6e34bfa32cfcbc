/* A refusal for good counts as an error, as everywhere; one that passes by itself does not. What was refused at RCPT is
 * asked again when the message is whole, so nothing hangs on the answer given there. */
#include "serve/smtp_in_submit.h"
#include <stdlib.h>

void smtp_in_put_submission(struct smtp_in_session *s)
{
    buf_puts(s->out, "250-DSN\r\n");
    if (s->tls)
        buf_puts(s->out, "250-REQUIRETLS\r\n");
    if (!s->may_login)
        return;
    buf_puts(s->out, "250-AUTH");
    for (int m = 0; m < SASL_MECHS; m++)
        buf_printf(s->out, " %s", sasl_name((enum sasl_mech)m));
    buf_puts(s->out, "\r\n");
}

/* ---- AUTH ---- */

static void sasl_next(struct smtp_in_session *s, enum sasl_next next)
{
    switch (next) {
    case SASL_ASK:
        s->mode = SMTP_IN_SASL;
        buf_printf(s->out, "334 %.*s\r\n", STR_FMT(s->sasl->challenge));
        return;
    case SASL_READY:
        s->mode = SMTP_IN_WAIT;
        s->rules->submit->login(s, s->sasl->user, s->sasl->secret);
        return;
    case SASL_CANCELLED:
    case SASL_OTHER:
    case SASL_BAD:
        s->mode = SMTP_IN_COMMAND;
        smtp_in_end_sasl(s);
        smtp_in_fail(s, next == SASL_OTHER ? "535 5.7.8 nobody acts for somebody else here"
                        : next == SASL_BAD ? "501 5.5.2 not of that mechanism's form"
                                           : "501 5.7.0 cancelled");
        return;
    }
}

static const char *auth_not_now(const struct smtp_in_session *s)
{
    if (!s->rules->submit)
        return "502 5.5.1 not here";
    if (!s->helo)
        return "503 5.5.1 EHLO first";
    if (s->logged_in || s->tx) /* RFC 4954 section 4 */
        return s->tx ? "503 5.5.1 not in the middle of a mail" : "503 5.5.1 you have logged in";
    if (!s->may_login)
        return s->rules->tls ? "530 5.7.0 STARTTLS first" : "530 5.7.0 not in the clear";
    return NULL;
}

void smtp_in_run_auth(struct smtp_in_session *s, struct str arg)
{
    enum sasl_mech m;
    struct str initial, name = str_word(arg, &initial);
    const char *no = auth_not_now(s);
    if (!no && sasl_find(name, &m) != OK)
        no = "504 5.5.4 no such mechanism";
    if (!no)
        s->sasl = calloc(1, sizeof *s->sasl);
    if (no)
        smtp_in_fail(s, no);
    else if (!s->sasl)
        smtp_in_reply(s, "454 4.7.0 cannot log in now, try again later");
    else
        sasl_next(s, sasl_start(s->sasl, m, initial.n > 0 ? &initial : NULL));
}

static void denied(struct smtp_in_session *s)
{
    s->mode = SMTP_IN_COMMAND;
    smtp_in_end_sasl(s);
    smtp_in_reply(s, "535 5.7.8 wrong user or secret");
}

void smtp_in_sasl_line(struct smtp_in_session *s, struct str line)
{
    if (s->mode == SMTP_IN_SASL)
        sasl_next(s, sasl_take(s->sasl, line));
    else
        denied(s);
}

void smtp_in_logged_in(struct smtp_in_session *s, enum err e, bool spent)
{
    if (e == ERR_DENIED && spent) {
        smtp_in_note(s, SMTP_IN_ABUSE);
        smtp_in_cut(s, "421 4.7.0 too many wrong secrets");
    } else if (e == ERR_DENIED && sasl_refused(s->sasl) == SASL_ASK) {
        s->mode = SMTP_IN_REFUSED;
        buf_printf(s->out, "334 %.*s\r\n", STR_FMT(s->sasl->challenge));
    } else if (e == ERR_DENIED) {
        denied(s);
    } else {
        s->mode = SMTP_IN_COMMAND;
        smtp_in_end_sasl(s);
        s->logged_in = e == OK;
        smtp_in_reply(s, e == OK ? "235 2.7.0 welcome" : "454 4.7.0 cannot log in now, try again later");
    }
}

/* ---- mail ---- */

bool smtp_in_may_submit(struct smtp_in_session *s)
{
    if (s->logged_in && s->rules->submit->alive(s))
        return true;
    if (s->logged_in)
        smtp_in_cut(s, "421 4.7.0 this mailbox has ended, or its secrets were changed");
    else
        smtp_in_fail(s, "530 5.7.0 log in first");
    return false;
}

bool smtp_in_may_submit_as(struct smtp_in_session *s, const struct smtp_mail *m)
{
    /* What is sent on is lines: RFC 3030's binary is not offered here. */
    if (m->body == SMTP_BODY_BINARY)
        smtp_in_fail(s, "555 5.5.4 BODY=BINARYMIME is not offered");
    else if (m->from.text.n > 0 && !s->rules->submit->owns(s, m->from.text))
        smtp_in_fail(s, "553 5.7.1 the sender must be your own address");
    else
        return true;
    return false;
}

static const struct {
    const char *words;
    enum smtp_in_count count;
} refusals[] = {
    [SEND_OK] = { NULL, SMTP_IN_ACCEPTED },
    [SEND_OFF] = { "550 5.7.1 nobody sends mail from here", SMTP_IN_RELAY },
    [SEND_NOT_VERIFIED] = { "550 5.7.1 this mailbox must be verified before it sends", SMTP_IN_RELAY },
    [SEND_NOT_YOUR_ADDRESS] = { "550 5.7.1 From and Sender must be your own address", SMTP_IN_MALFORMED },
    [SEND_TWO_FROM] = { "550 5.6.0 From must be one address, your own", SMTP_IN_MALFORMED },
    [SEND_NO_FROM] = { "550 5.6.0 From is missing", SMTP_IN_MALFORMED },
    [SEND_BAD_FROM] = { "550 5.6.0 the address in From cannot be read", SMTP_IN_MALFORMED },
    [SEND_NO_WAY_OUT] = { "550 5.4.4 mail cannot leave this server", SMTP_IN_RELAY },
    [SEND_UNKNOWN_TO_BOX] = { "550 5.7.1 this mailbox may write only to those who wrote to it", SMTP_IN_RELAY },
    [SEND_CAP_BOX] = { "451 4.7.1 this mailbox has sent its share, try again tomorrow", SMTP_IN_TEMPFAIL },
    [SEND_CAP_ALL] = { "451 4.7.1 no more is sent from here for now, try again later", SMTP_IN_TEMPFAIL },
    [SEND_STOPPED] = { "550 5.7.1 sending from this mailbox was stopped", SMTP_IN_RELAY },
    [SEND_NO_RCPTS] = { "554 5.5.1 no valid recipients", SMTP_IN_MALFORMED },
    [SEND_TOO_MANY_RCPTS] = { "452 4.5.3 too many recipients", SMTP_IN_TEMPFAIL },
    [SEND_BAD_RCPT] = { "553 5.1.3 not an address that mail can be sent to", SMTP_IN_UNKNOWN },
    [SEND_TOO_LARGE] = { "552 5.3.4 message too big", SMTP_IN_TOO_BIG },
    [SEND_BAD_HEADER] = { "550 5.6.0 the header has a line that is no field, or has no end", SMTP_IN_MALFORMED },
    [SEND_LONG_HEADER] = { "550 5.6.0 the header is too long, or has too many fields", SMTP_IN_MALFORMED },
    [SEND_TWICE] = { "550 5.6.0 a field is there twice that may be there once", SMTP_IN_MALFORMED },
    [SEND_NOT_UTF8] = { "550 5.6.0 the header has octets that are no UTF-8", SMTP_IN_MALFORMED },
    [SEND_BARE_ENDS] = { "550 5.6.0 a line ends in a bare CR or LF", SMTP_IN_MALFORMED },
    [SEND_LONG_LINE] = { "550 5.6.0 a line has more than 998 octets", SMTP_IN_MALFORMED },
    [SEND_CONTROLS] = { "550 5.6.0 there are NUL octets, or control characters in the header", SMTP_IN_MALFORMED },
    [SEND_LOOP] = { "554 5.4.6 this mail goes round in a loop", SMTP_IN_MALFORMED },
    [SEND_GONE] = { "421 4.7.0 this mailbox has ended, or its secrets were changed", SMTP_IN_UNKNOWN },
    [SEND_FULL] = { "452 4.3.1 too much mail waits to leave, try again later", SMTP_IN_TEMPFAIL },
    [SEND_NO_ROOM] = { "452 4.3.1 no room here now, try again later", SMTP_IN_TEMPFAIL },
    [SEND_LATER] = { "451 4.3.0 trouble here, try again later", SMTP_IN_TEMPFAIL },
};

static void refuse(struct smtp_in_session *s, enum send_refusal r)
{
    const char *words = refusals[r].words;
    smtp_in_note(s, refusals[r].count);
    if (r == SEND_GONE)
        smtp_in_cut(s, words);
    else if (words[0] == '5')
        smtp_in_fail(s, words);
    else
        smtp_in_reply(s, words);
}

void smtp_in_may_send(struct smtp_in_session *s, enum send_refusal r)
{
    s->mode = SMTP_IN_COMMAND;
    if (r != SEND_OK) {
        refuse(s, r);
        return;
    }
    bool added = smtp_in_tx_add_to(s->tx);
    if (added)
        smtp_in_note(s, SMTP_IN_RCPTS);
    smtp_in_reply(s, added ? "250 2.1.5 recipient ok" : "452 4.5.3 too many recipients");
}

void smtp_in_sent(struct smtp_in_session *s, enum send_refusal r, uint64_t octets)
{
    s->mode = SMTP_IN_COMMAND;
    if (r != SEND_OK) {
        refuse(s, r);
        return;
    }
    s->junk = 0;
    smtp_in_note(s, SMTP_IN_ACCEPTED);
    smtp_in_count_add(s->rules->stats, SMTP_IN_BYTES, octets);
    smtp_in_reply(s, "250 2.0.0 on its way");
}
