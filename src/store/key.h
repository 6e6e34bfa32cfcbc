/* Keys of the index: big-endian, so that they sort. All that belongs to a box lies together: box ‖ kind ‖ rest. */
#pragma once
#include "store/store.h"

enum rec_kind {
    REC_BOX = 1,
    REC_SEALED,
    REC_CRED,
    REC_FOLDER,
    REC_ROW,
    REC_ID,
    REC_LOG,
    REC_GONE,
    REC_DUP,
    REC_KEYWORD,
    REC_VACANT
};

struct key {
    uint8_t b[64];
    size_t n;
};
static inline struct str key_str(const struct key *k) { return str_of(k->b, k->n); }
struct key key_box(const struct box_id *box, enum rec_kind kind); /* also the prefix of all of a kind */
struct key key_of(const void *p, size_t n);                       /* n at most 64 */
void key_add(struct key *k, const void *p, size_t n);
void key_add32(struct key *k, uint32_t v);
void key_add64(struct key *k, uint64_t v);
