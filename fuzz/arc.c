/* A chain of ARC sets over keys that the input names: the first line is the key record, the rest the message. It ends,
 * with one of the three verdicts, and a reason where the chain is not whole. */
#include "trust/arc.h"
#include "dns_answers.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ROUNDS_MAX = 200 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* Every third key is answered late, in another round. */
static void answer(struct answers *as, struct str record, size_t round)
{
    for (size_t i = 0; i < as->n; i++) {
        struct answer *a = &as->v[i];
        if (a->status == ANSWER_WANTED && (i % 3 != round % 3 || round >= 3))
            answer_with(as, a, record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena kept = { .max = 16 << 20 }, scratch = { .max = 4 << 20 };
    struct str msg, record = str_line(str_of(data, n), &msg);
    struct dkim_msg m;
    struct arc_check c;
    struct answers as;
    must(answers_init(&as, &kept, &scratch) == OK);
    if (dkim_msg_init(&kept, msg, &m) != OK || arc_check_init(&c, &kept, &m) != OK)
        return 0;
    enum err e = ERR_MORE;
    for (size_t round = 0; e == ERR_MORE; round++) {
        must(round < ROUNDS_MAX);
        answers_round(&as);
        e = arc_check_run(&c, &as);
        answer(&as, record, round);
    }
    must(c.n <= LIMIT_ARC_SETS);
    if (e == OK)
        must(c.judged && (c.result == RESULT_PASS || c.result == RESULT_NONE || c.result == RESULT_FAIL) &&
             (c.result != RESULT_FAIL || c.why.n > 0));
    return 0;
}
