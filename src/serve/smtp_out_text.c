/* The mail itself, behind DATA or in chunks (RFC 3030). Its lines end in CR LF and in nothing else, or it does not
 * leave: a server that took a bare one for a line's end could find a second mail in it (CVE-2023-51764 and its kin). */
#include "serve/smtp_out_state.h"
#include <assert.h>

void smtp_out_text_begin(struct smtp_out_session *s)
{
    s->mode = SMTP_OUT_BODY;
    s->step = STEP_TEXT;
    s->dots = (struct line_out){ 0 };
    s->check = (struct line_data){ .verbatim = true };
    s->chunks = 0;
}

bool smtp_out_wants_body(const struct smtp_out_session *s)
{
    return s->mode == SMTP_OUT_BODY && (!s->bdat || s->offers.pipelining || s->chunks == 0);
}

static bool lines_are_sound(struct smtp_out_session *s, struct str bytes, bool last)
{
    size_t kept, used;
    if (s->job->flags & OUTQ_BINARY)
        return true;
    enum err e = line_data_feed(&s->check, bytes, NULL, &kept, &used);
    return e != ERR_BAD && !(last && s->check.state == LINE_CR);
}

static void put_dotted(struct smtp_out_session *s, struct str bytes, bool last)
{
    while (bytes.n > 0) {
        size_t used;
        struct str lead, run = line_out_run(&s->dots, bytes, &lead, &used);
        buf_put(s->out, lead);
        buf_put(s->out, run);
        bytes = str_from(bytes, used);
    }
    if (last)
        buf_put(s->out, line_out_end(&s->dots));
}

static void put_chunk(struct smtp_out_session *s, struct str bytes, bool last)
{
    bool ends = s->job->flags & OUTQ_BINARY || s->check.state == LINE_START;
    struct str end = last && !ends ? S("\r\n") : S("");
    if (bytes.n == 0 && !last)
        return;
    buf_printf(s->out, "BDAT %zu%s\r\n", bytes.n + end.n, last ? " LAST" : "");
    buf_put(s->out, bytes);
    buf_put(s->out, end);
    s->chunks++;
}

void smtp_out_body(struct smtp_out_session *s, struct str bytes, bool last)
{
    assert(s->mode == SMTP_OUT_BODY);
    if (!lines_are_sound(s, bytes, last)) {
        smtp_out_end(s, true, "5.6.0", "the mail has lines that end in something else than CR LF");
        return;
    }
    if (s->bdat)
        put_chunk(s, bytes, last);
    else
        put_dotted(s, bytes, last);
    if (!last)
        return;
    s->sent_last = true;
    s->step = STEP_END;
    s->mode = SMTP_OUT_TALK;
}

/* ---- replies ---- */
static void settle_accepted(struct smtp_out_session *s, enum outq_fate fate)
{
    struct smtp_out_said said = smtp_out_reply_said(s);
    smtp_out_settle_batch(s, RCPT_ACCEPTED, fate, &said);
}

/* The server has spoken before its turn. Whatever it says, what follows would be taken for text: nothing does. */
static void interrupted(struct smtp_out_session *s)
{
    settle_accepted(s, smtp_out_refusal(s->reply.code));
    s->end = smtp_out_reply_said(s);
    smtp_out_close(s);
}

static void over(struct smtp_out_session *s)
{
    bool leaves = s->reply.code == 421;
    settle_accepted(s, s->reply.code / 100 == 2 ? OUTQ_FATE_SENT : smtp_out_refusal(s->reply.code));
    s->open = false;
    if (leaves)
        smtp_out_end_reply(s, false);
    else
        smtp_out_batch_done(s);
}

static void on_chunk(struct smtp_out_session *s)
{
    if (s->chunks == 0) {
        interrupted(s);
        return;
    }
    s->chunks--;
    if (s->chunks == 0 && s->sent_last)
        over(s);
    else if (s->reply.code / 100 != 2)
        interrupted(s); /* chunks are under way that it would have to read and drop */
}

void smtp_out_text_reply(struct smtp_out_session *s)
{
    if (s->step == STEP_DROPPED)
        over(s);
    else if (s->bdat)
        on_chunk(s);
    else if (s->step == STEP_TEXT)
        interrupted(s);
    else
        over(s);
}
