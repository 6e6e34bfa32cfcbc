/* Reports about mail, with whatever a far end and a sender have said in them: lines end in CRLF alone, and our own
 * reader finds the parts that were written, no more. Fields of the input, by line: recipient, what was asked for it
 * (ORCPT), the far end's words, its name, ENVID, the sender; the rest is the mail. */
#include "core/dsn.h"
#include "base/text.h"
#include "wire/mime.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void lines_end_well(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        must(s.p[i] != '\n' || (i > 0 && s.p[i - 1] == '\r'));
        must(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
    }
}

/* As mail is: CRLF, no bare ones. */
static void put_mail(struct buf *out, struct str in)
{
    for (size_t i = 0; i < in.n; i++)
        if (in.p[i] == '\n')
            buf_puts(out, "\r\n");
        else if (in.p[i] != '\r')
            buf_putc(out, in.p[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str rest = str_of(data, n), field[6];
    for (size_t i = 0; i < COUNT(field); i++)
        field[i] = str_cut(rest, '\n', &rest);
    AUTO_BUF struct buf out = { .max = 4 * n + 65536 }, mail = { .max = 2 * n + 1 };
    AUTO_ARENA struct arena a = { .max = 1 << 24 };
    put_mail(&mail, rest);
    const struct dsn_rcpt r = { .address = field[0],
                                .orcpt = field[1],
                                .text = field[2],
                                .mx = field[3],
                                .status = S("5.1.1"),
                                .code = 550,
                                .coded = n % 2 == 0 };
    struct dsn d = { .kind = (enum dsn_kind)(n % 3),
                     .hostname = S("mx.here.example"),
                     .to = field[5],
                     .envid = field[4],
                     .id = S("5d41402abc4b2a76b9719d911017c592"),
                     .now_ms = 1764244800000,
                     .arrival_ms = 1764244700000,
                     .retry_until_ms = 1764244900000,
                     .rcpts = &r,
                     .rcpts_n = 1,
                     .original = buf_str(&mail),
                     .full = true };
    if (dsn_put(&out, &d) != OK)
        return 0;
    lines_end_well(buf_str(&out));
    bool quotes_us = str_find(buf_str(&mail), d.id) != STR_NONE;
    struct mime_tree tree;
    if (quotes_us || mime_parse(&a, buf_str(&out), &tree) != OK)
        return 0;
    size_t direct = 0;
    for (size_t i = 1; i < tree.n; i++)
        direct += tree.v[i].parent == 0;
    must(direct == 2u + (mail.n > 0));
    return 0;
}
