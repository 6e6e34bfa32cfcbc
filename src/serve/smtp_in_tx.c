/* What is kept of a message, and why it is not: the first flaw gives all of it back. */
#include "serve/smtp_in_tx.h"
#include "core/send_known.h"
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 256 * 1024, FIRST_RCPTS = 4 };

struct smtp_in_tx *smtp_in_tx_new(struct intake_budget *b, const struct smtp_mail *m, size_t max)
{
    struct intake in;
    size_t declared = m->size > 0 ? MIN(m->size, max) + TX_SLACK : 0;
    if (intake_begin(&in, b, declared, max + TX_SLACK) != OK)
        return NULL;
    struct smtp_in_tx *tx = calloc(1, sizeof *tx);
    if (!tx) {
        intake_end(&in);
        return NULL;
    }
    tx->in = in;
    tx->size = m->size;
    tx->max = max;
    tx->body = m->body;
    tx->utf8 = m->utf8;
    arena_init(&tx->arena, ARENA_MAX);
    tx->arena.secret = true;
    tx->from = arena_dup(&tx->arena, m->from.text);
    tx->envid = arena_dup(&tx->arena, m->envid);
    tx->ret = m->ret_full ? OUTQ_RET_FULL : m->ret_hdrs ? OUTQ_RET_HDRS : OUTQ_RET_UNSET;
    tx->requiretls = m->requiretls;
    return tx;
}

void smtp_in_tx_free(struct smtp_in_tx *tx)
{
    if (!tx)
        return;
    intake_end(&tx->in);
    send_known_drop(tx->known);
    arena_reset(&tx->arena);
    free(tx);
}

static void flawed(struct smtp_in_tx *tx, enum smtp_in_flaw why)
{
    if (tx->flaw != FLAW_NONE)
        return;
    tx->flaw = why;
    intake_end(&tx->in);
}

/* Room for one more behind the n that are at v; NULL when memory is out. */
static void *grown(struct smtp_in_tx *tx, void *v, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return v;
    size_t more_n = *cap ? *cap * 2 : FIRST_RCPTS;
    void *more = arena_array(&tx->arena, more_n, size);
    if (!more)
        return NULL;
    if (n)
        memcpy(more, v, n * size);
    *cap = more_n;
    return more;
}

bool smtp_in_tx_add(struct smtp_in_tx *tx, const struct box_id *box)
{
    for (size_t i = 0; i < tx->rcpts_n; i++)
        if (memcmp(&tx->rcpts[i].box, box, sizeof *box) == 0)
            return true;
    struct deliver_rcpt *room = grown(tx, tx->rcpts, tx->rcpts_n, &tx->rcpts_cap, sizeof *room);
    if (!room)
        return false;
    tx->rcpts = room;
    tx->rcpts[tx->rcpts_n++] = (struct deliver_rcpt){ *box, tx->pending };
    return true;
}

bool smtp_in_tx_add_to(struct smtp_in_tx *tx)
{
    for (size_t i = 0; i < tx->to_n; i++)
        if (str_eq(tx->to[i].address, tx->pending))
            return true;
    struct outq_rcpt *room = grown(tx, tx->to, tx->to_n, &tx->to_cap, sizeof *room);
    if (!room)
        return false;
    tx->to = room;
    tx->to[tx->to_n++] = (struct outq_rcpt){ .address = tx->pending, .orcpt = tx->orcpt, .notify = tx->notify };
    return true;
}

bool smtp_in_tx_crowded(const struct smtp_in_tx *tx)
{
    return tx->rcpts_n > 0 && tx->size > LIMIT_TX_BYTES / (tx->rcpts_n + 1);
}

/* ---- octets ---- */

/* Room for some of n octets, at least one: where, and how many. NULL: they are not to be kept. */
static char *room(struct smtp_in_tx *tx, size_t *n)
{
    enum err why;
    if (tx->flaw != FLAW_NONE)
        return NULL;
    char *p = intake_room(&tx->in, n, &why);
    if (!p)
        flawed(tx, why == ERR_FULL ? FLAW_SIZE : FLAW_MEMORY);
    return p;
}

static void kept(struct smtp_in_tx *tx, size_t n)
{
    tx->octets += n;
    if (tx->flaw != FLAW_NONE)
        return;
    tx->in.data.n += n;
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
