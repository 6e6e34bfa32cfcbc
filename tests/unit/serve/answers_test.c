/* A mark goes with the last of the answers that stand, if it came with one of them. */
#include "serve/answers.h"
#include "test.h"

static const struct box_id box = { .b = { 1 } }, elsewhere = { .b = { 2 } };
static const struct msg_id mail = { .b = { 9 } };

static struct answers *fresh(void)
{
    struct answers *a;
    CHECK_OK(answers_new(&a));
    return a;
}

static struct msg_id item(uint8_t n) { return (struct msg_id){ .b = { n } }; }

static void sent(struct answers *a, uint8_t n, bool set)
{
    struct msg_id id = item(n);
    answers_sent(a, &box, &id, 1000);
    CHECK(answers_mark(a, &box, &id, &mail));
    CHECK(answers_marked(a, &box, &id, set));
}

static bool goes(struct answers *a, uint8_t n)
{
    struct msg_id id = item(n), of = { 0 };
    bool yes = answers_back(a, &box, &id, &of);
    CHECK(!yes || str_eq(msg_id_str(&of), msg_id_str(&mail)));
    return yes;
}

TEST(a_mark_goes_with_the_last_answer)
{
    static const struct {
        const char *what;
        bool set[3];
        uint8_t order[3];
        bool want[3];
    } cases[] = {
        { "the first goes first", { true, false, false }, { 1, 2, 3 }, { false, false, true } },
        { "the first goes last", { true, false, false }, { 3, 2, 1 }, { false, false, true } },
        { "it was there before", { false, false, false }, { 2, 1, 3 }, { false, false, false } },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answers *a = fresh();
        for (uint8_t n = 1; n <= 3; n++)
            sent(a, n, cases[i].set[n - 1]);
        for (size_t k = 0; k < 3; k++)
            if (goes(a, cases[i].order[k]) != cases[i].want[k])
                fail_msg("%s: %zu", cases[i].what, k);
        CHECK(!goes(a, 1));
        answers_free(a);
    }
}

TEST(one_that_is_taken_back_too_early_for_its_mark)
{
    struct answers *a = fresh();
    struct msg_id one = item(1), two = item(2);
    answers_sent(a, &box, &one, 1000);
    CHECK(!goes(a, 1)); /* before it is known what it answers */
    CHECK(!answers_mark(a, &box, &one, &mail));
    answers_sent(a, &box, &one, 1000);
    CHECK(answers_mark(a, &box, &one, &mail));
    CHECK(!goes(a, 1)); /* while it is set */
    CHECK(!answers_marked(a, &box, &one, true));
    answers_sent(a, &box, &one, 1000);
    CHECK(answers_mark(a, &box, &one, &mail));
    answers_sent(a, &box, &two, 1000);
    CHECK(answers_mark(a, &box, &two, &mail));
    CHECK(!goes(a, 1));
    CHECK(answers_marked(a, &box, &one, true)); /* another one stands, and has it now */
    CHECK(answers_marked(a, &box, &two, false));
    CHECK(goes(a, 2));
    answers_free(a);
}

TEST(boxes_and_time)
{
    struct answers *a = fresh();
    struct msg_id one = item(1), of;
    sent(a, 1, true);
    CHECK(!answers_back(a, &elsewhere, &one, &of));
    sent(a, 2, true);
    for (int i = 0; i < ANSWERS_MAX - 1; i++)
        answers_sent(a, &elsewhere, &one, 1000);
    CHECK(!goes(a, 1)); /* forgotten: what it marked stays */
    CHECK(goes(a, 2));
    sent(a, 3, true);
    answers_sent(a, &elsewhere, &one, 1000 + ANSWERS_MS);
    CHECK(!goes(a, 3));
    answers_free(a);
}
