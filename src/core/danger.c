/* What a name's ending can make a system do when the file is opened, what it is by its content, and what an archive has
 * in it. */
#include "core/danger.h"
#include "core/magic.h"
#include "wire/archive.h"

static const char runs[] = "This file is a program", script[] = "This file is a script that can run",
                  macro[] = "This document can hold macros", page[] = "This page can run scripts when opened",
                  image[] = "This disk image hides what is in it from the system's warnings",
                  shortcut[] = "This shortcut can start programs",
                  doubled[] = "The name has two endings to look harmless",
                  help[] = "This file can start programs when opened",
                  turned[] = "The name is written to look like another", within[] = "This archive holds a program",
                  locked[] = "This archive is encrypted: nobody could look into it",
                  partly[] = "Only part of this archive could be looked into",
                  closed[] = "Nobody could look into an archive of this kind",
                  nested[] = "This archive holds another one: nobody could look into that",
                  carried[] = "This attached mail holds a program",
                  carried_closed[] = "Nobody could look into all that this attached mail holds",
                  two_faced[] = "This file is two in one: programs may find different things in it";

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

/* Packed in ways that are not read here; and what is read, but not within another one. */
static const struct str closed_endings = STR(" 7z rar bz2 bz tbz tbz2 xz txz lzma tlz lz zst tzst lzh lha zoo z "),
                        archive_endings = STR(" zip zipx tar gz tgz taz ");
static const struct str closed_types[] = {
    STR("application/x-7z-compressed"),
    STR("application/vnd.rar"),
    STR("application/x-bzip2"),
    STR("application/x-xz"),
    STR("application/zstd"),
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

static bool is_among(struct str ending, struct str endings)
{
    struct ending e;
    struct str key = ending_key(ending, &e);
    return key.n > 0 && str_find(endings, key) != STR_NONE;
}

static const char *danger_of_ending(struct str ending)
{
    for (size_t i = 0; i < COUNT(by_ending); i++)
        if (is_among(ending, by_ending[i].endings))
            return by_ending[i].why;
    return NULL;
}

/* "invoice.pdf.exe", "photo.jpg      .scr": an ending of two to four letters before the one that counts. */
static bool is_doubled(struct str stem)
{
    static const struct str harmless =
        STR(" pdf doc docx xls xlsx ppt pptx txt jpg jpeg png gif mp3 mp4 csv zip odt ods eml ");
    struct str ignored;
    return is_among(str_trim(ending_of(stem, &ignored)), harmless);
}

/* Marks that turn the direction of writing show "exe.gpj" as "jpg.exe". */
static bool is_turned(struct str name)
{
    return str_find(name, S("\xe2\x80\xae")) != STR_NONE || str_find(name, S("\xe2\x80\xad")) != STR_NONE ||
           str_find(name, S("\xe2\x81\xa6")) != STR_NONE || str_find(name, S("\xe2\x81\xa7")) != STR_NONE;
}

static const char *danger_of_type(struct str type)
{
    for (size_t i = 0; i < COUNT(by_type); i++)
        if (str_eq(type, by_type[i].type))
            return by_type[i].why;
    return str_ends(type, S("macroEnabled.12")) ? macro : NULL;
}

/* ---- archives ---- */
/* Office's own files are zips too, but no programs unpack them. */
static bool is_archive(struct str type)
{
    return str_eq(type, S("application/zip")) || str_eq(type, S("application/x-tar")) ||
           str_eq(type, S("application/gzip"));
}

static bool is_closed(struct str type)
{
    for (size_t i = 0; i < COUNT(closed_types); i++)
        if (str_eq(type, closed_types[i]))
            return true;
    return false;
}

/* A gzip file's content says itself what it is, and a tar is listed with it. Elsewhere there is a name only. */
static bool is_nested(const struct archive_member *m)
{
    struct str stem, ending = ending_of(m->name, &stem), type = magic_type(m->head);
    if (m->head.n > 0)
        return is_closed(type) || (is_archive(type) && !str_eq(type, S("application/x-tar")));
    return is_among(ending, closed_endings) || is_among(ending, archive_endings);
}

struct inside {
    bool program, locked, nested;
};

/* Pages are in many harmless archives, and nobody's program opens one there by itself. */
static bool is_program(const char *why) { return why && why != page; }

static bool hides(struct str name)
{
    struct str stem;
    return is_program(danger_of_ending(ending_of(name, &stem))) || is_turned(name);
}

static void look_within(void *ctx, const struct archive_member *m)
{
    struct inside *in = ctx;
    in->program = in->program || hides(m->name) || is_program(danger_of_type(magic_type(m->head)));
    in->locked = in->locked || m->encrypted;
    in->nested = in->nested || is_nested(m);
}

/* The one that weighs most. */
static const char *danger_inside(const struct inside *in, const struct archive *a)
{
    if (in->program)
        return within;
    if (a->two_faced)
        return two_faced;
    return in->locked ? locked : a->part ? partly : in->nested ? nested : NULL;
}

/* gzip need not say the name of what it holds: without its own ending the file has that one. */
static const char *danger_within(struct str name, struct str bytes)
{
    struct inside in = { 0 };
    struct str stem, ending = ending_of(name, &stem);
    struct archive a = archive_list(bytes, look_within, &in);
    in.program = in.program || (str_eq_nocase(ending, S("gz")) && hides(stem));
    return danger_inside(&in, &a);
}

/* Office's files are typed by their members' names, which anybody can give: what is called a zip is unpacked. */
static bool is_to_unpack(struct str ending, struct str type, struct str bytes)
{
    bool zip = str_starts(bytes, S("PK")) && (str_eq_nocase(ending, S("zip")) || str_eq_nocase(ending, S("zipx")));
    return zip || is_archive(type) || archive_zip_behind(bytes);
}

const char *danger_of_file(struct str name, struct str type, struct str bytes)
{
    struct str stem, ending = ending_of(name, &stem);
    const char *why = danger_of_ending(ending);
    if (is_turned(name))
        return turned;
    if (why)
        return is_doubled(stem) ? doubled : why;
    if ((why = danger_of_type(type)) != NULL)
        return why;
    bool ole = str_starts(bytes, S("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    if (ole && str_find(bytes, S("_\0V\0B\0A\0_\0P\0R\0O\0J\0E\0C\0T\0")) != STR_NONE)
        return macro;
    if (is_to_unpack(ending, type, bytes))
        return danger_within(name, bytes);
    return is_closed(type) || is_among(ending, closed_endings) ? closed : NULL;
}

const char *danger_carried(bool program, bool closed_one)
{
    return program ? carried : closed_one ? carried_closed : NULL;
}

bool danger_is_disguise(const char *why) { return why == doubled || why == turned; }
bool danger_is_within(const char *why) { return why == within || why == carried; }
bool danger_is_unseen(const char *why) { return why == locked || why == partly; }
bool danger_is_closed(const char *why) { return why == closed || why == nested || why == carried_closed; }
bool danger_is_page(const char *why) { return why == page; }
