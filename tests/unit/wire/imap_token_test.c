#include "test.h"
#include "wire/imap_token.h"

static struct arena arena = { .max = 1 << 20 };

static struct imap_token of(const char *s)
{
    struct imap_token t;
    imap_token_init(&t, &arena, arena_printf(&arena, "%s\r\n", s), true);
    return t;
}

/* The thing that a letter stands for, as text; "-" when it is not there. */
static struct str take(char what, const char *in, struct buf *out)
{
    struct imap_token t = of(in);
    struct str s = { NULL, 0 };
    uint32_t n;
    uint64_t n64;
    bool good = false;
    switch (what) {
    case 't':
        good = imap_token_tag(&t, &s);
        break;
    case 'a':
        good = imap_token_atom(&t, &s);
        break;
    case 's':
        good = imap_token_string(&t, &s);
        break;
    case 'A':
        good = imap_token_astring(&t, &s);
        break;
    case 'N':
        good = imap_token_nstring(&t, &s);
        s = good && s.p == NULL ? S("<nil>") : s;
        break;
    case 'l':
        good = imap_token_list_mailbox(&t, &s);
        break;
    case 'n':
        good = imap_token_number(&t, &n);
        s = good ? arena_printf(&arena, "%u", n) : s;
        break;
    case 'z':
        good = imap_token_nz_number(&t, &n);
        s = good ? arena_printf(&arena, "%u", n) : s;
        break;
    case '6':
        good = imap_token_number64(&t, &n64);
        s = good ? arena_printf(&arena, "%llu", (unsigned long long)n64) : s;
        break;
    }
    CHECK_EQ(good, !t.failed);
    buf_put(out, good ? s : S("-"));
    if (good && t.rest.n > 0) {
        buf_putc(out, '|');
        buf_put(out, t.rest);
    }
    return buf_str(out);
}

TEST(imap_tokens)
{
    static const struct {
        char what;
        const char *in, *want;
    } cases[] = {
        { 't', "a1 NOOP", "a1|NOOP" },
        { 't', "a.1-]  NOOP", "a.1-]|NOOP" },
        { 't', "a+1 NOOP", "-" },
        { 't', " NOOP", "-" },
        { 't', "a", "a" },
        { 't', "a(b", "-" },
        { 'a', "SELECT x", "SELECT| x" },
        { 'a', "a]b", "a|]b" },
        { 'a', "a%b", "a|%b" },
        { 'a', "a+b=c", "a+b=c" },
        { 'a', "\"a\"", "-" },
        { 'a', "", "-" },
        { 'a', "\x80", "-" },
        { 's', "\"\"", "" },
        { 's', "\"a b\" c", "a b| c" },
        { 's', "\"a\\\"b\\\\\"", "a\"b\\" },
        { 's', "\"a\\b\"", "-" },
        { 's', "\"a", "-" },
        { 's', "\"a\\", "-" },
        { 's', "\"a\r\nb\"", "-" },
        { 's', "\"\xc3\xa4\"", "\xc3\xa4" },
        { 's', "\"\xe4\"", "-" },
        { 's', "{3}\r\nabc d", "abc| d" },
        { 's', "{3+}\r\nabc", "abc" },
        { 's', "{0}\r\n", "" },
        { 's', "{2}\r\n\r\n", "\r\n" },
        { 's', "{4}\r\nabc", "-" },
        { 's', "{3}abc", "-" },
        { 's', "{}\r\nabc", "-" },
        { 's', "~{3}\r\nabc", "-" },
        { 's', "{3\r\nabc", "-" },
        { 's', "{99999999999999999999}\r\nabc", "-" },
        { 's', "abc", "-" },
        { 'A', "a]b c", "a]b| c" },
        { 'A', "a*b", "a|*b" },
        { 'A', "\"x\"", "x" },
        { 'A', "{1}\r\nx", "x" },
        { 'A', "(x)", "-" },
        { 'N', "NIL", "<nil>" },
        { 'N', "nil x", "<nil>| x" },
        { 'N', "NILX", "-" },
        { 'N', "\"NIL\"", "NIL" },
        { 'l', "a%*b c", "a%*b| c" },
        { 'l', "\"%\"", "%" },
        { 'n', "0", "0" },
        { 'n', "4294967295 ", "4294967295| " },
        { 'n', "4294967296", "-" },
        { 'n', "-1", "-" },
        { 'n', "x", "-" },
        { 'z', "0", "-" },
        { 'z', "01", "-" },
        { 'z', "10", "10" },
        { '6', "9223372036854775807", "9223372036854775807" },
        { '6', "9223372036854775808", "-" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        CHECK_STR(cases[i].in, take(cases[i].what, cases[i].in, &out), cases[i].want);
    }
    arena_reset(&arena);
}

TEST(imap_command_that_ends_in_a_literal)
{
    struct imap_token t;
    struct str s;
    imap_token_init(&t, &arena, S("{2}\r\n\r\n\r\n"), false);
    CHECK(imap_token_string(&t, &s) && s.n == 2 && imap_token_end(&t));
    imap_token_init(&t, &arena, S("{0}\r\n\r\n"), false);
    CHECK(imap_token_string(&t, &s) && s.n == 0 && imap_token_end(&t));
}

TEST(imap_quoted_utf8_is_for_those_who_asked_for_it)
{
    struct imap_token t;
    struct str s;
    imap_token_init(&t, &arena, S("\"\xc3\xa4\""), false);
    CHECK(!imap_token_string(&t, &s));
    imap_token_init(&t, &arena, S("{2}\r\n\xc3\xa4\r\n"), false);
    CHECK(imap_token_string(&t, &s) && imap_token_end(&t));
}

TEST(imap_tokens_fail_for_good)
{
    struct imap_token t = of("a LOGIN u p");
    struct str s;
    uint32_t n;
    CHECK(imap_token_tag(&t, &s));
    CHECK(!imap_token_number(&t, &n));
    CHECK(t.failed && !imap_token_atom(&t, &s) && !imap_token_end(&t) && !imap_token_try(&t, S("LOGIN")));
    CHECK_EQ(imap_token_peek(&t), '\0');
}

TEST(imap_long_tags)
{
    char tag[LIMIT_IMAP_TAG + 1];
    struct imap_token t;
    struct str s;
    for (size_t i = 0; i < sizeof tag; i++)
        tag[i] = 'x';
    imap_token_init(&t, &arena, str_of(tag, LIMIT_IMAP_TAG), true);
    CHECK(imap_token_tag(&t, &s) && s.n == LIMIT_IMAP_TAG);
    imap_token_init(&t, &arena, str_of(tag, LIMIT_IMAP_TAG + 1), true);
    CHECK(!imap_token_tag(&t, &s) && t.full);
}

TEST(imap_words)
{
    struct imap_token t = of("HEADER.FIELDS (x)");
    CHECK(!imap_token_try(&t, S("HEADER")) && !t.failed);
    CHECK(imap_token_try(&t, S("header.fields")) && imap_token_sp(&t) && imap_token_open(&t));
    struct imap_token end = of("x  ");
    struct str s;
    CHECK(imap_token_atom(&end, &s) && imap_token_end(&end));
}

TEST(imap_parentheses)
{
    struct imap_token t = of("(a  b c) d");
    struct str s;
    size_t n = 0;
    CHECK(imap_token_open(&t));
    do {
        CHECK(imap_token_atom(&t, &s));
        n++;
    } while (imap_token_more(&t));
    CHECK(n == 3 && !t.failed && t.depth == 0);
    CHECK_STR("rest", t.rest, " d");
    t = of("(a(b)");
    CHECK(imap_token_open(&t) && imap_token_atom(&t, &s) && !imap_token_more(&t) && t.failed);
    t = of(")");
    CHECK(!imap_token_close(&t));
    t = of("((((((((((((((((((((((((((((((((((((((((");
    while (imap_token_open(&t)) {}
    CHECK(t.full && t.depth == LIMIT_IMAP_DEPTH);
}

TEST(imap_announcements)
{
    struct imap_token t = of("~{300+}");
    struct imap_literal l;
    CHECK(imap_token_announce(&t, &l) && l.size == 300 && l.binary && !l.sync);
    t = of("{7}");
    CHECK(imap_token_announce(&t, &l) && l.size == 7 && !l.binary && l.sync);
    t = of("{7} ");
    CHECK(!imap_token_announce(&t, &l));
}

static struct str flags(const char *in, bool store, struct buf *out)
{
    struct imap_token t = of(in);
    struct imap_flags f;
    if (!(store ? imap_token_store_flags(&t, &f) : imap_token_flag_list(&t, &f)) || !imap_token_end(&t))
        return S("-");
    imap_flags_put(out, f.system);
    for (size_t i = 0; i < f.keyword_n; i++) {
        buf_putc(out, ' ');
        buf_put(out, f.keywords[i]);
    }
    return buf_str(out);
}

TEST(imap_flag_lists)
{
    static const struct {
        const char *in;
        bool store;
        const char *want;
    } cases[] = {
        { "()", false, "" },
        { "(\\Seen)", false, "\\Seen" },
        { "(\\draft \\DELETED \\answered \\Flagged)", false, "\\Answered \\Flagged \\Deleted \\Draft" },
        { "($Junk work $junk \\Seen)", false, "\\Seen $Junk work" },
        { "(\\Recent)", false, "-" },
        { "(\\*)", false, "-" },
        { "(\\Bogus)", false, "-" },
        { "(\\Seen", false, "-" },
        { "\\Seen", false, "-" },
        { "\\Seen \\Draft x", true, "\\Seen \\Draft x" },
        { "(\\Seen x)", true, "\\Seen x" },
        { "\\ Seen", true, "-" },
        { "", true, "-" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        CHECK_STR(cases[i].in, flags(cases[i].in, cases[i].store, &out), cases[i].want);
    }
    CHECK(imap_keyword_valid(S("$Forwarded")) && !imap_keyword_valid(S("a b")) && !imap_keyword_valid(S("")) &&
          !imap_keyword_valid(S("\\Seen")) && !imap_keyword_valid(S("a]")));
    CHECK_EQ(imap_flag_bit(S("\\recent")), IMAP_RECENT);
    arena_reset(&arena);
}

TEST(imap_dates)
{
    static const struct {
        const char *in;
        bool good;
        int64_t ms;
        int zone;
    } times[] = {
        { "\"17-Jul-1996 02:44:25 -0700\"", true, 837596665000, -420 },
        { "\" 1-Jan-1970 00:00:00 +0000\"", true, 0, 0 },
        { "\"01-jan-1970 01:00:00 +0100\"", true, 0, 60 },
        { "\"29-Feb-2024 23:59:60 +0000\"", true, 1709251200000, 0 },
        { "\"30-Feb-2024 00:00:00 +0000\"", false, 0, 0 },
        { "\"1-Jan-1970 00:00:00 +0000\"", false, 0, 0 },
        { "\"17-Jul-1996 24:44:25 -0700\"", false, 0, 0 },
        { "\"17-Jul-1996 02:44:25 PDT\"", false, 0, 0 },
        { "\"17-Jul-1996 02:44:25  0700\"", false, 0, 0 },
        { "17-Jul-1996", false, 0, 0 },
        { "\"\"", false, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(times); i++) {
        struct imap_token t = of(times[i].in);
        int64_t ms = 0;
        int zone = 0;
        CHECK_EQ(imap_token_date_time(&t, &ms, &zone), times[i].good);
        CHECK_EQ(ms, times[i].ms);
        CHECK_EQ(zone, times[i].zone);
    }
    static const struct {
        const char *in;
        bool good;
        int32_t day;
    } days[] = { { "1-Feb-1970", true, 31 },     { "\"01-FEB-1970\"", true, 31 }, { "31-Dec-1969", true, -1 },
                 { "29-Feb-2023", false, 0 },    { "1-Foo-1970", false, 0 },      { "1-Feb-70", false, 0 },
                 { "0-Feb-1970", false, 0 },     { "1-Feb-1970x", false, 0 },     { "001-Feb-1970", false, 0 },
                 { "1-February-1970", false, 0 } };
    for (size_t i = 0; i < COUNT(days); i++) {
        struct imap_token t = of(days[i].in);
        int32_t day = 0;
        CHECK_EQ(imap_token_date(&t, &day), days[i].good);
        CHECK_EQ(day, days[i].day);
    }
    AUTO_BUF struct buf out = { .max = 100 };
    imap_date_time_put(&out, 837596665000, -420);
    CHECK_STR("and back", buf_str(&out), "\"17-Jul-1996 02:44:25 -0700\"");
}
