/* Which octets of a message a section is (RFC 9051 section 6.4.5.1), read as Dovecot does: part 1 of a message that is
 * no multipart is its body; HEADER and TEXT of a part are those of the message within it, if it is one. */
#pragma once
#include "wire/imap_fetch.h"
#include "wire/mime.h"

struct imap_octets {
    uint32_t part;       /* index in the tree */
    uint32_t begin, end; /* of the message; for FIELDS and FIELDS_NOT the header that imap_section_fields() reads */
    bool made;           /* FIELDS or FIELDS_NOT: the octets are to be made of that header */
};
/* ERR_GONE: no such part, or it has no such thing. Answer an empty string, as Dovecot does (NIL for BINARY). */
[[nodiscard]] enum err imap_section_find(const struct mime_tree *t, const struct imap_section *s,
                                         struct imap_octets *out);
/* The fields named (or not named) in their order, as they stand, and an empty line. head: octets [begin, end). */
void imap_section_fields(struct buf *out, struct str head, const struct imap_section *s);
