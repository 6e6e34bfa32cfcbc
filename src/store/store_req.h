/* Ids, and the request that every call of the store is; store.h says how one is made and answered. */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "io/loop.h"

enum {
    BOX_ID_N = 16,
    MSG_ID_N = 16,
    STORE_CREDS_MAX = 64,    /* credentials a box: devices of one holder */
    STORE_SEALED_MAX = 4096, /* sealed address text, sealed private keys of a credential */
    STORE_IDS_MAX = 10000,   /* messages that one request can be about */
    NAME_HASH_N = 16,
    STORE_NAME_MAX = 1024,   /* a sealed folder or keyword name */
    STORE_FOLDERS_MAX = 200, /* made folders a box; the five fixed ones are not counted */
    STORE_KEYWORDS_MAX = 24  /* keywords a box */
};
struct box_id {
    uint8_t b[BOX_ID_N];
};
struct msg_id {
    uint8_t b[MSG_ID_N];
};
static inline struct str box_id_str(const struct box_id *id) { return str_of(id->b, BOX_ID_N); }
static inline struct str msg_id_str(const struct msg_id *id) { return str_of(id->b, MSG_ID_N); }

/* Folder numbers. The five fixed folders are always there; names of made ones are sealed with the box, and their
 * numbers (from 6) never come again in it. */
enum store_folder_no {
    FOLDER_ANY = 0,
    FOLDER_INBOX = 1,
    FOLDER_JUNK = 2,
    FOLDER_SENT = 3,
    FOLDER_DRAFTS = 4,
    FOLDER_TRASH = 5,
    FOLDER_FIXED = 5 /* the last of them */
};
enum { FLAG_SEEN = 1, FLAG_FLAGGED = 2, FLAG_ANSWERED = 4, FLAG_DRAFT = 8, FLAG_DELETED = 16 };
/* Bits 8 to 31 are the box's keywords, in the order they were first used: the bits lie in the clear, their names do
 * not. FLAGS_ALL is what a reader may set. */
#define FLAG_KEYWORD(i) (UINT32_C(1) << (8 + (i)))
#define FLAGS_ALL UINT32_C(0xffffff1f)

struct store;
struct store_req {
    struct job job; /* the store's */
    struct loop *home;
    void (*done)(struct store_req *r); /* NULL after store_cancel() */
    /* May be NULL: called before done(), on a thread of the store, when what the request wrote is durable; not when err
     * says that it wrote nothing. All calls for one box come in the order of its modseqs, so what is told to others is
     * told from here. Also after a cancel: ctx lives on until the answer is in. */
    void (*committed)(struct store_req *r);
    void *ctx;                 /* the caller's */
    enum err err;              /* valid in done() */
    bool patient;              /* it may wait some milliseconds, for a commit that others need anyway */
    const struct store_op *op; /* set by STORE_NEW */
    struct arena arena;        /* in and out data may live here; wiped with the request, unless done() takes it away */
};
/* STORE_NEW(append, ctx, on_appended): a zeroed struct store_append * whose arena has room; NULL when memory is out. */
#define STORE_NEW(name, context, on_done) ((struct store_##name *)store_req_new(&store_op_##name, (context), (on_done)))
struct store_req *store_req_new(const struct store_op *op, void *ctx, void (*done)(struct store_req *));
void store_submit(struct store *st, struct loop *home, struct store_req *r); /* takes r */
void store_cancel(struct store_req *r);                                      /* on the home loop, before done() */
void store_req_drop(struct store_req *r);                                    /* frees one that was never submitted */
