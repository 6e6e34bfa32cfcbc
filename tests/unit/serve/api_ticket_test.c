/* Tickets are good once and for ten seconds; a proof of work once and for five minutes. */
#include "base/rand.h"
#include "serve/api.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

static struct api_shared *fresh(void)
{
    struct api_shared *s;
    CHECK_OK(rand_start());
    CHECK_OK(api_shared_new(&s));
    return s;
}

static bool take(struct api_shared *s, const char *ticket, int64_t now_ms, const char *want)
{
    struct buf html = { 0 };
    bool images = false, ok = api_ticket_take(s, str_c(ticket), now_ms, &html, &images);
    if (ok)
        CHECK_STR("html", buf_str(&html), want);
    buf_fini(&html);
    return ok;
}

TEST(a_ticket_is_good_once)
{
    struct api_shared *s = fresh();
    char a[API_TICKET_N + 1], b[API_TICKET_N + 1];
    CHECK_OK(api_ticket_put(s, S("one"), false, 1000, a));
    CHECK_OK(api_ticket_put(s, S("two"), true, 1000, b));
    CHECK(strcmp(a, b) != 0 && strlen(a) == API_TICKET_N);
    CHECK(take(s, a, 2000, "one"));
    CHECK(!take(s, a, 2000, ""));
    struct buf html = { 0 };
    bool images = false;
    CHECK(api_ticket_take(s, str_c(b), 10999, &html, &images) && images);
    buf_fini(&html);
    CHECK_EQ(api_ticket_sweep(s, 2000), 0);
    api_shared_free(s);
}

TEST(a_ticket_ends_after_ten_seconds)
{
    struct api_shared *s = fresh();
    char a[API_TICKET_N + 1], b[API_TICKET_N + 1];
    CHECK_OK(api_ticket_put(s, S("one"), false, 1000, a));
    CHECK_OK(api_ticket_put(s, S("two"), false, 5000, b));
    CHECK(!take(s, a, 11000, ""));
    CHECK_EQ(api_ticket_sweep(s, 11000), 1);
    CHECK(take(s, b, 14999, "two"));
    api_shared_free(s);
}

TEST(wrong_tickets_take_nothing)
{
    struct api_shared *s = fresh();
    char a[API_TICKET_N + 1];
    CHECK_OK(api_ticket_put(s, S("one"), false, 1000, a));
    static const char *const wrong[] = { "", "x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA",
                                         "!!!!!!!!!!!!!!!!!!!!!!" };
    for (size_t i = 0; i < COUNT(wrong); i++)
        CHECK(!take(s, wrong[i], 1000, ""));
    a[0] = a[0] == 'A' ? 'B' : 'A';
    CHECK(!take(s, a, 1000, ""));
    api_shared_free(s);
}

TEST(tickets_have_ceilings)
{
    struct api_shared *s = fresh();
    char a[API_TICKET_N + 1];
    AUTO_BUF struct buf big = { .max = API_TICKET_MAX + 1 };
    big.n = buf_reserve(&big, API_TICKET_MAX + 1) ? API_TICKET_MAX + 1 : 0;
    memset(big.p, 'x', big.n);
    CHECK_EQ(api_ticket_put(s, buf_str(&big), false, 1000, a), ERR_FULL);
    int n = 0;
    while (n < 100 && api_ticket_put(s, str_sub(buf_str(&big), 0, API_TICKET_MAX), false, 1000, a) == OK)
        n++;
    CHECK_EQ(n, 16);                                          /* 64 MiB together */
    CHECK_OK(api_ticket_put(s, S("later"), false, 11000, a)); /* the old ones are gone by then */
    CHECK_EQ(api_ticket_sweep(s, 11000), 1);
    for (n = 0; n < 1000 && api_ticket_put(s, S("small"), false, 11000, a) == OK;)
        n++;
    CHECK_EQ(n, 511);
    api_shared_free(s);
}

/* The first nonce that solves it, as text. */
static void solve(struct str challenge, unsigned bits, char nonce[16])
{
    for (unsigned n = 0;; n++) {
        AUTO_BUF struct buf b = { .max = 256 };
        uint8_t h[32];
        snprintf(nonce, 16, "%u", n);
        buf_put(&b, challenge);
        buf_printf(&b, ":%s", nonce);
        crypto_sha256(h, buf_str(&b));
        if (get_be32(h) >> (32 - bits) == 0)
            return;
    }
}

TEST(work_counts_once)
{
    struct api_shared *s = fresh(), *other = fresh();
    AUTO_BUF struct buf c = { .max = 128 };
    char nonce[16];
    api_pow_challenge(s, 1000, &c);
    solve(buf_str(&c), 8, nonce);
    CHECK_EQ(api_pow_check(other, buf_str(&c), str_c(nonce), 8, 1000), ERR_DENIED);
    CHECK_EQ(api_pow_check(s, buf_str(&c), S("no nonce"), 32, 1000), ERR_DENIED);
    CHECK_EQ(api_pow_check(s, buf_str(&c), str_c(nonce), 8, 1001 + API_POW_MS), ERR_DENIED);
    CHECK_OK(api_pow_check(s, buf_str(&c), str_c(nonce), 8, 1000 + API_POW_MS));
    CHECK_EQ(api_pow_check(s, buf_str(&c), str_c(nonce), 8, 1000), ERR_DENIED);
    c.p[3] = c.p[3] == 'A' ? 'B' : 'A'; /* its end moved */
    CHECK_EQ(api_pow_check(s, buf_str(&c), str_c(nonce), 0, 1000), ERR_DENIED);
    CHECK_EQ(api_pow_check(s, S(""), S(""), 0, 1000), ERR_DENIED);
    api_shared_free(s);
    api_shared_free(other);
}
