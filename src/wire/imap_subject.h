/* The base subject (RFC 5256 section 2.1): what is left of a subject without "Re:", "Fwd:", "[list]" and "(fwd)". */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct imap_subject {
    struct str base; /* folded (wire/fold.h), blanks single; may be empty */
    bool reply;      /* something that says reply or forward was taken off */
};
/* subject: as header_text() gives it. ERR_FULL when the arena is. */
[[nodiscard]] enum err imap_subject_base(struct arena *a, struct str subject, struct imap_subject *out);
/* Of the Subject field in a header. */
[[nodiscard]] enum err imap_subject_of(struct arena *a, struct str head, struct imap_subject *out);
