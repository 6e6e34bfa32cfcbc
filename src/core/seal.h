/* Message keys and the three blobs of a message (DESIGN section 4): pure functions over bytes, no I/O, no clock.
 *
 *   r  random, sealed (X25519) to the box's public key; kept in a window for ten minutes or 64 messages
 *   T  = BLAKE2b(key = lease, "lease", box, message)
 *   K  = BLAKE2b(key = r, "message", T);  subkeys BLAKE2b(key = K, "env" | "hdr" | "body")
 *   env = generation, sealed r, AEAD(json);  hdr = AEAD(zstd(...));  body = zstd frames of 256 KiB, one AEAD chunk each
 * docs/storage.md states every byte. Who lacks either the private key or the lease opens nothing. */
#pragma once
#include "base/buf.h"
#include "base/crypto.h"
#include "store/store.h"

enum {
    SEAL_CHUNK_BYTES = 256 * 1024, /* plaintext of one body chunk */
    SEAL_WINDOW_MESSAGES = 64,
    SEAL_WINDOW_MS = 10 * 60 * 1000,
    SEAL_R_N = KEY_N + SEAL_OVERHEAD
};

/* One r and what it needs: in the locked slab while it lives. */
struct seal_window {
    uint8_t *r; /* secret_new() */
    uint8_t sealed_r[SEAL_R_N];
    uint32_t generation, used;
    int64_t since_ms;
};
[[nodiscard]] enum err seal_window_open(struct seal_window *w, const uint8_t pub[KEY_N], uint32_t generation,
                                        int64_t now_ms);
bool seal_window_spent(const struct seal_window *w, uint32_t generation, int64_t now_ms);
void seal_window_close(struct seal_window *w);

/* K of one message, from the window or (reading) from an opened r. */
void seal_message_key(uint8_t k[KEY_N], const uint8_t r[KEY_N], const uint8_t lease[KEY_N], const struct box_id *box,
                      const struct msg_id *msg);
/* Writes the three blobs. env_json: the summary; hdr: packed header data; chunks: the body's zstd frames in order. */
void seal_env(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
              const struct msg_id *msg, struct str env_json);
void seal_hdr(struct buf *out, const uint8_t k[KEY_N], const struct box_id *box, const struct msg_id *msg,
              struct str hdr);
void seal_chunk(struct buf *out, const uint8_t k[KEY_N], const struct box_id *box, const struct msg_id *msg,
                uint32_t index, bool last, struct str frame);
/* A name, under its hash as id; the rest as an env. */
void seal_name(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
               const struct msg_id *id, struct str name);
/* An attempt of delivery (arrival.h); the rest as an env. */
void seal_arrival(struct buf *out, const struct seal_window *w, const uint8_t k[KEY_N], const struct box_id *box,
                  const struct msg_id *id, struct str json);
/* Reading. env begins with the generation and the sealed r. */
[[nodiscard]] enum err seal_env_head(struct str env, uint32_t *generation, struct str *sealed_r);
[[nodiscard]] enum err open_env(struct buf *out, struct str env, const uint8_t k[KEY_N], const struct box_id *box,
                                const struct msg_id *msg);
[[nodiscard]] enum err open_name(struct buf *out, struct str sealed, const uint8_t k[KEY_N], const struct box_id *box,
                                 const struct msg_id *id);
[[nodiscard]] enum err open_arrival(struct buf *out, struct str sealed, const uint8_t k[KEY_N],
                                    const struct box_id *box, const struct msg_id *id);
[[nodiscard]] enum err open_hdr(struct buf *out, struct str hdr, const uint8_t k[KEY_N], const struct box_id *box,
                                const struct msg_id *msg);
[[nodiscard]] enum err open_chunk(struct buf *out, struct str chunk, const uint8_t k[KEY_N], const struct box_id *box,
                                  const struct msg_id *msg, uint32_t index, bool last);
