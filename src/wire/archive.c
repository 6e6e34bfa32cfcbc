/* Two programs may read one file differently, and a sender chooses which one he means. So of a zip both the directory
 * at its end and the headers before each member are told, with the second name that either may give a member; and a zip
 * is looked for behind whatever a file seems to be, since its readers begin at the end. */
#include "wire/archive.h"
#include "base/text.h"
#include "wire/archive_part.h"
#include <string.h>

static void tell(struct archive_walk *w, struct archive_member m)
{
    size_t nul = str_chr(m.name, 0);
    m.name = str_sub(m.name, 0, nul == STR_NONE ? m.name.n : nul);
    if (m.name.n > LIMIT_ARCHIVE_NAME)
        m.name = str_from(m.name, m.name.n - LIMIT_ARCHIVE_NAME);
    if (m.name.n == 0 && m.head.n == 0)
        return;
    if (w->out.members == LIMIT_ARCHIVE_MEMBERS) {
        w->out.part = true;
        return;
    }
    w->out.members++;
    w->member(w->ctx, &m);
}

void archive_tell(struct archive_walk *w, struct str name, bool encrypted)
{
    tell(w, (struct archive_member){ .name = name, .encrypted = encrypted });
}

void archive_tell_content(struct archive_walk *w, struct str name, struct str head)
{
    tell(w, (struct archive_member){ .name = name, .head = head });
}

/* ---- zip ---- */
static uint32_t le16(const char *p) { return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8; }
static uint32_t le32(const char *p) { return le16(p) | le16(p + 2) << 16; }

enum {
    ZIP_END_N = 22,
    ZIP_ENTRY_N = 46,
    ZIP_LOCAL_N = 30,
    ZIP_LOCATOR_N = 20, /* before the end record of a zip64 */
    ZIP_COMMENT_MAX = 65535,
    ZIP_ENCRYPTED = 1 | 1 << 13, /* the content, or the directory too */
    ZIP_UTF8 = 1 << 11,
    ZIP_UNICODE_PATH = 0x7075, /* APPNOTE 4.6.9 */
    ZIP_FIELDS_MAX = 32,       /* looked at of one member's extra fields; real ones have three or four */
    ZIP_FAR = 0xffffffff,      /* where it is says an extra field of zip64 */
    ZIP_VERSION_MAX = 100,     /* 6.3 is written as 63 */
};

/* The record at the end of the directory, behind which only a comment comes. The last one counts, as everywhere. */
static size_t zip_end(struct str z)
{
    size_t least = z.n > ZIP_END_N + ZIP_COMMENT_MAX ? z.n - ZIP_END_N - ZIP_COMMENT_MAX : 0, five;
    struct str rest = z.n >= ZIP_END_N ? str_sub(z, least, z.n - ZIP_END_N + 3 - least) : S("");
    while ((five = str_rchr(rest, '\5')) != STR_NONE && five >= 2) {
        if (memcmp(rest.p + five - 2, "PK\5\6", 4) == 0)
            return least + five - 2;
        rest.n = five;
    }
    return STR_NONE;
}

/* Where the directory begins: it ends where its end record stands, whatever was put before the whole file. */
static size_t zip_directory(struct str z, size_t end)
{
    uint32_t size = le32(z.p + end + 12);
    return size <= end ? end - size : STR_NONE;
}

static struct str zip_second_name(struct str extra)
{
    for (int i = 0; i < ZIP_FIELDS_MAX && extra.n >= 4; i++) {
        struct str field = str_sub(extra, 4, le16(extra.p + 2));
        if (le16(extra.p) == ZIP_UNICODE_PATH && field.n > 5)
            return str_from(field, 5); /* behind a version and a checksum, which not everybody looks at */
        extra = str_from(extra, 4 + field.n);
    }
    return S("");
}

/* A name in an old code page has a second one in UTF-8; one that needs none has it to be read in two ways. */
static void zip_tell(struct archive_walk *w, struct str name, struct str extra, uint32_t flags)
{
    struct str second = zip_second_name(extra);
    archive_tell(w, name, flags & ZIP_ENCRYPTED);
    if (second.n == 0 || str_eq(second, name))
        return;
    archive_tell(w, second, flags & ZIP_ENCRYPTED);
    w->out.two_faced = w->out.two_faced || flags & ZIP_UTF8 || utf8_ascii(name) == name.n;
}

/* False: no entry stands there. */
static bool zip_entry(struct archive_walk *w, struct str z, size_t *at)
{
    struct str e = str_from(z, *at);
    if (e.n < ZIP_ENTRY_N || memcmp(e.p, "PK\1\2", 4) != 0)
        return false;
    size_t name_n = le16(e.p + 28), all = ZIP_ENTRY_N + name_n + le16(e.p + 30) + le16(e.p + 32);
    zip_tell(w, str_sub(e, ZIP_ENTRY_N, name_n), str_sub(e, ZIP_ENTRY_N + name_n, le16(e.p + 30)), le16(e.p + 8));
    *at += all;
    return all <= e.n;
}

/* Where the member begins whose entry is at; STR_NONE: nowhere, or there is no entry. Offsets count from where the
 * archive's writer began, which is before the directory by as much as the end record says. */
static size_t zip_member(struct str z, size_t end, size_t directory, size_t at)
{
    struct str e = str_from(z, at);
    if (e.n < ZIP_ENTRY_N || memcmp(e.p, "PK\1\2", 4) != 0 || le32(e.p + 42) == ZIP_FAR ||
        le32(z.p + end + 16) > directory)
        return STR_NONE;
    size_t begin = directory - le32(z.p + end + 16) + le32(e.p + 42);
    return str_starts(str_from(z, begin), S("PK\3\4")) ? begin : STR_NONE;
}

static void zip_entries(struct archive_walk *w, struct str z, size_t first)
{
    size_t end = zip_end(z), directory = end == STR_NONE ? STR_NONE : zip_directory(z, end), at = directory;
    size_t least = STR_NONE; /* where the first of them begins */
    while (at != STR_NONE && at < end && !w->out.part) {
        least = MIN(least, zip_member(z, end, directory, at));
        if (!zip_entry(w, z, &at))
            at = STR_NONE;
    }
    if (at != end || end == STR_NONE)
        w->out.part = true;
    else if (least != STR_NONE && least > first)
        w->out.two_faced = true;
}

/* Four octets in compressed data look like a header once in 4 GiB; what has no sane fields behind them is none. */
static void zip_locals(struct archive_walk *w, struct str z)
{
    struct archive directory = w->out;
    size_t found;
    w->out.members = 0; /* these have room of their own: a long directory must not hide them */
    w->out.part = false;
    for (size_t at = 0; (found = str_chr(str_from(z, at), 'P')) != STR_NONE && !w->out.part; at += found + 1) {
        struct str h = str_from(z, at + found);
        if (str_starts(h, S("PK\3\4")) && h.n >= ZIP_LOCAL_N && (uint8_t)h.p[4] <= ZIP_VERSION_MAX &&
            le16(h.p + 26) <= h.n - ZIP_LOCAL_N)
            zip_tell(w, str_sub(h, ZIP_LOCAL_N, le16(h.p + 26)),
                     str_sub(str_from(h, ZIP_LOCAL_N + le16(h.p + 26)), 0, le16(h.p + 28)), le16(h.p + 6));
    }
    w->out.members += directory.members;
    w->out.part = w->out.part || directory.part;
}

static bool is_split_zip(struct str z) { return str_starts(z, S("PK00PK\3\4")); }

static bool is_zip(struct str z) { return str_starts(z, S("PK\3\4")) || str_starts(z, S("PK\5\6")) || is_split_zip(z); }

/* A directory whose first entry has its member, or that of a zip64. */
bool archive_zip_behind(struct str z)
{
    size_t end = is_zip(z) || archive_is_tar(z) ? STR_NONE : zip_end(z); /* a tar may well end with a zip */
    if (end == STR_NONE)
        return false;
    if (end >= ZIP_LOCATOR_N && memcmp(z.p + end - ZIP_LOCATOR_N, "PK\6\7", 4) == 0)
        return true;
    size_t directory = zip_directory(z, end);
    return directory != STR_NONE && zip_member(z, end, directory, directory) != STR_NONE;
}

static void list_zip(struct archive_walk *w, struct str z)
{
    zip_entries(w, z, is_split_zip(z) ? 4 : 0);
    zip_locals(w, z);
}

struct archive archive_list(struct str bytes, archive_fn *member, void *ctx)
{
    struct archive_walk w = { .member = member, .ctx = ctx };
    if (archive_zip_behind(bytes)) {
        w.out.kind = ARCHIVE_ZIP;
        w.out.two_faced = true;
        list_zip(&w, bytes);
    } else if (is_zip(bytes)) {
        w.out.kind = ARCHIVE_ZIP;
        list_zip(&w, bytes);
    } else if (archive_is_gzip(bytes)) {
        w.out.kind = ARCHIVE_GZIP;
        archive_gzip(&w, bytes);
    } else if (archive_is_tar(bytes)) {
        w.out.kind = ARCHIVE_TAR;
        archive_tar(&w, bytes);
    }
    return w.out;
}
