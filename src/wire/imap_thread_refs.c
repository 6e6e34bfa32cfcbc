/* RFC 5256 section 3, THREAD=REFERENCES, by its steps. A node is a message, or an id that a message refers to and that
 * is not there (a dummy). First there are only links to parents; then lists of children, made from the leaves up, in
 * which dummies have given way to their children; then the roots are gathered by subject. Nothing recurses: the order
 * from the leaves up is a breadth-first one, read backwards. */
#include "wire/imap_thread_refs.h"
#include "base/map.h"
#include <stdlib.h>

#define NONE UINT32_MAX
enum { LIMIT_WALK = 1000 }; /* links followed to see whether another one would close a loop; longer counts as a loop */

struct node {
    const struct imap_thread_record *msg; /* NULL: a dummy */
    uint32_t parent, children;            /* while linking: how many name it as parent */
    uint32_t first, last, next;           /* its children; its next sibling */
    int64_t key_ms;                       /* what it is sorted by: its date, or of a dummy that of its first child */
    uint32_t key_seq;
};
struct threads {
    struct node *v;
    uint32_t n;
    uint32_t *roots, root_n;
    uint32_t *scratch; /* as many as there can be nodes */
    struct map ids;
};

static void *as_value(uint32_t i) { return (void *)((uintptr_t)i + 1); }
static uint32_t as_index(const void *value) { return value == NULL ? NONE : (uint32_t)((uintptr_t)value - 1); }

static uint32_t node_new(struct threads *t)
{
    t->v[t->n] = (struct node){ .parent = NONE, .first = NONE, .last = NONE, .next = NONE };
    return t->n++;
}

/* ---- step 1: links ---- */

/* Every id is numbered first: then it is known how many nodes there can be. */
static bool number_ids(struct threads *t, const struct imap_thread_record *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= v[i].ref_n; k++) {
            struct str id = k < v[i].ref_n ? v[i].refs[k] : v[i].id;
            if (id.n > 0 && map_get(&t->ids, id) == NULL && !map_set(&t->ids, id, as_value((uint32_t)t->ids.n)))
                return false;
        }
    return true;
}

/* Whether the parent lies within the child's tree. */
static bool would_loop(const struct threads *t, uint32_t child, uint32_t parent)
{
    if (child == parent)
        return true;
    size_t steps = 0;
    for (uint32_t i = parent; t->v[child].children > 0 && i != NONE; i = t->v[i].parent)
        if (i == child || ++steps > LIMIT_WALK)
            return true;
    return false;
}

static void set_parent(struct threads *t, uint32_t child, uint32_t parent)
{
    if (t->v[child].parent != NONE)
        t->v[t->v[child].parent].children--;
    t->v[child].parent = parent;
    t->v[parent].children++;
}

/* The message's own node: that of its id, unless another message has the id already. */
static uint32_t node_of_message(struct threads *t, const struct imap_thread_record *r)
{
    uint32_t i = r->id.n > 0 ? as_index(map_get(&t->ids, r->id)) : NONE;
    if (i == NONE || t->v[i].msg != NULL)
        i = node_new(t);
    t->v[i].msg = r;
    return i;
}

static void link_message(struct threads *t, const struct imap_thread_record *r)
{
    uint32_t self = node_of_message(t, r), before = NONE;
    for (size_t k = 0; k < r->ref_n; k++) {
        uint32_t i = as_index(map_get(&t->ids, r->refs[k]));
        if (i == NONE) /* an empty one */
            continue;
        if (before != NONE && t->v[i].parent == NONE && !would_loop(t, i, before))
            set_parent(t, i, before);
        before = i;
    }
    if (before != NONE && !would_loop(t, self, before)) /* what the message itself says counts more than hearsay */
        set_parent(t, self, before);
}

/* ---- steps 2 and 3: roots, and dummies that give way ---- */

static void push_front(struct node *to, struct threads *t, uint32_t first, uint32_t last)
{
    t->v[last].next = to->first;
    to->last = to->first == NONE ? last : to->last;
    to->first = first;
}

/* Parents before their children. */
static void order_nodes(struct threads *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->n; i++) { /* lists of children, for the walk alone */
        struct node *p = &t->v[i];
        if (p->parent == NONE)
            t->scratch[n++] = i;
        else
            push_front(&t->v[p->parent], t, i, i);
    }
    for (uint32_t at = 0; at < n; at++)
        for (uint32_t c = t->v[t->scratch[at]].first; c != NONE; c = t->v[c].next)
            t->scratch[n++] = c;
    for (uint32_t i = 0; i < t->n; i++)
        t->v[i].first = t->v[i].last = t->v[i].next = NONE;
}

static void prune(struct threads *t)
{
    order_nodes(t);
    for (uint32_t at = t->n; at-- > 0;) {
        uint32_t i = t->scratch[at];
        struct node *p = &t->v[i];
        bool gives_way = p->msg == NULL && (p->parent != NONE || p->first == p->last);
        uint32_t first = gives_way ? p->first : i, last = gives_way ? p->last : i;
        if (gives_way)
            p->first = p->last = NONE;
        if (first == NONE)
            continue;
        if (p->parent != NONE)
            push_front(&t->v[p->parent], t, first, last);
        else
            t->roots[t->root_n++] = first;
    }
}

/* ---- steps 4 and 6: order ---- */

static void set_key(struct threads *t, uint32_t i)
{
    struct node *p = &t->v[i];
    const struct imap_thread_record *r = p->msg != NULL ? p->msg : t->v[p->first].msg;
    p->key_ms = r->sent_ms;
    p->key_seq = r->seq;
}

static int node_cmp(const void *x, const void *y, void *ctx)
{
    const struct threads *t = ctx;
    const struct node *a = &t->v[*(const uint32_t *)x], *b = &t->v[*(const uint32_t *)y];
    if (a->key_ms != b->key_ms)
        return a->key_ms < b->key_ms ? -1 : 1;
    return (a->key_seq > b->key_seq) - (a->key_seq < b->key_seq);
}

static void sort_children(struct threads *t, uint32_t i)
{
    struct node *p = &t->v[i];
    uint32_t n = 0;
    for (uint32_t c = p->first; c != NONE; c = t->v[c].next) {
        set_key(t, c);
        t->scratch[n++] = c;
    }
    if (n > 1)
        qsort_r(t->scratch, n, sizeof *t->scratch, node_cmp, t);
    p->first = p->last = NONE;
    while (n > 0) {
        n--;
        push_front(p, t, t->scratch[n], t->scratch[n]);
    }
}

static void sort_roots(struct threads *t)
{
    for (uint32_t i = 0; i < t->root_n; i++) {
        if (t->v[t->roots[i]].msg == NULL)
            sort_children(t, t->roots[i]);
        set_key(t, t->roots[i]);
    }
    if (t->root_n > 1)
        qsort_r(t->roots, t->root_n, sizeof *t->roots, node_cmp, t);
}

/* ---- step 5: roots of one subject ---- */

static const struct imap_thread_record *speaker(const struct threads *t, uint32_t i)
{
    return t->v[i].msg != NULL ? t->v[i].msg : t->v[t->v[i].first].msg;
}

/* Which root stands for a subject: a dummy if there is one, else one that is no reply. Values are places in roots. */
static bool choose_roots(struct threads *t, struct map *subjects)
{
    for (uint32_t at = 0; at < t->root_n; at++) {
        uint32_t i = t->roots[at];
        struct str subject = speaker(t, i)->subject;
        uint32_t had = subject.n > 0 ? as_index(map_get(subjects, subject)) : at;
        bool dummy = t->v[i].msg == NULL;
        bool better = false;
        if (had != NONE && had != at && t->v[t->roots[had]].msg != NULL)
            better = dummy || (t->v[t->roots[had]].msg->reply && !t->v[i].msg->reply);
        if ((had == NONE || better) && !map_set(subjects, subject, as_value(at)))
            return false;
    }
    return true;
}

static void append_child(struct threads *t, uint32_t parent, uint32_t first, uint32_t last)
{
    struct node *p = &t->v[parent];
    if (p->first == NONE)
        p->first = first;
    else
        t->v[p->last].next = first;
    p->last = last;
}

/* Root "at" goes into the thread whose place is "to". */
static void merge_root(struct threads *t, uint32_t at, uint32_t to)
{
    uint32_t i = t->roots[at], j = t->roots[to];
    const struct node *p = &t->v[i], *q = &t->v[j];
    if (p->msg == NULL && q->msg == NULL) {
        append_child(t, j, p->first, p->last);
    } else if (q->msg == NULL || (p->msg != NULL && p->msg->reply && !q->msg->reply)) {
        append_child(t, j, i, i);
    } else {
        uint32_t both = node_new(t);
        append_child(t, both, j, j);
        append_child(t, both, i, i);
        t->roots[to] = both;
    }
    t->roots[at] = NONE;
}

static bool gather_subjects(struct threads *t)
{
    struct map subjects;
    map_init(&subjects, 0);
    bool good = choose_roots(t, &subjects);
    for (uint32_t at = 0; good && at < t->root_n; at++) {
        struct str subject = speaker(t, t->roots[at])->subject;
        uint32_t to = subject.n > 0 ? as_index(map_get(&subjects, subject)) : NONE;
        if (to != NONE && to != at)
            merge_root(t, at, to);
    }
    map_fini(&subjects);
    uint32_t n = 0;
    for (uint32_t at = 0; at < t->root_n; at++)
        if (t->roots[at] != NONE)
            t->roots[n++] = t->roots[at];
    t->root_n = n;
    return good;
}

/* ---- the answer ---- */

/* From i on: its number, and then its only child, or the first of several, each of which is in parentheses of its own.
 * stack: siblings that are still to be written. */
static void put_thread(struct buf *out, const struct threads *t, uint32_t i, uint32_t *stack)
{
    size_t depth = 0;
    buf_putc(out, '(');
    for (;;) {
        const struct node *p = &t->v[i];
        if (p->msg != NULL)
            buf_put_u64(out, p->msg->number);
        if (p->msg != NULL && p->first != NONE)
            buf_putc(out, ' ');
        if (p->first != NONE) {
            i = p->first;
            if (p->first != p->last) {
                stack[depth++] = t->v[i].next;
                buf_putc(out, '(');
            }
            continue;
        }
        buf_putc(out, ')');
        while (depth > 0 && stack[depth - 1] == NONE) {
            depth--;
            buf_putc(out, ')');
        }
        if (depth == 0)
            return;
        i = stack[depth - 1];
        stack[depth - 1] = t->v[i].next;
        buf_putc(out, '(');
    }
}

static enum err run(struct threads *t, struct buf *out, const struct imap_thread_record *v, size_t n)
{
    for (size_t i = t->ids.n; i > 0; i--)
        node_new(t);
    for (size_t i = 0; i < n; i++)
        link_message(t, &v[i]);
    prune(t);
    sort_roots(t);
    if (!gather_subjects(t))
        return ERR_FULL;
    for (uint32_t i = 0; i < t->n; i++)
        sort_children(t, i);
    sort_roots(t);
    for (uint32_t i = 0; i < t->root_n && !out->failed; i++)
        put_thread(out, t, t->roots[i], t->scratch);
    return out->failed ? ERR_FULL : OK;
}

enum err imap_thread_refs_put(struct buf *out, const struct imap_thread_record *v, size_t n, struct arena *a)
{
    struct threads t = { 0 };
    map_init(&t.ids, LIMIT_IMAP_THREAD_IDS);
    bool good = n < NONE / 4 && number_ids(&t, v, n);
    size_t most = t.ids.n + 2 * n; /* a message without an id, a dummy for two that have one subject */
    t.v = good ? arena_array(a, most, sizeof *t.v) : NULL;
    t.roots = good ? arena_array(a, most, sizeof *t.roots) : NULL;
    t.scratch = good ? arena_array(a, most, sizeof *t.scratch) : NULL;
    good = t.v != NULL && t.roots != NULL && t.scratch != NULL;
    enum err e = good ? run(&t, out, v, n) : ERR_FULL;
    map_fini(&t.ids);
    return e;
}
