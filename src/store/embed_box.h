/* Boxes and their credentials, within a transaction. */
#pragma once
#include "store/embed_state.h"

/* A living box. ERR_GONE: unknown or over. lease may be NULL. */
[[nodiscard]] enum err box_load(struct store *st, struct index_txn *t, const struct box_id *id, int64_t due_ms,
                                struct box_rec *out, uint8_t lease[KEY_N]);
/* Writes it; moves its place among the ends when that changed. */
void box_save(struct index_txn *t, const struct box_rec *b, int64_t old_end_ms);
[[nodiscard]] enum err box_sealed(struct index_txn *t, const struct box_id *id, struct arena *a, struct str *out);
/* The row of TAB_ADDR: which box has the address, or what is remembered of the last one that had it. */
struct addr_rec {
    bool rests; /* nobody has it; nobody gets it before until_ms */
    struct box_id box;
    int64_t until_ms;
    uint32_t uidvalidity; /* the last box's highest: the next one's begins above */
};
int64_t addr_kept_until_ms(const struct addr_rec *a); /* of one that rests: when nothing need be remembered any more */
enum { ADDR_REC_N = 17 };
size_t addr_put(uint8_t out[ADDR_REC_N], const struct addr_rec *a);
[[nodiscard]] enum err addr_get(struct str in, struct addr_rec *out);
struct key key_time(int64_t ms, struct str rest); /* ms ‖ rest, for the tables sorted by time */

bool box_ending(struct store *st, const struct box_id *id);
void box_ending_add(struct store *st, const struct box_id *ids, size_t n);
void box_ending_del(struct store *st, const struct box_id *ids, size_t n);

[[nodiscard]] enum err box_creds(struct index_txn *t, const struct box_id *id, struct arena *a, struct store_cred **out,
                                 size_t *n);

void run_create(struct batch *b, struct store_req *r);
void run_recred(struct batch *b, struct store_req *r);
void run_change(struct batch *b, struct store_req *r);
