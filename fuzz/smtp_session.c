/* A whole session: the input's first bytes choose the owner's answers and the pieces, the rest is what the peer sends.
 * However it goes: replies are well-formed, memory goes back, and only whole messages with a recipient reach the store.
 */
#include "serve/smtp_in_session.h"
#include "smtp_replies.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct rig {
    struct smtp_in_session s;
    struct str asked;
    struct smtp_in_tx *given;
    uint32_t chance;
};

static struct rig *rig_of(struct smtp_in_session *s) { return CONTAINER_OF(s, struct rig, s); }
static void on_check(struct smtp_in_session *s, struct str mailbox, uint64_t) { rig_of(s)->asked = mailbox; }

static void on_store(struct smtp_in_session *s, struct smtp_in_tx *tx, const char *protocol)
{
    must(tx->rcpts_n > 0 && tx->flaw == FLAW_NONE && tx->in.data.n <= s->rules->max_bytes + 2 && protocol);
    rig_of(s)->given = tx;
}

static bool on_throttled(struct smtp_in_session *) { return false; }
static bool on_moved(struct smtp_in_session *, struct str addr) { return addr.n % 2; }
static void on_kept_out(struct smtp_in_session *, const struct box_id *, const char *, enum arrival_cause) {}
static void on_shut_out(struct smtp_in_session *, const char *) {}
static int64_t on_greylisted(struct smtp_in_session *) { return 0; }
static const struct smtp_in_ops ops = { on_check,    on_store,    on_throttled, on_moved,
                                        on_kept_out, on_shut_out, on_greylisted };

static uint32_t next(struct rig *r)
{
    r->chance = r->chance * 1664525u + 1013904223u;
    return r->chance >> 24;
}

static void answer(struct rig *r)
{
    static const enum err errs[] = { OK, OK, OK, OK, ERR_GONE, ERR_FULL, ERR_DENIED, ERR_BAD, ERR_BUSY, ERR_IO };
    enum err e = errs[next(r) % COUNT(errs)];
    if (r->given) {
        smtp_in_tx_free(r->given);
        r->given = NULL;
        smtp_in_stored(&r->s, e, next(r) % 2 ? "why" : NULL, 1);
        return;
    }
    struct box_id box = { 0 };
    memcpy(&box, r->asked.p, MIN(r->asked.n, sizeof box));
    must(smtp_in_tarpit_ms(&r->s, e) >= 0);
    smtp_in_checked(&r->s, e, &box);
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
        if (r->s.mode == SMTP_IN_WAIT)
            answer(r);
        else if (r->s.mode == SMTP_IN_TLS)
            smtp_in_secured(&r->s);
        else if (n == 0 && have == in.n)
            return; /* half a line */
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
                                   .xclient = data[0] & 8,
                                   .budget = &budget,
                                   .ops = &ops };
    AUTO_BUF struct buf out = { .max = 1024 * 1024 };
    struct rig r = { .chance = get_be32(data + 1) };
    r.s.rules = &rules;
    r.s.out = &out;
    r.s.loopback = data[0] & 16;
    r.s.stressed = data[0] & 32;
    r.s.draining = (data[0] & 192) == 192;
    smtp_in_greet(&r.s);
    play(&r, str_of(data + 6, n - 6), 1 + data[5]);
    smtp_in_session_fini(&r.s);
    must(!r.given && atomic_load(&budget.used) == 0);
    return 0;
}
