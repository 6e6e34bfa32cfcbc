/* What a session asks of its owner: the login, the box behind it, and the table of all its questions. A question that
 * cannot be asked for want of memory is answered all the same, on a later turn, so the session knows one way only. */
#include "serve/imap_client.h"
#include "core/mail_append.h"
#include "serve/imap_notify.h"
#include <stdlib.h>

const char imap_ended_text[] = "[UNAVAILABLE] this mailbox has ended";

/* ---- login ---- */

/* As auth has it: only the session that changed the credentials keeps its keys, and ours never does. */
static bool locked_out(const struct opened *o, const struct event *e)
{
    return e->kind == EVENT_CREDS_CHANGED && (o->cred != e->cred || o->generations != e->generation);
}

static bool is_about(const struct imap_view *v, const struct event *e)
{
    bool mail = e->kind == EVENT_MESSAGE_NEW || e->kind == EVENT_MESSAGE_CHANGED || e->kind == EVENT_MESSAGE_GONE;
    return mail && v != NULL && (e->folder == v->folder || e->from_folder == v->folder);
}

static void on_event(struct event_listener *l, const struct event *e)
{
    struct imap_client *c = CONTAINER_OF(l, struct imap_client, events);
    if (e->kind == EVENT_BOX_ENDED) {
        imap_client_ended(c, imap_ended_text);
    } else if (locked_out(c->o, e)) {
        imap_client_ended(c, "[UNAVAILABLE] the mailbox's secrets were changed, log in again");
    } else if (imap_mailbox_over(imap_client_session(c), e)) {
        imap_client_proceed(c);
    } else {
        bool here = is_about(c->s.view, e);
        if (here)
            imap_event(imap_client_session(c));
        if (imap_notify_heard(imap_client_session(c), e) || here)
            imap_client_proceed(c);
    }
}

static void on_login(void *ctx, enum err e, struct opened *o)
{
    struct imap_client *c = ctx;
    struct imap_server *p = c->of;
    if (e == OK && !session_conn_pass(&c->c)) {
        opened_release(o);
        e = ERR_BUSY;
    }
    if (e == OK) {
        c->o = o;
        c->events = (struct event_listener){ .box = o->box.id, .on = on_event };
        event_listen(p->o.hub, p->conns.loop, &c->events);
        mailbox_visit(p->o.boxes, o);
    }
    imap_client_tell(c, &(struct imap_answer){ .err = e });
}

static bool may_login(struct imap_session *s)
{
    const struct imap_client *c = imap_client_of(s);
    return login_allowed(&c->of->o.login, &c->c.peer, s->tls);
}

static void ask_login(struct imap_session *s, struct str user, struct str secret)
{
    struct imap_client *c = imap_client_of(s);
    if (!login_begin(&c->login, &c->of->o.login, &c->c.peer, user, secret, on_login, c))
        imap_client_no_memory(c);
}

static bool spent(struct imap_session *s) { return login_spent(&imap_client_of(s)->login); }

/* ---- ending questions ---- */

static void cancel(struct imap_client *c)
{
    struct imap_asked *a = &c->asked;
    if (a->store != NULL)
        store_cancel(a->store);
    mail_change_cancel(a->change);
    folder_cancel(a->folder);
    keyword_cancel(a->keyword);
    mail_copy_cancel(a->copy);
    mail_append_cancel(a->append);
    mailbox_cancel(a->box);
    imap_client_unlook(a->looking);
    *a = (struct imap_asked){ 0 };
    c->no_memory = false;
}

static void forget(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    cancel(c);
    imap_client_unread(c);
}

void imap_client_close(struct imap_client *c)
{
    cancel(c);
    imap_client_unread(c);
    event_unlisten(c->of->o.hub, &c->events);
    opened_release(c->o);
    c->o = NULL;
}

static void logout(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    imap_client_close(c);
    session_conn_stranger(&c->c);
}

static void on_no_memory(struct job *j)
{
    struct imap_client *c = CONTAINER_OF(j, struct imap_client, later);
    c->later_queued = false;
    if (c->left) {
        free(c);
        return;
    }
    if (!c->no_memory)
        return;
    c->no_memory = false;
    imap_client_tell(c, &(struct imap_answer){ .err = ERR_IO });
}

void imap_client_no_memory(struct imap_client *c)
{
    c->no_memory = true;
    c->later.run = on_no_memory;
    if (!c->later_queued)
        loop_later(c->of->conns.loop, &c->later);
    c->later_queued = true;
}

/* ---- the rest ---- */

static int64_t now_ms(struct imap_session *s) { return store_now_ms(imap_client_of(s)->of->o.store); }
static uint32_t uidvalidity(struct imap_session *s) { return imap_client_of(s)->o->box.uidvalidity; }
static bool alive(struct imap_session *s) { return imap_client_alive(imap_client_of(s)); }

static bool room(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    size_t most = s->authed ? IMAP_HIGH_WATER : IMAP_HIGH_WATER_LOGIN;
    if (s->out->n > most * 3 / 8)
        imap_client_flush(c);
    c->starved = conn_out(c->c.conn)->n > most && conn_unsent(c->c.conn) > 0;
    return !c->starved;
}

static bool may_compress(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    return c->zip == NULL && imap_client_zip_new(c);
}

static void compress(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    conn_flush(c->c.conn);
    c->zipped = true;
    s->out = &c->zip->out;
}

const struct imap_ops imap_client_ops = { .may_login = may_login,
                                          .login = ask_login,
                                          .login_spent = spent,
                                          .logout = logout,
                                          .folders = imap_client_folders,
                                          .create = imap_client_create,
                                          .remove = imap_client_remove,
                                          .rename = imap_client_rename,
                                          .folders_vacant = imap_client_folders_vacant,
                                          .subscribe = imap_client_subscribe,
                                          .claim = imap_client_claim,
                                          .keywords = imap_client_keywords,
                                          .keyword_put = imap_client_keyword_put,
                                          .list = imap_client_list,
                                          .changes = imap_client_changes,
                                          .flag = imap_client_flag,
                                          .erase = imap_client_erase,
                                          .move = imap_client_move,
                                          .copy = imap_client_copy,
                                          .append = imap_client_append,
                                          .open = imap_client_open,
                                          .ready = imap_client_ready,
                                          .read = imap_client_read,
                                          .at_hand = imap_client_at_hand,
                                          .preview = imap_client_preview,
                                          .look = imap_client_look,
                                          .shut = imap_client_shut_mail,
                                          .forget = forget,
                                          .quota = imap_client_quota,
                                          .uidvalidity = uidvalidity,
                                          .now_ms = now_ms,
                                          .alive = alive,
                                          .may_compress = may_compress,
                                          .compress = compress,
                                          .room = room };
