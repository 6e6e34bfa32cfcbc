/* Words and phrases that tell what a number or a link is for, in many languages, and where they stand in a text. The
 * tables are data: a new language is a few rows. */
#pragma once
#include "base/str.h"

enum word_kind {
    WORD_CODE,    /* names a code to type in, beyond doubt: "verification code" */
    WORD_MAYBE,   /* may name one: "code", "password" */
    WORD_ACT,     /* what codes are for: "verify", "sign in" */
    WORD_ENTER,   /* "enter", "use": what to do with one */
    WORD_CONTEXT, /* the small print around codes: "expires in", "do not share" */
    WORD_OTHER,   /* names another number: "order number" */
    WORD_SOFT,    /* may name one: "account" */
    WORD_PROMO,   /* a code that buys something: "promo code" */
    WORD_SALE,    /* "20 % off": near it a code is one to buy with */
    WORD_CARD,    /* "ending in" */
    WORD_PHONE,
    WORD_MONTH,
    WORD_UNIT,    /* what is counted or paid: "eur", "points" */
    WORD_TRAVEL,  /* "flight": there a confirmation code is a booking's name */
    WORD_IGNORE,  /* holds another word of the table and means nothing: "source code" */
    WORD_CONFIRM, /* from here on: what links do */
    WORD_LOGIN,
    WORD_RESET,
    WORD_UNSUBSCRIBE,
    WORD_CHROME /* "view in browser": nobody wants it in a preview */
};

struct word_row {
    enum word_kind kind;
    const char *words; /* folded as extract_fold does, apart by '|'; "~" at the end: the word may go on */
};
extern const struct word_row word_rows_code[], word_rows_link[];
extern const size_t word_rows_code_n, word_rows_link_n;

struct word_hit {
    uint16_t at, n;
    enum word_kind kind;
};

enum word_table { WORDS_CODE, WORDS_LINK };

/* text has less than 64 KiB. Fills at most max hits in the order of the text, the longest phrase at each place, none
 * overlapping; how many there are. text is folded. A blank in a phrase is any one of ' ', '-', '\t', '\n' in the text.
 */
size_t words_find(enum word_table table, struct str text, struct word_hit *hits, size_t max);
