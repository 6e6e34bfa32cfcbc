#include "core/sealed.h"
#include "base/rand.h"
#include "base/secret.h"
#include <string.h>

enum { SLACK = 128 * 1024 /* env, hdr and tags over the packed body, as a ceiling */ };

enum err sealed_begin(struct sealed *s, struct opened *o)
{
    *s = (struct sealed){ .box = o->box.id };
    enum err e = opened_window(o, &s->window);
    if (e != OK)
        return e;
    s->lease = secret_new();
    if (s->lease == NULL)
        return ERR_FULL;
    memcpy(s->lease, o->lease, KEY_N);
    rand_bytes(&s->msg, sizeof s->msg);
    return OK;
}

enum err sealed_make(struct sealed *s, const struct pack *p, struct str summary)
{
    s->bytes = (struct buf){ .max = p->frames.n + p->hdr.n + summary.n + SLACK };
    if (buf_reserve(&s->bytes, p->frames.n + p->hdr.n + summary.n + 512 + p->frames_n * AEAD_TAG_N) == NULL)
        return ERR_BUSY;
    enum err e = pack_seal(p, &s->bytes, &s->window, s->lease, &s->box, &s->msg, summary, &s->env_n, &s->hdr_n);
    return e == OK ? OK : ERR_BUSY;
}

void sealed_item(const struct sealed *s, struct store_append_item *it)
{
    struct str all = buf_str(&s->bytes);
    it->box = s->box;
    it->id = s->msg;
    memcpy(it->dedupe, s->dedupe, HASH_N);
    it->generation = s->window.generation;
    it->env = str_sub(all, 0, s->env_n);
    it->hdr = str_sub(all, s->env_n, s->hdr_n);
    it->body = str_from(all, s->env_n + s->hdr_n);
}

void sealed_fini(struct sealed *s)
{
    secret_free(s->window.r);
    secret_free(s->lease);
    buf_fini(&s->bytes);
    s->window.r = s->lease = NULL;
}
