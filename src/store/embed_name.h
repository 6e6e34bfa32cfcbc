/* What has a name in a box: folders made, renamed, subscribed; keywords; what is recent in a folder. */
#pragma once
#include "store/embed_state.h"

void run_folder_put(struct batch *b, struct store_req *r);
void run_recent(struct batch *b, struct store_req *r);
void run_keyword_put(struct batch *b, struct store_req *r);
[[nodiscard]] enum err read_folders(struct store *st, struct index_txn *t, struct store_req *r);
[[nodiscard]] enum err read_keywords(struct store *st, struct index_txn *t, struct store_req *r);
