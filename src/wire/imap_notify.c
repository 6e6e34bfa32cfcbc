/* A row for each filter and event. What the RFC lets stand together is checked once a group is read: new messages and
 * expunges are asked for together or not at all, for without both a client could not count (RFC 5465 section 5). */
#include "wire/imap_notify.h"
#include "wire/imap_fetch.h"
#include "wire/imap_mailbox.h"

const char imap_notify_events[] = "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange";

static const struct {
    struct str name;
    enum imap_notify_filter filter;
} filters[] = {
    { STR("SELECTED"), IMAP_NOTIFY_SELECTED },     { STR("SELECTED-DELAYED"), IMAP_NOTIFY_DELAYED },
    { STR("INBOXES"), IMAP_NOTIFY_INBOXES },       { STR("PERSONAL"), IMAP_NOTIFY_PERSONAL },
    { STR("SUBSCRIBED"), IMAP_NOTIFY_SUBSCRIBED }, { STR("SUBTREE"), IMAP_NOTIFY_SUBTREE },
    { STR("MAILBOXES"), IMAP_NOTIFY_MAILBOXES },
};
static const struct {
    struct str name;
    unsigned event;
} events[] = {
    { STR("MessageNew"), IMAP_NOTIFY_NEW },
    { STR("MessageExpunge"), IMAP_NOTIFY_EXPUNGE },
    { STR("FlagChange"), IMAP_NOTIFY_FLAGS },
    { STR("MailboxName"), IMAP_NOTIFY_NAME },
    { STR("SubscriptionChange"), IMAP_NOTIFY_SUBSCRIPTION },
};

static bool is_selected(const struct imap_notify_group *g)
{
    return g->filter == IMAP_NOTIFY_SELECTED || g->filter == IMAP_NOTIFY_DELAYED;
}

static bool read_filter(struct imap_token *t, enum imap_notify_filter *out)
{
    for (size_t i = 0; i < COUNT(filters); i++)
        if (imap_token_try(t, filters[i].name)) {
            *out = filters[i].filter;
            return true;
        }
    return false;
}

static bool full(struct imap_token *t)
{
    t->full = true;
    return false;
}

static bool read_name(struct imap_token *t, struct imap_notify *all, struct imap_notify_group *g)
{
    AUTO_BUF struct buf name = { .max = 4 * LIMIT_IMAP_MAILBOX };
    struct str in;
    if (!imap_token_astring(t, &in))
        return false;
    if (all->names_n == LIMIT_IMAP_NOTIFY_NAMES)
        return full(t);
    if (imap_mailbox_read(&name, in, t->utf8) != OK) /* section 3.1: one that does not exist is ignored */
        return true;
    struct str kept = arena_dup(t->arena, buf_str(&name));
    all->names[all->names_n++] = kept;
    g->n++;
    return kept.p != NULL || full(t);
}

/* One name, or several in parentheses. */
static bool read_names(struct imap_token *t, struct imap_notify *all, struct imap_notify_group *g)
{
    g->names = all->names + all->names_n;
    if (!imap_token_sp(t))
        return false;
    if (imap_token_peek(t) != '(')
        return read_name(t, all, g);
    if (!imap_token_open(t))
        return false;
    do {
        if (!read_name(t, all, g))
            return false;
    } while (imap_token_more(t));
    return !t->failed;
}

/* What new messages are told with, as it stands: it is read again when there is one. */
static bool read_fetch(struct imap_token *t, struct imap_notify_group *g)
{
    struct imap_token ahead = *t;
    struct imap_fetch f;
    const char *from;
    if (imap_token_peek(&ahead) != ' ' || !imap_token_sp(&ahead) || imap_token_peek(&ahead) != '(')
        return true;
    from = ahead.rest.p;
    if (!is_selected(g) || !imap_fetch_attrs_read(&ahead, &f))
        return false;
    g->fetch = str_of(from, (size_t)(ahead.rest.p - from));
    *t = ahead;
    return true;
}

static bool read_event(struct imap_token *t, struct imap_notify *all, struct imap_notify_group *g)
{
    struct str name;
    if (!imap_token_atom(t, &name))
        return false;
    for (size_t i = 0; i < COUNT(events); i++)
        if (str_eq_nocase(events[i].name, name)) {
            g->events |= events[i].event;
            return events[i].event != IMAP_NOTIFY_NEW || read_fetch(t, g);
        }
    all->bad_event = true;
    return false;
}

static bool fits(const struct imap_notify_group *g)
{
    unsigned both = IMAP_NOTIFY_NEW | IMAP_NOTIFY_EXPUNGE;
    if (g->events & IMAP_NOTIFY_MESSAGES && (g->events & both) != both)
        return false;
    return !is_selected(g) || !(g->events & ~(unsigned)IMAP_NOTIFY_MESSAGES);
}

/* "(filter (event event))", "(filter NONE)" */
static bool read_group(struct imap_token *t, struct imap_notify *all, struct imap_notify_group *g)
{
    if (!imap_token_open(t) || !read_filter(t, &g->filter))
        return false;
    bool named = g->filter == IMAP_NOTIFY_SUBTREE || g->filter == IMAP_NOTIFY_MAILBOXES;
    if ((named && !read_names(t, all, g)) || !imap_token_sp(t))
        return false;
    if (imap_token_try(t, S("NONE")))
        return imap_token_close(t);
    if (!imap_token_open(t))
        return false;
    do {
        if (!read_event(t, all, g))
            return false;
    } while (imap_token_more(t));
    return !t->failed && fits(g) && imap_token_close(t);
}

static bool read_groups(struct imap_token *t, struct imap_notify *n)
{
    size_t selected = 0;
    n->v = arena_array(t->arena, LIMIT_IMAP_NOTIFY_GROUPS, sizeof *n->v);
    n->names = arena_array(t->arena, LIMIT_IMAP_NOTIFY_NAMES, sizeof *n->names);
    if (n->v == NULL || n->names == NULL)
        return full(t);
    do {
        if (n->n == LIMIT_IMAP_NOTIFY_GROUPS)
            return full(t);
        if (!imap_token_sp(t) || !read_group(t, n, &n->v[n->n]))
            return false;
        selected += is_selected(&n->v[n->n++]);
    } while (imap_token_peek(t) == ' ' && str_trim(t->rest).n > 0);
    return selected <= 1 && imap_token_end(t);
}

bool imap_notify_read(struct imap_token *t, struct imap_notify *out)
{
    struct imap_notify n = { .v = NULL };
    bool good = imap_token_try(t, S("NONE")) && imap_token_end(t);
    if (!good && !t->failed && imap_token_try(t, S("SET"))) {
        struct imap_token ahead = *t;
        n.status = imap_token_sp(&ahead) && imap_token_try(&ahead, S("STATUS"));
        if (n.status)
            *t = ahead;
        good = read_groups(t, &n);
    }
    if (!good)
        n = (struct imap_notify){ .bad_event = n.bad_event };
    *out = n;
    return good;
}
