/* A record is added without reading those before it, which takes no secret and no flush: a power cut may cost the last
 * clicks, and what it leaves half written opens with no key. */
#include "core/said.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "io/file.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    VERSION = 1,
    BOXES_MAX = 100000,                /* that are known to be recalled; those beyond it are again at each visit */
    WORD_N = 2 + CORRECTION_AUTHOR_N,  /* version, what, author */
    SEALED_N = WORD_N + SEAL_OVERHEAD, /* to the box's key, */
    RECORD_N = AEAD_NONCE_N + SEALED_N + AEAD_TAG_N, /* and locked */
    FILE_MAX = SAID_WORDS_MAX * RECORD_N,
    NAME_N = 2 * sizeof(struct box_id),
    PATH_N = 4096,
};

struct said {
    const char *dir;
    pthread_mutex_t lock;
    struct map recalled; /* by box; the value says nothing */
};

static bool path_of(const struct said *s, const char *name, char out[PATH_N])
{
    int n = snprintf(out, PATH_N, "%s/%s", s->dir, name);
    return n > 0 && n < PATH_N;
}

static bool path_of_box(const struct said *s, const struct box_id *box, char out[PATH_N])
{
    char name[NAME_N + 1];
    name[text_hex(name, box_id_str(box))] = 0;
    return path_of(s, name, out);
}

/* ---- start and end ---- */
enum err said_new(const char *dir, struct said **out)
{
    struct said *s = calloc(1, sizeof *s);
    if (!s)
        return ERR_IO;
    s->dir = dir;
    pthread_mutex_init(&s->lock, NULL);
    map_init(&s->recalled, BOXES_MAX);
    enum err e = file_make_dir(dir);
    if (e != OK) {
        said_free(s);
        return e;
    }
    *out = s;
    return OK;
}

void said_free(struct said *s)
{
    if (!s)
        return;
    map_fini(&s->recalled);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void said_end(struct said *s, const struct box_id *box)
{
    char path[PATH_N];
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    map_del(&s->recalled, box_id_str(box));
    if (path_of_box(s, box, path))
        (void)unlink(path); /* what cannot be erased cannot be read either */
    pthread_mutex_unlock(&s->lock);
}

/* ---- one record ---- */
static void key_of(const struct opened *o, uint8_t key[KEY_N])
{
    CRYPTO_HASH(key, str_of(o->lease, KEY_N), S("said"), box_id_str(&o->box.id));
}

static void lock_up(const struct opened *o, const struct teacher_word *word, uint8_t record[RECORD_N])
{
    uint8_t plain[WORD_N] = { VERSION, (uint8_t)word->what }, sealed[SEALED_N], key[KEY_N];
    memcpy(plain + 2, word->author.hash, CORRECTION_AUTHOR_N);
    seal_to(sealed, o->pubs[o->generations - 1], str_of(plain, sizeof plain));
    key_of(o, key);
    rand_bytes(record, AEAD_NONCE_N);
    aead_seal(record + AEAD_NONCE_N, key, record, box_id_str(&o->box.id), str_of(sealed, sizeof sealed));
    secret_wipe(plain, sizeof plain);
    secret_wipe(key, sizeof key);
}

static enum err open_with(const struct opened *o, uint32_t generation, struct str sealed, struct teacher_word *out)
{
    uint8_t plain[WORD_N];
    enum err e = seal_open(plain, o->pubs[generation], o->privs[generation], sealed);
    if (e == OK && (plain[0] != VERSION || plain[1] > CORRECTION_SPAM))
        e = ERR_BAD;
    if (e == OK) {
        out->what = (enum correction)plain[1];
        memcpy(out->author.hash, plain + 2, CORRECTION_AUTHOR_N);
    }
    secret_wipe(plain, sizeof plain);
    return e;
}

/* The newest generation first: most were said under it. */
static enum err unlock(const struct opened *o, const uint8_t key[KEY_N], struct str record, struct teacher_word *out)
{
    uint8_t sealed[SEALED_N];
    enum err e =
        aead_open(sealed, key, (const uint8_t *)record.p, box_id_str(&o->box.id), str_from(record, AEAD_NONCE_N));
    if (e != OK)
        return e;
    e = ERR_BAD;
    for (uint32_t g = o->generations; g > 0 && e != OK; g--)
        e = open_with(o, g - 1, str_of(sealed, sizeof sealed), out);
    return e;
}

/* ---- the file ---- */
/* The newer half, whole records only, and one more. */
static void rewrite(const char *path, struct str record)
{
    AUTO_BUF struct buf all = { .max = 2 * FILE_MAX };
    (void)file_load(path, FILE_MAX + RECORD_N, &all);
    size_t n = all.n / RECORD_N, gone = n > SAID_WORDS_MAX / 2 ? n - SAID_WORDS_MAX / 2 : 0;
    struct str kept = str_sub(buf_str(&all), gone * RECORD_N, (n - gone) * RECORD_N);
    AUTO_BUF struct buf text = { .max = FILE_MAX };
    buf_put(&text, kept);
    buf_put(&text, record);
    (void)!file_save(path, buf_str(&text));
}

static void append(const char *path, struct str record)
{
    struct stat st;
    AUTO_FD int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) != 0)
        return;
    if (st.st_size % RECORD_N == 0 && st.st_size < FILE_MAX)
        (void)!file_write_all(fd, record);
    else
        rewrite(path, record);
}

void said_note(struct said *s, struct opened *o, const struct teacher_word *word)
{
    uint8_t record[RECORD_N];
    char path[PATH_N];
    if (!s || !o->lease || !path_of_box(s, &o->box.id, path))
        return;
    lock_up(o, word, record);
    pthread_mutex_lock(&s->lock);
    append(path, str_of(record, sizeof record));
    pthread_mutex_unlock(&s->lock);
}

static bool first_time(struct said *s, const struct box_id *box)
{
    struct str key = box_id_str(box);
    bool first = !map_get(&s->recalled, key);
    if (first)
        (void)map_set(&s->recalled, key, s);
    return first;
}

void said_recall(struct said *s, struct teacher *t, struct opened *o)
{
    AUTO_BUF struct buf text = { .max = FILE_MAX };
    char path[PATH_N];
    uint8_t key[KEY_N];
    if (!s || !t || !o->lease || !path_of_box(s, &o->box.id, path))
        return;
    pthread_mutex_lock(&s->lock);
    bool there = first_time(s, &o->box.id) && file_load(path, FILE_MAX, &text) == OK;
    pthread_mutex_unlock(&s->lock);
    if (!there)
        return;
    key_of(o, key);
    for (size_t at = 0; at + RECORD_N <= text.n; at += RECORD_N) {
        struct teacher_word word;
        if (unlock(o, key, str_sub(buf_str(&text), at, RECORD_N), &word) == OK)
            teacher_recall(t, &word);
    }
    secret_wipe(key, sizeof key);
}
