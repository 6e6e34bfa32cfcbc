#include "test.h"
#include "trust/feature.h"
#include <stdlib.h>

static struct features make(struct arena *a, const char *msg, const char *host)
{
    struct mime_tree tree;
    struct features f = { 0 };
    CHECK_OK(mime_parse(a, str_c(msg), &tree));
    CHECK_OK(feature_make(a, &tree, str_c(msg), str_c(host), &f));
    return f;
}

static bool same(struct feature_group a, struct feature_group b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.v, b.v, a.n * sizeof *a.v) == 0);
}

/* Both messages look alike to a learner. */
static bool alike(const char *one, const char *two)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct features f = make(&a, one, "mx.example"), g = make(&a, two, "mx.example");
    bool all = same(f.names, g.names) && same(f.header, g.header) && f.segments == g.segments;
    for (size_t i = 0; all && i < f.segments; i++)
        all = same(f.segment[i], g.segment[i]);
    return all;
}

#define HEAD "From: Shop <a@shop.example>\r\nSubject: Your order\r\n"

TEST(secrets_and_claims_are_no_features)
{
    static const struct {
        const char *what, *one, *two;
    } cases[] = {
        { "codes", HEAD "\r\nyour code is 123456", HEAD "\r\nyour code is 904417" },
        { "codes in the subject", "Subject: 11 is it\r\n\r\nhello", "Subject: 97 is it\r\n\r\nhello" },
        { "paths of links", HEAD "\r\nsee http://x.example/a?t=sEcReT now", HEAD "\r\nsee http://x.example/Other now" },
        { "the recipient", HEAD "To: anna@box.example\r\n\r\nx", HEAD "To: bob@other.example\r\n\r\nx" },
        { "the recipient of a hop", HEAD "Received: from a.example by b.example for <anna@box.example>; now\r\n\r\nx",
          HEAD "Received: from a.example by b.example for <bob@box.example>; now\r\n\r\nx" },
        { "the recipient in an envelope sender", HEAD "Return-Path: <b+anna=box.example@s.example>\r\n\r\nx",
          HEAD "Return-Path: <b+bob=box.example@s.example>\r\n\r\nx" },
        { "message ids", HEAD "Message-ID: <1@a>\r\nReferences: <b@b>\r\n\r\nx",
          HEAD "Message-ID: <2@c>\r\nReferences: <d@d>\r\n\r\nx" },
        { "unsubscribe tokens", HEAD "List-Unsubscribe: <https://a/b>\r\n\r\nx",
          HEAD "List-Unsubscribe: <https://c/d>\r\n\r\nx" },
        { "boundaries", HEAD "Content-Type: text/plain; boundary=\"abc\"\r\n\r\nx",
          HEAD "Content-Type: text/plain; boundary=\"xyz\"\r\n\r\nx" },
        { "what filters said", HEAD "X-Spam-Status: No\r\nAuthentication-Results: mx.example; dmarc=pass\r\n\r\nx",
          HEAD "\r\nx" },
        { "our own hop", HEAD "Received: from a.example\r\n\tby mx.example with ESMTP; now\r\n\r\nx", HEAD "\r\nx" },
        { "hidden text", HEAD "Content-Type: text/html\r\n\r\n<p>buy</p><div style='display:none'>good words</div>",
          HEAD "Content-Type: text/html\r\n\r\n<p>buy</p>" },
        { "encodings", HEAD "Content-Type: text/plain\r\n\r\nbuy it now",
          HEAD "Content-Type: text/plain\r\n\r\nBUY  it\r\nnow " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!alike(cases[i].one, cases[i].two))
            print_error("%s differ\n", cases[i].what);
        CHECK(alike(cases[i].one, cases[i].two));
    }
    CHECK(!alike(HEAD "\r\nhello there", HEAD "\r\nhello where"));
    CHECK(!alike("Subject: a offer\r\n\r\nx", "Subject: a letter\r\n\r\nx"));
    CHECK(!alike(HEAD "Received: from [192.0.2.1] by b\r\n\r\nx", HEAD "Received: from [192.0.3.1] by b\r\n\r\nx"));
}

TEST(text_is_cut_into_segments)
{
    static const struct {
        size_t text, segments;
    } cases[] = { { 0, 1 }, { 3, 1 }, { 1400, 1 }, { 1600, 2 }, { 2400, 2 }, { 100000, FEATURE_SEGMENTS_MAX } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 32 << 20 };
        AUTO_BUF struct buf msg = { .max = 1 << 20 };
        buf_puts(&msg, "Subject: x\r\n\r\n");
        for (size_t k = 0; k < cases[i].text; k++)
            buf_putc(&msg, (char)('a' + k * k % 23));
        buf_putc(&msg, 0);
        CHECK_EQ(make(&a, msg.p, "").segments, cases[i].segments);
    }
}

TEST(a_header_of_words_takes_no_room_from_the_text)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    AUTO_BUF struct buf msg = { .max = 1 << 20 };
    for (int i = 0; i < 900; i++)
        buf_printf(&msg, "X-%c%c%c: w%c w%c%c one two three %c%c\r\n", 'a' + i % 26, 'a' + i / 26 % 26, 'k' + i % 7,
                   'a' + i % 25, 'a' + i % 24, 'a' + i % 23, 'a' + i % 22, 'a' + i % 21);
    buf_puts(&msg, "\r\nthis is what it says");
    buf_putc(&msg, 0);
    struct features f = make(&a, msg.p, "");
    CHECK_EQ(f.header.n, FEATURE_HEADER_MAX);
    CHECK(f.segment[0].n > 10);
}
