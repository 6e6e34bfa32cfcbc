/* Local parts: generated ones, and which may be chosen. Pure but for chance. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Why a wish was refused; a static sentence for people, and a short code for programs. */
struct refusal {
    const char *code;
    const char *text;
};

/* word-word-xxxxxxxx: 62 bits, sayable, never handed out twice (DESIGN P8). */
void name_generate(struct buf *out);
/* Is this lower-case local part free to be chosen? ERR_BAD with *why: shape, reserved (RFC 2142 and the names that a
 * certificate authority writes to) or a look-alike of such, or of the generator's shape. */
[[nodiscard]] enum err name_check(struct str local, struct refusal *why);
/* A password that is neither short nor among the common ones nor the address itself. ERR_BAD with *why. */
[[nodiscard]] enum err password_check(struct str password, struct str address, struct refusal *why);
/* Pure: normal form of an address for look-up: lower-case, IDNA, +tag stripped. */
[[nodiscard]] enum err name_address_key(struct str address, struct arena *a, struct str *out);
