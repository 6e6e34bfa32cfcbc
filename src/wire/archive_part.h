/* One listing under way, for archive.c and archive_tar.c. */
#pragma once
#include "wire/archive.h"

struct archive_walk {
    archive_fn *member;
    void *ctx;
    struct archive out;
};
void archive_tell(struct archive_walk *w, struct str name, bool encrypted);          /* checks the limits */
void archive_tell_content(struct archive_walk *w, struct str name, struct str head); /* of a gzip file */
bool archive_is_tar(struct str bytes);
bool archive_is_gzip(struct str bytes);
void archive_tar(struct archive_walk *w, struct str tar);
void archive_gzip(struct archive_walk *w, struct str gz); /* its name and content, and what a tar in it has */
