/* Tag lists, "a=1; b=2": DKIM signatures and keys, ARC, DMARC (RFC 6376 section 3.2). */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { LIMIT_TAGS = 32 };

struct tag {
    struct str name, value; /* without blanks and folds around them; folds within stay */
    struct str span;        /* all between '=' and ';' */
};
struct tags {
    struct tag v[LIMIT_TAGS];
    size_t n;
};

/* ERR_BAD: something is no tag, or a name comes twice; ERR_FULL: more than LIMIT_TAGS. Views borrow from text. */
[[nodiscard]] enum err tags_parse(struct str text, struct tags *out);
/* The same for records whose errors are passed over (RFC 9989 section 4.7): what is no tag is left out, of a name that
 * comes twice the first one counts. */
void tags_parse_loose(struct str text, struct tags *out);
/* The value, or {NULL, 0}. Names mind their case. */
struct str tags_get(const struct tags *t, struct str name);
const struct tag *tags_find(const struct tags *t, struct str name); /* or NULL */
/* A value in base64 with blanks and folds anywhere, decoded. */
[[nodiscard]] enum err tags_base64(struct buf *out, struct str value);
/* Is word, of any case, an item of the list that sep divides? Blanks around items do not count. */
bool tags_list_has(struct str list, char sep, struct str word);
