/* Two tables: first bytes, and what a name's ending can make a system do when it is opened. */
#include "core/filetype.h"
#include <string.h>

enum { TEXT_LOOKED_AT = 512, ZIP_LOOKED_AT = 64 << 10 };

/* ---- type by content ---- */

struct magic {
    size_t at;
    struct str bytes;
    struct str type;
};

static const struct str ole_magic = STR("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");

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

static struct str by_content(struct str bytes)
{
    for (size_t i = 0; i < COUNT(magics); i++)
        if (has(bytes, &magics[i]) && is_really(bytes, &magics[i]))
            return str_ends(magics[i].type, S("ole-storage")) ? ole_kind(bytes) : magics[i].type;
    if (str_starts(bytes, S("PK\3\4")) || str_starts(bytes, S("PK\5\6")))
        return zip_kind(bytes);
    return is_mp3_frame(bytes) ? S("audio/mpeg") : by_text(bytes);
}

/* ---- danger ---- */

static const char runs[] = "This file is a program", script[] = "This file is a script that can run",
                  macro[] = "This document can hold macros", page[] = "This page can run scripts when opened",
                  image[] = "This disk image hides what is in it from the system's warnings",
                  shortcut[] = "This shortcut can start programs",
                  doubled[] = "The name has two endings to look harmless",
                  help[] = "This file can start programs when opened",
                  turned[] = "The name is written to look like another";

static const struct {
    const char *why;
    struct str endings; /* a blank before and behind each */
} by_ending[] = {
    { runs, STR(" exe dll com scr pif cpl msi msp mst ocx sys drv jar apk ipa app dmg pkg deb rpm appimage run elf so "
                "gadget msix appx xll appxbundle msixbundle ") },
    { script,
      STR(" js jse mjs vbs vbe vb wsf wsh wsc ws ps1 ps1xml ps2 psm1 psd1 psc1 bat cmd sh bash zsh csh ksh command "
          "py pyw pyc pl rb php reg inf sct hta ade adp mde application scpt applescript tcl lua ahk jnlp ") },
    { macro, STR(" docm dotm xlsm xltm xlsb xlam pptm potm ppam ppsm sldm xla xlt ") },
    { page, STR(" html htm xhtml xht shtml mht mhtml svg svgz ") },
    { image, STR(" iso img vhd vhdx udf daa nrg wim cab ace arj ") },
    { shortcut, STR(" lnk url scf desktop website webloc library-ms search-ms settingcontent-ms theme ") },
    { help, STR(" chm hlp one onepkg pub rtf wll iqy slk msc diagcab grp ade job ") },
};

static const struct {
    struct str type;
    const char *why;
} by_type[] = {
    { STR("application/vnd.microsoft.portable-executable"), runs },
    { STR("application/x-elf"), runs },
    { STR("application/x-mach-binary"), runs },
    { STR("application/java-vm"), runs },
    { STR("application/java-archive"), runs },
    { STR("application/vnd.android.package-archive"), runs },
    { STR("application/vnd.debian.binary-package"), runs },
    { STR("application/x-rpm"), runs },
    { STR("application/x-ms-shortcut"), shortcut },
    { STR("application/x-mswinurl"), shortcut },
    { STR("text/x-shellscript"), script },
    { STR("application/x-bat"), script },
    { STR("application/x-httpd-php"), script },
    { STR("text/html"), page },
    { STR("application/xhtml+xml"), page },
    { STR("image/svg+xml"), page },
    { STR("application/x-iso9660-image"), image },
    { STR("application/vnd.ms-cab-compressed"), image },
};

static struct str ending_of(struct str name, struct str *stem)
{
    while (name.n > 0 && (name.p[name.n - 1] == '.' || name.p[name.n - 1] == ' ')) /* Windows drops these */
        name.n--;
    size_t dot = str_rchr(name, '.');
    *stem = str_sub(name, 0, dot == STR_NONE ? name.n : dot);
    return dot == STR_NONE ? (struct str){ 0 } : str_from(name, dot + 1);
}

enum { ENDING_MAX = 20 }; /* the longest that is listed is shorter */
struct ending {
    char p[ENDING_MAX + 2];
};

/* As it stands in a list; {NULL, 0} for what can stand in none. */
static struct str ending_key(struct str ending, struct ending *key)
{
    if (ending.n == 0 || ending.n > ENDING_MAX || str_chr(ending, ' ') != STR_NONE)
        return (struct str){ NULL, 0 };
    key->p[0] = key->p[ending.n + 1] = ' ';
    for (size_t i = 0; i < ending.n; i++)
        key->p[i + 1] = char_lower(ending.p[i]);
    return str_of(key->p, ending.n + 2);
}

static const char *danger_of_ending(struct str ending)
{
    struct ending e;
    struct str key = ending_key(ending, &e);
    for (size_t i = 0; key.n > 0 && i < COUNT(by_ending); i++)
        if (str_find(by_ending[i].endings, key) != STR_NONE)
            return by_ending[i].why;
    return NULL;
}

/* "invoice.pdf.exe", "photo.jpg      .scr": an ending of two to four letters before the one that counts. */
static bool is_doubled(struct str stem)
{
    static const struct str harmless =
        STR(" pdf doc docx xls xlsx ppt pptx txt jpg jpeg png gif mp3 mp4 csv zip odt ods eml ");
    struct ending e;
    struct str ignored, key = ending_key(str_trim(ending_of(stem, &ignored)), &e);
    return key.n > 0 && str_find(harmless, key) != STR_NONE;
}

/* Marks that turn the direction of writing show "exe.gpj" as "jpg.exe". */
static bool is_turned(struct str name)
{
    return str_find(name, S("\xe2\x80\xae")) != STR_NONE || str_find(name, S("\xe2\x80\xad")) != STR_NONE ||
           str_find(name, S("\xe2\x81\xa6")) != STR_NONE || str_find(name, S("\xe2\x81\xa7")) != STR_NONE;
}

static const char *danger_of(struct str name, struct str type, struct str bytes)
{
    struct str stem, ending = ending_of(name, &stem);
    const char *why = danger_of_ending(ending);
    if (is_turned(name))
        return turned;
    if (why)
        return is_doubled(stem) ? doubled : why;
    for (size_t i = 0; i < COUNT(by_type); i++)
        if (str_eq(type, by_type[i].type))
            return by_type[i].why;
    bool ole = str_starts(bytes, ole_magic);
    if (str_ends(type, S("macroEnabled.12")) ||
        (ole && str_find(bytes, S("_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0")) != STR_NONE))
        return macro;
    return NULL;
}

/* Text is text whatever it is about: there the declared type says more, as long as it is text of some kind too. */
static bool says_more(struct str declared)
{
    static const struct str known[] = { STR("text/csv"),
                                        STR("text/css"),
                                        STR("text/markdown"),
                                        STR("application/json"),
                                        STR("text/rfc822-headers"),
                                        STR("message/delivery-status"),
                                        STR("text/enriched"),
                                        STR("text/x-patch"),
                                        STR("text/x-diff"),
                                        STR("application/xml"),
                                        STR("text/xml"),
                                        STR("application/pgp-signature"),
                                        STR("application/pgp-keys"),
                                        STR("message/rfc822") };
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_eq_nocase(declared, known[i]))
            return true;
    return false;
}

struct filetype filetype_of(struct str bytes, struct str filename, struct str declared)
{
    struct str type = by_content(bytes);
    if (type.n == 0 || (str_eq(type, S("text/plain")) && says_more(declared)))
        type = declared.n > 0 ? declared : S("application/octet-stream");
    return (struct filetype){ .content_type = type, .dangerous = danger_of(filename, type, bytes) };
}
