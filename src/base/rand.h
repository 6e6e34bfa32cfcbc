/* Random bytes from libsodium (getrandom). Never fails after rand_start(). */
#pragma once
#include "base/err.h"
#include "base/str.h"

[[nodiscard]] enum err rand_start(void); /* sodium_init(); once, before threads */
void rand_bytes(void *out, size_t n);
uint32_t rand_below(uint32_t bound); /* uniform in [0, bound), bound > 0 */
