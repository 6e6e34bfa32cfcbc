/* The trace field of RFC 5321 section 4.4, without the client's address: a deviation that DESIGN P5 asks for. */
#pragma once
#include "base/buf.h"

struct received {
    struct str helo, hostname;
    const char *protocol;                 /* ESMTP, ESMTPS …; NULL: ESMTP */
    const char *tls_version, *tls_cipher; /* or NULL */
    int64_t now_ms;
};
void received_put(struct buf *out, const struct received *r);
/* Servers that a mail has been through, by the word of its header: Received fields, and those that were taken out when
 * a box handed it in, because they name its machines. So a mail that is fetched and handed in again comes to an end. */
uint32_t received_count(struct str head);
void received_put_before(struct buf *out, uint32_t n); /* the field that says so of n that are taken out; 0: none */
/* What must stand between our fields and data: what is not the sender's header must not become part of ours. */
void received_part(struct buf *out, struct str data);
/* Puts head before data's octets, in place. ERR_BUSY: memory. */
[[nodiscard]] enum err received_prepend(struct buf *data, struct str head);
