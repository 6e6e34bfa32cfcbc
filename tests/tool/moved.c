/* LD_PRELOAD: a folder whose name begins with MOVED_FROM is looked for under MOVED_TO. For a program that was unpacked
 * elsewhere than where it was built to find its modules. */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *moved(const char *path, char to[PATH_MAX])
{
    const char *from = getenv("MOVED_FROM"), *there = getenv("MOVED_TO");
    size_t n = from ? strlen(from) : 0;
    if (!path || !there || n == 0 || strncmp(path, from, n) != 0)
        return path;
    int len = snprintf(to, PATH_MAX, "%s%s", there, path + n);
    return len > 0 && len < PATH_MAX ? to : path;
}

DIR *opendir(const char *name)
{
    char to[PATH_MAX];
    DIR *(*real)(const char *) = (DIR * (*)(const char *))(uintptr_t)dlsym(RTLD_NEXT, "opendir");
    return real(moved(name, to));
}

void *dlopen(const char *file, int mode)
{
    char to[PATH_MAX];
    void *(*real)(const char *, int) = (void *(*)(const char *, int))(uintptr_t)dlsym(RTLD_NEXT, "dlopen");
    return real(moved(file, to), mode);
}
