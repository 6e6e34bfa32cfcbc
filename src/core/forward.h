/* Where a box's mail also goes: an address outside, once whoever reads it has said yes by a link sent there. What was
 * said yes to is in a file a box, sealed to a key of the server and the box's lease: the server can read it when mail
 * comes (DESIGN P3), and nobody once the box has ended. What is only asked for is in memory; a restart makes its link
 * void. One forwards a process; any thread. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

enum { FORWARD_ADDRESS_MAX = 254, FORWARD_TOKEN_N = 43 /* base64url of 32 octets */ };
/* A link that nobody followed for so long confirms nothing any more. */
static const int64_t FORWARD_LINK_MS = INT64_C(24) * 3600 * 1000;

struct forwards;
struct forwards_opts {    /* borrowed */
    const char *dir;      /* made when it is not there */
    const char *key_path; /* likewise */
};
/* Finds what there is. ERR_BAD: the key's file is none. */
[[nodiscard]] enum err forwards_new(const struct forwards_opts *o, struct forwards **out);
void forwards_free(struct forwards *f); /* NULL is fine */

enum forward_state { FORWARD_NONE, FORWARD_ASKED, FORWARD_ON };
struct forward {
    enum forward_state state;
    int64_t asked_ms; /* of FORWARD_ASKED */
    struct str to;    /* in the arena given */
    struct str from;  /* likewise: the box's address; empty after a restart */
};
/* lease: the box's; NULL: only what was opened before is found. A file that does not open with it is erased. ERR_FULL:
 * the arena. f may be NULL: there is none. */
[[nodiscard]] enum err forwards_get(struct forwards *f, const struct box_id *box, const uint8_t *lease, struct arena *a,
                                    struct forward *out);
/* In place of what was there; token is what the link has, from the box's address. ERR_FULL: too many, or an address is
 * too long; ERR_IO. */
[[nodiscard]] enum err forwards_ask(struct forwards *f, const struct box_id *box, const uint8_t lease[KEY_N],
                                    struct str from, struct str to, int64_t now_ms, char token[FORWARD_TOKEN_N + 1]);
[[nodiscard]] enum err forwards_clear(struct forwards *f, const struct box_id *box); /* durable on OK */
void forwards_end(struct forwards *f, const struct box_id *box); /* the box has ended; f may be NULL */
/* The link was followed. What it is of: asked for within FORWARD_LINK_MS, or going on, for which it serves as long as
 * that does (after a restart: from when mail came or the box was opened; not where the address has over 222 octets).
 * ERR_GONE: of neither. ERR_FULL: the arena. */
[[nodiscard]] enum err forwards_look(struct forwards *f, struct str token, int64_t now_ms, struct arena *a,
                                     struct forward *out);
/* Yes was said, once more perhaps: durable on OK. ERR_GONE: as above. ERR_FULL, ERR_IO: the disk. */
[[nodiscard]] enum err forwards_confirm(struct forwards *f, struct str token, int64_t now_ms);
/* No was said, before or after: likewise. */
[[nodiscard]] enum err forwards_refuse(struct forwards *f, struct str token, int64_t now_ms);
