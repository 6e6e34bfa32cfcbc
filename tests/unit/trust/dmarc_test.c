#include "trust/dmarc.h"
#include "zone.h"

enum { KEPT_MAX = 4 << 20, SCRATCH_MAX = 1 << 20, ROUNDS_MAX = 50 };
#define TXT(name, text)                                                                                                \
    {                                                                                                                  \
        "_dmarc." name, DNS_TXT, (text)                                                                                \
    }

TEST(records)
{
    static const struct {
        const char *text;
        bool good;
        enum dmarc_policy own, below, missing;
        bool testing;
    } cases[] = {
        { "v=DMARC1; p=reject", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
        { "v=DMARC1;p=NONE;sp=Quarantine", true, DMARC_NONE, DMARC_QUARANTINE, DMARC_QUARANTINE },
        { " v = DMARC1 ; p = reject ; np = none ;", true, DMARC_REJECT, DMARC_REJECT, DMARC_NONE },
        { "v=DMARC1; p=reject; t=y", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT, true },
        { "v=DMARC1; p=reject; pct=0", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT, true },
        { "v=DMARC1; p=reject; pct=50", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
        { "v=DMARC1; p=reject; p=none", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
        { "v=DMARC1; p=reject; what is this; =; x=1", true, DMARC_REJECT, DMARC_REJECT, DMARC_REJECT },
        { "v=DMARC1; p=odd; rua=mailto:a@b.example", true, DMARC_NONE, DMARC_NONE, DMARC_NONE },
        { "v=DMARC1; rua=mailto:a@b.example", true, DMARC_NONE, DMARC_NONE, DMARC_NONE },
        { "v=DMARC1", false },
        { "v=DMARC1; p=odd", false },
        { "v=dmarc1; p=reject", false },
        { "v=DMARC10; p=reject", false },
        { "p=reject; v=DMARC1", false },
        { "v=spf1 -all", false },
        { "", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dmarc_record r;
        bool good = dmarc_record_parse(str_c(cases[i].text), &r) == OK;
        if (good != cases[i].good || (good && (r.own != cases[i].own || r.below != cases[i].below ||
                                               r.missing != cases[i].missing || r.testing != cases[i].testing)))
            CHECK_STR(cases[i].text, S("read so"), "not so");
    }
}

static struct dmarc_walk walk(const char *domain, const struct zone_row *rows, size_t n, size_t *questions)
{
    struct arena kept = { .max = KEPT_MAX }, scratch = { .max = SCRATCH_MAX };
    struct answers as;
    struct dmarc_walk w = { .failed = false };
    CHECK_OK(answers_init(&as, &kept, &scratch));
    enum err e = dmarc_walk(&as, str_c(domain), &w);
    CHECK_EQ(e, ERR_MORE);
    zone_answer(&as, rows, n);
    CHECK_OK(dmarc_walk(&as, str_c(domain), &w));
    *questions = as.n;
    arena_reset(&scratch);
    arena_reset(&kept);
    return w;
}

/* RFC 9989 appendix B.4 and section 4.10's own examples, by their names. */
TEST(walks)
{
    static const struct zone_row zone[] = {
        TXT("example.com", "v=DMARC1; p=none"),
        TXT("sales.example.com", "v=DMARC1; p=quarantine"),
        TXT("cuckoo.example.com", "v=DMARC1; p=reject; psd=n"),
        TXT("giant.bank.example", "v=DMARC1; p=reject"),
        TXT("bank.example", "v=DMARC1; p=reject; psd=y; np=none"),
        TXT("two.example", "v=DMARC1; p=reject"),
        TXT("two.example", "v=DMARC1; p=none"),
        TXT("mixed.example", "v=spf1 -all"),
        TXT("mixed.example", "v=DMARC1; p=reject"),
        TXT("mixed.example", "hello"),
        TXT("broken.example", NULL),
        TXT("c.d.e.f.g.h.i.long.example", "v=DMARC1; p=reject"),
        TXT("i.long.example", "v=DMARC1; p=quarantine"),
    };
    static const struct {
        const char *domain, *organisation, *record;
        size_t questions;
        bool exact, failed;
    } cases[] = {
        { "example.com", "example.com", "example.com", 2, true },
        { "a.mail.example.com", "example.com", "example.com", 4 },
        { "sales.example.com", "example.com", "sales.example.com", 3, true },
        { "x.sales.example.com", "example.com", "example.com", 4 },
        { "a.cuckoo.example.com", "cuckoo.example.com", "cuckoo.example.com", 4 },
        { "mail.giant.bank.example", "giant.bank.example", "giant.bank.example", 4 },
        { "mail.mega.bank.example", "mega.bank.example", "bank.example", 4 },
        { "bank.example", "bank.example", "bank.example", 2, true },
        { "a.two.example", "a.two.example", "", 3 },
        { "mixed.example", "mixed.example", "mixed.example", 2, true },
        { "nothing.example", "nothing.example", "", 2 },
        { "a.broken.example", "a.broken.example", "", 3, false, true },
        { "a.b.c.d.e.f.g.h.i.long.example", "i.long.example", "i.long.example", 8 },
        { "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.example", "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.example", "", 8 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t questions;
        struct dmarc_walk w = walk(cases[i].domain, zone, COUNT(zone), &questions);
        CHECK_STR(cases[i].domain, w.organisation, cases[i].organisation);
        CHECK_STR(cases[i].domain, w.domain, cases[i].record);
        CHECK_EQ(questions, cases[i].questions);
        CHECK(w.exact == cases[i].exact && w.failed == cases[i].failed);
    }
}

struct proof { /* what SPF and DKIM have found */
    const char *spf_domain;
    enum result spf;
    const char *dkim_domain;
    enum result dkim;
};

static struct dmarc_out check(const char *author, const struct proof *p, const struct zone_row *rows, size_t n)
{
    AUTO_ARENA struct arena kept = { .max = KEPT_MAX }, scratch = { .max = SCRATCH_MAX };
    static struct dkim_check dkim;
    struct spf_out spf = { .result = p->spf, .domain = str_c(p->spf_domain) };
    struct answers as;
    struct dmarc_in in = { .author = str_c(author), .spf = &spf, .dkim = &dkim };
    struct dmarc_out out = { .result = RESULT_COUNT };
    dkim = (struct dkim_check){ .n = p->dkim_domain != NULL };
    dkim.verdict[0] = (struct dkim_verdict){ .result = p->dkim, .domain = str_c(p->dkim_domain) };
    CHECK_OK(answers_init(&as, &kept, &scratch));
    enum err e = ERR_MORE;
    for (size_t i = 0; i < ROUNDS_MAX && e == ERR_MORE; i++) {
        answers_round(&as);
        e = dmarc_check(&in, &as, &out);
        zone_answer(&as, rows, n);
    }
    CHECK_OK(e);
    return out;
}

TEST(alignment)
{
    static const struct zone_row zone[] = {
        TXT("example.com", "v=DMARC1; p=reject; sp=quarantine; np=none"),
        { "there.example.com", DNS_A, "192.0.2.1" },
        TXT("strict.example", "v=DMARC1; p=reject; adkim=s; aspf=s"),
        TXT("test.example", "v=DMARC1; p=reject; t=y"),
        TXT("cuckoo.example.com", "v=DMARC1; p=reject; psd=n"),
        TXT("silent.example.com", NULL),
        TXT("evil.com", NULL),
        TXT("lost.example", NULL),
    };
    static const struct {
        const char *author;
        struct proof proof;
        enum result want;
        enum dmarc_policy policy;
    } cases[] = {
        { "example.com", { "example.com", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "bounce.example.com", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "Bounce.Example.COM", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "badexample.com", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "example.org", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "com", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "example.com", RESULT_SOFTFAIL }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "example.com", RESULT_TEMPERROR }, RESULT_TEMPERROR, DMARC_REJECT },
        { "example.com", { "evil.com", RESULT_TEMPERROR }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "evil.com", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "silent.example.com", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "cuckoo.example.com", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "cuckoo.example.com", { "example.com", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "there.example.com", { "example.com", RESULT_PASS }, RESULT_PASS, DMARC_QUARANTINE },
        { "there.example.com", { "example.org", RESULT_PASS }, RESULT_FAIL, DMARC_QUARANTINE },
        { "gone.example.com", { "example.org", RESULT_PASS }, RESULT_FAIL, DMARC_NONE },
        { "example.com", { "x.y", RESULT_NONE, "example.com", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "x.y", RESULT_NONE, "mail.example.com", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "example.com", { "x.y", RESULT_NONE, "example.com", RESULT_FAIL }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "x.y", RESULT_NONE, "example.com", RESULT_POLICY }, RESULT_FAIL, DMARC_REJECT },
        { "example.com", { "x.y", RESULT_NONE, "example.com", RESULT_TEMPERROR }, RESULT_TEMPERROR, DMARC_REJECT },
        { "example.com", { "x.y", RESULT_NONE, "example.org", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "strict.example", { "strict.example", RESULT_PASS }, RESULT_PASS, DMARC_REJECT },
        { "strict.example", { "a.strict.example", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "strict.example", { "x.y", RESULT_NONE, "a.strict.example", RESULT_PASS }, RESULT_FAIL, DMARC_REJECT },
        { "test.example", { "x.y", RESULT_NONE }, RESULT_FAIL, DMARC_QUARANTINE },
        { "none.example", { "none.example", RESULT_PASS }, RESULT_NONE, DMARC_NONE },
        { "lost.example", { "lost.example", RESULT_PASS }, RESULT_TEMPERROR, DMARC_NONE },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dmarc_out o = check(cases[i].author, &cases[i].proof, zone, COUNT(zone));
        if (o.result != cases[i].want || o.policy != cases[i].policy)
            print_error("case %zu: %s %s\n", i, result_name(o.result).p, dmarc_policy_name(o.policy).p);
        CHECK(o.result == cases[i].want && o.policy == cases[i].policy);
        CHECK_EQ(o.aligned.n > 0, o.result == RESULT_PASS);
    }
}

TEST(authors)
{
    static const struct {
        const char *head, *domain, *why;
    } cases[] = {
        { "From: Ann <ann@Mail.Example>\r\n", "mail.example", "" },
        { "From: ann@b\xc3\xbc"
          "cher.example\r\n",
          "xn--bcher-kva.example", "" },
        { "From: \"eve@evil.example\" <ann@a.example>\r\n", "a.example", "" },
        { "From: group: ann@a.example;\r\n", "a.example", "" },
        { "To: ann@a.example\r\n", NULL, "no From" },
        { "From: a@a.example\r\nFROM: a@a.example\r\n", NULL, "more than one From" },
        { "From: a@a.example, b@B.example, c@b.example\r\n", "a.example b.example", "" },
        { "From: group: a@a.example, b@b.example;\r\n", "a.example b.example", "" },
        { "From: a@a, b@b.b, c@c.c, d@d.d, e@e.e\r\n", NULL, "too many domains in From" },
        { "From: nobody\r\n", NULL, "no address in From" },
        { "From: Acme, Inc. <a@a.example>\r\n", "a.example", "" },
        { "From:\r\n", NULL, "no address in From" },
        { "From: a@[192.0.2.1]\r\n", NULL, "an address without a domain in From" },
        { "From: ceo@bank.example x\r\n", NULL, "From cannot be read" },
        { "From: <ceo@bank.example> x@evil.example\r\n", NULL, "From cannot be read" },
        { "From: x@evil.example (ceo@bank.example\r\n", NULL, "From cannot be read" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct dkim_msg m;
        struct dmarc_authors all;
        AUTO_BUF struct buf domains = { .max = 1 << 10 };
        CHECK_OK(dkim_msg_init(&a, str_c(cases[i].head), &m));
        CHECK_OK(dmarc_authors(&a, &m, &all));
        for (size_t k = 0; k < all.n; k++)
            buf_printf(&domains, "%s%.*s", k ? " " : "", STR_FMT(all.v[k]));
        CHECK_EQ(all.n > 0, cases[i].domain != NULL);
        CHECK_STR(cases[i].head, all.n ? buf_str(&domains) : all.why, all.n ? cases[i].domain : cases[i].why);
    }
}
