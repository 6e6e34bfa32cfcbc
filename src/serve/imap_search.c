/* SEARCH. Each message is asked with what is at hand; only where that cannot decide is it opened, and only for BODY and
 * TEXT read as a whole. */
#include "base/text.h"
#include "serve/imap_command.h"
#include "serve/imap_searching.h"
#include <stdlib.h>
#include <string.h>

static void next(struct imap_session *s);

struct imap_search_context searching_context(const struct imap_session *s)
{
    const struct imap_view *v = s->view;
    return (struct imap_search_context){ .seq_star = (uint32_t)v->told_n,
                                         .uid_star = v->told_n > 0 ? v->v[v->told_n - 1].uid : 0 };
}

/* ---- "$": RFC 5182 ---- */

static void forget_saved(struct imap_session *s)
{
    free(s->saved);
    s->saved = NULL;
}

static int by_uid(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* With MIN and MAX alone only these are saved (section 2.4). */
static bool save(struct imap_session *s, const struct searching *w)
{
    unsigned r = w->q.returns & ~(unsigned)IMAP_RETURN_SAVE;
    bool ends = r != 0 && !(r & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT));
    uint32_t *uids = arena_array(&s->cmd->arena, w->n + 1, sizeof *uids);
    struct imap_set set = { 0 };
    size_t n = 0;
    for (size_t k = 0; uids != NULL && k < w->n; k++)
        if (!ends || (k == 0 && r & IMAP_RETURN_MIN) || (k + 1 == w->n && r & IMAP_RETURN_MAX))
            uids[n++] = s->view->v[w->found[k]].uid;
    if (n > 0)
        qsort(uids, n, sizeof *uids, by_uid); /* SORT has them in another order */
    if (uids == NULL || imap_set_from(&s->cmd->arena, uids, n, &set) != OK || set.n > LIMIT_IMAP_KEPT)
        return false;
    struct imap_saved *kept = malloc(sizeof *kept + set.n * sizeof kept->v[0]);
    if (kept == NULL)
        return false;
    kept->n = set.n;
    if (set.n > 0)
        memcpy(kept->v, set.v, set.n * sizeof kept->v[0]);
    forget_saved(s);
    s->saved = kept;
    return true;
}

static bool saves(const struct imap_search *q) { return q->returns & IMAP_RETURN_SAVE; }

/* The words of a NO, which leaves nothing in "$" (section 2.1); BAD leaves what was there. */
static void refuse(struct imap_session *s, const struct imap_search *q, const char *words)
{
    if (saves(q))
        forget_saved(s);
    imap_reply(s, "NO %s", words);
}

void searching_bad(struct imap_session *s, const struct imap_search *q)
{
    if (q->bad_charset)
        refuse(s, q, "[BADCHARSET (UTF-8 US-ASCII)] only these");
    else
        imap_bad(s);
}

/* ---- one message ---- */

static bool is_saved(const struct imap_session *s, uint32_t uid)
{
    struct imap_set set = { .v = s->saved ? s->saved->v : NULL, .n = s->saved ? s->saved->n : 0 };
    return imap_set_has(&set, uid);
}

enum { ID_N = 1 + 2 * MSG_ID_N };

/* All that is at hand of entry i. */
static struct imap_search_message describe(const struct imap_session *s, const struct searching *w, size_t i,
                                           char id[ID_N])
{
    const struct imap_msg *m = &s->view->v[i];
    const struct imap_message *open = &s->cmd->msg;
    id[0] = 'M';
    text_hex(id + 1, msg_id_str(&m->origin));
    struct imap_search_message what = { .seq = (uint32_t)i + 1,
                                        .uid = m->uid,
                                        .flags = m->flags & ~(unsigned)IMAP_RECENT,
                                        .modseq = m->modseq,
                                        .size = m->size,
                                        .internal_ms = m->received_ms,
                                        .saved_ms = open->source ? open->source->saved_ms : -1,
                                        .saved = w->q.uses_saved && is_saved(s, m->uid),
                                        .emailid = str_of(id, ID_N) };
    if (m->marks & IMAP_MSG_RECENT)
        what.flags |= IMAP_RECENT;
    if (open->source != NULL)
        what.head = open->source->header;
    if (open->loaded) {
        what.tree = open->source->tree;
        what.msg = buf_str(&open->whole.data);
    }
    return what;
}

static enum imap_search_answer look(const struct imap_session *s, const struct searching *w, size_t i)
{
    char id[ID_N];
    struct imap_search_message what = describe(s, w, i, id);
    return imap_search_match(&w->q, &what, w->now_ms);
}

static void found(struct imap_session *s, struct searching *w, size_t i)
{
    w->failed |= w->note != NULL && !w->note(s, w, i);
    w->found[w->n++] = (uint32_t)i;
}

/* ---- all of them ---- */

static void go_on(struct imap_session *s, struct searching *w)
{
    imap_message_close(s);
    w->at++;
    next(s);
}

static void on_looked(struct imap_session *s, const struct imap_answer *a)
{
    struct searching *w = s->cmd->state;
    w->failed |= a->err != OK;
    if (a->err == OK && a->found)
        found(s, w, w->at);
    go_on(s, w);
}

/* Where others would have to wait, somebody else looks. */
static bool looks_elsewhere(struct imap_session *s, const struct searching *w)
{
    char id[ID_N];
    const struct imap_look what = { &w->q, describe(s, w, w->at, id), w->now_ms, &s->cmd->msg.whole };
    return imap_ask(s, on_looked)->look(s, &what);
}

static void on_message(struct imap_session *s)
{
    struct searching *w = s->cmd->state;
    enum err e = s->cmd->msg.err;
    w->missing |= e == ERR_GONE;
    w->failed |= e != OK && e != ERR_GONE;
    if (e != OK)
        go_on(s, w);
    else if (!s->cmd->msg.loaded || !looks_elsewhere(s, w))
        next(s);
}

/* False: an answer is owed first. */
static bool open(struct imap_session *s, size_t i)
{
    if (imap_message_ready(s, i))
        return true;
    imap_message_open(s, i, on_message);
    return false;
}

/* The same. */
static bool decide(struct imap_session *s, struct searching *w, size_t i)
{
    const struct imap_message *m = &s->cmd->msg;
    if (m->source == NULL && w->by_saved && !open(s, i))
        return false;
    enum imap_search_answer a = look(s, w, i);
    bool more = a == IMAP_SEARCH_NEEDS_HEADER || a == IMAP_SEARCH_NEEDS_BODY || (a == IMAP_SEARCH_YES && w->opens);
    if (more && m->source == NULL) {
        if (!open(s, i))
            return false;
        a = look(s, w, i);
    }
    if (a == IMAP_SEARCH_NEEDS_BODY) {
        imap_message_load(s, on_message);
        return false;
    }
    if (a == IMAP_SEARCH_NO)
        return true;
    found(s, w, i);
    return true;
}

static void next(struct imap_session *s)
{
    struct searching *w = s->cmd->state;
    for (; w->at < s->view->told_n; w->at++) {
        if (s->view->v[w->at].marks & IMAP_MSG_GONE)
            w->missing = true;
        else if (!decide(s, w, w->at))
            return;
        imap_message_close(s);
    }
    if (w->failed)
        refuse(s, &w->q, "[SERVERBUG] some messages could not be read");
    else
        w->answer(s, w);
}

static bool uses_savedate(const struct imap_search *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        if (q->v[i].kind == IMAP_KEY_SAVEDBEFORE || q->v[i].kind == IMAP_KEY_SAVEDON ||
            q->v[i].kind == IMAP_KEY_SAVEDSINCE)
            return true;
    return false;
}

static bool uses_octets(const struct imap_search *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        if (q->v[i].kind == IMAP_KEY_BODY || q->v[i].kind == IMAP_KEY_TEXT)
            return true;
    return false;
}

static void name_keywords(const struct imap_session *s, struct imap_search *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        if (q->v[i].kind == IMAP_KEY_KEYWORD)
            q->v[i].number = imap_name_flag(s, q->v[i].text);
}

void searching_start(struct imap_session *s)
{
    struct searching *w = s->cmd->state;
    name_keywords(s, &w->q);
    if (w->q.modseq)
        imap_condstore(s);
    w->by_saved = uses_savedate(&w->q);
    s->cmd->msg.octets = uses_octets(&w->q);
    w->now_ms = s->rules->ops->now_ms(s);
    w->found = arena_array(&s->cmd->arena, s->view->told_n + 1, sizeof *w->found);
    if (w->found == NULL)
        refuse(s, &w->q, "[LIMIT] out of memory");
    else
        next(s);
}

/* ---- SEARCH's answer ---- */

static uint32_t number(const struct imap_session *s, uint32_t i) { return s->cmd->uid ? s->view->v[i].uid : i + 1; }

static uint64_t top_modseq(const struct imap_session *s, const struct searching *w)
{
    uint64_t top = 0;
    unsigned r = w->q.returns;
    bool ends = w->q.esearch && !(r & (IMAP_RETURN_ALL | IMAP_RETURN_COUNT)) && r & (IMAP_RETURN_MIN | IMAP_RETURN_MAX);
    for (size_t k = 0; k < w->n; k++) /* RFC 7162 section 3.1.5: of those that are told */
        if (!ends || (k == 0 && r & IMAP_RETURN_MIN) || (k + 1 == w->n && r & IMAP_RETURN_MAX))
            top = MAX(top, s->view->v[w->found[k]].modseq);
    return top;
}

static void put_plain(struct imap_session *s, const struct searching *w, const char *name)
{
    buf_puts(s->out, name);
    for (size_t k = 0; k < w->n; k++) {
        buf_putc(s->out, ' ');
        buf_put_u64(s->out, number(s, w->found[k]));
    }
    if (w->q.modseq && w->n > 0)
        buf_printf(s->out, " (MODSEQ %llu)", (unsigned long long)top_modseq(s, w));
    buf_puts(s->out, "\r\n");
}

static void put_all(struct imap_session *s, const struct searching *w)
{
    struct imap_set_writer out = { .out = s->out };
    buf_puts(s->out, " ALL ");
    for (size_t k = 0; k < w->n; k++)
        imap_set_add(&out, number(s, w->found[k]));
    imap_set_end(&out);
}

static void put_esearch(struct imap_session *s, const struct searching *w)
{
    unsigned r = w->q.esearch ? w->q.returns : IMAP_RETURN_ALL;
    if (r == IMAP_RETURN_SAVE)
        return;
    buf_puts(s->out, "* ESEARCH (TAG \"");
    buf_put(s->out, s->cmd->tag);
    buf_puts(s->out, s->cmd->uid ? "\") UID" : "\")");
    if (r & IMAP_RETURN_MIN && w->n > 0)
        buf_printf(s->out, " MIN %u", number(s, w->found[0]));
    if (r & IMAP_RETURN_MAX && w->n > 0)
        buf_printf(s->out, " MAX %u", number(s, w->found[w->n - 1]));
    if (r & IMAP_RETURN_ALL && w->n > 0)
        put_all(s, w);
    if (r & IMAP_RETURN_COUNT)
        buf_printf(s->out, " COUNT %zu", w->n);
    if (w->q.modseq && w->n > 0)
        buf_printf(s->out, " MODSEQ %llu", (unsigned long long)top_modseq(s, w));
    buf_puts(s->out, "\r\n");
}

void searching_answer(struct imap_session *s, const struct searching *w, const char *plain)
{
    if (saves(&w->q) && !save(s, w)) {
        refuse(s, &w->q, "[NOTSAVED] too much to remember");
        return;
    }
    if (w->q.esearch || plain == NULL)
        put_esearch(s, w);
    else
        put_plain(s, w, plain);
    imap_reply(s, w->missing ? "OK [EXPUNGEISSUED] some messages are gone" : "OK that is all");
}

static void answer(struct imap_session *s, struct searching *w)
{
    searching_answer(s, w, imap_rev2(s) ? NULL : "* SEARCH");
}

void imap_run_search(struct imap_session *s)
{
    struct searching *w = imap_state(s, sizeof *w);
    if (w == NULL)
        return;
    struct imap_search_context c = searching_context(s);
    w->answer = answer;
    bool good = imap_search_read(&s->cmd->in, &c, &w->q);
    if (w->q.has_charset && s->on & IMAP_ON_UTF8)
        imap_bad(s); /* RFC 6855 section 3: all is UTF-8 now */
    else if (good)
        searching_start(s);
    else
        searching_bad(s, &w->q);
}
