/* All that HTTP serves, put together: the interface, the page, /lite, /compat, health; and metrics on a listener of
 * their own. One site a loop. */
#pragma once
#include "serve/api.h"
#include "serve/metrics.h"

struct site;
struct site_opts {
    struct api_opts api;
    const struct metrics_opts *metrics; /* borrowed, as what follows */
    const struct autoconfig *autoconfig;
    const struct str *cors_origins;
    size_t cors_origins_n;
    struct http_counts *counts; /* may be NULL */
};
[[nodiscard]] enum err site_new(const struct site_opts *o, struct site **out);
void site_free(struct site *s);
/* As http_accept(). */
[[nodiscard]] enum err site_accept(struct site *s, int fd, const struct peer *peer, struct tls *tls,
                                   void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx);
[[nodiscard]] enum err site_accept_metrics(struct site *s, int fd, const struct peer *peer,
                                           void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx);
void site_drain(struct site *s);
