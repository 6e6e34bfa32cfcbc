/* Lines and command grammar: whatever the pieces, the same message comes in and goes out; and no bare CR or LF ever
 * does.
 */
#include "base/buf.h"
#include "wire/line.h"
#include "wire/smtp.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static enum err feed(struct str in, size_t piece, bool verbatim, struct buf *out, size_t *used)
{
    struct line_data d = { .verbatim = verbatim };
    enum err e = ERR_MORE;
    *used = 0;
    while (e == ERR_MORE && *used < in.n) {
        struct str one = str_sub(in, *used, piece);
        size_t took = 0, kept = 0;
        char *room = buf_reserve(out, one.n);
        e = line_data_feed(&d, one, room, &kept, &took);
        must(took <= one.n && kept <= took && (e != ERR_MORE || took == one.n));
        out->n += kept;
        *used += took;
    }
    return e;
}

static void check_message(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        must(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
        must(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
    }
}

static void data_lines(struct str in, size_t piece, bool verbatim)
{
    AUTO_BUF struct buf whole = { .max = in.n + 1 }, pieces = { .max = in.n + 1 };
    size_t used_whole, used_pieces;
    enum err a = feed(in, in.n + 1, verbatim, &whole, &used_whole);
    enum err b = feed(in, piece, verbatim, &pieces, &used_pieces);
    must(a == b);
    if (a == ERR_BAD)
        return;
    must(used_whole == used_pieces && str_eq(buf_str(&whole), buf_str(&pieces)));
    if (a == OK)
        check_message(buf_str(&whole));
}

static void put_out(struct str in, size_t piece, struct buf *out)
{
    struct line_out o = { 0 };
    for (size_t used = 0; in.n > 0; in = str_from(in, used)) {
        struct str lead, run = line_out_run(&o, str_sub(in, 0, piece), &lead, &used);
        must(used > 0 && run.n == used);
        buf_put(out, lead);
        buf_put(out, run);
    }
    buf_put(out, line_out_end(&o));
}

/* What goes out ends where it should, comes back in as it was but for its line ends, and does so in pieces of any size.
 */
static void out_and_in(struct str in, size_t piece)
{
    AUTO_BUF struct buf whole = { .max = 2 * in.n + 8 }, pieces = { .max = 2 * in.n + 8 },
                        back = { .max = 2 * in.n + 8 };
    size_t used;
    put_out(in, in.n + 1, &whole);
    put_out(in, piece, &pieces);
    must(str_eq(buf_str(&whole), buf_str(&pieces)));
    enum err e = feed(buf_str(&whole), piece, false, &back, &used);
    must(e == ERR_BAD || (e == OK && used == whole.n)); /* bad: a CR astray, which stays one */
    size_t at = 0;
    for (size_t i = 0; e == OK && i < in.n; i++) {
        at += in.p[i] == '\n' && back.p[at] == '\r' && (i == 0 || in.p[i - 1] != '\r');
        must(at < back.n && back.p[at++] == in.p[i]);
    }
}

static void command(struct str in)
{
    struct str line;
    size_t used;
    if (line_command(in, LIMIT_SMTP_LINE, &line, &used) != OK)
        return;
    must(used == line.n + 2 && used <= LIMIT_SMTP_LINE);
    struct smtp_command c = smtp_command(line);
    struct smtp_mail m;
    struct smtp_rcpt r;
    struct smtp_bdat b;
    struct smtp_xclient x;
    (void)smtp_is_other_protocol(line);
    (void)smtp_helo_valid(c.arg);
    if (smtp_mail_parse(c.arg, &m) == SMTP_FINE)
        must(m.from.text.n <= LIMIT_ADDR && (m.utf8 || !m.from.utf8));
    if (smtp_rcpt_parse(c.arg, false, &r) == SMTP_FINE)
        must(r.to.text.n > 0 && r.to.text.n <= LIMIT_ADDR && !r.to.utf8);
    (void)smtp_rcpt_parse(c.arg, true, &r);
    (void)smtp_bdat_parse(c.arg, &b);
    (void)smtp_xclient_parse(c.arg, &x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0)
        return 0;
    struct str in = str_of(data + 1, n - 1);
    data_lines(in, 1 + data[0] % 16, false);
    data_lines(in, 1 + data[0] % 16, true);
    out_and_in(in, 1 + data[0] % 16);
    command(in);
    return 0;
}
