/* A submission's session: the input's first bytes choose the owner's answers and the pieces, the rest is what the peer
 * sends. However it goes: replies are well-formed, memory goes back, nothing is sent before a login that was right, and
 * nothing without a recipient that was allowed. */
#include "serve/smtp_in_session.h"
#include "serve/smtp_in_submit.h"
#include "smtp_replies.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum asked { NOTHING, LOGIN, CHECK, SEND };
struct rig {
    struct smtp_in_session s;
    enum asked asked;
    struct smtp_in_tx *given;
    uint32_t chance;
    bool in; /* a login was right, on this side of the last handshake */
};

static struct rig *rig_of(struct smtp_in_session *s) { return CONTAINER_OF(s, struct rig, s); }

static void on_login(struct smtp_in_session *s, struct str user, struct str secret)
{
    must(s->may_login && !rig_of(s)->in && user.n + secret.n <= LIMIT_SASL_LINE);
    rig_of(s)->asked = LOGIN;
}

static bool on_alive(const struct smtp_in_session *s) { return CONTAINER_OF(s, const struct rig, s)->in; }
static bool on_owns(const struct smtp_in_session *, struct str address) { return address.n % 2; }

static void on_check(struct smtp_in_session *s, struct str rcpt)
{
    must(rig_of(s)->in && rcpt.n > 0);
    rig_of(s)->asked = CHECK;
}

static void on_send(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    must(rig_of(s)->in && tx->to_n > 0 && tx->rcpts_n == 0 && tx->flaw == FLAW_NONE && protocol);
    must(tx->body != SMTP_BODY_BINARY && tx->to_n <= s->rules->max_rcpts);
    rig_of(s)->given = tx;
    rig_of(s)->asked = SEND;
}

static const struct smtp_in_submit_ops submit = { on_login, on_alive, on_owns, on_check, on_send };

static uint32_t next(struct rig *r)
{
    r->chance = r->chance * 1664525u + 1013904223u;
    return r->chance >> 24;
}

static void answer(struct rig *r)
{
    static const enum err errs[] = { OK, OK, ERR_DENIED, ERR_BUSY, ERR_IO };
    enum send_refusal no = next(r) % 2 ? SEND_OK : (enum send_refusal)(next(r) % (SEND_LATER + 1));
    enum err e = errs[next(r) % COUNT(errs)];
    enum asked asked = r->asked;
    r->asked = NOTHING;
    switch (asked) {
    case NOTHING:
        must(false);
        break;
    case LOGIN:
        r->in = e == OK;
        smtp_in_logged_in(&r->s, e, next(r) % 4 == 0);
        break;
    case CHECK:
        smtp_in_may_send(&r->s, no);
        break;
    case SEND:
        smtp_in_tx_free(r->given);
        r->given = NULL;
        smtp_in_sent(&r->s, no, 1);
        break;
    }
}

static void play(struct rig *r, struct str in, size_t piece)
{
    size_t have = 0;
    while (in.n > 0 && r->s.mode != SMTP_IN_CLOSED) {
        have = MIN(have + piece, in.n);
        size_t n = smtp_in_input(&r->s, str_sub(in, 0, have));
        must(n <= have);
        in = str_from(in, n);
        have -= n;
        if (r->s.mode == SMTP_IN_WAIT) {
            answer(r);
        } else if (r->s.mode == SMTP_IN_TLS) {
            r->in = false;
            r->s.may_login = true;
            smtp_in_secured(&r->s);
        } else if (n == 0 && have == in.n) {
            return; /* half a line */
        }
        check_replies(buf_str(r->s.out));
        buf_clear(r->s.out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 6)
        return 0;
    struct intake_budget budget = { .max = data[0] & 1 ? 30000 : 1000000 };
    struct smtp_in_rules rules = { .hostname = S("mx.example"),
                                   .postmaster = S("postmaster@mx.example"),
                                   .max_bytes = data[0] & 2 ? 100 : 100000,
                                   .max_rcpts = 3,
                                   .tls = data[0] & 4,
                                   .budget = &budget,
                                   .submit = &submit };
    AUTO_BUF struct buf out = { .max = 1024 * 1024 };
    struct rig r = { .chance = get_be32(data + 1) };
    r.s.rules = &rules;
    r.s.out = &out;
    r.s.tls = r.s.may_login = data[0] & 16;
    r.s.stressed = data[0] & 32;
    r.s.draining = (data[0] & 192) == 192;
    smtp_in_greet(&r.s);
    play(&r, str_of(data + 6, n - 6), 1 + data[5]);
    smtp_in_session_fini(&r.s);
    must(!r.given && atomic_load(&budget.used) == 0);
    return 0;
}
