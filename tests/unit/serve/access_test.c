#include "base/rand.h"
#include "serve/access.h"
#include "test.h"
#include <string.h>

static struct network net(const char *text)
{
    struct network n;
    CHECK_OK(network_parse(str_c(text), &n));
    return n;
}

static enum access_answer ask(struct access *a, const char *host, int64_t now_ms, struct peer *p)
{
    struct sockaddr_storage sa;
    CHECK_OK(network_host_parse(str_c(host), &sa));
    return access_ask(a, STANDING_MX, p, (const struct sockaddr *)&sa, now_ms);
}

static struct access *access_of(struct standing **s)
{
    struct access *a;
    CHECK_OK(rand_start());
    CHECK_OK(standing_new(&(struct standing_opts){ .ban_score = 10, .ban_ms = 1000, .ban_max_ms = 1000 }, s));
    CHECK_OK(access_new(*s, &a));
    return a;
}

TEST(lists_answer_allow_first)
{
    struct standing *s;
    struct access *a = access_of(&s);
    struct network allow[] = { net("192.0.2.128/25"), net("2001:db8:1::/48") };
    struct network deny[] = { net("192.0.2.0/24"), net("2001:db8::/32") };
    struct peer p = { .key = { 1 } };
    CHECK_EQ(ask(a, "192.0.2.1", 0, &p), ACCESS_OPEN);
    CHECK_OK(access_set(a, &(struct access_lists){ allow, deny, COUNT(allow), COUNT(deny) }));
    CHECK_EQ(ask(a, "192.0.2.1", 0, &p), ACCESS_DENIED);
    CHECK(!p.trusted);
    CHECK_EQ(ask(a, "192.0.2.200", 0, &p), ACCESS_TRUSTED);
    CHECK(p.trusted);
    CHECK_EQ(ask(a, "2001:db8:2::1", 0, &p), ACCESS_DENIED);
    CHECK_EQ(ask(a, "2001:db8:1::1", 0, &p), ACCESS_TRUSTED);
    CHECK_EQ(ask(a, "198.51.100.1", 0, &p), ACCESS_OPEN);
    struct network inside[] = { net("192.0.2.128/25"), net("192.0.2.200"), net("2001:db8:1::1") };
    struct network beyond[] = { net("192.0.2.0/24"), net("192.0.2.1"), net("2001:db8::/47"), net("::/0") };
    for (size_t i = 0; i < COUNT(inside); i++)
        CHECK(access_allows(a, &inside[i]));
    for (size_t i = 0; i < COUNT(beyond); i++)
        CHECK(!access_allows(a, &beyond[i]));
    CHECK_OK(access_set(a, &(struct access_lists){ 0 }));
    CHECK_EQ(ask(a, "192.0.2.1", 0, &p), ACCESS_OPEN);
    access_free(a);
    standing_free(s);
}

TEST(bans_by_hand_end_and_are_named_by_id_alone)
{
    struct standing *s;
    struct access *a = access_of(&s);
    struct network n = net("192.0.2.0/25"), other = net("198.51.100.7");
    struct access_ban b[2];
    struct peer p = { .key = { 1 } };
    CHECK_OK(access_ban(a, &n, 500, 0));
    CHECK_OK(access_ban(a, &n, 1000, 0)); /* the same again */
    CHECK_OK(access_ban(a, &other, 9000, 0));
    CHECK_EQ(ask(a, "192.0.2.1", 999, &p), ACCESS_BANNED);
    CHECK_EQ(ask(a, "192.0.2.129", 999, &p), ACCESS_OPEN);
    CHECK_EQ(ask(a, "192.0.2.1", 1000, &p), ACCESS_OPEN);
    CHECK_EQ(access_list(a, 1000, b, 2), 1);
    CHECK_EQ(b[0].left_ms, 8000);
    CHECK(memmem(b, sizeof b[0], "\xc6\x33\x64\x07", 4) == NULL);
    CHECK_EQ(access_lift_id(a, b[0].id, 1000), 1);
    CHECK_EQ(access_lift(a, &other, 1000), 0);
    for (unsigned i = 0; i <= LIMIT_ACCESS_BANS; i++) {
        n.family = AF_INET;
        n.bits = 32;
        memcpy(n.bytes, &i, sizeof i);
        CHECK_EQ(access_ban(a, &n, 1000, 1000), i < LIMIT_ACCESS_BANS ? OK : ERR_FULL);
    }
    CHECK_EQ(access_lift_all(a, 1000), LIMIT_ACCESS_BANS);
    access_free(a);
    standing_free(s);
}

TEST(what_a_network_has_earned_counts)
{
    struct standing *s;
    struct access *a = access_of(&s);
    struct peer p = { .key = { 1 } };
    standing_note(s, STANDING_MX, &p, STANDING_PROTOCOL, 0);
    standing_note(s, STANDING_MX, &p, STANDING_PROTOCOL, 0);
    CHECK_EQ(ask(a, "192.0.2.1", 10, &p), ACCESS_BANNED);
    CHECK_EQ(ask(a, "192.0.2.1", 2000, &p), ACCESS_OPEN);
    CHECK_EQ(access_count(a, ACCESS_BANNED), 1);
    access_free(a);
    standing_free(s);
}
