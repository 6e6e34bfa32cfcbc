/* The measuring tape of the extractor. A gap is measured over at most GAP_MAX octets, so judging a candidate costs the
 * same whatever surrounds it. */
#include "core/extract_doc.h"
#include <string.h>

enum { GAP_MAX = 400 };

bool doc_read(struct doc *d, struct arena *a, enum extract_where source, struct str text, const struct html_out *page)
{
    *d = (struct doc){ .source = source, .page = page };
    d->hits = arena_array(a, DOC_HITS_MAX, sizeof *d->hits);
    d->cands = arena_array(a, DOC_CANDIDATES_MAX, sizeof *d->cands);
    if (!d->hits || !d->cands || !fold_text(a, text, EXTRACT_TEXT_MAX, &d->f))
        return false;
    d->cands_n = scan_candidates(&d->f, d->cands, DOC_CANDIDATES_MAX);
    d->hits_n = words_find(WORDS_CODE, str_of(d->f.p, d->f.n), d->hits, DOC_HITS_MAX);
    for (size_t i = 0; i < d->hits_n; i++)
        d->seen[d->hits[i].kind]++;
    return true;
}

static bool is_word(unsigned char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c >= 0x80; }
static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

static bool is_stop(const struct doc *d, size_t i)
{
    char c = d->f.p[i], next = i + 1 < d->f.n ? d->f.p[i + 1] : ' ';
    return c == ';' || ((c == '.' || c == '!' || c == '?') && is_blank(next));
}

/* Scripts without blanks: two characters make about a word. */
static bool is_unspaced_lead(unsigned char c) { return c >= 0xe0 && c < 0xf5; }

struct gap doc_gap(const struct doc *d, size_t from, size_t to)
{
    struct gap g = { .colon = true };
    unsigned unspaced = 0;
    bool inside = false;
    if (to < from || to - from > GAP_MAX)
        return (struct gap){ .words = 999, .lines = 99, .stops = 99, .far = true };
    for (size_t i = from; i < to; i++) {
        unsigned char c = (unsigned char)d->f.p[i];
        g.lines += c == '\n';
        g.stops += is_stop(d, i);
        unspaced += is_unspaced_lead(c);
        bool word = is_word(c) && !is_unspaced_lead(c) && (inside || c < 0x80 || c >= 0xc0);
        g.words += word && !inside;
        inside = word && is_word(c);
    }
    g.words += unspaced / 2;
    g.colon = g.words == 0 && memchr(d->f.p + from, ':', to - from);
    return g;
}

size_t doc_hit_after(const struct doc *d, size_t at)
{
    size_t lo = 0, hi = d->hits_n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (d->hits[mid].at < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}
