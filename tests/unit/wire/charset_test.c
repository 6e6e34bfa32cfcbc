#include "base/text.h"
#include "test.h"
#include "wire/charset.h"

TEST(charset_conversions)
{
    static const struct {
        const char *name;
        struct str in;
        const char *want;
        bool exact;
    } cases[] = {
        { "utf-8", STR("\xc3\xa4"), "\xc3\xa4", true },
        { "UTF8", STR("\xef\xbb\xbf\xc3\xa4"), "\xc3\xa4", true },
        { "utf-8", STR("\xc3\xa4\xff"), "\xc3\xa4\xef\xbf\xbd", false },
        { "utf-8", STR("a\xe4"), "a\xc3\xa4", false },
        { "iso-8859-1", STR("\xe4\x80"), "\xc3\xa4\xe2\x82\xac", true },
        { "ISO_8859-1:1987", STR("\xe4"), "\xc3\xa4", true },
        { "windows-1252", STR("\x81"), "\xef\xbf\xbd", false },
        { "us-ascii", STR("abc"), "abc", true },
        { "us-ascii", STR("\xc3\xa4"), "\xc3\xa4", false },
        { "us-ascii", STR("\xe4"), "\xc3\xa4", false },
        { "", STR("\xe4"), "\xc3\xa4", false },
        { "no-such-thing", STR("\xe4"), "\xc3\xa4", false },
        { "../../etc/passwd", STR("a"), "a", false },
        { "UTF-8//TRANSLIT", STR("a"), "a", false },
        { "koi8-r", STR("\xd0\xd2\xc9"), "\xd0\xbf\xd1\x80\xd0\xb8", true },
        { "windows-1251", STR("\xef\xf0\xe8"), "\xd0\xbf\xd1\x80\xd0\xb8", true },
        { "gb2312", STR("\xc4\xe3"), "\xe4\xbd\xa0", true },
        { "big5", STR("\xa7\x41"), "\xe4\xbd\xa0", true },
        { "euc-kr", STR("\xc7\xd1"), "\xed\x95\x9c", true },
        { "ks_c_5601-1987", STR("\xc7\xd1"), "\xed\x95\x9c", true },
        { "iso-2022-jp", STR("\x1b$BF|K\\\x1b(B"), "\xe6\x97\xa5\xe6\x9c\xac", true },
        { "shift_jis", STR("\x93\xfa\x96"), "\xe6\x97\xa5\xef\xbf\xbd", false },
        { "euc-jp", STR("\xff\x41"), "\xef\xbf\xbd\x41", false },
        { "utf-16", STR("\xff\xfe\xe4\x00"), "\xc3\xa4", true },
        { "utf-16", STR("\xfe\xff\x00\xe4"), "\xc3\xa4", true },
        { "utf-16be", STR("\x00\xe4"), "\xc3\xa4", true },
        { "utf-7", STR("+AOQ-"), "\xc3\xa4", true },
        { "iso-8859-8-i", STR("\xe0"), "\xd7\x90", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 256 };
        bool exact = charset_to_utf8(&out, str_c(cases[i].name), cases[i].in);
        CHECK_STR(cases[i].name, buf_str(&out), cases[i].want);
        CHECK_EQ(exact, cases[i].exact);
    }
}

TEST(charset_rows_all_open)
{
    struct charset_kept k;
    size_t n = charset_prime(&k);
    CHECK(n >= 45);
    charset_unprime(&k);
    CHECK_EQ(k.n, 0);
    static const char *const names[] = { "iso-8859-2", "ISO-8859-15", "windows-1250", "cp850",    "macintosh",
                                         "gbk",        "GB18030",     "iso-2022-kr",  "euc-tw",   "koi8-u",
                                         "tis-620",    "viscii",      "johab",        "armscii-8" };
    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO_BUF struct buf out = { .max = 64 };
        CHECK(charset_known(str_c(names[i])));
        CHECK(charset_to_utf8(&out, str_c(names[i]), S("abc")));
    }
    CHECK(!charset_known(S("")));
    CHECK(!charset_known(S("----")));
}

TEST(charset_keeps_to_the_ceiling)
{
    static const char *const names[] = { "utf-8", "iso-8859-1", "koi8-r", "nix" };
    for (size_t i = 0; i < COUNT(names); i++) {
        AUTO_BUF struct buf out = { .max = 10 };
        charset_to_utf8(&out, str_c(names[i]), S("\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4\xe4"));
        CHECK(out.failed && out.n <= 10);
    }
}

TEST(charset_gives_up_on_what_is_none)
{
    AUTO_BUF struct buf in = { .max = 1 << 20 }, out = { .max = 1 << 24 };
    while (in.n < 30000)
        buf_puts(&in, "\x80\xff.");
    buf_puts(&in, "the end\xff");
    CHECK(!charset_to_utf8(&out, S("iso-2022-jp"), buf_str(&in)));
    CHECK(utf8_valid(buf_str(&out)));
    CHECK(str_ends(buf_str(&out), S("\xef\xbf\xbd.the end\xef\xbf\xbd")));
    CHECK_EQ(out.n, 10000 * 7 + 7 + 3);
}

TEST(charset_any_octets_give_utf8)
{
    static const char *const names[] = { "shift_jis", "euc-jp", "iso-2022-jp", "iso-2022-kr", "iso-2022-cn", "gb18030",
                                         "big5",      "euc-kr", "utf-16",      "utf-32",      "utf-7",       "euc-tw",
                                         "johab",     "" };
    char all[1024];
    uint32_t x = 1;
    for (size_t i = 0; i < COUNT(names); i++)
        for (int round = 0; round < 50; round++) {
            for (size_t k = 0; k < sizeof all; k++)
                all[k] = (char)((x = x * 1664525u + 1013904223u) >> 24);
            AUTO_BUF struct buf out = { .max = 16384 };
            charset_to_utf8(&out, str_c(names[i]), str_of(all, sizeof all));
            CHECK(utf8_valid(buf_str(&out)) && !out.failed);
        }
}
