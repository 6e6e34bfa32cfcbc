/* One text of a message, prepared: folded, its words found, its candidates cut out. The subject, the plain text and the
 * page are one each; extract_code and extract_link judge what is in them. */
#pragma once
#include "core/extract_out.h"
#include "core/extract_scan.h"
#include "core/extract_words.h"

enum { DOC_HITS_MAX = 800, DOC_CANDIDATES_MAX = 100 }; /* a table of numbers has no code among its later ones */

struct doc {
    enum extract_where source;
    struct fold f;
    const struct html_out *page; /* for how it looks; NULL for plain text */
    struct word_hit *hits;
    size_t hits_n, hits_max, cands_n;
    size_t seen[WORD_CHROME + 1];               /* how many hits of a kind */
    struct candidate cands[DOC_CANDIDATES_MAX]; /* the last: is not cleared */
};

/* What lies between two places of a text. */
struct gap {
    unsigned words, lines, stops; /* lines: breaks; stops: ends of sentences */
    bool colon;                   /* one is among it */
    bool far;                     /* not measured: too long */
};

/* Room for one text after another, of at most max octets each; false when the arena has none. */
bool doc_init(struct doc *d, struct arena *a, size_t max);
bool doc_read(struct doc *d, struct arena *a, enum extract_where source, struct str text, const struct html_out *page);
struct gap doc_gap(const struct doc *d, size_t from, size_t to);
struct gap gap_join(struct gap a, struct gap b); /* of two stretches side by side */
/* Whether a colon or a word such as "is" stands right before the candidate, or a dash or such a word right behind it.
 */
bool doc_equated_before(const struct doc *d, const struct candidate *c);
bool doc_equated_after(const struct doc *d, const struct candidate *c);
/* The first hit that begins at or behind at; hits_n when there is none. */
size_t doc_hit_after(const struct doc *d, size_t at);

struct str doc_source(const struct doc *d, const struct candidate *c); /* as the message has it */

struct verdict {
    int score;          /* a confidence, before it is cut to 0 .. 99 */
    const char *reason; /* static */
    size_t taken_at;    /* where the candidate before it begins */
};
struct verdict doc_judge(const struct doc *subject, const struct doc *d, const struct candidate *c);

/* Adds the codes of d, which may be the subject itself, to out's, best first. */
bool extract_codes(const struct doc *subject, const struct doc *d, struct arena *a, struct extract_out *out);
