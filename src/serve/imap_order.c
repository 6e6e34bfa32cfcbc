/* SORT and THREAD (RFC 5256; with RETURN: RFC 5267 section 3): a search whose finds are put in order. */
#include "serve/imap_command.h"
#include "serve/imap_searching.h"

static uint32_t number(const struct imap_session *s, size_t i)
{
    return s->cmd->uid ? s->view->v[i].uid : (uint32_t)i + 1;
}

/* ---- SORT ---- */

static bool note_sort(struct imap_session *s, struct searching *w, size_t i)
{
    const struct imap_msg *m = &s->view->v[i];
    struct imap_sort_record *r = &w->sorts[w->n];
    *r = (struct imap_sort_record){
        .seq = (uint32_t)i + 1, .number = number(s, i), .arrival_ms = m->received_ms, .size = m->size
    };
    return !w->opens || imap_sort_fill(&s->cmd->arena, s->cmd->msg.source->header, r) == OK;
}

static void answer_sort(struct imap_session *s, struct searching *w)
{
    imap_sort_run(&w->sort, w->sorts, w->n);
    for (size_t k = 0; k < w->n; k++)
        w->found[k] = w->sorts[k].seq - 1;
    searching_answer(s, w, "* SORT");
}

void imap_run_sort(struct imap_session *s)
{
    struct searching *w = imap_state(s, sizeof *w);
    if (w == NULL)
        return;
    struct imap_search_context c = searching_context(s);
    w->note = note_sort;
    w->answer = answer_sort;
    if (!imap_sort_read(&s->cmd->in, &w->sort) || !imap_token_sp(&s->cmd->in)) {
        imap_bad(s);
        return;
    }
    bool good = imap_search_read_keys(&s->cmd->in, &c, &w->q);
    w->q.esearch = w->sort.esearch;
    w->q.returns = w->sort.returns;
    if (!good) {
        searching_bad(s, &w->q);
        return;
    }
    w->opens = w->sort.needs_header;
    w->sorts = arena_array(&s->cmd->arena, s->view->told_n + 1, sizeof *w->sorts);
    if (w->sorts == NULL)
        imap_reply(s, "NO [LIMIT] out of memory");
    else
        searching_start(s);
}

/* ---- THREAD ---- */

static bool note_thread(struct imap_session *s, struct searching *w, size_t i)
{
    struct imap_thread_record *r = &w->threads[w->n];
    *r = (struct imap_thread_record){ .seq = (uint32_t)i + 1, .number = number(s, i) };
    return imap_thread_fill(&s->cmd->arena, s->cmd->msg.source->header, s->view->v[i].received_ms, r) == OK;
}

static void answer_thread(struct imap_session *s, struct searching *w)
{
    buf_puts(s->out, w->n > 0 ? "* THREAD " : "* THREAD");
    if (imap_thread_put(s->out, w->thread, w->threads, w->n, &s->cmd->arena) != OK)
        s->out->failed = true; /* half an answer cannot be taken back: the connection ends */
    buf_puts(s->out, "\r\n");
    imap_reply(s, w->missing ? "OK [EXPUNGEISSUED] some messages are gone" : "OK that is all");
}

void imap_run_thread(struct imap_session *s)
{
    struct searching *w = imap_state(s, sizeof *w);
    if (w == NULL)
        return;
    struct imap_search_context c = searching_context(s);
    w->opens = true;
    w->note = note_thread;
    w->answer = answer_thread;
    if (!imap_thread_read(&s->cmd->in, &w->thread)) {
        imap_bad(s);
        return;
    }
    if (!imap_search_read_keys(&s->cmd->in, &c, &w->q)) {
        searching_bad(s, &w->q);
        return;
    }
    w->threads = arena_array(&s->cmd->arena, s->view->told_n + 1, sizeof *w->threads);
    if (w->threads == NULL)
        imap_reply(s, "NO [LIMIT] out of memory");
    else
        searching_start(s);
}
