#include "base/buf.h"
#include "test.h"
#include "wire/links.h"

TEST(links_in_text)
{
    static const struct {
        const char *what, *in, *want; /* found URLs, each followed by a blank */
    } cases[] = {
        { "sentence", "See https://a.example/x. Or (http://b.example/y_(z)), ok?",
          "https://a.example/x http://b.example/y_(z) " },
        { "brackets", "<https://a.example/?q=1&r=2> [https://b.example] \"http://c.example\"",
          "https://a.example/?q=1&r=2 https://b.example http://c.example " },
        { "mailto", "write to mailto:joe@x.example?subject=hi!", "mailto:joe@x.example?subject=hi " },
        { "other schemes", "javascript:alert(1) data:text/html,x ftp://x.example file:///etc xhttp://y.example", "" },
        { "nothing behind it", "http:// https:// mailto: mailto:joe http:///x http://?q", "" },
        { "glued to Chinese",
          "\xe8\xaf\xb7\xe7\x82\xb9\xe5\x87\xbbhttps://a.example/v?x=1\xe3\x80\x82\xe6\x9c\x89\xe6\x95\x88",
          "https://a.example/v?x=1 " },
        { "case and ports", "HTTPS://User@A.Example:8443/P", "HTTPS://User@A.Example:8443/P " },
        { "once each", "https://a.example/ https://a.example/ https://a.example",
          "https://a.example/ https://a.example " },
        { "emphasis", "*https://a.example/x* _https://b.example/_", "https://a.example/x https://b.example/ " },
        { "lines", "https://a.example/\nhttps://b.example/\t!", "https://a.example/ https://b.example/ " },
        { "IPv6", "http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        AUTO_BUF struct buf b = { .max = 4096 };
        struct links l = { .arena = &a };
        CHECK_OK(links_add_text(&l, str_c(cases[i].in)));
        for (size_t k = 0; k < l.n; k++) {
            buf_put(&b, l.item[k].url);
            buf_putc(&b, ' ');
        }
        CHECK_STR(cases[i].what, buf_str(&b), cases[i].want);
    }
}

TEST(links_hosts)
{
    static const struct {
        const char *url, *host, *shown;
    } cases[] = {
        { "https://A.Example:8443/p", "a.example", "a.example" },
        { "https://good.example@evil.example/good.example@x", "evil.example", "evil.example" },
        { "https://evil.example\\@good.example/", "evil.example", "evil.example" },
        { "http://b\xc3\xbc"
          "cher.example/",
          "xn--bcher-kva.example",
          "b\xc3\xbc"
          "cher.example" },
        { "http://xn--bcher-kva.example?x", "xn--bcher-kva.example",
          "b\xc3\xbc"
          "cher.example" },
        { "mailto:a@x.example,b@y.example?cc=c@z.example", "x.example", "x.example" },
        { "http://[2001:db8::1]:80/x", "[2001:db8::1]", "[2001:db8::1]" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct links l = { .arena = &a };
        CHECK_OK(links_add_text(&l, str_c(cases[i].url)));
        CHECK_EQ(l.n, 1);
        CHECK_STR(cases[i].url, l.item[0].host, cases[i].host);
        CHECK_STR(cases[i].url, l.item[0].host_shown, cases[i].shown);
    }
}

TEST(links_in_html)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct links l = { .arena = &a };
    struct html_out h;
    CHECK_OK(
        html_text(S("<a href='https://a.example/1'><img src=x></a> <a href='javascript:x'>js</a>"
                    "<a href='https://a.example/1'>Confirm</a><a href='/rel'>r</a>"
                    "<p style='display:none'><a href='https://h.example/'>h</a></p><a href='mailto:x@y.example'>m</a>"),
                  &a, &h));
    CHECK_OK(links_add_html(&l, &h));
    CHECK_EQ(l.n, 3);
    CHECK_STR("text of the second", l.item[0].text, "Confirm");
    CHECK(!l.item[0].hidden && l.item[1].hidden && !l.item[2].hidden);
    CHECK_STR("mailto", l.item[2].host, "y.example");
    CHECK_STR("another host behind it", l.item[1].host, "h.example");
}

TEST(links_ceilings)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    AUTO_BUF struct buf b = { .max = 4 << 20 };
    struct links l = { .arena = &a };
    for (int i = 0; i < 300; i++)
        buf_printf(&b, "https://a.example/%d ", i);
    CHECK_OK(links_add_text(&l, buf_str(&b)));
    CHECK(l.n == LINKS_MAX && l.left_out);
    CHECK_STR("the host of all", l.item[LINKS_MAX - 1].host_shown, "a.example");
    static const char *const hard[] = { "http:///", "mailto:", "http://(((", "h", "http://a)" };
    for (size_t i = 0; i < COUNT(hard); i++) { /* quadratic would take minutes */
        struct links many = { .arena = &a };
        buf_clear(&b);
        while (b.n < 1 << 20)
            buf_puts(&b, hard[i]);
        CHECK_OK(links_add_text(&many, buf_str(&b)));
    }
}
