/* How commands end. A tagged reply waits until the client has been told what else happened, so that whoever has read it
 * knows the state it speaks of. */
#include "serve/imap_notify.h"
#include "serve/imap_session.h"
#include <stdarg.h>
#include <stdlib.h>

void imap_untagged(struct imap_session *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_puts(s->out, "* ");
    buf_vprintf(s->out, fmt, ap);
    buf_puts(s->out, "\r\n");
    va_end(ap);
}

void imap_cmd_end(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    if (c == NULL)
        return;
    if (c->fini != NULL)
        c->fini(s, c->state);
    imap_message_close(s);
    s->rules->ops->forget(s);
    buf_fini(&c->done);
    arena_reset(&c->arena);
    free(c);
    s->cmd = NULL;
    s->parked = false;
}

void imap_bye(struct imap_session *s, const char *text)
{
    if (!s->inside)
        imap_untagged(s, "BYE %s", text);
    s->rules->ops->forget(s);
    s->next = NULL;
    imap_cmd_end(s);
    s->mode = IMAP_CLOSED;
}

void imap_stop(struct imap_session *s, const char *text)
{
    if (s->mode != IMAP_CLOSED)
        imap_bye(s, text);
}

void imap_between(struct imap_session *s)
{
    if (s->errors >= (s->authed ? LIMIT_IMAP_ERRORS : LIMIT_IMAP_ERRORS_LOGIN))
        imap_bye(s, "too many errors");
    else if (s->view != NULL && s->view->over != NULL)
        imap_bye(s, s->view->over);
    else if (s->draining)
        imap_bye(s, "[UNAVAILABLE] going down, come again");
    else if (s->notify != NULL)
        imap_notify_go(s);
}

/* What the client knows now, with what it itself has expunged: RFC 7162 sections 3.2.7 and 3.2.10. */
static void say_expunged(struct imap_session *s)
{
    buf_printf(s->out, "OK [HIGHESTMODSEQ %llu] done", (unsigned long long)s->view->told);
}

static void say_done(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    bool failed = c->done.failed;
    imap_tell(s, c->row == NULL || c->uid || !(c->row->flags & CMD_KEEPS));
    imap_tell_modseq(s);
    imap_notify_own(s);
    buf_put(s->out, c->tag);
    buf_putc(s->out, ' ');
    if (c->expunged && s->on & IMAP_ON_CONDSTORE && str_eq(buf_str(&c->done), S("OK done")))
        say_expunged(s);
    else
        buf_put(s->out, failed ? S("NO [SERVERBUG] too long to say") : buf_str(&c->done));
    buf_puts(s->out, "\r\n");
    imap_cmd_end(s);
    s->mode = IMAP_COMMAND;
    if (s->compresses)
        s->rules->ops->compress(s);
    s->compressed |= s->compresses;
    s->compresses = false;
    imap_between(s);
}

void imap_finish(struct imap_session *s)
{
    s->mode = IMAP_BUSY;
    imap_message_close(s);
    if (s->cmd->silent != NULL)
        s->cmd->silent(s);
    else
        imap_sync(s, say_done);
}

void imap_reply(struct imap_session *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_clear(&s->cmd->done);
    buf_vprintf(&s->cmd->done, fmt, ap);
    va_end(ap);
    if (s->cmd->silent == NULL && !str_starts(buf_str(&s->cmd->done), S("BAD")))
        s->errors = 0;
    imap_finish(s);
}

void imap_bad(struct imap_session *s)
{
    s->errors++;
    imap_reply(s, s->cmd->in.full ? "BAD [LIMIT] more than is taken" : "BAD not of that command's form");
}

void imap_fail(struct imap_session *s, enum err e)
{
    switch (e) {
    case ERR_FULL:
        imap_reply(s, "NO [OVERQUOTA] no room");
        break;
    case ERR_GONE:
        imap_reply(s, "NO [EXPUNGEISSUED] it is not there any more");
        break;
    case ERR_DENIED:
        imap_reply(s, "NO [NONEXISTENT] no such mailbox");
        break;
    case ERR_BUSY:
        imap_reply(s, "NO [INUSE] try again");
        break;
    case OK:
    case ERR_MORE:
    case ERR_BAD:
    case ERR_IO:
        imap_reply(s, "NO [UNAVAILABLE] that failed here");
        break;
    }
}

void *imap_state(struct imap_session *s, size_t n)
{
    s->cmd->state = arena_alloc(&s->cmd->arena, n);
    if (s->cmd->state == NULL)
        imap_reply(s, "NO [LIMIT] out of memory");
    return s->cmd->state;
}
