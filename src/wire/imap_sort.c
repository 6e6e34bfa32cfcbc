/* A record holds all that any key may compare, made comparable once; the order itself is one look at the keys. */
#include "wire/imap_sort.h"
#include "wire/addr.h"
#include "wire/date.h"
#include "wire/fold.h"
#include "wire/header.h"
#include "wire/imap_search.h"
#include "wire/imap_subject.h"
#include <stdlib.h>

static const struct str keys[] = {
    [IMAP_SORT_ARRIVAL] = STR("ARRIVAL"), [IMAP_SORT_CC] = STR("CC"),     [IMAP_SORT_DATE] = STR("DATE"),
    [IMAP_SORT_FROM] = STR("FROM"),       [IMAP_SORT_SIZE] = STR("SIZE"), [IMAP_SORT_SUBJECT] = STR("SUBJECT"),
    [IMAP_SORT_TO] = STR("TO"),
};

static bool take_key(struct imap_token *t, struct imap_sort *s)
{
    size_t i = 0;
    bool reverse = imap_token_try(t, S("REVERSE"));
    if (reverse && !imap_token_sp(t))
        return false;
    while (i < COUNT(keys) && !imap_token_try(t, keys[i]))
        i++;
    t->full |= s->n == LIMIT_IMAP_SORT_KEYS;
    t->failed |= i == COUNT(keys) || t->full;
    if (t->failed)
        return false;
    s->v[s->n].key = (enum imap_sort_key)i;
    s->v[s->n++].reverse = reverse;
    s->needs_header |= i != IMAP_SORT_ARRIVAL && i != IMAP_SORT_SIZE;
    return true;
}

bool imap_sort_read(struct imap_token *t, struct imap_sort *out)
{
    struct imap_sort s = { .esearch = imap_token_try(t, S("RETURN")) };
    if (s.esearch && !imap_return_read(t, &s.returns))
        return false;
    if (!imap_token_open(t))
        return false;
    do {
        if (!take_key(t, &s))
            return false;
    } while (imap_token_more(t));
    if (t->failed)
        return false;
    *out = s;
    return true;
}

/* RFC 5256 section 3: the addr-mailbox of the first address, which for a group is its name. */
static enum err first_mailbox(struct arena *a, struct str head, struct str field, struct str *out)
{
    struct addr_list l;
    enum { ENOUGH = 4096 }; /* octets of the field; the first address stands at its front */
    AUTO_ARENA struct arena scratch = { .max = 1024 * 1024, .secret = a->secret };
    if (addr_list_parse(&scratch, str_sub(header_find(head, field), 0, ENOUGH), &l) != OK)
        return ERR_FULL;
    struct str text = l.n == 0 ? S("") : l.v[0].kind == ADDR_MAILBOX ? l.v[0].local : l.v[0].raw_name;
    AUTO_BUF struct buf folded = { .max = 6 * text.n + 16 };
    fold_text_put(&folded, text);
    *out = arena_dup(a, buf_str(&folded));
    return out->p == NULL ? ERR_FULL : OK;
}

enum err imap_sort_fill(struct arena *a, struct str head, struct imap_sort_record *r)
{
    struct imap_sort_record made = *r;
    struct imap_subject subject;
    struct date sent;
    bool dated = date_parse(header_find(head, S("Date")), &sent) == OK;
    made.sent_ms = dated ? sent.ms : r->arrival_ms; /* RFC 5256 section 2.2 */
    enum err e = imap_subject_of(a, head, &subject);
    if (e == OK)
        e = first_mailbox(a, head, S("From"), &made.from);
    if (e == OK)
        e = first_mailbox(a, head, S("To"), &made.to);
    if (e == OK)
        e = first_mailbox(a, head, S("Cc"), &made.cc);
    if (e != OK)
        return e;
    made.subject = subject.base;
    *r = made;
    return OK;
}

static int number_cmp(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int key_cmp(enum imap_sort_key key, const struct imap_sort_record *a, const struct imap_sort_record *b)
{
    switch (key) {
    case IMAP_SORT_ARRIVAL:
        return number_cmp(a->arrival_ms, b->arrival_ms);
    case IMAP_SORT_CC:
        return str_cmp(a->cc, b->cc);
    case IMAP_SORT_DATE:
        return number_cmp(a->sent_ms, b->sent_ms);
    case IMAP_SORT_FROM:
        return str_cmp(a->from, b->from);
    case IMAP_SORT_SIZE:
        return (a->size > b->size) - (a->size < b->size);
    case IMAP_SORT_SUBJECT:
        return str_cmp(a->subject, b->subject);
    case IMAP_SORT_TO:
        return str_cmp(a->to, b->to);
    }
    return 0;
}

static int record_cmp(const void *x, const void *y, void *ctx)
{
    const struct imap_sort_record *a = x, *b = y;
    const struct imap_sort *by = ctx;
    for (size_t i = 0; i < by->n; i++) {
        int order = key_cmp(by->v[i].key, a, b);
        if (order != 0)
            return by->v[i].reverse ? -order : order;
    }
    return number_cmp(a->seq, b->seq);
}

void imap_sort_run(const struct imap_sort *by, struct imap_sort_record *v, size_t n)
{
    struct imap_sort copy = *by; /* qsort_r() would take the const away */
    if (n > 1)
        qsort_r(v, n, sizeof *v, record_cmp, &copy);
}
