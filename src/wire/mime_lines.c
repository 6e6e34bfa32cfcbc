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
    uint32_t at, lf, cr, crlf;
};

/* Sums that fit an octet, so that a compiler counts sixteen places at a time. The octet before p is the message's. */
static void count_few(struct counter *c, const char *p, size_t n)
{
    uint8_t lf = 0, cr = 0, crlf = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_lf = p[i] == '\n', behind_cr = p[(ptrdiff_t)i - 1] == '\r';
        lf = (uint8_t)(lf + is_lf);
        cr = (uint8_t)(cr + behind_cr);
        crlf = (uint8_t)(crlf + (is_lf & behind_cr));
    }
    c->lf += lf;
    c->cr += cr;
    c->crlf += crlf;
}

/* Goes on to "to"; how many lines have ended by then. A CR counts when the octet behind it is seen: the message's last
 * octet is no CR without LF. */
static uint32_t count_to(struct counter *c, uint32_t to)
{
    enum { STEP = 128 };
    const char *p = c->msg.p;
    if (c->at == 0 && to > 0)
        c->lf += p[c->at++] == '\n';
    for (; c->at < to && to - c->at >= STEP; c->at += STEP)
        count_few(c, p + c->at, STEP);
    if (c->at < to)
        count_few(c, p + c->at, to - c->at);
    c->at = MAX(c->at, to);
    return c->lf;
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
    *d |= (uint64_t)(c.cr > c.crlf) << MIME_DEFECT_BARE_CR;
    *d |= (uint64_t)(c.lf > c.crlf && c.crlf > 0) << MIME_DEFECT_BARE_LF;
    *d |= (uint64_t)(msg.n > 0 && memchr(msg.p, '\0', msg.n) != NULL) << MIME_DEFECT_NUL;
    return OK;
}
