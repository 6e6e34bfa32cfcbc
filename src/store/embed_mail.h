/* What changes mail: append, flag, move, delete, a folder and all in it, within the committer's batch. */
#pragma once
#include "store/embed_state.h"

void run_append(struct batch *b, struct store_req *r);
void run_flag(struct batch *b, struct store_req *r);
void run_move(struct batch *b, struct store_req *r);
void run_delete(struct batch *b, struct store_req *r);
void run_folder_del(struct batch *b, struct store_req *r);
uint64_t append_bytes(const struct store_append *a);
/* What these messages take up; all of them are there, or ERR_GONE. Nothing is changed. */
[[nodiscard]] enum err pick_measure(struct batch *b, const struct box_id *box, const struct store_pick *p,
                                    uint32_t *messages, uint64_t *bytes);
/* Deletes what was measured just before. */
[[nodiscard]] enum err pick_delete(struct batch *b, const struct box_id *box, const struct store_pick *p,
                                   struct arena *a, struct store_gone *gone);
