#include "test.h"
#include "wire/imap_mailbox.h"

/* RFC 3501 section 5.1.3 and, where modified UTF-7 has it alike, RFC 2152's examples. */
static const struct {
    const char *wire, *utf8;
} pairs[] = {
    { "", "" },
    { "INBOX", "INBOX" },
    { "a&-b", "a&b" },
    { "&-&-", "&&" },
    { "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
    { "A&ImIDkQ-.", "A\xe2\x89\xa2\xce\x91." },
    { "Hi Mom -&Jjo--!", "Hi Mom -\xe2\x98\xba-!" },
    { "&AOQ-", "\xc3\xa4" },
    { "&AOQA5A-x", "\xc3\xa4\xc3\xa4x" },
    { "&2D3eAA-", "\xf0\x9f\x98\x80" },
    { "&AAo-", "\n" },
};

TEST(imap_utf7_both_ways)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        AUTO_BUF struct buf to = { .max = 1000 }, back = { .max = 1000 };
        imap_utf7_encode(&to, str_c(pairs[i].utf8));
        CHECK_STR(pairs[i].utf8, buf_str(&to), pairs[i].wire);
        CHECK_OK(imap_utf7_decode(&back, str_c(pairs[i].wire)));
        CHECK_STR(pairs[i].wire, buf_str(&back), pairs[i].utf8);
    }
}

TEST(imap_utf7_has_one_spelling)
{
    static const char *const bad[] = {
        "&",       "&AOQ",   "a&AOQ/-", "\xc3\xa4", "&AGE-",       "&AOQ-&AOQ-", "&AOR-",
        "&AOQA-",  "&2D0-",  "&3gA-",   "&2D0A5A-", "&Jjo",        "&AC0-",      "&!-",
        "&U,BTFw", "&AOQ=-", "&AO-",    "&A-",      "&AOQ-&-&AOQ", "&AAA",       "x\x7f",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        buf_puts(&out, "kept");
        if (imap_utf7_decode(&out, str_c(bad[i])) != ERR_BAD)
            print_error("%s\n", bad[i]);
        CHECK_STR(bad[i], buf_str(&out), "kept");
    }
}

TEST(imap_mailbox_names)
{
    static const struct {
        const char *in;
        bool utf8;
        enum err err;
        const char *want;
    } cases[] = {
        { "inbox", false, OK, "INBOX" },
        { "InBoX/x", false, OK, "INBOX/x" },
        { "inboxes", false, OK, "inboxes" },
        { "x/inbox", false, OK, "x/inbox" },
        { "Work/", false, OK, "Work" },
        { "&AOQ-", false, OK, "\xc3\xa4" },
        { "&AOQ-", true, OK, "&AOQ-" },
        { "\xc3\xa4", true, OK, "\xc3\xa4" },
        { "\xc3\xa4", false, ERR_BAD, "" },
        { "\xe4", true, ERR_BAD, "" },
        { "", false, ERR_BAD, "" },
        { "/", false, ERR_BAD, "" },
        { "/a", false, ERR_BAD, "" },
        { "a//b", false, ERR_BAD, "" },
        { "a//", false, ERR_BAD, "" },
        { "../a", false, ERR_BAD, "" },
        { "a/./b", false, ERR_BAD, "" },
        { "a*", false, OK, "a*" },
        { "a%", false, OK, "a%" },
        { "a\r\nb", false, ERR_BAD, "" },
        { "&AAo-", false, ERR_BAD, "" },
        { "&AIU-", false, ERR_BAD, "" },
        { "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", false, OK, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16" },
        { "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", false, ERR_FULL, "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        CHECK_EQ(imap_mailbox_read(&out, str_c(cases[i].in), cases[i].utf8), cases[i].err);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
    char longer[LIMIT_IMAP_MAILBOX + 1];
    for (size_t i = 0; i < sizeof longer; i++)
        longer[i] = 'x';
    AUTO_BUF struct buf out = { .max = 1000 };
    CHECK_OK(imap_mailbox_read(&out, str_of(longer, LIMIT_IMAP_MAILBOX), false));
    CHECK_EQ(imap_mailbox_read(&out, str_of(longer, LIMIT_IMAP_MAILBOX + 1), false), ERR_FULL);
}

TEST(imap_mailbox_names_out)
{
    AUTO_BUF struct buf out = { .max = 1000 };
    imap_mailbox_put(&out, S("a b"), false);
    imap_mailbox_put(&out, S("\xc3\xa4"), false);
    imap_mailbox_put(&out, S("\xc3\xa4"), true);
    imap_mailbox_put(&out, S("a&b"), false);
    imap_mailbox_put(&out, S("a&b"), true);
    CHECK_STR("names", buf_str(&out),
              "\"a b\"&AOQ-\"\xc3\xa4\""
              "a&-ba&b");
}

TEST(imap_patterns)
{
    static const struct {
        const char *pattern, *name;
        bool match;
    } cases[] = {
        { "*", "a/b", true },
        { "%", "a", true },
        { "%", "a/b", false },
        { "", "", true },
        { "a*c", "abc/c", true },
        { "a%c", "a/c", false },
        { "a%c", "abbc", true },
        { "%/%", "a/b", true },
        { "%/%", "a/b/c", false },
        { "*/c", "a/b/c", true },
        { "*a%b", "xa/ab", true },
        { "*%b", "a/b", true },
        { "a", "A", false },
        { "inbox", "INBOX", true },
        { "inb%", "INBOX", true },
        { "I*X", "INBOX", true },
        { "inbox/a", "INBOX/a", true },
        { "inbox/A", "INBOX/a", false },
        { "abc", "abcd", false },
        { "abcd", "abc", false },
        { "%%%", "abc", true },
        { "**", "", true },
        { "a**%%*b", "ab", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        test_check(imap_pattern_match(str_c(cases[i].pattern), str_c(cases[i].name)) == cases[i].match,
                   cases[i].pattern, __FILE__, __LINE__);
    AUTO_BUF struct buf out = { .max = 1000 };
    CHECK_OK(imap_pattern_read(&out, S("inbox/%"), false));
    CHECK_STR("inbox", buf_str(&out), "INBOX/%");
}

TEST(imap_pattern_above)
{
    static const struct {
        const char *pattern;
        bool match;
        uint32_t above;
    } cases[] = {
        { "%", false, 1 }, { "*", true, 7 },   { "%/%", false, 2 }, { "a/b/c/d", true, 0 }, { "a*c", false, 4 },
        { "a", false, 1 }, { "b%", false, 0 }, { "*/b", false, 2 }, { "", false, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t above = 0;
        bool match = imap_pattern_match_above(str_c(cases[i].pattern), S("a/b/c/d"), &above);
        test_check(match == cases[i].match && above == cases[i].above, cases[i].pattern, __FILE__, __LINE__);
    }
}

/* The worst there is within the limits: an answer at once. */
TEST(imap_pattern_bomb)
{
    char pattern[LIMIT_IMAP_MAILBOX], name[LIMIT_IMAP_MAILBOX];
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = "*%a"[i % 3];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = 'a';
    name[sizeof name - 1] = 'b';
    size_t hits = 0;
    for (int i = 0; i < 1000; i++)
        hits += imap_pattern_match(str_of(pattern, sizeof pattern), str_of(name, sizeof name));
    CHECK_EQ(hits, 0);
}
