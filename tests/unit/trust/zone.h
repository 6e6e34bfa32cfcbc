/* A DNS of a table: what a check wants is answered from rows, or does not exist. */
#pragma once
#include "test.h"
#include "trust/answers.h"
#include "wire/ip.h"

struct zone_row {
    const char *name;
    enum dns_type type;
    const char *value; /* TXT: text; A, AAAA: an address; MX, PTR: a name; NULL: the look-up fails */
};

static inline struct dns_record zone_record(struct answers *as, const struct zone_row *row)
{
    struct ip ip;
    struct dns_record r = { .data = str_c(row->value) };
    if ((row->type == DNS_A || row->type == DNS_AAAA) && ip_parse(r.data, &ip) == OK)
        r.data = arena_dup(as->kept, str_of(ip.b, ip_n(&ip)));
    return r;
}

static inline void zone_answer_one(struct answers *as, struct answer *a, const struct zone_row *rows, size_t n)
{
    a->status = ANSWER_NONAME;
    a->records.v = arena_array(as->kept, n + 1, sizeof *a->records.v);
    for (size_t i = 0; i < n; i++) {
        if (!str_eq_nocase(str_c(rows[i].name), a->name))
            continue;
        if (a->status == ANSWER_NONAME)
            a->status = ANSWER_FOUND;
        if (rows[i].type != a->type)
            continue;
        if (!rows[i].value)
            a->status = ANSWER_FAILED;
        else
            a->records.v[a->records.n++] = zone_record(as, &rows[i]);
    }
}

/* Answers all that is wanted; how many that were. */
static inline size_t zone_answer(struct answers *as, const struct zone_row *rows, size_t n)
{
    size_t wanted = 0;
    for (size_t i = 0; i < as->n; i++)
        if (as->v[i].status == ANSWER_WANTED) {
            zone_answer_one(as, &as->v[i], rows, n);
            wanted++;
        }
    return wanted;
}
