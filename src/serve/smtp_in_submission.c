/* What a submission's session asks its owner: who logs in, may this recipient be written to, take this mail. A mail
 * that core/send has is not called back when the connection breaks: its sender has said all of it. */
#include "serve/smtp_in_client.h"
#include "serve/smtp_in_submit.h"

static void on_login(void *ctx, enum err e, struct opened *o)
{
    struct client *c = ctx;
    if (e == OK && !session_conn_pass(&c->c)) {
        opened_release(o);
        e = ERR_BUSY;
    }
    c->opened = e == OK ? o : NULL;
    smtp_in_logged_in(smtp_in_session_of(c), e, login_spent(&c->login));
    smtp_in_answered(c);
}

static void ask_login(struct smtp_in_session *s, struct str user, struct str secret)
{
    struct client *c = client_of(s);
    if (!login_begin(&c->login, &c->of->o.login, &c->c.peer, user, secret, on_login, c))
        smtp_in_logged_in(s, ERR_IO, false);
}

static bool ask_alive(const struct smtp_in_session *s)
{
    const struct client *c = CONTAINER_OF(s, const struct client, s);
    return c->opened && !c->opened->gone;
}

static bool ask_owns(const struct smtp_in_session *s, struct str address)
{
    const struct client *c = CONTAINER_OF(s, const struct client, s);
    return send_is_own(c->opened, address);
}

static void on_checked(void *ctx, const struct send_result *r)
{
    struct client *c = ctx;
    c->sending = NULL;
    smtp_in_may_send(smtp_in_session_of(c), r->refusal);
    smtp_in_answered(c);
}

static void ask_check(struct smtp_in_session *s, struct str rcpt)
{
    struct client *c = client_of(s);
    c->sending = send_check(c->of->o.send, c->opened, &s->tx->known, rcpt, on_checked, c);
    if (!c->sending)
        smtp_in_may_send(s, SEND_LATER);
}

static void on_sent(void *ctx, const struct send_result *r)
{
    struct client *c = ctx;
    c->sending = NULL;
    smtp_in_sent(smtp_in_session_of(c), r->refusal, c->sending_n);
    smtp_in_answered(c);
}

static unsigned flags_of(const struct smtp_in_tx *tx)
{
    return (tx->utf8 ? OUTQ_SMTPUTF8 : 0u) | (tx->requiretls ? OUTQ_REQUIRETLS : 0u);
}

static void ask_send(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    struct client *c = client_of(s);
    struct send_mail m = { .from = c->opened,
                           .known = tx->known,
                           .mail_from = tx->from,
                           .rcpts = tx->to,
                           .rcpts_n = tx->to_n,
                           .envid = tx->envid,
                           .ret = tx->ret,
                           .flags = flags_of(tx),
                           .protocol = protocol,
                           .keep_copy = c->of->o.keep_copy,
                           .peer = c->c.peer,
                           .data = tx->in };
    c->sending_n = tx->in.data.n;
    tx->in = (struct intake){ 0 };
    c->sending = send_mail(c->of->o.send, &m, on_sent, c);
    smtp_in_tx_free(tx);
    if (!c->sending)
        smtp_in_sent(s, SEND_LATER, 0);
}

void smtp_in_submission_leave(struct client *c)
{
    login_cancel(&c->login);
    send_cancel(c->sending);
    opened_release(c->opened);
    c->sending = NULL;
    c->opened = NULL;
}

const struct smtp_in_submit_ops smtp_in_submission_ops = {
    .login = ask_login, .alive = ask_alive, .owns = ask_owns, .check = ask_check, .send = ask_send
};
