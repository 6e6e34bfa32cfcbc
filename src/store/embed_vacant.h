/* Names that are subscribed though no folder has them, within a transaction: a record each, found by its hash. */
#pragma once
#include "store/embed_state.h"

/* By hash; in the arena. */
[[nodiscard]] enum err vacant_load(struct index_txn *t, const struct box_id *box, struct arena *a,
                                   struct store_vacant **out, size_t *n);
void vacant_save(struct index_txn *t, const struct box_id *box, const struct store_vacant *v);

/* The same to try a change on before anything is written. */
struct vacancy {
    struct store_vacant v;
    bool was, is;
};
struct vacancies {
    struct vacancy *v;
    size_t n, cap;
};
/* room: how many may be added. */
[[nodiscard]] enum err vacancies_load(struct vacancies *all, struct index_txn *t, const struct box_id *box,
                                      struct arena *a, size_t room);
void vacancies_add(struct vacancies *all, const struct store_vacant *v);
bool vacancies_take(struct vacancies *all, const uint8_t name_hash[NAME_HASH_N]); /* true: it was vacant */
size_t vacancies_count(const struct vacancies *all, bool before);
void vacancies_save(const struct vacancies *all, struct index_txn *t, const struct box_id *box);
