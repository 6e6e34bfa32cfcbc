/* A context is a few hundred KiB of tables, so each thread makes its own once and gives it back when it ends. */
#include "base/zip.h"
#include <pthread.h>
#include <zstd.h>

struct contexts {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static _Thread_local struct contexts mine;

static void contexts_free(void *p)
{
    struct contexts *c = p;
    ZSTD_freeCCtx(c->pack);
    ZSTD_freeDCtx(c->unpack);
}

void zip_forget(void)
{
    contexts_free(&mine);
    mine = (struct contexts){ 0 };
}

static void make_key(void) { pthread_key_create(&key, contexts_free); }

static struct contexts *contexts(void)
{
    pthread_once(&once, make_key);
    if (!mine.pack)
        mine.pack = ZSTD_createCCtx();
    if (!mine.unpack)
        mine.unpack = ZSTD_createDCtx();
    pthread_setspecific(key, &mine);
    return mine.pack && mine.unpack ? &mine : NULL;
}

/* Below level 0 the table of places seen is 4 KiB large, not 32: it stays in the processor's first cache, and a text of
 * 3 KB takes six octets more. */
enum { HASH_LOG_FAST = 10, HASH_LOG_OF_LEVEL = 0 };

static size_t compress(ZSTD_CCtx *c, char *to, size_t room, struct str in, int level)
{
    size_t n = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(n))
        n = ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, level < 0 ? HASH_LOG_FAST : HASH_LOG_OF_LEVEL);
    return ZSTD_isError(n) ? n : ZSTD_compress2(c, to, room, in.p, in.n);
}

enum err zip_pack(struct buf *out, struct str in, int level)
{
    struct contexts *c = contexts();
    if (!c)
        return ERR_IO;
    char *p = buf_reserve(out, ZSTD_compressBound(in.n));
    if (!p)
        return ERR_FULL;
    size_t n = compress(c->pack, p, out->cap - out->n, in, level);
    if (ZSTD_isError(n))
        return ERR_IO;
    out->n += n;
    return OK;
}

/* ZSTD_*() take a skippable frame for a frame of size 0; here it is nothing we wrote. */
static bool is_one_frame(struct str in)
{
    return str_starts(in, S("\x28\xb5\x2f\xfd")) && ZSTD_findFrameCompressedSize(in.p, in.n) == in.n;
}

enum err zip_unpack(struct buf *out, struct str in, size_t max)
{
    if (!is_one_frame(in))
        return ERR_BAD;
    unsigned long long size = ZSTD_getFrameContentSize(in.p, in.n);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size > max)
        return ERR_BAD;
    struct contexts *c = contexts();
    if (!c)
        return ERR_IO;
    char *p = buf_reserve(out, size);
    if (!p)
        return ERR_FULL;
    if (ZSTD_decompressDCtx(c->unpack, p, size, in.p, in.n) != size)
        return ERR_BAD;
    out->n += size;
    return OK;
}
