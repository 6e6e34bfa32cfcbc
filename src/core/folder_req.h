/* What folder.c and folder_change.c share: a request under way. */
#pragma once
#include "core/folder.h"

struct folder_req {
    struct mail_at at; /* a reference to opened */
    union {            /* all NULL once cancelled */
        void *any;
        folder_list_fn *list;
        folder_fn *one;
    } done;
    void *ctx;
    struct arena arena; /* names; wiped at the end */
    struct folder *all; /* as last read */
    size_t n;
    const struct store_vacant *vacant; /* while go runs */
    size_t vacant_n;
    bool want_vacant; /* in all, behind the folders */
    uint64_t modseq;
    void (*go)(struct folder_req *r); /* once they are read, or err says why not */
    struct job later;
    enum err err;
    /* changes */
    struct str name, to;
    bool on;
    enum folder_use use; /* of one that is made */
    unsigned tries;
    struct store_folder now; /* what will be answered */
};
struct folder_req *folder_req_new(const struct mail_at *at, void *ctx);
void folder_req_free(struct folder_req *r);
/* Reads all folders, opens their names, and calls r->go on a later turn. ERR_IO: memory, and it will not. */
[[nodiscard]] enum err folder_read(struct folder_req *r);
const struct folder *folder_find(const struct folder_req *r, struct str name); /* NULL: none */
