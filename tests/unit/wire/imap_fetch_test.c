#include "base/buf.h"
#include "test.h"
#include "wire/imap_fetch.h"

/* What was asked for, by its names in the response, with what else is known of it. */
static void play(const char *in, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct imap_token t;
    struct imap_fetch f;
    imap_token_init(&t, &a, str_c(in), true);
    if (!imap_fetch_read(&t, &f)) {
        buf_puts(out, t.full ? "full" : "bad");
        return;
    }
    for (size_t i = 0; i < f.n; i++) {
        buf_puts(out, i > 0 ? " " : "");
        imap_attr_put(out, &f.v[i]);
        buf_puts(out, f.v[i].lazy ? "(lazy)" : "");
        if (f.v[i].partial)
            buf_printf(out, "+%llu", (unsigned long long)f.v[i].count);
        CHECK(f.items & 1u << f.v[i].item);
    }
    buf_puts(out, f.sets_seen ? " seen" : "");
    if (f.changed_since)
        buf_printf(out, " since %llu%s", (unsigned long long)f.modseq, f.vanished ? " vanished" : "");
}

TEST(imap_fetch_attributes)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { "FLAGS", "FLAGS" },
        { "fast", "FLAGS INTERNALDATE RFC822.SIZE" },
        { "ALL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE" },
        { "FULL", "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY" },
        { "(ALL)", "bad" },
        { "(FLAGS UID flags)", "FLAGS UID" },
        { "(RFC822.SIZE RFC822 RFC822.HEADER RFC822.TEXT)", "RFC822.SIZE RFC822 RFC822.HEADER RFC822.TEXT seen" },
        { "RFC822.HEADER", "RFC822.HEADER" },
        { "(BODY BODYSTRUCTURE ENVELOPE)", "BODY BODYSTRUCTURE ENVELOPE" },
        { "BODY[]", "BODY[] seen" },
        { "BODY.PEEK[]<0.2048>", "BODY[]<0>+2048" },
        { "body.peek[1.2.mime]", "BODY[1.2.MIME]" },
        { "BODY[HEADER]", "BODY[HEADER] seen" },
        { "BODY.PEEK[1.HEADER.FIELDS (from \"x y\" To)]", "BODY[1.HEADER.FIELDS (FROM \"X Y\" TO)]" },
        { "BODY.PEEK[HEADER.FIELDS.NOT ({2}\r\nto)]<7.1>", "BODY[HEADER.FIELDS.NOT (TO)]<7>+1" },
        { "(BODY.PEEK[1] BODY[1])", "BODY[1] seen" },
        { "(BODY.PEEK[1] BODY.PEEK[1]<0.1> BODY.PEEK[2])", "BODY[1] BODY[1]<0>+1 BODY[2]" },
        { "(BINARY[1.1] BINARY.PEEK[2]<1.2> BINARY.SIZE[])", "BINARY[1.1] BINARY[2]<1>+2 BINARY.SIZE[] seen" },
        { "BINARY[TEXT]", "bad" },
        { "BINARY.SIZE[1]<0.1>", "bad" },
        { "(EMAILID THREADID SAVEDATE PREVIEW)", "EMAILID THREADID SAVEDATE PREVIEW" },
        { "(PREVIEW (LAZY) UID)", "PREVIEW(lazy) UID" },
        { "PREVIEW (LAZY)", "PREVIEW(lazy)" },
        { "PREVIEW (CHANGEDSINCE 5)", "PREVIEW since 5" },
        { "(FLAGS MODSEQ) (CHANGEDSINCE 12345 VANISHED)", "FLAGS MODSEQ since 12345 vanished" },
        { "FLAGS (VANISHED CHANGEDSINCE 1)", "FLAGS since 1 vanished" },
        { "FLAGS (VANISHED)", "bad" },
        { "FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)", "bad" },
        { "FLAGS (CHANGEDSINCE x)", "bad" },
        { "FLAGS ", "FLAGS" },
        { "FLAGS UID", "bad" },
        { "()", "bad" },
        { "", "bad" },
        { "(FLAGS", "bad" },
        { "BOGUS", "bad" },
        { "RFC822.BOGUS", "bad" },
        { "BODY[", "bad" },
        { "BODY[1.]", "bad" },
        { "BODY[0]", "bad" },
        { "BODY[1..2]", "bad" },
        { "BODY[1TEXT]", "bad" },
        { "BODY[MIME]", "bad" },
        { "BODY[TEXT.1]", "bad" },
        { "BODY[HEADER.FIELDS]", "bad" },
        { "BODY[HEADER.FIELDS ()]", "bad" },
        { "BODY[]<0>", "bad" },
        { "BODY[]<0.0>", "bad" },
        { "BODY[]<-1.2>", "bad" },
        { "BODY[]<1.2", "bad" },
        { "BODY.PEEK", "bad" },
        { "BODY[99999999999]", "bad" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 1000 };
        play(cases[i].in, &out);
        CHECK_STR(cases[i].in, buf_str(&out), cases[i].want);
    }
}

TEST(imap_fetch_limits)
{
    AUTO_BUF struct buf many = { .max = 1 << 20 }, fields = { .max = 1 << 20 }, out = { .max = 1 << 20 };
    for (int i = 0; i <= LIMIT_IMAP_ATTRS; i++)
        buf_printf(&many, "%sBODY[%d]", i > 0 ? " " : "(", i + 1);
    buf_puts(&many, ")");
    buf_putc(&many, '\0');
    play(many.p, &out);
    CHECK_STR("attributes", buf_str(&out), "full");
    buf_puts(&fields, "BODY[HEADER.FIELDS (");
    for (int i = 0; i < LIMIT_IMAP_FIELDS; i++)
        buf_printf(&fields, "%sx%d", i > 0 ? " " : "", i);
    size_t n = fields.n;
    buf_puts(&fields, ")]");
    buf_putc(&fields, '\0');
    buf_clear(&out);
    play(fields.p, &out);
    CHECK(str_starts(buf_str(&out), S("BODY[HEADER.FIELDS (X0 X1 ")));
    fields.n = n;
    buf_puts(&fields, " y)]");
    buf_putc(&fields, '\0');
    buf_clear(&out);
    play(fields.p, &out);
    CHECK_STR("fields", buf_str(&out), "full");
}

TEST(imap_partials)
{
    static const struct {
        bool partial;
        uint64_t from, count, n, want_from, want_count;
    } cases[] = {
        { false, 0, 0, 10, 0, 10 },      { true, 0, 4, 10, 0, 4 },   { true, 4, 100, 10, 4, 6 },
        { true, 10, 1, 10, 10, 0 },      { true, 99, 1, 10, 10, 0 }, { true, INT64_MAX, INT64_MAX, 10, 10, 0 },
        { true, 0, INT64_MAX, 0, 0, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct imap_attr a = { .partial = cases[i].partial, .from = cases[i].from, .count = cases[i].count };
        uint64_t from, count;
        imap_attr_cut(&a, cases[i].n, &from, &count);
        CHECK(from == cases[i].want_from && count == cases[i].want_count);
    }
}
