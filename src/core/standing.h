/* What a network has done to us lately, and what that costs it. Each thing that hurts adds its weight to the score of
 * the peer's network (struct peer: a keyed hash, new each day; no address is kept), good mail takes some off, and time
 * takes the rest. From half the ban's score on its answers come late; at the full score it is banned for a while, each
 * time twice as long. Mail servers and readers of one network are counted apart: an infected neighbour who is banned
 * from port 25 keeps nobody from reading mail. Domains that have proven that they sent a mail, and boxes that get junk,
 * are counted in the same way (standing_who). Peers that the operator trusts are not counted. In memory only, bounded;
 * forgotten when the key changes or the process ends. Any thread. */
#pragma once
#include "base/err.h"
#include "core/limit.h"

struct standing;
enum standing_side {
    STANDING_MX,     /* a network that sends mail */
    STANDING_READER, /* a network that reads it */
    STANDING_SENDER, /* a domain that mail was proven to be from */
    STANDING_BOX,    /* a box, for the junk that it gets */
    STANDING_SIDES
};
enum standing_event {                    /* their weights: standing.c */
                      STANDING_CROWD,    /* one connection more than the network's share */
                      STANDING_UNKNOWN,  /* a recipient that is not there */
                      STANDING_PROTOCOL, /* a session ended for its errors */
                      STANDING_LOGIN,    /* a wrong secret, not tried before */
                      STANDING_JUNK,     /* a mail that went to Junk */
                      STANDING_CREATE,   /* a box more than the network's share */
                      STANDING_GOOD,     /* a mail that went to an inbox */
                      STANDING_EVENTS
};
struct standing_opts {
    uint32_t ban_score; /* 0: nobody is banned or slowed down */
    int64_t ban_ms;     /* the first ban; each further one is twice as long */
    int64_t ban_max_ms;
};
struct standing_ban {
    uint8_t id[4]; /* of the keyed hash: enough to name it */
    enum standing_side side;
    enum standing_event reason;
    int64_t left_ms;
};

[[nodiscard]] enum err standing_new(const struct standing_opts *o, struct standing **out);
void standing_free(struct standing *s); /* NULL is fine */
/* Whoever is no network: the domain, or the box's id, under a key that is in memory only and new each day. */
struct peer standing_who(struct standing *s, enum standing_side side, struct str name, int64_t now_ms);
/* now_ms is monotonic, here and below. */
void standing_note(struct standing *s, enum standing_side side, const struct peer *p, enum standing_event e,
                   int64_t now_ms);
/* The same, but for the count of events: the same mail has been counted already, for its network. */
void standing_count(struct standing *s, enum standing_side side, const struct peer *p, enum standing_event e,
                    int64_t now_ms);
/* A wrong secret: tag is a keyed hash of who and what was tried. The same again (a program with an old password) counts
 * for nothing. */
void standing_wrong_secret(struct standing *s, enum standing_side side, const struct peer *p, uint32_t tag,
                           int64_t now_ms);
bool standing_banned(struct standing *s, enum standing_side side, const struct peer *p, int64_t now_ms);
/* How late a refusal should be told; 0 as a rule. */
int64_t standing_tarpit_ms(struct standing *s, enum standing_side side, const struct peer *p, int64_t now_ms);
/* For limit_opts.refused: what a limit turns away counts here; ctx is the struct standing. */
void standing_refused(void *ctx, enum limit_kind k, const struct peer *p);

/* For the operator and for metrics. */
size_t standing_list(struct standing *s, int64_t now_ms, struct standing_ban *out, size_t max); /* how many there are */
size_t standing_lift(struct standing *s, const struct peer *p, int64_t now_ms);   /* how many bans ended */
size_t standing_lift_id(struct standing *s, const uint8_t id[4], int64_t now_ms); /* the same */
size_t standing_lift_all(struct standing *s, int64_t now_ms);                     /* the same */
uint64_t standing_events(const struct standing *s, enum standing_event e);
uint64_t standing_bans(const struct standing *s, enum standing_event e); /* by what was the last straw */
const char *standing_event_name(enum standing_event e);                  /* for labels, as is the next */
const char *standing_side_name(enum standing_side side);
