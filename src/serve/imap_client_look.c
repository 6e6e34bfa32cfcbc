/* A long message is searched on a work thread, so that the others of this loop need not wait. The look owns all that it
 * needs, because command, connection and keys may be gone before it is over; then nobody is told. */
#include "base/secret.h"
#include "io/work.h"
#include "serve/imap_client.h"
#include "wire/imap_search.h"
#include <stdlib.h>

enum { LOOK_HERE = 128 * 1024 }; /* octets that even the dearest search goes through within 5 ms */

struct imap_looking {
    struct work work;
    struct imap_client *of; /* NULL: nobody waits for it any more */
    struct arena arena;
    struct imap_search q;
    struct imap_search_message m;
    struct mime_tree tree;
    struct intake whole;
    int64_t now_ms;
    bool found;
};

static void looking_free(struct imap_looking *l)
{
    intake_end(&l->whole);
    arena_reset(&l->arena);
    free(l);
}

/* On a work thread. */
static void look(struct work *w)
{
    struct imap_looking *l = CONTAINER_OF(w, struct imap_looking, work);
    l->found = imap_search_match(&l->q, &l->m, l->now_ms) == IMAP_SEARCH_YES;
    intake_end(&l->whole);
    secret_wipe_stack();
}

static void looked(struct work *w)
{
    struct imap_looking *l = CONTAINER_OF(w, struct imap_looking, work);
    struct imap_client *c = l->of;
    bool found = l->found;
    looking_free(l);
    if (c == NULL)
        return;
    c->asked.looking = NULL;
    imap_client_tell(c, &(struct imap_answer){ .found = found });
}

void imap_client_unlook(struct imap_looking *l)
{
    if (l != NULL)
        l->of = NULL;
}

static bool copy_tree(struct imap_looking *l, const struct mime_tree *t)
{
    AUTO_BUF struct buf packed = { .max = LIMIT_MIME_ARENA, .secret = true };
    mime_tree_pack(t, &packed);
    return !packed.failed && mime_tree_unpack(arena_dup(&l->arena, buf_str(&packed)), &l->arena, &l->tree) == OK;
}

static bool copy(struct imap_looking *l, const struct imap_look *what)
{
    l->m = what->m;
    l->m.emailid = arena_dup(&l->arena, what->m.emailid);
    l->m.threadid = arena_dup(&l->arena, what->m.threadid);
    return copy_tree(l, what->m.tree) && imap_search_copy(&l->arena, what->q, &l->q);
}

static enum err begin(struct imap_looking *l, const struct imap_look *what)
{
    arena_init(&l->arena, LIMIT_IMAP_CMD);
    l->arena.secret = true;
    if (!copy(l, what))
        return ERR_FULL;
    l->whole = *what->whole;
    *what->whole = (struct intake){ 0 };
    l->m.msg = buf_str(&l->whole.data);
    l->m.tree = &l->tree;
    l->m.head = mime_head(&l->tree.v[0], l->m.msg);
    l->now_ms = what->now_ms;
    l->work = (struct work){ .work = look, .done = looked };
    return work_submit(l->of->of->o.work, l->of->of->conns.loop, &l->work);
}

bool imap_client_look(struct imap_session *s, const struct imap_look *what)
{
    struct imap_client *c = imap_client_of(s);
    if (what->m.msg.n <= LOOK_HERE)
        return false;
    struct imap_looking *l = c->asked.looking = calloc(1, sizeof *l);
    if (l != NULL)
        l->of = c;
    if (l != NULL && begin(l, what) == OK)
        return true;
    if (l != NULL)
        looking_free(l);
    c->asked.looking = NULL;
    imap_client_no_memory(c);
    return true;
}
