#include "base/str.h"
#include "test.h"

TEST(compare)
{
    CHECK(str_eq((struct str){ 0 }, S("")));
    CHECK(str_eq(S("a\0b"), S("a\0b")) && !str_eq(S("a\0b"), S("a\0c")));
    CHECK(str_eq_nocase(S("MaIl"), S("mAiL")) && !str_eq_nocase(S("["), S("{")));
    CHECK(!str_eq_nocase(S("\xc3\x84"), S("\xc3\xa4"))); /* ASCII only */
    CHECK(str_cmp(S("a"), S("ab")) < 0 && str_cmp(S("b"), S("ab")) > 0 && str_cmp(S("x"), S("x")) == 0);
    CHECK(str_cmp((struct str){ 0 }, S("")) == 0 && str_cmp(S("\xff"), S("a")) > 0);
    CHECK(str_starts(S("abc"), S("ab")) && str_starts(S(""), S("")) && !str_starts(S("a"), S("ab")));
    CHECK(str_starts_nocase(S("ABC"), S("ab")) && str_ends(S("abc"), S("bc")) && !str_ends(S("c"), S("bc")));
    CHECK(str_ends_nocase(S("x.COM"), S(".com")));
}

TEST(find)
{
    CHECK_EQ(str_chr(S("a.b.c"), '.'), 1);
    CHECK_EQ(str_rchr(S("a.b.c"), '.'), 3);
    CHECK(str_chr((struct str){ 0 }, '.') == STR_NONE && str_rchr(S("a"), '.') == STR_NONE);
    CHECK_EQ(str_find(S("hello"), S("ll")), 2);
    CHECK_EQ(str_find(S("hello"), S("")), 0);
    CHECK(str_find(S("l"), S("ll")) == STR_NONE && str_find((struct str){ 0 }, S("x")) == STR_NONE);
    CHECK_EQ(str_find_nocase(S("xxHeLLo"), S("hello")), 2);
    CHECK(str_find_nocase(S("hell"), S("hello")) == STR_NONE);
    CHECK_EQ(str_find_nocase(S(""), S("")), 0);
}

TEST(pieces)
{
    struct str rest;
    CHECK_STR("from clamps", str_from(S("abc"), 9), "");
    CHECK_STR("sub clamps", str_sub(S("abc"), 1, SIZE_MAX), "bc");
    CHECK_STR("trim", str_trim(S(" \t\r\n a b \r\n")), "a b");
    CHECK_STR("trim of nothing", str_trim(S(" \n")), "");
    CHECK_STR("cut", str_cut(S("k=v=w"), '=', &rest), "k");
    CHECK_STR("cut's rest", rest, "v=w");
    CHECK_STR("cut without it", str_cut(S("kv"), '=', &rest), "kv");
    CHECK_STR("no rest", rest, "");
    rest = S("a,b");
    CHECK_STR("aliased", str_cut(rest, ',', &rest), "a");
    CHECK_STR("aliased rest", rest, "b");
    CHECK_STR("word", str_word(S("  MAIL \t FROM:<> "), &rest), "MAIL");
    CHECK_STR("word's rest", rest, "FROM:<> ");
    CHECK_STR("no word", str_word(S("  "), &rest), "");
}

TEST(lines)
{
    struct str rest = S("a\r\nb\n\rc\r\n\r\nd\r");
    CHECK_STR("crlf", str_line(rest, &rest), "a");
    CHECK_STR("lf", str_line(rest, &rest), "b");
    CHECK_STR("leading cr stays", str_line(rest, &rest), "\rc");
    CHECK_STR("empty", str_line(rest, &rest), "");
    CHECK_STR("a cr without lf is no line end", str_line(rest, &rest), "d\r");
    CHECK_EQ(rest.n, 0);
}

TEST(numbers)
{
    uint64_t u = 7;
    uint32_t w = 7;
    CHECK(str_to_u64(S("18446744073709551615"), &u) && u == UINT64_MAX);
    CHECK(str_to_u64(S("0000000000000000000000007"), &u) && u == 7);
    static const char *bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "18446744073709551616", "99999999999999999999" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!str_to_u64(str_c(bad[i]), &u) && u == 7);
    CHECK(!str_to_u64(S("1\0"), &u));
    CHECK(!str_to_u32(S("4294967296"), &w) && w == 7 && str_to_u32(S("4294967295"), &w) && w == UINT32_MAX);
}

TEST(units)
{
    int64_t ms = 7;
    CHECK(str_to_duration_ms(S("10m"), &ms) && ms == 600000);
    CHECK(str_to_duration_ms(S("90"), &ms) && ms == 90000);
    CHECK(str_to_duration_ms(S("7D"), &ms) && ms == 604800000);
    CHECK(!str_to_duration_ms(S("m"), &ms) && !str_to_duration_ms(S(""), &ms) && !str_to_duration_ms(S("1w"), &ms));
    CHECK(!str_to_duration_ms(S("9223372036854775808"), &ms) && !str_to_duration_ms(S("200000000000d"), &ms));
    CHECK_EQ(ms, 604800000);
    uint64_t n = 7;
    CHECK(str_to_bytes(S("25M"), &n) && n == 25u << 20);
    CHECK(str_to_bytes(S("64k"), &n) && n == 65536 && str_to_bytes(S("5"), &n) && n == 5);
    CHECK(!str_to_bytes(S("17179869184G"), &n) && !str_to_bytes(S("1KB"), &n) && n == 5);
}
