/* Who is let in: the operator's lists of networks, the bans that the operator gave by hand, and the bans that a network
 * has earned (core/standing). Asked once a connection, when its address is known, before anything is said. What the
 * operator named is kept in memory as it was named; it is never printed, and no client's address is kept at all. One
 * for the process, any thread. */
#pragma once
#include "core/standing.h"
#include "serve/network.h"
#include <stdatomic.h>

enum access_answer {
    ACCESS_OPEN,
    ACCESS_TRUSTED, /* on the allow list: no ban, no block list, no greylisting; limits hold all the same */
    ACCESS_DENIED,  /* on the deny list */
    ACCESS_BANNED,  /* for a while */
    ACCESS_ANSWERS
};
enum { LIMIT_ACCESS_BANS = 1024 }; /* by hand, at once; for more there is the deny list */

struct access;
struct access_lists { /* borrowed for the call */
    const struct network *allow, *deny;
    size_t allow_n, deny_n;
};
struct access_ban { /* by hand */
    uint8_t id[4];  /* keyed, so that a list can be shown without naming anybody */
    int64_t left_ms;
};

[[nodiscard]] enum err access_new(struct standing *standing, struct access **out); /* borrows it */
void access_free(struct access *a);                                                /* NULL is fine */
/* Takes copies, in place of those before. ERR_IO: no memory; then all stays. */
[[nodiscard]] enum err access_set(struct access *a, const struct access_lists *l);
/* Sets peer->trusted. now_ms is monotonic, here and below. The allow list goes before all else. */
enum access_answer access_ask(struct access *a, enum standing_side side, struct peer *peer, const struct sockaddr *sa,
                              int64_t now_ms);
uint64_t access_count(const struct access *a, enum access_answer what); /* answers so far */

/* Is all of it in one network of the allow list, so that no ban would count? */
bool access_allows(struct access *a, const struct network *n);
/* Bans by hand. The same network again: its time is the new one. ERR_FULL: too many. */
[[nodiscard]] enum err access_ban(struct access *a, const struct network *n, int64_t ms, int64_t now_ms);
size_t access_list(struct access *a, int64_t now_ms, struct access_ban *out, size_t max); /* how many there are */
size_t access_lift(struct access *a, const struct network *n, int64_t now_ms);            /* how many bans ended */
size_t access_lift_id(struct access *a, const uint8_t id[4], int64_t now_ms);             /* the same */
size_t access_lift_all(struct access *a, int64_t now_ms);                                 /* the same */
