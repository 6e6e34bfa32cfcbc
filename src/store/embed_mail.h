/* What changes mail: append, flag, move, delete, a folder and all in it, within the committer's batch. */
#pragma once
#include "store/embed_state.h"

void run_append(struct batch *b, struct store_req *r);
void run_flag(struct batch *b, struct store_req *r);
void run_move(struct batch *b, struct store_req *r);
void run_delete(struct batch *b, struct store_req *r);
void run_folder_del(struct batch *b, struct store_req *r);
uint64_t append_bytes(const struct store_append *a);
