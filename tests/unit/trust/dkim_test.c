/* How much is done in one round, by a message that has all the signatures it may have. */
#include "trust/dkim_check.h"
#include "zone.h"

enum { KEPT_MAX = 4 << 20, SCRATCH_MAX = 1 << 20, NOW_S = 1700000000 };
/* 32 zeros as Ed25519 keys: a point of small order, which libsodium takes for no signature at all. */
#define KEY "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
static const struct zone_row rows[] = { { "s._domainkey.a.example", DNS_TXT, KEY } };

static size_t judged(const struct dkim_check *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->judged[i];
    return n;
}

TEST(signatures_are_checked_one_a_round)
{
    AUTO_ARENA struct arena kept = { .max = KEPT_MAX }, scratch = { .max = SCRATCH_MAX };
    AUTO_BUF struct buf text = { .max = SCRATCH_MAX };
    struct dkim_msg msg;
    struct dkim_check c;
    struct answers as;
    for (size_t i = 0; i < LIMIT_DKIM_SIGNATURES; i++)
        buf_puts(&text, "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=a.example; s=s; h=from;"
                        " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA\r\n");
    buf_puts(&text, "From: x@a.example\r\n\r\n");
    CHECK_OK(answers_init(&as, &kept, &scratch));
    CHECK_OK(dkim_msg_init(&kept, buf_str(&text), &msg));
    dkim_check_init(&c, &kept, &msg, NOW_S);
    CHECK_EQ(c.n, LIMIT_DKIM_SIGNATURES);
    CHECK_EQ(dkim_check_run(&c, &as), ERR_MORE);
    CHECK_EQ(zone_answer(&as, rows, COUNT(rows)), 1);
    enum err e = ERR_MORE;
    for (size_t before = 0; e == ERR_MORE; before++) {
        answers_round(&as);
        e = dkim_check_run(&c, &as);
        CHECK_EQ(judged(&c), before + 1);
    }
    CHECK_OK(e);
    CHECK_EQ(judged(&c), LIMIT_DKIM_SIGNATURES);
    CHECK_EQ(dkim_check_best(&c), RESULT_FAIL);
}
