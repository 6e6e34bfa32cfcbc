#include "base/clock.h"
#include "core/standing.h"
#include "test.h"
#include <string.h>

enum { MINUTE = 60 * 1000 };
static const struct standing_opts opts = { .ban_score = 100, .ban_ms = 10 * MINUTE, .ban_max_ms = 60 * MINUTE };
static const struct peer one = { .key = { 1 } }, two = { .key = { 2 } }, friend = { .key = { 3 }, .trusted = true };

static struct standing *standing_of(const struct standing_opts *o)
{
    struct standing *s;
    CHECK_OK(standing_new(o, &s));
    return s;
}

static void note(struct standing *s, const struct peer *p, enum standing_event e, int n, int64_t now_ms)
{
    for (int i = 0; i < n; i++)
        standing_note(s, STANDING_MX, p, e, now_ms);
}

TEST(who_hurts_is_banned_for_a_while_and_nobody_else)
{
    struct standing *s = standing_of(&opts);
    note(s, &one, STANDING_UNKNOWN, 99, 1000);
    CHECK(!standing_banned(s, STANDING_MX, &one, 1000));
    note(s, &one, STANDING_UNKNOWN, 1, 1000);
    CHECK(standing_banned(s, STANDING_MX, &one, 1000));
    CHECK(!standing_banned(s, STANDING_MX, &two, 1000));
    CHECK(!standing_banned(s, STANDING_READER, &one, 1000));
    CHECK(standing_banned(s, STANDING_MX, &one, 1000 + 10 * MINUTE - 1));
    CHECK(!standing_banned(s, STANDING_MX, &one, 1000 + 10 * MINUTE));
    CHECK_EQ(standing_bans(s, STANDING_UNKNOWN), 1);
    standing_free(s);
}

TEST(domains_and_boxes_are_counted_by_themselves)
{
    struct standing *s = standing_of(&opts);
    struct peer domain = standing_who(s, STANDING_SENDER, S("a.example"), 1000);
    struct peer same = standing_who(s, STANDING_SENDER, S("a.example"), 2000);
    struct peer other = standing_who(s, STANDING_SENDER, S("b.example"), 2000);
    struct peer box = standing_who(s, STANDING_BOX, S("a.example"), 2000);
    for (int i = 0; i < 34; i++)
        standing_count(s, STANDING_SENDER, &domain, STANDING_JUNK, 2000);
    CHECK(standing_banned(s, STANDING_SENDER, &same, 2000));
    CHECK(!standing_banned(s, STANDING_SENDER, &other, 2000));
    CHECK(!standing_banned(s, STANDING_BOX, &box, 2000));
    CHECK(memcmp(domain.key, box.key, sizeof box.key) != 0);
    CHECK_EQ(standing_events(s, STANDING_JUNK), 0); /* they were counted for their networks */
    struct peer tomorrow = standing_who(s, STANDING_SENDER, S("a.example"), clock_mono_ms() + 25 * 60 * MINUTE);
    CHECK(!standing_banned(s, STANDING_SENDER, &tomorrow, 2000));
    standing_free(s);
}

TEST(bans_grow_up_to_a_ceiling)
{
    static const int minutes[] = { 10, 20, 40, 60, 60 };
    struct standing *s = standing_of(&opts);
    int64_t now_ms = 1000;
    for (size_t i = 0; i < COUNT(minutes); i++) {
        note(s, &one, STANDING_PROTOCOL, 20, now_ms);
        CHECK(standing_banned(s, STANDING_MX, &one, now_ms + minutes[i] * MINUTE - 1));
        now_ms += minutes[i] * MINUTE;
        CHECK(!standing_banned(s, STANDING_MX, &one, now_ms));
    }
    standing_free(s);
}

TEST(time_and_good_mail_forgive)
{
    struct standing *s = standing_of(&opts);
    note(s, &one, STANDING_UNKNOWN, 90, 1000);
    note(s, &one, STANDING_UNKNOWN, 90, 1000 + 20 * MINUTE); /* the first ninety are forgotten */
    CHECK(!standing_banned(s, STANDING_MX, &one, 1000 + 20 * MINUTE));
    note(s, &two, STANDING_UNKNOWN, 90, 1000);
    note(s, &two, STANDING_GOOD, 30, 1000);
    note(s, &two, STANDING_UNKNOWN, 60, 1000);
    CHECK(!standing_banned(s, STANDING_MX, &two, 1000));
    standing_free(s);
}

TEST(answers_come_late_before_they_stop)
{
    struct standing *s = standing_of(&opts);
    note(s, &one, STANDING_UNKNOWN, 49, 1000);
    CHECK_EQ(standing_tarpit_ms(s, STANDING_MX, &one, 1000), 0);
    note(s, &one, STANDING_UNKNOWN, 1, 1000);
    CHECK_EQ(standing_tarpit_ms(s, STANDING_MX, &one, 1000), 2000);
    CHECK_EQ(standing_tarpit_ms(s, STANDING_MX, &two, 1000), 0);
    standing_free(s);
}

TEST(the_same_wrong_secret_counts_once)
{
    struct standing *s = standing_of(&opts);
    for (int i = 0; i < 1000; i++)
        standing_wrong_secret(s, STANDING_READER, &one, 7, 1000);
    CHECK(!standing_banned(s, STANDING_READER, &one, 1000));
    for (uint32_t i = 0; i < 25; i++)
        standing_wrong_secret(s, STANDING_READER, &two, i, 1000);
    CHECK(standing_banned(s, STANDING_READER, &two, 1000));
    CHECK_EQ(standing_events(s, STANDING_LOGIN), 26);
    standing_free(s);
}

TEST(the_trusted_are_not_counted_and_zero_bans_nobody)
{
    struct standing *s = standing_of(&opts), *off = standing_of(&(struct standing_opts){ .ban_score = 0 });
    note(s, &friend, STANDING_PROTOCOL, 1000, 1000);
    CHECK(!standing_banned(s, STANDING_MX, &friend, 1000));
    note(off, &one, STANDING_PROTOCOL, 1000, 1000);
    CHECK(!standing_banned(off, STANDING_MX, &one, 1000));
    standing_free(off);
    standing_free(s);
}

TEST(the_operator_lists_and_lifts)
{
    struct standing *s = standing_of(&opts);
    struct standing_ban b[2];
    note(s, &one, STANDING_JUNK, 40, 1000);
    note(s, &two, STANDING_CROWD, 100, 1000);
    CHECK_EQ(standing_list(s, 1000, b, 2), 2);
    CHECK_EQ(standing_list(s, 1000 + 11 * MINUTE, b, 2), 0);
    CHECK_EQ(standing_lift(s, &one, 1000), 1);
    CHECK_EQ(standing_list(s, 1000, b, 2), 1);
    CHECK(b[0].reason == STANDING_CROWD && b[0].left_ms == 10 * MINUTE && memcmp(b[0].id, two.key, 4) == 0);
    CHECK_EQ(standing_lift_id(s, b[0].id, 1000), 1);
    CHECK_EQ(standing_lift_all(s, 1000), 0);
    standing_free(s);
}

TEST(a_crowd_of_networks_pushes_out_the_harmless_first)
{
    struct standing *s = standing_of(&opts);
    note(s, &one, STANDING_PROTOCOL, 20, 1000);
    for (uint32_t i = 0; i < 100000; i++) {
        struct peer p = { .key = { 9 } };
        memcpy(p.key + 8, &i, sizeof i);
        note(s, &p, STANDING_UNKNOWN, 1, 1000);
    }
    CHECK(standing_banned(s, STANDING_MX, &one, 1000));
    standing_free(s);
}
