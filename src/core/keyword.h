/* Keywords (RFC 3501 section 2.3.2) of an opened box: names to bits of a message's flags and back. Names are compared
 * in any case and shown as first given. A bit, once given, stays: who sees one it does not know lists anew. */
#pragma once
#include "core/mail_at.h"

enum { KEYWORD_NAME_MAX = 128 };
struct keyword {
    uint32_t flag; /* FLAG_KEYWORD(i) */
    struct str name;
};
struct keyword_req;
void keyword_cancel(struct keyword_req *r); /* NULL is fine */
/* By flag; valid during the call. Names are also kept with the opened box: keyword_name(). */
typedef void keyword_list_fn(void *ctx, enum err e, const struct keyword *all, size_t n);
struct keyword_req *keyword_list(const struct mail_at *at, keyword_list_fn *done, void *ctx);
struct str keyword_name(const struct opened *o, uint32_t flag); /* empty: not known without asking */
/* The bits of these names, new ones made. ERR_FULL: over STORE_KEYWORDS_MAX (those before it are made nevertheless).
 * ERR_BAD: empty or too long; what an atom is, is the protocol's matter. */
typedef void keyword_fn(void *ctx, enum err e, uint32_t flags);
struct keyword_req *keyword_put(const struct mail_at *at, const struct str *names, size_t n, keyword_fn *done,
                                void *ctx);
