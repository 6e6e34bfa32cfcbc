/* The file of a domain's signing keys: those in use, those that wait to be, and whose keys the DNS may still have to
 * show for mail on its way. Text, private keys as PEM. Pure. */
#pragma once
#include "core/sign.h"

enum { SIGN_FILE_MAX = 64 * 1024 };
struct sign_domain {
    struct sign_pair current, next;
    bool has_next;
    char old[SIGN_KEYS][SIGN_SELECTOR_MAX + 1]; /* selectors used before; empty: none */
};
/* Total. ERR_BAD: no such file, or a pair that is not complete. sign_domain_fini() is due on OK alone. */
[[nodiscard]] enum err sign_file_read(struct str text, struct sign_domain *out);
void sign_file_put(const struct sign_domain *d, struct buf *out); /* out is a secret */
void sign_domain_fini(struct sign_domain *d);

/* New keys, under selectors that tell the day and the kind, "20261127r", and are none of others' (which may be NULL).
 */
[[nodiscard]] enum err sign_pair_make(int64_t now_ms, const struct sign_domain *others, struct sign_pair *out);
