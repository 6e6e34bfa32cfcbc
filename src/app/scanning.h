/* The scanners that the configuration names, for all workers: where they are, how they are doing, what they cost. */
#pragma once
#include "app/config.h"
#include "core/scan.h"
#include "serve/metrics.h"
#include "trust/ping.h"

struct scanning { /* zeroed: none */
    struct dial_to clamd, rspamd;
    bool asks_clamd, asks_rspamd;
    struct neighbour clamd_state, rspamd_state;
    struct check_costs costs; /* of the other checks, too */
    struct metrics_scanner shown[2];
    struct ping *ping_clamd, *ping_rspamd;
    struct log *log;
};
/* None without scan.plaintext_ack, whatever is named. */
void scanning_init(struct scanning *s, const struct config *c);
/* Watches them from the main loop, which is told of in the log. */
[[nodiscard]] enum err scanning_watch(struct scanning *s, struct loop *loop, struct log *log);
void scanning_end(struct scanning *s); /* before that loop is freed */
/* For a worker's loop; borrows s. */
[[nodiscard]] enum err scanning_start(struct scanning *s, const struct config *c, struct loop *loop,
                                      struct scanners **out);
void scanning_metrics(struct scanning *s, struct metrics_opts *m);
/* For the sandbox: adds the TCP ports that they listen at; whether a Unix socket is among them. */
size_t scanning_ports(const struct scanning *s, uint16_t *ports, size_t n, size_t max);
bool scanning_on_unix(const struct scanning *s);
