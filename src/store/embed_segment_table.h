/* What the three files of the segments share; nobody else includes it. */
#pragma once
#include "store/embed_segment.h"
#include <pthread.h>

struct seg {
    uint64_t id;
    struct seg_rec rec; /* size: with what this batch appended */
    uint64_t durable;   /* size as committed */
    uint32_t crc;       /* of what this batch appended */
    uint64_t walked_live;
    int fd;                /* -1: not open */
    int refs;              /* threads in a system call on fd */
    bool changed, touched; /* row to be saved; bytes to be flushed */
    bool failed;           /* an error on it: nothing is appended any more */
    bool carried;          /* its rest was copied on, or tried to be */
    bool dropping;         /* row deleted in this batch */
    bool unlinked;
    bool listed;
    struct iovec *iov;
    size_t iov_n, iov_cap;
    struct seg *next_dropped;
};
struct segs {
    struct log *log;
    int dirfd;
    uint64_t roll_bytes;
    pthread_mutex_t mx; /* the table, refs, fds and counts */
    struct seg **all;
    size_t n, cap;
    uint64_t next_id;
    size_t fds;
    struct seg *open[SEG_CLASSES];
    struct seg *dropped; /* for segs_remove_step() */
    bool loaded;
};

enum { SEG_NAME_N = 17 };
void seg_name(char out[SEG_NAME_N], uint64_t id);
/* With the lock held. */
struct seg *seg_find(const struct segs *s, uint64_t id);
struct seg *seg_insert(struct segs *s, uint64_t id);
void seg_take_out(struct segs *s, struct seg *g);
void seg_free(struct seg *g);
[[nodiscard]] enum err seg_open_fd(struct segs *s, struct seg *g, int flags);
/* Takes the lock themselves: the descriptor stays open between the two. */
[[nodiscard]] enum err seg_hold(struct segs *s, uint64_t id, struct seg **out);
void seg_release(struct segs *s, struct seg *g);
