/* Tells other domains once a day how TLS to their mail servers went, if they ask for it (RFC 8460): what was counted of
 * a day that is over is taken from the tally, each of its domains is asked for its record, and gets its report by mail
 * through the queue or over HTTPS. One on the out loop. What was counted is gone with the process: a restart loses the
 * day. */
#pragma once
#include "core/outq.h"
#include "core/sign.h"
#include "core/tls_posts.h"
#include "core/tls_tally.h"
#include "io/dns.h"

struct tls_reporter;
struct tls_reporter_opts { /* borrowed */
    struct loop *loop;
    struct store *store; /* its clock */
    struct tls_tally *tally;
    struct dns *dns;
    struct tls_posts *posts;
    struct outq *outq; /* of the loop */
    struct sign_keys *keys;
    struct log *log;
    struct str from;  /* who the reports are from; its domain signs them, and is who reports */
    int64_t delay_ms; /* after midnight (UTC), so much at most and by chance, section 4.1 */
    int64_t look_ms;  /* how often the clock is looked at */
    uint32_t (*chance)(uint32_t below);
    _Atomic uint64_t *sent, *lost; /* counted for metrics: reports that are on their way, and those that are not */
};
[[nodiscard]] enum err tls_reporter_new(const struct tls_reporter_opts *o, struct tls_reporter **out);
void tls_reporter_free(struct tls_reporter *r); /* NULL is fine */
