/* A linear judge of mail: logistic regression over the hashes of feature.h, trained one message at a time with AdaGrad
 * (Duchi, Hazan, Singer 2011). A message is its header and the one segment of its text that speaks loudest for junk, in
 * judging and in training, so that good words elsewhere do not help a spammer.
 *
 * What it has learned from a single source (a network on one day) is kept, but counts for nothing and is not written
 * down until another source teaches it too: a code or a name that one person got cannot be asked out of it.
 *
 * Scores are logits: above 0 speaks for junk. Any number of threads may score while one trains; training is locked. */
#pragma once
#include "trust/feature.h"

enum { LEARNER_BITS = 18, LEARNER_KEY_N = 16 };
#define LEARNER_WEIGHT_MAX 4.0f /* of one hash, either way */

struct learner;

/* key: NULL for a public table, whose weights mean the same everywhere; else LEARNER_KEY_N octets, without which nobody
 * can tell what a weight is of. travelling: judges by what feature.h says travels well. ERR_IO: no memory. */
[[nodiscard]] enum err learner_new(const uint8_t *key, bool travelling, struct learner **out);
void learner_free(struct learner *l); /* weights are wiped; NULL is fine */

double learner_score(struct learner *l, const struct features *f);

/* Teaches it one message, if it was not sure of it already. offset: what others (a prior) add to its score. source:
 * says who teaches, see above; any number. */
struct learner_change;
struct learner_lesson {
    bool spam;
    double offset;
    uint64_t source;
    bool no_bias;                   /* what is true of all mail is not learned from it */
    struct learner_change **change; /* NULL, or where to put what was changed; the caller's to free or to take back */
};
[[nodiscard]] enum err learner_train(struct learner *l, const struct features *f, const struct learner_lesson *lesson);
/* As if that lesson had not been, and frees it: what it and another source had opened is closed again, if nobody else
 * has taught it. Of lessons after it those that may still be taken back are known; free the oldest first. */
void learner_take_back(struct learner *l, struct learner_change *c);
void learner_change_free(struct learner_change *c); /* wiped, before the learner is freed; NULL is fine */

struct learner_labels {
    uint32_t ham, spam;
};
struct learner_labels learner_labels(struct learner *l);
uint64_t learner_changes(struct learner *l); /* rises with each lesson: whether there is something to write */

/* All there is to write down, and back: for model_file.c. Weights of what only one source has taught are 0. */
struct learner_state {
    float *weight;  /* 1 << LEARNER_BITS */
    float *squares; /* of the gradients so far, likewise */
    float bias;
    struct learner_labels labels;
};
void learner_save(struct learner *l, struct learner_state *out); /* out's arrays are the caller's */
[[nodiscard]] enum err learner_load(struct learner *l, const struct learner_state *in); /* ERR_IO: no memory */
uint64_t learner_key_id(const struct learner *l); /* tells keys apart and nothing else; 0: none */
bool learner_travels(const struct learner *l);
