/* Memory is set aside before it is allocated, old and new together while it moves, so the sum never passes the budget.
 */
#include "serve/smtp_in_tx.h"
#include <stdlib.h>
#include <string.h>

enum { FIRST_RESERVE = 16 * 1024, ARENA_MAX = 256 * 1024, FIRST_RCPTS = 4 };

bool smtp_in_budget_take(struct smtp_in_budget *b, size_t n)
{
    size_t used = atomic_load_explicit(&b->used, memory_order_relaxed);
    do {
        if (n > b->max || used > b->max - n)
            return false;
    } while (
        !atomic_compare_exchange_weak_explicit(&b->used, &used, used + n, memory_order_relaxed, memory_order_relaxed));
    return true;
}

void smtp_in_budget_give(struct smtp_in_budget *b, size_t n)
{
    atomic_fetch_sub_explicit(&b->used, n, memory_order_relaxed);
}

bool smtp_in_budget_stressed(const struct smtp_in_budget *b)
{
    return atomic_load_explicit(&b->used, memory_order_relaxed) > b->max / 4 * 3;
}

struct smtp_in_tx *smtp_in_tx_new(struct smtp_in_budget *b, const struct smtp_mail *m, size_t max)
{
    size_t reserve = m->size > 0 ? MIN(m->size, max) + TX_SLACK : 0;
    if (!smtp_in_budget_take(b, reserve))
        return NULL;
    struct smtp_in_tx *tx = calloc(1, sizeof *tx);
    if (!tx) {
        smtp_in_budget_give(b, reserve);
        return NULL;
    }
    tx->budget = b;
    tx->reserved = reserve;
    tx->size = m->size;
    tx->max = max;
    tx->body = m->body;
    tx->utf8 = m->utf8;
    arena_init(&tx->arena, ARENA_MAX);
    tx->arena.secret = true;
    buf_init(&tx->data, reserve);
    tx->data.secret = true;
    tx->from = arena_dup(&tx->arena, m->from.text);
    return tx;
}

static void drop_data(struct smtp_in_tx *tx)
{
    buf_fini(&tx->data);
    smtp_in_budget_give(tx->budget, tx->reserved);
    tx->reserved = 0;
}

void smtp_in_tx_free(struct smtp_in_tx *tx)
{
    if (!tx)
        return;
    drop_data(tx);
    arena_reset(&tx->arena);
    free(tx);
}

static void flawed(struct smtp_in_tx *tx, enum smtp_in_flaw why)
{
    if (tx->flaw != FLAW_NONE)
        return;
    tx->flaw = why;
    drop_data(tx);
}

static bool rcpts_grow(struct smtp_in_tx *tx)
{
    size_t cap = tx->rcpts_cap ? tx->rcpts_cap * 2 : FIRST_RCPTS;
    struct deliver_rcpt *more = arena_array(&tx->arena, cap, sizeof *more);
    if (!more)
        return false;
    if (tx->rcpts_n)
        memcpy(more, tx->rcpts, tx->rcpts_n * sizeof *more);
    tx->rcpts = more;
    tx->rcpts_cap = cap;
    return true;
}

bool smtp_in_tx_add(struct smtp_in_tx *tx, const struct box_id *box)
{
    for (size_t i = 0; i < tx->rcpts_n; i++)
        if (memcmp(&tx->rcpts[i].box, box, sizeof *box) == 0)
            return true;
    if (tx->rcpts_n == tx->rcpts_cap && !rcpts_grow(tx))
        return false;
    tx->rcpts[tx->rcpts_n++] = (struct deliver_rcpt){ *box, tx->pending };
    return true;
}

bool smtp_in_tx_crowded(const struct smtp_in_tx *tx)
{
    return tx->rcpts_n > 0 && tx->size > LIMIT_TX_BYTES / (tx->rcpts_n + 1);
}

/* ---- octets ---- */

static bool reserve(struct smtp_in_tx *tx, size_t want)
{
    if (!smtp_in_budget_take(tx->budget, want))
        return false;
    smtp_in_budget_give(tx->budget, tx->reserved);
    tx->reserved = want;
    return true;
}

/* Room for some of n octets, at least one: where, and how many. NULL: they are not to be kept. */
static char *room(struct smtp_in_tx *tx, size_t *n)
{
    if (tx->flaw != FLAW_NONE)
        return NULL;
    size_t most = tx->max + TX_SLACK;
    if (tx->data.n >= tx->reserved) {
        size_t want = MIN(MAX(tx->reserved * 2, (size_t)FIRST_RESERVE), most);
        if (want <= tx->data.n || !reserve(tx, want)) {
            flawed(tx, want <= tx->data.n ? FLAW_SIZE : FLAW_MEMORY);
            return NULL;
        }
    }
    tx->data.max = tx->reserved;
    char *p = buf_reserve(&tx->data, tx->reserved - tx->data.n);
    if (!p)
        flawed(tx, FLAW_MEMORY);
    *n = MIN(*n, tx->reserved - tx->data.n);
    return p;
}

static void kept(struct smtp_in_tx *tx, size_t n)
{
    tx->octets += n;
    if (tx->flaw != FLAW_NONE)
        return;
    tx->data.n += n;
    if (tx->octets > tx->max)
        flawed(tx, FLAW_SIZE);
    else if (tx->rcpts_n > 1 && tx->octets > LIMIT_TX_BYTES / tx->rcpts_n)
        flawed(tx, FLAW_COPIES);
}

enum err smtp_in_tx_feed(struct smtp_in_tx *tx, struct str in, size_t *used)
{
    size_t n = in.n, out_n, took;
    char *p = room(tx, &n);
    enum err e = line_data_feed(&tx->lines, str_sub(in, 0, n), p, &out_n, &took);
    kept(tx, out_n);
    if (tx->lines.too_long)
        flawed(tx, FLAW_LINE);
    if (e == ERR_BAD)
        flawed(tx, FLAW_BARE);
    *used = took;
    return e;
}

void smtp_in_tx_feed_raw(struct smtp_in_tx *tx, struct str in)
{
    while (in.n > 0) {
        size_t n = in.n;
        char *p = room(tx, &n);
        if (p)
            memcpy(p, in.p, n);
        kept(tx, n);
        in = str_from(in, n);
    }
}

void smtp_in_tx_close_chunks(struct smtp_in_tx *tx)
{
    if (tx->body == SMTP_BODY_BINARY)
        return;
    if (tx->lines.state == LINE_CR)
        flawed(tx, FLAW_BARE);
    if (tx->flaw == FLAW_NONE && tx->lines.state == LINE_TEXT)
        smtp_in_tx_feed_raw(tx, S("\r\n"));
}
