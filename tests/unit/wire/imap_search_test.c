#include "test.h"
#include "wire/imap_search.h"
#include <string.h>

static const struct imap_search_context context = { .seq_star = 9, .uid_star = 90 };

static const char text[] =
    "From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nTo: you@example.com\r\n"
    "Subject: Caf=?utf-8?q?=C3=A9?=\r\n opens  today\r\nDate: Fri, 1 May 2026 23:30:00 -0700\r\n"
    "X-Empty:\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\nunseen preamble\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    "R3LDvMOfZSBhdXMgS8O2bG4=\r\n" /* Grüße aus Köln */
    "--b\r\nContent-Type: application/pdf\r\nContent-Description: the=?us-ascii?q?_?=paper\r\n\r\n"
    "%PDF hidden\r\n--b--\r\n";

enum { WORK = 1 << 8 };

static struct imap_search_message facts(void)
{
    return (struct imap_search_message){ .seq = 5,
                                         .uid = 50,
                                         .flags = IMAP_SEEN | IMAP_FLAGGED | WORK,
                                         .modseq = 700,
                                         .size = 1000,
                                         .internal_ms = 1777680000000, /* 2026-05-02 00:00:00 UTC */
                                         .saved_ms = -1,
                                         .emailid = S("E1"),
                                         .threadid = S("T1") };
}

/* What is answered step by step, as more of the message is opened: n and y, h and b for what is needed. */
static void play(const char *in, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = 16 << 20 };
    struct imap_token t;
    struct imap_search s;
    struct mime_tree tree;
    imap_token_init(&t, &a, str_c(in), true);
    if (!imap_search_read(&t, &context, &s)) {
        buf_puts(out, s.bad_charset ? "badcharset" : s.fuzzy ? "fuzzy" : t.full ? "full" : "bad");
        return;
    }
    CHECK(s.n > 0 && s.v[0].end == s.n);
    for (uint32_t i = 0; i < s.n; i++)
        if (s.v[i].kind == IMAP_KEY_KEYWORD)
            s.v[i].number = str_eq_nocase(s.v[i].text, S("$Work")) ? WORK : 0;
    struct imap_search read = s;
    CHECK(imap_search_copy(&a, &read, &s)); /* and the copy stands alone */
    memset(read.v, 0xff, read.n * sizeof *read.v);
    struct imap_search_message m = facts();
    CHECK_OK(mime_parse(&a, S(text), &tree));
    for (;;) {
        enum imap_search_answer answer = imap_search_match(&s, &m, m.internal_ms + 3600 * 1000);
        buf_putc(out, "nyhb"[answer]);
        if (answer == IMAP_SEARCH_NEEDS_HEADER)
            m.head = mime_head(&tree.v[0], S(text));
        else if (answer == IMAP_SEARCH_NEEDS_BODY) {
            m.tree = &tree;
            m.msg = S(text);
        } else
            return;
    }
}

TEST(imap_search_keys)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "ALL", "y" },
        { "SEEN", "y" },
        { "UNSEEN", "n" },
        { "NOT SEEN", "n" },
        { "NOT NOT SEEN", "y" },
        { "FLAGGED SEEN", "y" },
        { "FLAGGED ANSWERED", "n" },
        { "OR ANSWERED SEEN", "y" },
        { "OR ANSWERED DRAFT", "n" },
        { "NEW", "n" },
        { "OR NEW SEEN", "y" },
        { "NEW x", "bad" },
        { "OLD", "y" },
        { "RECENT", "n" },
        { "UNDELETED UNDRAFT UNANSWERED", "y" },
        { "UNFLAGGED", "n" },
        { "KEYWORD $work", "y" },
        { "UNKEYWORD $work", "n" },
        { "KEYWORD other", "n" },
        { "5", "y" },
        { "1:4,6:*", "n" },
        { "*", "n" },
        { "UID 50:60", "y" },
        { "UID *", "n" },
        { "$", "n" },
        { "UID $", "n" },
        { "NOT $", "y" },
        { "LARGER 999", "y" },
        { "LARGER 1000", "n" },
        { "SMALLER 1001", "y" },
        { "SMALLER 1000", "n" },
        { "MODSEQ 700", "y" },
        { "MODSEQ 701", "n" },
        { "MODSEQ \"/flags/\\\\draft\" all 620162338", "n" },
        { "MODSEQ \"/x/\" all 1", "bad" },
        { "ON 2-May-2026", "y" },
        { "BEFORE 2-May-2026", "n" },
        { "BEFORE \"3-May-2026\"", "y" },
        { "SINCE 2-May-2026", "y" },
        { "SINCE 3-May-2026", "n" },
        { "SAVEDON 2-May-2026", "y" },
        { "SAVEDBEFORE 2-May-2026", "n" },
        { "SAVEDSINCE 2-May-2026 SAVEDATESUPPORTED", "y" },
        { "YOUNGER 3600", "y" },
        { "YOUNGER 3599", "n" },
        { "OLDER 3600", "y" },
        { "OLDER 3601", "n" },
        { "EMAILID E1 THREADID T1", "y" },
        { "EMAILID e1", "n" },
        { "SENTON 1-May-2026", "hy" }, /* the sender's day, which in UTC is over */
        { "SENTSINCE 2-May-2026", "hn" },
        { "SENTBEFORE 2-May-2026", "hy" },
        { "FROM j\xc3\xb6rg", "bad" },
        { "FROM \"J\xc3\x96RG\"", "hy" },
        { "FROM jorg", "hn" },
        { "SUBJECT cafe", "hy" },
        { "SUBJECT \"opens today\"", "hy" },
        { "SUBJECT \"caf\xc3\xa9 OPENS\"", "hy" },
        { "TO example.org", "hn" },
        { "CC x", "hn" },
        { "BCC \"\"", "hn" },
        { "HEADER x-empty \"\"", "hy" },
        { "HEADER X-None \"\"", "hn" },
        { "HEADER \"to\" you", "hy" },
        { "BODY k\xc3\xb6ln", "bad" },
        { "BODY \"K\xc3\x96LN\"", "by" },
        { "BODY gru", "by" },
        { "BODY hidden", "bn" },
        { "BODY preamble", "bn" },
        { "BODY paper", "bn" },
        { "BODY opens", "bn" },
        { "BODY \"\"", "by" },
        { "TEXT \"the paper\"", "by" },
        { "TEXT opens", "by" },
        { "TEXT \"to: you\"", "by" },
        { "TEXT aus", "by" },
        { "TEXT nowhere", "bn" },
        { "CHARSET UTF-8 SUBJECT {3}\r\nF\xc3\xa9", "hy" },
        { "CHARSET ISO-8859-1 SUBJECT {2}\r\nF\xe9", "hy" },
        { "CHARSET us-ascii SEEN", "y" },
        { "CHARSET x-none SEEN", "badcharset" },
        { "FUZZY SUBJECT x", "fuzzy" },
        { "OR UNSEEN FUZZY SUBJECT x", "fuzzy" },
        { "(SEEN)", "y" },
        { "(SEEN ) FLAGGED", "y" },
        { "( )", "bad" },
        { "(SEEN (FLAGGED (NOT (ANSWERED))))", "y" },
        { "OR (ANSWERED) (SEEN FLAGGED)", "y" },
        { "NOT (SEEN ANSWERED)", "y" },
        { "OR OR ANSWERED DRAFT OR DELETED SEEN", "y" },
        { "SEEN  FLAGGED ", "y" },
        { "", "bad" },
        { "()", "bad" },
        { "(SEEN", "bad" },
        { "SEEN)", "bad" },
        { "NOT", "bad" },
        { "OR SEEN", "bad" },
        { "OR (SEEN)", "bad" },
        { "BOGUS", "bad" },
        { "ON yesterday", "bad" },
        { "LARGER", "bad" },
        { "LARGER -1", "bad" },
        { "OLDER 0", "bad" },
        { "SUBJECT", "bad" },
        { "0", "bad" },
        { "KEYWORD \\Seen", "bad" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        play(cases[i].in, &out);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

/* Nothing is opened that can't change the answer. */
TEST(imap_search_opens_no_more_than_it_must)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "UNSEEN SUBJECT x BODY x", "n" },
        { "OR SEEN BODY x", "y" },
        { "SUBJECT nothing BODY \"K\xc3\x96LN\"", "hn" },
        { "BODY \"K\xc3\x96LN\" SUBJECT cafe", "hby" },
        { "OR SUBJECT cafe BODY x", "hy" },
        { "OR SUBJECT nothing BODY aus", "hby" },
        { "NOT (UNSEEN BODY x)", "y" },
        { "NOT (SEEN BODY x)", "by" },
        { "OR (UNSEEN SUBJECT x) (ANSWERED BODY y)", "n" },
        { "OR (UNSEEN SUBJECT x) (SEEN BODY aus)", "by" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        play(cases[i].in, &out);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

/* A text that spans windows of the search, and one that begins in one and ends in the next. */
TEST(imap_search_in_a_long_body)
{
    static const char *const queries[] = { "BODY needle", "BODY \"xxneedlexx\"", "TEXT NEEDLE", "BODY nothing" };
    for (size_t at = 262140; at <= 262146; at++) {
        AUTO_ARENA struct arena a = { .max = 16 << 20 };
        AUTO_BUF struct buf msg = { .max = 1 << 20 };
        struct mime_tree tree;
        buf_puts(&msg, "Subject: x\r\n\r\n");
        for (size_t i = 0; i < 600000; i++)
            buf_putc(&msg, 'x');
        memcpy(msg.p + 14 + at, "needle", 6);
        CHECK_OK(mime_parse(&a, buf_str(&msg), &tree));
        for (size_t q = 0; q < COUNT(queries); q++) {
            struct imap_token t;
            struct imap_search s;
            imap_token_init(&t, &a, str_c(queries[q]), true);
            CHECK(imap_search_read(&t, &context, &s));
            struct imap_search_message m = facts();
            m.head = mime_head(&tree.v[0], buf_str(&msg));
            m.tree = &tree;
            m.msg = buf_str(&msg);
            CHECK_EQ(imap_search_match(&s, &m, 0), q < 3 ? IMAP_SEARCH_YES : IMAP_SEARCH_NO);
        }
    }
}

TEST(imap_search_returns)
{
    static const struct {
        const char *in;
        bool good;
        unsigned want;
    } cases[] = {
        { "RETURN () SEEN", true, IMAP_RETURN_ALL },
        { "RETURN (MIN max) SEEN", true, IMAP_RETURN_MIN | IMAP_RETURN_MAX },
        { "RETURN (SAVE) CHARSET UTF-8 SEEN", true, IMAP_RETURN_SAVE },
        { "RETURN (COUNT ALL) SEEN", true, IMAP_RETURN_COUNT | IMAP_RETURN_ALL },
        { "RETURN (BOGUS) SEEN", false, 0 },
        { "RETURN ( SEEN", false, 0 },
        { "RETURN SEEN", false, 0 },
        { "RETURN ()", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct imap_token t;
        struct imap_search s;
        imap_token_init(&t, &a, str_c(cases[i].in), true);
        CHECK_EQ(imap_search_read(&t, &context, &s), cases[i].good);
        CHECK_EQ(s.returns, cases[i].want);
        CHECK_EQ(s.esearch, cases[i].good);
    }
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_token t;
    struct imap_search s;
    imap_token_init(&t, &a, S("MODSEQ 5 UID $"), true);
    CHECK(imap_search_read(&t, &context, &s) && s.modseq && s.uses_saved && !s.esearch);
    imap_token_init(&t, &a, S("UTF-8 SEEN"), true);
    CHECK(imap_search_read_keys(&t, &context, &s) && s.n == 2);
}

static void repeat(struct buf *b, const char *what, int n, const char *end)
{
    buf_clear(b);
    for (int i = 0; i < n; i++)
        buf_puts(b, what);
    buf_puts(b, end);
    buf_putc(b, '\0');
}

TEST(imap_search_limits)
{
    static const struct {
        const char *what;
        int n;
        const char *end, *want;
    } cases[] = {
        { "NOT ", 498, "SEEN", "y" },        { "NOT ", 499, "SEEN", "full" },  { "NOT ", 9999, "SEEN", "full" },
        { "SEEN ", 498, "SEEN", "y" },       { "SEEN ", 499, "SEEN", "full" }, { "OR SEEN ", 249, "SEEN", "y" },
        { "(", 33, "SEEN", "full" },         { "(", 10000, "SEEN", "full" },   { "SUBJECT a ", 64, "ALL", "hy" },
        { "SUBJECT a ", 65, "ALL", "full" },
    };
    AUTO_BUF struct buf in = { .max = 1 << 20 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 100 };
        repeat(&in, cases[i].what, cases[i].n, cases[i].end);
        play(in.p, &out);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}
