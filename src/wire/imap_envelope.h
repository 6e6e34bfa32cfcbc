/* ENVELOPE (RFC 9051 section 7.5.2) of a header, as Dovecot writes it: values unfolded and otherwise raw, encoded words
 * as they are; groups with their begin and end; Sender and Reply-To default to From. What is not ASCII goes out as a
 * literal, which every client may be sent, so one text serves rev1, rev2 and UTF8=ACCEPT and can be kept. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Appends "(…)". scratch is for this call alone: it is reset on the way, after each list. LIMIT_MIME_ARENA is enough
 * for it. ERR_FULL when out is full. */
[[nodiscard]] enum err imap_envelope_put(struct buf *out, struct str head, struct arena *scratch);
