/* What serving IMAP on one loop needs; imap_server.h takes it. */
#pragma once
#include "core/intake.h"
#include "core/mailbox.h"
#include "core/said.h"
#include "io/tls.h"
#include "serve/listen.h"
#include "serve/login.h"

struct imap_server_opts {    /* copied; what it points to is borrowed until imap_server_free() */
    struct login_opts login; /* this loop's, as what follows */
    struct store *store;
    struct mailboxes *boxes;
    struct event_hub *hub;
    struct work_pool *work;
    struct tls *tls; /* NULL: no STARTTLS */
    struct log *log;
    struct str hostname;
    uint64_t max_bytes;           /* of a message */
    struct intake_budget *budget; /* shared by all loops, as what follows */
    struct imap_stats *stats;
    struct teacher *teacher;        /* NULL: nobody learns from moves to and from Junk */
    struct said *said;              /* where what is learned of authors is written down; may be NULL */
    const struct listen_gate *gate; /* whose crowding means stress; NULL: none does */
};
