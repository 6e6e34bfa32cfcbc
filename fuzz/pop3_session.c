/* A whole session: the input's first bytes choose the state it begins in, the owner's answers and the pieces; the rest
 * is what the peer sends. Each input is played in every state. However it goes: replies are well-formed, memory goes
 * back, no message is asked for before a login, and nothing is deleted but at QUIT. */
#include "serve/pop3.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { MESSAGES = 3, BEGINNINGS = 5 };

struct rig {
    struct pop3 s;
    bool login, fetch, commit;
    uint32_t chance;
    struct str mail;
};

static void must(bool ok)
{
    if (!ok)
        abort();
}

static struct rig *rig_of(struct pop3 *s) { return CONTAINER_OF(s, struct rig, s); }
static void on_login(struct pop3 *s, struct str user, struct str secret)
{
    must(s->may_login && !s->logged_in && secret.n > 0 && (user.n > 0 || s->by_sasl));
    rig_of(s)->login = true;
}
static void on_fetch(struct pop3 *s, const struct msg_id *id)
{
    must(s->logged_in && id->b[0] > 0 && id->b[0] <= MESSAGES && !s->msgs[id->b[0] - 1].deleted);
    rig_of(s)->fetch = true;
}
static void on_write(struct pop3 *s, struct str bytes) { buf_put(s->out, bytes); }
static void on_commit(struct pop3 *s)
{
    must(s->logged_in);
    rig_of(s)->commit = true;
}
static uint32_t on_days(const struct pop3 *s)
{
    must(s->logged_in);
    return 1;
}
static const struct pop3_ops ops = { on_login, on_fetch, on_write, on_commit, on_days };

static uint32_t next(struct rig *r)
{
    r->chance = r->chance * 1664525u + 1013904223u;
    return r->chance >> 24;
}

static void open_box(struct rig *r)
{
    struct pop3_msg *m = calloc(MESSAGES, sizeof *m);
    must(m != NULL);
    for (uint8_t i = 0; i < MESSAGES; i++)
        m[i] = (struct pop3_msg){ .id.b[0] = (uint8_t)(i + 1), .size = 10 };
    pop3_opened(&r->s, m, MESSAGES);
}

static void give_mail(struct rig *r)
{
    struct str rest = r->mail;
    r->fetch = false;
    if (next(r) % 4 == 0) {
        must(pop3_lost(&r->s, next(r) % 2 ? ERR_GONE : ERR_IO));
        return;
    }
    bool more = true;
    while (more) {
        struct str piece = str_sub(rest, 0, 1 + next(r));
        rest = str_from(rest, piece.n);
        more = pop3_piece(&r->s, piece, rest.n == 0);
    }
}

static void answer(struct rig *r)
{
    static const enum err errs[] = { OK, OK, OK, ERR_DENIED, ERR_DENIED, ERR_FULL, ERR_BUSY, ERR_IO };
    enum err e = errs[next(r) % COUNT(errs)];
    if (r->fetch)
        give_mail(r);
    else if (r->commit)
        pop3_committed(&r->s, e);
    else if (r->s.state == POP3_LISTING)
        pop3_list_on(&r->s);
    else if (r->s.state == POP3_TLS)
        pop3_secured(&r->s);
    else {
        must(r->login && r->s.state == POP3_WAIT);
        r->login = false;
        if (e == OK)
            open_box(r);
        else
            pop3_refused(&r->s, e);
    }
}

/* Lines end with CRLF and hold no other, whatever the peer and its mail say. */
static void check_replies(struct str out)
{
    while (out.n > 0) {
        size_t lf = str_chr(out, '\n');
        must(lf != STR_NONE && lf >= 1 && out.p[lf - 1] == '\r');
        out = str_from(out, lf + 1);
    }
}

static void play(struct rig *r, struct str in, size_t piece)
{
    size_t have = 0;
    while (in.n > 0 && r->s.state != POP3_CLOSED) {
        have = MIN(have + piece, in.n);
        size_t n = pop3_input(&r->s, str_sub(in, 0, have));
        must(n <= have);
        in = str_from(in, n);
        have -= n;
        bool owed = r->s.state != POP3_CLOSED && !pop3_reads(&r->s);
        if (owed)
            answer(r);
        else if (n == 0 && have == in.n)
            return; /* half a line */
        check_replies(buf_str(r->s.out));
        buf_clear(r->s.out);
    }
}

static void begin(struct rig *r, unsigned how)
{
    if (how == 1)
        (void)pop3_input(&r->s, S("USER a@b\r\n"));
    if (how == 2)
        (void)pop3_input(&r->s, S("AUTH LOGIN\r\n"));
    if (how == 3) {
        (void)pop3_input(&r->s, S("AUTH OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ==\r\n"));
        if (r->login)
            pop3_refused(&r->s, ERR_DENIED);
        r->login = false;
    }
    if (how == 4)
        open_box(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 6)
        return 0;
    struct pop3_rules rules = { .tls = data[0] & 1, .ops = &ops };
    struct str in = str_of(data + 6, n - 6);
    for (unsigned how = 0; how < BEGINNINGS; how++) {
        AUTO_BUF struct buf out = { .max = 1024 * 1024 };
        struct rig r = { .chance = get_be32(data + 1), .mail = in };
        r.s.rules = &rules;
        r.s.out = &out;
        r.s.may_login = how > 0 || data[0] & 2;
        pop3_greet(&r.s);
        begin(&r, how);
        play(&r, in, 1 + data[5]);
        if (pop3_reads(&r.s))
            pop3_stop(&r.s, "-ERR going down");
        pop3_fini(&r.s);
        must(r.s.msgs == NULL && r.s.user == NULL && r.s.sasl.raw.p == NULL);
    }
    return 0;
}
