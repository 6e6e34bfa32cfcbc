/* The locked slab: 32-byte cells in memory that is mlocked (as far as RLIMIT_MEMLOCK goes), kept out of core dumps, and
 * wiped on free. Keys of live sessions sit here and nowhere else (DESIGN section 6). Thread-safe. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { SECRET_N = 32 };

[[nodiscard]] enum err secret_start(
    size_t cells);                   /* once, before threads; ERR_IO when not even one page can be mapped */
bool secret_locked(void);            /* false: mlock was refused, start warns */
uint8_t *secret_new(void);           /* a zeroed cell, or NULL when all are taken */
void secret_free(uint8_t *cell);     /* wipes; NULL is fine */
void secret_wipe(void *p, size_t n); /* sodium_memzero */
/* free() of a heap block, of which the first n bytes were used for secrets: wiped first, but not a second time where
 * free() itself wipes. */
void secret_give_back(void *p, size_t n);
size_t secret_used(void);
/* What finished calls left on this thread's stack, below the caller: 128 KiB of it are wiped. */
void secret_wipe_stack(void);
