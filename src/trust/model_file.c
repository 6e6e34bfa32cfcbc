#include "trust/model_file.h"
#include "base/crypto.h"
#include "base/rand.h"
#include "base/zip.h"
#include "io/file.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAGIC "MAYFLYLM"
enum { MAGIC_N = sizeof MAGIC - 1 };
enum { VERSION = 1, BUCKETS = 1 << LEARNER_BITS, LEVEL = 3, PATH_N = 4096 };
enum { HEAD_N = 52, HEAD_SUMMED = 48, STEPS_HEAD_N = 24 };
enum { STEPS_PER_DOUBLING = 8, STEPS_LOWEST = -24 }; /* 2^-24 … 2^7.75 */
#define FRESH 1e-5f                                  /* for a weight whose steps are lost */

struct tables {
    float weight[BUCKETS], squares[BUCKETS];
};

static float from_bits(uint32_t v)
{
    float f;
    memcpy(&f, &v, sizeof f);
    return f;
}
static uint32_t to_bits(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof v);
    return v;
}

/* ---- reading ---- */
static bool is_sane(float f, float most) { return isfinite(f) && fabsf(f) <= most; }

static enum err check_head(const uint8_t *h, const struct learner *l)
{
    if (memcmp(h, MAGIC, MAGIC_N) != 0 || get_be32(h + 8) != VERSION || get_be32(h + 12) != FEATURE_SET ||
        get_be32(h + 16) != LEARNER_BITS || !is_sane(from_bits(get_be32(h + 40)), 1) ||
        !is_sane(from_bits(get_be32(h + 44)), 100))
        return ERR_BAD;
    return get_be32(h + 20) == (uint32_t)learner_travels(l) && get_be64(h + 24) == learner_key_id(l) ? OK : ERR_DENIED;
}

static bool unpack(struct str frame, struct buf *out)
{
    return zip_unpack(out, frame, BUCKETS) == OK && out->n == BUCKETS;
}

static uint32_t sum_of(const uint8_t *head, struct str octets)
{
    return crypto_crc32c(crypto_crc32c(0, str_of(head, HEAD_SUMMED)), octets);
}

static float square_of(uint8_t step)
{
    return step == 0 ? 0 : exp2f((float)(step - 1) / STEPS_PER_DOUBLING + STEPS_LOWEST);
}

/* False: not of this file, or damaged. */
static bool read_steps(struct str steps, uint32_t sum, struct tables *t)
{
    AUTO_BUF struct buf octets = { .max = BUCKETS, .secret = true };
    const uint8_t *h = (const uint8_t *)steps.p;
    if (steps.n < STEPS_HEAD_N || memcmp(h, "MAYFLYLS", 8) != 0 || get_be32(h + 8) != VERSION ||
        get_be32(h + 12) != LEARNER_BITS || get_be32(h + 16) != sum ||
        !unpack(str_from(steps, STEPS_HEAD_N), &octets) || crypto_crc32c(0, buf_str(&octets)) != get_be32(h + 20))
        return false;
    for (size_t i = 0; i < BUCKETS; i++)
        t->squares[i] = square_of((uint8_t)octets.p[i]);
    return true;
}

static enum err parse(struct str file, struct str steps, struct learner *l, struct tables *t)
{
    AUTO_BUF struct buf octets = { .max = BUCKETS, .secret = true };
    const uint8_t *h = (const uint8_t *)file.p;
    enum err e = file.n < HEAD_N ? ERR_BAD : check_head(h, l);
    if (e != OK)
        return e;
    if (!unpack(str_from(file, HEAD_N), &octets) || sum_of(h, buf_str(&octets)) != get_be32(h + 48))
        return ERR_BAD;
    float scale = from_bits(get_be32(h + 40));
    bool known = read_steps(steps, get_be32(h + 48), t);
    for (size_t i = 0; i < BUCKETS; i++) {
        t->weight[i] = scale * (float)(int8_t)octets.p[i];
        if (!known)
            t->squares[i] = octets.p[i] != 0 ? FRESH : 0;
    }
    struct learner_state s = { .weight = t->weight,
                               .squares = t->squares,
                               .bias = from_bits(get_be32(h + 44)),
                               .labels = { get_be32(h + 32), get_be32(h + 36) } };
    return learner_load(l, &s);
}

enum err model_parse(struct str file, struct str steps, struct learner *l)
{
    struct tables *t = calloc(1, sizeof *t);
    enum err e = t == NULL ? ERR_IO : parse(file, steps, l, t);
    free(t);
    return e;
}

static bool path_of(char out[PATH_N], const char *path, const char *ending)
{
    int n = snprintf(out, PATH_N, "%s%s", path, ending);
    return n > 0 && n < PATH_N;
}

enum err model_file_read(const char *path, struct learner *l)
{
    AUTO_BUF struct buf file = { .max = MODEL_FILE_MAX, .secret = true };
    AUTO_BUF struct buf steps = { .max = MODEL_FILE_MAX, .secret = true };
    char beside[PATH_N];
    enum err e = path_of(beside, path, ".steps") ? file_load(path, MODEL_FILE_MAX, &file) : ERR_IO;
    if (e == ERR_FULL)
        return ERR_BAD;
    if (e != OK)
        return e;
    if (file_load(beside, MODEL_FILE_MAX, &steps) != OK)
        buf_clear(&steps);
    return model_parse(buf_str(&file), buf_str(&steps), l);
}

/* ---- writing ---- */
static float scale_of(const float *weight)
{
    float most = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        most = fmaxf(most, fabsf(weight[i]));
    return most / INT8_MAX;
}

static uint8_t step_of(float square)
{
    if (square <= 0)
        return 0;
    float step = (log2f(square) - STEPS_LOWEST) * STEPS_PER_DOUBLING + 1;
    return (uint8_t)lrintf(fminf(fmaxf(step, 1), UINT8_MAX));
}

static void put_steps(struct buf *out, const struct tables *t, uint32_t sum)
{
    AUTO_BUF struct buf octets = { .max = BUCKETS, .secret = true };
    uint8_t head[STEPS_HEAD_N] = "MAYFLYLS";
    for (size_t i = 0; i < BUCKETS; i++)
        buf_putc(&octets, (char)step_of(t->squares[i]));
    put_be32(head + 8, VERSION);
    put_be32(head + 12, LEARNER_BITS);
    put_be32(head + 16, sum);
    put_be32(head + 20, crypto_crc32c(0, buf_str(&octets)));
    buf_put(out, str_of(head, sizeof head));
    out->failed |= octets.failed || zip_pack(out, buf_str(&octets), LEVEL) != OK;
}

static uint32_t put_weights(struct buf *out, const struct learner *l, const struct learner_state *s)
{
    AUTO_BUF struct buf octets = { .max = BUCKETS, .secret = true };
    float scale = scale_of(s->weight);
    uint8_t head[HEAD_N] = MAGIC;
    for (size_t i = 0; i < BUCKETS; i++)
        buf_putc(&octets, scale > 0 ? (char)lrintf(s->weight[i] / scale) : 0);
    put_be32(head + 8, VERSION);
    put_be32(head + 12, FEATURE_SET);
    put_be32(head + 16, LEARNER_BITS);
    put_be32(head + 20, learner_travels(l));
    put_be64(head + 24, learner_key_id(l));
    put_be32(head + 32, s->labels.ham);
    put_be32(head + 36, s->labels.spam);
    put_be32(head + 40, to_bits(scale));
    put_be32(head + 44, to_bits(s->bias));
    uint32_t sum = sum_of(head, buf_str(&octets));
    put_be32(head + 48, sum);
    buf_put(out, str_of(head, sizeof head));
    out->failed |= octets.failed || zip_pack(out, buf_str(&octets), LEVEL) != OK;
    return sum;
}

void model_put(struct buf *file, struct buf *steps, struct learner *l)
{
    struct tables *t = calloc(1, sizeof *t);
    file->failed |= t == NULL;
    if (t == NULL)
        return;
    struct learner_state s = { .weight = t->weight, .squares = t->squares };
    learner_save(l, &s);
    put_steps(steps, t, put_weights(file, l, &s));
    free(t);
}

/* The weights first: steps of an older FILE are known as such. */
enum err model_file_write(const char *path, struct learner *l)
{
    AUTO_BUF struct buf file = { .max = MODEL_FILE_MAX, .secret = true };
    AUTO_BUF struct buf steps = { .max = MODEL_FILE_MAX, .secret = true };
    char beside[PATH_N];
    if (!path_of(beside, path, ".steps"))
        return ERR_IO;
    model_put(&file, &steps, l);
    if (file.failed || steps.failed)
        return ERR_IO;
    enum err e = file_save(path, buf_str(&file));
    return e == OK && learner_key_id(l) != 0 ? file_save(beside, buf_str(&steps)) : e;
}

/* ---- what is there ---- */
enum err model_file_look(const char *path)
{
    char head[MAGIC_N];
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_GONE : ERR_IO;
    return read(fd, head, sizeof head) == sizeof head && memcmp(head, MAGIC, sizeof head) == 0 ? OK : ERR_BAD;
}

const char *model_file_why(enum err e)
{
    return e == ERR_GONE     ? "is not there"
           : e == ERR_BAD    ? "is no model, or a damaged one, or one of another version"
           : e == ERR_DENIED ? "is a model of another kind or of another key"
           : e == ERR_BUSY   ? "a server that runs, or another mayfly learn, has it"
                             : err_name(e);
}

/* ---- the key ---- */
enum err model_file_key(const char *path, uint8_t key[LEARNER_KEY_N])
{
    AUTO_BUF struct buf b = { .max = LEARNER_KEY_N, .secret = true };
    char beside[PATH_N];
    enum err e = path_of(beside, path, ".key") ? file_load(beside, LEARNER_KEY_N, &b) : ERR_IO;
    if (e == ERR_FULL || (e == OK && b.n != LEARNER_KEY_N))
        e = ERR_BAD;
    if (e == OK)
        memcpy(key, b.p, LEARNER_KEY_N);
    return e;
}

enum err model_file_lock(const char *path, uint8_t key[LEARNER_KEY_N], int *lock)
{
    char beside[PATH_N];
    enum err e = model_file_key(path, key);
    if (!path_of(beside, path, ".key"))
        return ERR_IO;
    if (e == ERR_GONE) {
        enum err there = model_file_look(path);
        if (there != ERR_GONE)
            return there == OK ? ERR_DENIED : there;
        rand_bytes(key, LEARNER_KEY_N);
        e = file_save(beside, str_of(key, LEARNER_KEY_N));
    }
    if (e != OK)
        return e;
    AUTO_FD int fd = open(beside, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return ERR_BUSY;
    *lock = KEEP(fd);
    return OK;
}
