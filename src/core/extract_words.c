/* A phrase is found by its first four octets, or by its first two if it has no more: almost every word of a mail is
 * turned away by one look at a bit, in four KiB that stay in the processor's cache. The chains are built once, before
 * main(), and only read after that: they are constants the compiler can't compute. */
#include "core/extract_words.h"
#include <assert.h>
#include <string.h>

enum { CHAIN_BITS = 12, CHAINS = 1 << CHAIN_BITS, MARK_BITS = 15, MARKS = 1 << MARK_BITS, PHRASES_MAX = 4000, KEY = 4 };

struct phrase {
    const char *p;
    uint16_t n, next; /* next: index + 1 in the chain, whose longest are first */
    uint8_t kind;
    unsigned char last; /* octet: turns most of a chain away without a look at p */
    bool bounded;       /* what follows it may not be a letter */
    bool blanks;        /* there are some in it, which match others */
};

struct index {
    uint8_t marks[MARKS / 8], marks_short[CHAINS / 8]; /* a bit for what a phrase begins with */
    uint16_t head[CHAINS], head_short[CHAINS];         /* index + 1 */
    struct phrase phrase[PHRASES_MAX];
    size_t n;
};
static struct index indexes[2];

/* Octets as they are compared: all kinds of blank are one. */
static unsigned char plain(char c)
{
    static const unsigned char blank[256] = { [' '] = 1, ['-'] = 1, ['\t'] = 1, ['\n'] = 1 };
    return blank[(unsigned char)c] ? ' ' : (unsigned char)c;
}

static size_t chain_short(const char *p) { return (plain(p[0]) * 37u + plain(p[1]) * 5u) % CHAINS; }

/* Its upper bits are the best mixed: so many of them are a chain's number, so many a mark's. */
static uint32_t hash_long(const char *p)
{
    uint32_t key =
        (uint32_t)plain(p[0]) | (uint32_t)plain(p[1]) << 8 | (uint32_t)plain(p[2]) << 16 | (uint32_t)plain(p[3]) << 24;
    return key * 2654435761u; /* Knuth's multiplier */
}
static size_t chain_long(uint32_t hash) { return hash >> (32 - CHAIN_BITS); }
static size_t mark_long(uint32_t hash) { return hash >> (32 - MARK_BITS); }

static bool is_marked(const uint8_t *marks, size_t i) { return marks[i / 8] >> i % 8 & 1; }
static void mark(uint8_t *marks, size_t i) { marks[i / 8] |= (uint8_t)(1u << i % 8); }

/* How long what begins so is, if it is a letter or a digit of a script whose words have blanks around them: Latin,
 * Greek, Cyrillic. Arabic glues particles on, Chinese glues everything. */
static const unsigned char spaced[256] = { ['0' ... '9'] = 1, ['a' ... 'z'] = 1, [0xc3 ... 0xd4] = 2 };
static bool is_spaced_letter(unsigned char c) { return spaced[c] > 0 && c > '9'; }

/* Whether the last code point of s is such a letter: these scripts take one or two octets. */
static bool ends_in_letter(struct str s)
{
    unsigned char last = (unsigned char)s.p[s.n - 1];
    return last < 0x80 ? is_spaced_letter(last) : s.n > 1 && is_spaced_letter((unsigned char)s.p[s.n - 2]);
}

static uint16_t *chain_of(struct index *ix, struct str phrase)
{
    if (phrase.n < KEY) {
        size_t chain = chain_short(phrase.p);
        mark(ix->marks_short, chain);
        return &ix->head_short[chain];
    }
    uint32_t hash = hash_long(phrase.p);
    mark(ix->marks, mark_long(hash));
    return &ix->head[chain_long(hash)];
}

static void index_add(struct index *ix, enum word_kind kind, struct str phrase)
{
    bool stem = str_ends(phrase, S("~"));
    phrase.n -= stem;
    assert(phrase.n >= 2 && ix->n < PHRASES_MAX);
    uint16_t *at = chain_of(ix, phrase);
    while (*at > 0 && ix->phrase[*at - 1].n > phrase.n)
        at = &ix->phrase[*at - 1].next;
    ix->phrase[ix->n] = (struct phrase){ .p = phrase.p,
                                         .n = (uint16_t)phrase.n,
                                         .next = *at,
                                         .kind = (uint8_t)kind,
                                         .last = plain(phrase.p[phrase.n - 1]),
                                         .bounded = !stem && ends_in_letter(phrase),
                                         .blanks = str_chr(phrase, ' ') != STR_NONE };
    *at = (uint16_t)++ix->n;
}

static void index_rows(struct index *ix, const struct word_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (struct str rest = str_c(rows[i].words); rest.n > 0;)
            index_add(ix, rows[i].kind, str_cut(rest, '|', &rest));
}

__attribute__((constructor)) static void index_build(void)
{
    index_rows(&indexes[WORDS_CODE], word_rows_code, word_rows_code_n);
    index_rows(&indexes[WORDS_LINK], word_rows_link, word_rows_link_n);
}

/* ---- looking up ---- */

static bool matches(const struct phrase *ph, struct str text)
{
    if (ph->n > text.n || ph->last != plain(text.p[ph->n - 1]))
        return false;
    if (!ph->blanks && memcmp(ph->p, text.p, ph->n) != 0)
        return false;
    for (size_t i = 0; ph->blanks && i < ph->n; i++)
        if (ph->p[i] != text.p[i] && plain(ph->p[i]) != plain(text.p[i]))
            return false;
    return !ph->bounded || ph->n == text.n || !is_spaced_letter((unsigned char)text.p[ph->n]);
}

static const struct phrase *longest_in(const struct index *ix, uint16_t i, struct str text)
{
    for (; i > 0; i = ix->phrase[i - 1].next)
        if (matches(&ix->phrase[i - 1], text))
            return &ix->phrase[i - 1];
    return NULL;
}

static const struct phrase *longest_at(const struct index *ix, struct str text)
{
    const struct phrase *found = NULL;
    uint32_t hash = text.n >= KEY ? hash_long(text.p) : 0;
    if (text.n >= KEY && is_marked(ix->marks, mark_long(hash)))
        found = longest_in(ix, ix->head[chain_long(hash)], text);
    size_t chain = chain_short(text.p);
    if (!found && is_marked(ix->marks_short, chain))
        found = longest_in(ix, ix->head_short[chain], text);
    return found;
}

static size_t cp_length(unsigned char lead) { return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

/* Behind the word or the character at i. */
static size_t skip_word(struct str text, size_t i)
{
    size_t step = spaced[(unsigned char)text.p[i]];
    if (step == 0)
        return i + cp_length((unsigned char)text.p[i]);
    while (step > 0) {
        i += step;
        step = i < text.n ? spaced[(unsigned char)text.p[i]] : 0;
    }
    return i;
}

size_t words_find(enum word_table table, struct str text, struct word_hit *hits, size_t max)
{
    size_t n = 0;
    assert(text.n <= UINT16_MAX);
    for (size_t i = 0; i + 1 < text.n && n < max;) {
        const struct phrase *ph =
            (unsigned char)text.p[i] > ' ' ? longest_at(&indexes[table], str_of(text.p + i, text.n - i)) : NULL;
        if (!ph) {
            i = skip_word(text, i);
            continue;
        }
        hits[n++] = (struct word_hit){ (uint16_t)i, ph->n, ph->kind };
        i += ph->n;
        if (ends_in_letter(str_sub(text, 0, i)) && i < text.n && is_spaced_letter((unsigned char)text.p[i]))
            i = skip_word(text, i); /* a stem: the rest of its word */
    }
    return n;
}
