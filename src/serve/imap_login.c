/* LOGIN and AUTHENTICATE. A secret is a view of the command or of the SASL buffer, and both are wiped as they end. */
#include "serve/imap_command.h"
#include "serve/imap_session.h"

static void logged_in(struct imap_session *s)
{
    struct buf *done = &s->cmd->done;
    s->authed = true;
    imap_count(&s->rules->stats->sessions, 1);
    imap_count(&s->rules->stats->inside, 1);
    buf_puts(done, "OK [CAPABILITY ");
    imap_put_capabilities(s, done);
    buf_puts(done, "] welcome");
    imap_finish(s);
}

static void refused(struct imap_session *s, enum err e)
{
    if (e == ERR_DENIED)
        imap_reply(s, "NO [AUTHENTICATIONFAILED] no such address, or a wrong secret");
    else if (e == ERR_BUSY)
        imap_reply(s, "NO [LIMIT] too many tries or sessions, come again later");
    else
        imap_reply(s, "NO [UNAVAILABLE] nobody can log in now");
    if (s->rules->ops->login_spent(s))
        imap_stop(s, "too many wrong secrets");
}

static void on_login(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err == OK)
        logged_in(s);
    else
        refused(s, a->err);
}

/* False: it has been answered. */
static bool may_login(struct imap_session *s)
{
    if (s->rules->ops->may_login(s))
        return true;
    imap_reply(s, "NO [PRIVACYREQUIRED] not without TLS");
    return false;
}

void imap_run_login(struct imap_session *s)
{
    struct imap_token *t = &s->cmd->in;
    struct str user, secret;
    if (!imap_token_astring(t, &user) || !imap_token_sp(t) || !imap_token_astring(t, &secret) || !imap_token_end(t))
        imap_bad(s);
    else if (may_login(s))
        imap_ask(s, on_login)->login(s, user, secret);
}

/* ---- AUTHENTICATE ---- */

static void sasl_end(struct imap_session *, void *state) { sasl_fini(state); }

static void proceed(struct imap_session *s, enum sasl_next next);

/* OAUTHBEARER wants the reason said, and a line back, before the command fails (RFC 7628 section 3.2.3). */
static void on_sasl(struct imap_session *s, const struct imap_answer *a)
{
    struct sasl *x = s->cmd->state;
    if (a->err == OK)
        logged_in(s);
    else if (a->err == ERR_DENIED && sasl_refused(x) == SASL_ASK) {
        s->cmd->doomed = true;
        proceed(s, SASL_ASK);
    } else
        refused(s, a->err);
}

static void proceed(struct imap_session *s, enum sasl_next next)
{
    struct sasl *x = s->cmd->state;
    switch (next) {
    case SASL_ASK:
        buf_puts(s->out, "+ ");
        buf_put(s->out, x->challenge);
        buf_puts(s->out, "\r\n");
        s->mode = IMAP_RESPONSE;
        return;
    case SASL_READY:
        s->mode = IMAP_BUSY;
        imap_ask(s, on_sasl)->login(s, x->user, x->secret);
        return;
    case SASL_CANCELLED:
        imap_reply(s, "BAD cancelled");
        return;
    case SASL_OTHER: /* RFC 5530 */
        imap_reply(s, "NO [AUTHORIZATIONFAILED] nobody acts for somebody else here");
        return;
    case SASL_BAD:
        imap_reply(s, "BAD not of the mechanism's form");
        return;
    }
}

void imap_response(struct imap_session *s, struct str line)
{
    if (s->cmd->doomed)
        refused(s, ERR_DENIED);
    else
        proceed(s, sasl_take(s->cmd->state, line));
}

void imap_run_authenticate(struct imap_session *s)
{
    struct imap_token *t = &s->cmd->in;
    struct str name;
    enum sasl_mech mech;
    if (!imap_token_atom(t, &name)) {
        imap_bad(s);
        return;
    }
    bool more = imap_more(t);
    struct str initial = more ? str_from(t->rest, 1) : (struct str){ 0 };
    if (sasl_find(name, &mech) != OK) {
        imap_reply(s, "NO no such mechanism");
        return;
    }
    if (!may_login(s))
        return;
    struct sasl *x = imap_state(s, sizeof *x);
    if (x == NULL)
        return;
    s->cmd->fini = sasl_end;
    proceed(s, sasl_start(x, mech, more ? &initial : NULL));
}
