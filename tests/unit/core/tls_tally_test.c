#include "base/buf.h"
#include "core/tls_report.h"
#include "core/tls_tally.h"
#include "test.h"
#include <stdio.h>

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000, NOON = INT64_C(20000) * 24 * 3600 * 1000 + 12 * 3600 * 1000;

static struct tls_policy none(const char *domain)
{
    return (struct tls_policy){ .kind = TLS_POLICY_NONE, .domain = str_c(domain) };
}

TEST(a_day_is_taken_once_it_is_over)
{
    struct tls_tally *t;
    const struct tls_policy p = none("far.example");
    CHECK_OK(tls_tally_new(&t));
    CHECK(!tls_tally_take(t, NOON));
    tls_tally_add(t, NOON, S("far.example"), &p, S("mx.far.example"), TLS_GOOD);
    tls_tally_add(t, NOON + 1, S("far.example"), &p, S("mx.far.example"), TLS_NO_STARTTLS);
    tls_tally_add(t, NOON - DAY_MS, S("far.example"), &p, S("MX.far.example"), TLS_NO_STARTTLS); /* set back */
    CHECK(!tls_tally_take(t, NOON + DAY_MS / 2 - 1));
    tls_tally_add(t, NOON + DAY_MS, S("other.example"), &p, S(""), TLS_GOOD);
    struct tls_day *d = tls_tally_take(t, NOON + DAY_MS);
    CHECK(d && d->start_ms == NOON - DAY_MS / 2 && d->domains && !d->domains->next);
    const struct tls_count *c = d->domains->counts;
    CHECK(c->good == 1 && c->bad == 2 && c->failures_n == 1 && c->failures->n == 2 && !c->next);
    tls_day_free(d);
    CHECK(!tls_tally_take(t, NOON + DAY_MS));
    d = tls_tally_take(t, NOON + 3 * DAY_MS);
    CHECK(d && d->start_ms == NOON + DAY_MS / 2);
    tls_day_free(d);
    tls_tally_free(t);
}

/* Another policy is another row, the same one is not, and strangers cannot fill the memory. */
TEST(it_is_bounded)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct tls_tally *t;
    struct sts_policy sts = { .mode = STS_TESTING, .max_age_s = 1, .mx = &(struct str)STR("*.far.example"), .mx_n = 1 };
    CHECK_OK(tls_tally_new(&t));
    for (int round = 0; round < 2; round++)
        for (uint32_t i = 0; i < 2 * TALLY_POLICIES_MAX; i++) {
            struct tls_policy p;
            sts.max_age_s = i;
            CHECK_OK(tls_policy_of_sts(&a, S("far.example"), &sts, &p));
            for (int k = 0; k < 2 * TALLY_FAILURES_MAX; k++)
                tls_tally_add(t, NOON, S("far.example"), &p, arena_printf(&a, "mx%d.far.example", k), TLS_INVALID);
        }
    static const struct tls_policy p = { .kind = TLS_POLICY_NONE };
    for (int i = 0; i < 2 * TALLY_DOMAINS_MAX; i++) {
        char name[64];
        int n = snprintf(name, sizeof name, "%d.far.example", i);
        tls_tally_add(t, NOON, str_of(name, (size_t)n), &p, S(""), TLS_GOOD);
    }
    struct tls_day *d = tls_tally_take(t, NOON + DAY_MS);
    size_t domains = 0;
    for (const struct tls_domain *x = d->domains; x; x = x->next)
        domains++;
    CHECK(domains <= TALLY_DOMAINS_MAX && domains > TALLY_DOMAINS_MAX / 2 && d->lost > TALLY_DOMAINS_MAX);
    const struct tls_domain *far = d->domains;
    while (far && !str_eq(far->name, S("far.example")))
        far = far->next;
    CHECK(far && far->counts_n == TALLY_POLICIES_MAX && far->counts->failures_n == TALLY_FAILURES_MAX);
    CHECK_EQ(far->counts->bad, 4 * TALLY_FAILURES_MAX);
    tls_day_free(d);
    tls_tally_free(t);
}

TEST(long_policies_are_cut)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct str mx[LIMIT_STS_MX], records[32];
    struct sts_policy sts = { .mode = STS_ENFORCE, .max_age_s = 1, .mx = mx, .mx_n = LIMIT_STS_MX };
    struct tls_policy p;
    for (size_t i = 0; i < LIMIT_STS_MX; i++)
        mx[i] = arena_printf(&a, "%0200zu.example", i);
    CHECK_OK(tls_policy_of_sts(&a, S("far.example"), &sts, &p));
    CHECK(p.words_n > 10 && p.words_n < 30);
    records[0] = S("\3\1\1\xab\xcd");
    records[1] = S("\3\1");
    for (size_t i = 2; i < COUNT(records); i++)
        records[i] = arena_printf(&a, "%03000zu", i);
    CHECK_OK(tls_policy_of_tlsa(&a, S("mx.far.example"), records, COUNT(records), &p));
    CHECK_STR("octets", p.words[0], "3 1 1 abcd");
    CHECK(p.words_n <= 2);
}

TEST(a_report)
{
    AUTO_BUF struct buf json = { .max = 4096 }, text = { .max = 8192 };
    struct tls_failure failure = { .result = TLS_EXPIRED, .mx = STR("mx.far.example"), .n = 2 };
    struct tls_count count = { .policy = { .kind = TLS_POLICY_STS,
                                           .domain = STR("far.example"),
                                           .words = &(struct str)STR("mode: enforce"),
                                           .words_n = 1,
                                           .mx = &(struct str)STR("*.far.example"),
                                           .mx_n = 1 },
                               .good = 3,
                               .bad = 2,
                               .failures = &failure,
                               .failures_n = 1 };
    struct tls_domain domain = { .name = STR("far.example"), .counts = &count, .counts_n = 1 };
    const struct tls_report r = { .submitter = STR("here.example"),
                                  .from = STR("postmaster@here.example"),
                                  .start_ms = NOON - DAY_MS / 2,
                                  .domain = &domain,
                                  .chance = "00112233445566778899aabbccddeeff" };
    tls_report_json(&json, &r);
    CHECK_STR("section 4.4", buf_str(&json),
              "{\"organization-name\":\"here.example\",\"date-range\":{\"start-datetime\":\"2024-10-04T00:00:00Z\","
              "\"end-datetime\":\"2024-10-04T23:59:59Z\"},\"contact-info\":\"postmaster@here.example\",\"report-id\":"
              "\"1728000000.00112233445566778899aabbccddeeff@here.example\",\"policies\":[{\"policy\":{\"policy-type\":"
              "\"sts\",\"policy-string\":[\"mode: enforce\"],\"policy-domain\":\"far.example\",\"mx-host\":"
              "[\"*.far.example\"]},\"summary\":{\"total-successful-session-count\":3,"
              "\"total-failure-session-count\":2},\"failure-details\":[{\"result-type\":\"certificate-expired\","
              "\"receiving-mx-hostname\":\"mx.far.example\",\"failed-session-count\":2}]}]}");
    tls_report_mail(&text, &r, S("tls@far.example"), S("gz"), NOON);
    CHECK(!text.failed);
    CHECK(str_find(buf_str(&text), S("filename=\"here.example!far.example!1728000000!1728086399!00112233.json.gz\"")) !=
          STR_NONE);
    CHECK(str_find(buf_str(&text), S("TLS-Required: No\r\n")) != STR_NONE);
    for (struct str rest = buf_str(&text), line; rest.n > 0;) {
        line = str_line(rest, &rest);
        CHECK(line.n <= 200 && str_chr(line, '\r') == STR_NONE);
    }
}
