/* The view follows the store's change log. An event only says that there is something to read: what, and in which
 * order, the store alone says, so events that come late, twice or crossed do no harm. */
#include "serve/imap_command.h"
#include "serve/imap_notify.h"
#include "wire/imap_write.h"
#include <stdlib.h>

void imap_unselect(struct imap_session *s)
{
    imap_view_free(s->view);
    free(s->names);
    free(s->saved);
    s->view = NULL;
    s->names = NULL;
    s->saved = NULL;
    s->owes_modseq = false;
}

/* ---- reading the log ---- */

static void go_on(struct imap_session *s)
{
    if (s->cmd)
        s->cmd->step(s);
    else
        imap_idle_told(s);
}

void imap_claimed(struct imap_view *v, const struct imap_answer *a)
{
    for (size_t i = imap_view_from(v, v->unclaimed); i < v->n; i++)
        if (a->err != OK || v->v[i].uid < a->recent_from || a->recent_from == 0)
            v->v[i].marks &= ~(uint32_t)IMAP_MSG_RECENT;
    v->unclaimed = 0;
}

static void on_claimed(struct imap_session *s, const struct imap_answer *a)
{
    imap_claimed(s->view, a);
    go_on(s);
}

bool imap_claims(const struct imap_session *s)
{
    const struct imap_view *v = s->view;
    return v != NULL && v->unclaimed != 0 && !v->read_only && !imap_rev2(s);
}

/* New mail is \Recent to whoever is told first. Who idles is told before the store has written that down. */
static void claim_then_go_on(struct imap_session *s)
{
    if (s->cmd != NULL && imap_claims(s))
        imap_ask(s, on_claimed)->claim(s, s->view->folder, false);
    else
        go_on(s);
}

static void on_names(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err == OK && imap_learn_names(s, a))
        imap_put_flag_lists(s);
    claim_then_go_on(s);
}

/* A keyword that another session brought in must have its name before a message is told to carry it. */
static void names_then_go_on(struct imap_session *s)
{
    uint32_t keywords = s->view->flag_bits & ~(FLAG_KEYWORD(0) - 1);
    if ((keywords & ~imap_known_bits(s)) == 0) {
        claim_then_go_on(s);
        return;
    }
    s->view->flag_bits &= imap_known_bits(s); /* asked for once: one whose name is lost is not shown */
    imap_ask(s, on_names)->keywords(s);
}

static void lost(struct imap_session *s, enum err e)
{
    imap_bye(s, e == ERR_FULL ? "[LIMIT] out of memory" : "[UNAVAILABLE] the mailbox cannot be read now");
}

static enum err note(struct imap_view *v, const struct store_row *rows, size_t n)
{
    enum err e = OK;
    for (size_t i = 0; e == OK && i < n; i++)
        e = imap_view_put(v, &rows[i]);
    return e;
}

/* More was expunged than the log keeps: what is there now is listed, and the rest is gone. */
static void on_relisted(struct imap_session *s, const struct imap_answer *a)
{
    struct imap_view *v = s->view;
    enum err e = a->err == OK ? note(v, a->rows, a->rows_n) : a->err;
    if (e != OK) {
        lost(s, e);
        return;
    }
    uint32_t last = a->more ? a->rows[a->rows_n - 1].uid : UINT32_MAX;
    imap_view_only(v, v->listed_uid + 1, last, a->rows, a->rows_n);
    v->listed_uid = last;
    if (a->more)
        imap_ask(s, on_relisted)->list(s, v->folder, last);
    else
        names_then_go_on(s);
}

static void on_changes(struct imap_session *s, const struct imap_answer *a)
{
    struct imap_view *v = s->view;
    enum err e = a->err == OK ? note(v, a->rows, a->rows_n) : a->err;
    if (e != OK) {
        lost(s, e);
        return;
    }
    for (size_t i = 0; i < a->gone_n; i++)
        if (a->gone[i].folder == v->folder) {
            imap_view_gone(v, a->gone[i].uid);
            v->highest = MAX(v->highest, a->gone[i].modseq);
        }
    v->modseq = a->more ? a->rows[a->rows_n - 1].modseq : MAX(v->modseq, a->modseq);
    v->listed_uid = 0;
    if (a->more)
        imap_ask(s, on_changes)->changes(s, v->folder, v->modseq);
    else if (a->too_old)
        imap_ask(s, on_relisted)->list(s, v->folder, 0);
    else
        names_then_go_on(s);
}

void imap_sync(struct imap_session *s, imap_step *step)
{
    struct imap_view *v = s->view;
    if (s->cmd)
        s->cmd->step = step;
    if (v != NULL && v->stale) {
        v->stale = false;
        imap_ask(s, on_changes)->changes(s, v->folder, v->modseq);
    } else if (v != NULL) {
        claim_then_go_on(s);
    } else {
        step(s);
    }
}

/* ---- telling ---- */

struct telling {
    struct imap_session *s;
    struct imap_set_writer vanished;
};

static void tell_expunge(void *ctx, size_t seq, uint32_t uid)
{
    struct telling *t = ctx;
    if (t->s->on & IMAP_ON_QRESYNC) /* RFC 7162 section 3.2.10 */
        imap_set_add(&t->vanished, uid);
    else
        imap_untagged(t->s, "%zu EXPUNGE", seq);
}

static void tell_expunges(struct imap_session *s)
{
    AUTO_BUF struct buf uids = { .max = 16 * 1024 * 1024 };
    struct telling t = { s, { .out = &uids } };
    imap_view_sweep(s->view, tell_expunge, &t);
    imap_set_end(&t.vanished);
    if (uids.n == 0)
        return;
    buf_puts(s->out, "* VANISHED ");
    buf_put(s->out, buf_str(&uids));
    buf_puts(s->out, "\r\n");
}

static void tell_new(struct imap_session *s)
{
    struct imap_view *v = s->view;
    if (v->told_n == v->n)
        return;
    v->told_n = v->n;
    imap_untagged(s, "%zu EXISTS", v->n);
    if (!imap_rev2(s)) /* which has no \\Recent */
        imap_untagged(s, "%zu RECENT", imap_view_recent(v));
}

void imap_put_msg(struct imap_session *s, size_t i)
{
    struct imap_msg *m = &s->view->v[i];
    bool with_uid = s->on & IMAP_ON_QRESYNC || s->notify || (s->cmd && s->cmd->uid); /* RFC 5465 section 5.1 */
    buf_printf(s->out, "* %zu FETCH (", i + 1);
    if (with_uid)
        buf_printf(s->out, "UID %u ", m->uid);
    if (s->on & IMAP_ON_CONDSTORE)
        buf_printf(s->out, "MODSEQ (%llu) ", (unsigned long long)m->modseq);
    buf_puts(s->out, "FLAGS (");
    imap_put_flags(s, s->out, m->flags, (m->marks & IMAP_MSG_RECENT) && !imap_rev2(s));
    buf_puts(s->out, "))\r\n");
}

static void tell_flags(struct imap_session *s)
{
    struct imap_view *v = s->view;
    for (size_t i = 0; i < v->told_n; i++) {
        struct imap_msg *m = &v->v[i];
        if (m->marks & IMAP_MSG_TELL && !(m->marks & IMAP_MSG_GONE))
            imap_put_msg(s, i);
    }
    for (size_t i = 0; i < v->n; i++)
        v->v[i].marks &= ~(uint32_t)IMAP_MSG_TELL;
    v->tell = false;
}

void imap_tell(struct imap_session *s, bool expunges)
{
    struct imap_view *v = s->view;
    unsigned may = imap_notify_may(s);
    if (v == NULL)
        return;
    if (v->tell && may & IMAP_NOTIFY_FLAGS)
        tell_flags(s);
    if (expunges && v->gone_n > 0 && may & IMAP_NOTIFY_EXPUNGE)
        tell_expunges(s);
    if (may & IMAP_NOTIFY_NEW)
        tell_new(s);
    if (!v->tell && v->gone_n == 0 && v->told_n == v->n)
        v->told = v->highest;
}

/* ---- HIGHESTMODSEQ ---- */

void imap_condstore(struct imap_session *s)
{
    s->owes_modseq |= s->view != NULL && !(s->on & IMAP_ON_CONDSTORE);
    s->on |= IMAP_ON_CONDSTORE;
}

void imap_tell_modseq(struct imap_session *s)
{
    if (s->owes_modseq)
        imap_untagged(s, "OK [HIGHESTMODSEQ %llu] so far", (unsigned long long)s->view->told);
    s->owes_modseq = false;
}
