/* A candidate's confidence: what the words around it say it is (base), then what its shape, its place and the message
 * as a whole add. A word that names another number close by settles the matter at once. The weights were set by hand
 * and are held by the corpus in tests/unit/core/; change one and look at what it prints. */
#include "core/extract_doc.h"
#include <string.h>

enum { HITS_BEFORE = 12, HITS_AFTER = 6, WORDS_MAX = 60 }; /* looked at around a candidate */

static void at_least(struct verdict *v, int score, const char *reason)
{
    if (score <= v->score)
        return;
    v->score = score;
    v->reason = reason;
}

static size_t hit_end(const struct word_hit *h) { return (size_t)h->at + h->n; }

/* ---- words that settle it ---- */

/* In the sentence that ends at hit i, does an earlier word name a code? "the code for your order: 1234" */
static bool code_in_sentence(const struct doc *d, size_t i)
{
    for (size_t k = i; k-- > 0 && i - k < 6;) {
        struct gap g = doc_gap(d, hit_end(&d->hits[k]), d->hits[i].at);
        if (g.far || g.stops > 0 || g.lines > 1)
            return false;
        if (d->hits[k].kind == WORD_CODE || d->hits[k].kind == WORD_MAYBE)
            return true;
    }
    return false;
}

/* 0: nothing; below: taken off; -100: not a code. */
static int judge_before(const struct doc *d, const struct candidate *c, size_t i)
{
    const struct word_hit *h = &d->hits[i];
    struct gap g = doc_gap(d, hit_end(h), c->at);
    bool close = g.words <= 2 && g.stops == 0 && g.lines <= (c->alone ? 2u : 0u);
    switch (h->kind) {
    case WORD_MONTH:
        return g.words <= 1 && g.lines == 0 && c->digits <= 4 && c->letters == 0 ? -100 : 0;
    case WORD_CARD:
        return g.words <= 1 && g.lines <= 1 ? -100 : 0;
    case WORD_UNIT:
        return g.words == 0 && g.lines == 0 && !g.colon && g.stops == 0 ? -100 : 0;
    case WORD_PHONE:
        return !close ? 0 : code_in_sentence(d, i) ? -10 : -100;
    case WORD_OTHER:
        return !close ? 0 : doc_equated_before(d, c) && code_in_sentence(d, i) ? -5 : -100;
    case WORD_PROMO:
        return g.words <= 8 && g.lines <= 3 ? -100 : 0;
    case WORD_SOFT:
        return !close || g.words > 0 || g.lines > 0 ? 0 : !g.colon ? -40 : code_in_sentence(d, i) ? 0 : -25;
    case WORD_CODE:
    case WORD_MAYBE:
    case WORD_ACT:
    case WORD_ENTER:
    case WORD_CONTEXT:
    case WORD_SALE:
    case WORD_TRAVEL:
    case WORD_IGNORE:
    case WORD_CONFIRM:
    case WORD_LOGIN:
    case WORD_RESET:
    case WORD_UNSUBSCRIBE:
    case WORD_CHROME:
        return 0;
    }
    return 0;
}

static int judge_after(const struct doc *d, const struct candidate *c, size_t i)
{
    const struct word_hit *h = &d->hits[i];
    struct gap g = doc_gap(d, c->end, h->at);
    bool touching = g.words == 0 && g.lines == 0 && g.stops == 0 && !g.colon;
    if (h->kind == WORD_UNIT || (h->kind == WORD_MONTH && c->digits <= 4))
        return touching ? -100 : 0;
    if (h->kind == WORD_OTHER || h->kind == WORD_PROMO) /* "123456 is your order number" */
        return g.words >= 1 && g.words <= 3 && g.lines == 0 && g.stops == 0 ? -60 : 0;
    return 0;
}

static int judge_neighbours(const struct doc *d, const struct candidate *c, size_t before_n, size_t behind_i)
{
    int before = before_n > 0 ? judge_before(d, c, before_n - 1) : 0;
    /* what stands right before a small word still counts: "order number is", "Tel. (office)" */
    if (before == 0 && before_n > 1 && d->hits[before_n - 1].kind == WORD_SOFT)
        before = judge_before(d, c, before_n - 2);
    int behind = behind_i < d->hits_n ? judge_after(d, c, behind_i) : 0;
    return MIN(before, behind);
}

/* ---- words that speak for it ---- */

static int by_distance(struct gap g, bool alone, int touching, int near, int same, int far)
{
    if (g.far)
        return 0;
    if (g.words <= 1 && g.stops == 0 && g.lines <= (alone ? 3u : 1u))
        return touching;
    if (g.words <= 4 && g.stops == 0 && g.lines <= (alone ? 3u : 1u))
        return near;
    if (g.words <= 12 && g.stops <= 1 && g.lines <= (alone ? 4u : 1u))
        return g.stops == 0 || alone ? same : same - 10;
    return alone && g.words <= 45 && g.lines <= 8 ? far : far / 2;
}

static void weigh_before(struct gap g, const struct candidate *c, bool equated, const struct word_hit *h,
                         struct verdict *v)
{
    /* "the code to sign in to X is 1234": the verb ties them, whatever stands between; but not another number, which
     * then is what the words were about */
    bool taken = h->at < v->taken_at;
    bool tied = equated && !taken && g.stops == 0 && g.words <= 12 && g.lines <= 1;
    int less = taken ? 10 : 0, loose = tied || c->alone ? 0 : g.words > 1 ? 8 : 4;
    if (h->kind == WORD_CODE)
        at_least(v, by_distance(g, c->alone, 62, tied ? 62 : 60 - loose, tied ? 60 : 50, 44) - less,
                 "follows words that name a code");
    else if (h->kind == WORD_MAYBE)
        at_least(v, by_distance(g, c->alone, 54 - loose, tied ? 54 : 48 - loose, tied ? 52 : 38, 36) - less,
                 "follows the word for a code");
    else if (h->kind == WORD_ACT)
        at_least(v, by_distance(g, c->alone, 36, 36, 32, 32) - less, "follows what codes are for");
    else if (h->kind == WORD_ENTER)
        at_least(v, by_distance(g, c->alone, 32, 30, 26, 20) - less, "follows a request to enter it");
}

/* "1234 is your Acme code", "1234 - Acme code", and on a line of its own above it. */
static int by_distance_after(struct gap g, bool alone, bool equated, int near, int below)
{
    if (g.stops > 0)
        return 0;
    if (g.lines == 0)
        return g.words <= (equated ? 6u : 3u) ? near : g.words <= 6 ? near - 12 : 0;
    return alone && g.lines <= 2 && g.words <= 8 ? below : 0;
}

static void weigh_after(struct gap g, const struct candidate *c, bool equated, const struct word_hit *h,
                        struct verdict *v)
{
    if (h->kind == WORD_CODE)
        at_least(v, by_distance_after(g, c->alone, equated, 60, 48), "stands before words that name a code");
    else if (h->kind == WORD_MAYBE)
        at_least(v, by_distance_after(g, c->alone, equated, 48, 30), "stands before the word for a code");
    else if (h->kind == WORD_ACT)
        at_least(v, by_distance_after(g, c->alone, equated, 36, 24), "stands before what codes are for");
}

/* Outwards from the candidate, so that each octet between is measured once. act: "to verify, type 1234". */
static bool weigh_words_before(const struct doc *d, const struct candidate *c, size_t n, struct verdict *v, bool *act)
{
    struct gap g = { 0 };
    size_t to = c->at;
    bool enter = false, equated = doc_equated_before(d, c);
    for (size_t i = n; i-- > 0 && n - i <= HITS_BEFORE;) {
        g = gap_join(g, doc_gap(d, hit_end(&d->hits[i]), to));
        if (g.far || g.words > WORDS_MAX)
            break;
        to = hit_end(&d->hits[i]);
        *act |= enter && i + 2 == n && d->hits[i].kind == WORD_ACT && g.words <= 4 && g.stops == 0;
        enter |= d->hits[i].kind == WORD_ENTER && g.words <= 3 && g.stops == 0;
        weigh_before(g, c, equated, &d->hits[i], v);
    }
    return enter;
}

static bool weigh_words_after(const struct doc *d, const struct candidate *c, size_t n, struct verdict *v)
{
    struct gap g = { 0 };
    size_t from = c->end;
    bool act = false, equated = doc_equated_after(d, c);
    for (size_t i = n; i < d->hits_n && i - n < HITS_AFTER; i++) {
        g = gap_join(g, doc_gap(d, from, d->hits[i].at));
        if (g.far || g.words > WORDS_MAX)
            break;
        from = d->hits[i].at;
        act |= d->hits[i].kind == WORD_ACT && g.words <= 8 && g.stops == 0;
        weigh_after(g, c, equated, &d->hits[i], v);
    }
    return act;
}

/* Where the last number before c begins; mere capitals take nobody's words. */
static size_t number_before(const struct doc *d, const struct candidate *c)
{
    const struct candidate *k = c;
    while (k > d->cands && c - k < 8 && k[-1].shape == SHAPE_LETTERS)
        k--;
    return k > d->cands ? k[-1].at : 0;
}

static struct verdict weigh_words(const struct doc *subject, const struct doc *d, const struct candidate *c,
                                  size_t before_n, size_t behind)
{
    struct verdict v = { .reason = "", .taken_at = number_before(d, c) };
    bool act = false, enter = weigh_words_before(d, c, before_n, &v, &act);
    act |= weigh_words_after(d, c, behind, &v);
    act |= subject->seen[WORD_ACT] > 0 && subject->seen[WORD_OTHER] == 0;
    if (enter && act)
        at_least(&v, 54, "is to be entered to confirm something");
    return v;
}

static void weigh_subject(const struct doc *subject, const struct candidate *c, struct verdict *v)
{
    if (subject->seen[WORD_CODE] > 0)
        at_least(v, c->alone ? 48 : 28, "the subject names a code");
    else if (subject->seen[WORD_MAYBE] > 0 && subject->seen[WORD_OTHER] == 0)
        at_least(v, c->alone ? 38 : 16, "the subject names a code");
    else if (subject->seen[WORD_ACT] > 0 && subject->seen[WORD_OTHER] == 0)
        at_least(v, c->alone ? 34 : 12, "the subject asks to confirm something");
}

/* ---- shape, place, message ---- */

static bool is_mixed_case(struct str s)
{
    bool upper = false, lower = false;
    for (size_t i = 0; i < s.n; i++) {
        upper |= s.p[i] >= 'A' && s.p[i] <= 'Z';
        lower |= s.p[i] >= 'a' && s.p[i] <= 'z';
    }
    return upper && lower;
}

static bool is_lower(struct str s)
{
    size_t i = 0;
    while (i < s.n && !(s.p[i] >= 'a' && s.p[i] <= 'z'))
        i++;
    return i < s.n;
}

/* Words have vowels in about every second place, random letters in every fifth. */
static bool is_pronounceable(struct str s)
{
    size_t vowels = 0;
    for (size_t i = 0; i < s.n; i++)
        vowels += strchr("AEIOUYaeiouy", s.p[i]) != NULL;
    return vowels * 4 > s.n;
}

static bool is_year(const struct doc *d, const struct candidate *c)
{
    const char *p = d->f.p + c->at;
    return c->shape == SHAPE_DIGITS && c->digits == 4 && (!memcmp(p, "19", 2) || !memcmp(p, "20", 2));
}

/* "Your access code is 2026" is a code, "security code, 2026" is none. */
static int by_year(const struct doc *d, const struct candidate *c, int base)
{
    if (c->alone && base >= 48)
        return 0;
    return base < 60 ? -40 : base >= 62 && doc_equated_before(d, c) ? 0 : -6;
}

static int by_letters(const struct doc *d, const struct candidate *c, unsigned look, int base)
{
    bool stands_out = c->alone || c->starred || (look & (HTML_BIG | HTML_SPACED | HTML_MONO));
    bool random_groups = c->groups > 1 && !is_pronounceable(doc_source(d, c)); /* "WDJB-MJHT": nobody's word */
    if (base < (stands_out ? 44 : random_groups ? 48 : 62))
        return -100;
    if (c->groups > 1)
        return random_groups ? 12 : stands_out ? 4 : -10;
    return is_pronounceable(doc_source(d, c)) ? -40 : stands_out ? 0 : -4;
}

static unsigned turns_of(struct str s)
{
    unsigned turns = 0;
    for (size_t i = 1; i < s.n; i++)
        turns += (s.p[i] >= '0' && s.p[i] <= '9') != (s.p[i - 1] >= '0' && s.p[i - 1] <= '9');
    return turns;
}

/* Capitals are how codes are set; "sha-256" and "mp3" are words, "2700GB" and "BSAD24" names of things. */
static int by_mix(struct str s, const struct candidate *c)
{
    if (is_mixed_case(s))
        return -12;
    if (c->groups > 1)
        return !c->alone && is_lower(s) ? -30 : 8;
    return turns_of(s) > 1 ? 8 : -2;
}

static int by_shape(const struct doc *d, const struct candidate *c, unsigned look, int base)
{
    static const int digits[11] = { [4] = 6, [5] = 8, [6] = 14, [7] = 8, [8] = 10, [9] = -4, [10] = -8 };
    switch (c->shape) {
    case SHAPE_DIGITS:
        return is_year(d, c) ? by_year(d, c, base) : digits[c->digits];
    case SHAPE_GROUPED:
        return c->digits == 6 || c->digits == 8 ? 14 : 4;
    case SHAPE_SPREAD:
        return 16;
    case SHAPE_PREFIXED:
        return 12;
    case SHAPE_MIXED:
        return by_mix(doc_source(d, c), c);
    case SHAPE_LETTERS:
        return by_letters(d, c, look, base);
    }
    return 0;
}

static unsigned look_of(const struct doc *d, const struct candidate *c)
{
    struct str s = doc_source(d, c);
    return d->page ? html_look_at(d->page, d->f.from[c->at], s.n) : 0;
}

static int by_place(const struct candidate *c, unsigned look)
{
    int out = c->alone ? 12 : 0;
    if (look & (HTML_BIG | HTML_SPACED))
        return out + 10;
    return out + (look || c->starred ? 7 : 0) - (c->hash ? 30 : 0);
}

/* "CA 94103", "BA 2490": two capitals before a short number make a place or a flight. */
static bool follows_two_capitals(const struct doc *d, const struct candidate *c)
{
    if (c->at < 3 || d->f.p[c->at - 1] != ' ' || c->shape != SHAPE_DIGITS || c->digits > 5)
        return false;
    struct str two = fold_source(&d->f, c->at - 3, c->at - 1);
    bool start = c->at == 3 || !strchr("abcdefghijklmnopqrstuvwxyz0123456789'", d->f.p[c->at - 4]);
    return start && two.n == 2 && two.p[0] >= 'A' && two.p[0] <= 'Z' && two.p[1] >= 'A' && two.p[1] <= 'Z';
}

/* "code = 1234": a program's text. */
static bool is_assigned(const struct doc *d, const struct candidate *c)
{
    return c->at > 2 && !c->alone && !memcmp(d->f.p + c->at - 3, " = ", 3);
}

static int by_message(const struct doc *subject, const struct doc *d, const struct candidate *c, int base)
{
    int out = d->seen[WORD_CONTEXT] >= 2 ? 8 : d->seen[WORD_CONTEXT] ? 5 : 0;
    bool lettered = c->letters > 0 && c->shape != SHAPE_PREFIXED;
    if (subject->seen[WORD_CODE] > 0 && d != subject && base >= 40)
        out += 6;
    if (d->seen[WORD_SALE] + subject->seen[WORD_SALE] >= 2 && base < 58)
        out -= lettered ? 40 : 20;
    if (d->seen[WORD_TRAVEL] + subject->seen[WORD_TRAVEL] >= 2)
        out -= lettered ? 40 : 12;
    if (d->cands_n > 8 && !c->alone)
        out -= 8;
    return out - (follows_two_capitals(d, c) ? 30 : 0) - (is_assigned(d, c) ? 25 : 0);
}

struct verdict doc_judge(const struct doc *subject, const struct doc *d, const struct candidate *c)
{
    size_t behind = doc_hit_after(d, c->end), before_n = behind;
    while (before_n > 0 && hit_end(&d->hits[before_n - 1]) > c->at) /* a word inside the candidate is none */
        before_n--;
    struct verdict v = weigh_words(subject, d, c, before_n, behind);
    if (d != subject)
        weigh_subject(subject, c, &v);
    int base = v.score;
    unsigned look = look_of(d, c);
    v.score += judge_neighbours(d, c, before_n, behind);
    if (base > 0)
        v.score += by_shape(d, c, look, base) + by_place(c, look) + by_message(subject, d, c, base);
    return v;
}
