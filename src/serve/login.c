/* A try is counted when it begins and given back when it was right, so that those that run side by side see each other.
 * Its wait comes in two parts: a password is looked at when the wait that earlier tries have earned is over, and a
 * refusal is told when its own is. Hanging up early saves an attacker nothing. */
#include "serve/login.h"
#include "base/secret.h"
#include "core/name.h"
#include <stdlib.h>

enum { NAME_MEMORY = 4096, SECRET_TEXT_MAX = 4096 };

struct login_try {
    struct login *of;
    const struct login_opts *o;
    struct peer peer, for_box;
    struct buf user, secret;
    struct auth_req *req;
    struct deadline wait;
    int64_t told_ms; /* a refusal is not told before */
    login_done *done;
    void *ctx;
};

bool login_allowed(const struct login_opts *o, const struct peer *peer, bool tls)
{
    return tls || (o->loopback_cleartext && peer->loopback);
}

bool login_spent(const struct login *g) { return g->wrong >= LIMIT_LOGIN_TRIES; }

static void try_free(struct login_try *t)
{
    loop_deadline_clear(t->o->loop, &t->wait);
    buf_fini(&t->user);
    buf_fini(&t->secret);
    free(t);
}

static void count(struct login_try *t, enum err e)
{
    struct login_stats *st = t->o->stats;
    if (st)
        atomic_fetch_add_explicit(e == OK           ? &st->good
                                  : e == ERR_DENIED ? &st->denied
                                                    : &st->busy,
                                  1, memory_order_relaxed);
}

static void answer(struct login_try *t, enum err e, struct opened *opened)
{
    login_done *done = t->done;
    void *ctx = t->ctx;
    t->of->now = NULL;
    count(t, e);
    try_free(t);
    done(ctx, e, opened);
}

static void on_told(struct deadline *d) { answer(CONTAINER_OF(d, struct login_try, wait), ERR_DENIED, NULL); }

static void give_back(struct login_try *t)
{
    limit_give(t->o->limit, LIMIT_LOGIN_BOX, &t->for_box, 1, loop_now_ms(t->o->loop));
}

static void on_auth(void *ctx, enum err e, struct opened *opened, int64_t)
{
    struct login_try *t = ctx;
    t->req = NULL;
    buf_fini(&t->secret);
    if (e != ERR_DENIED) { /* right, or not looked at */
        give_back(t);
        answer(t, e, opened);
        return;
    }
    t->of->wrong++;
    t->wait.fire = on_told;
    loop_deadline(t->o->loop, &t->wait, MAX(t->told_ms - loop_now_ms(t->o->loop), (int64_t)0));
}

static bool ask(struct login_try *t)
{
    t->req = auth_login(t->o->auth, buf_str(&t->user), buf_str(&t->secret), &t->peer, on_auth, t);
    return t->req != NULL;
}

static void on_turn(struct deadline *d)
{
    struct login_try *t = CONTAINER_OF(d, struct login_try, wait);
    if (!ask(t))
        answer(t, ERR_IO, NULL);
}

/* Before the try that follows n others. */
static int64_t wait_ms(const struct login_opts *o, uint32_t n)
{
    int64_t first_ms = o->wait_ms > 0 ? o->wait_ms : LOGIN_WAIT_MS;
    return n == 0 ? 0 : MIN(first_ms << MIN(n - 1, 16u), (int64_t)LOGIN_WAIT_MAX_MS);
}

static bool is_token(struct str secret)
{
    uint8_t raw[TOKEN_BYTES];
    bool yes = token_parse(secret, raw) == OK;
    secret_wipe(raw, sizeof raw);
    return yes;
}

/* Counted under the box's name as it is looked up; one that is no address under what it says. */
static struct peer for_box(const struct login_opts *o, const struct peer *peer, struct str user)
{
    AUTO_ARENA struct arena a = { .max = NAME_MEMORY };
    struct str key;
    return limit_peer_for(o->limit, peer, name_address_key(user, &a, &key) == OK ? key : user);
}

static struct login_try *try_new(struct login *g, const struct login_opts *o, const struct peer *peer, struct str user,
                                 struct str secret)
{
    struct login_try *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    *t = (struct login_try){ .of = g, .o = o, .peer = *peer };
    t->user = t->secret = (struct buf){ .max = SECRET_TEXT_MAX, .secret = true };
    buf_put(&t->user, user);
    if (user.n > 0 && o->domain.n > 0 && str_chr(user, '@') == STR_NONE) {
        buf_putc(&t->user, '@');
        buf_put(&t->user, o->domain);
    }
    t->for_box = for_box(o, peer, buf_str(&t->user));
    buf_put(&t->secret, secret); /* one that does not fit stays empty, and nobody's */
    return t;
}

bool login_begin(struct login *g, const struct login_opts *o, const struct peer *peer, struct str user,
                 struct str secret, login_done *done, void *ctx)
{
    struct login_try *t = try_new(g, o, peer, user, secret);
    if (!t)
        return false;
    t->done = done;
    t->ctx = ctx;
    int64_t now_ms = loop_now_ms(o->loop);
    uint32_t earlier = limit_taken(o->limit, LIMIT_LOGIN_BOX, &t->for_box, now_ms);
    (void)limit_take(o->limit, LIMIT_LOGIN_BOX, &t->for_box, 1, now_ms, NULL); /* refused: the wait is at its longest */
    t->told_ms = now_ms + wait_ms(o, earlier + 1);
    t->wait.fire = on_turn;
    g->now = t;
    if (earlier > 0 && !is_token(secret))
        loop_deadline(o->loop, &t->wait, wait_ms(o, earlier));
    else if (!ask(t)) {
        give_back(t);
        login_cancel(g);
        return false;
    }
    return true;
}

void login_cancel(struct login *g)
{
    struct login_try *t = g->now;
    g->now = NULL;
    if (!t)
        return;
    auth_cancel(t->req);
    try_free(t);
}

void login_unruly(const struct login_opts *o, const struct peer *peer)
{
    if (o->standing)
        standing_note(o->standing, STANDING_READER, peer, STANDING_PROTOCOL, loop_now_ms(o->loop));
}
