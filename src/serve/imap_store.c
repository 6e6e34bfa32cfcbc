/* STORE (RFC 9051 section 6.4.6; conditional: RFC 7162 section 3.1.3). Keywords that the box does not know yet get
 * their bit first. The whole set is one step of the store as far as it takes one, so nobody's change comes between. */
#include "serve/imap_command.h"
#include "wire/imap_write.h"

struct storing {
    struct imap_targets t;
    struct imap_uids uids;
    struct imap_flags flags;
    struct imap_flagging ask;
    size_t at; /* of uids, so many are done */
    struct imap_set_writer modified;
    struct buf modified_text;
    char how; /* '+', '-', or '=' for all */
    bool silent, missing;
};

static void store_end(struct imap_session *, void *state)
{
    struct storing *w = state;
    buf_fini(&w->modified_text);
}

/* ---- reading ---- */

static bool read_modifier(struct imap_session *s, struct storing *w)
{
    struct imap_token *t = &s->cmd->in;
    if (imap_token_peek(t) != '(')
        return true;
    imap_condstore(s);
    w->ask.conditional = true;
    return imap_token_open(t) && imap_token_try(t, S("UNCHANGEDSINCE")) && imap_token_sp(t) &&
           imap_token_number64(t, &w->ask.unchanged_since) && imap_token_close(t) && imap_token_sp(t);
}

static bool read_item(struct imap_token *t, struct storing *w)
{
    struct str name;
    char sign = imap_token_peek(t);
    w->how = sign == '+' || sign == '-' ? sign : '=';
    if (w->how != '=' && !imap_token_char(t, sign))
        return false;
    if (!imap_token_atom(t, &name))
        return false;
    w->silent = str_eq_nocase(name, S("FLAGS.SILENT"));
    return w->silent || str_eq_nocase(name, S("FLAGS"));
}

/* ---- storing ---- */

static void done(struct imap_session *s)
{
    struct storing *w = s->cmd->state;
    struct buf *out = &s->cmd->done;
    imap_set_end(&w->modified);
    if (w->modified_text.n > 0) {
        buf_puts(out, "OK [MODIFIED ");
        buf_put(out, buf_str(&w->modified_text));
        buf_puts(out, "] others were quicker with these");
    } else {
        buf_puts(out, w->missing || w->t.missing ? "OK [EXPUNGEISSUED] some messages are gone" : "OK done");
    }
    imap_finish(s);
}

/* A silent STORE tells no flags, but what a client with CONDSTORE must know (RFC 7162 section 3.1.3). */
static void hush(struct imap_session *s, size_t i)
{
    struct imap_msg *m = &s->view->v[i];
    m->marks &= ~(uint32_t)IMAP_MSG_TELL;
    if (!(s->on & IMAP_ON_CONDSTORE))
        return;
    buf_printf(s->out, "* %zu FETCH (", i + 1);
    if (s->cmd->uid || s->on & IMAP_ON_QRESYNC)
        buf_printf(s->out, "UID %u ", m->uid);
    buf_printf(s->out, "MODSEQ (%llu))\r\n", (unsigned long long)m->modseq);
}

static void note(struct imap_session *s, struct storing *w, const struct store_row *row, enum store_flagged how)
{
    struct imap_view *v = s->view;
    size_t i = imap_view_find(v, row->uid);
    if (i == STR_NONE)
        return;
    if (how == FLAGGED_MODIFIED) {
        imap_set_add(&w->modified, s->cmd->uid ? row->uid : (uint32_t)i + 1);
        return;
    }
    bool newer = row->modseq > v->v[i].modseq;
    (void)!imap_view_put(v, row); /* it is there: no memory is needed */
    if (w->silent && how == FLAGGED_CHANGED && newer) {
        hush(s, i);
    } else if (!w->silent) {
        v->v[i].marks |= IMAP_MSG_TELL;
        v->tell = true;
    }
}

static void go_on(struct imap_session *s);

static void on_flagged(struct imap_session *s, const struct imap_answer *a)
{
    struct storing *w = s->cmd->state;
    if (a->err != OK) {
        imap_fail(s, a->err);
        return;
    }
    for (size_t i = 0; i < a->rows_n; i++)
        note(s, w, &a->rows[i], (enum store_flagged)a->how[i]);
    w->missing |= a->rows_n < w->ask.uids.n;
    w->at += w->ask.uids.n;
    go_on(s);
}

static void go_on(struct imap_session *s)
{
    struct storing *w = s->cmd->state;
    if (w->at == w->uids.n) {
        done(s);
        return;
    }
    w->ask.uids = (struct imap_uids){ w->uids.v + w->at, MIN(w->uids.n - w->at, (size_t)STORE_IDS_MAX) };
    imap_ask(s, on_flagged)->flag(s, &w->ask);
}

static void start(struct imap_session *s)
{
    struct storing *w = s->cmd->state;
    uint32_t bits = w->flags.system;
    for (size_t i = 0; i < w->flags.keyword_n; i++)
        bits |= imap_name_flag(s, w->flags.keywords[i]);
    w->ask.folder = s->view->folder;
    w->ask.set = w->how == '-' ? 0 : bits;
    w->ask.clear = w->how == '+' ? 0 : w->how == '-' ? bits : FLAGS_ALL;
    go_on(s);
}

/* A keyword takes a place for the box's life: no message may take one, where none is named, or all were changed since
 * (what the view knows of them is never newer than what is so). */
static bool anybody_takes(const struct imap_session *s, const struct storing *w)
{
    bool any = !w->ask.conditional && w->uids.n > 0;
    for (size_t i = 0; !any && i < w->uids.n; i++) {
        size_t at = imap_view_find(s->view, w->uids.v[i]);
        any = at != STR_NONE && s->view->v[at].modseq <= w->ask.unchanged_since;
    }
    return any;
}

/* Too many keywords are still a STORE. */
static void refuse(struct imap_session *s)
{
    if (s->cmd->in.full)
        imap_reply(s, "NO [LIMIT] keywords that are too many, or too long");
    else
        imap_bad(s);
}

void imap_run_store(struct imap_session *s)
{
    struct imap_token *t = &s->cmd->in;
    struct storing *w = imap_state(s, sizeof *w);
    if (w == NULL || !imap_targets_read(s, &w->t))
        return;
    s->cmd->fini = store_end;
    w->modified_text = (struct buf){ .max = LIMIT_IMAP_COMMAND };
    w->modified.out = &w->modified_text;
    if (!imap_token_sp(t) || !read_modifier(s, w) || !read_item(t, w) || !imap_token_sp(t) ||
        !imap_token_store_flags(t, &w->flags) || !imap_token_end(t))
        refuse(s);
    else if (s->view->read_only)
        imap_reply(s, "NO [READ-ONLY] examined, not selected");
    else if (!imap_targets_uids(s, &w->t, &w->uids))
        return;
    else
        imap_keywords_make(s, w->flags.keywords, w->how != '-' && anybody_takes(s, w) ? w->flags.keyword_n : 0, start);
}
