/* What hides in archives: behind their limits, without a name. */
#include "base/deflate.h"
#include "core/filetype.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

static const char program[] = "This archive holds a program",
                  partly[] = "Only part of this archive could be looked into",
                  nested[] = "This archive holds another one: nobody could look into that";

static const char *why(const struct buf *file, const char *name)
{
    const char *w = filetype_of(buf_str(file), str_c(name), S("application/octet-stream")).dangerous;
    return w ? w : "";
}
#define CHECK_WHY(what, file, name, want) CHECK_STR(what, str_c(why(file, name)), want)

static void put_le(struct buf *b, size_t v, int octets)
{
    for (int i = 0; i < octets; i++)
        buf_putc(b, (char)(v >> 8 * i));
}

/* The first names but one are harmless. */
static void put_zip(struct buf *b, size_t harmless, const char *last)
{
    AUTO_BUF struct buf directory = { .max = 1 << 20 };
    for (size_t i = 0; i <= harmless; i++) {
        const char *name = i == harmless ? last : "a.txt";
        static const char zeros[20];
        size_t begin = b->n, n = strlen(name);
        buf_put(b, S("PK\3\4\x14\0"));
        buf_put(b, str_of(zeros, 20));
        put_le(b, n, 4);
        buf_puts(b, name);
        buf_put(&directory, S("PK\1\2\x14\0\x14\0"));
        buf_put(&directory, str_of(zeros, 20));
        put_le(&directory, n, 4);
        buf_put(&directory, str_of(zeros, 10));
        put_le(&directory, begin, 4);
        buf_puts(&directory, name);
    }
    size_t at = b->n;
    buf_put(b, buf_str(&directory));
    buf_put(b, S("PK\5\6\0\0\0\0"));
    put_le(b, harmless + 1, 2);
    put_le(b, harmless + 1, 2);
    put_le(b, directory.n, 4);
    put_le(b, at, 4);
    put_le(b, 0, 2);
}

/* A member of so many blocks of content. */
static void put_tar(struct buf *b, const char *name, unsigned blocks)
{
    char head[512] = { 0 };
    unsigned sum = 0;
    snprintf(head, 100, "%s", name);
    snprintf(head + 124, 12, "%011o", blocks * 512);
    memcpy(head + 148, "        ", 8);
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof head; i++)
        sum += (unsigned char)head[i];
    snprintf(head + 148, 8, "%06o", sum);
    buf_put(b, str_of(head, sizeof head));
    memset(head, 0, sizeof head);
    while (blocks-- > 0)
        buf_put(b, str_of(head, sizeof head));
}

static void put_tar_end(struct buf *b)
{
    char *end = buf_reserve(b, 1024);
    memset(end, 0, 1024);
    b->n += 1024;
}

TEST(danger_behind_many_members)
{
    static const struct {
        size_t harmless;
        const char *want;
    } rows[] = { { 998, program }, { 999, program }, { 1000, partly }, { 1001, partly } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_BUF struct buf zip = { .max = 1 << 20 }, tar = { .max = 1 << 20 };
        put_zip(&zip, rows[i].harmless, "a.exe");
        for (size_t k = 0; k < rows[i].harmless; k++)
            put_tar(&tar, "a.txt", 0);
        put_tar(&tar, "a.exe", 0);
        put_tar_end(&tar);
        CHECK_WHY("zip", &zip, "a.zip", rows[i].want);
        CHECK_WHY("tar", &tar, "a.tar", rows[i].want);
    }
}

/* Of a gzip stream 64 KiB are unpacked: cut within a member's content, and between two of them. */
TEST(danger_far_in_a_tgz)
{
    static const struct {
        unsigned blocks; /* before the program */
        const char *want;
    } rows[] = { { 10, program }, { 126, program }, { 127, partly }, { 130, partly }, { 400, partly } };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_BUF struct buf tar = { .max = 1 << 20 }, tgz = { .max = 1 << 20 };
        put_tar(&tar, "a.bin", rows[i].blocks);
        put_tar(&tar, "a.exe", 0);
        put_tar_end(&tar);
        CHECK_OK(gzip_pack(&tgz, buf_str(&tar)));
        CHECK_WHY("tgz", &tgz, "a.tgz", rows[i].want);
        CHECK_WHY("tar.gz", &tgz, "a.tar.gz", rows[i].want);
    }
    AUTO_BUF struct buf tar = { .max = 1 << 20 }, tgz = { .max = 1 << 20 };
    put_tar(&tar, "a.bin", 125); /* just fits */
    put_tar_end(&tar);
    CHECK_OK(gzip_pack(&tgz, buf_str(&tar)));
    CHECK_WHY("whole", &tgz, "a.tgz", "");
}

/* Two gzip files, one behind the other, are one to those who unpack them. */
TEST(danger_in_the_next_stream)
{
    AUTO_BUF struct buf a = { .max = 1 << 20 }, b = { .max = 1 << 20 }, tgz = { .max = 1 << 20 };
    put_tar(&a, "a.txt", 1);
    put_tar(&b, "a.exe", 1);
    CHECK_OK(gzip_pack(&tgz, buf_str(&a)));
    CHECK_WHY("one", &tgz, "a.tgz", "");
    CHECK_OK(gzip_pack(&tgz, buf_str(&b)));
    CHECK_WHY("two", &tgz, "a.tgz", partly);
}

TEST(danger_of_gzip_by_its_content)
{
    static const struct {
        struct str content;
        const char *want;
    } rows[] = {
        { STR("MZ\x90\0\3\0\0\0"), program },
        { STR("\x7f"
              "ELF\2\1\1"),
          program },
        { STR("#!/bin/sh\nls\n"), program },
        { STR("<html><p>a page"), "" },
        { STR("plain words"), "" },
        { STR("%PDF-1.7"), "" },
        { STR(""), "" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_BUF struct buf gz = { .max = 1 << 20 };
        CHECK_OK(gzip_pack(&gz, rows[i].content));
        CHECK_WHY("gz", &gz, "a.gz", rows[i].want);
    }
}

/* A zip in a gzip file without a name; a tgz is one archive, whatever it is called within. */
TEST(danger_one_in_another)
{
    AUTO_BUF struct buf zip = { .max = 1 << 20 }, tar = { .max = 1 << 20 }, gz = { .max = 1 << 20 },
                        tgz = { .max = 1 << 20 }, twice = { .max = 1 << 20 };
    put_zip(&zip, 1, "b.txt");
    CHECK_WHY("alone", &zip, "a.zip", "");
    CHECK_OK(gzip_pack(&gz, buf_str(&zip)));
    CHECK_WHY("zip in gzip", &gz, "a.gz", nested);
    CHECK_OK(gzip_pack(&twice, buf_str(&gz)));
    CHECK_WHY("gzip in gzip", &twice, "a.gz", nested);
    put_tar(&tar, "a.txt", 1);
    put_tar_end(&tar);
    CHECK_OK(gzip_pack(&tgz, buf_str(&tar)));
    CHECK_WHY("tar.gz", &tgz, "a.tar.gz", "");
    tar.n = 1024; /* the end goes */
    put_tar(&tar, "in/b.zip", 1);
    CHECK_WHY("zip in tar", &tar, "a.tar", nested);
}

/* Anybody can give a member a name that makes a zip look like a document. */
TEST(danger_in_a_zip_like_a_document)
{
    AUTO_BUF struct buf zip = { .max = 1 << 20 };
    put_zip(&zip, 0, "word/setup.exe");
    CHECK_WHY("zip", &zip, "a.zip", program);
}
