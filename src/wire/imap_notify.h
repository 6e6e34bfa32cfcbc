/* NOTIFY (RFC 5465): which events of which mailboxes a client wants to be told of. */
#pragma once
#include "wire/imap_token.h"

enum {
    LIMIT_IMAP_NOTIFY_GROUPS = 64,
    LIMIT_IMAP_NOTIFY_NAMES = 500, /* in all groups; a box has some two hundred mailboxes */
};
enum { /* events, a set of bits */
       IMAP_NOTIFY_NEW = 1,
       IMAP_NOTIFY_EXPUNGE = 2,
       IMAP_NOTIFY_FLAGS = 4,
       IMAP_NOTIFY_NAME = 8,
       IMAP_NOTIFY_SUBSCRIPTION = 16,
       IMAP_NOTIFY_MESSAGES = IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE | IMAP_NOTIFY_FLAGS,
};
enum imap_notify_filter {
    IMAP_NOTIFY_SELECTED,
    IMAP_NOTIFY_DELAYED, /* selected too, but expunges wait for a command that allows them */
    IMAP_NOTIFY_INBOXES,
    IMAP_NOTIFY_PERSONAL,
    IMAP_NOTIFY_SUBSCRIBED,
    IMAP_NOTIFY_SUBTREE,
    IMAP_NOTIFY_MAILBOXES,
};
struct imap_notify_group {
    enum imap_notify_filter filter;
    struct str *names; /* of SUBTREE and MAILBOXES, in the inner form; what can be no name is left out */
    size_t n;
    unsigned events;
    struct str fetch; /* of MessageNew: "(UID FLAGS)", which imap_fetch_read() takes; empty: nothing */
};
struct imap_notify {
    bool status;                 /* STATUS: where things stand, first */
    struct imap_notify_group *v; /* n 0: NONE */
    size_t n;
    struct str *names; /* of all groups, one after the other */
    size_t names_n;
    bool bad_event; /* failed for an event that is not offered: answer NO [BADEVENT (…)] */
};
extern const char imap_notify_events[]; /* names of all that are offered */
/* All behind NOTIFY and its blank. On failure *out has bad_event set and nothing else. */
[[nodiscard]] bool imap_notify_read(struct imap_token *t, struct imap_notify *out);
