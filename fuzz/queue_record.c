/* The out-queue's records as they come from a disk: what is read back is what was written, and what is not a record is
 * refused. */
#include "core/outq_item.h"
#include "core/outq_shared.h"
#include "wire/json.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static struct outq_shared shared;

/* Each recipient at a destination of its own, as a plan of the out loop could have it. */
static void part_each(struct outq_item *it)
{
    it->parts = calloc(it->rcpts_n, sizeof *it->parts);
    must(it->parts != NULL);
    it->parts_n = it->rcpts_n;
    for (uint32_t i = 0; i < it->rcpts_n; i++) {
        it->parts[i].item = it;
        it->rcpts[i].part = i;
    }
}

static struct outq_item *read_what(struct str json, struct arena *a)
{
    const uint32_t *chunk_n;
    size_t chunks;
    struct outq_item *it = NULL;
    AUTO_BUF struct buf again = { .max = 1 << 24 };
    if (outq_what_get(json, &shared, a, &it, &chunk_n, &chunks) != OK)
        return NULL;
    must(it->rcpts_n > 0 && it->rcpts_n <= OUTQ_RCPTS_MAX);
    outq_what_put(&again, it, chunk_n, chunks);
    struct outq_item *copy = NULL;
    must(outq_what_get(buf_str(&again), &shared, a, &copy, NULL, NULL) == OK);
    must(copy->rcpts_n == it->rcpts_n && str_eq(copy->mail_from, it->mail_from) && copy->end_ms == it->end_ms);
    outq_item_free(copy);
    return it;
}

static void read_how(struct str json, struct outq_item *it)
{
    AUTO_BUF struct buf once = { .max = 1 << 24 }, twice = { .max = 1 << 24 };
    if (outq_how_get(json, it) != OK)
        return;
    outq_how_put(&once, it);
    must(outq_how_get(buf_str(&once), it) == OK);
    outq_how_put(&twice, it);
    must(str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 1 << 22 };
    struct str rest, first = str_cut(str_of(data, n), '\n', &rest);
    struct outq_whose whose;
    if (outq_whose_get(first, &whose) == OK) {
        AUTO_BUF struct buf again = { .max = 4096 };
        struct outq_whose same;
        outq_whose_put(&again, &whose);
        must(outq_whose_get(buf_str(&again), &same) == OK && same.run == whose.run && same.has_box == whose.has_box);
    }
    struct outq_item *it = NULL;
    if (outq_fate_get(str_of(data, n), &shared, &a, &it) == OK) {
        AUTO_BUF struct buf once = { .max = 1 << 24 };
        struct outq_item *same = NULL;
        outq_fate_put(&once, it);
        must(!outq_item_open(it) && outq_fate_get(buf_str(&once), &shared, &a, &same) == OK);
        outq_item_free(same);
        outq_item_free(it);
    }
    it = read_what(first, &a);
    if (!it)
        return 0;
    part_each(it);
    read_how(rest, it);
    outq_item_free(it);
    return 0;
}
