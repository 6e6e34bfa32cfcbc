/* What both kinds of thread share: their names, the records, and ORDEREDSUBJECT, which is two sorts. The algorithm over
 * References is in imap_thread_refs.c. */
#include "wire/imap_thread.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/imap_subject.h"
#include "wire/imap_thread_refs.h"
#include <stdlib.h>

bool imap_thread_read(struct imap_token *t, enum imap_thread *out)
{
    bool subject = imap_token_try(t, S("ORDEREDSUBJECT"));
    if ((!subject && !imap_token_try(t, S("REFERENCES"))) || !imap_token_sp(t)) {
        t->failed = true;
        return false;
    }
    *out = subject ? IMAP_THREAD_ORDEREDSUBJECT : IMAP_THREAD_REFERENCES;
    return true;
}

/* ---- records ---- */

static size_t count_ids(struct str raw)
{
    size_t n = 0;
    for (struct str rest = raw; rest.n > 0;)
        n += header_msgid(rest, &rest).n > 0;
    return n;
}

static bool keep_id(struct arena *a, struct str id, struct str *out)
{
    *out = arena_dup(a, str_sub(id, 0, LIMIT_IMAP_ID));
    return out->p != NULL;
}

/* The first one, which is where the thread began, and the last ones, which are nearest. */
static enum err take_ids(struct arena *a, struct str raw, size_t most, struct imap_thread_record *r)
{
    size_t n = count_ids(raw), keep = MIN(n, most), i = 0;
    r->refs = keep > 0 ? arena_array(a, keep, sizeof *r->refs) : NULL;
    if (keep > 0 && r->refs == NULL)
        return ERR_FULL;
    for (struct str rest = raw; rest.n > 0 && r->ref_n < keep;) {
        struct str id = header_msgid(rest, &rest);
        if (id.n == 0)
            continue;
        if ((i == 0 || n - i < keep) && !keep_id(a, id, &r->refs[r->ref_n++]))
            return ERR_FULL;
        i++;
    }
    return OK;
}

/* RFC 5256: the first valid id of In-Reply-To, if References has none. */
static enum err take_reply(struct arena *a, struct str raw, struct imap_thread_record *r)
{
    struct str id = S("");
    for (struct str rest = raw; id.n == 0 && rest.n > 0;)
        id = header_msgid(rest, &rest);
    r->ref_n = id.n > 0;
    r->refs = id.n > 0 ? arena_array(a, 1, sizeof *r->refs) : NULL;
    return id.n == 0 || (r->refs != NULL && keep_id(a, id, &r->refs[0])) ? OK : ERR_FULL;
}

enum err imap_thread_fill(struct arena *a, struct str head, int64_t arrival_ms, struct imap_thread_record *r)
{
    struct imap_thread_record made = { .seq = r->seq, .number = r->number };
    struct imap_subject subject;
    struct date sent;
    struct str rest, id = header_msgid(header_find(head, S("Message-ID")), &rest);
    made.sent_ms = date_parse(header_find(head, S("Date")), &sent) == OK ? sent.ms : arrival_ms;
    enum err e = keep_id(a, id, &made.id) ? OK : ERR_FULL;
    if (e == OK)
        e = take_ids(a, header_find(head, S("References")), LIMIT_IMAP_REFERENCES, &made);
    if (e == OK && made.ref_n == 0)
        e = take_reply(a, header_find(head, S("In-Reply-To")), &made);
    if (e == OK)
        e = imap_subject_of(a, head, &subject);
    if (e != OK)
        return e;
    made.subject = subject.base;
    made.reply = subject.reply;
    *r = made;
    return OK;
}

/* ---- ORDEREDSUBJECT ---- */

static int by_date(const struct imap_thread_record *a, const struct imap_thread_record *b)
{
    if (a->sent_ms != b->sent_ms)
        return a->sent_ms < b->sent_ms ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static int by_subject(const void *x, const void *y)
{
    const struct imap_thread_record *a = x, *b = y;
    int order = str_cmp(a->subject, b->subject);
    return order != 0 ? order : by_date(a, b);
}

struct run {
    const struct imap_thread_record *v;
    size_t n;
};

static int run_cmp(const void *x, const void *y)
{
    const struct run *a = x, *b = y;
    return by_date(a->v, b->v);
}

/* The first message, and the others as its children. */
static void put_run(struct buf *out, const struct run *r)
{
    buf_putc(out, '(');
    buf_put_u64(out, r->v[0].number);
    for (size_t i = 1; i < r->n; i++) {
        buf_put(out, i == 1 ? S(" ") : S(""));
        buf_put(out, r->n > 2 ? S("(") : S(""));
        buf_put_u64(out, r->v[i].number);
        buf_put(out, r->n > 2 ? S(")") : S(""));
    }
    buf_putc(out, ')');
}

static enum err ordered_subject(struct buf *out, struct imap_thread_record *v, size_t n, struct arena *a)
{
    struct run *runs = arena_array(a, n, sizeof *runs);
    size_t run_n = 0;
    if (runs == NULL)
        return ERR_FULL;
    qsort(v, n, sizeof *v, by_subject);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !str_eq(v[i].subject, v[i - 1].subject))
            runs[run_n++] = (struct run){ &v[i], 0 };
        runs[run_n - 1].n++;
    }
    qsort(runs, run_n, sizeof *runs, run_cmp);
    for (size_t i = 0; i < run_n; i++)
        put_run(out, &runs[i]);
    return out->failed ? ERR_FULL : OK;
}

enum err imap_thread_put(struct buf *out, enum imap_thread how, struct imap_thread_record *v, size_t n, struct arena *a)
{
    if (n == 0)
        return OK;
    switch (how) {
    case IMAP_THREAD_ORDEREDSUBJECT:
        return ordered_subject(out, v, n, a);
    case IMAP_THREAD_REFERENCES:
        return imap_thread_refs_put(out, v, n, a);
    }
    return ERR_BAD;
}
