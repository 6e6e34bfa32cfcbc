/* What several rules look at, worked out once a message. For the files of rules alone. */
#pragma once
#include "trust/content.h"
#include "wire/domain.h"

enum {
    RULES_TEXT_MAX = 16 * 1024, /* octets of the visible text looked at: what it is about stands at the top */
    RULES_HOSTS_MAX = 24,       /* different hosts of links */
    RULES_LINKS_MAX = 60,       /* links whose hosts are looked at */
    RULES_RECEIVED_MAX = 20,    /* hops looked at */
};

enum rules_field {
    FIELD_DATE,
    FIELD_MESSAGE_ID,
    FIELD_REPLY_TO,
    FIELD_TO,
    FIELD_CC,
    FIELD_LIST_ID,
    FIELD_LIST_UNSUBSCRIBE,
    FIELD_COUNT
};
struct rules_host {
    char room[LIMIT_DOMAIN + 3];
    struct str name, org; /* lower-case A-labels, and the registrable part of it; empty: it is no domain */
};
/* Where links lead, each host once; of web links alone. */
struct rules_target {
    struct str host, shown, org;
};
struct facts {
    const struct content *c;
    struct str field[FIELD_COUNT]; /* raw; p == NULL: not there */
    const struct addr_item *from;  /* the first author, or NULL */
    struct rules_host author;      /* its domain */
    struct str seen;               /* the text that a reader sees, its start */
    size_t seen_n;                 /* octets of it that are no blanks, links' own text left out */
    struct rules_target target[RULES_HOSTS_MAX];
    size_t targets_n;
    size_t links_n;       /* http links that can be seen */
    size_t images, forms; /* tags in the page's source */
    bool list;            /* a mailing list or a sender who says how to leave */
};
void facts_of(const struct content *c, struct facts *out);
void rules_host_of(struct str domain, struct rules_host *out);
static inline bool facts_has(const struct facts *f, enum rules_field k) { return f->field[k].p != NULL; }
