#include "base/text.h"
#include "test.h"
#include <string.h>

TEST(hex)
{
    char out[8];
    uint8_t raw[4] = { 1, 2, 3, 4 };
    CHECK_EQ(text_hex(out, S("\x00\xff\x1a")), 6);
    CHECK_STR("hex", str_of(out, 6), "00ff1a");
    CHECK_OK(text_unhex(S("DEadBEef"), raw, 4));
    CHECK(memcmp(raw, "\xde\xad\xbe\xef", 4) == 0);
    CHECK(text_unhex(S("deadbee"), raw, 4) == ERR_BAD && text_unhex(S("deadbeef"), raw, 3) == ERR_BAD);
    CHECK(text_unhex(S("deadbe0g"), raw, 4) == ERR_BAD && raw[0] == 0xde);
    CHECK_OK(text_unhex(S(""), raw, 0));
}

TEST(base64_vectors) /* RFC 4648 section 10 */
{
    static const struct {
        const char *plain, *coded, *url;
    } cases[] = {
        { "", "", "" },
        { "f", "Zg==", "Zg" },
        { "fo", "Zm8=", "Zm8" },
        { "foo", "Zm9v", "Zm9v" },
        { "foob", "Zm9vYg==", "Zm9vYg" },
        { "fooba", "Zm9vYmE=", "Zm9vYmE" },
        { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
        { "\xfb\xff\xbf", "+/+/", "-_-_" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf b = { .max = 100 };
        text_base64(&b, str_c(cases[i].plain));
        CHECK_STR("encode", buf_str(&b), cases[i].coded);
        buf_clear(&b);
        text_base64url(&b, str_c(cases[i].plain));
        CHECK_STR("encode url", buf_str(&b), cases[i].url);
        buf_clear(&b);
        CHECK_OK(text_unbase64(&b, str_c(cases[i].coded)));
        CHECK_STR("decode", buf_str(&b), cases[i].plain);
        buf_clear(&b);
        CHECK_OK(text_unbase64url(&b, str_c(cases[i].url)));
        CHECK_STR("decode url", buf_str(&b), cases[i].plain);
    }
}

TEST(base64_is_canonical)
{
    static const char *bad[] = { "Zg",   "Zg=",    "Zg===",    "Zh==", "Zm9=", "Zm8",      "=",    "====",
                                 "A===", "Zg==\n", "Zg==Zg==", "-_-_", " Zg=", "Zm9v====", "Zm=v", "Z\0==" };
    AUTO_BUF struct buf b = { .max = 100 };
    buf_puts(&b, "kept");
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(text_unbase64(&b, str_c(bad[i])), ERR_BAD);
    static const char *bad_url[] = { "Z", "Zg==", "Zh", "Zm9vY", "+/+/", "Zm9" };
    for (size_t i = 0; i < COUNT(bad_url); i++)
        CHECK_EQ(text_unbase64url(&b, str_c(bad_url[i])), ERR_BAD);
    CHECK_STR("out stays as it was", buf_str(&b), "kept");
    b.max = 5;
    CHECK_EQ(text_unbase64(&b, S("Zm9v")), ERR_FULL);
}

TEST(utf8_well_formed)
{
    static const struct {
        const char *s;
        uint32_t cp;
    } good[] = { { "a", 'a' },
                 { "\x7f", 0x7f },
                 { "\xc2\x80", 0x80 },
                 { "\xdf\xbf", 0x7ff },
                 { "\xe0\xa0\x80", 0x800 },
                 { "\xed\x9f\xbf", 0xd7ff },
                 { "\xee\x80\x80", 0xe000 },
                 { "\xef\xbf\xbf", 0xffff },
                 { "\xf0\x90\x80\x80", 0x10000 },
                 { "\xf4\x8f\xbf\xbf", 0x10ffff } };
    for (size_t i = 0; i < COUNT(good); i++) {
        AUTO_BUF struct buf b = { .max = 8 };
        uint32_t cp = 1;
        struct str s = str_c(good[i].s);
        CHECK_EQ(utf8_next(s, &cp), s.n);
        CHECK_EQ(cp, good[i].cp);
        utf8_put(&b, cp);
        CHECK_STR("put", buf_str(&b), good[i].s);
        for (size_t cut = 0; cut < s.n; cut++)
            CHECK(utf8_next(str_sub(s, 0, cut), &cp) == 0);
    }
}

TEST(utf8_ill_formed)
{
    static const char *bad[] = { "\x80",
                                 "\xbf",
                                 "\xc0\x80",
                                 "\xc1\xbf",
                                 "\xe0\x9f\xbf",
                                 "\xed\xa0\x80",
                                 "\xed\xbf\xbf",
                                 "\xf0\x8f\xbf\xbf",
                                 "\xf4\x90\x80\x80",
                                 "\xf5\x80\x80\x80",
                                 "\xff",
                                 "\xfe",
                                 "\xc2 ",
                                 "\xe1\x80 ",
                                 "a\xc3" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!utf8_valid(str_c(bad[i])));
    CHECK(utf8_valid(S("")) && utf8_valid(S("a\0b")) && utf8_valid(S("\xe2\x82\xac")));
}

#define R "\xef\xbf\xbd"
TEST(utf8_scrub_counts_maximal_subparts)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "caf\xc3\xa9", "caf\xc3\xa9" },
        { "a\xf1\x80\x80\xe1\x80\xc2"
          "b\x80"
          "c\x80\xbf"
          "d",
          "a" R R R "b" R "c" R R "d" }, /* Unicode table 3-11 */
        { "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82"
          "A",
          R R R R R R R R "A" }, /* table 3-8 */
        { "\xed\xa0\x80", R R R },
        { "\xe2\x82", R },
        { "x\xe2", "x" R },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf b = { .max = 100 };
        utf8_scrub(&b, str_c(cases[i].in));
        CHECK_STR("scrub", buf_str(&b), cases[i].want);
    }
}

TEST(utf8_cut)
{
    struct str s = S("a\xe2\x82\xac\xf0\x9f\x98\x80");
    static const size_t want[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 8 };
    for (size_t n = 0; n < COUNT(want); n++)
        CHECK_EQ(utf8_cut(s, n).n, want[n]);
    CHECK_EQ(utf8_cut(S("\x80\x80\x80\x80\x80\x80"), 3).n, 3);
}

TEST(json)
{
    static const struct {
        struct str in;
        const char *want;
    } cases[] = {
        { STR(""), "\"\"" },
        { STR("a\"b\\c/"), "\"a\\\"b\\\\c/\"" },
        { STR("\b\f\n\r\t\x01\0\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u0000\\u007f\"" },
        { STR("</script>&\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u003c/script\\u003e\\u0026\\u2028\\u2029\"" },
        { STR("\xf0\x9f\x98\x80\xc3"), "\"\xf0\x9f\x98\x80" R "\"" },
        { STR("\xed\xa0\x80x"), "\"" R R R "x\"" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf b = { .max = 200 };
        text_json(&b, cases[i].in);
        CHECK_STR("json", buf_str(&b), cases[i].want);
    }
}

TEST(html_and_percent)
{
    AUTO_BUF struct buf b = { .max = 200 };
    text_html(&b, S("<a href=\"x\">'&"));
    CHECK_STR("html", buf_str(&b), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;");
    buf_clear(&b);
    CHECK_OK(text_percent_decode(&b, S("a+b%20c%2B%c3%A9"), true));
    CHECK_STR("form", buf_str(&b), "a b c+\xc3\xa9");
    buf_clear(&b);
    CHECK_OK(text_percent_decode(&b, S("a+b"), false));
    CHECK_STR("uri", buf_str(&b), "a+b");
    static const char *bad[] = { "%", "x%2", "%2g", "%g2", "%%20", "% 1" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(text_percent_decode(&b, str_c(bad[i]), true), ERR_BAD);
    CHECK_STR("kept", buf_str(&b), "a+b");
}

TEST(rfc3339)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        { 0, "1970-01-01T00:00:00Z" },
        { -1, "1969-12-31T23:59:59.999Z" },
        { 1795320306007, "2026-11-22T04:05:06.007Z" },
        { 951782400000, "2000-02-29T00:00:00Z" },
        { 4107542399000, "2100-02-28T23:59:59Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" },
        { INT64_MIN, "0000-01-01T00:00:00Z" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf b = { .max = 40 };
        text_rfc3339(&b, cases[i].ms);
        CHECK_STR("print", buf_str(&b), cases[i].want);
        int64_t back;
        CHECK_OK(text_rfc3339_parse(buf_str(&b), &back));
        if (cases[i].ms != INT64_MAX && cases[i].ms != INT64_MIN)
            CHECK_EQ(back, cases[i].ms);
    }
}

TEST(rfc3339_parse)
{
    int64_t ms;
    CHECK_OK(text_rfc3339_parse(S("2026-11-22t05:35:06.1234567+01:30"), &ms));
    CHECK_EQ(ms, 1795320306123);
    CHECK_OK(text_rfc3339_parse(S("2026-11-22 03:05:06-01:00"), &ms));
    CHECK_EQ(ms, 1795320306000);
    CHECK_OK(text_rfc3339_parse(S("2016-12-31T23:59:60Z"), &ms));
    CHECK_EQ(ms, 1483228800000);
    static const char *bad[] = { "",
                                 "2026-11-22",
                                 "2026-11-22T04:05:06",
                                 "2026-02-29T00:00:00Z",
                                 "2026-13-01T00:00:00Z",
                                 "2026-00-01T00:00:00Z",
                                 "2026-01-00T00:00:00Z",
                                 "2026-01-01T24:00:00Z",
                                 "2026-01-01T00:60:00Z",
                                 "2026-01-01T00:00:61Z",
                                 "2026-01-01T00:00:00.Z",
                                 "2026-01-01T00:00:00Zx",
                                 "2026-01-01T00:00:00+0100",
                                 "26-01-01T00:00:00Z",
                                 "2026-1-01T00:00:00Z",
                                 "+026-01-01T00:00:00Z" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(text_rfc3339_parse(str_c(bad[i]), &ms), ERR_BAD);
    CHECK_EQ(text_rfc3339_parse(S("2026-01-01T00:00:00\0"), &ms), ERR_BAD);
    CHECK_EQ(ms, 1483228800000);
}
