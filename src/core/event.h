/* What happened, and who listens. One hub a process; listeners belong to a loop and are called there, on a later turn
 * than the publishing. An event is shared by all listeners, read-only, and wiped when the last is done with it: it may
 * carry a message's summary in plaintext, in memory only (DESIGN section 2). */
#pragma once
#include "io/loop.h"
#include "store/store.h"

enum event_kind {
    /* Each change of a message is told exactly once, by whoever asked the store for it, as soon as it is durable
     * (store_req.committed): so those of one box reach every listener by growing modseq. */
    EVENT_MESSAGE_NEW,     /* all of the row; json: the summary fields as in struct mail_row.env */
    EVENT_MESSAGE_CHANGED, /* all of the row as it is now; when it was moved also from_folder, from_uid, from_modseq */
    EVENT_MESSAGE_GONE,    /* msg, folder, uid: where it was; modseq: of the expunge */
    EVENT_FOLDER_CHANGED,  /* folder, change, json: its name, was: the name before */
    EVENT_SENDING,     /* what became of mail that leaves (core/outq.h); msg: its copy in Sent, json: outq_info_put() */
    EVENT_ARRIVAL,     /* an attempt to hand mail in that did not end in INBOX; json: as arrival_put() has it */
    EVENT_BOX_CHANGED, /* its end, idle or count: end_ms */
    EVENT_BOX_ENDED,   /* close sessions, wipe keys; last event of a box */
    EVENT_CREDS_CHANGED /* cred: the one that stays valid for sure (who did it); others must be looked up again; 0: none
                         */
};
/* What happened to a folder. */
enum event_folder { FOLDER_MADE, FOLDER_RENAMED, FOLDER_DELETED, FOLDER_SUBSCRIBED, FOLDER_UNSUBSCRIBED };
struct event {
    enum event_kind kind;
    struct box_id box;
    struct msg_id msg;
    uint32_t folder, uid, flags;
    uint32_t generation; /* CREDS_CHANGED: the new one */
    uint64_t modseq, size, cred;
    uint32_t from_folder, from_uid; /* MESSAGE_CHANGED: 0: not moved */
    uint64_t from_modseq;           /* of the expunge there; modseq is that of its arrival */
    enum event_folder change;       /* FOLDER_CHANGED */
    uint32_t uidvalidity;           /* the same: as it is now */
    int64_t received_ms, saved_ms;
    int64_t end_ms, idle_ttl_ms, last_visit_ms; /* BOX_CHANGED */
    struct str json;                            /* plaintext summary, folder name, or empty; with the event */
    struct str was;                             /* FOLDER_RENAMED: the name before; lies behind json */
    struct event_hub *hub;                      /* the hub's, as what follows */
    _Atomic unsigned refs;
};
struct event_listener {
    struct box_id box;
    void (*on)(struct event_listener *l, const struct event *e); /* may unlisten itself or others, may listen anew */
    struct loop *loop;                                           /* the hub's, as what follows */
    struct event_listener *next, *prev;
    bool listening, everything;
};
struct event_hub;

[[nodiscard]] enum err event_hub_new(struct loop *const *loops, size_t n, struct event_hub **out);
void event_hub_free(struct event_hub *h);                                            /* after the loops stopped */
void event_listen(struct event_hub *h, struct loop *here, struct event_listener *l); /* l->box and l->on are set */
void event_unlisten(struct event_hub *h, struct event_listener *l);                  /* fine when it is not listening */
/* What ends or changes any box, its credentials or folders, for who caches keys and names; mail as such is not told
 * here. Same rules. */
void event_listen_all(struct event_hub *h, struct loop *here, struct event_listener *l);
struct event *event_new(struct event_hub *h, enum event_kind kind, const struct box_id *box,
                        struct str json); /* NULL: no memory */
struct event *event_new_was(struct event_hub *h, enum event_kind kind, const struct box_id *box, struct str json,
                            struct str was);
void event_publish(struct event *e);               /* takes e; any thread */
void event_drop(struct event *e);                  /* one that is not published after all */
size_t event_listeners(const struct event_hub *h); /* any thread */
