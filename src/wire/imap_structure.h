/* BODY and BODYSTRUCTURE (RFC 9051 section 7.5.2) of a parsed message, as Dovecot writes them: parameters in order and
 * raw (RFC 2231 pieces joined, not decoded), text/plain and us-ascii when nothing is said, NIL for what is absent.
 * Linear in the headers of the message, which are read again: the tree keeps only what people are shown. */
#pragma once
#include "wire/mime.h"

enum imap_structure { IMAP_STRUCTURE_BODY, IMAP_STRUCTURE_FULL };
/* Appends "(…)". scratch is for this call alone: it is reset on the way. LIMIT_MIME_ARENA is enough for it. ERR_FULL
 * when out is full. */
[[nodiscard]] enum err imap_structure_put(struct buf *out, const struct mime_tree *t, struct str msg,
                                          enum imap_structure what, struct arena *scratch);
