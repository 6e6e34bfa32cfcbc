/* What was said is said again, for as long as it holds and as it was. */
#include "io/dns_cache.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>

#define QUESTION "\1q\0\0\x10\0\1"
#define HEAD(code, answers, authorities) "\0\1\x81" code "\0\1\0" answers "\0" authorities "\0\0"
static const struct str text = STR(HEAD("\x80", "\1", "\0") QUESTION "\xc0\x0c\0\x10\0\1\0\0\0\x0a\0\3\2ab");
static const struct str denied =
    STR(HEAD("\x83", "\0", "\1") QUESTION "\0\0\6\0\1\0\1\0\0\0\x16\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1");
enum { TEXT_MS = 10 * 1000, START_MS = 5000 };

static void put(struct dns_cache *c, const char *name, enum dns_status status, struct str packet)
{
    struct dns_answer a = { .status = status, .secure = true, .packet = packet };
    dns_cache_put(c, str_c(name), DNS_TXT, &a, START_MS);
}

static bool has(struct dns_cache *c, const char *name, enum dns_type type, int64_t now_ms, struct dns_answer *out)
{
    char *packet = NULL;
    bool there = dns_cache_get(c, str_c(name), type, now_ms, out, &packet);
    CHECK(!there || out->packet.n == 0 || str_eq(out->packet, text));
    free(packet);
    return there;
}

TEST(an_answer_is_kept_while_it_holds)
{
    struct dns_cache *c;
    struct dns_answer a;
    CHECK_OK(dns_cache_new(&c));
    CHECK(!has(c, "a.example", DNS_TXT, START_MS, &a));
    put(c, "A.example.", DNS_FOUND, text);
    CHECK(has(c, "a.Example", DNS_TXT, START_MS, &a) && a.status == DNS_FOUND && a.secure && a.packet.n == text.n);
    CHECK(has(c, "a.example", DNS_TXT, START_MS + TEXT_MS - 1, &a));
    CHECK(!has(c, "a.example", DNS_TXT, START_MS + TEXT_MS, &a));
    CHECK(!has(c, "a.example", DNS_MX, START_MS, &a));
    put(c, "b.example", DNS_NXNAME, denied);
    CHECK(has(c, "b.example", DNS_TXT, START_MS, &a) && a.status == DNS_NXNAME && a.packet.n == 0);
    CHECK(has(c, "b.example", DNS_TXT, START_MS + 1000 * DNS_CACHE_LIFE_S - 1, &a));
    CHECK(!has(c, "b.example", DNS_TXT, START_MS + 1000 * DNS_CACHE_LIFE_S,
               &a)); /* its SOA would have let it be for a day */
    dns_cache_free(c);
}

TEST(the_last_answer_counts)
{
    struct dns_cache *c;
    struct dns_answer a;
    CHECK_OK(dns_cache_new(&c));
    put(c, "a.example", DNS_FOUND, text);
    put(c, "a.example", DNS_NXNAME, denied);
    CHECK(has(c, "a.example", DNS_TXT, START_MS, &a) && a.status == DNS_NXNAME);
    dns_cache_free(c);
}

TEST(a_failure_is_not_kept)
{
    static const enum dns_status none[] = { DNS_FAILED, DNS_SILENT, DNS_CROWDED };
    struct dns_cache *c;
    struct dns_answer a;
    CHECK_OK(dns_cache_new(&c));
    for (size_t i = 0; i < COUNT(none); i++)
        put(c, "a.example", none[i], text);
    put(c, "a.example", DNS_FOUND, S("no packet"));
    a = (struct dns_answer){ .status = DNS_FOUND, .packet = text };
    dns_cache_put(c, S("a.example"), DNS_PTR, &a, START_MS); /* such a name is somebody's address */
    CHECK(!has(c, "a.example", DNS_TXT, START_MS, &a) && !has(c, "a.example", DNS_PTR, START_MS, &a));
    dns_cache_free(c);
}

TEST(the_oldest_makes_room)
{
    struct dns_cache *c;
    struct dns_answer a;
    char name[64];
    CHECK_OK(dns_cache_new(&c));
    for (int i = 0; i < DNS_CACHE_ANSWERS + 1; i++) {
        snprintf(name, sizeof name, "%d.example", i);
        put(c, name, DNS_FOUND, text);
    }
    CHECK(!has(c, "0.example", DNS_TXT, START_MS, &a) && has(c, "1.example", DNS_TXT, START_MS, &a));
    CHECK(has(c, name, DNS_TXT, START_MS, &a));
    dns_cache_free(c);
}
