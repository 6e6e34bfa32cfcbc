/* CREATE (with RFC 6154), DELETE, RENAME, SUBSCRIBE: core knows what becomes of names above and below; here is only
 * what the protocol says of it. A mailbox with others below it is not deleted (RFC 9051 section 7.1, HASCHILDREN), so
 * only a name that is still subscribed is listed without a mailbox. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"

struct names {
    struct str name, to;
    uint32_t no;
};

/* Reads one name, or two; NULL: it has been answered. */
static struct names *read_names(struct imap_session *s, bool two)
{
    struct names *w = imap_state(s, sizeof *w);
    if (w == NULL || !imap_name_read(s, &w->name))
        return NULL;
    if (two && !imap_token_sp(&s->cmd->in)) {
        imap_bad(s);
        return NULL;
    }
    if (two && !imap_name_read(s, &w->to))
        return NULL;
    if (imap_token_end(&s->cmd->in))
        return w;
    imap_bad(s);
    return NULL;
}

static void on_done(struct imap_session *s, const struct imap_answer *a)
{
    switch (a->err) {
    case OK:
        imap_reply(s, "OK done");
        break;
    case ERR_BUSY:
        imap_reply(s, "NO [ALREADYEXISTS] there is one of that name");
        break;
    case ERR_FULL:
        imap_reply(s, "NO [LIMIT] too many mailboxes, or names that are still subscribed");
        break;
    case ERR_GONE:
        imap_reply(s, "NO [NONEXISTENT] no such mailbox");
        break;
    case ERR_DENIED:
    case ERR_BAD:
        imap_reply(s, "NO [CANNOT] not with this one");
        break;
    case ERR_MORE:
    case ERR_IO:
        imap_fail(s, a->err);
        break;
    }
}

static void on_created(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err != OK) {
        on_done(s, a);
        return;
    }
    buf_puts(&s->cmd->done, "OK [");
    imap_put_mailboxid(s, &s->cmd->done, a->no);
    buf_puts(&s->cmd->done, "] made");
    imap_finish(s);
}

/* One attribute of a USE. *known: one that a new mailbox can have; the fixed five have the others. */
static bool read_use(struct imap_token *t, bool *known)
{
    struct str name;
    if (!imap_token_char(t, '\\') || !imap_token_atom(t, &name))
        return false;
    *known &= str_eq_nocase(name, S("Archive"));
    return true;
}

/* "(USE (\Archive))" */
static bool read_params(struct imap_token *t, enum folder_use *use, bool *known)
{
    if (!imap_token_sp(t) || !imap_token_open(t) || !imap_token_try(t, S("USE")) || !imap_token_sp(t) ||
        !imap_token_open(t))
        return false;
    bool more = imap_token_peek(t) != ')' || !imap_token_close(t);
    *use = more ? FOLDER_ARCHIVE : FOLDER_PLAIN;
    for (; more; more = imap_token_more(t))
        if (!read_use(t, known))
            return false;
    return !t->failed && imap_token_close(t);
}

void imap_run_create(struct imap_session *s)
{
    struct names *w = imap_state(s, sizeof *w);
    struct imap_token *t = &s->cmd->in;
    enum folder_use use = FOLDER_PLAIN;
    bool known = true;
    if (w == NULL || !imap_name_read(s, &w->name))
        return;
    if ((imap_more(t) && !read_params(t, &use, &known)) || !imap_token_end(t))
        imap_bad(s);
    else if (!known)
        imap_reply(s, "NO [USEATTR] no new mailbox can be that here");
    else
        imap_ask(s, on_created)->create(s, w->name, use);
}

static void on_removed(struct imap_session *s, const struct imap_answer *a)
{
    const struct names *w = s->cmd->state;
    if (a->err == OK && s->view != NULL && s->view->folder == w->no) {
        imap_unselect(s);
        imap_untagged(s, "OK [CLOSED] deleted");
    }
    on_done(s, a);
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct names *w = s->cmd->state;
    const struct folder *f = imap_folder_find(a, w->name);
    if (a->err != OK || f == NULL) {
        imap_fail(s, a->err != OK ? a->err : ERR_DENIED);
        return;
    }
    w->no = f->at.no;
    for (size_t i = 0; i < a->folders_n; i++)
        if (imap_name_within(a->folders[i].name, f->name)) {
            imap_reply(s, "NO [HASCHILDREN] there are mailboxes below it");
            return;
        }
    imap_ask(s, on_removed)->remove(s, w->name);
}

void imap_run_delete(struct imap_session *s)
{
    if (read_names(s, false) != NULL)
        imap_ask(s, on_folders)->folders(s);
}

static void on_renamed(struct imap_session *s, const struct imap_answer *a)
{
    if (s->view != NULL) /* RENAME INBOX takes its messages away */
        s->view->stale = true;
    on_done(s, a);
}

void imap_run_rename(struct imap_session *s)
{
    struct names *w = read_names(s, true);
    if (w != NULL)
        imap_ask(s, on_renamed)->rename(s, w->name, w->to);
}

void imap_run_subscribe(struct imap_session *s)
{
    struct names *w = read_names(s, false);
    if (w != NULL)
        imap_ask(s, on_done)->subscribe(s, w->name, true);
}

void imap_run_unsubscribe(struct imap_session *s)
{
    struct names *w = read_names(s, false);
    if (w != NULL)
        imap_ask(s, on_done)->subscribe(s, w->name, false);
}
