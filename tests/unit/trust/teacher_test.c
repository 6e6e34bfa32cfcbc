#include "base/rand.h"
#include "test.h"
#include "trust/model_file.h"
#include "trust/teacher.h"
#include <math.h>
#include <stdio.h>

enum { DAY_MS = 24 * 3600 * 1000 };
static const struct teacher_reader ann = { { { 1 } }, { 1 } }, bob = { { { 2 } }, { 2 } };

static struct teacher *teacher(const char *name, bool learns)
{
    static char path[300];
    struct teacher *t = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(rand_start());
    CHECK_OK(teacher_new(&(struct teacher_opts){ .model = path, .host = S("mx.example"), .learns = learns }, &t));
    return t;
}

static struct str mail(struct arena *a, const char *from, unsigned n)
{
    return arena_printf(a, "From: %s\r\nSubject: offer of the week\r\n\r\ncheap pills and replica watches %c%c%c\r\n",
                        from, (int)('a' + n % 26), (int)('a' + n / 26), (int)('a' + n % 7));
}

static void told(struct teacher *t, const struct teacher_reader *who, unsigned n, bool spam, int64_t now_ms)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct msg_id id = { { (uint8_t)n, (uint8_t)(n >> 8) } };
    teacher_told(t, who, &id, mail(&a, "x@spam.example", n), spam, now_ms, &(struct teacher_word){ 0 });
}

static double score(struct teacher *t)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct mime_tree tree;
    struct symbols s = { 0 };
    struct str msg = mail(&a, "y@spam.example", 700);
    CHECK_OK(mime_parse(&a, msg, &tree));
    CHECK_OK(teacher_judge(t, &a, &tree, msg, &s));
    return symbols_score(&s);
}

TEST(a_box_teaches_only_so_much_a_day)
{
    struct teacher *t = teacher("cap", true);
    for (unsigned i = 0; i < 2 * TEACHER_A_DAY; i++)
        told(t, &ann, i, true, 1000);
    CHECK_EQ(teacher_labels(t).spam, TEACHER_A_DAY);
    told(t, &bob, 900, true, 1000);
    CHECK_EQ(teacher_labels(t).spam, TEACHER_A_DAY + 1);
    told(t, &ann, 901, true, 1000 + DAY_MS);
    CHECK_EQ(teacher_labels(t).spam, TEACHER_A_DAY + 2);
    teacher_free(t);
}

/* Whoever makes boxes teaches no more than one of his kind: nothing that counts, and only so much. */
TEST(boxes_of_one_network_are_one_source)
{
    struct teacher *t = teacher("network", true);
    double before = score(t);
    for (unsigned i = 0; i < 6 * TEACHER_A_DAY; i++)
        told(t, &(struct teacher_reader){ { { (uint8_t)(10 + i / TEACHER_A_DAY) } }, { 7 } }, i, true, 1000);
    CHECK_EQ(teacher_labels(t).spam, TEACHER_NETWORK_A_DAY);
    CHECK(fabs(score(t) - before) < 0.3); /* the bias */
    const struct teacher_reader other = { { { 99 } }, { 8 } };
    const struct msg_id id = { { 1 } };
    teacher_told(t, &other, &id,
                 S("From: z@else.example\r\nSubject: for you\r\n\r\nwe ship cheap pills and replica "
                   "watches to whoever asks, tonight, from our warehouse\r\n"),
                 true, 1000, &(struct teacher_word){ 0 });
    CHECK(score(t) - before > 0.7); /* a stranger more, and in other words: it counts */
    told(t, &(struct teacher_reader){ { { 10 } }, { 7 } }, 901, true, 1000 + DAY_MS);
    CHECK_EQ(teacher_labels(t).spam, TEACHER_NETWORK_A_DAY + 2);
    teacher_free(t);
}

TEST(a_click_can_be_taken_back)
{
    struct teacher *t = teacher("undo", true);
    told(t, &ann, 1, true, 1000);
    told(t, &ann, 1, true, 2000); /* again: stands */
    CHECK_EQ(teacher_labels(t).spam, 1);
    told(t, &ann, 1, false, 3000);
    CHECK_EQ(teacher_labels(t).spam, 0);
    CHECK_EQ(teacher_labels(t).ham, 0);
    told(t, &ann, 2, true, 4000);
    told(t, &ann, 2, false, 4001 + TEACHER_UNDO_MS); /* too late: a lesson of its own */
    CHECK_EQ(teacher_labels(t).spam, 1);
    CHECK_EQ(teacher_labels(t).ham, 1);
    teacher_free(t);
}

static bool untold(struct teacher *t, unsigned n, bool spam, int64_t now_ms)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct msg_id id = { { (uint8_t)n } };
    struct teacher_word word;
    bool said = teacher_untold(t, &ann, &id, mail(&a, "x@spam.example", n), spam, now_ms, &word);
    CHECK(!said || word.what == CORRECTION_NONE);
    return said;
}

/* Neither this nor the opposite is left. */
TEST(what_is_no_longer_said_counts_no_more)
{
    struct teacher *t = teacher("unsaid", true);
    CHECK(!untold(t, 1, true, 1000)); /* it never was */
    told(t, &ann, 1, true, 1000);
    CHECK(!untold(t, 1, false, 2000)); /* nor was that */
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_SPAM);
    CHECK_EQ(teacher_labels(t).spam, 1);
    CHECK(untold(t, 1, true, 3000));
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_NONE);
    CHECK(teacher_labels(t).spam == 0 && teacher_labels(t).ham == 0);
    CHECK(!untold(t, 1, true, 4000));
    told(t, &ann, 2, true, 5000);
    CHECK(untold(t, 2, true, 5001 + TEACHER_UNDO_MS)); /* too late for the learner, not for the box */
    CHECK_EQ(teacher_labels(t).spam, 1);
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_NONE);
    teacher_free(t);
}

TEST(few_labels_do_not_decide)
{
    struct teacher *t = teacher("few", true);
    CHECK(score(t) == 0); /* nobody has said anything */
    for (unsigned i = 0; i < 40; i++)
        told(t, &(struct teacher_reader){ { { (uint8_t)i, 9 } }, { (uint8_t)i, 9 } }, i, true,
             1000 + i / 10 * (int64_t)DAY_MS);
    CHECK(score(t) > 0 && score(t) <= TEACHER_SCORE_NEW);
    CHECK(score(t) < SYMBOL_JUNK);
    teacher_free(t);
}

TEST(what_was_learned_is_there_after_a_restart)
{
    struct teacher *t = teacher("again", true);
    for (unsigned i = 0; i < 10; i++)
        told(t, &(struct teacher_reader){ { { (uint8_t)i, 7 } }, { (uint8_t)i, 7 } }, 30 * i, true, 1000);
    CHECK_OK(teacher_save(t, 2000));
    double before = score(t);
    teacher_free(t);
    t = teacher("again", false);
    CHECK(fabs(score(t) - before) < 0.2);
    told(t, &ann, 1, true, 1000); /* does not learn */
    CHECK_EQ(teacher_labels(t).spam, 10);
    teacher_free(t);
}

TEST(a_correction_is_of_one_box_and_one_author)
{
    struct teacher *t = teacher("said", false);
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_NONE);
    told(t, &ann, 1, true, 1000);
    CHECK_EQ(teacher_said(t, &ann.box, S("X@Spam.example")), CORRECTION_SPAM);
    CHECK_EQ(teacher_said(t, &bob.box, S("x@spam.example")), CORRECTION_NONE);
    CHECK_EQ(teacher_said(t, &ann.box, S("y@spam.example")), CORRECTION_NONE);
    CHECK_EQ(teacher_said(t, &ann.box, S("")), CORRECTION_NONE);
    told(t, &ann, 1, false, 2000);
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_NONE); /* taken back */
    told(t, &ann, 2, false, 2000);
    CHECK_EQ(teacher_said(t, &ann.box, S("x@spam.example")), CORRECTION_HAM);
    struct symbols s = { 0 };
    symbols_add(&s, S("RULE"), 9, S(""));
    teacher_add_said(CORRECTION_HAM, true, &s);
    CHECK_EQ(symbols_word(&s), SYMBOLS_HAM);
    struct symbols forged = { 0 };
    symbols_add(&forged, S("RULE"), 9, S(""));
    teacher_add_said(CORRECTION_HAM, false, &forged);
    CHECK_EQ(symbols_word(&forged), SYMBOLS_JUNK);
    teacher_free(t);
}

TEST(many_corrections_are_bounded)
{
    struct corrections *c;
    char author[32];
    size_t kept = 0;
    CHECK_OK(rand_start());
    CHECK_OK(corrections_new(&c));
    for (int i = 0; i < 60000; i++) {
        snprintf(author, sizeof author, "a%d@x.example", i);
        const struct correction_author a = correction_author(&ann.box, str_c(author));
        corrections_set(c, &a, CORRECTION_SPAM);
    }
    for (int i = 0; i < 60000; i++) {
        snprintf(author, sizeof author, "a%d@x.example", i);
        const struct correction_author a = correction_author(&ann.box, str_c(author));
        kept += corrections_get(c, &a) == CORRECTION_SPAM;
    }
    CHECK(kept > 25000 && kept <= 32768);
    const struct correction_author last = correction_author(&ann.box, S("A59999@x.example"));
    CHECK_EQ(corrections_get(c, &last), CORRECTION_SPAM);
    corrections_free(c);
}
