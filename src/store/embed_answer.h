/* The answers of a batch: errors set, counts kept, requests posted back to their loops. */
#pragma once
#include "store/embed_state.h"

static inline struct store_req *req_of(struct job *j) { return CONTAINER_OF(j, struct store_req, job); }
static inline bool is_intake(const struct store_req *r)
{
    return r->op->kind == STORE_APPEND || r->op->kind == STORE_CREATE;
}
/* To all, or to intake alone; an end needs no commit and keeps its own. Items that have an error of their own keep it.
 */
void answer_set_err(struct job *list, enum err e, bool intake_only);
void answer_all(struct store *st, struct job *list); /* gives the requests away */
