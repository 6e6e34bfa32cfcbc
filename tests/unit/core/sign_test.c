/* What is signed here passes the checks that other people's mail goes through, with both algorithms, and stops passing
 * when anything is added or changed that the signature is over. */
#include "../trust/zone.h"
#include "base/text.h"
#include "core/sign.h"
#include "trust/dkim_check.h"
#include <stdio.h>

enum { KEPT_MAX = 4 << 20, SCRATCH_MAX = 1 << 20, NOW_S = 1700000000 };

static const char mail[] = "Received: by mx.example; Sun, 22 Nov 2026 10:00:00 +0000\r\n"
                           "From: Box <a@box.example>\r\nTo: b@far.example\r\nSubject:  Hello\r\n   there\r\n"
                           "Message-ID: <1@box.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\n"
                           "one  two \r\n\r\nthree\r\n\r\n\r\n";

static struct sign_keys *keys;
static char records[SIGN_KINDS][1024];

static void make_keys(void)
{
    static const char *const names[SIGN_KINDS] = { "rsa", "ed25519" };
    struct sign_pair p = { 0 };
    CHECK_OK(sign_keys_new(&keys));
    for (int i = 0; i < SIGN_KINDS; i++) {
        AUTO_BUF struct buf raw = { .max = 4096 }, text = { .max = 4096 };
        CHECK_OK(sign_key_new((enum sign_kind)i, &p.key[i]));
        snprintf(p.selector[i], sizeof p.selector[i], "s%d", i);
        sign_key_public(p.key[i], &raw);
        text_base64(&text, buf_str(&raw));
        snprintf(records[i], sizeof records[i], "v=DKIM1; k=%s; p=%.*s", names[i], (int)text.n, text.p);
    }
    CHECK_OK(sign_keys_set(keys, S("box.example"), &p));
}

/* How many signatures there are and how many are good. */
static void check(struct str msg, int64_t now_s, size_t *n, size_t *good)
{
    AUTO_ARENA struct arena kept = { .max = KEPT_MAX }, scratch = { .max = SCRATCH_MAX };
    struct dkim_msg m;
    struct dkim_check c;
    struct answers as;
    const struct zone_row rows[] = { { "s0._domainkey.box.example", DNS_TXT, records[0] },
                                     { "s1._domainkey.box.example", DNS_TXT, records[1] } };
    CHECK_OK(answers_init(&as, &kept, &scratch));
    CHECK_OK(dkim_msg_init(&kept, msg, &m));
    dkim_check_init(&c, &kept, &m, now_s);
    while (dkim_check_run(&c, &as) == ERR_MORE) {
        zone_answer(&as, rows, COUNT(rows));
        answers_round(&as);
    }
    *n = c.n;
    *good = 0;
    for (size_t i = 0; i < c.n; i++)
        *good += c.verdict[i].result == RESULT_PASS;
}

TEST(signatures_hold_and_break)
{
    static const struct {
        const char *what, *before, *from, *to;
        int64_t later_s;
        size_t good;
    } cases[] = {
        { "as it is", "", "", "", 0, 2 },
        { "folded anew on its way", "", "Subject:  Hello\r\n   there", "Subject: Hello\r\n\tthere", 0, 2 },
        { "blanks at line ends, and empty lines at the end", "", "one  two \r\n\r\nthree\r\n\r\n\r\n",
          "one two\r\n\r\nthree\r\n", 0, 2 },
        { "a second From", "From: c@evil.example\r\n", "", "", 0, 0 },
        { "a second Subject", "Subject: x\r\n", "", "", 0, 0 },
        { "a Cc, of which there was none", "Cc: x@far.example\r\n", "", "", 0, 0 },
        { "a Reply-To", "Reply-To: x@evil.example\r\n", "", "", 0, 0 },
        { "a MIME-Version", "MIME-Version: 1.0\r\n", "", "", 0, 0 },
        { "another field", "X-Far: 1\r\n", "", "", 0, 2 },
        { "another body", "", "three", "four", 0, 0 },
        { "more of a body", "", "three\r\n", "three\r\nfour\r\n", 0, 0 },
        { "six days later", "", "", "", 6 * 86400, 2 },
        { "eight days later", "", "", "", 8 * 86400, 0 },
    };
    make_keys();
    AUTO_BUF struct buf sigs = { .max = 65536 };
    CHECK_OK(sign_message(keys, S("box.example"), S(mail), NOW_S, &sigs));
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf msg = { .max = 65536 };
        size_t n, good, at = str_find(S(mail), str_c(cases[i].from));
        buf_puts(&msg, cases[i].before);
        buf_put(&msg, buf_str(&sigs));
        buf_put(&msg, str_sub(S(mail), 0, at));
        buf_puts(&msg, cases[i].to);
        buf_put(&msg, str_from(S(mail), at + strlen(cases[i].from)));
        check(buf_str(&msg), NOW_S + cases[i].later_s, &n, &good);
        test_check(n == 2 && good == cases[i].good, cases[i].what, __FILE__, __LINE__);
    }
    sign_keys_free(keys);
}

TEST(lines_stay_short_and_end_with_crlf)
{
    make_keys();
    AUTO_BUF struct buf sigs = { .max = 65536 };
    CHECK_OK(sign_message(keys, S("box.example"), S(mail), NOW_S, &sigs));
    for (struct str rest = buf_str(&sigs); rest.n > 0;) {
        size_t lf = str_chr(rest, '\n');
        CHECK(lf != STR_NONE && lf > 0 && rest.p[lf - 1] == '\r' && lf < 100);
        rest = str_from(rest, lf + 1);
    }
    sign_keys_free(keys);
}

TEST(a_domain_without_keys_signs_nothing)
{
    make_keys();
    AUTO_BUF struct buf sigs = { .max = 65536 };
    CHECK_OK(sign_message(keys, S("other.example"), S(mail), NOW_S, &sigs));
    CHECK_EQ(sigs.n, 0);
    sign_keys_free(keys);
}

TEST(keys_go_into_pem_and_back)
{
    for (int i = 0; i < SIGN_KINDS; i++) {
        struct sign_key *k, *again;
        AUTO_BUF struct buf pem = { .max = SIGN_PEM_MAX, .secret = true }, a = { .max = 4096 }, b = { .max = 4096 };
        CHECK_OK(sign_key_new((enum sign_kind)i, &k));
        sign_key_pem(k, &pem);
        CHECK_OK(sign_key_read(buf_str(&pem), &again));
        CHECK_EQ(sign_key_kind(again), i);
        sign_key_public(k, &a);
        sign_key_public(again, &b);
        CHECK(a.n > 0 && str_eq(buf_str(&a), buf_str(&b)));
        sign_key_release(k);
        sign_key_release(again);
    }
    struct sign_key *none;
    CHECK_EQ(sign_key_read(S("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), &none), ERR_BAD);
    CHECK_EQ(sign_key_read(S(""), &none), ERR_BAD);
}
