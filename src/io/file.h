/* Files that survive a power cut: write aside, sync, rename, sync the folder. What writes says ERR_FULL when the disk
 * has no room, ERR_IO of all else. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Creates path's sibling ".new" exclusively, mode 0600; -1 on failure. */
int file_create(const char *path);
/* fdatasync fd (taken, closed), rename "<path>.new" to path, fsync the folder. */
[[nodiscard]] enum err file_publish(int fd, const char *path);
[[nodiscard]] enum err file_write_all(int fd, struct str s);
/* All of it, in place; what an error leaves there is not known. */
[[nodiscard]] enum err file_write_at(int fd, struct str s, uint64_t off);
[[nodiscard]] enum err file_read_at(int fd, void *to, size_t n, uint64_t off); /* ERR_IO also when there is less */
[[nodiscard]] enum err file_save(const char *path, struct str s);              /* the three above in one */
[[nodiscard]] enum err file_load(const char *path, size_t max,
                                 struct buf *out);      /* ERR_GONE: not there; ERR_FULL: over max */
[[nodiscard]] enum err file_make_dir(const char *path); /* mkdir 0700, one level, existing is fine; folder synced */
[[nodiscard]] enum err file_sync_dir(const char *path);
bool file_in_memory(const char *path); /* tmpfs, ramfs: gone with the power */
bool file_on_cow(const char *path); /* btrfs, zfs, bcachefs, overlay on such: overwrite in place does not overwrite */
