/* A draft as a complete message: RFC 5322, MIME (RFC 2045 to 2049), file names as RFC 2231 has them, CRLF lines that
 * every server takes, ASCII but for addresses that are not (RFC 6532). Pure. */
#pragma once
#include "core/draft.h"

enum { COMPOSE_CHANCE_N = 32 /* hex digits, random: of the Message-ID and the boundaries */ };
/* Appends to out. Bcc is among the fields: who sends takes it off. A draft without text gets that of its HTML.
 * ERR_FULL: out's ceiling, or the arena's. */
[[nodiscard]] enum err compose(const struct draft *d, int64_t now_ms, const char chance[COMPOSE_CHANCE_N],
                               struct arena *a, struct buf *out);
