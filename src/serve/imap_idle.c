/* IDLE (RFC 2177): what happens is told as it happens. The command's memory goes at once; only its tag is kept, so an
 * idle session is its struct and its view. */
#include "serve/imap_command.h"
#include "serve/imap_notify.h"
#include "serve/imap_session.h"
#include <stdlib.h>
#include <string.h>

void imap_run_idle(struct imap_session *s)
{
    s->idle_tag = strndup(s->cmd->tag.p, s->cmd->tag.n);
    if (s->idle_tag == NULL) {
        imap_reply(s, "NO [LIMIT] out of memory");
        return;
    }
    imap_cmd_end(s);
    imap_count(&s->rules->stats->idle, 1);
    buf_puts(s->out, "+ idling\r\n");
    s->mode = IMAP_IDLE;
    imap_idle_event(s);
}

/* Whoever does not take what is said is told later, all at once: the view knows by then what has become of it. */
void imap_idle_event(struct imap_session *s)
{
    if (s->notify != NULL) /* RFC 5465 section 4: IDLE then tells exactly what NOTIFY does */
        imap_notify_go(s);
    else if (s->rules->ops->room(s))
        imap_sync(s, imap_idle_told);
}

void imap_idle_told(struct imap_session *s)
{
    imap_tell(s, true);
    if (s->view != NULL && s->view->stale)
        imap_idle_event(s);
    else if (s->view != NULL && s->view->deleted)
        imap_stop(s, imap_deleted_text);
    else if (s->draining)
        imap_stop(s, "[UNAVAILABLE] going down, come again");
}

void imap_idle_line(struct imap_session *s, struct str line)
{
    AUTO_FREE char *tag = KEEP(s->idle_tag);
    imap_uncount(&s->rules->stats->idle);
    if (!str_eq_nocase(line, S("DONE"))) {
        buf_printf(s->out, "%s BAD DONE ends IDLE\r\n", tag);
        s->errors++;
        s->mode = IMAP_COMMAND;
        return;
    }
    s->errors = 0;
    buf_printf(s->out, "%s OK welcome back\r\n", tag);
    s->mode = IMAP_COMMAND;
}

/* ---- what others do to the mailbox ---- */

void imap_event(struct imap_session *s)
{
    if (s->view != NULL)
        s->view->stale = true;
    if (s->notify != NULL || (s->mode == IMAP_IDLE && s->next == NULL))
        imap_idle_event(s);
}

void imap_mailbox_gone(struct imap_session *s)
{
    if (s->view == NULL)
        return;
    s->view->deleted = true;
    if (s->mode == IMAP_COMMAND || (s->mode == IMAP_IDLE && s->next == NULL))
        imap_bye(s, imap_deleted_text);
}
