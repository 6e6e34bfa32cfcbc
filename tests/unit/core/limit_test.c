#include "base/rand.h"
#include "core/limit.h"
#include "test.h"
#include <arpa/inet.h>
#include <string.h>

static struct peer peer_of(struct limit *l, const char *text)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return limit_peer(l, (struct sockaddr *)(void *)&v4);
    CHECK_EQ(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return limit_peer(l, (struct sockaddr *)(void *)&v6);
}

static bool same(struct peer a, struct peer b) { return memcmp(a.key, b.key, sizeof a.key) == 0; }

TEST(peers_are_networks_and_no_addresses)
{
    struct limit *l;
    CHECK_OK(rand_start());
    CHECK_OK(limit_new(&(struct limit_opts){ 0 }, &l));
    struct peer a = peer_of(l, "192.0.2.1");
    CHECK(same(a, peer_of(l, "192.0.2.254")));
    CHECK(!same(a, peer_of(l, "192.0.3.1")));
    CHECK(same(a, peer_of(l, "::ffff:192.0.2.7")));
    CHECK(same(peer_of(l, "2001:db8:1::1"), peer_of(l, "2001:db8:1:ffff::2")));
    CHECK(!same(peer_of(l, "2001:db8:1::1"), peer_of(l, "2001:db8:2::1")));
    CHECK(peer_of(l, "127.9.9.9").loopback && peer_of(l, "::1").loopback && !a.loopback);
    CHECK(memmem(&a, sizeof a, "\xc0\x00\x02", 3) == NULL);
    struct limit *other;
    CHECK_OK(limit_new(&(struct limit_opts){ 0 }, &other));
    CHECK(!same(a, peer_of(other, "192.0.2.1"))); /* keyed by chance */
    limit_free(other);
    limit_free(l);
}

TEST(holds_are_counted_per_network)
{
    struct limit *l;
    struct limit_opts o = { .value[LIMIT_MX_CONNS] = 2 };
    CHECK_OK(limit_new(&o, &l));
    struct peer a = peer_of(l, "192.0.2.1"), b = peer_of(l, "198.51.100.1");
    CHECK_OK(limit_hold(l, LIMIT_MX_CONNS, &a));
    CHECK_OK(limit_hold(l, LIMIT_MX_CONNS, &a));
    CHECK_EQ(limit_hold(l, LIMIT_MX_CONNS, &a), ERR_BUSY);
    CHECK_OK(limit_hold(l, LIMIT_MX_CONNS, &b));
    CHECK_OK(limit_hold(l, LIMIT_LIVE_CONNS, &a)); /* 0: not limited */
    limit_release(l, LIMIT_MX_CONNS, &a);
    CHECK_OK(limit_hold(l, LIMIT_MX_CONNS, &a));
    limit_free(l);
}

TEST(buckets_refill)
{
    struct limit *l;
    struct limit_opts o = { .value[LIMIT_CREATE] = 3 }; /* an hour */
    int64_t retry = 0, now = 1000000;
    CHECK_OK(limit_new(&o, &l));
    struct peer a = peer_of(l, "192.0.2.1");
    for (int i = 0; i < 3; i++)
        CHECK_OK(limit_take(l, LIMIT_CREATE, &a, 1, now, &retry));
    CHECK(limit_over(l, LIMIT_CREATE, &a, now, &retry));
    CHECK_EQ(limit_take(l, LIMIT_CREATE, &a, 1, now, &retry), ERR_BUSY);
    CHECK(retry > 19 * 60 * 1000 && retry <= 20 * 60 * 1000 + 1);
    CHECK_OK(limit_take(l, LIMIT_CREATE, &a, 1, now + retry, &retry));
    CHECK_EQ(limit_take(l, LIMIT_CREATE, &a, 1, now + retry, &retry), ERR_BUSY);
    limit_free(l);
}

TEST(a_flood_of_networks_does_not_grow_or_drop_holders)
{
    struct limit *l;
    struct limit_opts o = { .value[LIMIT_MX_CONNS] = 1, .value[LIMIT_CREATE] = 1 };
    int64_t retry;
    CHECK_OK(limit_new(&o, &l));
    struct peer held = peer_of(l, "192.0.2.1");
    CHECK_OK(limit_hold(l, LIMIT_MX_CONNS, &held));
    for (uint32_t i = 0; i < 300000; i++) {
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + (i << 8)) };
        struct peer p = limit_peer(l, (struct sockaddr *)(void *)&v4);
        (void)limit_take(l, LIMIT_CREATE, &p, 1, 1000 + i, &retry);
    }
    CHECK_EQ(limit_hold(l, LIMIT_MX_CONNS, &held), ERR_BUSY);
    limit_free(l);
}

TEST(what_was_taken_can_be_counted_and_given_back)
{
    struct limit *l;
    int64_t now = 1000000;
    CHECK_OK(limit_new(&(struct limit_opts){ .value[LIMIT_LOGIN_BOX] = 3 }, &l));
    struct peer net = peer_of(l, "192.0.2.1"), a = limit_peer_for(l, &net, S("a@b")),
                b = limit_peer_for(l, &net, S("b@b"));
    CHECK(!same(a, b) && !same(a, net) && same(a, limit_peer_for(l, &net, S("a@b"))));
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &a, now), 0);
    CHECK_OK(limit_take(l, LIMIT_LOGIN_BOX, &a, 1, now, NULL));
    CHECK_OK(limit_take(l, LIMIT_LOGIN_BOX, &a, 1, now, NULL));
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &a, now), 2);
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &b, now), 0);
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &a, now + 1000), 2); /* nearly forgotten is not forgotten */
    limit_give(l, LIMIT_LOGIN_BOX, &a, 1, now);
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &a, now), 1);
    limit_give(l, LIMIT_LOGIN_BOX, &a, 5, now);
    CHECK_EQ(limit_taken(l, LIMIT_LOGIN_BOX, &a, now), 0);
    CHECK_EQ(limit_taken(l, LIMIT_CREATE, &a, now), 0); /* 0: not limited */
    limit_free(l);
}
