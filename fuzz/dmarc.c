/* DMARC records, and the walk of a domain over a DNS that answers with the input's lines: the first line is the domain.
 * What is chosen lies on the way up from there. */
#include "trust/dmarc_record.h"
#include "wire/domain.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { LINES_MAX = 16 };

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void answer(struct answers *as, const struct str *lines, size_t n)
{
    for (size_t i = 0; i < as->n; i++) {
        struct answer *a = &as->v[i];
        if (a->status != ANSWER_WANTED)
            continue;
        size_t count = n ? (size_t)(uint8_t)lines[i % n].n % 4 : 0;
        a->status = count == 3 ? ANSWER_FAILED : ANSWER_FOUND;
        a->records.v = arena_array(as->kept, 4, sizeof *a->records.v);
        for (size_t k = 0; k < count && count < 3; k++)
            a->records.v[a->records.n++] = (struct dns_record){ .data = lines[(i + k) % n] };
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena kept = { .max = 16 << 20 }, scratch = { .max = 4 << 20 };
    AUTO_BUF struct buf domain = { .max = 300 };
    struct str lines[LINES_MAX], rest, first = str_line(str_of(data, n), &rest);
    size_t lines_n = 0;
    struct answers as;
    struct dmarc_walk w;
    while (rest.n > 0 && lines_n < LINES_MAX) {
        struct dmarc_record r;
        lines[lines_n++] = str_line(rest, &rest);
        if (dmarc_record_parse(lines[lines_n - 1], &r) == OK)
            must(r.own <= DMARC_REJECT && r.below <= DMARC_REJECT && r.missing <= DMARC_REJECT);
    }
    must(answers_init(&as, &kept, &scratch) == OK);
    if (domain_to_ascii(&domain, first) != OK)
        return 0;
    enum err e = dmarc_walk(&as, buf_str(&domain), &w);
    must(e == ERR_MORE && as.n <= LIMIT_DMARC_STEPS);
    answer(&as, lines, lines_n);
    must(dmarc_walk(&as, buf_str(&domain), &w) == OK);
    must(domain_is_within(buf_str(&domain), w.organisation));
    must(str_empty(w.domain) || domain_is_within(buf_str(&domain), w.domain));
    return 0;
}
