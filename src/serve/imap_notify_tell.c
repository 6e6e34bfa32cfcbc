/* A run of NOTIFY: the selected mailbox first, then what new messages there are to be told with, then the others. It
 * begins between two commands or in IDLE, when the client takes what it is sent, and goes back to where it began. */
#include "serve/imap_fetch.h"
#include "serve/imap_name.h"
#include "serve/imap_notify.h"
#include "wire/imap_mailbox.h"

static bool idles(const struct imap_session *s) { return s->mode == IMAP_IDLE; }

/* In this moment, or in the run that has begun in IDLE. */
static bool may_expunge(const struct imap_notifying *n, bool idle)
{
    return n->selected & IMAP_NOTIFY_EXPUNGE && (!n->delayed || idle);
}

static bool has_untold(const struct imap_session *s)
{
    const struct imap_notifying *n = s->notify;
    const struct imap_view *v = s->view;
    return n->fetch.n > 0 && v->told_n > 0 && v->v[v->told_n - 1].uid >= n->told_uid;
}

static bool selected_pending(const struct imap_session *s)
{
    const struct imap_notifying *n = s->notify;
    const struct imap_view *v = s->view;
    if (v == NULL || n->selected == 0)
        return false;
    return v->stale || (v->told_n < v->n && n->selected & IMAP_NOTIFY_NEW) ||
           (v->tell && n->selected & IMAP_NOTIFY_FLAGS) || (v->gone_n > 0 && may_expunge(n, idles(s))) || has_untold(s);
}

static bool pending(const struct imap_session *s)
{
    const struct imap_notifying *n = s->notify;
    return n->overflow || n->heard.mail_n > 0 || n->heard.changes_n > 0 || selected_pending(s);
}

static void end(struct imap_session *s)
{
    imap_cmd_end(s);
    s->mode = s->notify->back;
    imap_between(s);
}

/* Section 5.8: as if NOTIFY NONE had been said. */
static void give_up(struct imap_session *s)
{
    struct imap_notifying *n = s->notify;
    imap_untagged(s, "OK [NOTIFICATIONOVERFLOW] too much happened: no more notifications");
    imap_notify_heard_reset(&n->heard);
    imap_notify_heard_reset(&n->now);
    n->set.n = 0;
    n->selected = n->others = 0;
    n->fetch.n = 0;
    n->overflow = false;
}

/* ---- the others ---- */

static unsigned status_items(const struct imap_session *s, unsigned events, bool first)
{
    bool condstore = s->on & IMAP_ON_CONDSTORE;
    unsigned items = 0;
    if (events & (IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE))
        items |= 1u << IMAP_STATUS_MESSAGES | 1u << IMAP_STATUS_UIDNEXT;
    if (first || events & IMAP_NOTIFY_FLAGS)
        items |= 1u << IMAP_STATUS_UIDVALIDITY;
    if (condstore || (first && events & IMAP_NOTIFY_FLAGS))
        items |= 1u << IMAP_STATUS_HIGHESTMODSEQ;
    if (events & IMAP_NOTIFY_FLAGS) /* else one without CONDSTORE would not hear of it: section 5.1 */
        items |= 1u << IMAP_STATUS_UNSEEN;
    return items;
}

static unsigned happened(const struct imap_heard *h, uint32_t no)
{
    for (size_t i = 0; i < h->mail_n; i++)
        if (h->mail[i].no == no)
            return h->mail[i].what;
    return 0;
}

void imap_notify_put_status(struct imap_session *s, const struct imap_answer *a, const struct imap_heard *only)
{
    for (size_t i = 0; i < a->folders_n; i++) {
        const struct folder *f = &a->folders[i];
        unsigned events = imap_notify_wants(s->notify, f->name, f->at.no, f->at.subscribed) & IMAP_NOTIFY_MESSAGES;
        if (only != NULL)
            events &= happened(only, f->at.no);
        if (events != 0 && (s->view == NULL || s->view->folder != f->at.no))
            imap_status_put(s, f, status_items(s, events, only == NULL));
    }
}

static const struct folder *folder_of(const struct imap_answer *a, uint32_t no)
{
    for (size_t i = 0; i < a->folders_n; i++)
        if (a->folders[i].at.no == no)
            return &a->folders[i];
    return NULL;
}

static bool wants(const struct imap_session *s, const struct folder *f, unsigned event)
{
    return imap_notify_wants(s->notify, f->name, f->at.no, f->at.subscribed) & event;
}

/* Section 5.4: what is made or deleted changes the one above it too. */
static void put_parent(struct imap_session *s, const struct imap_answer *a, struct str name)
{
    size_t cut = str_rchr(name, IMAP_SEPARATOR);
    const struct folder *f = cut != STR_NONE ? imap_folder_find(a, str_sub(name, 0, cut)) : NULL;
    if (f != NULL && wants(s, f, IMAP_NOTIFY_NAME))
        imap_list_put_changed(s, a, f, (struct str){ 0 });
}

/* Section 5.1: whoever hears of flags hears of a uidvalidity that is new under its name. */
static void put_uidvalidity(struct imap_session *s, const struct folder *f)
{
    if (f != NULL && wants(s, f, IMAP_NOTIFY_FLAGS) && (s->view == NULL || s->view->folder != f->at.no))
        imap_status_put(s, f, 1u << IMAP_STATUS_UIDVALIDITY);
}

static void put_change(struct imap_session *s, const struct imap_answer *a, const struct imap_change *c)
{
    const struct imap_notifying *n = s->notify;
    const struct folder *f = folder_of(a, c->no);
    switch (c->change) {
    case FOLDER_MADE:
        if (f != NULL && wants(s, f, IMAP_NOTIFY_NAME))
            imap_list_put_changed(s, a, f, (struct str){ 0 });
        put_parent(s, a, c->name);
        put_uidvalidity(s, f);
        break;
    case FOLDER_DELETED:
        if (imap_folder_find(a, c->name) == NULL && imap_notify_wants(n, c->name, c->no, true) & IMAP_NOTIFY_NAME)
            imap_list_put_gone(s, a, c->name);
        put_parent(s, a, c->name);
        break;
    case FOLDER_RENAMED:
        if (f != NULL &&
            (wants(s, f, IMAP_NOTIFY_NAME) || imap_notify_wants(n, c->was, c->no, f->at.subscribed) & IMAP_NOTIFY_NAME))
            imap_list_put_changed(s, a, f, c->was);
        put_uidvalidity(s, f);
        break;
    case FOLDER_SUBSCRIBED:
    case FOLDER_UNSUBSCRIBED: /* it was subscribed until now */
        if (f != NULL && imap_notify_wants(n, f->name, c->no, true) & IMAP_NOTIFY_SUBSCRIPTION)
            imap_list_put_changed(s, a, f, (struct str){ 0 });
        if (c->no == 0 && imap_folder_find(a, c->name) == NULL &&
            imap_notify_wants(n, c->name, 0, true) & IMAP_NOTIFY_SUBSCRIPTION)
            imap_list_put_gone(s, a, c->name);
        break;
    }
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct imap_notifying *n = s->notify;
    for (const struct imap_change *c = n->now.first; a->err == OK && c != NULL; c = c->next)
        put_change(s, a, c);
    if (a->err == OK)
        imap_notify_put_status(s, a, &n->now);
    else
        n->overflow = true; /* what it was nobody knows any more */
    end(s);
}

/* What is heard from here on waits for the next run: the answer may not know of it. */
static void tell_others(struct imap_session *s)
{
    struct imap_notifying *n = s->notify;
    struct imap_heard before = n->now;
    if (n->heard.mail_n == 0 && n->heard.changes_n == 0) {
        end(s);
        return;
    }
    imap_notify_heard_reset(&before);
    n->now = n->heard;
    n->heard = before;
    imap_ask(s, on_folders)->folders(s);
}

/* ---- the selected mailbox ---- */

static void on_fetched(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    if (c->fini != NULL)
        c->fini(s, c->state);
    c->fini = NULL;
    tell_others(s);
}

/* New messages, but for those that this client brought in itself. */
static void tell_attributes(struct imap_session *s)
{
    struct imap_notifying *n = s->notify;
    const struct imap_view *v = s->view;
    size_t from = imap_view_from(v, n->told_uid), found = 0;
    uint32_t *new = from < v->told_n ? arena_array(&s->cmd->arena, v->told_n - from, sizeof *new) : NULL;
    for (size_t i = from; new != NULL &&i < v->told_n; i++)
        if (!(v->v[i].marks & (IMAP_MSG_OWN | IMAP_MSG_GONE)))
            new[found++] = (uint32_t)i;
    if (v->told_n > 0)
        n->told_uid = MAX(n->told_uid, v->v[v->told_n - 1].uid + 1);
    if (found > 0 && n->fetch.n > 0)
        fetch_run(s, n->fetch, new, found);
    else
        tell_others(s);
}

static void tell_selected(struct imap_session *s)
{
    struct imap_notifying *n = s->notify;
    imap_tell(s, may_expunge(n, n->back == IMAP_IDLE));
    if (n->selected & IMAP_NOTIFY_NEW)
        tell_attributes(s);
    else
        tell_others(s);
}

void imap_notify_go(struct imap_session *s)
{
    struct imap_notifying *n = s->notify;
    enum imap_mode mode = s->mode;
    bool free = (mode == IMAP_COMMAND || mode == IMAP_IDLE) && s->cmd == NULL && s->next == NULL;
    if (!free || !pending(s) || !s->rules->ops->room(s))
        return;
    if (n->overflow)
        give_up(s);
    if (!pending(s))
        return;
    if (!imap_cmd_new(s, S(""))) { /* memory is out: with the next event */
        imap_cmd_end(s);
        s->mode = mode;
        return;
    }
    s->cmd->silent = on_fetched;
    n->back = mode;
    if (s->view != NULL && n->selected != 0)
        imap_sync(s, tell_selected);
    else
        tell_others(s);
}
