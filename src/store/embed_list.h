/* Lists of rows: a folder's, a box's, and what changed since. */
#pragma once
#include "store/embed_state.h"

[[nodiscard]] enum err read_list(struct store *st, struct index_txn *t, struct store_req *r);
[[nodiscard]] enum err read_changes(struct store *st, struct index_txn *t, struct store_req *r);
/* Copies what is asked for of env and hdr into the arena; the rest of out->row is as in row. */
[[nodiscard]] enum err row_fill(struct store *st, struct arena *a, const struct row_rec *row, bool env, bool hdr,
                                struct store_row *out);
