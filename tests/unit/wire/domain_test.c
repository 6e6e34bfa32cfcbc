#include "test.h"
#include "wire/domain.h"

TEST(domain_validity)
{
    CHECK(domain_valid(S("a")) && domain_valid(S("a-b.c1")) && domain_valid(S("1.2.3.4")));
    static const char *const bad[] = { "",   ".",   "a.",  ".a",        "a..b",      "-a",
                                       "a-", "a_b", "a b", "a\xc3\xa4", "[1.2.3.4]", "a/b" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!domain_valid(str_c(bad[i])));
    CHECK(domain_valid_utf8(S("b\xc3\xbc"
                              "cher.example")) &&
          domain_valid_utf8(S("a.b")));
    CHECK(!domain_valid_utf8(S("b\xc3\xbc"
                               "cher.example.")) &&
          !domain_valid_utf8(S("")) && !domain_valid_utf8(S("\xff")));
    char label[70];
    for (size_t i = 0; i < sizeof label; i++)
        label[i] = 'a';
    CHECK(domain_valid(str_of(label, 63)));
    CHECK(!domain_valid(str_of(label, 64)));
}

TEST(a_name_is_no_address)
{
    static const char *const names[] = { "a", "mail.example", "1.2.3.example" };
    static const char *const others[] = { "",    ".",    "1.2.3.4",    "[1.2.3.4]", "[IPv6:2001:db8::1]",
                                          "a.1", "a..b", "2001:db8::1" };
    for (size_t i = 0; i < COUNT(names); i++)
        CHECK(domain_is_name(str_c(names[i])));
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK(!domain_is_name(str_c(others[i])));
}

TEST(domain_idna)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "Example.ORG", "example.org" },
        { "example.org.", "example.org" },
        { "b\xc3\xbc"
          "cher.example",
          "xn--bcher-kva.example" },
        { "B\xc3\x9c"
          "CHER.example",
          "xn--bcher-kva.example" },
        { "fa\xc3\x9f.de", "xn--fa-hia.de" },
        { "\xe6\x97\xa5\xe6\x9c\xac.jp", "xn--wgv71a.jp" },
        { "a\xe2\x80\x8b"
          "b.example",
          NULL },
        { "a\xe2\x80\xae.example", NULL },
        { "\xff.example", NULL },
        { "a..b", NULL },
        { "\xe2\x91\xa0.example", "1.example" },
        { "", NULL },
        { ".", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 300 };
        enum err e = domain_to_ascii(&out, str_c(cases[i].in));
        CHECK_EQ(e, cases[i].want != NULL ? OK : ERR_BAD);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want != NULL ? cases[i].want : "");
    }
}

TEST(domain_shown)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "xn--bcher-kva.example", "b\xc3\xbc"
                                   "cher.example" },
        { "example.org", "example.org" },
        { "xn--wgv71a.jp", "\xe6\x97\xa5\xe6\x9c\xac.jp" },
        { "xn--80ak6aa92e.com", "xn--80ak6aa92e.com" }, /* Cyrillic that reads "apple" */
        { "xn--pple-43d.com", "xn--pple-43d.com" },     /* one Cyrillic letter among Latin ones */
        { "xn--e1afmkfd.xn--p1ai", "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84" },
        { "Example.xn--BCHER-kva", "Example.b\xc3\xbc"
                                   "cher" },
        { "xn--99999999", "xn--99999999" },
        { "", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 300 };
        domain_to_display(&out, str_c(cases[i].in));
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

TEST(domain_organisation)
{
    CHECK_STR("com", domain_org(S("a.b.example.com")), "example.com");
    CHECK_STR("co.uk", domain_org(S("A.b.Example.co.uk")), "Example.co.uk");
    CHECK_STR("itself", domain_org(S("co.uk")), "co.uk");
    CHECK_STR("junk", domain_org(S("a..b")), "a..b");
    CHECK(domain_is_public_suffix(S("co.uk")));
    CHECK(!domain_is_public_suffix(S("example.co.uk")));
}
