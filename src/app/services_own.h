/* What serves on one loop, as services.c makes it and services_accept.c hands connections to it. */
#pragma once
#include "app/services.h"
#include "core/forwarding.h"

struct services {
    struct app *app;
    struct auth *auth;
    struct mailboxes *boxes;
    struct scanners *scanners;
    struct deliver *deliver;
    struct outq *outq;
    struct forwarding forwarding;
    struct send *send;
    struct smtp_in *smtp, *submission;
    struct pop3_server *pop3;
    struct imap_server *imap;
    struct site *site;
};
