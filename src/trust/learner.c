/* Arrays over the buckets: each weight as exact as it is known, with the sum of its squared gradients and the mark of
 * who taught it first; and, small enough for the processor's own memory, what of it counts. Constants were chosen by
 * measurement (docs/decisions/0012). */
#include "trust/learner.h"
#include "base/crypto.h"
#include "base/list.h"
#include "base/secret.h"
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1 << LEARNER_BITS, MASK = BUCKETS - 1 };
enum { STEPS = 8000 }; /* of a weight that counts: LEARNER_WEIGHT_MAX of them fit 16 bits */
enum { MARK_NONE = 0, MARK_OPEN = UINT16_MAX };
#define RATE 0.5f
#define SURE 0.995f      /* of a message that it knows this well it learns nothing */
#define SQUARES 1e-6f    /* where AdaGrad's sums begin, */
#define SQUARES_ON 1e-5f /* and where, when a prior has a say already */
#define BIAS_RATE 0.05f
#define HAM_WEIGHT_MAX 4.0f /* losing ham is worse, where most of what it is taught is junk */

struct learner {
    _Atomic(int16_t) *counts; /* in 1/STEPS; 0 where only one source has taught */
    _Atomic(float) bias;
    bool travelling;
    uint32_t table[sizeof(uint32_t)][256]; /* hash to bucket: tabulation, filled from the key */
    uint64_t id;                           /* the key's */
    pthread_mutex_t lock;                  /* of all that follows */
    float *weight;                         /* these three: once it is taught, or was before */
    float *squares;
    uint16_t *mark; /* MARK_NONE, MARK_OPEN, or whose the only lesson was */
    struct learner_labels labels;
    uint64_t changes;
    struct list lessons; /* struct learner_change: those that may be taken back, the oldest first */
};

struct learner_touch {
    uint32_t at;
    float weight, square;
    uint16_t before; /* the mark that it had */
};
struct learner_change {
    struct list in;
    struct learner *l;
    struct learner_labels labels;
    float bias;
    uint16_t who;
    size_t n;
    struct learner_touch v[];
};

/* Simple tabulation (Zobrist): who lacks the tables cannot say where a hash leads, and it takes four loads. */
static uint32_t bucket(const struct learner *l, uint32_t hash)
{
    return l->table[0][hash & 255] ^ l->table[1][hash >> 8 & 255] ^ l->table[2][hash >> 16 & 255] ^
           l->table[3][hash >> 24];
}

static void fill_table(struct learner *l, struct str key)
{
    enum { PIECES = sizeof l->table / HASH_N };
    uint8_t piece[HASH_N], number[4];
    uint32_t *to = &l->table[0][0];
    for (uint32_t i = 0; i < PIECES; i++) {
        put_be32(number, i);
        CRYPTO_HASH(piece, key, S("learner table"), str_of(number, sizeof number));
        for (size_t k = 0; k < HASH_N / 4; k++)
            *to++ = get_be32(piece + 4 * k) & MASK;
    }
    CRYPTO_HASH(piece, key, S("learner key"));
    l->id = key.n > 0 ? get_be64(piece) | 1 : 0;
    secret_wipe(piece, sizeof piece);
}

enum err learner_new(const uint8_t *key, bool travelling, struct learner **out)
{
    struct learner *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_IO;
    pthread_mutex_init(&l->lock, NULL);
    list_init(&l->lessons);
    l->counts = calloc(BUCKETS, sizeof *l->counts);
    l->travelling = travelling;
    fill_table(l, str_of(key, key != NULL ? LEARNER_KEY_N : 0));
    if (l->counts == NULL) {
        learner_free(l);
        return ERR_IO;
    }
    *out = l;
    return OK;
}

static bool can_be_taught(struct learner *l)
{
    if (l->squares == NULL)
        l->squares = calloc(BUCKETS, sizeof *l->squares);
    if (l->weight == NULL)
        l->weight = calloc(BUCKETS, sizeof *l->weight);
    if (l->mark == NULL)
        l->mark = calloc(BUCKETS, sizeof *l->mark);
    return l->squares != NULL && l->weight != NULL && l->mark != NULL;
}

static void give_back(void *p, size_t size)
{
    if (p != NULL)
        secret_give_back(p, size * BUCKETS);
}

void learner_free(struct learner *l)
{
    if (l == NULL)
        return;
    give_back((void *)l->counts, sizeof *l->counts);
    give_back(l->weight, sizeof *l->weight);
    give_back(l->squares, sizeof *l->squares);
    give_back(l->mark, sizeof *l->mark);
    pthread_mutex_destroy(&l->lock);
    secret_give_back(l, sizeof *l);
}

/* ---- judging ---- */
enum { GROUPS = 3 }; /* of a message: names, header, and one segment */

static float load(const _Atomic(float) *p) { return atomic_load_explicit(p, memory_order_relaxed); }
static void put(_Atomic(float) *p, float v) { atomic_store_explicit(p, v, memory_order_relaxed); }

/* Every hash of a group weighs the same, and every group: one with few hashes must not make huge steps. */
static float value(size_t n) { return n == 0 ? 0 : 1.4f / sqrtf((float)GROUPS * (float)n); }

static float sum(const struct learner *l, const uint32_t *v, size_t n)
{
    int32_t s = 0;
    for (size_t i = 0; i < n; i++)
        s += atomic_load_explicit(&l->counts[bucket(l, v[i])], memory_order_relaxed);
    return (float)s / STEPS * value(n);
}

static size_t header_n(const struct learner *l, const struct features *f)
{
    return l->travelling ? f->travels : f->header.n;
}

static float judge(const struct learner *l, const struct features *f, size_t *loudest)
{
    float best = -INFINITY;
    for (size_t i = 0; i < f->segments; i++) {
        float s = sum(l, f->segment[i].v, f->segment[i].n);
        if (s > best) {
            best = s;
            *loudest = i;
        }
    }
    return load(&l->bias) + sum(l, f->names.v, f->names.n) + sum(l, f->header.v, header_n(l, f)) + best;
}

double learner_score(struct learner *l, const struct features *f)
{
    size_t loudest = 0;
    return judge(l, f, &loudest);
}

/* ---- teaching ---- */
struct teaching {
    struct learner *l;
    float gradient; /* of the logit */
    float from;     /* where squares begin */
    uint16_t mark;
    struct learner_change *change;
};

static void note(struct teaching *t, uint32_t at, float weight, float square, uint16_t before)
{
    if (t->change != NULL)
        t->change->v[t->change->n++] = (struct learner_touch){ at, weight, square, before };
}

/* The second source lets a bucket count, with all that was held back. */
static void mark(struct learner *l, uint32_t at, uint16_t who)
{
    if (l->mark[at] == MARK_NONE) {
        l->mark[at] = who;
    } else if (l->mark[at] != MARK_OPEN && l->mark[at] != who) {
        l->mark[at] = MARK_OPEN;
    }
}

static void set(struct learner *l, uint32_t at, float weight)
{
    l->weight[at] = fminf(fmaxf(weight, -LEARNER_WEIGHT_MAX), LEARNER_WEIGHT_MAX);
    int16_t counts = l->mark[at] == MARK_OPEN ? (int16_t)lrintf(l->weight[at] * STEPS) : 0;
    atomic_store_explicit(&l->counts[at], counts, memory_order_relaxed);
}

static void teach_one(struct teaching *t, uint32_t at, float x)
{
    struct learner *l = t->l;
    float g = t->gradient * x, square = g * g;
    uint16_t before = l->mark[at];
    mark(l, at, t->mark);
    if (l->squares[at] == 0)
        l->squares[at] = t->from;
    l->squares[at] += square;
    float step = RATE * g / sqrtf(l->squares[at]);
    set(l, at, l->weight[at] + step);
    note(t, at, step, square, before);
}

static void teach(struct teaching *t, const uint32_t *v, size_t n)
{
    float x = value(n);
    for (size_t i = 0; i < n; i++)
        teach_one(t, bucket(t->l, v[i]), x);
}

static uint16_t mark_of(uint64_t source)
{
    source ^= source >> 32;
    source *= 0x9e3779b97f4a7c15;
    return (uint16_t)(1 + (source >> 40) % (MARK_OPEN - 1));
}

static float ham_weight(const struct learner_labels *n)
{
    return fminf(fmaxf((float)n->spam / ((float)n->ham + 1), 1), HAM_WEIGHT_MAX);
}

static float gradient(const struct learner *l, bool spam, double logit)
{
    float p = 1 / (1 + expf(-(float)logit));
    if ((spam ? p : 1 - p) >= SURE)
        return 0;
    return spam ? 1 - p : -p * ham_weight(&l->labels);
}

static struct learner_change *change_new(struct learner *l, uint16_t who, size_t n)
{
    struct learner_change *c = calloc(1, sizeof *c + n * sizeof c->v[0]);
    if (c == NULL)
        return NULL;
    c->l = l;
    c->who = who;
    list_init(&c->in);
    return c;
}

static void change_wipe(struct learner_change *c)
{
    if (c != NULL)
        secret_give_back(c, sizeof *c + c->n * sizeof c->v[0]);
}

static void count(struct learner *l, bool spam, struct learner_change *c)
{
    struct learner_labels one = { .ham = !spam, .spam = spam };
    l->labels.ham += one.ham;
    l->labels.spam += one.spam;
    l->changes++;
    if (c != NULL)
        c->labels = one;
}

enum err learner_train(struct learner *l, const struct features *f, const struct learner_lesson *lesson)
{
    size_t loudest = 0;
    struct teaching t = { .l = l, .from = lesson->offset != 0 ? SQUARES_ON : SQUARES, .mark = mark_of(lesson->source) };
    pthread_mutex_lock(&l->lock);
    t.gradient = gradient(l, lesson->spam, judge(l, f, &loudest) + lesson->offset);
    if (lesson->change != NULL)
        t.change = change_new(l, t.mark, f->names.n + f->header.n + f->segment[loudest].n);
    bool good = can_be_taught(l) && (lesson->change == NULL || t.change != NULL);
    if (good) {
        count(l, lesson->spam, t.change);
        teach(&t, f->names.v, f->names.n);
        teach(&t, f->header.v, header_n(l, f));
        teach(&t, f->segment[loudest].v, f->segment[loudest].n);
        float bias = lesson->no_bias ? 0 : BIAS_RATE * t.gradient;
        put(&l->bias, load(&l->bias) + bias);
        if (t.change != NULL) {
            t.change->bias = bias;
            list_add_tail(&l->lessons, &t.change->in);
            *lesson->change = t.change;
        }
    }
    pthread_mutex_unlock(&l->lock);
    if (!good)
        change_wipe(t.change);
    return good ? OK : ERR_IO;
}

/* Marks as they were before c, and then those that later lessons have set in the same buckets. */
static void unmark(struct learner *l, const struct learner_change *c)
{
    uint64_t touched[BUCKETS / 64] = { 0 };
    for (size_t i = c->n; i > 0; i--) {
        l->mark[c->v[i - 1].at] = c->v[i - 1].before;
        touched[c->v[i - 1].at / 64] |= UINT64_C(1) << c->v[i - 1].at % 64;
    }
    for (struct list *node = c->in.next; node != &l->lessons; node = node->next) {
        struct learner_change *later = CONTAINER_OF(node, struct learner_change, in);
        for (size_t i = 0; i < later->n; i++) {
            struct learner_touch *t = &later->v[i];
            if (!(touched[t->at / 64] >> t->at % 64 & 1))
                continue;
            t->before = l->mark[t->at];
            mark(l, t->at, later->who);
        }
    }
}

void learner_take_back(struct learner *l, struct learner_change *c)
{
    pthread_mutex_lock(&l->lock);
    unmark(l, c);
    list_del(&c->in);
    for (size_t i = 0; i < c->n; i++) {
        const struct learner_touch *t = &c->v[i];
        l->squares[t->at] = fmaxf(l->squares[t->at] - t->square, 0);
        set(l, t->at, l->weight[t->at] - t->weight);
    }
    put(&l->bias, load(&l->bias) - c->bias);
    l->labels.ham -= c->labels.ham;
    l->labels.spam -= c->labels.spam;
    l->changes++;
    pthread_mutex_unlock(&l->lock);
    change_wipe(c);
}

void learner_change_free(struct learner_change *c)
{
    if (c == NULL)
        return;
    struct learner *l = c->l;
    pthread_mutex_lock(&l->lock);
    list_del(&c->in);
    pthread_mutex_unlock(&l->lock);
    change_wipe(c);
}

/* ---- what is known of it ---- */
struct learner_labels learner_labels(struct learner *l)
{
    pthread_mutex_lock(&l->lock);
    struct learner_labels n = l->labels;
    pthread_mutex_unlock(&l->lock);
    return n;
}

uint64_t learner_changes(struct learner *l)
{
    pthread_mutex_lock(&l->lock);
    uint64_t n = l->changes;
    pthread_mutex_unlock(&l->lock);
    return n;
}

void learner_save(struct learner *l, struct learner_state *out)
{
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        bool open = l->mark != NULL && l->mark[i] == MARK_OPEN;
        out->weight[i] = open ? l->weight[i] : 0;
        out->squares[i] = open ? l->squares[i] : 0;
    }
    out->bias = load(&l->bias);
    out->labels = l->labels;
    pthread_mutex_unlock(&l->lock);
}

enum err learner_load(struct learner *l, const struct learner_state *in)
{
    pthread_mutex_lock(&l->lock);
    bool good = can_be_taught(l);
    for (size_t i = 0; good && i < BUCKETS; i++) {
        l->squares[i] = in->squares[i];
        l->mark[i] = in->squares[i] > 0 ? MARK_OPEN : MARK_NONE;
        set(l, (uint32_t)i, in->weight[i]);
    }
    put(&l->bias, in->bias);
    l->labels = in->labels;
    pthread_mutex_unlock(&l->lock);
    return good ? OK : ERR_IO;
}

uint64_t learner_key_id(const struct learner *l) { return l->id; }
bool learner_travels(const struct learner *l) { return l->travelling; }
