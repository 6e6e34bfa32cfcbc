/* What a learner has learned, as files: the weights in 8 bits each, with what they are weights of; beside them, for a
 * table that goes on learning, how far each has come (FILE.steps, 8 bits each, logarithmic), and its key (FILE.key).
 * Written aside, synced, renamed. One process writes: it holds the lock on the key.
 *
 * FILE, big-endian: 0 "MAYFLYLM", 8 u32 version 1, 12 u32 FEATURE_SET, 16 u32 LEARNER_BITS, 20 u32 travelling, 24 u64
 * id of the key, 32 u32 ham, 36 u32 spam, 40 f32 scale, 44 f32 bias, 48 u32 CRC-32C of these 48 octets and the weights,
 * 52 a zstd frame of 1 << LEARNER_BITS signed octets. FILE.steps: 0 "MAYFLYLS", 8 u32 version 1, 12 u32 LEARNER_BITS,
 * 16 u32 the CRC in FILE, 20 u32 CRC-32C of the octets, 24 a zstd frame of them. */
#pragma once
#include "trust/learner.h"

enum { MODEL_FILE_MAX = 1 << 20 };

/* ERR_GONE: not there. ERR_BAD: damaged, of another version or of other features. ERR_DENIED: of another key, or of a
 * table of another kind. A FILE.steps that is missing or not of this FILE is done without. */
[[nodiscard]] enum err model_file_read(const char *path, struct learner *l);
[[nodiscard]] enum err model_file_write(const char *path, struct learner *l); /* a public table has no FILE.steps */

/* Is there a model at path, by its first octets? ERR_GONE: nothing is there. ERR_BAD: something else. */
[[nodiscard]] enum err model_file_look(const char *path);
const char *model_file_why(enum err e); /* in an operator's words, of any function here */

/* The key beside path, made if neither is there, and the only right to write: until *lock is closed. ERR_BUSY: another
 * process has it. ERR_BAD, ERR_DENIED: no model, or one without its key, and nothing was made. */
[[nodiscard]] enum err model_file_lock(const char *path, uint8_t key[LEARNER_KEY_N], int *lock);
[[nodiscard]] enum err model_file_key(const char *path, uint8_t key[LEARNER_KEY_N]); /* without a right; ERR_GONE */

/* The two above, of bytes: total. steps may be empty. */
[[nodiscard]] enum err model_parse(struct str file, struct str steps, struct learner *l);
void model_put(struct buf *file, struct buf *steps, struct learner *l);
