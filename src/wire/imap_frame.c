/* A line's last octets alone say whether a literal follows. Quotes are not looked at: a quoted string can't hold a line
 * end, so what looks like an announcement within one is an error either way, and to take it for one is the reading in
 * which a literal's octets never become a command. */
#include "wire/imap_frame.h"
#include <assert.h>

/* The announcement that the line, which is without its CRLF, ends in. */
static bool literal_at_end(struct str line, struct imap_frame_event *e)
{
    size_t n = line.n;
    if (n < 3 || line.p[n - 1] != '}')
        return false;
    bool plus = line.p[n - 2] == '+';
    size_t end = n - 1 - plus, begin = end;
    while (begin > 0 && line.p[begin - 1] >= '0' && line.p[begin - 1] <= '9')
        begin--;
    if (begin == end || begin == 0 || line.p[begin - 1] != '{')
        return false;
    if (end - begin > LIMIT_IMAP_LITERAL_DIGITS || !str_to_u64(str_sub(line, begin, end - begin), &e->size))
        e->size = UINT64_MAX;
    e->sync = !plus;
    e->binary = begin >= 2 && line.p[begin - 2] == '~';
    return true;
}

static bool is_clean(struct str line) /* without its CRLF */
{
    return str_chr(line, '\r') == STR_NONE && str_chr(line, '\0') == STR_NONE;
}

static void judge(struct imap_frame_event *e, struct str in, const struct imap_frame_limits *l)
{
    e->over = e->size > l->literal_max || (!e->sync && e->size > l->nonsync_max);
    e->unbuffered = e->size > l->command_max - MIN(e->n, l->command_max);
    e->early = e->sync && in.n > e->n;
}

enum err imap_frame_next(struct imap_frame *f, struct str in, const struct imap_frame_limits *l,
                         struct imap_frame_event *out)
{
    if (in.n < f->at) /* within a literal that is kept */
        return ERR_MORE;
    size_t looked = MAX(f->seen, f->at), lf = str_chr(str_from(in, looked), '\n');
    size_t n = lf == STR_NONE ? in.n : looked + lf + 1;
    f->seen = n;
    if (n - f->at > l->line_max - MIN(f->line_n, l->line_max) || n > l->command_max)
        return ERR_FULL;
    if (lf == STR_NONE)
        return ERR_MORE;
    struct str line = str_sub(in, f->at, n - f->at);
    if (!str_ends(line, S("\r\n")) || !is_clean(str_sub(line, 0, line.n - 2)))
        return ERR_BAD;
    struct imap_frame_event e = { .n = n };
    if (literal_at_end(str_sub(line, 0, line.n - 2), &e)) {
        e.kind = IMAP_FRAME_LITERAL;
        judge(&e, in, l);
        f->at = n;
        f->line_n += line.n;
    } else {
        *f = (struct imap_frame){ 0 };
    }
    *out = e;
    return OK;
}

void imap_frame_keep(struct imap_frame *f, const struct imap_frame_event *e)
{
    assert(e->kind == IMAP_FRAME_LITERAL && !e->unbuffered);
    f->at = e->n + (size_t)e->size;
    f->seen = f->at;
}

void imap_frame_away(struct imap_frame *f)
{
    f->at = 0;
    f->seen = 0;
}
