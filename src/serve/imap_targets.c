/* Which messages a command is about: its set of numbers or UIDs, as indices in the view. They hold for the whole
 * command, because numbers move only at its end. */
#include "serve/imap_state.h"

static uint32_t star(const struct imap_session *s)
{
    const struct imap_view *v = s->view;
    if (v->told_n == 0)
        return 0;
    return s->cmd->uid ? v->v[v->told_n - 1].uid : (uint32_t)v->told_n;
}

/* "$" is what the last SEARCH with SAVE has found (RFC 5182); as UIDs, whatever the command counts in. */
static struct imap_set saved(struct imap_session *s)
{
    return (struct imap_set){ .v = s->saved ? s->saved->v : NULL, .n = s->saved ? s->saved->n : 0, .saved = true };
}

static void add(struct imap_session *s, struct imap_targets *out, size_t i)
{
    if (s->view->v[i].marks & IMAP_MSG_GONE)
        out->missing = true;
    else
        out->v[out->n++] = (uint32_t)i;
}

static bool collect(struct imap_session *s, const struct imap_set *set, bool uids, struct imap_targets *out)
{
    const struct imap_view *v = s->view;
    uint64_t most = MIN(imap_set_count(set), (uint64_t)v->told_n);
    out->v = arena_array(&s->cmd->arena, most + 1, sizeof *out->v);
    for (size_t r = 0; out->v != NULL && r < set->n; r++) {
        size_t i = uids ? imap_view_from(v, set->v[r].from) : set->v[r].from - 1;
        for (; i < v->told_n && (uids ? v->v[i].uid : i + 1) <= set->v[r].to; i++)
            add(s, out, i);
    }
    return out->v != NULL;
}

bool imap_targets_read(struct imap_session *s, struct imap_targets *out)
{
    struct imap_set set;
    *out = (struct imap_targets){ 0 };
    if (!imap_set_read(&s->cmd->in, star(s), &set)) {
        imap_bad(s);
        return false;
    }
    bool uids = s->cmd->uid || set.saved;
    if (set.saved)
        set = saved(s);
    out->set = set;
    if (!uids && imap_set_last(&set) > s->view->told_n) {
        s->errors++;
        imap_reply(s, "BAD no such message number");
        return false;
    }
    if (collect(s, &set, uids, out))
        return true;
    imap_reply(s, "NO [LIMIT] out of memory");
    return false;
}

bool imap_targets_uids(struct imap_session *s, const struct imap_targets *t, struct imap_uids *out)
{
    uint32_t *v = arena_array(&s->cmd->arena, t->n + 1, sizeof *v);
    for (size_t i = 0; v != NULL && i < t->n; i++)
        v[i] = s->view->v[t->v[i]].uid;
    *out = (struct imap_uids){ v, v ? t->n : 0 };
    if (v == NULL)
        imap_reply(s, "NO [LIMIT] out of memory");
    return v != NULL;
}
