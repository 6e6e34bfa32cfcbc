#include "core/outq_shared.h"
#include "base/rand.h"
#include "base/secret.h"
#include "io/file.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_AGE_MS = 5 * 24 * 3600 * 1000, MAX_MESSAGES = 1000000 };

static enum err load_key(const char *path, uint8_t key[KEY_N])
{
    AUTO_BUF struct buf b = { .max = KEY_N + 1, .secret = true };
    enum err e = file_load(path, KEY_N, &b);
    if (e == ERR_GONE) {
        rand_bytes(key, KEY_N);
        return file_save(path, str_of(key, KEY_N));
    }
    if (e == OK && b.n != KEY_N)
        e = ERR_BAD;
    if (e == OK)
        memcpy(key, b.p, KEY_N);
    return e;
}

enum err outq_shared_new(const struct outq_shared_opts *o, struct outq_shared **out)
{
    struct outq_shared *s = calloc(1, sizeof *s);
    uint8_t *cell = secret_new();
    enum err e = s && cell ? load_key(o->key_path, cell) : ERR_IO;
    if (e != OK) {
        secret_free(cell);
        free(s);
        return e;
    }
    s->o = *o;
    s->key = cell;
    if (s->o.max_age_ms == 0)
        s->o.max_age_ms = MAX_AGE_MS;
    if (s->o.max_messages == 0)
        s->o.max_messages = MAX_MESSAGES;
    rand_bytes(&s->run, sizeof s->run);
    *out = s;
    return OK;
}

void outq_shared_free(struct outq_shared *s)
{
    if (!s)
        return;
    secret_free(s->key);
    free(s);
}

void outq_stats(const struct outq_shared *s, struct outq_stats *out)
{
    *out = (struct outq_stats){ .waiting = s->waiting,
                                .active = s->active,
                                .destinations = s->destinations,
                                .put = s->put,
                                .sent = s->sent,
                                .later = s->later,
                                .failed = s->failed,
                                .expired = s->expired,
                                .dropped = s->dropped,
                                .recalled = s->recalled,
                                .dsn_failed = s->dsn_failed,
                                .dsn_delayed = s->dsn_delayed,
                                .dsn_success = s->dsn_success,
                                .reported = s->reported };
}
