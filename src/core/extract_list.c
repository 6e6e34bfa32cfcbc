/* The codes of a message in the order of their confidence: spelt for people and for typing, each once. */
#include "base/text.h"
#include "core/extract_doc.h"

/* As shown: without what shows nothing. As typed: letters and digits in ASCII, dashes only between letters. */
static bool spell(struct arena *a, const struct doc *d, const struct candidate *c, struct extract_code *out)
{
    AUTO_BUF struct buf value = { .max = 256, .secret = true }, compact = { .max = 256, .secret = true };
    struct str s = doc_source(d, c);
    bool digits_only = c->letters == 0 || c->shape == SHAPE_PREFIXED;
    for (size_t i = 0, used; i < s.n; i += used) {
        uint32_t cp = 0;
        used = MAX(utf8_next(str_from(s, i), &cp), 1u);
        uint32_t typed = fold_width(cp);
        if (fold_cp(cp) == 0)
            continue;
        utf8_put(&value, typed == '\n' || typed == '\t' ? ' ' : cp);
        if ((typed >= '0' && typed <= '9') || (!digits_only && typed > ' '))
            utf8_put(&compact, typed);
    }
    out->value = arena_dup(a, buf_str(&value));
    out->compact = arena_dup(a, buf_str(&compact));
    return out->value.p && out->compact.p;
}

/* Folding took the accents off; a code has none. */
static bool is_typable(const struct doc *d, const struct candidate *c)
{
    struct str s = doc_source(d, c);
    for (size_t i = 0, used; i < s.n; i += used) {
        uint32_t cp = 0;
        used = MAX(utf8_next(str_from(s, i), &cp), 1u);
        if (fold_width(cp) >= 0x80 && fold_cp(cp) > ' ')
            return false;
    }
    return true;
}

static struct extract_code *find(struct extract_out *out, struct str compact)
{
    for (size_t i = 0; i < out->codes_n; i++)
        if (str_eq(out->codes[i].compact, compact))
            return &out->codes[i];
    return NULL;
}

/* Seen twice is a sign by itself, but only if the subject is one of the places: numbers repeat in footers too. */
static void merge(struct extract_code *old, const struct extract_code *more)
{
    bool subject = old->source == EXTRACT_SUBJECT && more->source != EXTRACT_SUBJECT;
    unsigned best = MAX(old->confidence, more->confidence);
    if (more->confidence > old->confidence)
        *old = *more;
    old->confidence = MIN(best + (subject ? 10u : 0u), 99u);
}

static void put_in_order(struct extract_out *out, struct extract_code k)
{
    size_t i = out->codes_n;
    if (i == EXTRACT_CODES_MAX && out->codes[i - 1].confidence >= k.confidence)
        return;
    if (i == EXTRACT_CODES_MAX)
        i--;
    out->codes_n = i + 1;
    for (; i > 0 && out->codes[i - 1].confidence < k.confidence; i--)
        out->codes[i] = out->codes[i - 1];
    out->codes[i] = k;
}

static void sort(struct extract_out *out)
{
    size_t n = out->codes_n;
    out->codes_n = 0;
    for (size_t i = 0; i < n; i++)
        put_in_order(out, out->codes[i]);
}

static bool take(const struct doc *subject, const struct doc *d, const struct candidate *c, struct arena *a,
                 struct extract_out *out)
{
    struct verdict v = doc_judge(subject, d, c);
    struct extract_code k = { .confidence = (unsigned)MAX(MIN(v.score, 99), 0),
                              .reason = v.reason,
                              .source = d->source };
    if (k.confidence < EXTRACT_KEPT || !is_typable(d, c))
        return true;
    if (!spell(a, d, c, &k))
        return false;
    k.where = d->f.from[c->at];
    struct extract_code *old = find(out, k.compact);
    if (old) {
        merge(old, &k);
        sort(out);
    } else {
        put_in_order(out, k);
    }
    return true;
}

/* Nothing here or in the subject speaks of codes: then no number is one, and most mail ends here. */
static bool is_hopeless(const struct doc *subject, const struct doc *d)
{
    const size_t *s = subject->seen, *n = d->seen;
    bool named = s[WORD_CODE] || s[WORD_MAYBE] || n[WORD_CODE] || n[WORD_MAYBE];
    return !named && !s[WORD_ACT] && !(n[WORD_ACT] && (n[WORD_ENTER] || n[WORD_CONTEXT]));
}

bool extract_codes(const struct doc *subject, const struct doc *d, struct arena *a, struct extract_out *out)
{
    if (!out->codes)
        out->codes = arena_array(a, EXTRACT_CODES_MAX, sizeof *out->codes);
    if (!out->codes)
        return false;
    if (is_hopeless(subject, d))
        return true;
    for (size_t k = 0; k < d->cands_n; k++)
        if (!take(subject, d, &d->cands[k], a, out))
            return false;
    return true;
}
