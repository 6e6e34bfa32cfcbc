/* The words for a recipient that never was and for one that has ended are the same, and so is the time they take. */
#include "serve/smtp_in_mail.h"
#include "serve/smtp_in_submit.h"

enum { TARPIT_STEP_MS = 1000 };

static void fail_mail(struct smtp_in_session *s, enum smtp_fault f)
{
    static const char *const words[] = {
        [SMTP_FINE] = NULL,
        [SMTP_SYNTAX] = "501 5.5.4 MAIL FROM:<address> is how it goes",
        [SMTP_PATH] = "501 5.1.7 not a sender's address",
        [SMTP_PARAM] = "555 5.5.4 unknown parameter",
        [SMTP_VALUE] = "501 5.5.4 bad parameter",
        [SMTP_UTF8] = "553 5.6.7 this address needs SMTPUTF8",
    };
    smtp_in_fail(s, words[f]);
}

static void fail_rcpt(struct smtp_in_session *s, enum smtp_fault f)
{
    static const char *const words[] = {
        [SMTP_FINE] = NULL,
        [SMTP_SYNTAX] = "501 5.5.4 RCPT TO:<address> is how it goes",
        [SMTP_PATH] = "501 5.1.3 not a mailbox address",
        [SMTP_PARAM] = "555 5.5.4 unknown parameter",
        [SMTP_VALUE] = "501 5.5.4 bad parameter",
        [SMTP_UTF8] = "553 5.6.7 this address needs SMTPUTF8",
    };
    smtp_in_fail(s, words[f]);
}

void smtp_in_run_mail(struct smtp_in_session *s, struct str arg)
{
    struct smtp_mail m;
    if (s->tx) {
        smtp_in_fail(s, "503 5.5.1 one sender is enough");
        return;
    }
    if (s->rules->submit && !smtp_in_may_submit(s))
        return;
    enum smtp_fault f = smtp_mail_parse(arg, &m);
    if (f == SMTP_FINE && m.requiretls && !(s->rules->submit && s->tls)) /* not offered: RFC 8689 section 4.2 */
        f = SMTP_PARAM;
    if (f != SMTP_FINE) {
        fail_mail(s, f);
        return;
    }
    if (s->rules->submit && !smtp_in_may_submit_as(s, &m))
        return;
    if (m.size > s->rules->max_bytes) {
        smtp_in_note(s, SMTP_IN_TOO_BIG);
        smtp_in_fail(s, "552 5.3.4 message too big");
        return;
    }
    s->tx = smtp_in_tx_new(s->rules->budget, &m, s->rules->max_bytes);
    if (!s->tx)
        smtp_in_note(s, SMTP_IN_NO_MEMORY);
    smtp_in_reply(s, s->tx ? "250 2.1.0 sender ok" : "452 4.3.1 busy with other messages, try again later");
}

/* Words why not, or NULL. */
static const char *rcpt_not_now(const struct smtp_in_session *s)
{
    if (smtp_in_tx_rcpts(s->tx) >= s->rules->max_rcpts)
        return "452 4.5.3 too many recipients";
    if (smtp_in_tx_crowded(s->tx))
        return "452 4.5.3 too many recipients for a message of this size";
    return NULL;
}

static void look_up(struct smtp_in_session *s, const struct addr *to)
{
    s->tx->pending = arena_dup(&s->tx->arena, to->domain.n > 0 ? to->text : s->rules->postmaster);
    if (!s->tx->pending.p) {
        smtp_in_reply(s, "452 4.5.3 too many recipients");
        return;
    }
    s->mode = SMTP_IN_WAIT;
    if (s->rules->submit)
        s->rules->submit->check(s, s->tx->pending);
    else
        s->rules->ops->check(s, s->tx->pending, s->tx->size);
}

void smtp_in_run_rcpt(struct smtp_in_session *s, struct str arg)
{
    struct smtp_rcpt r;
    if (!s->tx || s->tx->chunked) {
        smtp_in_fail(s, s->tx ? "503 5.5.1 the message has begun" : "503 5.5.1 MAIL first");
        return;
    }
    if (++s->tx->tries > LIMIT_TX_TRIES) {
        smtp_in_note(s, SMTP_IN_ABUSE);
        smtp_in_cut(s, "421 4.7.0 too many recipients");
        return;
    }
    enum smtp_fault f = smtp_rcpt_parse(arg, s->tx->utf8, &r);
    if (f != SMTP_FINE) {
        fail_rcpt(s, f);
        return;
    }
    if (!s->rules->submit && s->rules->ops->throttled(s)) { /* before the look-up: nobody learns anything any more */
        smtp_in_note(s, SMTP_IN_ABUSE);
        smtp_in_cut(s, "421 4.7.0 too many unknown recipients from your network, try again later");
        return;
    }
    const char *no = rcpt_not_now(s); /* no error: an honest sender with a long list comes back with the rest */
    s->tx->notify = r.notify;
    s->tx->orcpt = arena_dup(&s->tx->arena, r.orcpt);
    if (no)
        smtp_in_reply(s, no);
    else
        look_up(s, &r.to);
}

int64_t smtp_in_tarpit_ms(const struct smtp_in_session *s, enum err e)
{
    if (e != ERR_GONE || s->unknown < LIMIT_SMTP_UNKNOWN_FAST || s->unknown >= LIMIT_SMTP_UNKNOWN)
        return 0;
    return (int64_t)TARPIT_STEP_MS * (s->unknown - LIMIT_SMTP_UNKNOWN_FAST + 1);
}

/* box: it is there for its holder, and takes nothing any more. */
static void unknown(struct smtp_in_session *s, const struct box_id *box)
{
    smtp_in_note(s, SMTP_IN_UNKNOWN);
    if (box)
        s->rules->ops->kept_out(s, box, "550 5.1.1 no such mailbox here", ARRIVAL_AS_SAID);
    if (++s->unknown <= LIMIT_SMTP_UNKNOWN) {
        smtp_in_reply(s, "550 5.1.1 no such mailbox here");
        return;
    }
    smtp_in_note(s, SMTP_IN_ABUSE);
    smtp_in_cut(s, "421 4.7.0 too many unknown recipients");
}

/* It counts as no error: an honest sender has done nothing wrong. */
static void come_again(struct smtp_in_session *s, const struct box_id *box)
{
    static const char words[] = "451 4.7.1 not seen before, try again in a few minutes";
    smtp_in_note(s, SMTP_IN_GREYLISTED);
    s->rules->ops->kept_out(s, box, words, ARRIVAL_GREYLISTED);
    smtp_in_reply(s, words);
}

static void listed(struct smtp_in_session *s)
{
    static const char words[] = "554 5.7.1 your address is on a block list that is used here";
    smtp_in_note(s, SMTP_IN_LISTED);
    s->rules->ops->shut_out(s, words);
    smtp_in_cut(s, words);
}

static void known(struct smtp_in_session *s, const struct box_id *box)
{
    if (s->rules->ops->greylisted(s) > 0) {
        come_again(s, box);
        return;
    }
    bool added = smtp_in_tx_add(s->tx, box);
    if (added)
        smtp_in_note(s, SMTP_IN_RCPTS);
    smtp_in_reply(s, added ? "250 2.1.5 recipient ok" : "452 4.5.3 too many recipients");
}

/* For another domain, from who may send to all: the queue takes it. */
static void elsewhere(struct smtp_in_session *s)
{
    if (!s->relay) {
        smtp_in_note(s, SMTP_IN_RELAY);
        smtp_in_fail(s, "550 5.7.1 that domain is not served here");
        return;
    }
    bool added = smtp_in_tx_add_to(s->tx);
    if (added)
        smtp_in_note(s, SMTP_IN_RCPTS);
    smtp_in_reply(s, added ? "250 2.1.5 recipient ok" : "452 4.5.3 too many recipients");
}

void smtp_in_checked(struct smtp_in_session *s, enum err e, const struct box_id *box)
{
    s->mode = SMTP_IN_COMMAND;
    if (s->listed) { /* whoever it is for: nobody learns who lives here */
        listed(s);
        return;
    }
    switch (e) {
    case OK:
        known(s, box);
        break;
    case ERR_GONE:
        unknown(s, box);
        break;
    case ERR_DENIED:
        elsewhere(s);
        break;
    case ERR_BAD:
        fail_rcpt(s, SMTP_PATH);
        break;
    case ERR_FULL:
        smtp_in_note(s, SMTP_IN_BOX_FULL);
        if (box)
            s->rules->ops->kept_out(s, box, "452 4.2.2 mailbox full", ARRIVAL_AS_SAID);
        smtp_in_reply(s, "452 4.2.2 mailbox full");
        break;
    case ERR_MORE:
    case ERR_BUSY:
    case ERR_IO:
        smtp_in_note(s, SMTP_IN_TEMPFAIL);
        smtp_in_reply(s, "451 4.3.0 trouble here, try again later");
        break;
    }
}
