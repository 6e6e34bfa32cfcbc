/* Before login: who it is and how, and TLS. USER answers alike for every name (RFC 1939 section 7), and PASS and AUTH
 * end in the same login. */
#include "base/secret.h"
#include "serve/pop3_command.h"
#include <stdlib.h>
#include <string.h>

void pop3_forget(struct pop3 *s)
{
    if (s->user)
        secret_wipe(s->user, strlen(s->user));
    free(s->user);
    s->user = NULL;
    sasl_fini(&s->sasl);
}

void pop3_run_capa(struct pop3 *s, struct str)
{
    buf_puts(s->out, "+OK\r\nTOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nUTF8 USER\r\n");
    if (s->logged_in)
        buf_printf(s->out, "EXPIRE %u\r\n", s->rules->ops->days(s));
    else
        buf_puts(s->out, "EXPIRE 0 USER\r\n"); /* RFC 2449 section 6.7: the least there is, and that it varies */
    if (s->rules->tls && !s->tls && !s->logged_in)
        buf_puts(s->out, "STLS\r\n");
    if (s->may_login) { /* also after login: a client may look at them then only, RFC 2449 section 5 */
        buf_puts(s->out, "USER\r\nSASL");
        for (int m = 0; m < SASL_MECHS; m++)
            buf_printf(s->out, " %s", sasl_name((enum sasl_mech)m));
        buf_puts(s->out, "\r\n");
    }
    buf_puts(s->out, "IMPLEMENTATION mayfly\r\n.\r\n");
}

/* False: it has been answered. */
static bool may_login(struct pop3 *s)
{
    if (!s->may_login)
        pop3_fail(s, s->rules->tls ? "-ERR [AUTH] STLS first" : "-ERR [AUTH] not in the clear");
    return s->may_login;
}

void pop3_run_user(struct pop3 *s, struct str arg)
{
    if (!may_login(s))
        return;
    pop3_forget(s);
    s->user = memchr(arg.p, 0, arg.n) ? NULL : strndup(arg.p, arg.n);
    if (s->user)
        pop3_reply(s, "+OK and the token or password?");
    else
        pop3_fail(s, "-ERR that is no name");
}

static void login(struct pop3 *s, struct str user, struct str secret)
{
    s->state = POP3_WAIT;
    s->rules->ops->login(s, user, secret);
}

void pop3_run_pass(struct pop3 *s, struct str arg)
{
    if (!may_login(s))
        return;
    s->by_sasl = false;
    if (s->user)
        login(s, str_c(s->user), arg);
    else
        pop3_fail(s, "-ERR USER first");
}

/* ---- AUTH ---- */

static void sasl_next(struct pop3 *s, enum sasl_next next)
{
    switch (next) {
    case SASL_ASK:
        s->state = POP3_SASL;
        buf_printf(s->out, "+ %.*s\r\n", STR_FMT(s->sasl.challenge));
        return;
    case SASL_READY:
        s->by_sasl = true;
        login(s, s->sasl.user, s->sasl.secret);
        return;
    case SASL_CANCELLED:
    case SASL_OTHER:
    case SASL_BAD:
        s->state = POP3_AUTH;
        sasl_fini(&s->sasl);
        pop3_fail(s, next == SASL_OTHER ? "-ERR [AUTH] nobody acts for somebody else here"
                     : next == SASL_BAD ? "-ERR not of that mechanism's form"
                                        : "-ERR cancelled");
        return;
    }
}

void pop3_run_auth(struct pop3 *s, struct str arg)
{
    enum sasl_mech m;
    struct str initial, name = str_cut(arg, ' ', &initial);
    if (!may_login(s))
        return;
    pop3_forget(s);
    if (sasl_find(name, &m) != OK)
        pop3_fail(s, "-ERR no such mechanism");
    else
        sasl_next(s, sasl_start(&s->sasl, m, name.n < arg.n ? &initial : NULL));
}

void pop3_sasl_line(struct pop3 *s, struct str line)
{
    if (s->state == POP3_SASL) {
        sasl_next(s, sasl_take(&s->sasl, line));
        return;
    }
    s->state = POP3_AUTH;
    pop3_forget(s);
    pop3_reply(s, "-ERR [AUTH] wrong user or secret");
}

void pop3_refused(struct pop3 *s, enum err e)
{
    s->state = POP3_AUTH;
    if (e == ERR_DENIED && s->by_sasl && sasl_refused(&s->sasl) == SASL_ASK) {
        s->state = POP3_SASL_OVER;
        buf_printf(s->out, "+ %.*s\r\n", STR_FMT(s->sasl.challenge));
        return;
    }
    pop3_forget(s);
    if (e == ERR_DENIED)
        pop3_reply(s, "-ERR [AUTH] wrong user or secret");
    else
        pop3_reply(s, e == ERR_FULL ? "-ERR [IN-USE] another session has this mailbox"
                                    : "-ERR [SYS/TEMP] cannot log in now, try again later");
    if (e == ERR_FULL && s->rules->stats)
        pop3_count(&s->rules->stats->in_use, 1);
}

void pop3_opened(struct pop3 *s, struct pop3_msg *msgs, size_t n)
{
    pop3_forget(s);
    s->msgs = msgs;
    s->msg_n = n;
    s->logged_in = true;
    s->state = POP3_READY;
    buf_printf(s->out, "+OK %zu messages\r\n", n);
    if (!s->rules->stats)
        return;
    pop3_count(&s->rules->stats->sessions, 1);
    pop3_count(&s->rules->stats->inside, 1);
}

/* ---- the rest ---- */

void pop3_run_stls(struct pop3 *s, struct str)
{
    if (!s->rules->tls || s->tls) {
        pop3_fail(s, s->tls ? "-ERR TLS stands already" : "-ERR no TLS here");
        return;
    }
    if (s->more) { /* CVE-2011-0411 and its kin: what came in the clear must never count as said under TLS */
        pop3_close(s, "-ERR nothing may follow STLS");
        return;
    }
    pop3_reply(s, "+OK go ahead");
    pop3_forget(s);
    s->state = POP3_TLS;
}

void pop3_secured(struct pop3 *s)
{
    pop3_forget(s);
    s->tls = true;
    s->state = POP3_AUTH;
}

/* RFC 6856 section 2: from now on the client takes headers in UTF-8. It gets them without asking, too: clients that do
 * not know the command have read 8-bit headers for decades, and -ERR [UTF8] would keep their own mail from them. */
void pop3_run_utf8(struct pop3 *s, struct str) { pop3_reply(s, "+OK"); }
