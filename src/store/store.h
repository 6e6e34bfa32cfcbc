/* The store's contract: boxes, credentials, messages, folders, endings. What it holds of a message is opaque
 * ciphertext; what it may see in the clear is listed in docs/storage.md. tests/unit/contract.c runs the same cases on
 * every backend.
 *
 * Every request is a heap struct that begins with struct store_req. Make it with STORE_NEW(), fill its "in" fields,
 * give it away with store_submit(). It is answered exactly once, on a later turn of the loop that submitted it, by
 * done(); req.err and the "out" fields are valid during that call only, then the store frees the request and all that
 * hangs on it (wiping it: leases pass through here). After store_cancel() done() is never called; the work itself may
 * still happen. Requests of one loop on one box are carried out in the order submitted as far as they write; reads see
 * at least all writes answered before they were submitted.
 *
 * Errors common to all: ERR_GONE (box or message not there: unknown, ended and never existed are not told apart),
 * ERR_FULL (quota, or disk full: the first is said where it applies), ERR_IO (store fault), ERR_BUSY (said where). */
#pragma once
#include "store/store_folder.h"
#include "store/store_mail.h"

struct store_box {
    struct box_id id;
    uint8_t addr_hash[HASH_N]; /* keyed, store_addr_hash() */
    uint8_t pub[KEY_N];        /* X25519 public half of the current generation */
    uint32_t generation;       /* from 1; grows when credentials are changed or revoked */
    uint32_t uidvalidity;
    int64_t created_ms, end_ms;         /* end_ms: the absolute end, always set */
    int64_t idle_ttl_ms, last_visit_ms; /* 0: no idle end */
    int64_t changed_ms;                 /* when the end was last changed: one change per 10 s */
    uint32_t ends_after;                /* 0: no count; see STORE_LAST_GRACE_MS */
    uint32_t received;                  /* messages ever taken in */
    uint32_t messages, max_messages;
    uint64_t bytes, max_bytes; /* ciphertext bytes held, and their ceiling */
    uint64_t modseq;           /* highest of the box */
    uint32_t flags;            /* BOX_* */
    uint32_t folder_last;      /* the highest number a folder was ever given; FOLDER_FIXED: none was ever made */
    struct str sealed;         /* sealed private meta (address text), opaque; borrowed from the request */
};
enum {
    BOX_GUESSABLE = 1, /* chosen name */
    BOX_OPERATOR = 2,  /* postmaster@, abuse@ */
    BOX_QUEUE = 4,     /* mail that waits to leave lies in it (core/outbox.h): nobody's, and not counted as a box */
    BOX_MAY_SEND = 8,  /* verified for sending, or allowed by the operator */
    BOX_NO_SEND = 16   /* the operator stopped its sending */
};
/* After message number ends_after the box takes no more mail and ends this much later at the latest: time to read it.
 */
enum {
    STORE_LAST_GRACE_MS = 10 * 60 * 1000,
    STORE_CHANGE_GAP_MS = 10 * 1000,
    /* How long a mail is known again. A sender whose 250 got lost comes back within minutes to an hour and a half, as
     * queues wait (RFC 5321 section 4.5.4.1: half an hour), and we may have been away for a while. */
    STORE_RETRY_MS = 4 * 3600 * 1000
};
/* Earliest of end_ms and last_visit_ms + idle_ttl_ms (ends_after is folded into end_ms by the store). */
int64_t store_box_end_ms(const struct store_box *b);

enum cred_kind { CRED_TOKEN = 1, CRED_PASSWORD = 2, CRED_RECOVERY = 3 };
struct store_cred {
    uint64_t id; /* random */
    enum cred_kind kind;
    uint8_t lookup[HASH_N]; /* token, recovery: hash to find it by; password: the verifier half, not indexed */
    uint8_t salt[SALT_N];   /* password only */
    uint8_t pub[KEY_N];     /* X25519 public half from the credential's seed */
    int64_t created_ms;
    struct str sealed; /* the box's private keys, all generations, sealed to pub; opaque; at most STORE_SEALED_MAX */
};

/* ---- boxes ---- */
extern const struct store_op store_op_create, store_op_find, store_op_login, store_op_recred, store_op_change,
    store_op_end, store_op_append, store_op_list, store_op_get, store_op_read, store_op_flag, store_op_move,
    store_op_delete, store_op_folders, store_op_changes, store_op_folder_put, store_op_folder_del, store_op_recent,
    store_op_keyword_put, store_op_keywords;

/* Makes a box. Its lease slot, row and credentials are durable before OK. ERR_BUSY: the address is taken or rests (P8).
 * ERR_FULL: no lease slot or disk space. uidvalidity, modseq and counters are set by the store. */
struct store_create {
    struct store_req req;
    struct store_box box;
    uint8_t lease[KEY_N];
    const struct store_cred *creds; /* borrowed until done: put them into req.arena */
    size_t creds_n;
};
/* A living box by address hash, or by id when by_id. ERR_GONE otherwise. */
struct store_find {
    struct store_req req;
    bool by_id, want_creds;
    struct box_id id;
    uint8_t addr_hash[HASH_N];
    struct store_box box; /* out */
    uint8_t lease[KEY_N];
    struct store_cred *creds;
    size_t creds_n;
};
/* The credential found by its lookup hash (token, recovery) and its living box. */
struct store_login {
    struct store_req req;
    uint8_t lookup[HASH_N];
    struct store_cred cred; /* out */
    struct store_box box;
    uint8_t lease[KEY_N];
};
/* Replaces a box's whole set of credentials, and, when the generation grows, its public key and sealed meta. ERR_BUSY:
 * generation or number of credentials is no longer what was expected (somebody else changed them: read again).
 * ERR_FULL: over STORE_CREDS_MAX. */
struct store_recred {
    struct store_req req;
    struct box_id id;
    uint32_t expect_generation, generation;
    size_t expect_creds_n;
    uint8_t pub[KEY_N];
    struct str sealed;
    const struct store_cred *creds;
    size_t creds_n;
};
/* Changes what `set` names. CHANGE_END/IDLE/COUNT within STORE_CHANGE_GAP_MS of the last such change: ERR_BUSY, unless
 * force. CHANGE_VISIT moves last_visit_ms to now. Ends lie in (now, created + maximum] by the caller's care. */
enum { CHANGE_END = 1, CHANGE_IDLE = 2, CHANGE_COUNT = 4, CHANGE_VISIT = 8, CHANGE_FLAGS = 16 };
struct store_change {
    struct store_req req;
    struct box_id id;
    unsigned set;
    bool force;
    int64_t end_ms, idle_ttl_ms;
    uint32_t ends_after;
    uint32_t flags_set, flags_clear; /* CHANGE_FLAGS: (flags & ~clear) | set */
    struct store_box box;            /* out: as it is now */
};
/* Ends boxes at once: OK only after their lease slots are overwritten and synced. Unknown ids are no error. Each box
 * that lived is also reported through opts.ended. */
struct store_end {
    struct store_req req;
    const struct box_id *ids; /* in req.arena */
    size_t n;
    uint32_t ended; /* out */
    uint64_t messages;
};

/* ---- the store itself ---- */
struct store_opts {
    const char *dir; /* exists, ours alone */
    struct log *log;
    const struct clock *clock;
    bool allow_cow;
    bool test_clock;        /* data folder is marked so at creation; opening with another value is ERR_DENIED */
    uint32_t lease_slots;   /* most boxes alive at once; 0: 1,048,576 */
    int64_t quarantine_ms;  /* how long an ended chosen address rests; 0: 90 days */
    uint64_t segment_bytes; /* a segment is rolled at this size; 0: 256 MiB (tests set less) */
    uint64_t reserve_bytes; /* free disk below which intake answers ERR_FULL; 0: 256 MiB (tests set less) */
    /* A box ended (burn, sweep, count, idle; after a start also one whose end a crash cut off, which may have been told
     * before). On a store thread: hand it on with post(). */
    void (*ended)(void *ctx, const struct box_id *ids, size_t n);
    void *ctx;
    struct buf *why; /* gets a sentence, without a dot, when it cannot be opened; NULL: nobody asks */
};
/* ERR_BUSY: another process holds it; ERR_BAD: not ours, a newer format, or damaged; ERR_DENIED: CoW file system or
 * clock mark. */
[[nodiscard]] enum err store_open(const struct store_opts *opts, struct store **out);
void store_close(struct store *st); /* after the loops stopped submitting; finishes and answers what is queued */
/* Wall time that never runs backwards past a stored high-water mark. While frozen (a jump ahead of > 1 h, or > 5 min a
 * day against the boot clock) it stands still where it was plus boot time gone by, and no box ends by time. */
int64_t store_now_ms(const struct store *st);
bool store_clock_frozen(const struct store *st);
void store_clock_accept(struct store *st);
void store_addr_hash(const struct store *st, struct str address, uint8_t out[HASH_N]); /* keyed with the index key */
void store_hash(const struct store *st, struct str label, struct str data, uint8_t out[HASH_N]);
struct store_stats {
    uint64_t boxes, messages, bytes, disk_bytes, segments;
    uint64_t created, ended, appended, duplicates, deleted, commits, syncs, errors;
    int64_t oldest_due_ms; /* expiry lag: how long the most overdue box has been waiting for its key's end; 0: none */
    uint32_t queue;
    bool frozen, full, faulted;
};
void store_stats(const struct store *st, struct store_stats *out);
bool store_full(const struct store *st); /* the disk: nothing is taken until there is room again */
[[nodiscard]] enum err store_backup(struct store *st,
                                    const char *to_dir); /* format mark, index key; never bodies or leases */
