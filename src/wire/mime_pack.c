/* version, size, number of parts, then each part: how far back its parent is, its flags, the lengths of its three
 * stretches, and its texts. Numbers are LEB128, at most five octets (ten for defects); a text is its length and its
 * octets. The reader takes nothing on trust: what it gives back is a tree that the parser could have made. */
#include "wire/mime.h"

enum { PACK_VERSION = 1 };

static void put_number(struct buf *out, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        buf_putc(out, (char)(v | 0x80));
    buf_putc(out, (char)v);
}

static void put_text(struct buf *out, struct str s)
{
    put_number(out, s.n);
    buf_put(out, s);
}

static void put_params(struct buf *out, const struct params *p)
{
    put_text(out, p->value);
    put_number(out, (uint64_t)p->dup | (uint64_t)p->broken << 1);
    put_number(out, p->n);
    for (uint32_t i = 0; i < p->n; i++) {
        bool same = str_eq(p->v[i].value, p->v[i].raw);
        put_text(out, p->v[i].name);
        put_text(out, p->v[i].value);
        put_number(out, same);
        if (!same)
            put_text(out, p->v[i].raw);
    }
}

enum { TEXTS = 11 };
static void texts_of(struct mime_part *p, struct str *v[TEXTS])
{
    struct str *all[TEXTS] = { &p->type,     &p->subtype,     &p->charset,  &p->boundary, &p->filename, &p->content_id,
                               &p->encoding, &p->description, &p->language, &p->location, &p->md5 };
    for (size_t i = 0; i < TEXTS; i++)
        v[i] = all[i];
}

static void put_part(struct buf *out, uint32_t i, struct mime_part p)
{
    put_number(out, p.parent == MIME_NONE ? 0 : i - p.parent);
    put_number(out, p.flags);
    put_number(out, p.head);
    put_number(out, p.body - p.head);
    put_number(out, p.end - p.body);
    put_number(out, p.lines);
    put_number(out, p.defects);
    put_number(out, p.cte);
    put_number(out, p.disp);
    struct str *texts[TEXTS];
    texts_of(&p, texts);
    for (size_t k = 0; k < TEXTS; k++)
        put_text(out, *texts[k]);
    put_params(out, &p.ct);
    put_params(out, &p.cd);
}

void mime_tree_pack(const struct mime_tree *t, struct buf *out)
{
    buf_putc(out, PACK_VERSION);
    put_number(out, t->size);
    put_number(out, t->n);
    for (uint32_t i = 0; i < t->n; i++)
        put_part(out, i, t->v[i]);
}

/* Like a builder, it remembers its first failure: read on, ask once. */
struct reader {
    struct str s;
    struct arena *a;
    bool bad, full;
};

static uint64_t get_number(struct reader *r, uint64_t max)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64 && r->s.n > 0; shift += 7) {
        unsigned char c = (unsigned char)r->s.p[0];
        r->s = str_from(r->s, 1);
        v |= (uint64_t)(c & 0x7f) << shift;
        if (!(c & 0x80)) {
            r->bad |= v > max || (c == 0 && shift > 0) || (shift == 63 && c > 1); /* one way to write a number */
            return r->bad ? 0 : v;
        }
    }
    r->bad = true;
    return 0;
}

static struct str get_text(struct reader *r)
{
    size_t n = (size_t)get_number(r, r->s.n);
    struct str s = str_sub(r->s, 0, n);
    r->bad |= s.n < n;
    r->s = str_from(r->s, s.n);
    return s;
}

static void get_params(struct reader *r, struct params *out)
{
    out->value = get_text(r);
    uint64_t bits = get_number(r, 3);
    out->dup = bits & 1;
    out->broken = bits & 2;
    uint32_t n = (uint32_t)get_number(r, LIMIT_PARAMS);
    if (r->bad || n == 0)
        return;
    out->v = arena_array(r->a, n, sizeof *out->v);
    r->full |= out->v == NULL;
    for (uint32_t i = 0; i < n && !r->bad && !r->full; i++) {
        out->v[i].name = get_text(r);
        out->v[i].value = get_text(r);
        out->v[i].raw = get_number(r, 1) ? out->v[i].value : get_text(r);
        out->n++;
    }
}

/* It lies within its parent, behind the part before it, and the parent is one that has parts. */
static bool fits(const struct mime_tree *t, uint32_t i)
{
    const struct mime_part *p = &t->v[i];
    if (i == 0)
        return p->parent == MIME_NONE && p->head == 0 && p->end == t->size;
    const struct mime_part *up = &t->v[p->parent];
    bool first = p->parent == i - 1;
    bool one_child = up->flags == MIME_MESSAGE;
    uint32_t before = i - 1; /* must be the parent, or within it */
    while (before > p->parent)
        before = t->v[before].parent;
    return before == p->parent && (up->flags == MIME_MULTIPART || one_child) && (first || !one_child) &&
           p->head >= (first ? up->body : t->v[i - 1].end) && p->end <= up->end && p->depth <= LIMIT_MIME_DEPTH + 1;
}

static void get_part(struct reader *r, struct mime_tree *t, uint32_t i)
{
    struct mime_part *p = &t->v[i];
    uint32_t back = (uint32_t)get_number(r, i);
    p->parent = i == 0 ? MIME_NONE : i - (back > 0 ? back : 1);
    r->bad |= i > 0 && back == 0;
    p->next = MIME_NONE;
    p->depth = i == 0 ? 0 : t->v[p->parent].depth + 1;
    p->flags = (uint32_t)get_number(r, MIME_OPAQUE);
    p->head = (uint32_t)get_number(r, t->size);
    p->body = p->head + (uint32_t)get_number(r, t->size - p->head);
    p->end = p->body + (uint32_t)get_number(r, t->size - p->body);
    p->lines = (uint32_t)get_number(r, p->end - p->body);
    p->defects = get_number(r, (UINT64_C(1) << MIME_DEFECT_COUNT) - 1);
    p->cte = (enum cte)get_number(r, CTE_UNKNOWN);
    p->disp = (enum mime_disp)get_number(r, MIME_DISP_ATTACHMENT);
    struct str *texts[TEXTS];
    texts_of(p, texts);
    for (size_t k = 0; k < TEXTS; k++)
        *texts[k] = get_text(r);
    get_params(r, &p->ct);
    get_params(r, &p->cd);
    r->bad |= !r->bad && !fits(t, i);
}

/* Siblings are linked, and no multipart or message is without a part. */
static bool link_parts(struct mime_tree *t)
{
    uint32_t last[LIMIT_MIME_DEPTH + 2];
    for (uint32_t i = 0; i < t->n; i++) {
        struct mime_part *p = &t->v[i];
        if (i > 0 && p->parent != i - 1)
            t->v[last[p->depth]].next = i;
        last[p->depth] = i;
        t->defects |= p->defects;
        bool has = i + 1 < t->n && t->v[i + 1].parent == i;
        if (has != ((p->flags & (MIME_MULTIPART | MIME_MESSAGE)) != 0))
            return false;
    }
    return true;
}

enum err mime_tree_unpack(struct str in, struct arena *a, struct mime_tree *out)
{
    struct reader r = { .s = in, .a = a };
    struct mime_tree t = { 0 };
    r.bad |= get_number(&r, 255) != PACK_VERSION;
    t.size = (uint32_t)get_number(&r, UINT32_MAX - 1);
    uint32_t n = (uint32_t)get_number(&r, LIMIT_MIME_PARTS);
    if (r.bad || n == 0 || n > r.s.n) /* a part is more than one octet: nothing is allocated for a lie */
        return ERR_BAD;
    t.v = arena_array(a, n, sizeof *t.v);
    if (t.v == NULL)
        return ERR_FULL;
    while (t.n < n && !r.bad && !r.full) {
        get_part(&r, &t, t.n);
        t.n++;
    }
    if (r.full)
        return ERR_FULL;
    if (r.bad || r.s.n > 0 || !link_parts(&t))
        return ERR_BAD;
    *out = t;
    return OK;
}
