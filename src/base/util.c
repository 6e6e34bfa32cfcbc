#include "base/util.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void util_close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void util_free(void *pp)
{
    void *p;
    memcpy(&p, pp, sizeof p); /* pp is a pointer to a pointer of some type */
    free(p);
}
