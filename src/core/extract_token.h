/* Tokens of folded text: runs of what a number, an address or a date is written with. */
#pragma once
#include "core/extract_fold.h"

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_alnum(char c) { return is_digit(c) || is_letter(c); }

struct token {
    size_t at, end;
    unsigned digits, letters, others; /* others: neither, '-' not counted */
    unsigned dashes;
    char before, after; /* octets around it, 0 at the ends */
};

static inline bool pure_digits(const struct token *t)
{
    return t->digits > 0 && t->letters + t->others + t->dashes == 0;
}
/* The octet at i, 0 behind the end. */
static inline char octet(const struct fold *f, size_t i) { return i < f->n ? f->p[i] : 0; }
bool is_in_token(char c);
/* Was the source a capital, or of full width? */
static inline bool upper_at(const struct fold *f, size_t i) { return !is_alnum(f->src.p[f->from[i]]); }
/* The next token at or behind from that may be of interest; false at the end. Nearly all are words, without a digit and
 * without a capital first, and passed over. Marks at its ends are not part of it. */
bool next_token(const struct fold *f, size_t from, struct token *t);
