#include "core/filetype.h"
#include "io/file.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

#define B(lit)                                                                                                         \
    {                                                                                                                  \
        (lit), sizeof(lit) - 1                                                                                         \
    }

TEST(filetype_by_content)
{
    static const struct {
        struct str bytes;
        const char *name, *declared, *want;
    } cases[] = {
        { B("%PDF-1.7\n"), "a.pdf", "application/pdf", "application/pdf" },
        { B("\x89PNG\r\n\x1a\n...."), "a.jpg", "image/jpeg", "image/png" },
        { B("\xff\xd8\xff\xe0"), "a", "", "image/jpeg" },
        { B("GIF89a.."), "a", "", "image/gif" },
        { B("RIFF\x10\0\0\0WEBPVP8 "), "a", "", "image/webp" },
        { B("XXXX\x10\0\0\0WEBPVP8 "), "a", "x/y", "x/y" },
        { B("PK\3\4....a.txt"), "a", "", "application/zip" },
        { B("PK\3\4....[Content_Types].xml....word/document.xml"), "a.zip", "",
          "application/vnd.openxmlformats-officedocument.wordprocessingml.document" },
        { B("PK\3\4....xl/workbook.xml"), "a", "",
          "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" },
        { B("PK\3\4....ppt/slides"), "a", "",
          "application/vnd.openxmlformats-officedocument.presentationml.presentation" },
        { B("PK\3\4....mimetypeapplication/vnd.oasis.opendocument.text"), "a", "",
          "application/vnd.oasis.opendocument.text" },
        { B("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"), "a", "",
          "application/msword" },
        { B("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...."), "a", "", "application/x-ole-storage" },
        { B("\x1f\x8b\x08"), "a", "", "application/gzip" },
        { B("7z\xbc\xaf\x27\x1c"), "a", "", "application/x-7z-compressed" },
        { B("Rar!\x1a\x07\x01\0"), "a", "", "application/vnd.rar" },
        { B("MZ\x90\0"), "a.txt", "text/plain", "application/vnd.microsoft.portable-executable" },
        { B("\x7f"
            "ELF\2"),
          "a", "", "application/x-elf" },
        { B("\xef\xbb\xbf\n <!DOCTYPE html><p>"), "a", "", "text/html" },
        { B("<?xml version='1.0'?><!-- x --><svg xmlns='x'>"), "a", "", "image/svg+xml" },
        { B("<?xml version='1.0'?><rss>"), "a", "", "application/xml" },
        { B("#!/bin/sh\nls"), "a", "", "text/x-shellscript" },
        { B("ID3\3"), "a", "", "audio/mpeg" },
        { B("\xff\xfb\x90\x64"), "a", "", "audio/mpeg" },
        { B("\0\0\0\x20"
            "ftypisom"),
          "a", "", "video/mp4" },
        { B("BEGIN:VCALENDAR\r\n"), "a", "", "text/calendar" },
        { B("begin:vcard\r\n"), "a", "", "text/vcard" },
        { B("just words\n"), "a", "application/pdf", "text/plain" },
        { B("a,b\n1,2\n"), "a.csv", "text/csv", "text/csv" },
        { B("{\"a\":1}"), "a", "application/json", "application/json" },
        { B("\0\1\2\3\4\5\6\7"), "a", "image/x-odd", "image/x-odd" },
        { B("\0\1\2\3"), "a", "", "application/octet-stream" },
        { B("BMW is a car, and this is a long enough text"), "a", "", "text/plain" },
        { B(""), "a", "text/plain", "text/plain" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct filetype t = filetype_of(cases[i].bytes, str_c(cases[i].name), str_c(cases[i].declared));
        CHECK_STR(cases[i].want, t.content_type, cases[i].want);
    }
}

TEST(filetype_danger)
{
    static const struct {
        const char *name;
        struct str bytes;
        const char *want; /* NULL: harmless */
    } cases[] = {
        { "a.pdf", B("%PDF-1.7"), NULL },
        { "a.txt", B("hello"), NULL },
        { "setup.exe", B("MZ"), "This file is a program" },
        { "a.txt", B("MZ"), "This file is a program" },
        { "invoice.pdf.exe", B("MZ"), "The name has two endings to look harmless" },
        { "photo.jpg      .SCR", B("x"), "The name has two endings to look harmless" },
        { "run.js", B("x"), "This file is a script that can run" },
        { "a.exe. ", B("x"), "This file is a program" },
        { "a.vbs", B("x"), "This file is a script that can run" },
        { "a.lnk", B("x"), "This shortcut can start programs" },
        { "a.iso", B("x"), "This disk image hides what is in it from the system's warnings" },
        { "a.html", B("x"), "This page can run scripts when opened" },
        { "a.png", B("<html>"), "This page can run scripts when opened" },
        { "a.docm", B("PK\3\4"), "This document can hold macros" },
        { "a.docx", B("PK\3\4...word/vbaProject.bin"), "This document can hold macros" },
        { "a.doc", B("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..._\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0"),
          "This document can hold macros" },
        { "a.doc", B("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."), NULL },
        { "gpj.\xe2\x80\xae"
          "exe.jpg",
          B("x"), "The name is written to look like another" },
        { "a.7z", B("7z\xbc\xaf\x27\x1c"), "Nobody could look into an archive of this kind" },
        { "photos", B("7z\xbc\xaf\x27\x1c"), "Nobody could look into an archive of this kind" },
        { "a.dat", B("Rar!\x1a\x07\x01\0"), "Nobody could look into an archive of this kind" },
        { "a", B("BZh9"), "Nobody could look into an archive of this kind" },
        { "a.tar.XZ", B("\xfd\x37zXZ\0"), "Nobody could look into an archive of this kind" },
        { "a.rar", B("\1\2\3"), "Nobody could look into an archive of this kind" },
        { "a.exe.7z", B("7z\xbc\xaf\x27\x1c"), "Nobody could look into an archive of this kind" },
        { "v1.2.tar.gz", B("\x1f\x8b"), NULL },
        { "", B("x"), NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct filetype t = filetype_of(cases[i].bytes, str_c(cases[i].name), S(""));
        CHECK_STR(cases[i].name, str_c(t.dangerous), cases[i].want ? cases[i].want : "");
    }
}

/* One empty member, and the directory that names it. */
static struct filetype zip_with(const char *name, bool encrypted)
{
    static const char entry[46] = "PK\1\2\x14\0\x14", end[22] = "PK\5\6\0\0\0\0\1\0\1";
    char zip[30 + 46 + 22 + 2 * 64] = "PK\3\4\x14";
    size_t n = strlen(name), directory = 30 + n, at = directory + 46 + n;
    zip[6] = encrypted;
    zip[26] = (char)n;
    memcpy(zip + 30, name, n);
    memcpy(zip + directory, entry, sizeof entry);
    zip[directory + 8] = encrypted;
    zip[directory + 28] = (char)n;
    memcpy(zip + directory + 46, name, n);
    memcpy(zip + at, end, sizeof end);
    zip[at + 12] = (char)(46 + n);
    zip[at + 16] = (char)directory;
    return filetype_of(str_of(zip, at + sizeof end), S("holiday.zip"), S("application/octet-stream"));
}

TEST(filetype_archives)
{
    static const struct {
        const char *member;
        bool encrypted;
        const char *want;
    } cases[] = {
        { "photos/beach.jpg", false, "" },
        { "site/index.html", false, "" },
        { "inner.zip", false, "This archive holds another one: nobody could look into that" },
        { "old/inner.TAR.XZ", false, "This archive holds another one: nobody could look into that" },
        { "report.docx", false, "" },
        { "setup.exe", false, "This archive holds a program" },
        { "dir.exe/readme.txt", false, "" },
        { "photo.jpg      .SCR", false, "This archive holds a program" },
        { "invoice.vbs", true, "This archive holds a program" },
        { "invoice.pdf", true, "This archive is encrypted: nobody could look into it" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct filetype t = zip_with(cases[i].member, cases[i].encrypted);
        CHECK_STR("type", t.content_type, "application/zip");
        CHECK_STR(cases[i].member, str_c(t.dangerous), cases[i].want);
    }
}

/* A picture to one program and an archive to another is neither to be trusted as. */
TEST(filetype_two_in_one)
{
    static const char *const seeds[] = { "zip-behind-picture", "zip-behind-picture-harmless" };
    static const char *const want[] = { "This archive holds a program",
                                        "This file is two in one: programs may find different things in it" };
    for (size_t i = 0; i < COUNT(seeds); i++) {
        AUTO_BUF struct buf file = { .max = 1 << 16 };
        char path[200];
        snprintf(path, sizeof path, "fuzz/corpus/archive/%s", seeds[i]);
        CHECK_OK(file_load(path, 1 << 16, &file));
        struct filetype t = filetype_of(buf_str(&file), S("holiday.gif"), S("image/gif"));
        CHECK_STR("type", t.content_type, "image/gif");
        CHECK_STR(seeds[i], str_c(t.dangerous), want[i]);
    }
}

/* What gzip does not say, the file's own name does. */
TEST(filetype_gzip_without_a_name)
{
    static const char empty[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    struct str bytes = str_of(empty, sizeof empty - 1), octets = S("application/octet-stream");
    CHECK_STR("program", str_c(filetype_of(bytes, S("setup.exe.gz"), octets).dangerous),
              "This archive holds a program");
    CHECK_STR("page", str_c(filetype_of(bytes, S("index.html.gz"), octets).dangerous), "");
    CHECK_STR("text", str_c(filetype_of(bytes, S("report.txt.gz"), octets).dangerous), "");
    CHECK_STR("no ending", str_c(filetype_of(bytes, S("setup.exe"), S("application/gzip")).dangerous),
              "This file is a program");
}
