/* What the learner costs: the mails of an index's first lines judged over and over, by one thread. */
#include "base/arena.h"
#include "io/file.h"
#include "micro.h"
#include "trust/learner.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MAILS_MAX = 4000, MAIL_MAX = 4 << 20, ARENA_MAX = 64 << 20 };

struct cost {
    double parse_us, judge_us, hashes;
    size_t n;
};

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static bool once(struct learner *l, struct str raw, struct cost *c)
{
    AUTO_ARENA struct arena a = { .max = ARENA_MAX, .secret = true };
    struct mime_tree tree;
    struct features f;
    double t0 = cpu_us();
    if (mime_parse(&a, raw, &tree) != OK)
        return false;
    double t1 = cpu_us();
    if (feature_make(&a, &tree, raw, S(""), &f) != OK)
        return false;
    double score = learner_score(l, &f);
    c->judge_us += cpu_us() - t1;
    c->parse_us += t1 - t0;
    c->hashes += f.names.n + f.header.n;
    for (size_t i = 0; i < f.segments; i++)
        c->hashes += f.segment[i].n;
    c->n++;
    struct learner_lesson lesson = { .spam = c->n % 3 == 0, .source = c->n }; /* weights that are not all 0 */
    return score < 1e9 && (c->n > MAILS_MAX / 2 || learner_train(l, &f, &lesson) == OK);
}

static size_t load(char **paths, int n, struct buf *mails)
{
    size_t k = 0;
    for (int i = 0; i < n && k < MAILS_MAX; i++) {
        mails[k] = (struct buf){ .max = MAIL_MAX };
        k += file_load(paths[i], MAIL_MAX, &mails[k]) == OK;
    }
    return k;
}

int micro_learner(int argc, char **argv)
{
    static const uint8_t key[LEARNER_KEY_N] = { 1 };
    struct buf *mails = calloc(MAILS_MAX, sizeof *mails);
    struct learner *l;
    struct cost c = { 0 };
    int times = argc > 0 ? atoi(argv[0]) : 0;
    size_t n = mails == NULL ? 0 : load(argv + 1, argc - 1, mails);
    if (n == 0 || learner_new(key, false, &l) != OK)
        return 1;
    for (int i = 0; i <= times; i++) {
        if (i == 1) /* the first round taught */
            c = (struct cost){ .n = MAILS_MAX };
        for (size_t k = 0; k < n; k++)
            once(l, buf_str(&mails[k]), &c);
    }
    double judged = (double)(c.n - MAILS_MAX);
    printf("%zu messages, %d times: parse %.1f us, hash and judge %.1f us for %.0f hashes: %.0f a second and core\n", n,
           times, c.parse_us / judged, c.judge_us / judged, c.hashes / judged, 1e6 * judged / c.judge_us);
    return 0;
}
