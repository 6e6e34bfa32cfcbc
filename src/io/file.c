#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Of what has just failed. */
static enum err why(void) { return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO; }

static bool aside_of(const char *path, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s.new", path);
    return n > 0 && n < PATH_MAX;
}

int file_create(const char *path)
{
    char aside[PATH_MAX];
    if (!aside_of(path, aside))
        return -1;
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = open(aside, flags, 0600);
    if (fd < 0 && errno == EEXIST && unlink(aside) == 0) /* left by a crash: nobody ever reads one */
        fd = open(aside, flags, 0600);
    return fd;
}

enum err file_sync_dir(const char *path)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? OK : why();
}

/* The folder that holds the path; a rename in it is durable once it is synced. */
static enum err sync_parent(const char *path)
{
    char dir[PATH_MAX];
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t slash = str_rchr(str_of(path, n), '/');
    if (slash == STR_NONE)
        return file_sync_dir(".");
    if (slash >= sizeof dir)
        return ERR_IO;
    memcpy(dir, path, MAX(slash, 1u));
    dir[MAX(slash, 1u)] = 0;
    return file_sync_dir(dir);
}

enum err file_publish(int fd, const char *path)
{
    char aside[PATH_MAX];
    AUTO_FD int taken = fd;
    if (!aside_of(path, aside))
        return ERR_IO;
    if (fdatasync(taken) != 0 || rename(aside, path) != 0)
        return why();
    return sync_parent(path);
}

enum err file_write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? why() : ERR_IO;
        s = str_from(s, (size_t)n);
    }
    return OK;
}

enum err file_write_at(int fd, struct str s, uint64_t off)
{
    while (s.n > 0) {
        ssize_t n = pwrite(fd, s.p, s.n, (off_t)off);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? why() : ERR_IO;
        s = str_from(s, (size_t)n);
        off += (uint64_t)n;
    }
    return OK;
}

enum err file_read_at(int fd, void *to, size_t n, uint64_t off)
{
    for (size_t done = 0; done < n;) {
        ssize_t r = pread(fd, (char *)to + done, n - done, (off_t)(off + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return ERR_IO;
        done += (size_t)r;
    }
    return OK;
}

enum err file_save(const char *path, struct str s)
{
    AUTO_FD int fd = file_create(path);
    if (fd < 0)
        return why();
    enum err e = file_write_all(fd, s);
    if (e == OK)
        return file_publish(KEEP(fd), path);
    char aside[PATH_MAX];
    if (aside_of(path, aside))
        unlink(aside);
    return e;
}

/* Reads one byte more than asked for at the end, so a file that grows meanwhile is not cut silently. */
enum err file_load(const char *path, size_t max, struct buf *out)
{
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_GONE : ERR_IO;
    size_t start = out->n;
    for (;;) {
        char piece[16384];
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return out->failed ? ERR_FULL : OK;
        if ((size_t)n > max - (out->n - start))
            return ERR_FULL;
        buf_put(out, str_of(piece, (size_t)n));
        if (out->failed)
            return ERR_FULL;
    }
}

enum err file_make_dir(const char *path)
{
    if (mkdir(path, 0700) != 0) {
        struct stat st;
        if (errno != EEXIST)
            return why();
        return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? OK : ERR_IO;
    }
    return sync_parent(path);
}

enum { ZFS_MAGIC = 0x2fc12fc1, NILFS_MAGIC = 0x3434 };

static bool type_is_cow(uint64_t type)
{
    static const uint64_t cow[] = { BTRFS_SUPER_MAGIC, ZFS_MAGIC, 0xca451a4e /* bcachefs */, F2FS_SUPER_MAGIC,
                                    NILFS_MAGIC };
    for (size_t i = 0; i < COUNT(cow); i++)
        if (type == cow[i])
            return true;
    return false;
}

/* The folder below an overlay's writable side, from the last line of mountinfo that names one. */
static bool upper_is_cow(void)
{
    AUTO_BUF struct buf mounts = { .max = 1 << 20 };
    if (file_load("/proc/self/mountinfo", mounts.max, &mounts) != OK)
        return false;
    struct statfs fs;
    for (struct str rest = buf_str(&mounts); rest.n;) {
        struct str line = str_line(rest, &rest), option = S("upperdir=");
        size_t at = str_find(line, option);
        if (at == STR_NONE)
            continue;
        struct str ignored, upper = str_cut(str_from(line, at + option.n), ',', &ignored);
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%.*s", (int)MIN(upper.n, sizeof path - 1), upper.p);
        if (statfs(path, &fs) == 0 && type_is_cow((uint64_t)fs.f_type))
            return true;
    }
    return false; /* an upper folder out of sight, as in most containers, is taken for a plain one: said in the docs */
}

bool file_on_cow(const char *path)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return false;
    return fs.f_type == OVERLAYFS_SUPER_MAGIC ? upper_is_cow() : type_is_cow((uint64_t)fs.f_type);
}

bool file_in_memory(const char *path)
{
    struct statfs fs;
    return statfs(path, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}
