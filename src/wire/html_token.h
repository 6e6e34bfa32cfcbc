/* HTML's tokenizer, HTML standard section 13.2.5, as far as text and links need it. Every octet is looked at a constant
 * number of times, whatever the input: libxml2's parser compares each attribute with all before it in a tag and each
 * stray end tag with all open elements, 44 s for one megabyte (docs/decisions/0004). */
#pragma once
#include "wire/html_tag.h"

enum html_token_kind { HTML_TEXT, HTML_RAW, HTML_START, HTML_END };

/* Attributes anybody here asks for; the first of a name counts, as in a browser. */
enum html_attr { HTML_HREF, HTML_STYLE, HTML_ALT, HTML_CLASS, HTML_SIZE, HTML_HIDDEN, HTML_TYPE, HTML_ATTRS };

struct html_token {
    enum html_token_kind kind;
    struct str text;             /* HTML_TEXT: with references still in it. HTML_RAW: contents of script, title, … */
    struct str name;             /* of a tag, case as written; of HTML_RAW the element it is in */
    const struct html_tag *tag;  /* of HTML_START and HTML_END */
    unsigned has;                /* a bit for each attribute that is there, even when empty */
    struct str attr[HTML_ATTRS]; /* as written, references still in it; only where has says so */
};

static inline struct str html_attr(const struct html_token *t, enum html_attr a)
{
    return t->has & 1u << a ? t->attr[a] : (struct str){ 0 };
}

struct html_lexer {
    struct str rest;
    struct str raw; /* the element whose contents are not markup, while inside one */
};

/* The next token, comments and declarations left out; false at the end. Views point into the input. */
bool html_next(struct html_lexer *l, struct html_token *out);
