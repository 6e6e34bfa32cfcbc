/* What an answer begins with: to whom it goes, its subject, the text quoted. One reading for the interface, the page
 * and /lite. Pure. */
#pragma once
#include "core/draft.h"

enum reply_as {
    REPLY_SENDER,  /* to Reply-To, else From; of one's own mail: to those it went to */
    REPLY_ALL,     /* and to all others, in Cc */
    REPLY_FORWARD, /* to nobody yet; the text as it is */
    REPLY_EDIT     /* a draft goes on: everything as it is */
};
[[nodiscard]] bool reply_as_of(struct str word, enum reply_as *out); /* "reply", "reply_all", "forward", "edit" */

enum { REPLY_QUOTE_MAX = 256 * 1024 /* octets of a quotation; its last line then says that it was cut */ };
struct reply {
    struct draft_people to, cc, bcc,
        from; /* from: who wrote the message; addresses that no mail could go to left out */
    struct str subject, text;
};
/* header and text of the message; own: address of the box, which is not written to. Views are in the arena. ERR_FULL:
 * it is full. */
[[nodiscard]] enum err reply_make(enum reply_as as, struct str header, struct str text, struct str own, struct arena *a,
                                  struct reply *out);
