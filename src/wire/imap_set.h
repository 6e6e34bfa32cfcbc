/* Sets of numbers (RFC 9051 section 4.1.1): sequence numbers or UIDs. Read they are sorted and merged at once, so the
 * order and the overlaps that a client chose cost nothing later; written they are as short as can be. */
#pragma once
#include "wire/imap_token.h"

enum { LIMIT_IMAP_RANGES = 100000 }; /* of one set, as written */

struct imap_range {
    uint32_t from, to; /* from <= to, both within */
};
struct imap_set {
    struct imap_range *v; /* ascending, with a gap between any two */
    size_t n;
    bool saved; /* it was "$": the result of the last SEARCH, RFC 5182 */
};

/* star: what '*' stands for, the largest number in use; 0 when there is none, ranges with a '*' then hold nothing (so n
 * may be 0). ERR_BAD when it is no set, ERR_FULL for more than LIMIT_IMAP_RANGES or a full arena. */
[[nodiscard]] enum err imap_set_parse(struct arena *a, struct str in, uint32_t star, struct imap_set *out);
[[nodiscard]] bool imap_set_read(struct imap_token *t, uint32_t star, struct imap_set *out);
bool imap_set_has(const struct imap_set *s, uint32_t number);
uint64_t imap_set_count(const struct imap_set *s);
uint32_t imap_set_last(const struct imap_set *s); /* 0 when empty */
/* Of numbers in ascending order. ERR_FULL when the arena is. */
[[nodiscard]] enum err imap_set_from(struct arena *a, const uint32_t *sorted, size_t n, struct imap_set *out);
void imap_set_put(struct buf *out, const struct imap_set *s); /* "1:3,5"; nothing when empty */

/* Its numbers one by one: true and *number, false at the end. */
struct imap_set_walk {
    const struct imap_set *set;
    size_t at;
    uint64_t next;
};
static inline struct imap_set_walk imap_set_walk(const struct imap_set *s)
{
    return (struct imap_set_walk){ .set = s };
}
bool imap_set_next(struct imap_set_walk *w, uint32_t *number);

/* Numbers written as they come, in ascending order or not; neighbours become a range. Zeroed with .out set it is
 * ready. */
struct imap_set_writer {
    struct buf *out;
    uint32_t from, to; /* the range not yet written; 0 is none */
    bool begun;
};
void imap_set_add(struct imap_set_writer *w, uint32_t number);
void imap_set_end(struct imap_set_writer *w);
