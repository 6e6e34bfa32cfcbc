/* Counters as Prometheus text, and whether we live and are ready. Names are
 * mayfly_<area>_<thing>_{total,seconds,bytes}; no label holds an address. Served on its own listener; /livez and
 * /readyz on the page's, too. */
#pragma once
#include "core/check_cost.h"
#include "core/intake.h"
#include "core/outq.h"
#include "serve/http.h"
#include "serve/imap_stats.h"
#include "serve/login.h"
#include "serve/pop3_stats.h"
#include "serve/smtp_in_stats.h"
#include "serve/smtp_out_stats.h"
#include "store/store.h"
#include "trust/neighbour.h"

struct listen_gate;
struct send_counts;
struct access;
struct metrics_gate { /* one kind of listener */
    const char *name; /* "smtp", "http", … */
    const struct listen_gate *gate;
};
struct metrics_scanner { /* one that is asked */
    const char *name;
    const struct neighbour *state;
};
struct metrics_opts { /* borrowed whole; what is NULL is left out */
    struct store *store;
    struct event_hub *hub;
    struct limit *limit;
    const struct standing *standing;
    const struct access *access;
    const struct smtp_in_stats *smtp;
    const struct smtp_out_stats *smtp_out;
    const struct send_counts *send;
    const struct login_stats *imap_logins, *pop3_logins, *submission_logins;
    const struct imap_stats *imap;
    const struct pop3_stats *pop3;
    const struct intake_budget *budget;
    const struct http_counts *http;
    const _Atomic uint64_t *deliver_accepted, *deliver_refused;
    const struct outq_shared *outq;
    const struct metrics_gate *gates;
    size_t gates_n;
    const struct check_costs *checks;
    const struct metrics_scanner *scanners;
    size_t scanners_n;
    const _Atomic bool *ready, *draining;
    const char *version;
};
void metrics_write(const struct metrics_opts *m, struct buf *out);

/* Routes: ctx is a const struct metrics_opts *. metrics_health_routes are /livez and /readyz alone. */
extern const struct http_route metrics_routes[];
extern const size_t metrics_routes_n;
void metrics_livez(struct http_req *r);
void metrics_readyz(struct http_req *r);
/* The same answers for a table with another ctx. */
void metrics_answer_livez(struct http_req *r);
void metrics_answer_readyz(struct http_req *r, const struct metrics_opts *m);
