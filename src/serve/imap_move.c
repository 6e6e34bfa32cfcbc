/* EXPUNGE, COPY, MOVE (RFC 9051 sections 6.4.3, 6.4.7, 6.4.8; COPYUID: RFC 4315). The store does each as one step; what
 * became of the numbers is read from its log like anybody else's change. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_write.h"

/* ---- EXPUNGE ---- */

struct expunging {
    struct imap_targets t;
    struct imap_uids all, now; /* now: those asked for */
};

static void expunge_go_on(struct imap_session *s);

static void on_erased(struct imap_session *s, const struct imap_answer *a)
{
    struct expunging *w = s->cmd->state;
    s->view->stale = true;
    if (a->err != OK) {
        imap_fail(s, a->err);
        return;
    }
    s->cmd->expunged |= a->found;
    w->all.v += w->now.n;
    w->all.n -= w->now.n;
    expunge_go_on(s);
}

static void expunge_go_on(struct imap_session *s)
{
    struct expunging *w = s->cmd->state;
    if (w->all.n > 0) {
        w->now = (struct imap_uids){ w->all.v, MIN(w->all.n, (size_t)STORE_IDS_MAX) };
        imap_ask(s, on_erased)->erase(s, s->view->folder, &w->now);
    } else {
        imap_reply(s, "OK done");
    }
}

/* Of all that the client sees, or of those it named, what is \Deleted. */
static void expunge_all(struct imap_session *s)
{
    struct expunging *w = s->cmd->state;
    const struct imap_view *v = s->view;
    if (!s->cmd->uid) {
        w->t.v = arena_array(&s->cmd->arena, v->told_n + 1, sizeof *w->t.v);
        for (size_t i = 0; w->t.v != NULL && i < v->told_n; i++)
            w->t.v[w->t.n++] = (uint32_t)i;
    }
    size_t to = 0;
    for (size_t i = 0; i < w->t.n; i++)
        if (v->v[w->t.v[i]].flags & FLAG_DELETED && !(v->v[w->t.v[i]].marks & IMAP_MSG_GONE))
            w->t.v[to++] = w->t.v[i];
    w->t.n = to;
    if (imap_targets_uids(s, &w->t, &w->all))
        expunge_go_on(s);
}

void imap_run_expunge(struct imap_session *s)
{
    struct imap_token *t = &s->cmd->in;
    struct expunging *w = imap_state(s, sizeof *w);
    if (w == NULL)
        return;
    if (s->cmd->uid && !imap_token_sp(t)) {
        imap_bad(s);
        return;
    }
    if (s->cmd->uid && !imap_targets_read(s, &w->t))
        return;
    if (!imap_token_end(t))
        imap_bad(s);
    else if (s->view->read_only)
        imap_reply(s, "NO [READ-ONLY] examined, not selected");
    else
        imap_sync(s, expunge_all); /* others' \Deleted count too */
}

/* ---- COPY and MOVE ---- */

struct copying {
    struct imap_targets t;
    struct imap_uids uids;
    struct str name;
    bool moves;
};

static void put_copyuid(struct buf *out, const struct imap_answer *a)
{
    struct imap_set_writer from = { .out = out }, to = { .out = out };
    buf_printf(out, "OK [COPYUID %u ", a->uidvalidity);
    for (size_t i = 0; i < a->rows_n; i++)
        imap_set_add(&from, a->gone[i].uid);
    imap_set_end(&from);
    buf_putc(out, ' ');
    for (size_t i = 0; i < a->rows_n; i++)
        imap_set_add(&to, a->rows[i].uid);
    imap_set_end(&to);
    buf_puts(out, "] done");
}

static void note_own(struct imap_session *s, const struct imap_answer *a)
{
    bool here = a->rows_n > 0 && a->rows[0].folder == s->view->folder;
    uint32_t *v = here ? arena_array(&s->cmd->arena, a->rows_n, sizeof *v) : NULL;
    for (size_t i = 0; v != NULL && i < a->rows_n; i++)
        v[i] = a->rows[i].uid;
    s->cmd->own = (struct imap_uids){ v, v ? a->rows_n : 0 };
}

static void on_copied(struct imap_session *s, const struct imap_answer *a)
{
    struct copying *w = s->cmd->state;
    s->view->stale = true; /* it may be into the same mailbox */
    if (a->err != OK) {
        if (a->err == ERR_FULL && w->uids.n > STORE_IDS_MAX)
            imap_reply(s, "NO [LIMIT] too many messages at once");
        else
            imap_fail(s, a->err);
        return;
    }
    note_own(s, a);
    if (a->rows_n == 0) {
        imap_reply(s, w->uids.n > 0 ? "OK [EXPUNGEISSUED] nothing was there to take" : "OK nothing to do");
    } else if (w->moves) { /* RFC 6851 section 4.3: before the EXPUNGEs */
        buf_puts(s->out, "* ");
        put_copyuid(s->out, a);
        buf_puts(s->out, "\r\n");
        s->cmd->expunged = true;
        imap_reply(s, "OK done");
    } else {
        put_copyuid(&s->cmd->done, a);
        imap_finish(s);
    }
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct copying *w = s->cmd->state;
    const struct folder *f = a->err == OK ? imap_folder_find(a, w->name) : NULL;
    if (a->err != OK)
        imap_fail(s, a->err);
    else if (f == NULL)
        imap_reply(s, "NO [TRYCREATE] no such mailbox");
    else if (w->uids.n == 0)
        imap_reply(s, w->t.missing ? "OK [EXPUNGEISSUED] nothing was there to take" : "OK nothing to do");
    else if (w->moves && f->at.no == s->view->folder)
        imap_reply(s, "NO [CANNOT] they are in this mailbox already");
    else if (w->moves)
        imap_ask(s, on_copied)->move(s, s->view->folder, &w->uids, f->at.no);
    else
        imap_ask(s, on_copied)->copy(s, s->view->folder, &w->uids, f->at.no);
}

static void run(struct imap_session *s, bool moves)
{
    struct copying *w = imap_state(s, sizeof *w);
    if (w == NULL || !imap_targets_read(s, &w->t))
        return;
    w->moves = moves;
    if (!imap_token_sp(&s->cmd->in)) {
        imap_bad(s);
        return;
    }
    if (!imap_name_read(s, &w->name))
        return;
    if (!imap_token_end(&s->cmd->in))
        imap_bad(s);
    else if (moves && s->view->read_only)
        imap_reply(s, "NO [READ-ONLY] examined, not selected");
    else if (imap_targets_uids(s, &w->t, &w->uids))
        imap_ask(s, on_folders)->folders(s);
}

void imap_run_copy(struct imap_session *s) { run(s, false); }
void imap_run_move(struct imap_session *s) { run(s, true); }
