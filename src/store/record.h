/* Boxes, credentials, messages, folders, segments and leases as bytes, big-endian, each with a version in its first
 * byte or a magic. What is written is the newest version; older ones are read as docs/storage.md says. Every parser is
 * total. */
#pragma once
#include "store/key.h"

struct box_rec {
    struct store_box box; /* id and sealed are not in the record: the key, and a record of its own */
    uint32_t slot;        /* of the lease */
    uint32_t gone_n;      /* expunges kept in the change log */
    uint64_t gone_floor;  /* modseq of the newest expunge that is no longer kept */
    uint32_t vacated;     /* highest uidvalidity of a made folder that lost its name or is gone; 0: none */
};
struct row_rec {
    struct store_row row; /* env: borrowed from the record when it is kept there, else NULL */
    uint64_t seg, off;    /* of the record's head */
};
struct dup_rec {
    int64_t at_ms;
    uint32_t folder, uid; /* where the message came in */
    bool has_id;          /* not in version 1 */
    struct msg_id id;     /* finds it wherever it was moved since */
};
struct seg_rec {
    uint32_t cls;
    bool sealed;
    uint64_t size, live_n, live_bytes;
    int64_t created_ms;
};
/* Before each message in a segment. A run of dead ones is one head again, marked dead, over all of them. */
struct rec_head {
    bool dead;
    struct box_id box;
    struct msg_id id;
    uint64_t env_n, hdr_n, body_n;
};
struct lease_rec {
    bool live;
    uint32_t slot;
    struct box_id box;
    uint8_t key[KEY_N];
};
enum {
    REC_BOX_N = 192,
    REC_CRED_MAX = 160 + STORE_SEALED_MAX,
    REC_FOLDER_MAX = 72 + STORE_SEALED_MAX, /* version 1 took names up to that */
    REC_KEYWORD_MAX = 17 + STORE_NAME_MAX,
    REC_VACANT_MAX = 1 + STORE_NAME_MAX,
    REC_ROW_HEAD_N = 89,       /* 16 more of a copy */
    REC_ENV_INLINE_MAX = 1024, /* a longer env lies in the segment only: LMDB's pages are 4 KiB */
    REC_ROW_MAX = REC_ROW_HEAD_N + MSG_ID_N + REC_ENV_INLINE_MAX,
    REC_GONE_N = 25,
    REC_DUP_N = 33,
    REC_SEG_N = 38,
    REC_HEAD_N = 64,
    REC_LEASE_N = 128
};

size_t rec_box_put(uint8_t out[REC_BOX_N], const struct box_rec *b);
[[nodiscard]] enum err rec_box_parse(struct str in, struct box_rec *out);
size_t rec_cred_put(uint8_t out[REC_CRED_MAX], const struct store_cred *c);   /* sealed.n <= STORE_SEALED_MAX */
[[nodiscard]] enum err rec_cred_parse(struct str in, struct store_cred *out); /* sealed borrowed from in */
#define REC_NOT_COUNTED UINT64_MAX
size_t rec_folder_put(uint8_t out[REC_FOLDER_MAX], const struct store_folder *f);
/* no is the caller's. recent_from 0: a record of version 1, which has no deleted, recent, bytes and uidvalidity;
 * deleted_bytes REC_NOT_COUNTED: of version 2, with messages to be deleted. */
[[nodiscard]] enum err rec_folder_parse(struct str in, struct store_folder *out);
size_t rec_keyword_put(uint8_t out[REC_KEYWORD_MAX], const struct store_keyword *k);
[[nodiscard]] enum err rec_keyword_parse(struct str in, struct store_keyword *out); /* flag is in the key */
size_t rec_vacant_put(uint8_t out[REC_VACANT_MAX], const struct store_vacant *v);
[[nodiscard]] enum err rec_vacant_parse(struct str in, struct store_vacant *out); /* name_hash is in the key */
/* folder and uid are in the key. Copies alone need version 3; the others are written as version 2. */
size_t rec_row_put(uint8_t out[REC_ROW_MAX], const struct row_rec *r);
[[nodiscard]] enum err rec_row_parse(struct str in, struct row_rec *out);
size_t rec_gone_put(uint8_t out[REC_GONE_N], const struct store_gone *g);
[[nodiscard]] enum err rec_gone_parse(struct str in, struct store_gone *out); /* modseq is in the key */
size_t rec_dup_put(uint8_t out[REC_DUP_N], const struct dup_rec *d);
[[nodiscard]] enum err rec_dup_parse(struct str in, struct dup_rec *out);
size_t rec_seg_put(uint8_t out[REC_SEG_N], const struct seg_rec *s);
[[nodiscard]] enum err rec_seg_parse(struct str in, struct seg_rec *out);
void rec_head_put(uint8_t out[REC_HEAD_N], const struct rec_head *h);
/* ERR_BAD also when the lengths do not fit `room` octets behind the head. */
[[nodiscard]] enum err rec_head_parse(struct str in, uint64_t room, struct rec_head *out);
uint64_t rec_head_total(const struct rec_head *h); /* head and what follows */
void rec_lease_put(uint8_t out[REC_LEASE_N], const struct lease_rec *l);
[[nodiscard]] enum err rec_lease_parse(struct str in, uint32_t slot, struct lease_rec *out);
