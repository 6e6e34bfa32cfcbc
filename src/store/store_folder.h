/* The part of store.h that is about what has a name in a box: folders and keywords. */
#pragma once
#include "store/store_mail.h"

/* Counts are kept with each change, so a STATUS reads one row. uidvalidity: a fixed folder has the box's; a made one
 * another each, from the same series; it never goes down for a name, nor comes again for one whose folder was deleted,
 * renamed away or ended with an earlier box of the same address. */
struct store_folder {
    uint32_t no;
    uint32_t uidvalidity, uidnext, total, unseen, deleted;
    uint32_t recent, recent_from; /* messages from uid recent_from on are \Recent to the next who claims them */
    uint64_t bytes;               /* sum of size */
    uint64_t deleted_bytes;       /* of those with FLAG_DELETED */
    uint64_t modseq;              /* of the last change in it, deletions included; 1 when there was none */
    bool subscribed;              /* a fixed one is, until told otherwise */
    bool archive;                 /* it was made to be one (FOLDER_SET_ARCHIVE) */
    uint8_t name_hash[NAME_HASH_N];
    struct str sealed; /* name of a made folder; empty: one of the fixed five */
};
/* A name that is subscribed though no folder has it: one that was deleted or renamed had it (RFC 3501 section 6.3.6).
 * Together with the made folders there are at most STORE_FOLDERS_MAX. */
struct store_vacant {
    uint8_t name_hash[NAME_HASH_N];
    struct str sealed;
};
/* The fixed five by number, then the made ones by number. */
struct store_folders {
    struct store_req req;
    struct box_id box;
    struct store_folder *folders; /* out */
    size_t n;
    struct store_vacant *vacant; /* out */
    size_t vacant_n;
    uint64_t modseq; /* the box's highest */
};
/* Makes folders (no is 0), renames (FOLDER_SET_NAME) and subscribes (FOLDER_SET_SUBSCRIBED) them: all of them in one
 * step, or none. What a name is only its keyed hash tells: ERR_BUSY when two would have the same. A renamed folder
 * keeps its number and messages, and its uidvalidity when no other folder that lost a name had a higher one; else it
 * gets a new one. A name that a subscribed folder loses stays subscribed, and whichever folder gets it is. ERR_DENIED:
 * a folder that is not there, or a name for a fixed one. ERR_FULL: more than before and over STORE_FOLDERS_MAX, vacant
 * names counted. ERR_BAD: no name, or one over STORE_NAME_MAX. */
enum {
    FOLDER_SET_NAME = 1,
    FOLDER_SET_SUBSCRIBED = 2,
    FOLDER_SET_ARCHIVE = 4, /* for good */
    FOLDER_UNVACANT = 8     /* by itself, no is 0: that name is vacant no more. ERR_DENIED: it was not */
};
struct store_folder_item {
    uint32_t no; /* 0: a new one */
    unsigned set;
    uint8_t name_hash[NAME_HASH_N];
    struct str sealed;
    bool subscribed;
    struct store_folder folder; /* out: as it is now; sealed is not filled in */
};
struct store_folder_put {
    struct store_req req;
    struct box_id box;
    struct store_folder_item *items; /* in req.arena */
    size_t n;
};
/* A made folder and all in it; its name is vacant if it was subscribed. ERR_DENIED: one of the fixed five, or not
 * there. ERR_FULL: it holds more than STORE_IDS_MAX messages (delete some first). */
struct store_folder_del {
    struct store_req req;
    struct box_id box;
    uint32_t no;
    struct store_gone *gone; /* out: its messages, by uid */
    size_t gone_n;
    uint64_t modseq;
};
/* \Recent (RFC 3501 section 2.3.2): messages from uid `first` on were not claimed by anybody yet; with claim they are
 * now, by this one call. ERR_DENIED: no such folder. */
struct store_recent {
    struct store_req req;
    struct box_id box;
    uint32_t folder;
    bool claim;
    uint32_t first, uidnext; /* out; equal: none */
};
/* The bit of a keyword, by the keyed hash of its name; a new one gets the next free bit. ERR_FULL: all 24 are taken
 * (they are never given back: a message may carry them). ERR_BAD: no name, or one over STORE_NAME_MAX. */
struct store_keyword {
    uint32_t flag; /* FLAG_KEYWORD(0) … FLAG_KEYWORD(23) */
    uint8_t name_hash[NAME_HASH_N];
    struct str sealed;
};
struct store_keyword_put {
    struct store_req req;
    struct box_id box;
    struct store_keyword keyword; /* flag is out */
    bool made;                    /* out: it is new */
};
struct store_keywords {
    struct store_req req;
    struct box_id box;
    struct store_keyword *keywords; /* out, by flag */
    size_t n;
};
