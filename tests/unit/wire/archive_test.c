#include "base/buf.h"
#include "test.h"
#include "wire/archive.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct seen {
    struct buf names; /* each with a blank behind, encrypted ones with a star */
};
static void member(void *ctx, const struct archive_member *m)
{
    struct seen *s = ctx;
    buf_put(&s->names, m->name);
    buf_puts(&s->names, m->encrypted ? "* " : " ");
}

static struct archive list(struct str bytes, struct buf *names)
{
    struct seen s = { .names.max = 1 << 20 };
    struct archive a = archive_list(bytes, member, &s);
    buf_put(names, buf_str(&s.names));
    buf_fini(&s.names);
    return a;
}

/* The fuzzer's seeds are made by other programs. */
static void read_seed(const char *name, struct buf *out)
{
    char path[200];
    snprintf(path, sizeof path, "fuzz/corpus/archive/%s", name);
    FILE *f = fopen(path, "rb");
    char *room = buf_reserve(out, 65536);
    CHECK(f != NULL);
    out->n = fread(room, 1, 65536, f);
    fclose(f);
}

#define EIGHTY_E_ACUTE                                                                                                 \
    "éééééééééééééééééééé"                                                                         \
    "éééééééééééééééééééé"                                                                         \
    "éééééééééééééééééééé"                                                                         \
    "éééééééééééééééééééé"

TEST(names)
{
    static const struct {
        const char *seed;
        enum archive_kind kind;
        const char *begin, *end;
        size_t members;
    } cases[] = {
        { "zip", ARCHIVE_ZIP, "readme.txt setup.exe ", "readme.txt setup.exe ", 4 },
        { "zip-encrypted", ARCHIVE_ZIP, "readme.txt* setup.exe ", "readme.txt* setup.exe ", 4 },
        { "zip-nested", ARCHIVE_ZIP, "inner.zip inner.zip readme.txt ", "setup.exe ", 4 },
        { "tar", ARCHIVE_TAR, "a.txt dirdirdir", "nnnnnnn.exe ", 2 },
        { "tar-gnu", ARCHIVE_TAR, "xxxxxxxx", "xxxxxxxx.exe ", 1 },
        { "tar-pax", ARCHIVE_TAR, EIGHTY_E_ACUTE ".exe ", "é.exe ", 1 },
        { "tgz", ARCHIVE_GZIP, "inside.js b.sh ", "inside.js b.sh ", 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf file = { .max = 1 << 17 }, names = { .max = 1 << 16 };
        read_seed(cases[i].seed, &file);
        struct archive a = list(buf_str(&file), &names);
        CHECK_EQ(a.kind, cases[i].kind);
        CHECK_EQ(a.members, cases[i].members);
        if (!str_starts(buf_str(&names), str_c(cases[i].begin)) || !str_ends(buf_str(&names), str_c(cases[i].end)))
            CHECK_STR(cases[i].seed, buf_str(&names), cases[i].begin);
        CHECK(!a.part);
    }
}

TEST(no_archives)
{
    static const struct str none[] = {
        STR(""), STR("PK"), STR("PK\1\2"), STR("\x1f\x8b"), STR("%PDF-1.4"), STR("ustar")
    };
    for (size_t i = 0; i < COUNT(none); i++) {
        AUTO_BUF struct buf names = { .max = 1 << 16 };
        struct archive a = list(none[i], &names);
        CHECK(a.kind == ARCHIVE_NONE && a.members == 0);
    }
}

/* Every cut and every changed octet: the sanitizers look on. What was a zip stays one, and a cut one says so. */
TEST(damaged)
{
    AUTO_BUF struct buf file = { .max = 1 << 17 };
    read_seed("zip", &file);
    for (size_t n = 4; n < file.n; n++) {
        AUTO_BUF struct buf names = { .max = 1 << 16 };
        char *cut = malloc(n);
        memcpy(cut, file.p, n);
        struct archive a = list(str_of(cut, n), &names);
        free(cut);
        CHECK_EQ(a.kind, ARCHIVE_ZIP);
        CHECK(a.part || n + sizeof "a comment" > file.n);
        CHECK(n < 50 || str_find(buf_str(&names), S("readme.txt")) != STR_NONE); /* its own header has it */
    }
    for (size_t i = 0; i < file.n; i++) {
        AUTO_BUF struct buf names = { .max = 1 << 16 };
        file.p[i] ^= (char)0xff;
        (void)list(buf_str(&file), &names);
        file.p[i] ^= (char)0xff;
    }
}

/* The directory says one thing, the member's own header another. */
TEST(two_names)
{
    AUTO_BUF struct buf file = { .max = 1 << 17 }, names = { .max = 1 << 16 };
    read_seed("zip", &file);
    size_t in_directory = str_rchr(buf_str(&file), '.'); /* of setup.exe */
    CHECK(str_starts(str_from(buf_str(&file), in_directory), S(".exe")));
    memcpy(file.p + in_directory, ".txt", 4);
    (void)list(buf_str(&file), &names);
    CHECK_STR("both", buf_str(&names), "readme.txt setup.txt readme.txt setup.exe ");
}

static void put_local(struct buf *b, const char *name)
{
    static const char head[30] = "PK\3\4\x14";
    char h[30];
    memcpy(h, head, sizeof h);
    h[26] = (char)strlen(name);
    buf_put(b, str_of(h, sizeof h));
    buf_puts(b, name);
}

/* ---- what two readers see differently ---- */
static void put_le(struct buf *b, uint32_t v, int octets)
{
    for (int i = 0; i < octets; i++)
        buf_putc(b, (char)(v >> 8 * i));
}

/* One stored member of nothing, with a second name in both headers unless it is empty, and a directory that counts
 * from where before ends. */
struct odd_zip {
    const char *before, *name, *second, *behind;
    uint32_t flags;
};

static void put_zip(struct buf *b, const struct odd_zip *z)
{
    AUTO_BUF struct buf extra = { .max = 1000 };
    size_t name_n = strlen(z->name), begin, directory;
    if (*z->second) {
        put_le(&extra, 0x5455, 2); /* a time, as most have one */
        put_le(&extra, 5, 2);
        buf_put(&extra, S("\1\0\0\0\0"));
        put_le(&extra, 0x7075, 2);
        put_le(&extra, 5 + (uint32_t)strlen(z->second), 2);
        buf_put(&extra, S("\1\0\0\0\0"));
        buf_puts(&extra, z->second);
    }
    buf_puts(b, z->before);
    begin = b->n;
    buf_put(b, S("PK\3\4\x14\0"));
    put_le(b, z->flags, 2);
    buf_put(b, S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    put_le(b, (uint32_t)name_n, 2);
    put_le(b, (uint32_t)extra.n, 2);
    buf_puts(b, z->name);
    buf_put(b, buf_str(&extra));
    directory = b->n;
    buf_put(b, S("PK\1\2\x14\0\x14\0"));
    put_le(b, z->flags, 2);
    buf_put(b, S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    put_le(b, (uint32_t)name_n, 2);
    put_le(b, (uint32_t)extra.n, 2);
    buf_put(b, S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    buf_puts(b, z->name);
    buf_put(b, buf_str(&extra));
    size_t end = b->n;
    buf_put(b, S("PK\5\6\0\0\0\0\1\0\1\0"));
    put_le(b, (uint32_t)(end - directory), 4);
    put_le(b, (uint32_t)(directory - begin), 4);
    put_le(b, (uint32_t)strlen(z->behind), 2);
    buf_puts(b, z->behind);
}

TEST(two_faces)
{
    static const struct {
        const char *what;
        struct odd_zip zip;
        const char *names; /* as the directory and the member's own header tell them */
        bool odd;
    } cases[] = {
        { "a zip", { "", "a.txt", "", "", 0 }, "a.txt a.txt ", false },
        { "with a comment", { "", "a.txt", "", "of mine", 0 }, "a.txt a.txt ", false },
        { "the same name again", { "", "a.txt", "a.txt", "", 0 }, "a.txt a.txt ", false },
        { "another one", { "", "a.txt", "a.exe", "", 0 }, "a.txt a.exe a.txt a.exe ", true },
        { "for a name in an old code page",
          { "", "\x82.txt", "é.txt", "", 0 },
          "\x82.txt é.txt \x82.txt é.txt ",
          false },
        { "which was UTF-8 already", { "", "é.txt", "è.txt", "", 1 << 11 }, "é.txt è.txt é.txt è.txt ", true },
        { "behind a picture", { "GIF89a....", "a.txt", "", "", 0 }, "a.txt a.txt ", true },
        { "behind a program", { "MZ....", "a.txt", "", "", 0 }, "a.txt a.txt ", true },
        { "behind what only looks like a member", { "PK\3\4....", "a.txt", "", "", 0 }, "a.txt a.txt ", true },
        { "behind gzip's first octets", { "\x1f\x8b\x08....", "a.txt", "", "", 0 }, "a.txt a.txt ", true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf file = { .max = 1 << 17 }, names = { .max = 1 << 16 };
        put_zip(&file, &cases[i].zip);
        struct archive a = list(buf_str(&file), &names);
        CHECK_EQ(a.kind, ARCHIVE_ZIP);
        CHECK_STR(cases[i].what, buf_str(&names), cases[i].names);
        if (a.two_faced != cases[i].odd || a.part)
            CHECK_STR(cases[i].what, S("is seen otherwise"), "");
    }
}

/* As written by other programs: zip -A has offsets from the file's first octet, cat from the zip's own. */
TEST(a_zip_behind_something)
{
    static const char *const seeds[] = { "zip-behind-script", "zip-behind-picture" };
    for (size_t i = 0; i < COUNT(seeds); i++) {
        AUTO_BUF struct buf file = { .max = 1 << 17 }, names = { .max = 1 << 16 };
        read_seed(seeds[i], &file);
        CHECK(archive_zip_behind(buf_str(&file)));
        CHECK(list(buf_str(&file), &names).two_faced);
        CHECK_STR(seeds[i], buf_str(&names), "readme.txt setup.exe readme.txt setup.exe ");
    }
    static const char *const others[] = { "tar", "tgz", "zip", "zip-nested" };
    for (size_t i = 0; i < COUNT(others); i++) {
        AUTO_BUF struct buf file = { .max = 1 << 17 }, names = { .max = 1 << 16 };
        read_seed(others[i], &file);
        CHECK(!archive_zip_behind(buf_str(&file)) && !list(buf_str(&file), &names).two_faced);
    }
}

TEST(limits)
{
    AUTO_BUF struct buf file = { .max = 1 << 20 }, names = { .max = 1 << 20 };
    for (int i = 0; i < 5000; i++)
        put_local(&file, "n");
    struct archive a = list(buf_str(&file), &names);
    CHECK_EQ(a.members, LIMIT_ARCHIVE_MEMBERS);
    CHECK(a.part);
}

/* A directory names them all, or members without one: the last one told is the last one there, or it is part. */
static void put_members(struct buf *b, size_t n)
{
    AUTO_BUF struct buf directory = { .max = 1 << 20 };
    for (size_t i = 0; i < n; i++) {
        uint32_t begin = (uint32_t)b->n;
        put_local(b, "n");
        buf_put(&directory, S("PK\1\2\x14\0\x14\0"));
        buf_put(&directory, S("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        put_le(&directory, begin, 4);
        buf_puts(&directory, "n");
    }
    uint32_t at = (uint32_t)b->n;
    buf_put(b, buf_str(&directory));
    buf_put(b, S("PK\5\6\0\0\0\0"));
    put_le(b, (uint32_t)n, 2);
    put_le(b, (uint32_t)n, 2);
    put_le(b, (uint32_t)directory.n, 4);
    put_le(b, at, 4);
    put_le(b, 0, 2);
}

TEST(the_last_member_there)
{
    for (size_t n = LIMIT_ARCHIVE_MEMBERS - 1; n <= LIMIT_ARCHIVE_MEMBERS + 1; n++) {
        AUTO_BUF struct buf file = { .max = 1 << 20 }, names = { .max = 1 << 20 };
        put_members(&file, n);
        struct archive a = list(buf_str(&file), &names);
        CHECK_EQ(a.members, 2 * MIN(n, (size_t)LIMIT_ARCHIVE_MEMBERS));
        CHECK_EQ(a.part, n > LIMIT_ARCHIVE_MEMBERS);
        CHECK(!a.two_faced);
    }
}

/* More members than the directory of one says: a reader that goes by their own headers finds them. */
TEST(members_beside_the_directory)
{
    AUTO_BUF struct buf file = { .max = 1 << 20 }, names = { .max = 1 << 20 };
    put_members(&file, 1);
    CHECK(!list(buf_str(&file), &names).part);
    AUTO_BUF struct buf many = { .max = 1 << 20 };
    for (int i = 0; i < LIMIT_ARCHIVE_MEMBERS; i++)
        put_local(&many, "n");
    put_members(&many, 1);
    CHECK(list(buf_str(&many), &names).part);
}

/* 25 MiB of what is dearest: zip headers without end; a gzip stream of nothing but empty blocks. */
TEST(bounded_time)
{
    AUTO_BUF struct buf zip = { .max = 26 << 20 }, empty = { .max = 26 << 20 }, names = { .max = 1 << 20 };
    while (zip.n < 25 << 20)
        put_local(&zip, "");
    buf_puts(&empty, "\x1f\x8b\x08");
    buf_put(&empty, str_of("\0\0\0\0\0\0\0", 7));
    while (empty.n < 25 << 20)
        buf_put(&empty, str_of("\0\0\0\xff\xff", 5));
    struct buf *all[] = { &zip, &empty };
    for (size_t i = 0; i < COUNT(all); i++) {
        double begun = cpu_seconds();
        (void)list(buf_str(all[i]), &names);
        CHECK(cpu_seconds() - begun < 2); /* tens of milliseconds here, under a sanitizer a few hundred */
    }
}
