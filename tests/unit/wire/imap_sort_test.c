#include "base/buf.h"
#include "test.h"
#include "wire/imap_search.h"
#include "wire/imap_sort.h"
#include "wire/imap_subject.h"

TEST(imap_base_subjects)
{
    static const struct {
        const char *in, *base;
        bool reply;
    } cases[] = {
        { "", "", false },
        { "hello", "HELLO", false },
        { "  hello   world ", "HELLO WORLD", false },
        { "Re: hello", "HELLO", true },
        { "RE : hello", "HELLO", true },
        { "re[4]: hello", "HELLO", true },
        { "Re: Fwd: FW: hello", "HELLO", true },
        { "[list] hello", "HELLO", false },
        { "[list] Re: hello", "HELLO", true },
        { "Re: [list] hello", "HELLO", true },
        { "[a] [b] hello", "HELLO", false },
        { "[a][b] Re [c]: hello", "HELLO", true },
        { "[list]", "[LIST]", false },
        { "[a][b]", "[B]", false },
        { "Re: [list]", "[LIST]", true },
        { "hello (fwd)", "HELLO", true },
        { "hello (fwd) (FWD)  ", "HELLO", true },
        { "[fwd: hello]", "HELLO", true },
        { "[Fwd: Re: [x] hello (fwd)]", "HELLO", true },
        { "[fwd: [fwd: hello]]", "HELLO", true },
        { "Re:", "", true },
        { "Reply: hello", "REPLY: HELLO", false },
        { "Re hello", "RE HELLO", false },
        { "[a[b] hello", "[A[B] HELLO", false },
        { "[fwd: x", "[FWD: X", false },
        { "caf\xc3\xa9", "CAFE\xcc\x81", false },
    };
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct imap_subject s;
        CHECK_OK(imap_subject_base(&a, str_c(cases[i].in), &s));
        CHECK_STR(cases[i].in, s.base, cases[i].base);
        CHECK_EQ(s.reply, cases[i].reply);
    }
}

/* Each of these would be quadratic if a step began anew: a million octets, at once. */
TEST(imap_base_subject_bombs)
{
    static const char *const pieces[] = { "[a]", "[fwd:", "re:", "[", "(fwd)", "[a] ", "re[x]" };
    for (size_t i = 0; i < COUNT(pieces); i++) {
        AUTO_ARENA struct arena a = { .max = 4 << 20 };
        AUTO_BUF struct buf in = { .max = 1 << 20 };
        struct imap_subject s;
        while (!in.failed)
            buf_puts(&in, pieces[i]);
        CHECK_OK(imap_subject_base(&a, buf_str(&in), &s));
    }
}

TEST(imap_sort_keys)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "(DATE) UTF-8", "2 h| UTF-8" },
        { "(REVERSE arrival SIZE) x", "0- 4| x" },
        { "(SUBJECT REVERSE DATE FROM TO CC)", "5 2- 3 6 1 h|" },
        { "RETURN (MIN) (SIZE) x", "4 r1| x" },
        { "()", "bad" },
        { "(REVERSE)", "bad" },
        { "(BOGUS)", "bad" },
        { "DATE", "bad" },
        { "(DATE", "bad" },
        { "(SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE SIZE)", "bad" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        AUTO_BUF struct buf out = { .max = 1000 };
        struct imap_token t;
        struct imap_sort s;
        imap_token_init(&t, &a, str_c(cases[i].in), true);
        bool good = imap_sort_read(&t, &s);
        for (size_t k = 0; good && k < s.n; k++)
            buf_printf(&out, "%s%d%s", k > 0 ? " " : "", (int)s.v[k].key, s.v[k].reverse ? "-" : "");
        if (good)
            buf_printf(&out, "%s", s.needs_header ? " h" : "");
        if (good && s.esearch)
            buf_printf(&out, " r%u", s.returns);
        buf_puts(&out, good ? "|" : "bad");
        buf_put(&out, good ? t.rest : S(""));
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

static const char *const heads[] = {
    "From: zoe@a\r\nTo: x@a\r\nSubject: Re: b\r\nDate: Fri, 1 May 2026 12:00:00 +0200\r\n\r\n",
    "From: \"Zoe\" <Anna@b>\r\nTo: G: y@a;\r\nSubject: A\r\nDate: Fri, 1 May 2026 12:00:00 -0200\r\n\r\n",
    "From: <berta@a>\r\nCc: c@d\r\nSubject: [l] b\r\n\r\n",
};

TEST(imap_sorts)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "(ARRIVAL)", "1 2 3 " },
        { "(REVERSE ARRIVAL)", "3 2 1 " },
        { "(DATE)", "3 1 2 " },
        { "(FROM)", "2 3 1 " },
        { "(SUBJECT)", "2 1 3 " },
        { "(SUBJECT REVERSE DATE)", "2 1 3 " },
        { "(TO)", "3 2 1 " },
        { "(CC)", "1 2 3 " },
        { "(REVERSE CC)", "3 1 2 " },
        { "(SIZE)", "2 1 3 " },
        { "(REVERSE SUBJECT REVERSE FROM)", "1 3 2 " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        AUTO_BUF struct buf out = { .max = 1000 };
        struct imap_token t;
        struct imap_sort by;
        struct imap_sort_record v[COUNT(heads)] = { 0 };
        imap_token_init(&t, &a, str_c(cases[i].in), true);
        CHECK(imap_sort_read(&t, &by));
        for (uint32_t k = 0; k < COUNT(heads); k++) {
            v[k].seq = v[k].number = k + 1;
            v[k].arrival_ms = 1000 * (int64_t)(k + 1);
            v[k].size = (k + 2) % 3;
            CHECK_OK(imap_sort_fill(&a, str_c(heads[k]), &v[k]));
        }
        v[0].size = 1;
        imap_sort_run(&by, v, COUNT(v));
        for (size_t k = 0; k < COUNT(v); k++)
            buf_printf(&out, "%u ", v[k].number);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}
