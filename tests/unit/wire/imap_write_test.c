#include "test.h"
#include "wire/imap_write.h"

static const struct {
    const char *in, *string, *astring, *utf8;
} cases[] = {
    { "", "\"\"", "\"\"", "\"\"" },
    { "abc", "\"abc\"", "abc", "\"abc\"" },
    { "a]b", "\"a]b\"", "a]b", "\"a]b\"" },
    { "NIL", "\"NIL\"", "\"NIL\"", "\"NIL\"" },
    { "nil", "\"nil\"", "\"nil\"", "\"nil\"" },
    { "a b", "\"a b\"", "\"a b\"", "\"a b\"" },
    { "a\"b\\c", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\"" },
    { "%*", "\"%*\"", "\"%*\"", "\"%*\"" },
    { "a\r\nb OK", "{7}\r\na\r\nb OK", "{7}\r\na\r\nb OK", "{7}\r\na\r\nb OK" },
    { "\xc3\xa4", "{2}\r\n\xc3\xa4", "{2}\r\n\xc3\xa4", "\"\xc3\xa4\"" },
    { "\xe4", "{1}\r\n\xe4", "{1}\r\n\xe4", "{1}\r\n\xe4" },
};

TEST(imap_strings_out)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf a = { .max = 100 }, b = { .max = 100 }, c = { .max = 100 };
        imap_put_string(&a, str_c(cases[i].in));
        CHECK_STR("string", buf_str(&a), cases[i].string);
        imap_put_astring(&b, str_c(cases[i].in));
        CHECK_STR("astring", buf_str(&b), cases[i].astring);
        imap_put_utf8(&c, str_c(cases[i].in));
        CHECK_STR("utf8", buf_str(&c), cases[i].utf8);
    }
}

TEST(imap_nul_and_long_strings_are_literals)
{
    static char longer[5000];
    AUTO_BUF struct buf out = { .max = 10000 };
    imap_put_string(&out, str_of("a\0b", 3));
    CHECK_STR("NUL", buf_str(&out),
              "{3}\r\na\x80"
              "b");
    buf_clear(&out);
    for (size_t i = 0; i < sizeof longer; i++)
        longer[i] = 'x';
    imap_put_string(&out, str_of(longer, sizeof longer));
    CHECK(str_starts(buf_str(&out), S("{5000}\r\nx")));
    buf_clear(&out);
    imap_put_nstring(&out, (struct str){ NULL, 0 });
    imap_put_literal8(&out, 70);
    CHECK_STR("NIL and literal8", buf_str(&out), "NIL~{70}\r\n");
}

TEST(imap_header_values_out)
{
    static const struct {
        const char *in, *want;
    } values[] = {
        { " a b ", "\"a b \"" },
        { " a\r\n b", "\"a b\"" },
        { "\r\n\ta\r\n b\r\n", "\"\ta b\"" },
        { " a\rb\r\nc", "\"a b c\"" },
        { " a\n\n b", "\"a b\"" },
        { "  ", "\"\"" },
        { "", "\"\"" },
    };
    for (size_t i = 0; i < COUNT(values); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        imap_put_unfolded(&out, str_c(values[i].in));
        CHECK_STR(values[i].in, buf_str(&out), values[i].want);
    }
    AUTO_BUF struct buf out = { .max = 100 };
    imap_put_unfolded(&out, (struct str){ NULL, 0 });
    CHECK_STR("absent", buf_str(&out), "NIL");
}
