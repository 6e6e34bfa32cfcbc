/* Header fields (RFC 5322) with exact offsets, over CRLF and bare-LF input alike; unfolding; RFC 2047 encoded words.
 * What a line is, where the header ends and what a field is named are decided here alone, for every reader of a
 * message. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    LIMIT_HEADER_BYTES = 256 * 1024, /* one header block; serve answers 552 beyond */
    LIMIT_HEADER_FIELDS = 1000,
    LIMIT_HEADER_TEXT = 64 * 1024, /* octets of one field that are decoded; the rest is cut */
};

struct header_field {
    struct str name;   /* as written, without the colon and blanks before it */
    struct str raw;    /* the value: all between the colon and the field's last line end, folds kept */
    struct str line;   /* the whole field with its last line end, for signatures and copies */
    size_t begin, end; /* of line, from the block's first byte */
};

/* Walks a header block, or a whole message: it stops at the empty line, or before the first line that can't be a field.
 */
struct header_iter {
    struct str block;
    size_t at;   /* next byte to look at; after the last field: where the walk stopped */
    size_t junk; /* lines passed over: mbox "From ", a fold before the first field, an empty name, see header_bounds */
};
static inline struct header_iter header_walk(struct str block) { return (struct header_iter){ .block = block }; }
bool header_next(struct header_iter *it, struct header_field *out);

/* Where the body of msg begins: after the empty line, or at the first line that can't be a field, or at the end. RFC
 * 5322 section 2.1 has no word for such a line. Postfix, Sendmail and Python's email end the header there, which loses
 * the structure of a mail whose program wrote one line too many; Dovecot passes over all of them, and so over a body
 * that lacks its empty line. Here one is passed over if fields alone follow it up to the empty line, MIME's among them.
 */
struct header_bounds {
    size_t body;   /* [0, body) is the header with its empty line */
    size_t fields; /* how many */
    bool no_blank; /* ended without an empty line */
    bool junk;     /* there were lines that are no field */
};
/* ERR_FULL: the block is longer than LIMIT_HEADER_BYTES or has more than LIMIT_HEADER_FIELDS; out is then untouched. */
[[nodiscard]] enum err header_bounds(struct str msg, struct header_bounds *out);

/* How msg begins, for who puts fields before it: with a field, or the empty line that ends a header; with mbox's "From
 * "; with what would be taken for the rest of the field before it, or is no header at all. */
enum header_start { HEADER_STARTS, HEADER_MBOX_LINE, HEADER_MISSING };
enum header_start header_start(struct str msg);

/* The field so named (any case): its raw value, or {NULL, 0}. A present but empty field has p != NULL. Of several the
 * last counts, for everybody here: signatures are made from the bottom up (RFC 6376 section 5.4.2), and what somebody
 * puts on top of a signed message must not be what its reader sees. */
struct str header_find(struct str block, struct str name);
/* The same for n names in one walk: raw[i] is that of names[i]. */
void header_find_each(struct str block, const struct str *names, struct str *raw, size_t n);
size_t header_count(struct str block, struct str name);

/* Behind blanks, line ends and comments, which nest (RFC 5322 section 3.2.2, CFWS); a comment that does not end takes
 * the rest with it. */
struct str header_skip_blanks(struct str s);

/* One line: line ends taken out, blanks at both ends too (RFC 5322 section 2.2.3). Borrowed from raw when it has no
 * fold, else in the arena; {NULL, 0} only when the arena is full. */
struct str header_unfold(struct arena *a, struct str raw);
/* The text to show: unfolded, encoded words decoded (RFC 2047), 8-bit bytes as UTF-8 (RFC 6532) or else windows-1252,
 * control characters turned into spaces, what turns the order of letters around left out (wire/deceptive.h). Always
 * well-formed UTF-8, one line. */
struct str header_text(struct arena *a, struct str raw);
/* header_text(header_find()). */
struct str header_get(struct arena *a, struct str block, struct str name);

/* Message ids between < and >, in order, without the brackets (Message-ID, In-Reply-To, References). *rest is what
 * follows; {NULL, 0} when there is no more. */
struct str header_msgid(struct str raw, struct str *rest);
