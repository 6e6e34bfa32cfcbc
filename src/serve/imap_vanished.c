/* VANISHED (EARLIER), RFC 7162 sections 3.2.5 and 3.2.6: what has gone since a mod-sequence. The log forgets in time;
 * then all that could have been there and is not is named, which the RFC allows. */
#include "serve/imap_state.h"
#include <stdlib.h>

enum { TEXT_MAX = 16 * 1024 * 1024 };

static int by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void add_logged(struct imap_session *s, const struct imap_answer *a, const struct imap_set *known,
                       struct imap_set_writer *out)
{
    uint32_t *uids = arena_array(&s->cmd->arena, a->gone_n + 1, sizeof *uids);
    size_t n = 0;
    for (size_t i = 0; uids != NULL && i < a->gone_n; i++)
        if (a->gone[i].folder == s->view->folder && (known->n == 0 || imap_set_has(known, a->gone[i].uid)))
            uids[n++] = a->gone[i].uid;
    if (n > 0)
        qsort(uids, n, sizeof *uids, by_number);
    for (size_t i = 0; i < n; i++)
        imap_set_add(out, uids[i]);
}

static void add_absent(const struct imap_view *v, const struct imap_set *known, struct imap_set_writer *out)
{
    struct imap_range all = { 1, v->uidnext - 1 };
    struct imap_set every = { .v = &all, .n = v->uidnext > 1 };
    struct imap_set_walk walk = imap_set_walk(known->n > 0 ? known : &every);
    size_t i = 0;
    for (uint32_t uid; imap_set_next(&walk, &uid) && uid < v->uidnext;) {
        while (i < v->n && v->v[i].uid < uid)
            i++;
        if (i == v->n || v->v[i].uid != uid)
            imap_set_add(out, uid);
    }
}

void imap_put_vanished(struct imap_session *s, const struct imap_answer *a, const struct imap_set *known)
{
    AUTO_BUF struct buf uids = { .max = TEXT_MAX };
    struct imap_set_writer w = { .out = &uids };
    if (a->too_old)
        add_absent(s->view, known, &w);
    else
        add_logged(s, a, known, &w);
    imap_set_end(&w);
    if (uids.n == 0)
        return;
    buf_puts(s->out, "* VANISHED (EARLIER) ");
    buf_put(s->out, buf_str(&uids));
    buf_puts(s->out, "\r\n");
}
