#include "test.h"
#include "wire/imap_set.h"

TEST(imap_sets)
{
    static const struct {
        const char *in;
        uint32_t star;
        enum err err;
        const char *want;
    } cases[] = {
        { "1", 9, OK, "1" },
        { "1:3", 9, OK, "1:3" },
        { "3:1", 9, OK, "1:3" },
        { "2,4:7,9,12:*", 15, OK, "2,4:7,9,12:15" }, /* RFC 9051 section 9 */
        { "*:4,5:7", 10, OK, "4:10" },
        { "*", 9, OK, "9" },
        { "5:*", 3, OK, "3:5" },
        { "1:*", 0, OK, "" },
        { "*,1", 0, OK, "1" },
        { "7,1,3,2", 9, OK, "1:3,7" },
        { "1:5,3:4,6", 9, OK, "1:6" },
        { "4294967295,1:4294967294", 9, OK, "1:4294967295" },
        { "*:*", 9, OK, "9" },
        { "0", 9, ERR_BAD, "" },
        { "01", 9, ERR_BAD, "" },
        { "1:0", 9, ERR_BAD, "" },
        { "4294967296", 9, ERR_BAD, "" },
        { "", 9, ERR_BAD, "" },
        { "1,", 9, ERR_BAD, "" },
        { ",1", 9, ERR_BAD, "" },
        { "1:", 9, ERR_BAD, "" },
        { "1:2:3", 9, ERR_BAD, "" },
        { "1 2", 9, ERR_BAD, "" },
        { "$", 9, OK, "" },
        { "$,1", 9, ERR_BAD, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 10000 };
        AUTO_BUF struct buf out = { .max = 1000 };
        struct imap_set s = { 0 };
        CHECK_EQ(imap_set_parse(&a, str_c(cases[i].in), cases[i].star, &s), cases[i].err);
        CHECK_EQ(s.saved, str_eq(str_c(cases[i].in), S("$")));
        imap_set_put(&out, &s);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

TEST(imap_set_questions)
{
    AUTO_ARENA struct arena a = { .max = 10000 };
    struct imap_set s;
    CHECK_OK(imap_set_parse(&a, S("2,4:7,4294967294:*"), UINT32_MAX, &s));
    CHECK_EQ(imap_set_count(&s), 7);
    CHECK_EQ(imap_set_last(&s), UINT32_MAX);
    CHECK(!imap_set_has(&s, 1) && imap_set_has(&s, 2) && !imap_set_has(&s, 3) && imap_set_has(&s, 4) &&
          imap_set_has(&s, 7) && !imap_set_has(&s, 8) && imap_set_has(&s, UINT32_MAX));
    AUTO_BUF struct buf out = { .max = 1000 };
    struct imap_set_walk w = imap_set_walk(&s);
    for (uint32_t n; imap_set_next(&w, &n);)
        buf_printf(&out, "%u ", n);
    CHECK_STR("walk", buf_str(&out), "2 4 5 6 7 4294967294 4294967295 ");
    CHECK(!imap_set_has(&(struct imap_set){ 0 }, 1) && imap_set_last(&(struct imap_set){ 0 }) == 0);
}

TEST(imap_set_made_of_numbers)
{
    static const uint32_t numbers[] = { 1, 2, 3, 7, 9, 10 };
    AUTO_ARENA struct arena a = { .max = 10000 };
    AUTO_BUF struct buf out = { .max = 1000 };
    struct imap_set s;
    CHECK_OK(imap_set_from(&a, numbers, COUNT(numbers), &s));
    imap_set_put(&out, &s);
    CHECK_STR("from", buf_str(&out), "1:3,7,9:10");
    CHECK_OK(imap_set_from(&a, NULL, 0, &s));
    CHECK_EQ(s.n, 0);
    buf_clear(&out);
    static const uint32_t any[] = { 5, 6, 2, 3, 4, 9 };
    struct imap_set_writer w = { .out = &out };
    for (size_t i = 0; i < COUNT(any); i++)
        imap_set_add(&w, any[i]);
    imap_set_end(&w);
    imap_set_end(&w);
    CHECK_STR("in any order", buf_str(&out), "5:6,2:4,9");
}

TEST(imap_set_in_a_command)
{
    AUTO_ARENA struct arena a = { .max = 10000 };
    struct imap_token t;
    struct imap_set s;
    imap_token_init(&t, &a, S("1:2 FLAGS"), false);
    CHECK(imap_set_read(&t, 9, &s) && s.n == 1);
    CHECK_STR("rest", t.rest, " FLAGS");
    imap_token_init(&t, &a, S("x"), false);
    CHECK(!imap_set_read(&t, 9, &s) && t.failed && !t.full);
}

/* 100,000 ranges backwards, each touching the next: one range; one more than that is refused. */
TEST(imap_set_of_many_ranges)
{
    AUTO_ARENA struct arena a = { .max = 4 << 20 };
    AUTO_BUF struct buf in = { .max = 4 << 20 };
    struct imap_set s;
    for (uint32_t i = LIMIT_IMAP_RANGES; i > 0; i--)
        buf_printf(&in, "%s%u:%u", i < LIMIT_IMAP_RANGES ? "," : "", i, i + 1);
    CHECK_OK(imap_set_parse(&a, buf_str(&in), 9, &s));
    CHECK(s.n == 1 && s.v[0].from == 1 && s.v[0].to == LIMIT_IMAP_RANGES + 1);
    buf_puts(&in, ",1");
    CHECK_EQ(imap_set_parse(&a, buf_str(&in), 9, &s), ERR_FULL);
}
