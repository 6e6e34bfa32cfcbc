/* Output is written straight into the buffer that goes out. Input comes from strangers: each call makes at most as much
 * as there is room for, so a bomb is just a long command. */
#include "base/deflate.h"
#include <stdlib.h>
#include <zlib.h>

enum {
    LEVEL = 3,
    WINDOW_OUT = -13, /* 8 KiB; negative: no zlib header */
    MEMORY_OUT = 6,
    WINDOW_IN = -15, /* the peer chooses */
    WINDOW_GZIP = 16 + 15,
    MEMORY_GZIP = 8,
    STEP_N = 16 * 1024
};

struct deflate {
    z_stream out, in;
};

struct deflate *deflate_new(void)
{
    struct deflate *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    bool good = deflateInit2(&d->out, LEVEL, Z_DEFLATED, WINDOW_OUT, MEMORY_OUT, Z_DEFAULT_STRATEGY) == Z_OK;
    if (good && inflateInit2(&d->in, WINDOW_IN) == Z_OK)
        return d;
    deflate_free(d);
    return NULL;
}

void deflate_free(struct deflate *d)
{
    if (d == NULL)
        return;
    deflateEnd(&d->out); /* both take one that never began */
    inflateEnd(&d->in);
    free(d);
}

void deflate_put(struct deflate *d, struct str s, struct buf *out)
{
    d->out.next_in = (z_const Bytef *)(uintptr_t)s.p;
    d->out.avail_in = (uInt)s.n;
    do {
        char *room = buf_reserve(out, STEP_N);
        if (room == NULL)
            return; /* out remembers */
        d->out.next_out = (Bytef *)room;
        d->out.avail_out = STEP_N;
        (void)deflate(&d->out, Z_SYNC_FLUSH);
        out->n += STEP_N - d->out.avail_out;
    } while (d->out.avail_out == 0);
}

enum err deflate_take(struct deflate *d, struct str in, size_t *used, struct buf *out)
{
    size_t room = MIN(out->max - out->n, (size_t)STEP_N);
    char *to = room > 0 ? buf_reserve(out, room) : NULL;
    *used = 0;
    if (to == NULL)
        return room > 0 ? ERR_FULL : OK;
    d->in.next_in = (z_const Bytef *)(uintptr_t)in.p;
    d->in.avail_in = (uInt)in.n;
    d->in.next_out = (Bytef *)to;
    d->in.avail_out = (uInt)room;
    int r = inflate(&d->in, Z_SYNC_FLUSH);
    *used = in.n - d->in.avail_in;
    out->n += room - d->in.avail_out;
    return r == Z_OK || r == Z_BUF_ERROR ? OK : ERR_BAD; /* an end is none of this protocol */
}

bool deflate_peek(struct str in, size_t *used, struct buf *out)
{
    in.n = MIN(in.n, (size_t)UINT32_MAX);
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
    int r = inflateInit2(&z, WINDOW_IN);
    size_t room = 1;
    while (r == Z_OK && (room = MIN(out->max - out->n, (size_t)STEP_N)) > 0) {
        char *to = buf_reserve(out, room);
        if (to == NULL)
            break;
        z.next_out = (Bytef *)to;
        z.avail_out = (uInt)room;
        r = inflate(&z, Z_SYNC_FLUSH);
        out->n += room - z.avail_out;
    }
    *used = in.n - z.avail_in;
    (void)inflateEnd(&z);
    return r == Z_STREAM_END;
}

enum err gzip_pack(struct buf *out, struct str in)
{
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n };
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW_GZIP, MEMORY_GZIP, Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR_FULL;
    uLong most = deflateBound(&z, (uLong)in.n);
    char *room = buf_reserve(out, most);
    z.next_out = (Bytef *)room;
    z.avail_out = (uInt)most;
    bool good = room != NULL && deflate(&z, Z_FINISH) == Z_STREAM_END;
    if (good)
        out->n += z.total_out;
    deflateEnd(&z);
    return good ? OK : ERR_FULL;
}
