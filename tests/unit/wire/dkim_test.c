#include "base/crypto.h"
#include "base/text.h"
#include "test.h"
#include "wire/dkim.h"

enum { MANY = 40000 };

static void check_body(const char *what, struct str body, enum dkim_canon canon, struct str want)
{
    struct dkim_msg m = { .body = body };
    uint8_t hash[32];
    crypto_sha256(hash, want);
    CHECK_OK(dkim_body_hash(&m, canon));
    if (!crypto_eq(hash, m.body_hash[canon], 32) || m.body_n[canon] != want.n)
        CHECK_STR(what, S("not"), "as it should be");
}

TEST(bodies)
{
    static const struct {
        const char *body, *relaxed, *simple;
    } cases[] = {
        { "", "", "\r\n" },
        { "\r\n\r\n", "", "\r\n" },
        { " \t\r\n \r\n", "", " \t\r\n \r\n" },
        { " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n" }, /* RFC 6376 section 3.4.5 */
        { "no end", "no end\r\n", "no end\r\n" },
        { "a\r\n\r\nb\r\n \r\n", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n \r\n" },
        { "a\nb", "a\r\nb\r\n", "a\r\nb\r\n" },
        { "\ta\t b", " a b\r\n", "\ta\t b\r\n" },
        { "a\r", "a\r\r\n", "a\r\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_body(cases[i].body, str_c(cases[i].body), DKIM_RELAXED, str_c(cases[i].relaxed));
        check_body(cases[i].body, str_c(cases[i].body), DKIM_SIMPLE, str_c(cases[i].simple));
    }
}

/* Longer than a block, in lines short and long. */
TEST(a_long_body)
{
    AUTO_BUF struct buf body = { .max = 4 << 20 }, want = { .max = 4 << 20 };
    for (size_t i = 0; i < MANY; i++) {
        buf_printf(&body, "line \t %zu  of many %s\r\n", i, i % 1000 ? "" : "\t");
        buf_printf(&want, "line %zu of many\r\n", i);
    }
    char *word = buf_reserve(&body, MANY);
    memset(word, 'x', MANY);
    body.n += MANY;
    word = buf_reserve(&want, MANY + 2);
    memset(word, 'x', MANY);
    want.n += MANY;
    buf_puts(&want, "\r\n");
    check_body("long", buf_str(&body), DKIM_RELAXED, buf_str(&want));
}

TEST(relaxed_fields)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    AUTO_BUF struct buf out = { .max = 1000 };
    struct dkim_msg m;
    CHECK_OK(dkim_msg_init(&a, S("A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\n"), &m)); /* RFC 6376 section 3.4.5 */
    CHECK_EQ(m.n, 2);
    dkim_put_relaxed(&out, &m.v[0]);
    dkim_put_relaxed(&out, &m.v[1]);
    CHECK_STR("relaxed", buf_str(&out), "a:X\r\nb:Y Z\r\n");
}

TEST(a_signature_without_itself)
{
    static const struct {
        const char *field, *simple, *relaxed;
    } cases[] = {
        { "DKIM-Signature: a=rsa-sha256; d=a.b; s=s;\r\n b= AA\r\n AA ;\r\n t=1\r\n\r\n",
          "DKIM-Signature: a=rsa-sha256; d=a.b; s=s;\r\n b=;\r\n t=1",
          "dkim-signature:a=rsa-sha256; d=a.b; s=s; b=; t=1" },
        { "DKIM-Signature: b=AAAA; a=rsa-sha256; d=a.b; s=s\r\n\r\n", "DKIM-Signature: b=; a=rsa-sha256; d=a.b; s=s",
          "dkim-signature:b=; a=rsa-sha256; d=a.b; s=s" },
        { "DKIM-Signature: a=rsa-sha256; d=a.b; s=s; bb=1; b=AAAA\r\n",
          "DKIM-Signature: a=rsa-sha256; d=a.b; s=s; bb=1; b=", "dkim-signature:a=rsa-sha256; d=a.b; s=s; bb=1; b=" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        AUTO_BUF struct buf simple = { .max = 1000 }, relaxed = { .max = 1000 };
        struct dkim_msg m;
        struct dkim_sig s;
        struct str why;
        CHECK_OK(dkim_msg_init(&a, str_c(cases[i].field), &m));
        CHECK_OK(dkim_sig_parse(&a, &m.v[0], &s, &why));
        dkim_put_self(&simple, &s, DKIM_SIMPLE);
        dkim_put_self(&relaxed, &s, DKIM_RELAXED);
        CHECK_STR("simple", buf_str(&simple), cases[i].simple);
        CHECK_STR("relaxed", buf_str(&relaxed), cases[i].relaxed);
    }
}

TEST(tag_lists)
{
    struct tags t;
    CHECK_OK(tags_parse(S(" a = 1 ;b=;\r\n\tC=x y ; "), &t));
    CHECK_EQ(t.n, 3);
    CHECK_STR("trimmed", tags_get(&t, S("a")), "1");
    CHECK_STR("empty", tags_get(&t, S("b")), "");
    CHECK(tags_get(&t, S("b")).p && !tags_get(&t, S("c")).p);
    CHECK_STR("blanks within", tags_get(&t, S("C")), "x y");
    static const char *const bad[] = { "a", "a=1;;b=2", ";a=1", "a=1;a=2", "=1", "1a=1", "a b=1", "a-b=1" };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (tags_parse(str_c(bad[i]), &t) != ERR_BAD)
            CHECK_STR(bad[i], S("taken"), "refused");
}
