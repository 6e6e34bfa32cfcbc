/* What a DKIM signature is over (RFC 6376): the canonical forms of header and body, and the tags that say which. ARC
 * (RFC 8617) signs the same way. No key is met here: trust/ has those. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/header.h"
#include "wire/tags.h"

enum { LIMIT_DKIM_NAMES = 250, LIMIT_DKIM_SIGNATURE = 1024 }; /* names in h=; octets of b= */

enum dkim_canon { DKIM_SIMPLE, DKIM_RELAXED, DKIM_CANONS };
enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256, DKIM_RSA_SHA1, DKIM_OTHER };

/* A message taken apart once, for all its signatures. */
struct dkim_msg {
    struct header_field *v; /* all fields, in order */
    size_t n;
    struct str body;
    bool hashed[DKIM_CANONS];
    uint8_t body_hash[DKIM_CANONS][32];
    uint64_t body_n[DKIM_CANONS]; /* octets of the canonical body */
};
/* ERR_FULL: the header is over its limits, or memory is out. */
[[nodiscard]] enum err dkim_msg_init(struct arena *a, struct str msg, struct dkim_msg *out);

struct dkim_sig {
    const struct header_field *field;
    struct tags tags;
    enum dkim_algorithm algorithm;
    enum dkim_canon head, body;
    struct str domain, selector, names; /* d=, s=, h= */
    struct str algorithm_text;
    struct str signature; /* b=, decoded */
    uint8_t body_hash[32];
    bool has_length, has_time, has_expiry;
    uint64_t length; /* l= */
    int64_t time_s, expiry_s;
};
/* Two steps, since an ARC-Seal has the first alone. ERR_BAD: a tag that must be there is not, or cannot be read; *why
 * says which, static. */
[[nodiscard]] enum err dkim_sig_parse(struct arena *a, const struct header_field *f, struct dkim_sig *out,
                                      struct str *why);                     /* a, b, d, s, t */
[[nodiscard]] enum err dkim_sig_cover(struct dkim_sig *s, struct str *why); /* bh, c, h, l, x */
bool dkim_sig_names(const struct dkim_sig *s, struct str name);             /* is it in h=? */

/* ERR_IO: no memory. */
[[nodiscard]] enum err dkim_body_hash(struct dkim_msg *m, enum dkim_canon canon);
/* The fields of h=, from the bottom up (section 5.4.2), and the signature's own without its b=. */
[[nodiscard]] enum err dkim_head_hash(const struct dkim_msg *m, const struct dkim_sig *s, uint8_t out[32]);

/* Section 3.4.2: one field, with its line end. */
void dkim_put_relaxed(struct buf *out, const struct header_field *f);
/* A signature's own field with an empty b= and no line end. */
void dkim_put_self(struct buf *out, const struct dkim_sig *s, enum dkim_canon canon);
