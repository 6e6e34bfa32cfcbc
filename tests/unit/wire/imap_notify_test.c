#include "test.h"
#include "wire/imap_notify.h"

static void put(struct buf *out, const char *in)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_token t;
    struct imap_notify n;
    imap_token_init(&t, &a, str_c(in), false);
    if (!imap_notify_read(&t, &n)) {
        buf_puts(out, n.bad_event ? "no such event" : t.full ? "full" : "bad");
        return;
    }
    buf_puts(out, n.status ? "status" : "");
    for (size_t i = 0; i < n.n; i++) {
        buf_printf(out, "[%d %u%.*s", (int)n.v[i].filter, n.v[i].events, STR_FMT(n.v[i].fetch));
        for (size_t k = 0; k < n.v[i].n; k++)
            buf_printf(out, " %.*s", STR_FMT(n.v[i].names[k]));
        buf_putc(out, ']');
    }
}

TEST(imap_notify)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "none", "" },
        { "SET (selected-delayed (MessageNew MessageExpunge FlagChange))", "[1 7]" },
        { "set status (selected (MessageNew (uid body.peek[header.fields (from to)]) MessageExpunge)) "
          "(subtree Lists (messagenew messageexpunge))",
          "status[0 3(uid body.peek[header.fields (from to)])][5 3 Lists]" },
        { "SET (mailboxes (inbox \"a b\" &- \"x*\") (MailboxName)) (personal (SubscriptionChange MailboxName))",
          "[6 8 INBOX a b & x*][3 24]" },
        { "SET (selected NONE) (inboxes NONE) (subscribed (MessageExpunge MessageNew))", "[0 0][2 0][4 3]" },
        { "SET (mailboxes ../x (MailboxName))", "[6 8]" },
        { "SET (personal (AnnotationChange))", "no such event" },
        { "SET (personal (MailboxName ServerMetadataChange))", "no such event" },
        { "SET (personal (MessageNew))", "bad" },
        { "SET (personal (MessageExpunge))", "bad" },
        { "SET (personal (FlagChange))", "bad" },
        { "SET (personal (MessageNew (uid) MessageExpunge))", "bad" },
        { "SET (selected (MailboxName))", "bad" },
        { "SET (selected NONE) (selected-delayed NONE)", "bad" },
        { "SET (selected (MessageNew (nothing) MessageExpunge))", "bad" },
        { "SET (selected (MessageNew () MessageExpunge))", "bad" },
        { "SET (mailboxes () (MailboxName))", "bad" },
        { "SET (everything NONE)", "bad" },
        { "SET (selected ())", "bad" },
        { "SET (selected (MessageNew MessageExpunge)) x", "bad" },
        { "SET (selected NONE", "bad" },
        { "SET STATUS", "bad" },
        { "SET", "bad" },
        { "NONE (selected NONE)", "bad" },
        { "", "bad" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        put(&out, cases[i].in);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

TEST(imap_notify_has_ceilings)
{
    AUTO_BUF struct buf in = { .max = 10000 }, out = { .max = 10000 };
    buf_puts(&in, "SET");
    for (int i = 0; i <= LIMIT_IMAP_NOTIFY_GROUPS; i++)
        buf_puts(&in, " (personal NONE)");
    buf_putc(&in, '\0');
    put(&out, in.p);
    CHECK_STR("groups", buf_str(&out), "full");
    buf_clear(&in);
    buf_clear(&out);
    buf_puts(&in, "SET (mailboxes (a");
    for (int i = 0; i < LIMIT_IMAP_NOTIFY_NAMES; i++)
        buf_puts(&in, " a");
    buf_puts(&in, ") (MailboxName))");
    buf_putc(&in, '\0');
    put(&out, in.p);
    CHECK_STR("names", buf_str(&out), "full");
}
