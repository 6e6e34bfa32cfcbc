#include "test.h"
#include "wire/cte.h"
#include <string.h>

static const struct {
    const char *what;
    enum cte kind;
    const char *in, *want;
    bool good;
} cases[] = {
    { "base64", CTE_BASE64, "aGVsbG8=\r\n", "hello", true },
    { "lines", CTE_BASE64, "aGVs\r\nbG8=\r\n", "hello", true },
    { "unpadded", CTE_BASE64, "aGVsbG8", "hello", false },
    { "junk", CTE_BASE64, "aG*Vs!bG8=", "hello", false },
    { "glued", CTE_BASE64, "aGk=aGk=", "hihi", false },
    { "lone character", CTE_BASE64, "aGVsb", "hel", false },
    { "nothing", CTE_BASE64, "", "", true },
    { "plain", CTE_QP, "a=3Db=\r\nc\r\n", "a=bc\r\n", true },
    { "bare LF", CTE_QP, "a=\nb\n", "ab\n", true },
    { "lower case", CTE_QP, "=c3=a4", "\xc3\xa4", true },
    { "blanks at the end of a line", CTE_QP, "a \t\r\nb  \n", "a\r\nb\n", true },
    { "blanks within", CTE_QP, "a \t b", "a \t b", true },
    { "soft with blanks", CTE_QP, "a= \t\r\nb", "ab", true },
    { "no hex", CTE_QP, "a=ZZb", "a=ZZb", false },
    { "half", CTE_QP, "a=4", "a=4", false },
    { "soft at the end", CTE_QP, "a=", "a", true },
    { "two signs", CTE_QP, "a==41", "a=A", false },
    { "sign, blank, text", CTE_QP, "a= b", "a= b", false },
    { "bare CR", CTE_QP, "a\rb", "a\rb", true },
    { "blanks at the very end", CTE_QP, "a  ", "a", true },
    { "uuencode", CTE_UU, "begin 644 x\n%:&5L;&\\\n`\nend\n", "hello", true },
    { "uu with CRLF and text before", CTE_UU, "hi\r\nbegin 644 x\r\n%:&5L;&\\\r\n`\r\nend\r\nbye", "hello", true },
    { "uu without end", CTE_UU, "begin 644 x\n%:&5L;&\\\n", "hello", false },
    { "as it is", CTE_8BIT, "a=3D\xff", "a=3D\xff", true },
    { "uu with lost blanks", CTE_UU, "begin 644 x\n#\n`\nend\n", "", true },
};

TEST(cte_whole)
{
    for (size_t i = 0; i < COUNT(cases) - 1; i++ /* the last one gives zeros */) {
        AUTO_BUF struct buf out = { .max = 1024 };
        CHECK_EQ(cte_decode_all(cases[i].kind, str_c(cases[i].in), &out), cases[i].good);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
    AUTO_BUF struct buf zeros = { .max = 64 };
    CHECK(cte_decode_all(CTE_UU, S("begin 644 x\n#\n`\nend\n"), &zeros));
    CHECK(str_eq(buf_str(&zeros), S("\0\0\0")));
}

TEST(cte_any_split_is_the_same)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str in = str_c(cases[i].in);
        AUTO_BUF struct buf whole = { .max = 1024 };
        bool good = cte_decode_all(cases[i].kind, in, &whole);
        for (size_t a = 0; a <= in.n; a++)
            for (size_t b = a; b <= in.n; b++) {
                AUTO_BUF struct buf out = { .max = 1024 };
                struct cte_decoder d;
                cte_init(&d, cases[i].kind);
                cte_decode(&d, str_sub(in, 0, a), &out, false);
                cte_decode(&d, str_sub(in, a, b - a), &out, false);
                cte_decode(&d, str_from(in, b), &out, true);
                CHECK(str_eq(buf_str(&out), buf_str(&whole)));
                CHECK_EQ(!d.broken, good);
            }
    }
}

/* Whole quanta are read by one table, single characters by another way: every octet, at every place of a quantum. */
TEST(cte_base64_by_quanta_and_by_character)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned octet = 0; octet < 256; octet++)
        for (size_t place = 0; place < 9; place++) {
            char in[64 + 9];
            memcpy(in, alphabet, 64);
            memcpy(in + 64, "=\r\nQUJDRA", 9);
            in[20 + place] = (char)octet;
            AUTO_BUF struct buf whole = { .max = 128 }, single = { .max = 128 };
            bool good = cte_decode_all(CTE_BASE64, str_of(in, sizeof in), &whole);
            struct cte_decoder d;
            cte_init(&d, CTE_BASE64);
            for (size_t i = 0; i < sizeof in; i++)
                cte_decode(&d, str_of(in + i, 1), &single, i + 1 == sizeof in);
            CHECK(str_eq(buf_str(&whole), buf_str(&single)) && good == !d.broken);
        }
    AUTO_BUF struct buf out = { .max = 64 };
    static const uint8_t first[] = { 0x00, 0x10, 0x83, 0x10, 0x51, 0x87 }, last[] = { 0xf3, 0xdf, 0xbf };
    CHECK(cte_decode_all(CTE_BASE64, str_of(alphabet, 64), &out) && out.n == 48);
    CHECK(str_starts(buf_str(&out), str_of(first, 6)) && memcmp(out.p + 45, last, 3) == 0);
}

TEST(cte_long_runs_of_blanks)
{
    AUTO_BUF struct buf in = { .max = 4096 }, out = { .max = 4096 };
    buf_putc(&in, 'a');
    for (int i = 0; i < 1000; i++)
        buf_putc(&in, ' ');
    buf_puts(&in, "b\n");
    cte_decode_all(CTE_QP, buf_str(&in), &out);
    CHECK(str_eq(buf_str(&in), buf_str(&out)));
}

TEST(cte_names)
{
    CHECK_EQ(cte_of(S("BASE64")), CTE_BASE64);
    CHECK_EQ(cte_of(S("Quoted-Printable")), CTE_QP);
    CHECK_EQ(cte_of(S("")), CTE_7BIT);
    CHECK_EQ(cte_of(S("base64x")), CTE_UNKNOWN);
}
