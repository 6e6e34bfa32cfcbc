/* A table of first bytes. */
#include "core/magic.h"
#include <string.h>

enum { TEXT_LOOKED_AT = 512, ZIP_LOOKED_AT = 64 << 10 };

/* ---- type by content ---- */

struct magic {
    size_t at;
    struct str bytes;
    struct str type;
};

static const struct magic magics[] = {
    { 0, STR("%PDF-"), STR("application/pdf") },
    { 0, STR("\x89PNG\r\n\x1a\n"), STR("image/png") },
    { 0, STR("\xff\xd8\xff"), STR("image/jpeg") },
    { 0, STR("GIF87a"), STR("image/gif") },
    { 0, STR("GIF89a"), STR("image/gif") },
    { 8, STR("WEBP"), STR("image/webp") },
    { 8, STR("WAVE"), STR("audio/wav") },
    { 8, STR("AVI "), STR("video/x-msvideo") },
    { 0, STR("BM"), STR("image/bmp") },
    { 0, STR("II*\0"), STR("image/tiff") },
    { 0, STR("MM\0*"), STR("image/tiff") },
    { 0, STR("\0\0\1\0"), STR("image/vnd.microsoft.icon") },
    { 4, STR("ftypheic"), STR("image/heic") },
    { 4, STR("ftypavif"), STR("image/avif") },
    { 4, STR("ftypqt"), STR("video/quicktime") },
    { 4, STR("ftypM4A"), STR("audio/mp4") },
    { 4, STR("ftyp"), STR("video/mp4") },
    { 0, STR("\x1a\x45\xdf\xa3"), STR("video/webm") },
    { 0, STR("OggS"), STR("audio/ogg") },
    { 0, STR("fLaC"), STR("audio/flac") },
    { 0, STR("ID3"), STR("audio/mpeg") },
    { 0, STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), STR("application/x-ole-storage") },
    { 0, STR("\x1f\x8b"), STR("application/gzip") },
    { 0, STR("BZh"), STR("application/x-bzip2") },
    { 0,
      STR("\xfd"
          "7zXZ\0"),
      STR("application/x-xz") },
    { 0, STR("\x28\xb5\x2f\xfd"), STR("application/zstd") },
    { 0, STR("7z\xbc\xaf\x27\x1c"), STR("application/x-7z-compressed") },
    { 0, STR("Rar!\x1a\x07"), STR("application/vnd.rar") },
    { 257, STR("ustar"), STR("application/x-tar") },
    { 0, STR("MSCF"), STR("application/vnd.ms-cab-compressed") },
    { 32769, STR("CD001"), STR("application/x-iso9660-image") },
    { 0, STR("MZ"), STR("application/vnd.microsoft.portable-executable") },
    { 0,
      STR("\x7f"
          "ELF"),
      STR("application/x-elf") },
    { 0, STR("\xfe\xed\xfa\xce"), STR("application/x-mach-binary") },
    { 0, STR("\xfe\xed\xfa\xcf"), STR("application/x-mach-binary") },
    { 0, STR("\xcf\xfa\xed\xfe"), STR("application/x-mach-binary") },
    { 0, STR("\xca\xfe\xba\xbe"), STR("application/java-vm") },
    { 0, STR("\x4c\0\0\0\x01\x14\x02\0"), STR("application/x-ms-shortcut") },
    { 0, STR("{\\rtf"), STR("application/rtf") },
    { 0, STR("!<arch>\n"), STR("application/vnd.debian.binary-package") },
    { 0, STR("\xed\xab\xee\xdb"), STR("application/x-rpm") },
    { 0, STR("SQLite format 3"), STR("application/vnd.sqlite3") },
    { 0, STR("wOF2"), STR("font/woff2") },
    { 0, STR("\0asm"), STR("application/wasm") },
};

/* Compared without case, behind leading blanks and a byte order mark. */
static const struct magic texts[] = {
    { 0, STR("#!"), STR("text/x-shellscript") },
    { 0, STR("<?php"), STR("application/x-httpd-php") },
    { 0, STR("<svg"), STR("image/svg+xml") },
    { 0, STR("<!doctype svg"), STR("image/svg+xml") },
    { 0, STR("<!doctype html"), STR("text/html") },
    { 0, STR("<html"), STR("text/html") },
    { 0, STR("<head"), STR("text/html") },
    { 0, STR("<script"), STR("text/html") },
    { 0, STR("<body"), STR("text/html") },
    { 0, STR("<iframe"), STR("text/html") },
    { 0, STR("<meta"), STR("text/html") },
    { 0, STR("begin:vcalendar"), STR("text/calendar") },
    { 0, STR("begin:vcard"), STR("text/vcard") },
    { 0, STR("-----begin pgp"), STR("application/pgp-encrypted") },
    { 0, STR("-----begin"), STR("application/x-pem-file") },
    { 0, STR("@echo off"), STR("application/x-bat") },
    { 0, STR("[internetshortcut]"), STR("application/x-mswinurl") },
};

static bool has(struct str bytes, const struct magic *m) { return str_starts(str_from(bytes, m->at), m->bytes); }

/* The kind of a zip file stands in the names of its members; the first ones are near its head, all of them at its end.
 */
static struct str zip_kind(struct str bytes)
{
    static const struct magic members[] = {
        { 0, STR("word/vbaProject.bin"), STR("application/vnd.ms-word.document.macroEnabled.12") },
        { 0, STR("xl/vbaProject.bin"), STR("application/vnd.ms-excel.sheet.macroEnabled.12") },
        { 0, STR("ppt/vbaProject.bin"), STR("application/vnd.ms-powerpoint.presentation.macroEnabled.12") },
        { 0, STR("word/"), STR("application/vnd.openxmlformats-officedocument.wordprocessingml.document") },
        { 0, STR("xl/"), STR("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet") },
        { 0, STR("ppt/"), STR("application/vnd.openxmlformats-officedocument.presentationml.presentation") },
        { 0, STR("mimetypeapplication/epub+zip"), STR("application/epub+zip") },
        { 0, STR("mimetypeapplication/vnd.oasis.opendocument.text"), STR("application/vnd.oasis.opendocument.text") },
        { 0, STR("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"),
          STR("application/vnd.oasis.opendocument.spreadsheet") },
        { 0, STR("mimetypeapplication/vnd.oasis.opendocument.presentation"),
          STR("application/vnd.oasis.opendocument.presentation") },
        { 0, STR("AndroidManifest.xml"), STR("application/vnd.android.package-archive") },
        { 0, STR("META-INF/MANIFEST.MF"), STR("application/java-archive") },
    };
    struct str head = str_sub(bytes, 0, ZIP_LOOKED_AT);
    struct str tail = bytes.n > 2 * ZIP_LOOKED_AT ? str_from(bytes, bytes.n - ZIP_LOOKED_AT) : str_from(bytes, head.n);
    for (size_t i = 0; i < COUNT(members); i++)
        if (str_find(head, members[i].bytes) != STR_NONE || str_find(tail, members[i].bytes) != STR_NONE)
            return members[i].type;
    return S("application/zip");
}

/* Old Office files name their streams in UTF-16; a macro is the stream _VBA_PROJECT. */
static struct str ole_kind(struct str bytes)
{
    static const struct magic streams[] = {
        { 0, STR("W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"), STR("application/msword") },
        { 0, STR("W\0o\0r\0k\0b\0o\0o\0k\0"), STR("application/vnd.ms-excel") },
        { 0, STR("P\0o\0w\0e\0r\0P\0o\0i\0n\0t\0"), STR("application/vnd.ms-powerpoint") },
        { 0, STR("_\0_\0s\0u\0b\0s\0t\0g\0"), STR("application/vnd.ms-outlook") },
    };
    for (size_t i = 0; i < COUNT(streams); i++)
        if (str_find(bytes, streams[i].bytes) != STR_NONE)
            return streams[i].type;
    return S("application/x-ole-storage");
}

/* Two octets say little: a Windows program has its real header where the old one points. */
static bool is_really(struct str bytes, const struct magic *m)
{
    if (str_eq(m->bytes, S("BM")))
        return bytes.n > 26 && bytes.p[15] == 0 && bytes.p[6] == 0 && bytes.p[7] == 0;
    if (m->at == 8)
        return str_starts(bytes, S("RIFF"));
    if (str_eq(m->bytes, S("\xca\xfe\xba\xbe")))
        return bytes.n >= 8;
    return true;
}

static struct str text_start(struct str bytes)
{
    if (str_starts(bytes, S("\xef\xbb\xbf")))
        bytes = str_from(bytes, 3);
    return str_trim(str_sub(bytes, 0, TEXT_LOOKED_AT));
}

/* <?xml …?> and comments may come before the element that tells. */
static struct str xml_kind(struct str start)
{
    if (str_find_nocase(start, S("<svg")) != STR_NONE)
        return S("image/svg+xml");
    return str_find_nocase(start, S("<html")) != STR_NONE ? S("application/xhtml+xml") : S("application/xml");
}

static bool is_text(struct str bytes)
{
    struct str s = str_sub(bytes, 0, TEXT_LOOKED_AT);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && !strchr("\t\n\r\f\b\x1b", c)) || c == 0)
            return false;
    }
    return s.n > 0;
}

static bool is_mp3_frame(struct str b)
{
    return b.n > 2 && (unsigned char)b.p[0] == 0xff && (b.p[1] & 0xe6) == 0xe2 && (b.p[2] & 0xf0) != 0xf0;
}

static struct str by_text(struct str bytes)
{
    struct str start = text_start(bytes);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (str_starts_nocase(start, texts[i].bytes))
            return texts[i].type;
    if (str_starts_nocase(start, S("<?xml")) || str_starts(start, S("<!--")))
        return xml_kind(start);
    return is_text(bytes) ? S("text/plain") : (struct str){ 0 };
}

struct str magic_type(struct str bytes)
{
    for (size_t i = 0; i < COUNT(magics); i++)
        if (has(bytes, &magics[i]) && is_really(bytes, &magics[i]))
            return str_ends(magics[i].type, S("ole-storage")) ? ole_kind(bytes) : magics[i].type;
    if (str_starts(bytes, S("PK\3\4")) || str_starts(bytes, S("PK\5\6")))
        return zip_kind(bytes);
    return is_mp3_frame(bytes) ? S("audio/mpeg") : by_text(bytes);
}
