/* NOTIFY (RFC 5465) between the session's files: what a client wants to be told of, what has happened of it, and the
 * run that tells it. A run is a command without a tag: nothing is read while it lasts, and then the session is where it
 * was.
 */
#pragma once
#include "core/event.h"
#include "serve/imap_state.h"
#include "wire/imap_notify.h"

struct imap_change { /* of a mailbox's name or subscription */
    struct imap_change *next;
    enum event_folder change;
    uint32_t no;
    struct str name, was;
};
struct imap_heard { /* what happened outside of the selected mailbox */
    struct arena arena;
    struct imap_change *first, *last;
    size_t changes_n, mail_n;
    struct {
        uint32_t no;
        unsigned what;
    } mail[STORE_FOLDERS_MAX + FOLDER_FIXED];
};
struct imap_notifying {
    struct arena arena; /* of set */
    struct imap_notify set;
    unsigned selected, others; /* events of the selected mailbox; of all others together */
    bool delayed;
    bool overflow; /* too much happened */
    struct str fetch;
    uint32_t told_uid; /* new messages below it have been told */
    enum imap_mode back;
    struct imap_heard heard, now; /* now: is being told, or was last */
};

/* Anything that happened in the box, for who has used NOTIFY. False: of no interest. */
bool imap_notify_heard(struct imap_session *s, const struct event *e);
void imap_notify_go(struct imap_session *s); /* tells what there is, if it may be said now */
/* Events of the selected mailbox that the command, or the run, may tell. */
unsigned imap_notify_may(const struct imap_session *s);
/* Events that are wanted of a mailbox which is not selected. */
unsigned imap_notify_wants(const struct imap_notifying *n, struct str name, uint32_t no, bool subscribed);
void imap_notify_selected(struct imap_session *s); /* another mailbox is, and all in it has been told */
void imap_notify_own(struct imap_session *s);      /* what the command brought in is not told with attributes */
void imap_notify_heard_reset(struct imap_heard *h);
void imap_notify_free(struct imap_session *s);
/* STATUS of those that are not selected, as far as they are wanted: all, or with only, what has happened there. */
void imap_notify_put_status(struct imap_session *s, const struct imap_answer *a, const struct imap_heard *only);
