/* Rows of messages and folders, within a transaction: keys, look-up, the change log. */
#pragma once
#include "store/embed_state.h"

enum { GONE_MAX = 1000 /* expunges remembered a box; a client that is further behind lists anew */ };

struct key row_key(const struct box_id *box, uint32_t folder, uint32_t uid);
/* ERR_GONE: no such message. The env of *out is borrowed from the transaction. */
[[nodiscard]] enum err row_at(struct index_txn *t, const struct box_id *box, uint32_t folder, uint32_t uid,
                              struct row_rec *out);
[[nodiscard]] enum err row_find(struct index_txn *t, const struct box_id *box, const struct msg_id *id,
                                struct row_rec *out);
[[nodiscard]] enum err row_of(struct str key, struct str val, struct row_rec *out); /* from a scan of REC_ROW */
uint64_t row_bytes(const struct store_row *r); /* ciphertext, as counted against the quota */
struct rec_head row_head(const struct box_id *box, const struct store_row *r); /* what its segment record begins with */

/* A fixed folder is there without a record; any other without one is ERR_DENIED. sealed is borrowed from the
 * transaction. */
[[nodiscard]] enum err folder_load(struct index_txn *t, const struct box_rec *box, uint32_t no,
                                   struct store_folder *out);
/* The same to write to: its name goes to the arena, as the next write may be where it lies. */
[[nodiscard]] enum err folder_take(struct index_txn *t, const struct box_rec *box, uint32_t no, struct arena *a,
                                   struct store_folder *out);
/* From a scan of REC_FOLDER. */
[[nodiscard]] enum err folder_of(struct index_txn *t, const struct box_rec *box, struct str key, struct str val,
                                 struct store_folder *out);
/* A message with these flags and size comes in or goes out. */
void folder_count_in(struct store_folder *f, const struct store_row *r);
void folder_count_out(struct store_folder *f, const struct store_row *r);
void folder_save(struct index_txn *t, const struct box_id *box, const struct store_folder *f);

/* A message that is new in its folder: row, id, log entry. env must be there when it is kept inline. */
void row_add(struct index_txn *t, const struct box_id *box, const struct row_rec *r);
void row_save(struct index_txn *t, const struct box_id *box, const struct row_rec *r); /* the row alone */
void row_relog(struct index_txn *t, const struct box_id *box, struct row_rec *r,
               uint64_t modseq); /* changed: a new modseq */
/* Takes a message out of its folder and notes that it is gone from there. */
void row_remove(struct index_txn *t, struct box_rec *b, const struct row_rec *r);
