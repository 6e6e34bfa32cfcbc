#include "test.h"
#include "wire/imap_url.h"

static void put(struct buf *out, const char *in)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_url u;
    enum err e = imap_url_parse(&a, str_c(in), &u);
    if (e != OK) {
        buf_puts(out, err_name(e));
        return;
    }
    buf_printf(out, "%s%.*s %u %u ", u.relative ? "./" : "", STR_FMT(u.mailbox), u.uidvalidity, u.uid);
    imap_attr_put(out, &u.part);
    if (u.part.partial && u.part.count != UINT64_MAX)
        buf_printf(out, "%llu", (unsigned long long)u.part.count);
}

TEST(imap_urls)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER", "Drafts 385759045 20 BODY[HEADER]" },
        { "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=1.MIME", "Drafts 385759045 20 BODY[1.MIME]" },
        { "/Drafts/;UID=30", "Drafts 0 30 BODY[]" },
        { "/inbox/;uid=1/;partial=0.1024", "INBOX 0 1 BODY[]<0>1024" },
        { "/a/b/;UID=1/;SECTION=1.2/;PARTIAL=7", "a/b 0 1 BODY[1.2]<7>" },
        { "/%C3%A9t%c3%a9%20x/;UID=1", "\xc3\xa9t\xc3\xa9 x 0 1 BODY[]" },
        { "/a%3BUIDVALIDITY=1/;UID=2", "a;UIDVALIDITY=1 0 2 BODY[]" },
        { "/a/;UID=2/;SECTION=HEADER.FIELDS%20(To%20cc)", "a 0 2 BODY[HEADER.FIELDS (TO CC)]" },
        { ";UID=9/;SECTION=2", " 0 9 BODY[2]" },
        { "sub;UIDVALIDITY=3/;UID=9", "./sub 3 9 BODY[]" },
        { "imap://host/INBOX/;UID=1", "bad" },
        { "imap://INBOX/;UID=1", "bad" },
        { "//host/INBOX/;UID=1", "bad" },
        { "//host;UIDVALIDITY=1/;UID=1", "bad" },
        { "/%2Fhost/;UID=1", "bad" },
        { "/;UID=1", "bad" },
        { "/INBOX;UID=1", "bad" },
        { "/INBOX", "bad" },
        { "", "bad" },
        { ";", "bad" },
        { "/INBOX;UIDVALIDITY=1", "bad" },
        { "/INBOX;UIDVALIDITY=0/;UID=1", "bad" },
        { "/INBOX;UIDVALIDITY=4294967296/;UID=1", "bad" },
        { "/INBOX/;UID=0", "bad" },
        { "/INBOX/;UID=1;SECTION=1", "bad" },
        { "/INBOX/;UID=1/;SECTION=", "bad" },
        { "/INBOX/;UID=1/;SECTION=1;PARTIAL=1", "bad" },
        { "/INBOX/;UID=1/;SECTION=nothing", "bad" },
        { "/INBOX/;UID=1/;SECTION=1%00", "bad" },
        { "/INBOX/;UID=1/;PARTIAL=0.1/;SECTION=1", "bad" },
        { "/INBOX/;UID=1/;PARTIAL=0.0", "bad" },
        { "/INBOX/;UID=1/;PARTIAL=1.", "bad" },
        { "/INBOX/;UID=1/;UID=2", "bad" },
        { "/INBOX/;UID=1/;URLAUTH=anonymous:internal:0123", "bad" },
        { "/INBOX/;UID=1#x", "bad" },
        { "/IN?BOX/;UID=1", "bad" },
        { "/IN BOX/;UID=1", "bad" },
        { "/%E9/;UID=1", "bad" },
        { "/%/;UID=1", "bad" },
        { "/../a/;UID=1", "bad" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        put(&out, cases[i].in);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
    char big[LIMIT_IMAP_URL + 40];
    memset(big, 'a', sizeof big);
    memcpy(big, "/a/;UID=1/;SECTION=", 19);
    big[sizeof big - 1] = '\0';
    AUTO_BUF struct buf out = { .max = 1000 };
    put(&out, big);
    CHECK_STR("too long", buf_str(&out), "bad");
}
