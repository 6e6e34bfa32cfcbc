/* RSA keys of those who sign, as they were last used: reading a key and making it ready takes three times what a check
 * with it does, and most mail comes from few signers. A key is found by its own octets, so none outlives its record in
 * the DNS: whoever asks has just read it there. For one thread. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { KEY_CACHE_KEYS = 64 }; /* some 4 KB each */

struct key_cache;
struct key_cache *key_cache_new(void); /* NULL: no memory */
void key_cache_free(struct key_cache *c);

/* Checks a signature over a SHA-256 with the key der. OK, ERR_DENIED or ERR_BAD and *bits as rsa_key_read() and
 * rsa_key_check() have them. c may be NULL: nothing is kept then. */
[[nodiscard]] enum err key_cache_check(struct key_cache *c, struct str der, struct str signature,
                                       const uint8_t hash[32], unsigned *bits);
