#include "base/buf.h"
#include "test.h"
#include "wire/line.h"
#include <string.h>

TEST(command_lines)
{
    static const struct {
        const char *what, *in;
        enum err e;
        const char *line;
        size_t used;
    } cases[] = {
        { "a line", "NOOP\r\nQUIT\r\n", OK, "NOOP", 6 },
        { "an empty line", "\r\n", OK, "", 2 },
        { "no end yet", "NOOP", ERR_MORE, NULL, 0 },
        { "half an end", "NOOP\r", ERR_MORE, NULL, 0 },
        { "nothing", "", ERR_MORE, NULL, 0 },
        { "bare LF", "NOOP\nQUIT\r\n", ERR_BAD, NULL, 0 },
        { "LF first", "\nQUIT\r\n", ERR_BAD, NULL, 0 },
        { "bare CR", "NO\rOP\r\n", ERR_BAD, NULL, 0 },
        { "CR twice", "NOOP\r\r\n", ERR_BAD, NULL, 0 },
        { "bare CR, no end yet", "NO\rOP", ERR_BAD, NULL, 0 },
        { "just fits", "12345678\r\n", OK, "12345678", 10 },
        { "one too long", "123456789\r\n", ERR_FULL, NULL, 0 },
        { "too long without end", "12345678901", ERR_FULL, NULL, 0 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str line = { 0 };
        size_t used = 0;
        enum err e = line_command(str_c(cases[i].in), 10, &line, &used);
        if (e != cases[i].e)
            fail_msg("%s: %s", cases[i].what, err_name(e));
        if (e == OK)
            CHECK_STR(cases[i].what, line, cases[i].line);
        CHECK_EQ(used, cases[i].used);
    }
}

/* Feeds in pieces of n octets. */
static enum err feed(struct line_data *d, struct str in, size_t n, struct buf *out, size_t *used)
{
    enum err e = ERR_MORE;
    *used = 0;
    while (e == ERR_MORE && *used < in.n) {
        struct str piece = str_sub(in, *used, n);
        size_t took, kept;
        char *room = buf_reserve(out, piece.n);
        e = line_data_feed(d, piece, room, &kept, &took);
        CHECK(e != ERR_MORE || took == piece.n);
        out->n += kept;
        *used += took;
    }
    return e;
}

TEST(data_ends_at_its_dot_alone)
{
    static const struct {
        const char *what, *in;
        enum err e;
        const char *out, *rest;
    } cases[] = {
        { "plain", "a\r\nb\r\n.\r\nQUIT\r\n", OK, "a\r\nb\r\n", "QUIT\r\n" },
        { "empty", ".\r\n", OK, "", "" },
        { "stuffed", "..\r\n...\r\n.a.\r\n.\r\n", OK, ".\r\n..\r\na.\r\n", "" },
        { "dot inside", "a.\r\na\r\n.\r\n", OK, "a.\r\na\r\n", "" },
        { "unfinished", "a\r\n.\r", ERR_MORE, "a\r\n", "" },
        { "LF dot LF", "a\n.\nMAIL", ERR_BAD, NULL, NULL },
        { "LF dot CRLF", "a\n.\r\nMAIL", ERR_BAD, NULL, NULL },
        { "CRLF dot LF", "a\r\n.\nMAIL", ERR_BAD, NULL, NULL },
        { "CRLF dot CR", "a\r\n.\rMAIL", ERR_BAD, NULL, NULL },
        { "CR dot CR", "a\r.\rMAIL", ERR_BAD, NULL, NULL },
        { "CR CRLF dot CRLF", "a\r\r\n.\r\n", ERR_BAD, NULL, NULL },
        { "CRLF dot CR CRLF", "a\r\n.\r\r\n", ERR_BAD, NULL, NULL },
        { "LF first", "\n.\r\n", ERR_BAD, NULL, NULL },
        { "dot NUL is no dot", ".x\r\n.\r\n", OK, "x\r\n", "" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t n = 1; n < 20; n++) {
            AUTO_BUF struct buf out = { .max = 1000 };
            struct line_data d = { 0 };
            struct str in = str_c(cases[i].in);
            size_t used;
            enum err e = feed(&d, in, n, &out, &used);
            if (e != cases[i].e)
                fail_msg("%s in pieces of %zu: %s", cases[i].what, n, err_name(e));
            if (e == ERR_BAD)
                continue;
            CHECK_STR(cases[i].what, buf_str(&out), cases[i].out);
            CHECK_STR(cases[i].what, str_from(in, used), cases[i].rest);
        }
}

TEST(bare_is_for_ever)
{
    struct line_data d = { 0 };
    char out[16];
    size_t kept, used;
    CHECK_EQ(line_data_feed(&d, S("a\nb"), out, &kept, &used), ERR_BAD);
    CHECK_EQ(line_data_feed(&d, S("\r\n.\r\n"), out, &kept, &used), ERR_BAD);
    CHECK_EQ(used, 0);
}

TEST(without_room_nothing_is_kept_but_counted)
{
    struct line_data d = { 0 };
    size_t kept, used;
    CHECK_OK(line_data_feed(&d, S("abc\r\n.\r\n"), NULL, &kept, &used));
    CHECK_EQ(kept, 5);
    CHECK_EQ(used, 8);
}

TEST(verbatim_has_no_dots)
{
    struct line_data d = { .verbatim = true };
    char out[32];
    size_t kept, used;
    CHECK_EQ(line_data_feed(&d, S("a\r\n.\r\n..b\r\n"), out, &kept, &used), ERR_MORE);
    CHECK_STR("as it was", str_of(out, kept), "a\r\n.\r\n..b\r\n");
    CHECK_EQ(d.state, LINE_START);
}

TEST(long_lines_are_noticed)
{
    static char text[LIMIT_TEXT_LINE + 1];
    memset(text, 'x', sizeof text);
    struct line_data d = { 0 };
    size_t kept, used;
    CHECK_EQ(line_data_feed(&d, str_of(text, LIMIT_TEXT_LINE - 2), NULL, &kept, &used), ERR_MORE);
    CHECK_EQ(line_data_feed(&d, S("\r\n"), NULL, &kept, &used), ERR_MORE);
    CHECK(!d.too_long);
    CHECK_EQ(line_data_feed(&d, str_of(text, LIMIT_TEXT_LINE - 1), NULL, &kept, &used), ERR_MORE);
    CHECK_EQ(line_data_feed(&d, S("\r\n.\r\n"), NULL, &kept, &used), OK);
    CHECK(d.too_long);
}

/* Through line_out in pieces of n octets. */
static struct str sent(struct line_out o, struct str in, size_t n, struct buf *out)
{
    buf_clear(out);
    for (struct str piece = str_sub(in, 0, n); in.n > 0 && !o.full; piece = str_sub(in, 0, n)) {
        in = str_from(in, piece.n);
        for (size_t used; piece.n > 0 && !o.full; piece = str_from(piece, used)) {
            struct str lead, run = line_out_run(&o, piece, &lead, &used);
            CHECK(used > 0 && run.n == used);
            buf_put(out, lead);
            buf_put(out, run);
        }
    }
    buf_put(out, line_out_end(&o));
    return buf_str(out);
}

TEST(a_message_goes_out_so_that_it_can_be_read_back)
{
    static const struct {
        const char *what, *in, *want;
        int64_t top; /* -1: all */
    } cases[] = {
        { "plain", "A: b\r\n\r\ntext\r\n", "A: b\r\n\r\ntext\r\n.\r\n", -1 },
        { "dots", ".\r\n..\r\n.a\r\nb.\r\n", "..\r\n...\r\n..a\r\nb.\r\n.\r\n", -1 },
        { "no last end", "a", "a\r\n.\r\n", -1 },
        { "half a last end", "a\r", "a\r\n.\r\n", -1 },
        { "bare LF", "a\n.b\n\nc\r\n", "a\r\n..b\r\n\r\nc\r\n.\r\n", -1 },
        { "LF first", "\n.", "\r\n..\r\n.\r\n", -1 },
        { "bare CR", "a\rb\r\r\n", "a\rb\r\r\n.\r\n", -1 },
        { "nothing", "", ".\r\n", -1 },
        { "top 0", "A: b\r\nC: d\r\n\r\ne\r\nf\r\n", "A: b\r\nC: d\r\n\r\n.\r\n", 0 },
        { "top 1", "A: b\r\n\r\n.e\r\nf\r\n", "A: b\r\n\r\n..e\r\n.\r\n", 1 },
        { "top of more than there is", "A: b\r\n\r\ne\r\nf", "A: b\r\n\r\ne\r\nf\r\n.\r\n", 9 },
        { "top counts empty lines", "A: b\r\n\r\n\r\n\r\nf\r\n", "A: b\r\n\r\n\r\n\r\n.\r\n", 2 },
        { "top, bare LF", "A: b\n\ne\nf\n", "A: b\r\n\r\ne\r\n.\r\n", 1 },
        { "top without body", "A: b\r\n", "A: b\r\n.\r\n", 3 },
    };
    AUTO_BUF struct buf out = { .max = 1000 };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t n = 1; n < 30; n++) {
            struct line_out o = { .bounded = cases[i].top >= 0, .lines_left = (uint64_t)cases[i].top };
            CHECK_STR(cases[i].what, sent(o, str_c(cases[i].in), n, &out), cases[i].want);
        }
}

TEST(text_without_dots_goes_out_in_one_run)
{
    static const char text[] = "A: b\r\n\r\nline\r\n\r\nline\r\n";
    struct line_out o = { 0 };
    struct str lead;
    size_t used;
    struct str run = line_out_run(&o, str_c(text), &lead, &used);
    CHECK(run.p == text && run.n == sizeof text - 1 && used == run.n && lead.n == 0);
}
