/* Block lists of domains in the DNS (RFC 5782 section 2.2, as URIBL and DBL are): the operator's zones are asked about
 * the organisations that a message names as its author and links to. */
#pragma once
#include "trust/answers.h"
#include "trust/symbol.h"
#include "wire/domain.h"

enum {
    LIMIT_LISTED_DOMAINS = 8,  /* of one message that are asked about: the authors', then the links' as they come */
    LIMIT_LISTED_ZONES = 8,    /* each is asked about each domain: a quarter of LIMIT_ANSWERS at most */
    LIMIT_LISTED_TEXT = 65536, /* octets of its bodies that links are looked for in */
};

struct block_list_check {
    const struct str *zones; /* borrowed */
    size_t zones_n;
    struct str domain[LIMIT_LISTED_DOMAINS]; /* in the arena */
    size_t n, authors_n;                     /* the first authors_n are the authors' */
    bool author, link;                       /* one of them is listed */
};

/* A list says so: an address of 127/8 that is none of the codes for "you may not ask" (127.0.0.1, 127.255.255.x). */
bool block_list_has(const struct answer *a);
/* Finds the domains. Without zones it finds none and costs nothing. A message that cannot be read has authors only. */
void block_list_init(struct block_list_check *c, struct arena *a, const struct str *authors, size_t authors_n,
                     struct str msg);
/* For an inquiry: OK or ERR_MORE. What a zone does not answer is not listed. */
[[nodiscard]] enum err block_list_run(struct block_list_check *c, struct answers *as);
void block_list_symbols(const struct block_list_check *c, struct symbols *out);
