/* The measuring tape of the extractor. A gap is measured over at most GAP_MAX octets, so judging a candidate costs the
 * same whatever surrounds it. */
#include "core/extract_doc.h"
#include <string.h>

enum {
    GAP_MAX = 320, /* octets between a candidate and a word about it */
    TOP = 500      /* octets in which a message says what it is */
};

/* The blank before at, so that no word is cut. */
static size_t word_start(const struct doc *d, size_t at)
{
    while (at > 0 && d->f.p[at] != ' ' && d->f.p[at] != '\n')
        at--;
    return at;
}

static size_t hits_room(size_t octets) { return MIN(octets / 4 + 16, (size_t)DOC_HITS_MAX); }

/* Words are looked for where they can matter: around the candidates, and at the top for what the message is about. */
static void find_words(struct doc *d)
{
    size_t at = 0, until = MIN(d->f.n, (size_t)TOP);
    for (size_t i = 0; i <= d->cands_n; i++) {
        size_t begin = i < d->cands_n && d->cands[i].at > GAP_MAX ? word_start(d, d->cands[i].at - GAP_MAX) : 0;
        if (i < d->cands_n && begin <= until) {
            until = MAX(until, MIN(d->cands[i].end + (size_t)GAP_MAX, d->f.n));
            continue;
        }
        size_t found =
            words_find(WORDS_CODE, str_of(d->f.p + at, until - at), d->hits + d->hits_n, d->hits_max - d->hits_n);
        for (size_t k = 0; k < found; k++)
            d->hits[d->hits_n++].at += (uint16_t)at;
        at = begin;
        until = i < d->cands_n ? MIN(d->cands[i].end + (size_t)GAP_MAX, d->f.n) : 0;
    }
}

bool doc_init(struct doc *d, struct arena *a, size_t max)
{
    memset(d, 0, offsetof(struct doc, cands));
    return fold_init(&d->f, a, MIN(max, (size_t)EXTRACT_TEXT_MAX));
}

bool doc_read(struct doc *d, struct arena *a, enum extract_where source, struct str text, const struct html_out *page)
{
    fold_put(&d->f, text);
    d->source = source;
    d->page = page;
    d->hits_n = 0;
    memset(d->seen, 0, sizeof d->seen);
    d->cands_n = scan_candidates(&d->f, d->cands, MIN(d->f.n / 5 + 2, COUNT(d->cands))); /* four octets, one between */
    if (d->cands_n == 0 && source != EXTRACT_SUBJECT) /* words without a number to explain are of no use */
        return true;
    if (!d->hits)
        d->hits = arena_array(a, hits_room(d->f.max), sizeof *d->hits);
    if (!d->hits)
        return false;
    d->hits_max = hits_room(d->f.n);
    find_words(d);
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

/* What an octet is to a gap. INSIDE goes on with a character. Scripts without blanks: two characters make about a word.
 */
enum octet_kind { BETWEEN, LETTER, INSIDE, UNSPACED, MARK };
static const unsigned char kinds[256] = {
    ['0' ... '9'] = LETTER,
    ['a' ... 'z'] = LETTER,
    [0x80 ... 0xbf] = INSIDE,
    [0xc0 ... 0xdf] = LETTER,
    [0xe0 ... 0xf4] = UNSPACED,
    [0xf5 ... 0xff] = LETTER,
    ['\n'] = MARK,
    [':'] = MARK,
    [';'] = MARK,
    ['.'] = MARK,
    ['!'] = MARK,
    ['?'] = MARK,
};

static const struct gap too_far = { .words = 999, .lines = 99, .stops = 99, .far = true };

struct gap doc_gap(const struct doc *d, size_t from, size_t to)
{
    struct gap g = { 0 };
    unsigned unspaced = 0;
    bool inside = false; /* a word */
    if (to < from || to - from > GAP_MAX)
        return too_far;
    for (size_t i = from; i < to; i++) {
        unsigned kind = kinds[(unsigned char)d->f.p[i]];
        bool word = kind == LETTER || (kind == INSIDE && inside);
        g.words += word && !inside;
        inside = word;
        unspaced += kind == UNSPACED;
        if (kind != MARK)
            continue;
        g.lines += d->f.p[i] == '\n';
        g.colon |= d->f.p[i] == ':';
        g.stops += is_stop(d, i);
    }
    g.words += unspaced / 2;
    return g;
}

struct gap gap_join(struct gap a, struct gap b)
{
    if (a.far || b.far)
        return too_far;
    return (struct gap){ a.words + b.words, a.lines + b.lines, a.stops + b.stops, a.colon || b.colon, false };
}

/* en de fr es pt it nl pl ru tr; what Chinese, Japanese and Korean put there is glued to the number. */
static bool is_copula(struct str word)
{
    enum { LONGEST = 6 };
    char key[LONGEST + 2] = " ";
    if (word.n == 0 || word.n > LONGEST)
        return false;
    memcpy(key + 1, word.p, word.n);
    key[word.n + 1] = ' ';
    return str_find(S(" is are ist lautet lauten est es e sono to jest je : - = als as eh was هو هي "),
                    str_of(key, word.n + 2)) != STR_NONE;
}

static bool is_filler(char c)
{
    return is_blank(c) || c == '"' || c == '\'' || c == '(' || c == '[' || c == '*' || c == '<';
}

bool doc_equated_before(const struct doc *d, const struct candidate *c)
{
    size_t end = c->at;
    while (end > 0 && is_filler(d->f.p[end - 1]))
        end--;
    if (end > 0 && d->f.p[end - 1] == ':')
        return true;
    size_t at = end;
    while (at > 0 && end - at < 10 && is_word((unsigned char)d->f.p[at - 1]))
        at--;
    return is_copula(str_of(d->f.p + at, end - at));
}

bool doc_equated_after(const struct doc *d, const struct candidate *c)
{
    size_t at = c->end, end;
    while (at < d->f.n && d->f.p[at] == ' ')
        at++;
    for (end = at; end < d->f.n && end - at < 8 && !is_blank(d->f.p[end]);)
        end++;
    return is_copula(str_of(d->f.p + at, end - at));
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

struct str doc_source(const struct doc *d, const struct candidate *c) { return fold_source(&d->f, c->at, c->end); }
