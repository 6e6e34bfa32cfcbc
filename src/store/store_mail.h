/* The part of store.h that is about messages: rows, append, lists, flags, moves, deletions, changes. */
#pragma once
#include "store/store_req.h"

struct store_row {
    struct msg_id id;
    struct msg_id origin; /* of a copy: the message first appended, which may be gone; else its own id */
    uint32_t folder, uid;
    uint64_t modseq;
    uint32_t flags;
    uint32_t generation;
    int64_t received_ms; /* stays on a move or copy (INTERNALDATE) */
    int64_t saved_ms;    /* when it came into this folder (RFC 8514); rows from before it was kept: received_ms */
    uint64_t size;       /* octets of the message as sent (RFC822.SIZE) */
    uint32_t env_n, hdr_n;
    uint64_t body_n;           /* ciphertext lengths */
    struct str env, hdr, body; /* only where asked for; borrowed from the request */
};
/* Where a message was before it was moved or deleted, and the modseq of that expunge. */
struct store_gone {
    struct msg_id id;
    uint32_t folder, uid;
    uint64_t modseq;
};
/* Which messages a request is about, at most STORE_IDS_MAX (ERR_FULL beyond): by id, or by uid when ids is NULL. With a
 * folder only those that lie in it at that moment; uids need one. Those not there are skipped; name each once. Both
 * arrays are in req.arena. */
struct store_pick {
    const struct msg_id *ids;
    const uint32_t *uids;
    size_t n;
    uint32_t folder; /* FOLDER_ANY: wherever they are */
};
bool store_pick_copy(struct arena *a, const struct store_pick *from, struct store_pick *to); /* false: no room */
/* One mail to one or several boxes, one batch, durable and listed before the answer. Per item: OK, ERR_GONE (ended),
 * ERR_FULL (quota), ERR_BUSY (generation moved on: seal again), ERR_DENIED (there is no such folder), ERR_IO. req.err
 * is OK when any item is, else the first item's error. A second append with the same dedupe hash to the same box within
 * STORE_RETRY_MS, while the first one's message is still there, answers OK with duplicate set and stores nothing. Bytes
 * are in req.arena or otherwise kept alive until done (also after a cancel: use release). all_or_nothing: the items are
 * of one box (else ERR_BAD), and either all of them are stored, in order and with neighbouring uids in each folder, or
 * none; all carry the one error then, and no dedupe hash may be set. instead_of, of such a request alone: messages of
 * that box that are deleted in the same step, so their room counts as free; ERR_GONE when one of them is not there. */
struct store_append_item {
    struct box_id box;
    uint32_t generation, folder, flags;
    struct msg_id id;
    struct msg_id origin;   /* of a copy: the origin of what it is a copy of; all zero: it is none */
    uint8_t dedupe[HASH_N]; /* all zero: no check */
    struct str env, hdr, body;
    int64_t received_ms; /* 0: the request's */
    uint64_t size;       /* 0: the request's */
    bool own;     /* the holder's own doing: no mail received, so neither counted as such nor part of ends_after */
    enum err err; /* out */
    bool duplicate;
    uint32_t uid, uidvalidity;
    uint64_t modseq;
    int64_t end_ms, saved_ms;
};
struct store_append {
    struct store_req req;
    struct store_append_item *items;
    size_t n;
    int64_t received_ms;
    uint64_t size;
    bool all_or_nothing;
    struct store_pick instead_of;
    struct store_gone *gone; /* out: one each of instead_of, in that order */
    void (*release)(
        struct store_append *a); /* may be NULL; called once, on any thread, when the bytes are not needed any more */
    void *hold;
};
/* Rows of one folder (or all), newest uid first (ascending: oldest first). before/after are uids, exclusive, 0: open.
 * With FOLDER_ANY the order is by modseq-at-arrival (uid order within a folder; folders merged by received_ms). A
 * folder that is not there has no rows. With uids (ascending, each once, at most STORE_IDS_MAX; needs a folder) only
 * those rows, in that order, whatever limit, before and after say; uids without a message are left out. At most 10,000
 * rows. Without env and hdr a folder costs one walk over neighbouring index rows: the way to read thousands. Bodies of
 * at most body_max octets (0: none) come along with hdr. max_bytes (0: 8 MiB) is a ceiling for all these together; the
 * first row is given even when it alone is over. more: go on behind the last row. */
struct store_list {
    struct store_req req;
    struct box_id box;
    uint32_t folder;
    bool ascending, want_env, want_hdr;
    uint32_t before_uid, after_uid;
    uint32_t limit;
    uint64_t max_bytes;
    uint32_t body_max;
    const uint32_t *uids; /* in req.arena */
    size_t uids_n;
    struct store_row *rows; /* out */
    size_t n;
    bool more;
    uint64_t modseq; /* the box's highest */
};
/* One message by id (any folder), or by folder and uid when by_uid. A body of at most body_max octets (0: none) comes
 * along with hdr. */
struct store_get {
    struct store_req req;
    struct box_id box;
    struct msg_id id;
    bool by_uid, want_env, want_hdr;
    uint32_t folder, uid;
    uint32_t body_max;
    struct store_row row; /* out */
};
/* Ciphertext bytes [off, off + len) of a message's body. */
struct store_read {
    struct store_req req;
    struct box_id box;
    struct msg_id id;
    uint64_t off;
    uint32_t len;
    struct str bytes; /* out */
};
/* Flags become (flags & ~clear) | set: so +FLAGS sets, -FLAGS clears, and FLAGS clears FLAGS_ALL and sets what is to
 * stay. A message that has them so already keeps its modseq. conditional: a message whose modseq is over
 * unchanged_since is left alone (RFC 7162 section 3.1.3), each by itself; the whole request is one step that nobody
 * comes between. */
enum store_flagged { FLAGGED_SAME, FLAGGED_CHANGED, FLAGGED_MODIFIED /* over unchanged_since: left alone */ };
struct store_flag {
    struct store_req req;
    struct box_id box;
    struct store_pick pick;
    uint32_t set, clear;
    bool conditional;
    uint64_t unchanged_since;
    struct store_row *rows; /* out: as they are now, in the order asked for */
    uint32_t *was;          /* flags of each row before */
    uint8_t *how;           /* enum store_flagged of each row */
    size_t rows_n;
    uint64_t modseq;
    uint32_t changed; /* how many are FLAGGED_CHANGED */
};
/* To another folder with new uids, in the order asked for; those that are there already stay as they are and are left
 * out. ERR_DENIED: there is no such folder. out: rows as they are now, and for each where it was. */
struct store_move {
    struct store_req req;
    struct box_id box;
    struct store_pick pick;
    uint32_t folder;
    struct store_row *rows;  /* out */
    struct store_gone *gone; /* one a row */
    size_t rows_n;
    uint32_t uidvalidity; /* of the folder they are in now */
};
/* only_deleted: those alone that carry FLAG_DELETED at that moment (UID EXPUNGE). */
struct store_delete {
    struct store_req req;
    struct box_id box;
    struct store_pick pick;
    bool only_deleted;
    struct store_gone *gone; /* out: each that was deleted, in the order asked for */
    uint32_t deleted;        /* how many */
    uint64_t modseq;
};
/* What happened after modseq `since` in the box, or in one folder: rows changed or new (with env when asked), messages
 * gone (moved away or deleted). too_old: more than 1,000 expunges of the box lie between, ask for a full list. more:
 * over limit; go on with the last row's modseq as since (all that is gone is in this answer already). */
struct store_changes {
    struct store_req req;
    struct box_id box;
    uint32_t folder; /* FOLDER_ANY: all */
    uint64_t since;
    bool want_env;
    uint32_t limit;
    struct store_row *rows; /* out, by modseq */
    size_t n;
    struct store_gone *gone; /* by modseq */
    size_t gone_n;
    uint64_t modseq; /* the box's highest */
    bool too_old, more;
};
