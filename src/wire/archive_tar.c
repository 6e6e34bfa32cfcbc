/* tar is blocks of 512 octets: a header, then the member's content, rounded up. A long name comes as a member before
 * the one it is for. */
#include "base/deflate.h"
#include "wire/archive_part.h"
#include <string.h>

enum {
    BLOCK = 512,
    NAME_N = 100,
    SIZE_AT = 124,
    SIZE_N = 12,
    SUM_AT = 148,
    SUM_N = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
    PREFIX_N = 155,
    JOINED_MAX = PREFIX_N + 1 + NAME_N
};

/* Octal digits up to a blank or NUL; false: none. GNU's numbers in base 256 are of files that no mail holds. */
static bool octal(struct str s, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0, digits = 0;
    while (i < s.n && s.p[i] == ' ')
        i++;
    for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '7'; i++, digits++)
        v = v << 3 | (uint64_t)(s.p[i] - '0');
    *out = v;
    return digits > 0 && (i == s.n || s.p[i] == ' ' || s.p[i] == 0);
}

/* The sum of the header's octets, its own field taken as blanks. */
static bool is_header(struct str block)
{
    uint64_t want, sum = SUM_N * ' ';
    if (block.n < BLOCK || !octal(str_sub(block, SUM_AT, SUM_N), &want))
        return false;
    for (size_t i = 0; i < BLOCK; i++)
        if (i < SUM_AT || i >= SUM_AT + SUM_N)
            sum += (uint8_t)block.p[i];
    return sum == want;
}

static struct str field(struct str block, size_t at, size_t n)
{
    struct str s = str_sub(block, at, n);
    size_t nul = str_chr(s, 0);
    return str_sub(s, 0, nul == STR_NONE ? s.n : nul);
}

static void tell_short(struct archive_walk *w, struct str block)
{
    char joined[JOINED_MAX];
    struct str name = field(block, 0, NAME_N), prefix = field(block, PREFIX_AT, PREFIX_N);
    if (!str_eq(str_sub(block, MAGIC_AT, 6), str_of("ustar", 6)) || prefix.n == 0) { /* with its NUL: GNU has a blank */
        archive_tell(w, name, false);
        return;
    }
    memcpy(joined, prefix.p, prefix.n);
    joined[prefix.n] = '/';
    memcpy(joined + prefix.n + 1, name.p, name.n);
    archive_tell(w, str_of(joined, prefix.n + 1 + name.n), false);
}

/* "27 path=dir/a long name.txt\n": the length counts itself. The last path counts. */
static struct str pax_path(struct str records)
{
    struct str path = { NULL, 0 };
    while (records.n > 0) {
        uint32_t n;
        struct str rest, digits = str_cut(records, ' ', &rest);
        if (!str_to_u32(digits, &n) || n <= digits.n + 1 || n > records.n)
            break;
        struct str record = str_sub(rest, 0, n - digits.n - 2);
        if (str_starts(record, S("path=")))
            path = str_from(record, 5);
        records = str_from(records, n);
    }
    return path;
}

bool archive_is_tar(struct str bytes) { return is_header(bytes); }

void archive_tar(struct archive_walk *w, struct str tar)
{
    struct str longer = { NULL, 0 }; /* name of the member that comes next */
    while (is_header(tar) && !w->out.part) {
        uint64_t size;
        char type = tar.p[TYPE_AT];
        if (!octal(str_sub(tar, SIZE_AT, SIZE_N), &size) || size > tar.n - BLOCK)
            w->out.part = true; /* cut off; its name is told all the same */
        struct str content = str_sub(tar, BLOCK, w->out.part ? tar.n : (size_t)size);
        if (type == 'L') {
            longer = content;
        } else if (type == 'x' || type == 'g') {
            longer = pax_path(content);
        } else {
            if (longer.n > 0)
                archive_tell(w, longer, false);
            else
                tell_short(w, tar);
            longer = (struct str){ NULL, 0 };
        }
        tar = str_from(tar, BLOCK + (content.n + BLOCK - 1) / BLOCK * BLOCK);
    }
    for (size_t i = 0; i < MIN(tar.n, (size_t)BLOCK) && !w->out.part; i++) /* it ends in blocks of zeros, or at once */
        w->out.part = tar.p[i] != 0;
}

/* ---- gzip ---- */
enum {
    GZIP_HEAD_N = 10,
    GZIP_TAIL_N = 8, /* behind the stream; another one may come then, and is read on with it */
    GZIP_FLAGS_AT = 3,
    GZIP_CRC = 2,
    GZIP_EXTRA = 4,
    GZIP_NAME = 8,
    GZIP_COMMENT = 16
};

bool archive_is_gzip(struct str bytes) { return bytes.n > GZIP_HEAD_N && str_starts(bytes, S("\x1f\x8b\x08")); }

static struct str skip_text(struct str s, struct str *text)
{
    size_t nul = str_chr(s, 0);
    *text = str_sub(s, 0, nul == STR_NONE ? s.n : nul);
    return str_from(s, text->n + 1);
}

/* What comes behind the head; *name is empty where none is stored. */
static struct str gzip_stream(struct str gz, struct str *name)
{
    struct str comment, rest = str_from(gz, GZIP_HEAD_N);
    int flags = gz.p[GZIP_FLAGS_AT];
    *name = S("");
    if (flags & GZIP_EXTRA)
        rest = str_from(rest, rest.n >= 2 ? 2 + (size_t)(uint8_t)rest.p[0] + ((size_t)(uint8_t)rest.p[1] << 8) : 2);
    if (flags & GZIP_NAME)
        rest = skip_text(rest, name);
    if (flags & GZIP_COMMENT)
        rest = skip_text(rest, &comment);
    return flags & GZIP_CRC ? str_from(rest, 2) : rest;
}

/* A single file is known by its first octets, however long it is; of a tar all of it must have been seen. */
void archive_gzip(struct archive_walk *w, struct str gz)
{
    AUTO_BUF struct buf out = { .max = LIMIT_ARCHIVE_UNPACKED + 1, .secret = true }; /* one more: its end is seen too */
    struct str name, stream = gzip_stream(gz, &name);
    size_t used;
    bool whole = deflate_peek(str_sub(stream, 0, LIMIT_ARCHIVE_PACKED), &used, &out);
    whole = whole && stream.n - used <= GZIP_TAIL_N;
    bool tar = archive_is_tar(buf_str(&out));
    if (name.n > 0 || !tar)
        archive_tell_content(w, name, buf_str(&out));
    if (tar)
        archive_tar(w, buf_str(&out));
    if (!whole && (tar || out.n < LIMIT_ARCHIVE_UNPACKED))
        w->out.part = true;
}
