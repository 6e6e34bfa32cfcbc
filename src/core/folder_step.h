/* A step of a change of folders: what the store does at once, told when it is done. Should somebody have changed them
 * in between, so that it does not fit any more, all is read and worked out again. */
#pragma once
#include "core/folder_req.h"

struct folder_step {
    struct folder_req *r;
    struct store_folder_put *q;
    struct str *names, *were; /* of each item; were: empty: it is new */
    void (*then)(struct folder_req *r);
    enum err err; /* while it is put together */
};

void folder_answer(struct folder_req *r, enum err e); /* and frees it */
void folder_done(struct folder_req *r);               /* answers OK */

struct folder_step *folder_step_new(struct folder_req *r, size_t items_max, void (*then)(struct folder_req *));
void folder_step_name(struct folder_step *s, uint32_t no, struct str name, struct str was); /* no 0: a new one */
void folder_step_parents(struct folder_step *s, struct str name); /* every level above that is not there yet */
void folder_step_go(struct folder_step *s);                       /* what it is about was put last */
