/* Who counts as having written to a box. */
#include "core/send_known.h"
#include "test.h"
#include "wire/json.h"

#define NOBODY_ASKED "\"auth\":{\"spf\":null,\"dkim\":null,\"dmarc\":null,\"arc\":null,\"domain\":null}"
#define WRITTEN_HERE(domain)                                                                                           \
    "\"auth\":{\"spf\":null,\"dkim\":null,\"dmarc\":null,\"arc\":null,\"domain\":\"" domain "\"}"
#define PROVEN(domain) "\"auth\":{\"spf\":\"pass\",\"dkim\":\"none\",\"dmarc\":\"pass\",\"domain\":\"" domain "\"}"
#define UNPROVEN "\"auth\":{\"spf\":\"none\",\"dkim\":\"none\",\"dmarc\":\"none\",\"domain\":null}"
#define FROM(a) "\"from\":{\"name\":\"\",\"address\":\"" a "\"},\"reply_to\":["
#define ADDRESS(a) "{\"name\":\"\",\"address\":\"" a "\"}"

struct looked_for {
    struct str key;
    bool found;
};

static void look(void *ctx, struct str key)
{
    struct looked_for *l = ctx;
    l->found |= str_eq(key, l->key);
}

static bool wrote(const char *summary, const char *key, bool unchecked)
{
    struct looked_for l = { .key = str_c(key) };
    send_known_each(str_c(summary), unchecked, look, &l);
    return l.found;
}

TEST(who_has_written)
{
    static const struct {
        const char *what, *summary, *key;
        bool wrote;
    } cases[] = {
        { "its author", FROM("Bob@Far.example") "]," NOBODY_ASKED, "bob@far.example", true },
        { "somebody else", FROM("bob@far.example") "]," NOBODY_ASKED, "rob@far.example", false },
        { "a tag is another address", FROM("bob+x@far.example") "]," NOBODY_ASKED, "bob@far.example", false },
        { "proven", FROM("bob@far.example") "]," PROVEN("far.example"), "bob@far.example", true },
        { "proven for a name below", FROM("bob@news.far.example") "]," PROVEN("far.example"), "bob@news.far.example",
          true },
        { "another domain is proven", FROM("bob@far.example") "]," PROVEN("evil.example"), "bob@far.example", false },
        { "nothing is proven", FROM("bob@far.example") "]," UNPROVEN, "bob@far.example", false },
        { "a box here", FROM("bob@here.example") "]," WRITTEN_HERE("here.example"), "bob@here.example", true },
        { "a box here, of another domain", FROM("bob@far.example") "]," WRITTEN_HERE("here.example"), "bob@far.example",
          false },
        { "put there by the holder", FROM("bob@far.example") "]," NOBODY_ASKED ",\"own\":true", "bob@far.example",
          false },
        { "never judged nor received", FROM("bob@far.example") "],\"subject\":\"x\"", "bob@far.example", false },
        { "where answers go", FROM("no-reply@far.example") ADDRESS("help@far.example") "]," NOBODY_ASKED,
          "help@far.example", true },
        { "where answers go, a name below", FROM("x@mail.far.example") ADDRESS("help@far.example") "]," NOBODY_ASKED,
          "help@far.example", true },
        { "answers to another domain", FROM("x@far.example") ADDRESS("victim@other.example") "]," NOBODY_ASKED,
          "victim@other.example", false },
        { "an address in the subject", FROM("x@far.example") "],\"subject\":\"bob@far.example\"," NOBODY_ASKED,
          "bob@far.example", false },
        { "U-labels",
          FROM("bob@b\xc3\xbc"
               "cher.example") "]," NOBODY_ASKED,
          "bob@xn--bcher-kva.example", true },
        { "no JSON", "\"from\":", "bob@far.example", false },
        { "nothing", "", "bob@far.example", false },
    };
    json_setup(1);
    for (size_t i = 0; i < COUNT(cases); i++)
        test_check_eq(wrote(cases[i].summary, cases[i].key, true), cases[i].wrote, cases[i].what, __FILE__, __LINE__);
}

TEST(what_nobody_checked_is_not_believed)
{
    static const struct {
        const char *what, *summary, *key;
        bool wrote;
    } cases[] = {
        { "its author", FROM("bob@far.example") "]," NOBODY_ASKED, "bob@far.example", false },
        { "where answers go", FROM("x@far.example") ADDRESS("bob@far.example") "]," NOBODY_ASKED, "bob@far.example",
          false },
        { "proven", FROM("bob@far.example") "]," PROVEN("far.example"), "bob@far.example", true },
        { "nothing is proven", FROM("bob@far.example") "]," UNPROVEN, "bob@far.example", false },
        { "a box here", FROM("bob@here.example") "]," WRITTEN_HERE("here.example"), "bob@here.example", true },
    };
    json_setup(1);
    for (size_t i = 0; i < COUNT(cases); i++)
        test_check_eq(wrote(cases[i].summary, cases[i].key, false), cases[i].wrote, cases[i].what, __FILE__, __LINE__);
}
