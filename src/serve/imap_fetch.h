/* A FETCH under way: which messages, which attributes, how far it has come. */
#pragma once
#include "serve/imap_state.h"
#include "wire/imap_fetch.h"

struct fetching {
    struct imap_fetch f;
    struct imap_targets t;
    struct imap_flagging seen; /* what becomes \Seen with this */
    size_t at, item;           /* message and attribute that come next */
    uint64_t from, to;         /* octets that are being sent: of the message, or of made */
    struct intake made;        /* octets that stand nowhere as they are sent */
    bool from_made, binary;
    bool opens; /* some attribute needs the message opened */
    bool begun;
    bool missing, failed, unknown_cte; /* some message was gone, could not be read, or could not be decoded */
    bool busy;                         /* or there was no memory for it */
};

/* FETCH of these entries without a client's command: atts is a list in parentheses that was read once already. */
void fetch_run(struct imap_session *s, struct str atts, uint32_t *v, size_t n);
/* Must the message be in memory as a whole for this attribute? */
bool fetch_needs_whole(const struct imap_session *s, const struct imap_attr *a);
/* Writes one attribute with its name. Octets that may be many are left to be sent. */
void fetch_put(struct imap_session *s, struct fetching *f, const struct imap_attr *a);
void fetch_put_octets(struct imap_session *s, const struct fetching *f, struct str octets);
