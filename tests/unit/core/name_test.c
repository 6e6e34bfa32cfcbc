#include "base/rand.h"
#include "core/name.h"
#include "test.h"

TEST(generated_names_are_refused_as_wishes)
{
    CHECK_OK(rand_start());
    for (int i = 0; i < 200; i++) {
        AUTO_BUF struct buf b = { .max = 64 };
        struct refusal why = { 0 };
        name_generate(&b);
        CHECK(b.n >= 3 + 1 + 3 + 1 + 8 && b.n <= 26);
        CHECK_EQ(name_check(buf_str(&b), &why), ERR_BAD);
        CHECK_STR("code", str_c(why.code), "local_generated");
    }
}

TEST(wishes)
{
    static const struct {
        const char *local, *code;
    } cases[] = {
        { "bob", NULL },
        { "b", NULL },
        { "news.letter-2026_x", NULL },
        { "u0", NULL },
        { "adminton", NULL },
        { "quiet-otter-4k7d", NULL },
        { "", "local_invalid" },
        { ".bob", "local_invalid" },
        { "bob.", "local_invalid" },
        { "bo..b", "local_invalid" },
        { "bo b", "local_invalid" },
        { "b\xc3\xb6"
          "b",
          "local_invalid" },
        { "Bob", "local_invalid" },
        { "bob+x", "local_invalid" },
        { "postmaster", "local_reserved" },
        { "p0stmaster", "local_reserved" },
        { "post-master", "local_reserved" },
        { "adm1n", "local_reserved" },
        { "admln", "local_reserved" },
        { "admin7", "local_reserved" },
        { "adrnin", "local_reserved" },
        { "vvebmaster", "local_reserved" },
        { "hostmaster", "local_reserved" },
        { "ssladmin", "local_reserved" },
        { "no-reply", "local_reserved" },
        { "mailer-daemon", "local_reserved" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct refusal why = { 0 };
        enum err e = name_check(str_c(cases[i].local), &why);
        CHECK_EQ(e, cases[i].code == NULL ? OK : ERR_BAD);
        CHECK_STR(cases[i].local, str_c(why.code), cases[i].code == NULL ? "" : cases[i].code);
    }
}

TEST(passwords)
{
    static const struct {
        const char *password, *code;
    } cases[] = {
        { "correct battery", NULL },           { "short", "password_short" },
        { "Password123", "password_common" },  { "aaaaaaaaaaaa", "password_common" },
        { "abcdefghijkl", "password_common" }, { "9876543210", "password_common" },
        { "bob@box.test", "password_common" }, { "\U0001f600\U0001f601\U0001f602", "password_short" },
        { "öäüöäüöäü", "password_short" },     { "öäüöäüöäüß", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct refusal why = { 0 };
        enum err e = password_check(str_c(cases[i].password), S("bob@box.test"), &why);
        CHECK_EQ(e, cases[i].code == NULL ? OK : ERR_BAD);
        CHECK_STR(cases[i].password, str_c(why.code), cases[i].code == NULL ? "" : cases[i].code);
    }
}
