/* Which answers marked what they answer, as long as they may be taken back: then the mark goes, too, if it came with
 * them and no other answer stands. For an hour, as long as the process runs; what is forgotten leaves its mark. One
 * struct once a process; any thread. */
#pragma once
#include "store/store.h"

enum {
    ANSWERS_MS = 60 * 60 * 1000, /* one is known so long */
    ANSWERS_MAX = 4096           /* beyond that the oldest are forgotten */
};
struct answers;
[[nodiscard]] enum err answers_new(struct answers **out);
void answers_free(struct answers *a); /* NULL is fine */

/* An answer is on its way: before its sender hears of it. */
void answers_sent(struct answers *a, const struct box_id *box, const struct msg_id *item, int64_t now_ms);
/* Before the mark is set: of what. False: it was taken back, there is nothing to be marked. */
bool answers_mark(struct answers *a, const struct box_id *box, const struct msg_id *item, const struct msg_id *of);
/* Behind it; set: it was not there before. False: it was taken back meanwhile, and the mark is to go again. */
bool answers_marked(struct answers *a, const struct box_id *box, const struct msg_id *item, bool set);
/* It was taken back. True: the mark of *of is to go. */
bool answers_back(struct answers *a, const struct box_id *box, const struct msg_id *item, struct msg_id *of);
