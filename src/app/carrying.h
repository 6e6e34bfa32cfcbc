/* What carries mail out: the smart host, client TLS, the fetcher of policies. What only root may read is read by
 * carrying_start(); carrying_begin() makes a thread, which is to live in the sandbox; the rest is made for the out
 * loop. */
#pragma once
#include "app/config.h"
#include "base/log.h"
#include "core/route.h"
#include "serve/smtp_out.h"

struct carrying {
    bool on;               /* there is a way out: a resolver or a smart host */
    struct str relay_host; /* of the settings, lower case; empty: none */
    struct str password;
    struct tls *any, *known, *dane;
    struct tls *told;        /* for policies in testing; NULL: nothing is reported */
    struct tls_tally *tally; /* likewise */
    struct fetcher *fetcher; /* NULL: no policies, and nothing is posted */
    struct dial_to bind4, bind6;
    bool binds4, binds6;
    struct smtp_out_stats stats;
    struct sts *sts;
    struct router *router;
    struct smtp_out *out;
    struct arena arena;
};

/* What cannot be used is logged. */
[[nodiscard]] enum err carrying_start(struct carrying *c, const struct config *config, struct log *log);
/* Between Landlock and seccomp. */
[[nodiscard]] enum err carrying_begin(struct carrying *c, const struct config *config);
/* For the sandbox: ports are appended to those that are there; gives the new count. */
size_t carrying_ports(const struct carrying *c, const struct config *config, uint16_t *ports, size_t n, size_t max);

struct carrying_on {
    struct loop *loop; /* the out loop */
    struct dns *dns;
    struct deliver *deliver; /* of that loop */
    struct domain_list domains;
    struct log *log;
    int64_t (*now_ms)(void *ctx);                         /* wall time */
    void (*unknown)(void *ctx, const struct box_id *box); /* smtp_out_opts.unknown */
    void *ctx;
};
/* Makes c->out, for smtp_out_sender() and smtp_out_attach(). */
[[nodiscard]] enum err carrying_new(struct carrying *c, const struct config *config, const struct carrying_on *on);
void carrying_stop(struct carrying *c); /* the fetcher's thread; before the out loop's memory goes */
/* When c->out is idle and its loop stands still. */
void carrying_end(struct carrying *c);
