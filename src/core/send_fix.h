/* A submitted message's header: is it the box's own word, and how it leaves (RFC 6409 section 8). Pure. */
#pragma once
#include "base/arena.h"
#include "core/send.h"
#include "wire/header.h"

enum { LIMIT_SENT_LINE = 998 }; /* octets without CRLF, RFC 5322 section 2.1.1 */

struct send_head { /* what was found in a message that may go */
    struct header_bounds at;
    struct str message_id; /* with its brackets; empty: none that may leave */
    uint32_t received;     /* as received_count() */
    bool has_date;
    bool eight_bit;
};
/* own: the box's address as addr_key() has it. SEND_OK, SEND_NO_FROM, SEND_TWO_FROM, SEND_BAD_FROM,
 * SEND_NOT_YOUR_ADDRESS, SEND_BAD_HEADER, SEND_LONG_HEADER, SEND_TWICE, SEND_NOT_UTF8, SEND_BARE_ENDS, SEND_LONG_LINE,
 * SEND_CONTROLS, SEND_LOOP, SEND_LATER (memory). *out is written on SEND_OK alone. */
[[nodiscard]] enum send_refusal send_head_check(struct str msg, struct str own, struct arena *a, struct send_head *out);

struct send_fix {          /* what is added where it is missing, or written anew */
    struct str own;        /* the box's address as addr_key() has it */
    struct str hostname;   /* ours, for Received */
    struct str message_id; /* with its brackets */
    struct str id;         /* of the mail, for Received; printable, no blanks */
    const char *protocol;  /* or NULL */
    int64_t now_ms;
};
/* The header as it leaves, up to and with its empty line: nothing of the client's address, its programs, who else got a
 * copy, or what only a server may say. */
void send_fix_leaving(struct buf *out, struct str msg, const struct send_head *h, const struct send_fix *f);
/* The same as its writer keeps it: with Bcc, without Received. */
void send_fix_copy(struct buf *out, struct str msg, const struct send_head *h, const struct send_fix *f);
