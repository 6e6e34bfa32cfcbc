#include "base/buf.h"
#include "test.h"
#include "wire/html.h"
#include <stdlib.h>
#include <string.h>

TEST(html_to_text)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "blocks and spaces", "<p>One\n  two</p><p>three</p>", "One two\n\nthree" },
        { "inline tags join", "a<b>b</b>c <i> d</i>", "abc d" },
        { "divs and breaks", "<div>a</div><div>b<br>c<br><br>d</div>", "a\nb\nc\n\nd" },
        { "cells and rows", "<table><tr><td>a</td><td>b<tr><td>c<td>d</table>e", "a\tb\nc\td\ne" },
        { "layout tables leave no gaps", "<table><tr><td><table><tr><td>x</table></table><p>y", "x\n\ny" },
        { "script, style, title, comments",
          "<title>t</title><style>p{}</style>a<script>if (a<b) '</p>'</script>b<!-- c --><!---->d<![if !mso]>e",
          "abde" },
        { "references", "&lt;a&gt; &amp;amp; &#8364;&#x20ac;&#128;&nbsp;&eacute;&nosuch; &copy=1 & &#0;",
          "<a> &amp; €€€ é&nosuch; &copy=1 & \xef\xbf\xbd" },
        { "hidden in four ways",
          "a<p style='display:none'>x</p><span hidden>y</span><i style=\"visibility: hidden\">z</i>"
          "<div style='font-size:0;max-height:0'>w</div>b",
          "a\n\nb" },
        { "a zero font size is undone inside",
          "<td style='font-size:0px'><div style='font-size:13px'>seen</div>not</td>", "seen" },
        { "p ends at a block", "<p style='display:none'>x<p>y<div>z</div>", "y\n\nz" },
        { "alt text", "<img alt='Logo &amp; co'> <img> <img alt=''>x", "Logo & co x" },
        { "pre keeps lines", "<pre>a\n  b\n\nc</pre>", "a\n b\n\nc" },
        { "a stray < is text", "1 < 2 <3 </> a<", "1 < 2 <3 a<" },
        { "an unclosed tag is dropped", "a<b href='x", "a" },
        { "quotes hide >", "a<i title=\"x>y\" alt='>'>b</i>", "ab" },
        { "ill-formed bytes", "a\xff\xfe\x80z", "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz" },
        { "letters of many scripts", "é ж א あ 中 한\u3000x  \u034fy\u2003z", "é ж א あ 中 한 x y z" },
        { "cut letters", "a\xc3 b\xe4\xb8 c\xe3\x81",
          "a\xef\xbf\xbd b\xef\xbf\xbd\xef\xbf\xbd c\xef\xbf\xbd\xef\xbf\xbd" },
        { "nothing", "", "" },
        { "padding of preheaders",
          "a&zwnj;&nbsp;&#847;&zwnj;&nbsp;&#8203;b\xc2\xad\xe2\x80\x8d"
          "c",
          "a b\u200d"
          "c" },
        { "misnested ends", "<b>a</i>b</b></div>c", "abc" },
        { "raw text may hold its own opening", "<script><script>a</script>b", "b" },
        { "list", "<ul><li>a<li>b<ul><li>c</ul><li>d</ul>e", "a\nb\n\nc\n\nd\n\ne" },
        { "upper case", "<P>A</P><SCRIPT>x</SCRIPT ><BR/>B", "A\n\nB" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct html_out h;
        CHECK_OK(html_text(str_c(cases[i].in), &a, &h));
        CHECK_STR(cases[i].what, h.text, cases[i].want);
    }
}

TEST(html_parts)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct html_out h;
    CHECK_OK(html_text(
        S("<title> Hi&#33; </title><body><div style='display:none;max-height:0'>Your code is here&zwnj;&nbsp;&zwnj;"
          "</div><p>Hello <a href=' https://a.example/x?a=1&amp;b=\n2 '> open <b>this</b></a>.</p>"
          "<p style='display:none'><a href=http://b.example>no</a>late</p><a name=x>y</a>"),
        &a, &h));
    CHECK_STR("title", h.title, "Hi!");
    CHECK_STR("preheader", h.preheader, "Your code is here");
    CHECK_STR("all hidden", h.hidden, "Your code is here\nnolate");
    CHECK_STR("text", h.text, "Hello open this.\n\ny");
    CHECK_EQ(h.links_n, 2);
    CHECK_STR("url", h.links[0].url, "https://a.example/x?a=1&b=2");
    CHECK_STR("link text", h.links[0].text, "open this");
    CHECK_EQ(h.links[0].at, 6);
    CHECK(!h.links[0].hidden && h.links[1].hidden);
    CHECK_EQ(h.notes, HTML_HIDES_TEXT);
}

static unsigned look_of(const char *html, const char *word)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct html_out h;
    CHECK_OK(html_text(str_c(html), &a, &h));
    size_t at = str_find(h.text, str_c(word));
    if (at == STR_NONE)
        print_error("%s: %.*s", html, STR_FMT(h.text));
    CHECK(at != STR_NONE);
    return html_look_at(&h, at, strlen(word));
}

TEST(html_looks)
{
    CHECK_EQ(look_of("<p>your code <b>1234</b> ok", "1234"), HTML_BOLD);
    CHECK_EQ(look_of("<p>your code <b>1234</b> ok", "code"), 0);
    CHECK_EQ(look_of("<p>your code <b>1234</b> ok", "code 1234"), 0);
    CHECK_EQ(look_of("<div style='font-size:32px;font-weight:700;letter-spacing:6px'>1 2</div>", "1 2"),
             HTML_BIG | HTML_BOLD | HTML_SPACED);
    CHECK_EQ(look_of("<h1>x</h1>", "x"), HTML_BIG | HTML_BOLD);
    CHECK_EQ(look_of("<h1>x<span style='font-size:14px;font-weight:normal'>y</span></h1>", "y"), 0);
    CHECK_EQ(look_of("<code>z</code>", "z"), HTML_MONO);
    CHECK_EQ(look_of("<p style='font:bold 2em/1 Courier'>z", "z"), HTML_BIG | HTML_BOLD);
    CHECK_EQ(look_of("<font size=+3>z</font>", "z"), HTML_BIG);
    CHECK_EQ(look_of("<font size=3>z</font>", "z"), 0);
}

/* The least CPU time of three goes over an input of that size. */
static double seconds(const char *const hard[3], size_t size)
{
    double least = 1e9;
    AUTO_BUF struct buf b = { .max = 2 << 20 };
    buf_puts(&b, hard[0]);
    while (b.n < size / 2)
        buf_puts(&b, hard[1]);
    while (b.n < size)
        buf_puts(&b, hard[2]);
    for (int i = 0; i < 3; i++) {
        AUTO_ARENA struct arena a = { .max = 64 << 20 };
        struct html_out h;
        double begun = cpu_seconds();
        CHECK_OK(html_text(buf_str(&b), &a, &h));
        least = MIN(least, cpu_seconds() - begun);
    }
    return least;
}

/* What takes libxml2 44 s: eight times as much input costs some eight times as much, where a square would cost 64. */
TEST(html_is_linear)
{
    static const char *const hard[][3] = {
        { "", "<b>", "</i>" },
        { "<p ", "a b=c ", "d " },
        { "", "<", "<!--" },
        { "<script>", "</", "</scrip" },
        { "", "<a href='", "&" },
        { "", "<p><li><td>", "</table>" },
        { "", "&#x41;", "&amp" },
        { "", "<div>", "<p>" },
        { "", "<a href=x>", "y" },
        { "<p style='", "a:b;", "font-size:0;" },
        { "<title>", "</titl", "<!--" },
    };
    for (size_t i = 0; i < COUNT(hard); i++) {
        double eighth = seconds(hard[i], HTML_MAX / 8), whole = seconds(hard[i], HTML_MAX);
        bool linear = whole < 24 * eighth + 0.01;
        if (!linear)
            print_error("%s: %.4f s, %.4f s\n", hard[i][1], eighth, whole);
        CHECK(linear);
    }
}

TEST(html_ceilings)
{
    AUTO_BUF struct buf b = { .max = 4 << 20 };
    AUTO_ARENA struct arena a = { .max = 16 << 20 }, small = { .max = 100 };
    struct html_out h;
    for (int i = 0; i < 2000; i++)
        buf_puts(&b, "<a href='http://x.example/'>x</a>");
    CHECK_OK(html_text(buf_str(&b), &a, &h));
    CHECK_EQ(h.links_n, HTML_LINKS_MAX);
    CHECK(h.notes & HTML_LINKS_LEFT_OUT);
    CHECK_EQ(html_text(buf_str(&b), &small, &h), ERR_FULL);
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        buf_puts(&b, "<div><i>");
    buf_puts(&b, "deep");
    CHECK_OK(html_text(buf_str(&b), &a, &h));
    CHECK_STR("still read", h.text, "deep");
    CHECK(h.notes & HTML_DEEP);
    buf_clear(&b);
    while (b.n <= HTML_MAX)
        buf_puts(&b, "word ");
    CHECK_OK(html_text(buf_str(&b), &a, &h));
    CHECK(h.notes & HTML_CUT && h.text.n <= HTML_MAX);
}
