/* SHA-256 at the processor's own speed, for DKIM's hashes, attachments and the like; at once or fed in pieces. */
#pragma once
#include "base/str.h"

enum { SHA256_N = 32 };

void crypto_sha256(uint8_t out[SHA256_N], struct str in);

struct sha256_feed;
struct sha256_feed *sha256_feed_new(void); /* NULL: no memory */
void sha256_feed_add(struct sha256_feed *f, struct str in);
struct sha256_feed *sha256_feed_copy(struct sha256_feed *f);        /* goes on from here on its own; NULL: no memory */
void sha256_feed_end(struct sha256_feed *f, uint8_t out[SHA256_N]); /* frees */
