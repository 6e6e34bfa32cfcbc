/* SELECT and EXAMINE: the folder, the names of its keywords, what is \Recent, then its rows. The view is the session's
 * from the first look on, so that what happens meanwhile marks it stale and is read before the reply. With QRESYNC (RFC
 * 7162 section 3.2.5) the client says what it knows, and is told only what has changed since. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "serve/imap_notify.h"
#include "wire/imap_write.h"
#include <stdlib.h>

struct selecting {
    struct str name;
    struct folder folder;
    bool examine, condstore, qresync, listed;
    uint32_t uidvalidity; /* of QRESYNC, as what follows */
    uint64_t since;
    struct imap_set known; /* n 0: all */
};

/* ---- reading ---- */

/* "(uidvalidity modseq [known-uids] [(known-seqs known-uids)])" */
static bool read_qresync(struct imap_token *t, struct selecting *w)
{
    struct imap_set seqs, uids;
    if (!imap_token_sp(t) || !imap_token_open(t) || !imap_token_nz_number(t, &w->uidvalidity) || !imap_token_sp(t) ||
        !imap_token_number64(t, &w->since))
        return false;
    w->qresync = true;
    bool more = imap_token_peek(t) == ' ' && imap_token_sp(t);
    if (more && imap_token_peek(t) != '(') {
        if (!imap_set_read(t, 0, &w->known))
            return false;
        more = imap_token_peek(t) == ' ' && imap_token_sp(t);
    }
    /* Numbers that the client once had save nobody anything here: the log knows what went. */
    if (more && !(imap_token_open(t) && imap_set_read(t, 0, &seqs) && imap_token_sp(t) && imap_set_read(t, 0, &uids) &&
                  imap_token_close(t)))
        return false;
    return imap_token_close(t);
}

static bool read_params(struct imap_session *s, struct selecting *w)
{
    struct imap_token *t = &s->cmd->in;
    if (!imap_more(t))
        return !t->failed;
    if (!imap_token_sp(t) || !imap_token_open(t))
        return false;
    do {
        if (imap_token_try(t, S("CONDSTORE")))
            w->condstore = true;
        else if (!(s->on & IMAP_ON_QRESYNC) || !imap_token_try(t, S("QRESYNC")) || !read_qresync(t, w))
            return false;
    } while (imap_token_more(t));
    return imap_token_end(t);
}

/* ---- answering ---- */

static void put_unseen(struct imap_session *s)
{
    for (size_t i = 0; i < s->view->n; i++)
        if (!(s->view->v[i].flags & FLAG_SEEN)) {
            imap_untagged(s, "OK [UNSEEN %zu] the first one", i + 1);
            return;
        }
}

static void put_state(struct imap_session *s, const struct selecting *w)
{
    struct imap_view *v = s->view;
    imap_put_flag_lists(s);
    v->told_n = v->n;
    imap_notify_selected(s);
    imap_untagged(s, "%zu EXISTS", v->n);
    if (imap_rev2(s)) {
        imap_list_put_plain(s, &w->folder);
    } else {
        imap_untagged(s, "%zu RECENT", imap_view_recent(v));
        put_unseen(s);
    }
    imap_untagged(s, "OK [UIDVALIDITY %u] UIDs valid", v->uidvalidity);
    imap_untagged(s, "OK [UIDNEXT %u] comes next", v->uidnext);
    v->told = v->highest;
    imap_untagged(s, "OK [HIGHESTMODSEQ %llu] so far", (unsigned long long)v->told);
    buf_puts(s->out, "* OK [");
    imap_put_mailboxid(s, s->out, v->folder);
    buf_puts(s->out, "] its name for good\r\n");
}

static void done(struct imap_session *s)
{
    imap_reply(s, s->view->read_only ? "OK [READ-ONLY] look" : "OK [READ-WRITE] go on");
}

/* ---- QRESYNC ---- */

static void failed(struct imap_session *s, enum err e)
{
    imap_unselect(s);
    imap_fail(s, e);
}

static bool is_known(const struct selecting *w, uint32_t uid)
{
    return w->known.n == 0 || imap_set_has(&w->known, uid);
}

static void on_since(struct imap_session *s, const struct imap_answer *a)
{
    struct selecting *w = s->cmd->state;
    if (a->err != OK) {
        failed(s, a->err);
        return;
    }
    imap_put_vanished(s, a, &w->known);
    for (size_t i = 0; i < s->view->told_n; i++)
        if (s->view->v[i].modseq > w->since && is_known(w, s->view->v[i].uid))
            imap_put_msg(s, i);
    done(s);
}

/* ---- the way there ---- */

static void on_listed(struct imap_session *s, const struct imap_answer *a)
{
    struct selecting *w = s->cmd->state;
    struct imap_view *v = s->view;
    enum err e = a->err;
    for (size_t i = 0; e == OK && i < a->rows_n; i++)
        e = imap_view_put(v, &a->rows[i]);
    if (e != OK) {
        failed(s, e);
        return;
    }
    if (!w->listed) /* what happens between two pages is read again from the log */
        v->modseq = a->modseq;
    w->listed = true;
    if (a->more) {
        v->stale = true;
        imap_ask(s, on_listed)->list(s, v->folder, a->rows[a->rows_n - 1].uid);
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        if (v->listed_uid == 0 || v->v[i].uid < v->listed_uid)
            v->v[i].marks = 0;
    v->unclaimed = 0;
    put_state(s, w);
    if (w->qresync && w->uidvalidity == v->uidvalidity)
        imap_ask(s, on_since)->changes(s, v->folder, w->since);
    else
        done(s);
}

static void on_claimed(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err != OK) {
        failed(s, a->err);
        return;
    }
    s->view->listed_uid = a->recent_from; /* while the rows are listed: from there on all are \Recent */
    imap_ask(s, on_listed)->list(s, s->view->folder, 0);
}

static void on_keywords(struct imap_session *s, const struct imap_answer *a)
{
    const struct selecting *w = s->cmd->state;
    struct imap_view *v = s->view;
    if (a->err != OK || !imap_learn_names(s, a)) {
        failed(s, a->err != OK ? a->err : ERR_IO);
        return;
    }
    bool recent = w->folder.at.recent > 0 && !imap_rev2(s);
    v->listed_uid = recent ? w->folder.at.recent_from : 0;
    if (recent && !v->read_only) /* EXAMINE looks, and leaves them to the next one */
        imap_ask(s, on_claimed)->claim(s, v->folder, false);
    else
        imap_ask(s, on_listed)->list(s, v->folder, 0);
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct selecting *w = s->cmd->state;
    const struct folder *f = a->err == OK ? imap_folder_find(a, w->name) : NULL;
    struct imap_view *v = f ? calloc(1, sizeof *v) : NULL;
    if (v == NULL) {
        imap_fail(s, a->err != OK ? a->err : f == NULL ? ERR_DENIED : ERR_IO);
        return;
    }
    w->folder = (struct folder){ .at = f->at, .name = w->name };
    v->folder = f->at.no;
    v->uidvalidity = f->at.uidvalidity;
    v->uidnext = f->at.uidnext;
    v->highest = MAX(f->at.modseq, UINT64_C(1));
    v->read_only = w->examine;
    s->view = v;
    imap_ask(s, on_keywords)->keywords(s);
}

static void run(struct imap_session *s, bool examine)
{
    struct selecting *w = imap_state(s, sizeof *w);
    if (w == NULL || !imap_name_read(s, &w->name))
        return;
    w->examine = examine;
    if (!read_params(s, w)) {
        imap_bad(s);
        return;
    }
    if (w->condstore)
        s->on |= IMAP_ON_CONDSTORE;
    if (s->view != NULL) {
        imap_unselect(s);
        imap_untagged(s, "OK [CLOSED] the one before");
    }
    imap_ask(s, on_folders)->folders(s);
}

void imap_run_select(struct imap_session *s) { run(s, false); }
void imap_run_examine(struct imap_session *s) { run(s, true); }

void imap_run_unselect(struct imap_session *s)
{
    imap_unselect(s);
    imap_reply(s, "OK nothing is selected");
}

/* ---- CLOSE: what is \Deleted goes without a word (RFC 9051 section 6.4.1) ---- */

static void on_closed(struct imap_session *s, const struct imap_answer *a)
{
    imap_unselect(s);
    if (a->err == OK)
        imap_reply(s, "OK nothing is selected");
    else
        imap_fail(s, a->err);
}

void imap_run_close(struct imap_session *s)
{
    struct imap_uids *u = imap_state(s, sizeof *u);
    struct imap_view *v = s->view;
    uint32_t *uids = u ? arena_array(&s->cmd->arena, v->n + 1, sizeof *uids) : NULL;
    size_t n = 0;
    for (size_t i = 0; uids != NULL && !v->read_only && i < v->n; i++)
        if (v->v[i].flags & FLAG_DELETED)
            uids[n++] = v->v[i].uid;
    if (n == 0) {
        imap_run_unselect(s);
        return;
    }
    *u = (struct imap_uids){ uids, n };
    imap_ask(s, on_closed)->erase(s, v->folder, u);
}
