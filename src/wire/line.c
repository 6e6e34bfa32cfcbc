/* Each octet is looked at by memchr() alone, and what is kept is copied in runs. No octet is ever held back: a CR is
 * written when it comes, because what follows is LF or the end of the message's chances; a leading dot never is. */
#include "wire/line.h"
#include <string.h>

static size_t find(struct str s, char c)
{
    const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
    return p ? (size_t)(p - s.p) : STR_NONE;
}

enum err line_command(struct str in, size_t max, struct str *line, size_t *used)
{
    size_t lf = find(in, '\n'), cr = find(in, '\r');
    if (cr != STR_NONE && cr + 1 < in.n && in.p[cr + 1] != '\n')
        return cr < max ? ERR_BAD : ERR_FULL;
    if (lf != STR_NONE && (lf == 0 || cr != lf - 1))
        return lf < max ? ERR_BAD : ERR_FULL;
    if (lf == STR_NONE)
        return in.n >= max ? ERR_FULL : ERR_MORE;
    if (lf >= max)
        return ERR_FULL;
    *line = str_of(in.p, lf - 1);
    *used = lf + 1;
    return OK;
}

/* How far the text runs: to its CR, with it, or to the end of rest; 0 for a bare LF. */
static size_t text_run(struct line_data *d, struct str rest)
{
    size_t lf = find(rest, '\n');
    size_t cr = find(str_sub(rest, 0, MIN(lf, rest.n)), '\r');
    if (cr == STR_NONE && lf != STR_NONE)
        return 0;
    d->state = cr == STR_NONE ? LINE_TEXT : LINE_CR;
    return cr == STR_NONE ? rest.n : cr + 1;
}

/* Takes at least one octet of rest, or changes state. *keep: do they belong to the message? */
static size_t step(struct line_data *d, struct str rest, bool *keep)
{
    char c = rest.p[0];
    size_t n = 1;
    *keep = false;
    switch (d->state) {
    case LINE_START:
        d->state = c == '.' && !d->verbatim ? LINE_DOT : LINE_TEXT;
        n = d->state == LINE_DOT;
        break;
    case LINE_TEXT:
        *keep = true;
        n = text_run(d, rest);
        if (n == 0)
            d->state = LINE_BARE;
        break;
    case LINE_CR:
        *keep = true;
        d->state = c == '\n' ? LINE_START : LINE_BARE;
        break;
    case LINE_DOT: /* RFC 5321 section 4.5.2: this dot was the client's addition, or the end */
        d->state = c == '\r' ? LINE_DOT_CR : LINE_TEXT;
        n = d->state == LINE_DOT_CR;
        break;
    case LINE_DOT_CR:
        d->state = c == '\n' ? LINE_ENDED : LINE_BARE;
        break;
    case LINE_ENDED:
    case LINE_BARE:
        n = 0;
        break;
    }
    return n;
}

static void count_line(struct line_data *d, size_t n)
{
    d->line_n += n;
    if (d->line_n > LIMIT_TEXT_LINE)
        d->too_long = true;
    if (d->state == LINE_START)
        d->line_n = 0;
}

/* The fast path: how many octets at the start of a line are whole lines without a dot in front or a CR or LF astray. */
static size_t whole_lines(struct line_data *d, struct str in)
{
    size_t i = 0;
    while (i < in.n && (in.p[i] != '.' || d->verbatim)) {
        const char *line = in.p + i, *lf = memchr(line, '\n', in.n - i);
        size_t n = lf ? (size_t)(lf - line) : 0;
        if (n == 0 || line[n - 1] != '\r' || memchr(line, '\r', n - 1))
            break;
        d->too_long |= n + 1 > LIMIT_TEXT_LINE;
        i += n + 1;
    }
    return i;
}

enum err line_data_feed(struct line_data *d, struct str in, char *out, size_t *out_n, size_t *used)
{
    size_t i = 0, kept = 0;
    while (i < in.n && d->state != LINE_ENDED && d->state != LINE_BARE) {
        bool keep = true;
        size_t n = d->state == LINE_START ? whole_lines(d, str_from(in, i)) : 0;
        if (n == 0) {
            n = step(d, str_from(in, i), &keep);
            count_line(d, n);
        }
        if (keep && out && n)
            memcpy(out + kept, in.p + i, n);
        kept += keep ? n : 0;
        i += n;
    }
    *out_n = kept;
    *used = i;
    if (d->state == LINE_BARE)
        return ERR_BAD;
    return d->state == LINE_ENDED ? OK : ERR_MORE;
}

static void out_line_ended(struct line_out *o)
{
    o->state = LINE_START;
    if (o->bounded && o->in_body)
        o->lines_left--;
    o->in_body = o->in_body || !o->filled;
    o->filled = false;
    o->full = o->bounded && o->in_body && o->lines_left == 0;
}

/* Takes the line that in begins with, or its part; 0: something has to go before it. */
static size_t out_line(struct line_out *o, struct str in)
{
    size_t lf = find(in, '\n'), text = lf == STR_NONE ? in.n : lf;
    bool cr = text > 0 ? in.p[text - 1] == '\r' : o->state == LINE_CR;
    o->filled = o->filled || text > (cr && text > 0 ? 1u : 0u);
    if (text > 0)
        o->state = cr ? LINE_CR : LINE_TEXT;
    if (lf == STR_NONE)
        return in.n;
    if (!cr)
        return text;
    out_line_ended(o);
    return lf + 1;
}

struct str line_out_run(struct line_out *o, struct str in, struct str *lead, size_t *used)
{
    size_t i = 0;
    *lead = S("");
    if (in.n > 0 && o->state == LINE_START && in.p[0] == '.')
        *lead = S(".");
    else if (in.n > 0 && o->state != LINE_CR && in.p[0] == '\n') {
        *lead = S("\r");
        o->state = LINE_CR;
    }
    for (size_t n = 1; n > 0 && i < in.n && !o->full; i += n) {
        bool dot = o->state == LINE_START && in.p[i] == '.';
        n = dot && i > 0 ? 0 : out_line(o, str_from(in, i));
    }
    *used = i;
    return str_sub(in, 0, i);
}

struct str line_out_end(const struct line_out *o)
{
    if (o->state == LINE_START)
        return S(".\r\n");
    return o->state == LINE_CR ? S("\n.\r\n") : S("\r\n.\r\n");
}
