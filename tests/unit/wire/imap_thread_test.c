#include "test.h"
#include "wire/imap_thread.h"
#include <string.h>

/* Records in one line each: number, subject, date in minutes, id, references. */
struct row {
    uint32_t number;
    const char *subject;
    int minute;
    const char *id, *refs;
};

static void play(const struct row *rows, size_t n, enum imap_thread how, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_thread_record v[40];
    for (size_t i = 0; i < n; i++) {
        struct str head =
            arena_printf(&a, "Date: Fri, 1 May 2026 10:%02d:00 +0000\r\nSubject: %s\r\n%s%s\r\n%s%s\r\n\r\n",
                         rows[i].minute, rows[i].subject, rows[i].id[0] ? "Message-ID: " : "X: ", rows[i].id,
                         rows[i].refs[0] ? "References: " : "Y: ", rows[i].refs);
        v[i] = (struct imap_thread_record){ .seq = (uint32_t)i + 1, .number = rows[i].number };
        CHECK_OK(imap_thread_fill(&a, head, 0, &v[i]));
    }
    CHECK_OK(imap_thread_put(out, how, v, n, &a));
}

#define THREAD(what, how, want, ...)                                                                                   \
    do {                                                                                                               \
        static const struct row rows_[] = { __VA_ARGS__ };                                                             \
        AUTO_BUF struct buf out_ = { .max = 10000 };                                                                   \
        play(rows_, COUNT(rows_), (how), &out_);                                                                       \
        CHECK_STR((what), buf_str(&out_), (want));                                                                     \
    } while (0)

TEST(imap_thread_references)
{
    const enum imap_thread how = IMAP_THREAD_REFERENCES;
    THREAD("RFC 5256 section 4", how, "(2)(3 6 (4 23)(44 7 96))", { 2, "a", 1, "<2>", "" }, { 3, "b", 2, "<3>", "" },
           { 4, "b", 4, "<4>", "<3> <6>" }, { 6, "b", 3, "<6>", "<3>" }, { 7, "b", 7, "<7>", "<3> <6> <44>" },
           { 23, "b", 5, "<23>", "<4>" }, { 44, "b", 6, "<44>", "<6>" }, { 96, "b", 8, "<96>", "<7>" });
    THREAD("a parent that is not there", how, "((3)(5))", { 3, "a", 1, "<3>", "<1>" }, { 5, "b", 2, "<5>", "<1>" });
    THREAD("of an only child gives way", how, "(3 4)", { 3, "a", 1, "<3>", "<1>" }, { 4, "a", 2, "<4>", "<1> <3>" });
    THREAD("within a thread gives way, too", how, "(1 (3)(4))", { 1, "a", 1, "<1>", "" },
           { 3, "a", 2, "<3>", "<1> <2>" }, { 4, "a", 3, "<4>", "<1> <2>" });
    THREAD("no ids at all", how, "(1)(2)", { 1, "a", 1, "", "" }, { 2, "b", 2, "", "" });
    THREAD("an id twice", how, "(1)((2)(3))", { 1, "a", 1, "<x>", "" }, { 2, "b", 2, "<x>", "" },
           { 3, "b", 3, "", "" });
    THREAD("roots by date", how, "(2)(1)", { 1, "a", 2, "<1>", "" }, { 2, "b", 1, "<2>", "" });
    THREAD("a loop", how, "(2 1)", { 1, "a", 1, "<1>", "<2>" }, { 2, "b", 2, "<2>", "<1>" });
    THREAD("of itself", how, "(1)", { 1, "a", 1, "<1>", "<1> <1>" });
    THREAD("the message knows its parent better than others", how, "(1 2 3)(9)", { 3, "c", 4, "<3>", "<9> <2>" },
           { 1, "a", 1, "<1>", "" }, { 2, "b", 2, "<2>", "<1>" }, { 9, "d", 5, "<9>", "" });
    THREAD("a reply goes to what it replies to by subject", how, "(1 2)", { 1, "x", 1, "<1>", "" },
           { 2, "Re: x", 2, "<2>", "" });
    THREAD("even when it came first", how, "(1 2)", { 2, "Re: x", 1, "<2>", "" }, { 1, "x", 2, "<1>", "" });
    THREAD("two of one subject are equals", how, "((1)(2)(3))", { 1, "x", 1, "<1>", "" }, { 2, "x", 2, "<2>", "" },
           { 3, "Re: x", 3, "<3>", "" });
    THREAD("two dummies of one subject are one", how, "((1)(2)(3)(4))", { 1, "x", 1, "<1>", "<a>" },
           { 2, "x", 2, "<2>", "<a>" }, { 3, "x", 3, "<3>", "<b>" }, { 4, "x", 4, "<4>", "<b>" });
    THREAD("no subject, no gathering", how, "(1)(2)", { 1, "Re:", 1, "<1>", "" }, { 2, "", 2, "<2>", "" });
}

TEST(imap_thread_ordered_subject)
{
    const enum imap_thread how = IMAP_THREAD_ORDEREDSUBJECT;
    THREAD("by subject, then by date", how, "(4)(1 3)(2 (5)(6))", { 1, "a", 2, "", "" }, { 2, "b", 3, "", "" },
           { 3, "Re: a", 9, "", "" }, { 4, "c", 1, "", "" }, { 5, "re: B", 4, "", "" }, { 6, "b", 5, "", "" });
}

TEST(imap_thread_names)
{
    static const struct {
        const char *in;
        bool good;
    } cases[] = {
        { "REFERENCES UTF-8", true }, { "orderedsubject x", true }, { "REFS x", false }, { "REFERENCES", false }
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct imap_token t;
        enum imap_thread how;
        imap_token_init(&t, NULL, str_c(cases[i].in), true);
        CHECK_EQ(imap_thread_read(&t, &how), cases[i].good);
    }
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_thread_record r = { .seq = 1 };
    char reply[] = "In-Reply-To: foo of <a@b >, <c@d>\r\nReferences: none\r\nSubject:  \r\n\r\n";
    CHECK_OK(imap_thread_fill(&a, str_of(reply, sizeof reply - 1), 77, &r));
    memset(reply, 'x', sizeof reply); /* nothing of the header is kept */
    CHECK(r.ref_n == 1 && r.subject.n == 0 && str_eq(r.refs[0], S("a@b")) && r.sent_ms == 77 && r.id.n == 0 &&
          r.seq == 1);
    AUTO_BUF struct buf head = { .max = 1 << 20 };
    buf_puts(&head, "References:");
    for (int i = 0; i < 500; i++)
        buf_printf(&head, " <%d>\r\n", i);
    CHECK_OK(imap_thread_fill(&a, buf_str(&head), 0, &r));
    CHECK(r.ref_n == LIMIT_IMAP_REFERENCES && str_eq(r.refs[0], S("0")) && str_eq(r.refs[1], S("401")) &&
          str_eq(r.refs[99], S("499")));
}

/* A chain of 30,000 in the worst order, and one parent of 30,000: an answer at once, nothing recurses. */
TEST(imap_thread_bombs)
{
    enum { N = 30000 };
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    AUTO_BUF struct buf chain = { .max = 4 << 20 }, star = { .max = 4 << 20 };
    struct imap_thread_record *v = arena_array(&a, N, sizeof *v);
    struct str *ids = arena_array(&a, N, sizeof *ids);
    for (uint32_t i = 0; i < N; i++)
        ids[i] = arena_printf(&a, "%u@x", i);
    for (uint32_t i = 0; i < N; i++)
        v[i] = (struct imap_thread_record){ .seq = i + 1,
                                            .number = i + 1,
                                            .sent_ms = i,
                                            .id = ids[i],
                                            .refs = i + 1 < N ? &ids[i + 1] : NULL,
                                            .ref_n = i + 1 < N };
    CHECK_OK(imap_thread_put(&chain, IMAP_THREAD_REFERENCES, v, N, &a));
    CHECK(str_starts(buf_str(&chain), S("(30000 29999 ")) && str_ends(buf_str(&chain), S(" 2 1)")));
    for (uint32_t i = 1; i < N; i++)
        v[i] = (struct imap_thread_record){
            .seq = i + 1, .number = i + 1, .sent_ms = N - i, .id = ids[i], .refs = &ids[0], .ref_n = 1
        };
    v[0].ref_n = 0;
    CHECK_OK(imap_thread_put(&star, IMAP_THREAD_REFERENCES, v, N, &a));
    CHECK(str_starts(buf_str(&star), S("(1 (30000)(29999)")));
}
