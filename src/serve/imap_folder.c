/* CREATE, DELETE, RENAME, SUBSCRIBE. Names are looked up in a list of all folders first; the store has the last word,
 * should another session have been quicker. Names above a new one are made with it (RFC 9051 section 6.3.4), so there
 * is never a name without a mailbox. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"

struct work {
    struct str name, to;
    uint32_t no;
    struct imap_new_name *names;
    size_t names_n;
    struct imap_uids uids;
};

/* Reads one name, perhaps a second one, and asks for all folders. */
static void start(struct imap_session *s, bool two, imap_next *next)
{
    struct work *w = imap_state(s, sizeof *w);
    if (w == NULL || !imap_name_read(s, &w->name))
        return;
    if (two && !imap_token_sp(&s->cmd->in)) {
        imap_bad(s);
        return;
    }
    if (two && !imap_name_read(s, &w->to))
        return;
    if (imap_token_end(&s->cmd->in))
        imap_ask(s, next)->folders(s);
    else
        imap_bad(s);
}

/* The folder named; NULL: it has been answered. */
static const struct imap_folder *named(struct imap_session *s, const struct imap_answer *a)
{
    struct work *w = s->cmd->state;
    const struct imap_folder *f = a->err == OK ? imap_folder_find(a, w->name) : NULL;
    if (f == NULL)
        imap_fail(s, a->err != OK ? a->err : ERR_DENIED);
    return f;
}

static void on_done(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err == OK)
        imap_reply(s, "OK done");
    else if (a->err == ERR_BUSY)
        imap_reply(s, "NO [ALREADYEXISTS] there is one of that name");
    else if (a->err == ERR_FULL)
        imap_reply(s, "NO [LIMIT] too many mailboxes");
    else
        imap_fail(s, a->err);
}

/* ---- CREATE ---- */

/* Adds name, and what is missing above it; so many names are the most that are added. */
static bool add_missing(struct imap_session *s, const struct imap_answer *a, struct str name, size_t more)
{
    struct work *w = s->cmd->state;
    w->names = arena_array(&s->cmd->arena, LIMIT_IMAP_LEVELS + more, sizeof *w->names);
    for (size_t n = 0; w->names != NULL && n < name.n; n++) {
        bool level = n > 0 && name.p[n] == IMAP_SEPARATOR;
        if (level && imap_folder_find(a, str_sub(name, 0, n)) == NULL && w->names_n < LIMIT_IMAP_LEVELS)
            w->names[w->names_n++] = (struct imap_new_name){ .name = str_sub(name, 0, n) };
    }
    return w->names != NULL;
}

static void on_created(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err != OK) {
        on_done(s, a);
        return;
    }
    buf_puts(&s->cmd->done, "OK [MAILBOXID (");
    imap_put_id(&s->cmd->done, a->no);
    buf_puts(&s->cmd->done, ")] made");
    imap_finish(s);
}

static void on_create(struct imap_session *s, const struct imap_answer *a)
{
    struct work *w = s->cmd->state;
    if (a->err != OK)
        imap_fail(s, a->err);
    else if (imap_folder_find(a, w->name) != NULL)
        imap_reply(s, "NO [ALREADYEXISTS] there is one of that name");
    else if (!add_missing(s, a, w->name, 1))
        imap_reply(s, "NO [LIMIT] out of memory");
    else {
        w->names[w->names_n++] = (struct imap_new_name){ .name = w->name };
        imap_ask(s, on_created)->folder_put(s, w->names, w->names_n);
    }
}

void imap_run_create(struct imap_session *s) { start(s, false, on_create); }

/* ---- DELETE ---- */

static void on_delete(struct imap_session *s, const struct imap_answer *a)
{
    const struct imap_folder *f = named(s, a);
    if (f == NULL)
        return;
    if (f->at.no <= FOLDER_FIXED) {
        imap_reply(s, "NO [CANNOT] this one stays");
        return;
    }
    for (size_t i = 0; i < a->folders_n; i++)
        if (imap_name_within(a->folders[i].name, f->name)) {
            imap_reply(s, "NO [HASCHILDREN] there are mailboxes below it");
            return;
        }
    if (s->view != NULL && s->view->folder == f->at.no) {
        imap_unselect(s);
        imap_untagged(s, "OK [CLOSED] deleted");
    }
    imap_ask(s, on_done)->folder_del(s, f->at.no);
}

void imap_run_delete(struct imap_session *s) { start(s, false, on_delete); }

/* ---- RENAME ---- */

static void on_inbox_moved(struct imap_session *s, const struct imap_answer *a) { on_done(s, a); }

static void on_inbox_listed(struct imap_session *s, const struct imap_answer *a)
{
    struct work *w = s->cmd->state;
    uint32_t *v = a->err == OK ? arena_array(&s->cmd->arena, a->rows_n + 1, sizeof *v) : NULL;
    if (v == NULL) {
        imap_fail(s, a->err == OK ? ERR_IO : a->err);
        return;
    }
    for (size_t i = 0; i < a->rows_n; i++)
        v[i] = a->rows[i].uid;
    w->uids = (struct imap_uids){ v, a->rows_n };
    if (s->view != NULL)
        s->view->stale = true;
    if (w->uids.n == 0)
        imap_reply(s, "OK done");
    else
        imap_ask(s, on_inbox_moved)->move(s, FOLDER_INBOX, &w->uids, w->no);
}

static void on_inbox_target(struct imap_session *s, const struct imap_answer *a)
{
    struct work *w = s->cmd->state;
    w->no = a->no;
    if (a->err == OK)
        imap_ask(s, on_inbox_listed)->list(s, FOLDER_INBOX, 0);
    else
        on_done(s, a);
}

/* name with its first part, from, made to. */
static struct str moved_name(struct imap_session *s, struct str name, struct str from, struct str to)
{
    return arena_printf(&s->cmd->arena, "%.*s%.*s", STR_FMT(to), STR_FMT(str_from(name, from.n)));
}

static void rename_all(struct imap_session *s, const struct imap_answer *a, const struct imap_folder *f)
{
    struct work *w = s->cmd->state;
    for (size_t i = 0; i < a->folders_n; i++) {
        const struct imap_folder *other = &a->folders[i];
        if (other != f && !imap_name_within(other->name, f->name))
            continue;
        struct str name = moved_name(s, other->name, f->name, w->to);
        if (name.p == NULL || name.n > LIMIT_IMAP_MAILBOX) {
            imap_reply(s, "NO [CANNOT] a name would be too long");
            return;
        }
        w->names[w->names_n++] = (struct imap_new_name){ .no = other->at.no, .name = name };
    }
    imap_ask(s, on_done)->folder_put(s, w->names, w->names_n);
}

static void on_rename(struct imap_session *s, const struct imap_answer *a)
{
    struct work *w = s->cmd->state;
    const struct imap_folder *f = named(s, a);
    if (f == NULL)
        return;
    bool inbox = f->at.no == FOLDER_INBOX; /* its messages move, it stays: RFC 9051 section 6.3.6 */
    if (imap_folder_find(a, w->to) != NULL)
        imap_reply(s, "NO [ALREADYEXISTS] there is one of that name");
    else if ((f->at.no <= FOLDER_FIXED && !inbox) || (imap_name_within(w->to, w->name) && !inbox))
        imap_reply(s, "NO [CANNOT] this one keeps its name");
    else if (!add_missing(s, a, w->to, a->folders_n + 1))
        imap_reply(s, "NO [LIMIT] out of memory");
    else if (!inbox)
        rename_all(s, a, f);
    else {
        w->names[w->names_n++] = (struct imap_new_name){ .name = w->to };
        imap_ask(s, on_inbox_target)->folder_put(s, w->names, w->names_n);
    }
}

void imap_run_rename(struct imap_session *s) { start(s, true, on_rename); }

/* ---- SUBSCRIBE ---- */

static void on_subscribe(struct imap_session *s, const struct imap_answer *a)
{
    const struct imap_folder *f = named(s, a);
    if (f != NULL)
        imap_ask(s, on_done)->subscribe(s, f->at.no, true);
}

static void on_unsubscribe(struct imap_session *s, const struct imap_answer *a)
{
    const struct imap_folder *f = named(s, a);
    if (f != NULL)
        imap_ask(s, on_done)->subscribe(s, f->at.no, false);
}

void imap_run_subscribe(struct imap_session *s) { start(s, false, on_subscribe); }
void imap_run_unsubscribe(struct imap_session *s) { start(s, false, on_unsubscribe); }
