/* What only reads: on the caller's thread, in one short transaction, answered on a later turn. */
#pragma once
#include "store/embed_state.h"

void read_run(struct store *st, struct store_req *r);
