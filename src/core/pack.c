/* Header data: version, size (8), header length (4), chunk count (4), chunk lengths (4 each), header, packed tree. */
#include "core/pack.h"
#include "base/secret.h"
#include "base/zip.h"
#include "core/chunk.h"

enum {
    VERSION = 1,
    FIXED = 1 + 8 + 4 + 4,
    LEVEL = 1,
    HDR_MAX = 16 * 1024 * 1024,
    CHUNKS_MAX = 16384,
    TREE_PART = 128 /* octets of a part in the packed tree, mostly */
};

/* Coding the literals of a short header saves half a percent of what is stored for a mail, and is most of the work. */
enum { HDR_SMALL = 1024, LEVEL_SMALL = -1 };

static void put32(struct buf *b, uint32_t v)
{
    uint8_t x[4];
    put_be32(x, v);
    buf_put(b, str_of(x, sizeof x));
}

static enum err make_frames(struct pack *p, struct str body)
{
    p->frames_n = (uint32_t)((body.n + SEAL_CHUNK_BYTES - 1) / SEAL_CHUNK_BYTES);
    p->frame_n = arena_array(p->arena, p->frames_n + 1u, sizeof *p->frame_n);
    if (p->frame_n == NULL)
        return ERR_FULL;
    for (uint32_t i = 0; i < p->frames_n; i++) {
        size_t before = p->frames.n;
        enum err e = chunk_pack(&p->frames, str_sub(body, (size_t)i * SEAL_CHUNK_BYTES, SEAL_CHUNK_BYTES));
        if (e != OK)
            return e;
        p->frame_n[i] = (uint32_t)(p->frames.n - before);
    }
    return OK;
}

enum err pack_make(struct pack *p, struct arena *a, struct str msg, const struct mime_tree *tree)
{
    struct str header = mime_head(&tree->v[0], msg);
    AUTO_BUF struct buf plain = { .max = HDR_MAX, .secret = true };
    uint8_t size[8], version = VERSION;
    *p = (struct pack){ .arena = a, .hdr = { .max = HDR_MAX, .secret = true } };
    p->frames = (struct buf){ .max = msg.n + msg.n / 64 + 4096, .secret = true };
    enum err e = make_frames(p, str_from(msg, header.n));
    if (e != OK)
        return e;
    (void)buf_reserve(&plain, FIXED + 4 * (size_t)p->frames_n + header.n + TREE_PART * (size_t)tree->n);
    put_be64(size, msg.n);
    buf_put(&plain, str_of(&version, 1));
    buf_put(&plain, str_of(size, sizeof size));
    put32(&plain, (uint32_t)header.n);
    put32(&plain, p->frames_n);
    for (uint32_t i = 0; i < p->frames_n; i++)
        put32(&plain, p->frame_n[i] + AEAD_TAG_N);
    buf_put(&plain, header);
    mime_tree_pack(tree, &plain);
    return plain.failed ? ERR_FULL : zip_pack(&p->hdr, buf_str(&plain), plain.n < HDR_SMALL ? LEVEL_SMALL : LEVEL);
}

void pack_fini(struct pack *p)
{
    buf_fini(&p->hdr);
    buf_fini(&p->frames);
}

enum err pack_seal(const struct pack *p, struct buf *out, const struct seal_window *w, const uint8_t lease[KEY_N],
                   const struct box_id *box, const struct msg_id *msg, struct str json, size_t *env_n, size_t *hdr_n)
{
    uint8_t k[KEY_N];
    size_t at = 0;
    seal_message_key(k, w->r, lease, box, msg);
    seal_env(out, w, k, box, msg, json);
    *env_n = out->n;
    seal_hdr(out, k, box, msg, buf_str(&p->hdr));
    *hdr_n = out->n - *env_n;
    for (uint32_t i = 0; i < p->frames_n; i++) {
        seal_chunk(out, k, box, msg, i, i + 1 == p->frames_n, str_sub(buf_str(&p->frames), at, p->frame_n[i]));
        at += p->frame_n[i];
    }
    secret_wipe(k, sizeof k);
    return out->failed ? ERR_FULL : OK;
}

static enum err read_table(struct str in, struct arena *a, struct unpacked *out, struct str *rest)
{
    const uint8_t *p = (const uint8_t *)in.p;
    if (in.n < FIXED || p[0] != VERSION)
        return ERR_BAD;
    uint64_t size = get_be64(p + 1);
    uint32_t header_n = get_be32(p + 9), chunks = get_be32(p + 13);
    struct str tail = str_from(in, FIXED);
    if (chunks > CHUNKS_MAX || tail.n < chunks * 4ull || tail.n - chunks * 4ull < header_n || size < header_n)
        return ERR_BAD;
    if (chunks != (size - header_n + SEAL_CHUNK_BYTES - 1) / SEAL_CHUNK_BYTES)
        return ERR_BAD;
    uint32_t *n = arena_array(a, chunks + 1u, sizeof *n);
    if (n == NULL)
        return ERR_FULL;
    for (uint32_t i = 0; i < chunks; i++)
        n[i] = get_be32((const uint8_t *)tail.p + 4ull * i);
    tail = str_from(tail, chunks * 4ull);
    *out = (struct unpacked){ .size = size, .chunk_n = n, .chunks = chunks, .header = str_sub(tail, 0, header_n) };
    *rest = str_from(tail, header_n);
    return OK;
}

enum err pack_read(struct str opened, struct arena *a, struct unpacked *out)
{
    AUTO_BUF struct buf plain = { .max = HDR_MAX, .secret = true };
    struct unpacked u;
    struct str tree;
    enum err e = zip_unpack(&plain, opened, HDR_MAX);
    if (e != OK)
        return e;
    struct str kept = arena_dup(a, buf_str(&plain));
    if (kept.p == NULL)
        return ERR_FULL;
    e = read_table(kept, a, &u, &tree);
    if (e == OK)
        e = mime_tree_unpack(tree, a, &u.tree);
    if (e == OK && u.tree.size != u.size)
        e = ERR_BAD;
    if (e == OK)
        *out = u;
    return e;
}
