/* Lines of every body, counted in one pass over the message. */
#include "wire/mime_part.h"
#include <stdlib.h>
#include <string.h>

struct mark {
    uint32_t at, part;
};

static int mark_cmp(const void *x, const void *y)
{
    const struct mark *a = x, *b = y;
    return a->at < b->at ? -1 : a->at > b->at;
}

struct counter {
    struct str msg;
    uint32_t at, lines;
    bool crlf, bare_lf, bare_cr;
};

/* Goes on to "to", line by line. */
static uint32_t count_to(struct counter *c, uint32_t to)
{
    while (c->at < to) {
        const char *p = c->msg.p + c->at, *lf = memchr(p, '\n', to - c->at);
        const char *end = lf != NULL ? lf : c->msg.p + to;
        const char *cr = memchr(p, '\r', (size_t)(end - p));
        c->bare_cr |= cr != NULL && cr + 1 != end;
        if (cr != NULL && cr + 1 == end && lf == NULL && to < c->msg.n)
            c->bare_cr |= c->msg.p[to] != '\n'; /* cut between CR and what follows */
        bool has_cr = lf != NULL && lf > c->msg.p && lf[-1] == '\r';
        c->crlf |= has_cr;
        c->bare_lf |= lf != NULL && !has_cr;
        c->lines += lf != NULL;
        c->at = (uint32_t)(end - c->msg.p) + (lf != NULL ? 1 : 0);
    }
    return c->lines;
}

/* One pass over the message: bodies begin in the order of the parts, their ends are sorted. */
enum err mime_lines(struct arena *a, struct str msg, struct mime_tree *t)
{
    struct mark *ends = arena_array(a, t->n, sizeof *ends);
    if (ends == NULL)
        return ERR_FULL;
    for (uint32_t i = 0; i < t->n; i++)
        ends[i] = (struct mark){ t->v[i].end, i };
    qsort(ends, t->n, sizeof *ends, mark_cmp);
    struct counter c = { .msg = msg };
    for (uint32_t b = 0, e = 0; e < t->n;) {
        if (b < t->n && t->v[b].body <= ends[e].at) {
            t->v[b].lines = count_to(&c, t->v[b].body); /* what came before it, for now */
            b++;
            continue;
        }
        struct mime_part *p = &t->v[ends[e].part];
        p->lines = count_to(&c, p->end) - p->lines;
        e++;
    }
    count_to(&c, t->size);
    uint64_t *d = &t->v[0].defects;
    *d |= (uint64_t)(c.bare_cr) << MIME_DEFECT_BARE_CR;
    *d |= (uint64_t)(c.bare_lf && c.crlf) << MIME_DEFECT_BARE_LF;
    *d |= (uint64_t)(msg.n > 0 && memchr(msg.p, '\0', msg.n) != NULL) << MIME_DEFECT_NUL;
    return OK;
}
