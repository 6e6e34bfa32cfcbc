/* The IMAP URLs that CATENATE takes (RFC 4469 section 3): those of RFC 5092 that name no server, and in it one message
 * or a part of one. */
#pragma once
#include "wire/imap_fetch.h"

enum { LIMIT_IMAP_URL = 4096 /* octets; a mailbox's name, percent-encoded, is a fifth of it */ };

struct imap_url {
    struct str mailbox;   /* inner form; empty: the one that is selected */
    bool relative;        /* no '/' before it: its place is beside the selected one */
    uint32_t uidvalidity; /* 0: it does not say */
    uint32_t uid;
    struct imap_attr part; /* section and partial, as of BODY[…]<…> */
};
/* "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2.MIME/;PARTIAL=0.1024". ERR_BAD: no such URL, a scheme or server
 * in it, or URLAUTH. What *out has is in the arena, or a view into in. */
[[nodiscard]] enum err imap_url_parse(struct arena *a, struct str in, struct imap_url *out);
