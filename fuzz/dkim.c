/* A message's signatures over keys that the input names: the first line is the key record, the rest the message. It
 * ends; each signature gets one verdict, and never a pass that nobody signed (there is no private key here). Tag lists
 * and the canonical forms on the way. */
#include "dns_answers.h"
#include "trust/dkim_check.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ROUNDS_MAX = 40, NOW_S = 1668000000 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* A canonical field is one line, and its own canonical form. */
static void check_forms(const struct dkim_msg *m)
{
    for (size_t i = 0; i < m->n; i++) {
        AUTO_BUF struct buf once = { .max = 1 << 20 }, twice = { .max = 1 << 20 };
        struct header_field again = { .name = m->v[i].name };
        dkim_put_relaxed(&once, &m->v[i]);
        must(once.failed || str_chr(buf_str(&once), '\n') == once.n - 1);
        again.raw = str_sub(buf_str(&once), again.name.n + 1, once.n - again.name.n - 3);
        dkim_put_relaxed(&twice, &again);
        must(str_eq(buf_str(&once), buf_str(&twice)));
    }
}

static void answer(struct answers *as, struct str record)
{
    for (size_t i = 0; i < as->n; i++) {
        struct answer *a = &as->v[i];
        if (a->status == ANSWER_WANTED)
            answer_with(as, a, record);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena kept = { .max = 16 << 20 }, scratch = { .max = 4 << 20 };
    static struct dkim_check c;
    struct str msg, record = str_line(str_of(data, n), &msg);
    struct dkim_msg m;
    struct answers as;
    must(answers_init(&as, &kept, &scratch) == OK);
    if (dkim_msg_init(&kept, msg, &m) != OK)
        return 0;
    check_forms(&m);
    dkim_check_init(&c, &kept, &m, NOW_S);
    enum err e = ERR_MORE;
    for (size_t round = 0; e == ERR_MORE; round++) {
        must(round < ROUNDS_MAX);
        answers_round(&as);
        e = dkim_check_run(&c, &as);
        answer(&as, record);
    }
    for (size_t i = 0; e == OK && i < c.n; i++)
        must(c.judged[i] && (c.verdict[i].result == RESULT_PASS) == (c.verdict[i].why.n == 0));
    return 0;
}
