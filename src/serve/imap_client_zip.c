/* COMPRESS (RFC 4978). The session neither knows nor cares: it reads from one buffer and writes to another, and between
 * them and the connection everything goes through deflate. What it does not take while it is busy waits in the clear,
 * so no more is decompressed than one command's length. */
#include "base/deflate.h"
#include "serve/imap_client.h"
#include <stdlib.h>

enum { IN_MAX = LIMIT_IMAP_COMMAND + 64 * 1024, OUT_MAX = 8 * 1024 * 1024 };

static void feed(struct imap_client *c)
{
    struct imap_zip *z = c->zip;
    size_t n = z->in.n > 0 ? imap_client_take(c, buf_str(&z->in)) : 0;
    buf_drop(&z->in, n);
    buf_shrink(&z->in);
}

static void on_again(struct job *j)
{
    struct imap_zip *z = CONTAINER_OF(j, struct imap_zip, again);
    struct imap_client *c = z->of;
    z->queued = false;
    if (c == NULL)
        free(z);
    else
        feed(c);
}

bool imap_client_zip_new(struct imap_client *c)
{
    struct imap_zip *z = calloc(1, sizeof *z);
    if (z == NULL || (z->z = deflate_new()) == NULL) {
        free(z);
        return false;
    }
    z->of = c;
    z->in = (struct buf){ .max = IN_MAX, .secret = true };
    z->out = (struct buf){ .max = OUT_MAX, .secret = true };
    z->again.run = on_again;
    c->zip = z;
    return true;
}

void imap_client_zip_free(struct imap_client *c)
{
    struct imap_zip *z = c->zip;
    c->zip = NULL;
    if (z == NULL)
        return;
    deflate_free(z->z);
    buf_fini(&z->in);
    buf_fini(&z->out);
    z->of = NULL;
    if (!z->queued) /* else by its job */
        free(z);
}

void imap_client_zip_again(struct imap_client *c)
{
    struct imap_zip *z = c->zip;
    if (z->in.n == 0 || z->queued)
        return;
    z->queued = true;
    loop_later(c->of->conns.loop, &z->again);
}

size_t imap_client_unzip(struct imap_client *c, struct str data)
{
    struct imap_zip *z = c->zip;
    size_t at = 0;
    for (size_t used = 1, had = SIZE_MAX; c->zip != NULL && (used > 0 || z->in.n != had);) {
        had = z->in.n;
        if (deflate_take(z->z, str_from(data, at), &used, &z->in) != OK) {
            conn_abort(c->c.conn, "not deflate");
            return data.n;
        }
        at += used;
        if (z->in.n > had)
            feed(c);
    }
    return at;
}
