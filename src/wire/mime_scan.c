/* The scanner walks the lines that begin with "--", because no other can end a part, and keeps a stack of the
 * boundaries that are open. A boundary ends every part within its multipart, however they are nested (RFC 2046
 * section 5.1.2), so an inner multipart without its closing line costs nothing but a defect. Each byte is looked at a
 * fixed number of times: no more than LIMIT_MIME_DEPTH comparisons a line, no more than that many parts to end at a
 * boundary. */
#include "wire/mime_part.h"
#include <string.h>

struct level {
    struct str boundary;
    uint32_t part;
};
struct scan {
    struct arena *a;
    struct str msg;
    struct mime_part *v;
    uint32_t n, cap;
    uint32_t cur; /* the innermost part whose end is not known */
    struct level levels[LIMIT_MIME_DEPTH + 1];
    size_t level_n;
    size_t meta_max; /* the arena may be this full before fields are passed over */
};
struct line {
    size_t begin, end; /* with its line end */
    struct str text;   /* without "--", blanks and line end */
};

static void add_defect(struct mime_part *p, enum mime_defect d) { p->defects |= UINT64_C(1) << d; }

static size_t line_after(struct str s, size_t at)
{
    const char *lf = at < s.n ? memchr(s.p + at, '\n', s.n - at) : NULL;
    return lf != NULL ? (size_t)(lf - s.p) + 1 : s.n;
}

static bool begins_dashes(struct str s, size_t at) { return at + 1 < s.n && s.p[at] == '-' && s.p[at + 1] == '-'; }

static struct line line_read(struct str s, size_t at)
{
    struct line l = { .begin = at, .end = line_after(s, at) };
    size_t n = l.end;
    while (n > at + 2 && (s.p[n - 1] == '\n' || s.p[n - 1] == '\r' || s.p[n - 1] == ' ' || s.p[n - 1] == '\t'))
        n--; /* RFC 2046 section 5.1.1: transport padding */
    l.text = str_sub(s, at + 2, n - at - 2);
    return l;
}

/* The next line at or after "at" (the begin of a line) that begins with "--". */
static bool dashes_next(struct str s, size_t at, struct line *out)
{
    while (at < s.n && !begins_dashes(s, at)) /* by line ends: a search for what follows them takes twice as long */
        at = line_after(s, at);
    if (at >= s.n)
        return false;
    *out = line_read(s, at);
    return true;
}

static bool is_open_line(struct str text, struct str boundary) { return str_eq(text, boundary); }

static bool is_close_line(struct str text, struct str boundary)
{
    return text.n == boundary.n + 2 && str_starts(text, boundary) && str_ends(text, S("--"));
}

/* The level that the line belongs to, the innermost first; level_n when it is none. Unlike RFC 2046's mere beginning of
 * a line, the whole line must match, as in every reader in use: one boundary may begin with another. */
static size_t level_of(const struct scan *s, struct str text, bool *closes)
{
    for (size_t i = s->level_n; i-- > 0;) {
        *closes = is_close_line(text, s->levels[i].boundary);
        if (*closes || is_open_line(text, s->levels[i].boundary))
            return i;
    }
    return s->level_n;
}

/* How far a part's header may reach: to its empty line, or the boundary that cuts it off. */
static size_t head_limit(const struct scan *s, size_t at)
{
    size_t stop = MIN(s->msg.n, at + LIMIT_HEADER_BYTES + 1);
    bool closes;
    while (at < stop) {
        if (begins_dashes(s->msg, at) && level_of(s, line_read(s->msg, at).text, &closes) < s->level_n)
            return at;
        size_t next = line_after(s->msg, at);
        bool empty = next - at <= 2 && (s->msg.p[at] == '\n' || (s->msg.p[at] == '\r' && next - at == 2));
        at = next;
        if (empty)
            return at;
    }
    return at;
}

static struct mime_part *part_new(struct scan *s, uint32_t parent, size_t at)
{
    if (s->n == s->cap) {
        uint32_t cap = s->cap == 0 ? 8 : MIN(2 * s->cap, (uint32_t)LIMIT_MIME_PARTS);
        struct mime_part *v = arena_array(s->a, cap, sizeof *v);
        if (v == NULL)
            return NULL;
        if (s->n > 0)
            memcpy(v, s->v, s->n * sizeof *v);
        s->v = v;
        s->cap = cap;
    }
    struct mime_part *p = &s->v[s->n];
    *p = (struct mime_part){ .parent = parent, .next = MIME_NONE, .head = (uint32_t)at, .body = (uint32_t)at };
    p->depth = parent == MIME_NONE ? 0 : s->v[parent].depth + 1;
    p->end = (uint32_t)s->msg.n;
    s->cur = s->n++;
    return p;
}

static void level_push(struct scan *s, struct mime_part *p)
{
    for (size_t i = 0; i < s->level_n; i++)
        if (str_eq(s->levels[i].boundary, p->boundary))
            add_defect(p, MIME_DEFECT_SAME_BOUNDARY);
    s->levels[s->level_n++] = (struct level){ p->boundary, (uint32_t)(p - s->v) };
}

/* Its header and its fields; *descend when a message within is to be read next. */
static enum err part_read(struct scan *s, struct mime_part *p, bool *descend)
{
    *descend = false;
    struct header_bounds b;
    size_t limit = head_limit(s, p->head);
    enum err e = header_bounds(str_sub(s->msg, p->head, limit - p->head), &b);
    if (e != OK && p->parent == MIME_NONE)
        return e;
    if (e != OK) {
        add_defect(p, MIME_DEFECT_HEADER_FULL);
        mime_part_opaque(p, S("application"), S("octet-stream"));
        return OK;
    }
    p->body = p->head + (uint32_t)b.body;
    if (b.no_blank)
        add_defect(p, MIME_DEFECT_NO_BLANK_LINE);
    if (b.junk)
        add_defect(p, MIME_DEFECT_HEADER_JUNK);
    const struct mime_part *parent = p->parent == MIME_NONE ? NULL : &s->v[p->parent];
    e = mime_part_fields(s->a, s->meta_max, parent, mime_head(p, s->msg), p);
    if (e != OK || !(p->flags & (MIME_MULTIPART | MIME_MESSAGE)))
        return e;
    if (p->depth >= LIMIT_MIME_DEPTH) {
        add_defect(p, MIME_DEFECT_TOO_DEEP);
        mime_part_opaque(p, p->type, p->subtype);
        return OK;
    }
    if (p->flags & MIME_MULTIPART)
        level_push(s, p);
    *descend = p->flags & MIME_MESSAGE;
    return OK;
}

/* A part at that place and, where it is a message, the message within, and so on down. */
static enum err part_begin(struct scan *s, uint32_t parent, size_t at)
{
    for (bool descend = true; descend;) {
        struct mime_part *p = part_new(s, parent, at);
        if (p == NULL)
            return ERR_FULL;
        if (s->n == LIMIT_MIME_PARTS) { /* the last one holds all that is left */
            add_defect(p, MIME_DEFECT_TOO_MANY);
            mime_part_opaque(p, S("application"), S("octet-stream"));
            return OK;
        }
        enum err e = part_read(s, p, &descend);
        if (e != OK)
            return e;
        parent = s->cur;
        at = p->body;
    }
    return OK;
}

/* A boundary of that level stands at "at": all within it ends before the line end in front, which is the boundary's. */
static void level_cut(struct scan *s, size_t level, size_t at)
{
    for (size_t i = level + 1; i < s->level_n; i++)
        add_defect(&s->v[s->levels[i].part], MIME_DEFECT_UNTERMINATED);
    s->level_n = level + 1;
    if (at > 0 && s->msg.p[at - 1] == '\n')
        at--;
    if (at > 0 && s->msg.p[at - 1] == '\r')
        at--;
    at = MAX(at, s->v[s->cur].body); /* an empty body: that line end was the header's */
    for (; s->cur != s->levels[level].part; s->cur = s->v[s->cur].parent)
        s->v[s->cur].end = (uint32_t)at;
}

static enum err scan_lines(struct scan *s)
{
    struct line l;
    size_t at = s->v[s->cur].body;
    bool after_end = s->level_n == 0; /* no multipart: nothing to look for */
    while ((s->level_n > 0 || !after_end) && s->n < LIMIT_MIME_PARTS && dashes_next(s->msg, at, &l)) {
        bool closes;
        size_t level = level_of(s, l.text, &closes);
        at = l.end;
        if (level == s->level_n) {
            struct mime_part *cur = &s->v[s->cur];
            after_end = cur->flags & MIME_MULTIPART && is_open_line(l.text, cur->boundary);
            if (after_end) /* it is closed, or its level would have been found */
                add_defect(cur, MIME_DEFECT_AFTER_END);
            continue;
        }
        level_cut(s, level, l.begin);
        if (closes) {
            s->level_n = level;
            continue;
        }
        if (begins_dashes(s->msg, at) && is_open_line(line_read(s->msg, at).text, s->levels[level].boundary))
            continue; /* the same line again: no part, for it would need a line end of its own in front */
        enum err e = part_begin(s, s->levels[level].part, at);
        if (e != OK)
            return e;
        at = s->v[s->cur].body;
    }
    return OK;
}

/* Boundaries that never came, multiparts that turned out to have nothing in them, siblings, the sum of the defects. */
static void finish(struct scan *s, struct mime_tree *t)
{
    uint32_t last[LIMIT_MIME_DEPTH + 2]; /* the last part seen at each depth */
    for (size_t i = 0; i < s->level_n && s->n < LIMIT_MIME_PARTS; i++)
        add_defect(&s->v[s->levels[i].part], MIME_DEFECT_UNTERMINATED);
    for (uint32_t i = 0; i < s->n; i++) {
        struct mime_part *p = &s->v[i];
        if (p->flags & MIME_MULTIPART && (i + 1 == s->n || s->v[i + 1].parent != i)) {
            add_defect(p, MIME_DEFECT_NO_PARTS);
            mime_part_opaque(p, S("text"), S("plain"));
        }
        if (i > 0 && i != p->parent + 1)
            s->v[last[p->depth]].next = i;
        last[p->depth] = i;
    }
    for (uint32_t i = 0; i < s->n; i++)
        t->defects |= s->v[i].defects;
}

enum err mime_parse(struct arena *a, struct str msg, struct mime_tree *out)
{
    if (msg.n >= UINT32_MAX)
        return ERR_FULL;
    struct scan s = { .a = a, .msg = msg, .meta_max = a->used + LIMIT_MIME_ARENA / 2 };
    enum err e = part_begin(&s, MIME_NONE, 0);
    if (e == OK)
        e = scan_lines(&s);
    struct mime_tree t = { .v = s.v, .n = s.n, .size = (uint32_t)msg.n };
    if (e != OK || (e = mime_lines(a, msg, &t)) != OK)
        return e;
    finish(&s, &t);
    *out = t;
    return OK;
}
