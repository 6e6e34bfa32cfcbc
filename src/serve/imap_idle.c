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

static void go_on(struct imap_session *s)
{
    if (s->view != NULL && s->view->stale)
        imap_idle_event(s);
    else if (s->view != NULL && s->view->over != NULL)
        imap_stop(s, s->view->over);
    else if (s->draining)
        imap_stop(s, "[UNAVAILABLE] going down, come again");
}

/* Somebody else may have been told first after all. */
static void on_claimed(struct imap_session *s, const struct imap_answer *a)
{
    size_t before = imap_view_recent(s->view), now;
    imap_claimed(s->view, a);
    now = imap_view_recent(s->view);
    if (now != before)
        imap_untagged(s, "%zu RECENT", now);
    go_on(s);
}

void imap_idle_told(struct imap_session *s)
{
    imap_tell(s, true);
    if (imap_claims(s))
        imap_ask(s, on_claimed)->claim(s, s->view->folder, true); /* the next mail's commit brings it along */
    else
        go_on(s);
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

/* Its end, in these words; NULL: it goes on. */
static const char *end_of(const struct imap_view *v, const struct event *e)
{
    if (e->kind != EVENT_FOLDER_CHANGED || v == NULL || v->folder != e->folder)
        return NULL;
    if (e->change == FOLDER_DELETED)
        return "[NONEXISTENT] the selected mailbox was deleted";
    bool other = e->change == FOLDER_RENAMED && e->uidvalidity != v->uidvalidity;
    return other ? "the selected mailbox has another name, and another UIDVALIDITY with it" : NULL;
}

bool imap_mailbox_over(struct imap_session *s, const struct event *e)
{
    const char *text = end_of(s->view, e);
    if (text == NULL)
        return false;
    s->view->over = text;
    if (s->mode == IMAP_COMMAND || (s->mode == IMAP_IDLE && s->next == NULL))
        imap_bye(s, text);
    return true;
}
