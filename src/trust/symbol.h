/* What the checks have found about one message: named, weighed, with a reason that its reader can see. The sum of the
 * scores is the message's logit x, so p = 1 / (1 + e^-x) is how likely it is junk, and p > 0.9 is put into Junk. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { LIMIT_SYMBOLS = 64 }; /* of one message; all checks together know fewer names */

#define SYMBOL_SCORE_MAX 20.0  /* of one symbol, either way */
#define SYMBOL_UNSURE 0.0      /* p = 0.5 */
#define SYMBOL_JUNK 2.19722458 /* p = 0.9 */

struct symbol {
    struct str name;   /* UPPER_SNAKE, our own */
    double score;      /* logits: > 0 towards junk */
    struct str reason; /* our own words, never the sender's */
    bool learned;      /* from other people's mail: readers are shown its direction only (spam.md, privacy 9) */
};
/* The reasons of what was learned, one a side: they tell no more than the score that is shown. */
struct learned_words {
    struct str junk, neither, wanted;
};
struct symbols { /* {0} is empty */
    struct symbol v[LIMIT_SYMBOLS];
    size_t n;
    struct str scan; /* what a malware scanner said of the whole message (core/scan.h); empty: none was asked */
};
enum symbols_word { SYMBOLS_HAM, SYMBOLS_UNSURE, SYMBOLS_JUNK };

/* name and reason are borrowed: static, or in an arena that outlives the symbols. A name is there once, with the score
 * that is farthest from 0. Beyond LIMIT_SYMBOLS nothing is added. The page has words of its own for each name, in
 * web/src/i18n/why-*.ts. */
void symbols_add(struct symbols *s, struct str name, double score, struct str reason);
void symbols_add_learned(struct symbols *s, struct str name, double score, const struct learned_words *reasons);
/* Adds those of from, their texts in the arena. ERR_FULL: it has no room. */
[[nodiscard]] enum err symbols_copy(struct symbols *s, struct arena *a, const struct symbols *from);
bool symbols_has(const struct symbols *s, struct str name);
double symbols_score(const struct symbols *s);
enum symbols_word symbols_word(const struct symbols *s);
struct str symbols_word_name(enum symbols_word w); /* "ham", "unsure", "junk" */

/* The value of "verdict" of a message in the API. Its score is one of three steps, the p from which on each of the
 * words holds: a finer one would tell what others' mail is like. */
void symbols_put(struct buf *out, const struct symbols *s);
