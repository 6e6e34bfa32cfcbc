/* Lists of rows: a folder's, a box's, and what changed since. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err read_list(struct store *st, struct index_txn *t, struct store_req *r);
[[nodiscard]] enum err read_changes(struct store *st, struct index_txn *t, struct store_req *r);
/* Copies what is asked for into the arena, a body with its hdr alone; the rest of out is as in row. */
enum { ROW_ENV = 1, ROW_HDR = 2, ROW_BODY = 4 };
[[nodiscard]] enum err row_fill(struct store *st, struct arena *a, const struct row_rec *row, unsigned want,
                                struct store_row *out);
