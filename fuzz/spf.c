/* SPF over a DNS that says whatever the input says: the first three lines are MAIL FROM, HELO and the client; each
 * question is answered by one of the others. It ends, within its limits, and with printable words. */
#include "trust/spf.h"
#include "trust/spf_macro.h"
#include "trust/spf_record.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LINES_MAX = 64, ROUNDS_MAX = 400 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

struct lines {
    struct str v[LINES_MAX];
    size_t n;
};

/* Which lines answer depends on the name's letters, so a zone has names that lead on and names that do not. */
static void answer(struct answers *as, struct answer *a, const struct lines *l)
{
    size_t sum = (size_t)a->type;
    for (size_t i = 0; i < a->name.n; i++)
        sum += (uint8_t)char_lower(a->name.p[i]);
    a->status = ANSWER_FOUND;
    a->records.v = arena_array(as->kept, 12, sizeof *a->records.v);
    for (size_t i = 0; l->n > 0 && a->records.v && i < (sum % 7 ? 1 : sum % 13); i++) {
        struct str line = l->v[(sum + i) % l->n];
        size_t need = a->type == DNS_A ? 4 : a->type == DNS_AAAA ? 16 : line.n;
        if (line.n >= need)
            a->records.v[a->records.n++] = (struct dns_record){ .data = str_sub(line, 0, need) };
    }
    if (sum % 29 == 0)
        a->status = ANSWER_FAILED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena kept = { .max = 16 << 20 }, scratch = { .max = 4 << 20 };
    struct lines l = { .n = 0 };
    struct str rest = str_of(data, n);
    struct spf_in in = { .receiver = S("r.example") };
    in.from = str_line(rest, &rest);
    in.helo = str_line(rest, &rest);
    if (ip_parse(str_line(rest, &rest), &in.ip) != OK)
        in.ip = (struct ip){ .b = { 192, 0, 2, 1 } };
    while (rest.n > 0 && l.n < LINES_MAX)
        l.v[l.n++] = str_line(rest, &rest);
    struct answers as;
    struct spf_out out = { .result = RESULT_COUNT };
    must(answers_init(&as, &kept, &scratch) == OK);
    enum err e = ERR_MORE;
    for (size_t round = 0; e == ERR_MORE; round++) {
        must(round < ROUNDS_MAX);
        answers_round(&as);
        e = spf_check(&in, &as, &out);
        for (size_t i = 0; i < as.n; i++)
            if (as.v[i].status == ANSWER_WANTED)
                answer(&as, &as.v[i], &l);
    }
    must(e != OK || out.result < RESULT_COUNT);
    for (size_t i = 0; e == OK && i < out.explain.n; i++)
        must(out.explain.p[i] >= 0x20 && out.explain.p[i] < 0x7f);
    return 0;
}
