/* What the whole process shares: made by app.c before the threads start, read-only from then on but for what is atomic
 * or says that it takes calls from any thread. */
#pragma once
#include "app/carrying.h"
#include "app/config.h"
#include "app/notify.h"
#include "app/scanning.h"
#include "base/clock.h"
#include "core/arrival.h"
#include "core/event.h"
#include "core/greylist.h"
#include "core/limit.h"
#include "core/outq.h"
#include "core/said.h"
#include "io/dns.h"
#include "io/loop.h"
#include "io/tls.h"
#include "io/work.h"
#include "serve/listen.h"
#include "trust/teacher.h"
#include "wire/charset.h"

enum door_kind {
    DOOR_SMTP,
    DOOR_SUBMISSION,
    DOOR_SUBMISSIONS,
    DOOR_POP3,
    DOOR_POP3S,
    DOOR_IMAP,
    DOOR_IMAPS,
    DOOR_HTTP,
    DOOR_HTTPS,
    DOOR_METRICS,
    DOOR_KINDS
};

struct app {
    struct config config;
    struct config_sources sources; /* for reading it again at SIGHUP */
    struct log *log;
    struct clock clock;
    struct notify notify;
    struct loop *loop; /* the main thread's: signals, control socket, watchdog */
    struct limit *limit;
    struct arrivals *arrivals; /* the last attempts to hand mail to each box */
    struct standing *standing;
    struct access *access;
    struct greylist *greylist; /* NULL: off */
    struct store *store;
    struct teacher *teacher; /* NULL: its files cannot be used */
    struct said *said;
    struct event_hub *hub;
    struct charset_kept charsets;   /* open, because later no file can be read */
    struct work_pool *argon, *work; /* passwords; large mails */
    struct outq_shared *outq;       /* mail that waits to leave */
    struct sending *sending;        /* the out-queue's thread */
    struct loop *out_loop;          /* its loop */
    struct sign_keys *keys;         /* what mail is signed with */
    struct send_shared *send;
    struct forwards *forwards; /* NULL: off */
    struct forward_asks *forward_asks;
    struct dns *dns; /* NULL: no resolver is configured */
    struct scanning scanning;
    struct carrying carrying;
    struct outq *operator_outq;       /* on the main loop, as what follows */
    struct mailboxes *operator_boxes; /* on the main loop: the operator's own box is made there */
    struct tls *tls;
    const char *own_folder, *own_cert, *own_key; /* of the pair we sign ourselves, once it was needed */
    struct listen_gate gates[DOOR_KINDS];
    struct config_list bound[DOOR_KINDS]; /* addresses really bound */
    struct network *smtp_proxies, *http_proxies, *smtp_relay_from;
    size_t smtp_proxies_n, http_proxies_n, smtp_relay_from_n;
    struct shared *shared; /* services.c's */
    struct worker *workers;
    size_t workers_n;
    int64_t started_ms;
    _Atomic bool ready, draining;
    struct arena arena;
    void (*drain)(struct app *a); /* begin to stop; main thread */
};

/* The row of each kind of door: its setting, and where the list of addresses is. */
struct door_row {
    const char *key;
    size_t list; /* offset in struct config */
};
extern const struct door_row door_rows[DOOR_KINDS];
