#include "base/buf.h"
#include "test.h"
#include "wire/addr.h"
#include "wire/deceptive.h"
#include <time.h>

TEST(addr_one_mailbox)
{
    static const struct {
        const char *in;
        bool good, quoted, literal, utf8;
    } cases[] = {
        { "a@b.example", true, false, false, false },
        { "A.b+c@B.Example", true, false, false, false },
        { "\"a b\"@b.example", true, true, false, false },
        { "\"\\\"\"@b", true, true, false, false },
        { "a@[192.0.2.1]", true, false, true, false },
        { "a@[IPv6:2001:db8::1]", true, false, true, false },
        { "a@[IPv6:::ffff:192.0.2.1]", true, false, true, false },
        { "a@[IPv6:::]", true, false, true, false },
        { "a@[IPv6:1:2:3:4:5:6:7:8]", true, false, true, false },
        { "gr\xc3\xbcn@b.example", true, false, false, true },
        { "a@b\xc3\xbc"
          "cher.example",
          true, false, false, true },
        { "", false },
        { "a", false },
        { "@b", false },
        { "a@", false },
        { "a@b@c", false },
        { "a..b@c", false },
        { ".a@c", false },
        { "a.@c", false },
        { "a b@c", false },
        { "a@b_c", false },
        { "a@-b", false },
        { "a@b.", false },
        { "a@b..c", false },
        { "a@[192.0.2.256]", false },
        { "a@[192.0.2]", false },
        { "a@[IPv6:1:2:3:4:5:6:7]", false },
        { "a@[IPv6:1::2::3]", false },
        { "a@[IPv6:1:2:3:4:5:6:7::8]", false },
        { "a@[tag:x]", false },
        { "a@[192.0.2.1", false },
        { "\"a@b", false },
        { "\"a\"b@c", false },
        { "a@b\r\nRCPT TO:<c@d>", false },
        { "<a@b>", false },
        { "a(c)@b", false },
        { "\xff@b", false },
        { "a@\xff", false },
        { "a@b\xe2\x80\xae.example", false },
        { "a\xe2\x80\xae@b", false },
        { "a\xc2\x85@b", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr a = { 0 };
        bool good = addr_parse(str_c(cases[i].in), &a) == OK;
        if (good != cases[i].good ||
            (good && (a.quoted != cases[i].quoted || a.literal != cases[i].literal || a.utf8 != cases[i].utf8)))
            print_error("%s\n", cases[i].in);
        CHECK_EQ(good, cases[i].good);
        CHECK(!good || (a.quoted == cases[i].quoted && a.literal == cases[i].literal && a.utf8 == cases[i].utf8));
        CHECK(good || a.text.p == NULL);
    }
}

TEST(addr_lengths)
{
    char text[400];
    struct addr a;
    for (size_t local = 1; local < 100; local++)
        for (size_t label = 1; label < 80; label++) {
            size_t n = 0;
            while (n < local)
                text[n++] = 'x';
            text[n++] = '@';
            for (size_t i = 0; i < label; i++)
                text[n++] = 'y';
            CHECK_EQ(addr_parse(str_of(text, n), &a) == OK, local <= LIMIT_LOCAL && label <= 63);
        }
}

TEST(addr_paths)
{
    static const struct {
        const char *in, *text, *rest;
        bool route;
    } cases[] = {
        { "<>", "", "", false },
        { " <a@b> SIZE=3", "a@b", " SIZE=3", false },
        { "<a@b>SIZE=3", "a@b", "SIZE=3", false },
        { "<Postmaster>", "Postmaster", "", false },
        { "<@x,@y.z:a@b>", "a@b", "", true },
        { "<\"a>b\"@c>", "\"a>b\"@c", "", false },
        { "a@b", NULL, NULL, false },
        { "<a@b", NULL, NULL, false },
        { "<a>", NULL, NULL, false },
        { "<@x:>", NULL, NULL, false },
        { "<@x>", NULL, NULL, false },
        { "<x:a@b>", NULL, NULL, false },
        { "< a@b>", NULL, NULL, false },
        { "", NULL, NULL, false },
        { "<\"\\>", NULL, NULL, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct addr a = { 0 };
        struct str rest = { 0 };
        enum err e = addr_path(str_c(cases[i].in), &a, &rest);
        CHECK_EQ(e, cases[i].text != NULL ? OK : ERR_BAD);
        if (e != OK)
            continue;
        CHECK_STR(cases[i].in, a.text, cases[i].text);
        CHECK_STR(cases[i].in, rest, cases[i].rest);
        CHECK_EQ(a.route, cases[i].route);
    }
}

TEST(addr_normal_form)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "A.B@Example.ORG", "a.b@example.org" },
        { "a+tag@x", "a@x" },
        { "a+t+u@x", "a@x" },
        { "\"a.b\"@x", "a.b@x" },
        { "\"a\\b\"@x", "ab@x" },
        { "a@B\xc3\x9c"
          "CHER.example",
          "a@xn--bcher-kva.example" },
        { "a@xn--BCHER-kva.example", "a@xn--bcher-kva.example" },
        { "a@stra\xc3\x9f"
          "e.example",
          "a@xn--strae-oqa.example" },
        { "+tag@x", NULL },
        { "\"a b\"@x", NULL },
        { "\"\"@x", NULL },
        { "\"a..b\"@x", NULL },
        { "\xc3\xa4@x", NULL },
        { "a@[192.0.2.1]", NULL },
        { "a.+b@x", NULL },
        { "a", NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 512 };
        enum err e = addr_key(&out, str_c(cases[i].in));
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want != NULL ? cases[i].want : "");
        CHECK_EQ(e, cases[i].want != NULL ? OK : ERR_BAD);
    }
    struct addr a;
    struct str tag;
    AUTO_BUF struct buf small = { .max = 5 };
    CHECK_EQ(addr_key(&small, S("abc@def")), ERR_FULL);
    CHECK_EQ(small.n, 0);
    AUTO_BUF struct buf out = { .max = 512 };
    CHECK_OK(addr_parse(S("a+Tag.x@y"), &a));
    CHECK_OK(addr_normalize(&out, &a, &tag));
    CHECK_STR("tag", tag, "Tag.x");
}

static struct str show(struct arena *a, struct str raw)
{
    AUTO_BUF struct buf out = { .max = 1 << 16 };
    struct addr_list l;
    if (addr_list_parse(a, raw, &l) != OK)
        return S("error");
    for (size_t i = 0; i < l.n; i++) {
        const struct addr_item *it = &l.v[i];
        buf_puts(&out, i > 0 ? "; " : "");
        if (it->kind == ADDR_GROUP_END)
            buf_puts(&out, "}");
        else if (it->kind == ADDR_GROUP_BEGIN)
            buf_printf(&out, "{%.*s", STR_FMT(it->name));
        else
            buf_printf(&out, "%.*s <%.*s>%s", STR_FMT(it->name), STR_FMT(it->text), it->valid ? "" : "!");
    }
    buf_puts(&out, l.broken ? " broken" : "");
    return arena_dup(a, buf_str(&out));
}

TEST(addr_lists)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "a@b", " <a@b>" },
        { "a@b, c@d", " <a@b>;  <c@d>" },
        { "Joe Q. Public <john.q.public@example.com>", "Joe Q. Public <john.q.public@example.com>" },
        { "\"Giant; \\\"Big\\\" Box\" <s@e.net>", "Giant; \"Big\" Box <s@e.net>" },
        { "a@b (Joe)", "Joe <a@b>" },
        { "Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete <pete@silly.test>" },
        { "A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;",
          "{A Group; Ed Jones <c@a.test>;  <joe@where.test>; John <jdoe@one.test>; }" },
        { "Undisclosed recipients:;", "{Undisclosed recipients; }" },
        { "g:a@b", "{g;  <a@b>; }" },
        { "<@x,@y:a@b>", " <a@b>" },
        { "N <@x:a@b>, c@d", "N <a@b>;  <c@d>" },
        { "=?utf-8?Q?J=C3=B6rg?= <j@x>", "J\xc3\xb6rg <j@x>" },
        { "\"=?utf-8?Q?J=C3=B6rg?=\" <j@x>", "J\xc3\xb6rg <j@x>" },
        { "john . q @ x . y", " <john.q@x.y>" },
        { ",, a@b ,,", " <a@b>" },
        { "\"a b\"@c", " <\"a b\"@c>" },
        { "a@[192.0.2.1]", " <a@[192.0.2.1]>" },
        { "root", " <root>!" },
        { "Name <root>", "Name <root>!" },
        { "a@b <c@d>", "a@b <c@d>" },
        { "a@b@c", " <\"a@b\"@c> broken" },
        { "Foo <a@b, Bar <c@d>", "Foo <a@b>; Bar <c@d> broken" },
        { "a@b> x <c@d>", " <a@b>; x <c@d> broken" },
        { "<a@b> c@d", " <a@b>;  <c@d> broken" },
        { "<>", " <>!" },
        { "", "" },
        { "(only a comment)", "" },
        { "Name\r\n <a@b>", "Name <a@b>" },
        { "a@b,\r\n\tc@d\r\n", " <a@b>;  <c@d>" },
        { "x\ry <a@b>", "x y <a@b>" },
        { "evil\\\r\n <a@b>", "evil\\ <a@b>" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        CHECK_STR(cases[i].in, show(&a, str_c(cases[i].in)), cases[i].want);
    }
}

TEST(addr_lists_that_kill_others)
{
    static const char *const units[] = { "a:",   "(", "<",   "\"",   "a@", ",",   ";",
                                         "a@b,", "[", "a:;", "<@a,", "\\", "x <", "(()" };
    clock_t begin = clock();
    for (size_t i = 0; i < COUNT(units); i++) {
        AUTO_BUF struct buf in = { .max = 1 << 20 };
        AUTO_ARENA struct arena a = { .max = 16 << 20 };
        struct addr_list l;
        while (in.n < 250000)
            buf_puts(&in, units[i]);
        CHECK_OK(addr_list_parse(&a, buf_str(&in), &l));
        CHECK(l.n <= LIMIT_ADDRESSES);
    }
    CHECK((clock() - begin) / CLOCKS_PER_SEC < 5);
}

TEST(deceptive_characters)
{
    CHECK(!deceptive_text(S("plain text \xc3\xa4 \xe6\x97\xa5")));
    static const char *const bad[] = { "a\xe2\x80\xae", "a\xe2\x80\x8b",    "a\xc2\xad",   "a\tb",
                                       "a\xc2\x85",     "\xef\xbb\xbf",     "\xff",        "\xf3\xa0\x80\xa0",
                                       "\xef\xbf\xbf",  "\xf0\x9f\xbf\xbf", "\xe3\x85\xa4" };
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(deceptive_text(str_c(bad[i])));
}
