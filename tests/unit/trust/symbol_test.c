#include "test.h"
#include "trust/symbol.h"

static struct str put(struct buf *b, const struct symbols *s)
{
    symbols_put(b, s);
    return buf_str(b);
}

TEST(symbols_sum_up_to_a_word)
{
    static const struct {
        const char *what;
        double scores[2];
        const char *want;
    } cases[] = {
        { "nothing found", { 0, 0 }, "ham" },
        { "for it", { -1, 0.5 }, "ham" },
        { "a little against it", { 0.1 }, "unsure" },
        { "just not junk", { 2.0, 0.19 }, "unsure" },
        { "junk", { 2.0, 0.2 }, "junk" },
        { "one outweighs the other", { 5, -3 }, "unsure" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct symbols s = { 0 };
        symbols_add(&s, S("A"), cases[i].scores[0], S("a"));
        symbols_add(&s, S("B"), cases[i].scores[1], S("b"));
        CHECK_STR(cases[i].what, symbols_word_name(symbols_word(&s)), cases[i].want);
    }
}

TEST(a_symbol_is_there_once_and_has_a_ceiling)
{
    struct symbols s = { 0 };
    symbols_add(&s, S("A"), 1, S("first"));
    symbols_add(&s, S("A"), 0.5, S("weaker"));
    symbols_add(&s, S("A"), -1.5, S("stronger"));
    symbols_add(&s, S("B"), 1e9, S("too sure"));
    symbols_add(&s, S("C"), __builtin_nan(""), S("no number"));
    CHECK_EQ(s.n, 2);
    CHECK_STR("the stronger", s.v[0].reason, "stronger");
    CHECK_EQ(s.v[1].score == SYMBOL_SCORE_MAX, 1);
    static char names[LIMIT_SYMBOLS + 5];
    for (size_t i = 0; i < COUNT(names); i++) {
        names[i] = (char)(i + 1);
        symbols_add(&s, str_of(&names[i], 1), 1, S(""));
    }
    CHECK_EQ(s.n, LIMIT_SYMBOLS);
}

TEST(symbols_outlive_what_they_were_made_of)
{
    AUTO_ARENA struct arena a = { .max = 4096 }, tiny = { .max = 1 };
    struct symbols s = { 0 }, from = { 0 };
    char text[] = "GONE";
    symbols_add(&from, str_of(text, 4), 1, str_of(text, 4));
    from.scan = str_of(text, 4);
    CHECK_EQ(symbols_copy(&s, &a, &from), OK);
    text[0] = 'D';
    CHECK_STR("its own", s.v[0].name, "GONE");
    CHECK_STR("its own", s.scan, "GONE");
    CHECK_EQ(symbols_copy(&s, &tiny, &from), ERR_FULL);
}

static const struct learned_words words = { STR("like junk"), STR("neither"), STR("like mail") };

TEST(a_learned_reason_tells_no_more_than_its_side)
{
    static const struct {
        double score;
        const char *reason, *shown;
    } cases[] = {
        { 5, "like junk", "1" },   { 1.01, "like junk", "1" },   { 1, "neither", "0" },     { 0, "neither", "0" },
        { -0.99, "neither", "0" }, { -1.01, "like mail", "-1" }, { -5, "like mail", "-1" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 }, want = { .max = 100 };
        struct symbols s = { 0 };
        symbols_add_learned(&s, S("L"), cases[i].score, &words);
        CHECK_STR("its side", s.v[0].reason, cases[i].reason);
        buf_printf(&want, "\"score\":%s,\"reason\"", cases[i].shown);
        CHECK(str_find(put(&out, &s), buf_str(&want)) != STR_NONE);
    }
}

TEST(symbols_as_the_api_has_them)
{
    AUTO_BUF struct buf empty = { .max = 1000 }, some = { .max = 1000 };
    struct symbols s = { 0 };
    CHECK_STR("none", put(&empty, &s), "{\"score\":0,\"word\":\"ham\",\"symbols\":[],\"scan\":null}");
    symbols_add(&s, S("A"), 2.5, S("why \"so\""));
    symbols_add(&s, S("B"), -0.05, S(""));
    symbols_add_learned(&s, S("L"), 1.37, &words);
    s.scan = S("malware: X");
    CHECK_STR("some", put(&some, &s),
              "{\"score\":0.9,\"word\":\"junk\",\"symbols\":["
              "{\"name\":\"A\",\"score\":2.50,\"reason\":\"why \\\"so\\\"\"},"
              "{\"name\":\"B\",\"score\":-0.05,\"reason\":\"\"},"
              "{\"name\":\"L\",\"score\":1,\"reason\":\"like junk\"}],\"scan\":\"malware: X\"}");
}
