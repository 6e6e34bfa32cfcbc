/* NOTIFY (RFC 5465): the command, and what is noted of the box's events until it can be told. Of a mailbox that is not
 * selected only that something happened is kept, for STATUS says how things stand; so what waits for a slow client has
 * a ceiling, and over it all notifications end (section 5.8). What one does oneself is told like anybody else's doing.
 */
#include "serve/imap_notify.h"
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include <stdlib.h>

enum {
    SET_BYTES = 256 * 1024,   /* what is wanted: names, attributes */
    HEARD_BYTES = 128 * 1024, /* changes of names that wait */
    CHANGES_MAX = 250,        /* of them: a rename moves all mailboxes of a box, each of which is told */
};

void imap_notify_heard_reset(struct imap_heard *h)
{
    arena_reset(&h->arena);
    *h = (struct imap_heard){ .arena = { .max = HEARD_BYTES, .secret = true } };
}

static void notify_free(struct imap_notifying *n)
{
    arena_reset(&n->arena);
    arena_reset(&n->heard.arena);
    arena_reset(&n->now.arena);
    free(n);
}

void imap_notify_free(struct imap_session *s)
{
    if (s->notify != NULL)
        notify_free(s->notify);
    s->notify = NULL;
}

/* ---- what is wanted ---- */

static bool is_selected(const struct imap_notify_group *g)
{
    return g->filter == IMAP_NOTIFY_SELECTED || g->filter == IMAP_NOTIFY_DELAYED;
}

static bool is_named(const struct imap_notify_group *g, struct str name)
{
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(name, g->names[i]) || (g->filter == IMAP_NOTIFY_SUBTREE && imap_name_within(name, g->names[i])))
            return true;
    return false;
}

static bool covers(const struct imap_notify_group *g, struct str name, uint32_t no, bool subscribed)
{
    switch (g->filter) {
    case IMAP_NOTIFY_SELECTED:
    case IMAP_NOTIFY_DELAYED:
        return false;
    case IMAP_NOTIFY_INBOXES: /* section 6.3: where mail is delivered to */
        return no == FOLDER_INBOX || no == FOLDER_JUNK;
    case IMAP_NOTIFY_PERSONAL:
        return true;
    case IMAP_NOTIFY_SUBSCRIBED:
        return subscribed;
    case IMAP_NOTIFY_SUBTREE:
    case IMAP_NOTIFY_MAILBOXES:
        break;
    }
    return is_named(g, name);
}

unsigned imap_notify_wants(const struct imap_notifying *n, struct str name, uint32_t no, bool subscribed)
{
    unsigned events = 0;
    for (size_t i = 0; i < n->set.n; i++)
        events |= covers(&n->set.v[i], name, no, subscribed) ? n->set.v[i].events : 0;
    return events;
}

unsigned imap_notify_may(const struct imap_session *s)
{
    unsigned brings = s->cmd != NULL && s->cmd->row != NULL ? s->cmd->row->flags >> 8 : 0;
    return s->notify != NULL ? s->notify->selected | brings : IMAP_NOTIFY_MESSAGES;
}

void imap_notify_selected(struct imap_session *s)
{
    if (s->notify != NULL)
        s->notify->told_uid = s->view->uidnext;
}

/* RFC 5465 section 5.2 */
void imap_notify_own(struct imap_session *s)
{
    const struct imap_uids *u = &s->cmd->own;
    for (size_t i = 0; s->notify != NULL && s->view != NULL && i < u->n; i++) {
        size_t k = imap_view_find(s->view, u->v[i]);
        if (k != STR_NONE)
            s->view->v[k].marks |= IMAP_MSG_OWN;
    }
}

/* ---- what happens ---- */

static void note_mail(struct imap_notifying *n, uint32_t no, unsigned what)
{
    struct imap_heard *h = &n->heard;
    size_t i = 0;
    while (i < h->mail_n && h->mail[i].no != no)
        i++;
    if (i == COUNT(h->mail)) {
        n->overflow = true;
        return;
    }
    if (i == h->mail_n)
        h->mail[h->mail_n++].no = no;
    h->mail[i].what |= what;
}

/* Renamed because what is above it was: it is told with that (section 5.4). The events of one rename come one behind
 * the other, the upper mailbox first. */
static bool comes_along(const struct imap_heard *h, const struct event *e)
{
    for (const struct imap_change *p = h->first; e->change == FOLDER_RENAMED && p != NULL; p = p->next)
        if (p->change == FOLDER_RENAMED && imap_name_within(e->was, p->was) && imap_name_within(e->json, p->name) &&
            str_eq(str_from(e->was, p->was.n), str_from(e->json, p->name.n)))
            return true;
    return false;
}

static void note_change(struct imap_notifying *n, const struct event *e)
{
    struct imap_heard *h = &n->heard;
    if (comes_along(h, e) || comes_along(&n->now, e))
        return;
    struct imap_change *c = h->changes_n < CHANGES_MAX ? arena_new(&h->arena, struct imap_change) : NULL;
    struct str name = arena_dup(&h->arena, e->json), was = arena_dup(&h->arena, e->was);
    if (c == NULL || name.p == NULL || was.p == NULL) {
        n->overflow = true;
        return;
    }
    *c = (struct imap_change){ .change = e->change, .no = e->folder, .name = name, .was = was };
    *(h->last ? &h->last->next : &h->first) = c;
    h->last = c;
    h->changes_n++;
}

/* Events that a change of a folder may have to be told for. */
static unsigned events_of(enum event_folder change)
{
    switch (change) {
    case FOLDER_MADE:
    case FOLDER_RENAMED:
        return IMAP_NOTIFY_NAME | IMAP_NOTIFY_FLAGS; /* for its uidvalidity */
    case FOLDER_DELETED:
        return IMAP_NOTIFY_NAME;
    case FOLDER_SUBSCRIBED:
    case FOLDER_UNSUBSCRIBED:
        break;
    }
    return IMAP_NOTIFY_SUBSCRIPTION;
}

/* Mail of the selected mailbox is the view's matter. */
static bool hear_mail(struct imap_session *s, uint32_t no, unsigned what)
{
    struct imap_notifying *n = s->notify;
    if (no == 0 || !(n->others & what) || (s->view != NULL && s->view->folder == no))
        return false;
    note_mail(n, no, what);
    return true;
}

static bool hear(struct imap_session *s, const struct event *e)
{
    bool moved = e->from_folder != 0, came;
    switch (e->kind) {
    case EVENT_MESSAGE_NEW:
        return hear_mail(s, e->folder, IMAP_NOTIFY_NEW);
    case EVENT_MESSAGE_CHANGED:
        came = hear_mail(s, e->folder, moved ? IMAP_NOTIFY_NEW : IMAP_NOTIFY_FLAGS);
        return hear_mail(s, e->from_folder, IMAP_NOTIFY_EXPUNGE) || came;
    case EVENT_MESSAGE_GONE:
        return hear_mail(s, e->folder, IMAP_NOTIFY_EXPUNGE);
    case EVENT_FOLDER_CHANGED:
        if (!(s->notify->others & events_of(e->change)))
            return false;
        note_change(s->notify, e);
        return true;
    case EVENT_SENDING:
    case EVENT_ARRIVAL:
    case EVENT_BOX_CHANGED:
    case EVENT_BOX_ENDED:
    case EVENT_CREDS_CHANGED:
        break;
    }
    return false;
}

bool imap_notify_heard(struct imap_session *s, const struct event *e)
{
    if (s->notify == NULL || !hear(s, e))
        return false;
    imap_notify_go(s);
    return true;
}

/* ---- the command ---- */

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    if (a->err != OK) {
        imap_fail(s, a->err);
        return;
    }
    imap_notify_put_status(s, a, NULL);
    imap_reply(s, "OK you will hear of it");
}

static void set(struct imap_session *s, struct imap_notifying *n)
{
    imap_notify_free(s);
    s->notify = n;
    for (size_t i = 0; i < n->set.n; i++) {
        const struct imap_notify_group *g = &n->set.v[i];
        if (!is_selected(g)) {
            n->others |= g->events;
            continue;
        }
        n->selected = g->events;
        n->delayed = g->filter == IMAP_NOTIFY_DELAYED;
        n->fetch = g->fetch;
    }
    if (s->view != NULL)
        imap_notify_selected(s);
    if (n->set.status && n->others & IMAP_NOTIFY_MESSAGES)
        imap_ask(s, on_folders)->folders(s);
    else
        imap_reply(s, n->set.n > 0 ? "OK you will hear of it" : "OK not a word");
}

void imap_run_notify(struct imap_session *s)
{
    struct imap_notifying *n = calloc(1, sizeof *n);
    struct imap_token t;
    if (n == NULL) {
        imap_reply(s, "NO [LIMIT] out of memory");
        return;
    }
    n->arena = (struct arena){ .max = SET_BYTES, .secret = true };
    imap_notify_heard_reset(&n->heard);
    imap_notify_heard_reset(&n->now);
    imap_token_init(&t, &n->arena, arena_dup(&n->arena, s->cmd->in.rest), imap_utf8(s));
    if (imap_notify_read(&t, &n->set)) {
        set(s, n);
        return;
    }
    if (n->set.bad_event) {
        imap_reply(s, "NO [BADEVENT (%s)] no such event here", imap_notify_events);
    } else {
        s->cmd->in.full = t.full;
        imap_bad(s);
    }
    notify_free(n);
}
