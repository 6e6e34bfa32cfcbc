/* One mail before rspamd (POST /checkv2): what its rules say becomes one symbol of ours. Who the client was is only
 * told when the operator wants it. */
#pragma once
#include "io/exchange.h"
#include "wire/ip.h"

enum { LIMIT_RSPAMD_ANSWER = 256 * 1024, LIMIT_RSPAMD_REASON = 200 };

struct rspamd_reply {
    bool junk;    /* it would mark it, or refuse it */
    double score; /* logits: bounded, so that a neighbour alone neither saves nor sinks a mail beyond what its action
                     says */
    char reason[LIMIT_RSPAMD_REASON]; /* "add header, 7.5 of 15: NAME, NAME": in printable ASCII */
};
/* Its answer's body. ERR_BAD: nothing that can be used. */
[[nodiscard]] enum err rspamd_reply_parse(struct str json, struct rspamd_reply *out);

struct rspamd_client { /* all of it borrowed for the call; tells nothing when it is NULL */
    const struct ip *ip;
    struct str helo, from;
};
struct rspamd_opts {
    struct loop *loop;
    const struct dial_to *to;
    int64_t deadline_ms;
    const struct rspamd_client *client;
};
struct rspamd_check;
/* As clamd_scan() does. */
[[nodiscard]] enum err rspamd_check(const struct rspamd_opts *o, struct str msg,
                                    void (*done)(void *ctx, enum err e, const struct rspamd_reply *r), void *ctx,
                                    struct rspamd_check **out);
void rspamd_cancel(struct rspamd_check *c);
