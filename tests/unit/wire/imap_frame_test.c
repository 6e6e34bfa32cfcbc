#include "base/buf.h"
#include "test.h"
#include "wire/imap_frame.h"

static const struct imap_frame_limits limits = {
    .line_max = 64, .command_max = 100, .literal_max = 50, .nonsync_max = 20
};

/* What the framing says, event by event, when every literal is kept; the octets come "piece" at a time. */
static void play(struct str in, size_t piece, struct buf *out)
{
    struct imap_frame f = { 0 };
    struct imap_frame_event e;
    for (size_t begin = 0, have = 0; begin < in.n;) {
        enum err err = imap_frame_next(&f, str_sub(in, begin, have - begin), &limits, &e);
        if (err == ERR_MORE && have == in.n)
            break;
        if (err == ERR_MORE) {
            have = MIN(have + piece, in.n);
            continue;
        }
        if (err != OK) {
            buf_puts(out, err_name(err));
            return;
        }
        buf_printf(out, e.kind == IMAP_FRAME_COMMAND ? "command %zu;" : "literal at %zu", e.n);
        if (e.kind == IMAP_FRAME_COMMAND) {
            begin += e.n;
            continue;
        }
        buf_printf(out, " of %llu%s%s%s%s;", (unsigned long long)e.size, e.sync ? "" : "+", e.binary ? " binary" : "",
                   e.over ? " over" : "", e.unbuffered ? " unbuffered" : "");
        if (e.over || e.unbuffered)
            return;
        imap_frame_keep(&f, &e);
    }
}

TEST(imap_frames_in_any_pieces)
{
    static const struct {
        const char *what, *in, *want;
    } cases[] = {
        { "a line", "a NOOP\r\nb NOOP\r\n", "command 8;command 8;" },
        { "half a line", "a NOOP\r\nb NO", "command 8;" },
        { "a literal", "a X {3}\r\nabc d\r\n", "literal at 9 of 3;command 16;" },
        { "commands in a literal are octets", "a X {11+}\r\nb DELETE z\n\r\nc NOOP\r\n",
          "literal at 11 of 11+;command 24;command 8;" },
        { "of an unknown verb too", "a BOGUS {8+}\r\nb QUIT\r\n\r\nc NOOP\r\n",
          "literal at 14 of 8+;command 24;command 8;" },
        { "two of them", "a L {1}\r\nu {0+}\r\n\r\n", "literal at 9 of 1;literal at 17 of 0+;command 19;" },
        { "binary", "a A ~{2}\r\n\r\n\r\n", "literal at 10 of 2 binary;command 14;" },
        { "in quotes it is one, too", "a X \"{3}\r\nabc\r\n", "literal at 10 of 3;command 15;" },
        { "too large", "a X {51}\r\n", "literal at 10 of 51 over;" },
        { "too large to come unasked", "a X {21+}\r\n", "literal at 11 of 21+ over;" },
        { "too large to be kept", "a X {9}\r\n123456789 {50}\r\n", "literal at 9 of 9;literal at 25 of 50;" },
        { "too many octets in all", "a X {50}\r\n01234567890123456789012345678901234567890123456789 {40}\r\n",
          "literal at 10 of 50;literal at 67 of 40 unbuffered;" },
        { "past 64 bits", "a X {99999999999999999999}\r\n", "literal at 28 of 18446744073709551615 over unbuffered;" },
        { "past any number", "a X {000000000000000000000001}\r\n",
          "literal at 32 of 18446744073709551615 over unbuffered;" },
        { "no number", "a X {}\r\n{+}\r\n{a}\r\n", "command 8;command 5;command 5;" },
        { "bare LF", "a NOOP\nb NOOP\r\n", "bad" },
        { "bare CR", "a NO\rOP\r\n", "bad" },
        { "a long line", "0123456789012345678901234567890123456789012345678901234567890123456789", "full" },
        { "a long line around a literal", "01234567890123456789012345678901234567890123456789 {1}\r\na0123456789\r\n",
          "literal at 56 of 1;full" },
    };
    static const size_t pieces[] = { 1, 2, 3, 7, 1000 };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < COUNT(pieces); k++) {
            AUTO_BUF struct buf out = { .max = 1000 };
            play(str_c(cases[i].in), pieces[k], &out);
            CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
        }
}

TEST(imap_frame_nul)
{
    struct imap_frame f = { 0 };
    struct imap_frame_event e;
    CHECK_EQ(imap_frame_next(&f, str_of("a N\0OP\r\n", 8), &limits, &e), ERR_BAD);
}

TEST(imap_frame_literal_that_the_session_takes)
{
    struct imap_frame f = { 0 };
    struct imap_frame_event e;
    CHECK_OK(imap_frame_next(&f, S("a APPEND x {40}\r\nabc"), &limits, &e));
    CHECK(e.kind == IMAP_FRAME_LITERAL && e.size == 40 && e.sync && e.early);
    imap_frame_away(&f);
    CHECK_OK(imap_frame_next(&f, S(" {5+}\r\n"), &limits, &e));
    CHECK(e.kind == IMAP_FRAME_LITERAL && e.n == 7 && !e.sync && !e.early);
    imap_frame_away(&f);
    CHECK_EQ(imap_frame_next(&f, S("\r"), &limits, &e), ERR_MORE);
    CHECK_OK(imap_frame_next(&f, S("\r\nb NOOP\r\n"), &limits, &e));
    CHECK(e.kind == IMAP_FRAME_COMMAND && e.n == 2);
    CHECK(f.at == 0 && f.seen == 0 && f.line_n == 0);
}

TEST(imap_frame_line_is_counted_across_literals_that_went_away)
{
    struct imap_frame f = { 0 };
    struct imap_frame_event e;
    enum err err = OK;
    int n = 0;
    for (; err == OK && n < 100; n++) {
        err = imap_frame_next(&f, S(" {5+}\r\n"), &limits, &e);
        imap_frame_away(&f);
    }
    CHECK_EQ(err, ERR_FULL);
    CHECK_EQ(n, 10); /* 64 octets of 7 each */
}
