/* All phrases hang in chains by their first two octets. The chains are built once, before main(), and only read after
 * that: they are constants the compiler can't compute. */
#include "core/extract_words.h"
#include <assert.h>
#include <string.h>

enum { CHAINS = 1024, PHRASES_MAX = 4000 };

struct phrase {
    const char *p;
    uint16_t n, next; /* next: index + 1 in the chain */
    uint8_t kind;
    bool bounded; /* what follows it may not be a letter */
};

struct index {
    uint16_t head[CHAINS]; /* index + 1 */
    struct phrase phrase[PHRASES_MAX];
    size_t n;
};
static struct index indexes[2];

static unsigned char plain(char c) { return (unsigned char)(c == '-' || c == '\t' || c == '\n' ? ' ' : c); }
static size_t chain_of(const char *p) { return (plain(p[0]) * 37u + plain(p[1]) * 5u) % CHAINS; }

/* Latin, Greek, Cyrillic: words have blanks around them. Arabic glues particles on, Chinese glues everything. */
static bool is_spaced_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 0xc3 && c <= 0xd4); }
static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

/* Whether the last code point of s is such a letter: these scripts take one or two octets. */
static bool ends_in_letter(struct str s)
{
    unsigned char last = (unsigned char)s.p[s.n - 1];
    return last < 0x80 ? is_spaced_letter(last) : s.n > 1 && is_spaced_letter((unsigned char)s.p[s.n - 2]);
}

static void index_add(struct index *ix, enum word_kind kind, struct str phrase)
{
    bool stem = str_ends(phrase, S("~"));
    phrase.n -= stem;
    assert(phrase.n >= 2 && ix->n < PHRASES_MAX);
    size_t c = chain_of(phrase.p);
    ix->phrase[ix->n] =
        (struct phrase){ phrase.p, (uint16_t)phrase.n, ix->head[c], (uint8_t)kind, !stem && ends_in_letter(phrase) };
    ix->head[c] = (uint16_t)++ix->n;
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
    if (ph->n > text.n)
        return false;
    for (size_t i = 0; i < ph->n; i++)
        if (plain(ph->p[i]) != plain(text.p[i]))
            return false;
    return !ph->bounded || ph->n == text.n || !is_spaced_letter((unsigned char)text.p[ph->n]);
}

static const struct phrase *longest_at(const struct index *ix, struct str text)
{
    const struct phrase *best = NULL;
    for (uint16_t i = ix->head[chain_of(text.p)]; i > 0; i = ix->phrase[i - 1].next) {
        const struct phrase *ph = &ix->phrase[i - 1];
        if ((!best || ph->n > best->n) && matches(ph, text))
            best = ph;
    }
    return best;
}

static size_t cp_length(unsigned char lead) { return lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

size_t words_find(enum word_table table, struct str text, struct word_hit *hits, size_t max)
{
    size_t n = 0;
    bool inside = false; /* the octet before belongs to the same word */
    for (size_t i = 0; i + 1 < text.n && n < max;) {
        unsigned char c = (unsigned char)text.p[i];
        bool spaced = is_spaced_letter(c) || is_digit(c);
        const struct phrase *ph =
            c > ' ' && !(spaced && inside) ? longest_at(&indexes[table], str_from(text, i)) : NULL;
        if (ph) {
            hits[n++] = (struct word_hit){ (uint32_t)i, ph->n, ph->kind };
            i += ph->n;
            inside = ends_in_letter(str_sub(text, 0, i));
        } else {
            inside = spaced || (inside && c >= 0x80 && c < 0xc0);
            i += cp_length(c);
        }
    }
    return n;
}
