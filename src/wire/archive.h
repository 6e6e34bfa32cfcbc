/* What an archive says is in it: the names of a zip (APPNOTE 6.3.10), tar (POSIX ustar and pax, GNU) or gzip (RFC 1952)
 * file. Nothing is unpacked but the first octets of a gzip stream, where a tar may begin; so a bomb costs what any
 * other file of its size costs. Total, linear, bounded. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum {
    LIMIT_ARCHIVE_MEMBERS = 1000,          /* told of one archive; more make it part */
    LIMIT_ARCHIVE_NAME = 1024,             /* octets of a name; longer ones are cut on their left */
    LIMIT_ARCHIVE_UNPACKED = 64 * 1024,    /* of a gzip stream, on the way out */
    LIMIT_ARCHIVE_PACKED = 4 * 256 * 1024, /* and in */
};

enum archive_kind { ARCHIVE_NONE, ARCHIVE_ZIP, ARCHIVE_TAR, ARCHIVE_GZIP };

struct archive_member {
    struct str name; /* any bytes but NUL, not empty where there is no head; for the length of the call */
    struct str head; /* a gzip file's content, its first octets; of others it is not known. Likewise */
    bool encrypted;
};
struct archive {
    enum archive_kind kind; /* of the outermost wrapping */
    size_t members;         /* told; what two directories of a zip name is told twice, each second name again */
    bool part;              /* there are, or may be, more: over a limit, cut off, or damaged */
    bool two_faced; /* a zip with octets before its first member (a program that unpacks itself; a picture to one
                       reader and an archive to another), or with a second name for what needs none */
};
typedef void archive_fn(void *ctx, const struct archive_member *m);
/* Is there a zip in it for those who look at a file's end, though the file begins as something else? */
bool archive_zip_behind(struct str bytes);
/* Calls member for each. ARCHIVE_NONE: no archive that we know. What archive_zip_behind() finds is listed as a zip. */
struct archive archive_list(struct str bytes, archive_fn *member, void *ctx);
