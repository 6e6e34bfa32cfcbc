/* Questions about a finished tree. */
#include "wire/mime.h"

static const char *const defect_names[MIME_DEFECT_COUNT] = {
    [MIME_DEFECT_DUP_CONTENT_TYPE] = "duplicate-content-type",
    [MIME_DEFECT_DUP_CTE] = "duplicate-encoding",
    [MIME_DEFECT_DUP_DISPOSITION] = "duplicate-disposition",
    [MIME_DEFECT_DUP_PARAM] = "duplicate-parameter",
    [MIME_DEFECT_DUP_FROM] = "duplicate-from",
    [MIME_DEFECT_DUP_FIELD] = "duplicate-field",
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
    bool whole = true;    /* "at" is the message itself: numbers count its body */
    bool counted = false; /* a leaf was its own part 1; that has no parts */
    while (number.n > 0) {
        uint32_t k;
        bool last = str_chr(number, '.') == STR_NONE;
        if (!str_to_u32(str_cut(number, '.', &number), &k) || (!last && number.n == 0))
            return MIME_NONE;
        if (!whole && t->v[at].flags & MIME_MESSAGE) {
            at = mime_child(t, at);
            counted = false;
        }
        if (t->v[at].flags & MIME_MULTIPART)
            at = child_nth(t, at, k);
        else if (k != 1 || counted)
            return MIME_NONE;
        else
            counted = true;
        if (at == MIME_NONE)
            return MIME_NONE;
        whole = false;
    }
    return at;
}
