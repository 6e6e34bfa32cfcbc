/* Two programs may read one file differently, and a sender chooses which one he means. So of a zip both the directory
 * at its end and the headers before each member are told. */
#include "wire/archive.h"
#include "wire/archive_part.h"
#include <string.h>

void archive_tell(struct archive_walk *w, struct str name, bool encrypted)
{
    size_t nul = str_chr(name, 0);
    name = str_sub(name, 0, nul == STR_NONE ? name.n : nul);
    if (name.n > LIMIT_ARCHIVE_NAME)
        name = str_from(name, name.n - LIMIT_ARCHIVE_NAME);
    if (name.n == 0)
        return;
    if (w->out.members == LIMIT_ARCHIVE_MEMBERS) {
        w->out.part = true;
        return;
    }
    w->out.members++;
    w->member(w->ctx, &(struct archive_member){ name, encrypted });
}

/* ---- zip ---- */
static uint32_t le16(const char *p) { return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8; }
static uint32_t le32(const char *p) { return le16(p) | le16(p + 2) << 16; }

enum {
    ZIP_END_N = 22,
    ZIP_ENTRY_N = 46,
    ZIP_LOCAL_N = 30,
    ZIP_COMMENT_MAX = 65535,
    ZIP_ENCRYPTED = 1 | 1 << 13, /* the content, or the directory too */
    ZIP_VERSION_MAX = 100,       /* 6.3 is written as 63 */
};

/* The record at the end of the directory, behind which only a comment comes. The last one counts, as everywhere. */
static size_t zip_end(struct str z)
{
    size_t least = z.n > ZIP_END_N + ZIP_COMMENT_MAX ? z.n - ZIP_END_N - ZIP_COMMENT_MAX : 0;
    for (size_t at = z.n >= ZIP_END_N ? z.n - ZIP_END_N + 1 : 0; at-- > least;)
        if (memcmp(z.p + at, "PK\5\6", 4) == 0)
            return at;
    return STR_NONE;
}

/* Where the directory begins: it ends where its end record stands, whatever was put before the whole file. */
static size_t zip_directory(struct str z, size_t end)
{
    uint32_t size = le32(z.p + end + 12);
    return size <= end ? end - size : STR_NONE;
}

/* False: no entry stands there. */
static bool zip_entry(struct archive_walk *w, struct str z, size_t *at)
{
    struct str e = str_from(z, *at);
    if (e.n < ZIP_ENTRY_N || memcmp(e.p, "PK\1\2", 4) != 0)
        return false;
    size_t name_n = le16(e.p + 28), all = ZIP_ENTRY_N + name_n + le16(e.p + 30) + le16(e.p + 32);
    archive_tell(w, str_sub(e, ZIP_ENTRY_N, name_n), le16(e.p + 8) & ZIP_ENCRYPTED);
    *at += all;
    return all <= e.n;
}

static void zip_entries(struct archive_walk *w, struct str z)
{
    size_t end = zip_end(z), at = end == STR_NONE ? STR_NONE : zip_directory(z, end);
    while (at != STR_NONE && at < end && !w->out.part)
        if (!zip_entry(w, z, &at))
            at = STR_NONE;
    if (at != end || end == STR_NONE)
        w->out.part = true;
}

/* Four octets in compressed data look like a header once in 4 GiB; what has no sane fields behind them is none. */
static void zip_locals(struct archive_walk *w, struct str z)
{
    size_t told = w->out.members, found;
    w->out.members = 0; /* these have room of their own: a long directory must not hide them */
    for (size_t at = 0; (found = str_chr(str_from(z, at), 'P')) != STR_NONE; at += found + 1) {
        struct str h = str_from(z, at + found);
        if (str_starts(h, S("PK\3\4")) && h.n >= ZIP_LOCAL_N && (uint8_t)h.p[4] <= ZIP_VERSION_MAX &&
            le16(h.p + 26) <= h.n - ZIP_LOCAL_N)
            archive_tell(w, str_sub(h, ZIP_LOCAL_N, le16(h.p + 26)), le16(h.p + 6) & ZIP_ENCRYPTED);
        if (w->out.members == LIMIT_ARCHIVE_MEMBERS)
            break;
    }
    w->out.members += told;
}

static bool is_zip(struct str z)
{
    return str_starts(z, S("PK\3\4")) || str_starts(z, S("PK\5\6")) || str_starts(z, S("PK00PK\3\4"));
}

struct archive archive_list(struct str bytes, archive_fn *member, void *ctx)
{
    struct archive_walk w = { .member = member, .ctx = ctx };
    if (is_zip(bytes)) {
        w.out.kind = ARCHIVE_ZIP;
        zip_entries(&w, bytes);
        zip_locals(&w, bytes);
    } else if (archive_is_gzip(bytes)) {
        w.out.kind = ARCHIVE_GZIP;
        archive_gzip(&w, bytes);
    } else if (archive_is_tar(bytes)) {
        w.out.kind = ARCHIVE_TAR;
        archive_tar(&w, bytes);
    }
    return w.out;
}
