#include "store/embed_compact.h"
#include <stdlib.h>

struct compact {
    struct store *st;
};

enum err compact_new(struct store *st, struct compact **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return ERR_IO;
    (*out)->st = st;
    return OK;
}
void compact_free(struct compact *c) { free(c); }
void compact_again(struct compact *c) { (void)c; }
bool compact_step(struct compact *c)
{
    (void)c;
    return false;
}
