#include "test.h"
#include "wire/smtp_reply.h"

static struct smtp_reply fresh(void) { return (struct smtp_reply){ .text.max = LIMIT_REPLY_TEXT }; }

TEST(smtp_reply_forms)
{
    static const struct {
        const char *what, *in;
        enum err e;
        unsigned code;
        const char *enhanced, *text;
    } cases[] = {
        { "one line", "250 2.1.5 fine\r\n", OK, 250, "2.1.5", "fine\n" },
        { "a code alone", "354\r\n", OK, 354, "", "\n" },
        { "LF alone", "220 mx\n", OK, 220, "", "mx\n" },
        { "many lines", "250-mx\r\n250-SIZE 10\r\n250 OK\r\n", OK, 250, "", "mx\nSIZE 10\nOK\n" },
        { "an enhanced code in each", "550-5.1.1 no\r\n550 5.1.1 such\r\n", OK, 550, "5.1.1", "no\nsuch\n" },
        { "of another class: text", "450 5.1.1 hm\r\n", OK, 450, "", "5.1.1 hm\n" },
        { "no enhanced code but nearly", "250 2.1 x\r\n", OK, 250, "", "2.1 x\n" },
        { "too many digits", "250 2.1234.1 x\r\n", OK, 250, "", "2.1234.1 x\n" },
        { "enhanced and no more", "250 2.0.0\r\n", OK, 250, "2.0.0", "\n" },
        { "control characters", "250 a\001b\tc\r\n", OK, 250, "", "a b c\n" },
        { "not whole", "250 x", ERR_MORE, 0, "", "" },
        { "more to come", "250-x\r\n", ERR_MORE, 0, "", "" },
        { "words", "hello\r\n", ERR_BAD, 0, "", "" },
        { "first digit", "150 x\r\n", ERR_BAD, 0, "", "" },
        { "an empty line", "\r\n", ERR_BAD, 0, "", "" },
        { "two digits", "25\r\n", ERR_BAD, 0, "", "" },
        { "a wrong separator", "250:x\r\n", ERR_BAD, 0, "", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_reply r = fresh();
        size_t used, n = strlen(cases[i].in);
        CHECK_STR(cases[i].what, S(""), "");
        enum err e = ERR_MORE;
        for (size_t k = 0; k < n && e == ERR_MORE; k++) /* octet by octet */
            e = smtp_reply_feed(&r, str_of(cases[i].in + k, 1), &used);
        CHECK_EQ(e, cases[i].e);
        if (e == OK) {
            CHECK_EQ(r.code, cases[i].code);
            CHECK_STR(cases[i].what, str_c(r.enhanced), cases[i].enhanced);
            CHECK_STR(cases[i].what, buf_str(&r.text), cases[i].text);
        }
        buf_fini(&r.text);
    }
}

TEST(smtp_reply_one_after_the_other)
{
    struct smtp_reply r = fresh();
    struct str in = S("250 a\r\n450 4.2.1 b\r\n");
    size_t used;
    CHECK_OK(smtp_reply_feed(&r, in, &used));
    CHECK_EQ(used, 7);
    CHECK_OK(smtp_reply_feed(&r, str_from(in, used), &used));
    CHECK_EQ(r.code, 450);
    CHECK_STR("the second alone", buf_str(&r.text), "b\n");
    buf_fini(&r.text);
}

/* The code of a long reply counts, of its text only the beginning; one without end is given up. */
TEST(smtp_reply_long)
{
    struct smtp_reply r = fresh();
    AUTO_BUF struct buf in = { .max = 4 << 20 };
    size_t used;
    for (int i = 0; i < 2000; i++)
        buf_puts(&in, "550-5.7.1 you are not welcome here, and I shall tell you why\r\n");
    buf_puts(&in, "550 5.7.1 so\r\n");
    CHECK_OK(smtp_reply_feed(&r, buf_str(&in), &used));
    CHECK_EQ(used, in.n);
    CHECK_EQ(r.code, 550);
    CHECK(r.text.n <= LIMIT_REPLY_TEXT && !r.text.failed);
    AUTO_BUF struct buf words = { .max = 100 };
    smtp_reply_words(&words, &r, 20);
    CHECK_STR("cut", buf_str(&words), "you are not welcome ");
    while (in.n < LIMIT_REPLY_BYTES + 10)
        buf_puts(&in, "550-and then there is another thing\r\n");
    CHECK_EQ(smtp_reply_feed(&r, str_from(buf_str(&in), 2000 * 62 + 14), &used), ERR_MORE);
    while (smtp_reply_feed(&r, S("550-more\r\n"), &used) == ERR_MORE)
        continue;
    CHECK_EQ(smtp_reply_feed(&r, S("550 end\r\n"), &used), ERR_FULL);
    buf_fini(&r.text);
}

TEST(smtp_offers)
{
    struct smtp_offers o =
        smtp_offers_of(S("PIPELINING is no name\nsize 1000\nAUTH LOGIN plain X\n8bitmime\nCHUNKING\nFOO"));
    CHECK(o.size && o.size_max == 1000 && o.auth_plain && o.auth_login && o.eightbit && o.chunking);
    CHECK(!o.pipelining && !o.dsn && !o.starttls && !o.utf8);
    o = smtp_offers_of(S(""));
    CHECK(!o.size && !o.auth_plain);
}
