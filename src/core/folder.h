/* Folders of an opened box, by name: listed, made, renamed, deleted, subscribed. Names are UTF-8 of at most
 * FOLDER_NAME_MAX octets, FOLDER_LEVELS_MAX levels separated by '/'; INBOX alone is known in any case, and as
 * first level always spelt so. What the store holds of a name opens with a credential and the lease only (auth.h). A
 * name may have children without existing itself: deleting a folder leaves its children where they are.
 *
 * Each call answers once on a later turn, unless cancelled (what was begun is carried out and told even then), and
 * gives NULL when memory is out. Changes are told as EVENT_FOLDER_CHANGED: a new folder before what is moved into it, a
 * renamed one before those below it, a deleted one after its messages. */
#pragma once
#include "core/folder_name.h"
#include "core/mail_at.h"

struct folder {
    struct str name;        /* the fixed five: INBOX, Junk, Sent, Drafts, Trash */
    struct store_folder at; /* numbers and counts; sealed is empty */
};
struct folder_req;
void folder_cancel(struct folder_req *r); /* NULL is fine */

/* INBOX, Junk, Sent, Drafts, Trash, then the others by name; valid during the call. modseq: the box's highest. */
typedef void folder_list_fn(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq);
struct folder_req *folder_list(const struct mail_at *at, folder_list_fn *done, void *ctx);
/* And among them names that are subscribed though no folder has them any more: of these at.no is 0. */
struct folder_req *folder_list_vacant(const struct mail_at *at, folder_list_fn *done, void *ctx);

/* of: the folder as it is now (its name is that of at->opened, sealed empty); NULL with an error.
 * ERR_BAD: not a name (folder_name_ok). ERR_BUSY: there is one of that name, or somebody else changed folders all the
 * while. ERR_FULL: STORE_FOLDERS_MAX, names without a folder counted. ERR_GONE: no such folder (box ended: opened->gone
 * or ERR_GONE from everything). ERR_DENIED: not with a fixed one. */
typedef void folder_fn(void *ctx, enum err e, const struct store_folder *of);
/* Makes what is missing of the levels above, too. A '/' at the end is taken off. What it is for stays with it. */
enum folder_use { FOLDER_PLAIN, FOLDER_ARCHIVE };
struct folder_req *folder_create(const struct mail_at *at, struct str name, enum folder_use use, folder_fn *done,
                                 void *ctx);
/* Children move along, and levels above the new name are made. INBOX stays: the new folder gets its messages (RFC 3501
 * section 6.3.5), its children stay with it; should it hold more than STORE_IDS_MAX, they move in several steps. */
struct folder_req *folder_rename(const struct mail_at *at, struct str from, struct str to, folder_fn *done, void *ctx);
/* With all its messages; its children stay. of: as it was. */
struct folder_req *folder_delete(const struct mail_at *at, struct str name, folder_fn *done, void *ctx);
/* A name stays subscribed when its folder is renamed or deleted, and a folder that gets it is. ERR_GONE: nor is there
 * such a name; of->no is 0: there was no folder. */
struct folder_req *folder_subscribe(const struct mail_at *at, struct str name, bool on, folder_fn *done, void *ctx);

/* What is known without asking the store: the fixed five, and made ones once folder_list() was answered for this opened
 * box (EVENT_FOLDER_CHANGED keeps it so). Empty, 0: not known. */
struct str folder_name(const struct opened *o, uint32_t no);
uint32_t folder_no(const struct opened *o, struct str name);
bool folder_names_known(const struct opened *o);
