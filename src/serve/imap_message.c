/* A message on its way into a command: its header record first, which is small; all of it only where something has to
 * be found in it, or made of it, and then within the memory that mail may take up in this process. */
#include "serve/imap_state.h"

enum { AHEAD_CHOSEN = 64, AHEAD_ALL = 16 }; /* messages read ahead: those that are sure to come, and those that may */

struct str imap_message_known(const struct imap_session *s)
{
    const struct imap_message *m = &s->cmd->msg;
    return m->loaded ? buf_str(&m->whole.data) : m->source ? m->source->header : (struct str){ 0 };
}

void imap_message_close(struct imap_session *s)
{
    struct imap_message *m = &s->cmd->msg;
    if (m->source != NULL)
        s->rules->ops->shut(s);
    intake_end(&m->whole);
    m->source = NULL;
    m->loaded = false;
}

static void on_open(struct imap_session *s, const struct imap_answer *a)
{
    struct imap_message *m = &s->cmd->msg;
    m->err = a->err;
    m->source = a->err == OK ? a->source : NULL;
    m->then(s);
}

bool imap_message_ready(struct imap_session *s, size_t i)
{
    const struct imap_ops *ops = s->rules->ops;
    imap_message_close(s);
    s->cmd->msg.source = ops->alive(s) ? ops->ready(s, s->view->v[i].uid) : NULL;
    return s->cmd->msg.source != NULL;
}

/* Entry i of the view, and what is likely to be opened after it. */
static size_t look_ahead(const struct imap_session *s, size_t i, uint32_t uids[AHEAD_CHOSEN])
{
    const struct imap_message *m = &s->cmd->msg;
    const struct imap_view *v = s->view;
    size_t n = 1, most = m->next ? MIN(m->next_n, (size_t)AHEAD_CHOSEN - 1) : MIN(v->told_n - i, (size_t)AHEAD_ALL) - 1;
    uids[0] = v->v[i].uid;
    for (size_t k = 0; k < most; k++) {
        const struct imap_msg *next = &v->v[m->next ? m->next[k] : i + 1 + k];
        if (!(next->marks & IMAP_MSG_GONE))
            uids[n++] = next->uid;
    }
    return n;
}

void imap_message_open(struct imap_session *s, size_t i, imap_step *then)
{
    uint32_t uids[AHEAD_CHOSEN];
    imap_message_close(s);
    s->cmd->msg.then = then;
    size_t n = look_ahead(s, i, uids);
    imap_ask(s, on_open)->open(s, s->view->folder, &(struct imap_uids){ uids, n });
}

void imap_message_open_at(struct imap_session *s, uint32_t folder, uint32_t uid, imap_step *then)
{
    imap_message_close(s);
    s->cmd->msg.then = then;
    imap_ask(s, on_open)->open(s, folder, &(struct imap_uids){ &uid, 1 });
}

static void load(struct imap_session *s);

static enum err take_piece(struct imap_message *m, const struct imap_answer *a)
{
    size_t at = m->whole.data.n;
    if (a->err != OK)
        return a->err;
    if (a->piece_at > at || at - a->piece_at >= a->piece.n)
        return ERR_BAD;
    return intake_put(&m->whole, str_from(a->piece, at - a->piece_at));
}

static void on_piece(struct imap_session *s, const struct imap_answer *a)
{
    struct imap_message *m = &s->cmd->msg;
    m->err = take_piece(m, a);
    load(s);
}

static void load(struct imap_session *s)
{
    struct imap_message *m = &s->cmd->msg;
    while (m->err == OK && m->whole.data.n < m->source->size) {
        struct imap_answer a;
        if (!s->rules->ops->at_hand(s, m->whole.data.n, &a)) {
            imap_ask(s, on_piece)->read(s, m->whole.data.n);
            return;
        }
        m->err = take_piece(m, &a);
    }
    m->loaded = m->err == OK;
    m->then(s);
}

void imap_message_load(struct imap_session *s, imap_step *then)
{
    struct imap_message *m = &s->cmd->msg;
    m->then = then;
    m->err = intake_budget_spares(s->rules->budget)
                 ? intake_begin(&m->whole, s->rules->budget, m->source->size, m->source->size)
                 : ERR_BUSY; /* a reader may be slow: mail that comes in goes first */
    if (m->err == OK)
        m->err = intake_put(&m->whole, m->source->header);
    load(s);
}
