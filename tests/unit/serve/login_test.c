/* Logins over the embedded store, on one loop: who gets in, who waits, and for whom nobody waits. */
#include "core/world.h"
#include "serve/login.h"

enum { WAIT_MS = 40, SIDE_BY_SIDE = 4 };

static struct login_opts opts;
static struct login login;
static const struct peer elsewhere = { .key = { 2 } };

static void on_done(void *ctx, enum err e, struct opened *o)
{
    (void)ctx;
    CHECK((e == OK) == (o != NULL));
    opened_release(w.opened);
    w.opened = o;
    answered(e);
}

static enum err try(const struct peer *peer, const char *user, const char *secret)
{
    CHECK(login_begin(&login, &opts, peer, str_c(user), str_c(secret), on_done, NULL));
    CHECK(!w.answered);
    return answer();
}

/* The time that a try took. */
static int64_t time_of(const struct peer *peer, const char *user, const char *secret, enum err want)
{
    int64_t from_ms = clock_mono_ms();
    CHECK_EQ(try(peer, user, secret), want);
    return clock_mono_ms() - from_ms;
}

static void open_world(void)
{
    world_open();
    CHECK_OK(make(&(struct mailbox_spec){ .local = S("somebody"), .password = S("a fine long secret") }));
    opts = (struct login_opts){
        .loop = w.loop, .auth = w.auth, .limit = w.limit, .domain = S("box.test"), .wait_ms = WAIT_MS
    };
    login = (struct login){ 0 };
}

TEST(who_gets_in)
{
    open_world();
    CHECK_OK(try(&somebody, w.address, w.token));
    CHECK_EQ(w.opened->kind, CRED_TOKEN);
    CHECK_OK(try(&somebody, "SomeBody+tag@BOX.test", w.token));
    CHECK_OK(try(&somebody, "", w.token));
    CHECK_OK(try(&somebody, "somebody+tag", w.token)); /* of the first domain */
    CHECK_OK(try(&somebody, "Somebody", "a fine long secret"));
    CHECK_OK(try(&somebody, w.address, "a fine long secret"));
    CHECK_EQ(w.opened->kind, CRED_PASSWORD);
    CHECK_EQ(login.wrong, 0);
    world_close();
}

TEST(who_does_not)
{
    static const struct {
        const char *user, *secret; /* NULL: the box's own */
    } cases[] = {
        { NULL, "another long secret" },
        { "nobody@box.test", NULL }, /* the token is right, but not this box's */
        { "no address", NULL },
        { "nobody@box.test", "a fine long secret" },
        { NULL, "mf1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
    };
    open_world();
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK(!login_spent(&login));
        struct peer peer = { .key = { (uint8_t)(10 + i) } };
        CHECK_EQ(try(&peer, cases[i].user ? cases[i].user : w.address, cases[i].secret ? cases[i].secret : w.token),
                 ERR_DENIED);
    }
    CHECK(login_spent(&login)); /* five a connection */
    world_close();
}

/* A wrong token is refused at once, so the time that a try takes is the wait alone. */
static const char wrong[] = "mf1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

TEST(each_wrong_try_costs_twice_the_last)
{
    open_world();
    CHECK(time_of(&somebody, w.address, wrong, ERR_DENIED) >= WAIT_MS);
    CHECK(time_of(&somebody, w.address, wrong, ERR_DENIED) >= 2 * WAIT_MS);
    CHECK(time_of(&somebody, "somebody", wrong, ERR_DENIED) >= 4 * WAIT_MS);    /* the same box by a shorter name */
    CHECK(time_of(&somebody, "nobody@box.test", wrong, ERR_DENIED) >= WAIT_MS); /* a box that is not there: the same */
    CHECK(time_of(&somebody, "nobody@box.test", wrong, ERR_DENIED) >= 2 * WAIT_MS);
    CHECK_OK(
        try(&somebody, w.address, "a fine long secret")); /* nobody guesses a token: no reason to lock anybody out */
    world_close();
}

TEST(five_wrong_passwords_are_a_networks_all)
{
    open_world();
    for (int i = 0; i < 5; i++)
        CHECK_EQ(try(&somebody, w.address, "not the long secret"), ERR_DENIED);
    CHECK_EQ(try(&somebody, w.address, "a fine long secret"), ERR_BUSY);
    CHECK_OK(try(&elsewhere, w.address, "a fine long secret"));
    CHECK_OK(try(&somebody, w.address, w.token)); /* a token is never locked out */
    world_close();
}

TEST(a_password_waits_for_its_turn_and_a_token_does_not)
{
    open_world();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(try(&somebody, w.address, wrong), ERR_DENIED);
    opts.wait_ms = 500;
    CHECK(time_of(&somebody, w.address, w.token, OK) < 1000);
    CHECK(time_of(&somebody, w.address, "a fine long secret", OK) >= 4 * 500);
    opts.wait_ms = 10000;
    CHECK(time_of(&elsewhere, w.address, "a fine long secret", OK) < 10000);
    world_close();
}

static struct login many[SIDE_BY_SIDE];
static unsigned done_n;
static void on_one_of_many(void *ctx, enum err e, struct opened *o)
{
    (void)ctx;
    CHECK_EQ(e, ERR_DENIED);
    CHECK(o == NULL);
    if (++done_n == SIDE_BY_SIDE)
        answered(e);
}

TEST(tries_side_by_side_see_each_other)
{
    open_world();
    int64_t from_ms = clock_mono_ms();
    for (int i = 0; i < SIDE_BY_SIDE; i++)
        CHECK(login_begin(&many[i], &opts, &somebody, str_c(w.address), str_c(wrong), on_one_of_many, NULL));
    (void)answer();
    CHECK(clock_mono_ms() - from_ms >= WAIT_MS << (SIDE_BY_SIDE - 1));
    world_close();
}

TEST(a_try_may_be_left)
{
    open_world();
    CHECK(login_begin(&login, &opts, &somebody, str_c(w.address), S("a fine long secret"), on_done, NULL));
    login_cancel(&login); /* while it is looked at */
    CHECK(login_begin(&login, &opts, &somebody, str_c(w.address), S("a fine long secret"), on_done, NULL));
    login_cancel(&login); /* before its turn */
    login_cancel(&login);
    opts.wait_ms = 0;
    CHECK_OK(try(&elsewhere, w.address, w.token));
    world_close();
}

TEST(in_the_clear_only_at_home_and_on_purpose)
{
    struct login_opts o = { 0 };
    const struct peer home = { .loopback = true }, away = { .loopback = false };
    CHECK(login_allowed(&o, &away, true));
    CHECK(!login_allowed(&o, &home, false));
    o.loopback_cleartext = true;
    CHECK(login_allowed(&o, &home, false));
    CHECK(!login_allowed(&o, &away, false));
}
