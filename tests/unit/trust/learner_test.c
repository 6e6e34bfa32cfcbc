#include "base/rand.h"
#include "io/file.h"
#include "test.h"
#include "trust/learner.h"
#include "trust/model_file.h"
#include "trust/prior.h"
#include "trust/repeats.h"
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const uint8_t key[LEARNER_KEY_N] = { 7 };

static struct features read_mail(struct arena *a, const char *subject, const char *text)
{
    struct mime_tree tree;
    struct features f = { 0 };
    struct str msg = arena_printf(a, "From: s@x.example\r\nSubject: %s\r\n\r\n%s\r\n", subject, text);
    CHECK_OK(mime_parse(a, msg, &tree));
    CHECK_OK(feature_make(a, &tree, msg, S(""), &f));
    return f;
}

static void teach(struct learner *l, const struct features *f, bool spam, uint64_t source)
{
    CHECK_OK(learner_train(l, f, &(struct learner_lesson){ .spam = spam, .source = source }));
}

static struct learner *taught(struct arena *a)
{
    struct learner *l;
    CHECK_OK(learner_new(key, false, &l));
    for (uint64_t i = 1; i <= 6; i++) {
        struct features spam = read_mail(a, "cheap pills", "buy cheap pills online without prescription today");
        struct features ham = read_mail(a, "minutes", "the minutes of our meeting are attached, see you thursday");
        teach(l, &spam, true, 2 * i);
        teach(l, &ham, false, 2 * i + 1);
    }
    return l;
}

TEST(learns_and_takes_back)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct learner *l = taught(&a);
    struct features spam = read_mail(&a, "pills", "cheap pills today"), ham = read_mail(&a, "meeting", "our meeting");
    CHECK(learner_score(l, &spam) > 1);
    CHECK(learner_score(l, &ham) < -1);
    double before = learner_score(l, &ham);
    struct learner_change *change = NULL;
    struct learner_lesson lesson = { .spam = true, .source = 99, .change = &change };
    CHECK_OK(learner_train(l, &ham, &lesson));
    CHECK(learner_score(l, &ham) > before + 0.5);
    CHECK_EQ(learner_labels(l).spam, 7);
    learner_take_back(l, change);
    CHECK(fabs(learner_score(l, &ham) - before) < 0.01);
    CHECK_EQ(learner_labels(l).spam, 6);
    learner_free(l);
}

/* spam.md, privacy 3 and 4: what one person got cannot be asked out of the table. */
TEST(what_one_source_taught_counts_for_nothing)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct learner *l;
    CHECK_OK(learner_new(key, false, &l));
    struct features f = read_mail(&a, "hello", "the word is xylophonequarry"), nobody = read_mail(&a, "zz", "qq");
    double nothing = learner_score(l, &nobody);
    for (int i = 0; i < 5; i++)
        teach(l, &f, true, 1);
    CHECK(fabs(learner_score(l, &f) - nothing) < 0.3); /* the bias alone */
    AUTO_BUF struct buf file = { .max = MODEL_FILE_MAX }, steps = { .max = MODEL_FILE_MAX };
    model_put(&file, &steps, l);
    CHECK(!file.failed && file.n < 300); /* nothing but zeros in it */
    teach(l, &f, true, 2);
    CHECK(learner_score(l, &f) > 1);
    learner_free(l);
}

static struct learner_change *lesson(struct learner *l, const struct features *f, uint64_t source)
{
    struct learner_change *c = NULL;
    CHECK_OK(learner_train(l, f, &(struct learner_lesson){ .spam = true, .source = source, .change = &c }));
    CHECK(c != NULL);
    return c;
}

/* Does what that mail taught count, or only the bias? */
static bool counts(struct learner *l, const struct features *f, const struct features *nobody)
{
    return fabs(learner_score(l, f) - learner_score(l, nobody)) > 0.3;
}

/* A second source that is taken back has opened nothing; and a third one is remembered, whichever of them goes. */
TEST(what_is_taken_back_opens_nothing)
{
    enum { SOURCES = 3 };
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct features f = read_mail(&a, "hello", "the word is xylophonequarry"), nobody = read_mail(&a, "zz", "qq");
    for (size_t gone = 0; gone < SOURCES; gone++)
        for (size_t then = 0; then < SOURCES; then++) {
            struct learner *l;
            struct learner_change *c[SOURCES];
            CHECK_OK(learner_new(key, false, &l));
            for (size_t i = 0; i < SOURCES; i++) {
                c[i] = lesson(l, &f, 1 + i);
                CHECK_EQ(counts(l, &f, &nobody), i > 0);
            }
            learner_take_back(l, c[gone]);
            CHECK(counts(l, &f, &nobody)); /* two others have taught it */
            if (then != gone) {
                learner_take_back(l, c[then]);
                CHECK(!counts(l, &f, &nobody)); /* and now one */
            }
            for (size_t i = 0; i < SOURCES; i++)
                if (i != gone && i != then)
                    learner_change_free(c[i]);
            learner_free(l);
        }
}

TEST(copies_are_one_source)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct repeats *r = calloc(1, sizeof *r);
    const char *text = "dear all, the library closes at noon on friday because of the works in the hall, thank you";
    const char *copy = "dear all, the library closes at noon on friday because of the works in the hall, thanks!!";
    struct features f = read_mail(&a, "library", text), g = read_mail(&a, "library", copy);
    struct features h = read_mail(&a, "lunch", "who is coming to lunch on monday, we would like to book a table");
    CHECK_EQ(repeats_source(r, &f, 5), 5);
    CHECK_EQ(repeats_source(r, &g, 6), 5);
    CHECK_EQ(repeats_source(r, &h, 7), 7);
    free(r);
}

TEST(weights_survive_their_file)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    char path[300];
    uint8_t made[LEARNER_KEY_N], again[LEARNER_KEY_N];
    int lock, other = -1;
    snprintf(path, sizeof path, "%s/model", test_dir());
    CHECK_OK(rand_start());
    CHECK_OK(model_file_lock(path, made, &lock));
    CHECK_EQ(model_file_lock(path, again, &other), ERR_BUSY);
    CHECK_OK(model_file_key(path, again));
    CHECK(memcmp(made, again, sizeof made) == 0);
    close(lock);
    struct learner *l = taught(&a), *back, *stranger;
    struct features spam = read_mail(&a, "pills", "cheap pills today");
    CHECK_OK(learner_new(key, false, &back));
    CHECK_EQ(model_file_read(path, back), ERR_GONE);
    CHECK_OK(model_file_write(path, l));
    CHECK_OK(model_file_read(path, back));
    CHECK(fabs(learner_score(l, &spam) - learner_score(back, &spam)) < 0.1);
    CHECK_EQ(learner_labels(back).ham, 6);
    CHECK_OK(learner_new(made, false, &stranger));
    CHECK_EQ(model_file_read(path, stranger), ERR_DENIED);
    learner_free(l);
    learner_free(back);
    learner_free(stranger);
}

TEST(what_is_refused_gets_no_key)
{
    char path[300];
    uint8_t made[LEARNER_KEY_N];
    int lock = -1;
    snprintf(path, sizeof path, "%s/no-model", test_dir());
    CHECK_OK(file_save(path, S("root:x:0:0:root:/root:/bin/bash\n")));
    CHECK_EQ(model_file_lock(path, made, &lock), ERR_BAD);
    CHECK_EQ(model_file_key(path, made), ERR_GONE);
    CHECK_OK(file_save(path, S("MAYFLYLM whose key is lost")));
    CHECK_EQ(model_file_lock(path, made, &lock), ERR_DENIED);
    CHECK_EQ(model_file_key(path, made), ERR_GONE);
    CHECK_EQ(lock, -1);
}

TEST(a_damaged_file_is_refused)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    AUTO_BUF struct buf file = { .max = MODEL_FILE_MAX }, steps = { .max = MODEL_FILE_MAX };
    struct learner *l = taught(&a), *back;
    model_put(&file, &steps, l);
    CHECK_OK(learner_new(key, false, &back));
    size_t bad = 0;
    for (size_t i = 0; i < file.n; i += 1 + file.n / 40) {
        file.p[i] ^= 0x10;
        bad += model_parse(buf_str(&file), buf_str(&steps), back) == OK;
        bad += model_parse(str_sub(buf_str(&file), 0, i), buf_str(&steps), back) == OK;
        file.p[i] ^= 0x10;
    }
    CHECK_EQ(bad, 0);
    steps.p[30] ^= 1;
    CHECK_OK(model_parse(buf_str(&file), buf_str(&steps), back)); /* steps are done without */
    CHECK_EQ(learner_labels(back).spam, 6);
    learner_free(l);
    learner_free(back);
}

TEST(a_prior_leans_and_never_decides)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    char path[300];
    struct prior p = { 0 };
    struct learner *l;
    snprintf(path, sizeof path, "%s/prior", test_dir());
    CHECK_OK(learner_new(NULL, true, &l));
    struct features spam = read_mail(&a, "pills", "cheap pills today, cheap pills for you");
    for (uint64_t i = 0; i < 40; i++)
        teach(l, &spam, true, i);
    CHECK(learner_score(l, &spam) > PRIOR_MAX);
    CHECK_OK(model_file_write(path, l));
    learner_free(l);
    CHECK(prior_score(&p, &spam, (struct learner_labels){ 0 }) == 0);
    CHECK_OK(prior_open(path, &p));
    CHECK(prior_score(&p, &spam, (struct learner_labels){ 0, 0 }) == PRIOR_MAX);
    CHECK(prior_score(&p, &spam, (struct learner_labels){ 300, 200 }) == PRIOR_MAX / 2);
    prior_close(&p);
}

struct race {
    struct learner *l;
    struct features f;
};
static void *judge_often(void *arg)
{
    struct race *r = arg;
    double sum = 0;
    for (int i = 0; i < 2000; i++)
        sum += learner_score(r->l, &r->f);
    return sum == -1 ? arg : NULL;
}

TEST(threads_judge_while_one_teaches)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    struct race r = { .f = read_mail(&a, "pills", "cheap pills today") };
    pthread_t other;
    CHECK_OK(learner_new(key, false, &r.l));
    CHECK_EQ(pthread_create(&other, NULL, judge_often, &r), 0);
    for (uint64_t i = 0; i < 200; i++)
        teach(r.l, &r.f, i % 2, i);
    pthread_join(other, NULL);
    CHECK_EQ(learner_labels(r.l).ham, 100);
    learner_free(r.l);
}
