/* Questions about a finished tree, the counting of lines, and names that are safe to save under. */
#include "base/text.h"
#include "wire/deceptive.h"
#include "wire/mime_part.h"
#include <stdlib.h>
#include <string.h>

static const char *const defect_names[MIME_DEFECT_COUNT] = {
    [MIME_DEFECT_DUP_CONTENT_TYPE] = "duplicate-content-type",
    [MIME_DEFECT_DUP_CTE] = "duplicate-encoding",
    [MIME_DEFECT_DUP_DISPOSITION] = "duplicate-disposition",
    [MIME_DEFECT_DUP_PARAM] = "duplicate-parameter",
    [MIME_DEFECT_DUP_FROM] = "duplicate-from",
    [MIME_DEFECT_BAD_CONTENT_TYPE] = "bad-content-type",
    [MIME_DEFECT_BAD_PARAM] = "bad-parameter",
    [MIME_DEFECT_NO_BOUNDARY] = "no-boundary",
    [MIME_DEFECT_BOUNDARY_LONG] = "long-boundary",
    [MIME_DEFECT_NO_PARTS] = "no-parts",
    [MIME_DEFECT_SAME_BOUNDARY] = "same-boundary",
    [MIME_DEFECT_UNTERMINATED] = "unterminated",
    [MIME_DEFECT_BAD_BASE64] = "bad-base64",
    [MIME_DEFECT_BAD_QP] = "bad-quoted-printable",
    [MIME_DEFECT_BAD_UU] = "bad-uuencode",
    [MIME_DEFECT_UNKNOWN_CTE] = "unknown-encoding",
    [MIME_DEFECT_ODD_CTE] = "encoded-container",
    [MIME_DEFECT_8BIT_HEADER] = "8bit-header",
    [MIME_DEFECT_BARE_CR] = "bare-cr",
    [MIME_DEFECT_BARE_LF] = "bare-lf",
    [MIME_DEFECT_NUL] = "nul",
    [MIME_DEFECT_HEADER_JUNK] = "header-junk",
    [MIME_DEFECT_NO_BLANK_LINE] = "no-blank-line",
    [MIME_DEFECT_HEADER_FULL] = "header-too-large",
    [MIME_DEFECT_TOO_DEEP] = "too-deep",
    [MIME_DEFECT_TOO_MANY] = "too-many-parts",
    [MIME_DEFECT_UNKNOWN_CHARSET] = "unknown-charset",
    [MIME_DEFECT_AFTER_END] = "part-after-end",
};

const char *mime_defect_name(enum mime_defect d) { return d < MIME_DEFECT_COUNT ? defect_names[d] : "unknown"; }

bool mime_is(const struct mime_part *p, struct str type, struct str subtype)
{
    return str_eq(p->type, type) && (subtype.n == 0 || str_eq(p->subtype, subtype));
}

uint32_t mime_child(const struct mime_tree *t, uint32_t part)
{
    bool has = part + 1 < t->n && t->v[part + 1].parent == part;
    return has ? part + 1 : MIME_NONE;
}

static uint32_t child_nth(const struct mime_tree *t, uint32_t part, uint32_t k)
{
    uint32_t c = k > 0 ? mime_child(t, part) : MIME_NONE;
    while (c != MIME_NONE && --k > 0)
        c = t->v[c].next;
    return c;
}

uint32_t mime_section(const struct mime_tree *t, struct str number)
{
    uint32_t at = 0;
    bool in_message = true; /* "at" is a whole message: numbers count its body */
    while (number.n > 0) {
        uint32_t k;
        bool last = str_chr(number, '.') == STR_NONE;
        if (!str_to_u32(str_cut(number, '.', &number), &k) || (!last && number.n == 0))
            return MIME_NONE;
        if (!in_message && t->v[at].flags & MIME_MESSAGE) {
            at = mime_child(t, at);
            in_message = true;
        }
        if (t->v[at].flags & MIME_MULTIPART)
            at = child_nth(t, at, k);
        else if (!in_message || k != 1)
            return MIME_NONE;
        if (at == MIME_NONE)
            return MIME_NONE;
        in_message = false;
    }
    return at;
}

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

static bool in_name(uint32_t cp) { return !deceptive_char(cp) && cp != '"' && cp != '<' && cp != '>' && cp != '|'; }

/* No path, nothing invisible, nothing that a shell or a header would read; dots and blanks off both ends (a leading dot
 * hides a file, a trailing one is dropped by Windows); 200 octets, the extension kept. */
struct str mime_safe_name(struct arena *a, struct str name)
{
    enum { NAME_MAX_N = 200, EXTENSION_MAX = 16 };
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '/' || name.p[i] == '\\') {
            name = str_from(name, i + 1);
            break;
        }
    AUTO_BUF struct buf out = { .max = name.n };
    for (struct str rest = name; rest.n > 0;) {
        uint32_t cp;
        size_t n = utf8_next(rest, &cp);
        if (n > 0 && in_name(cp))
            buf_put(&out, str_sub(rest, 0, n));
        rest = str_from(rest, n > 0 ? n : 1);
    }
    struct str s = buf_str(&out);
    while (s.n > 0 && (s.p[0] == '.' || s.p[0] == ' '))
        s = str_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s.n--;
    if (s.n == 0)
        return (struct str){ NULL, 0 };
    size_t dot = str_rchr(s, '.');
    struct str extension = dot != STR_NONE && s.n - dot <= EXTENSION_MAX ? str_from(s, dot) : S("");
    if (s.n <= NAME_MAX_N)
        return arena_dup(a, s);
    struct str stem = utf8_cut(s, NAME_MAX_N - extension.n);
    return arena_printf(a, "%.*s%.*s", STR_FMT(stem), STR_FMT(extension));
}
