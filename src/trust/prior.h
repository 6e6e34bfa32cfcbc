/* What ships with mayfly: weights that somebody learned long ago and elsewhere, from public mail alone. They lean, they
 * never decide, and less so once this place has its own experience. Never taught; any number of threads. */
#pragma once
#include "trust/learner.h"

enum { PRIOR_LOCAL_ENOUGH = 500 }; /* labels of our own that halve its say */
#define PRIOR_MAX                                                                                                      \
    1.2 /* logits, either way: with it, 66 % of CSDMC2010's junk is caught, with 2 it is 76 %,                         \
          but short honest pages go to Junk that the rules alone hardly mind */

struct prior {
    struct learner *weights; /* NULL: none, its score is 0 */
};
/* A file that `mayfly learn --prior` made. Errors as of model_file_read(). */
[[nodiscard]] enum err prior_open(const char *path, struct prior *out);
[[nodiscard]] enum err prior_of(struct str file, struct prior *out); /* the same of its octets */
void prior_close(struct prior *p);
double prior_score(const struct prior *p, const struct features *f, struct learner_labels local);
