#include "base/text.h"
#include "test.h"
#include "wire/sasl.h"
#include <string.h>

static enum sasl_next start(struct sasl *x, enum sasl_mech m, struct str plain)
{
    AUTO_BUF struct buf b = { .max = 64 * 1024 };
    text_base64(&b, plain);
    struct str initial = buf_str(&b);
    return sasl_start(x, m, &initial);
}

static enum sasl_next take(struct sasl *x, struct str plain)
{
    AUTO_BUF struct buf b = { .max = 64 * 1024 };
    text_base64(&b, plain);
    return sasl_take(x, buf_str(&b));
}

TEST(what_each_mechanism_takes)
{
    static const struct {
        const char *what;
        enum sasl_mech m;
        struct str in;
        const char *user, *secret; /* NULL: refused */
    } cases[] = {
        { "plain", SASL_PLAIN, STR("\0a@b\0pw"), "a@b", "pw" },
        { "plain for oneself", SASL_PLAIN, STR("A@b\0a@b\0pw"), "a@b", "pw" },
        { "plain for another", SASL_PLAIN, STR("c@b\0a@b\0pw"), NULL, NULL },
        { "plain without user", SASL_PLAIN, STR("\0\0pw"), NULL, NULL },
        { "plain without password", SASL_PLAIN, STR("\0a@b\0"), NULL, NULL },
        { "plain with one NUL", SASL_PLAIN, STR("\0a@b"), NULL, NULL },
        { "plain with three", SASL_PLAIN, STR("\0a@b\0p\0w"), NULL, NULL },
        { "plain, nothing", SASL_PLAIN, STR(""), NULL, NULL },
        { "bearer", SASL_OAUTHBEARER, STR("n,a=a@b,\1host=h\1port=143\1auth=Bearer tok\1\1"), "a@b", "tok" },
        { "bearer without a name", SASL_OAUTHBEARER, STR("n,,\1auth=Bearer tok\1\1"), "", "tok" },
        { "bearer, a name with both escapes", SASL_OAUTHBEARER, STR("y,a=a=2C=3Db@c,\1auth=bearer tok\1\1"), "a,=b@c",
          "tok" },
        { "bearer, a wrong escape", SASL_OAUTHBEARER, STR("n,a=a=41,\1auth=Bearer tok\1\1"), NULL, NULL },
        { "bearer with channel binding", SASL_OAUTHBEARER, STR("p=tls,,\1auth=Bearer tok\1\1"), NULL, NULL },
        { "bearer, other scheme", SASL_OAUTHBEARER, STR("n,,\1auth=Basic tok\1\1"), NULL, NULL },
        { "bearer, empty", SASL_OAUTHBEARER, STR("n,,\1auth=Bearer \1\1"), NULL, NULL },
        { "bearer, only an acknowledgement", SASL_OAUTHBEARER, STR("\1"), NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sasl x;
        enum sasl_next next = start(&x, cases[i].m, cases[i].in);
        if ((next == SASL_READY) != (cases[i].user != NULL))
            fail_msg("%s: %d", cases[i].what, (int)next);
        if (next == SASL_READY) {
            CHECK_STR(cases[i].what, x.user, cases[i].user);
            CHECK_STR(cases[i].what, x.secret, cases[i].secret);
        }
        sasl_fini(&x);
        CHECK(x.raw.p == NULL);
    }
}

TEST(login_asks_twice)
{
    struct sasl x;
    CHECK_EQ(sasl_start(&x, SASL_LOGIN, NULL), SASL_ASK);
    CHECK_STR("first", x.challenge, "VXNlcm5hbWU6");
    CHECK_EQ(take(&x, S("a@b")), SASL_ASK);
    CHECK_STR("second", x.challenge, "UGFzc3dvcmQ6");
    CHECK_EQ(take(&x, S("secret")), SASL_READY);
    CHECK_STR("user", x.user, "a@b");
    CHECK_STR("secret", x.secret, "secret");
    sasl_fini(&x);
    CHECK_EQ(start(&x, SASL_LOGIN, S("a@b")), SASL_ASK); /* the user as initial response */
    CHECK_STR("second at once", x.challenge, "UGFzc3dvcmQ6");
    CHECK_EQ(take(&x, S("")), SASL_BAD);
    sasl_fini(&x);
}

TEST(exchanges_end_in_every_way)
{
    struct sasl x;
    CHECK_EQ(sasl_start(&x, SASL_PLAIN, NULL), SASL_ASK);
    CHECK_STR("empty challenge", x.challenge, "");
    CHECK_EQ(sasl_take(&x, S("*")), SASL_CANCELLED);
    sasl_fini(&x);
    CHECK_EQ(sasl_start(&x, SASL_PLAIN, NULL), SASL_ASK);
    CHECK_EQ(sasl_take(&x, S("no base64!")), SASL_BAD);
    sasl_fini(&x);
    CHECK_EQ(sasl_start(&x, SASL_PLAIN, &S("=")), SASL_BAD); /* an empty response is none of PLAIN's */
    CHECK_EQ(sasl_refused(&x), SASL_BAD);
    sasl_fini(&x);
    CHECK_EQ(start(&x, SASL_OAUTHBEARER, S("n,,\1auth=Bearer tok\1\1")), SASL_READY);
    CHECK_EQ(sasl_refused(&x), SASL_ASK);
    AUTO_BUF struct buf json = { .max = 1000 };
    CHECK_OK(text_unbase64(&json, x.challenge));
    CHECK_STR("reason", buf_str(&json), "{\"status\":\"invalid_token\"}");
    sasl_fini(&x);
}

TEST(names)
{
    enum sasl_mech m;
    for (int i = 0; i < SASL_MECHS; i++) {
        CHECK_OK(sasl_find(str_c(sasl_name((enum sasl_mech)i)), &m));
        CHECK_EQ(m, i);
    }
    CHECK_OK(sasl_find(S("oauthbearer"), &m));
    CHECK_EQ(sasl_find(S("CRAM-MD5"), &m), ERR_BAD);
    CHECK_EQ(sasl_find(S(""), &m), ERR_BAD);
}
