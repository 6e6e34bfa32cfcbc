/* Bump memory, freed all at once: one arena per session or message (STYLE 8). Zeroed struct with .max set is ready.
 * An idle arena (after reset) holds no memory. Not thread-safe. */
#pragma once
#include "base/str.h"

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used, max; /* bytes handed out, and their ceiling */
    bool secret;      /* blocks are wiped before they are freed */
};

void arena_init(struct arena *a, size_t max);
void arena_reset(struct arena *a); /* frees everything */
#define AUTO_ARENA __attribute__((cleanup(arena_reset)))
/* Zeroed, aligned to 16; NULL when max is reached or memory is out. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_room(struct arena *a, size_t n); /* the same as the memory was: for what is read into it at once */
void *arena_array(struct arena *a, size_t count, size_t size); /* the same, count * size checked */
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
/* A copy, with a NUL behind it for C callers (not counted in n). {NULL, 0} when it does not fit. */
struct str arena_dup(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
