/* A whole session with a hostile server: the input's first bytes choose the job and the pieces, the rest is what the
 * server says. However it goes: each recipient is settled once the session is closed, we say nothing but lines that end
 * in CR LF, and nobody is said to have it who was not promised so by a reply to the mail's end. */
#include "serve/smtp_out_session.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_lines(struct str out)
{
    must(out.n == 0 || str_ends(out, S("\r\n")));
    for (size_t i = 0; i < out.n; i++) {
        must(out.p[i] != '\n' || (i > 0 && out.p[i - 1] == '\r'));
        must(out.p[i] != '\r' || (i + 1 < out.n && out.p[i + 1] == '\n'));
    }
}

/* Piece by piece, all at once, or cut off in the middle. */
static void give_body(struct smtp_out_session *s, unsigned how, bool *ended)
{
    static const struct str pieces[] = { STR("Subject: x\r\n\r\n.\r\n..\r\n"), STR("a.b"), STR("\r\n.\r\n") };
    for (size_t i = 0; i < COUNT(pieces) && smtp_out_wants_body(s); i++) {
        if (how == i + 1)
            smtp_out_lost(s, "4.3.0", "unreadable");
        else
            smtp_out_body(s, pieces[i], i + 1 == COUNT(pieces));
    }
    *ended = *ended || s->sent_last;
    buf_clear(s->out); /* may end within a line */
}

/* What another server said: one recipient has it, one was postponed, one refused. */
static const struct outq_result other[] = {
    { .fate = OUTQ_FATE_SENT, .code = 250, .text = STR("other") },
    { .fate = OUTQ_FATE_LATER, .code = 450 },
    { .fate = OUTQ_FATE_FAILED, .code = 550, .text = STR("other") },
    { .fate = OUTQ_FATE_LATER, .text = STR("other") }, /* it may have it */
};

static void settle(struct smtp_out_session *s, bool ended)
{
    for (size_t i = 0; i < s->job->rcpts_n; i++) {
        const struct outq_result *r = &s->results[i];
        if (r->text.n > 0 &&
            r->text.p == other[i].text.p) { /* of a second job, which is told the first server's results */
            must(r->fate == other[i].fate && r->code == other[i].code);
            continue;
        }
        must(r->fate != OUTQ_FATE_SENT || (ended && r->code / 100 == 2));
        must(r->text.n <= SMTP_OUT_WORDS_MAX);
    }
    smtp_out_forget(s);
}

static void play(struct smtp_out_session *s, const struct outq_job *job, const uint8_t *head, struct str in)
{
    bool ended = false;
    for (int jobs = 0; s->mode != SMTP_OUT_CLOSED;) {
        if (s->mode == SMTP_OUT_SHAKE)
            smtp_out_secured(s, head[1] & 1);
        if (s->mode == SMTP_OUT_BODY)
            give_body(s, head[2] % 8, &ended);
        if (s->job && smtp_out_settled(s))
            settle(s, ended);
        if (s->mode == SMTP_OUT_READY && !s->job && ++jobs < 3 && smtp_out_suits(s, job) == OK) {
            ended = false;
            must(smtp_out_begin(s, job, jobs > 1 ? other : NULL) == OK);
            continue;
        }
        check_lines(buf_str(s->out));
        buf_clear(s->out);
        must(smtp_out_patience_ms(s) > 0);
        size_t used = smtp_out_input(s, str_sub(in, 0, 1 + head[3] % 64u));
        in = str_from(in, used);
        if (in.n == 0 || (used == 0 && s->mode != SMTP_OUT_SHAKE))
            break;
    }
    smtp_out_lost(s, "4.4.2", "lost");
    must(!s->job || smtp_out_settled(s));
    if (s->job)
        settle(s, ended);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct outq_rcpt rcpts[] = {
        { .address = STR("a@far.example"), .notify = SMTP_NOTIFY_NEVER },
        { .address = STR("j\xc3\xbcrgen@far.example") },
        { .address = STR("\"a b\"@far.example"), .orcpt = STR("rfc822;x") },
        { .address = STR("no address\r\nDATA") },
    };
    if (n < 5)
        return 0;
    AUTO_BUF struct buf out = { .max = 1 << 20 };
    struct smtp_out_session s = { .hostname = STR("here.example"),
                                  .mx = STR("mx.far.example"),
                                  .tls = (enum smtp_out_tls)(data[0] % 3),
                                  .out = &out };
    if (data[0] & 4)
        s.user = S("u"), s.password = S("p");
    struct outq_job job = { .mail_from = data[0] & 8 ? S("") : S("me@here.example"),
                            .rcpts = rcpts,
                            .rcpts_n = 1 + data[1] / 2 % COUNT(rcpts),
                            .ret = OUTQ_RET_FULL,
                            .envid = STR("x"),
                            .flags = data[4] & 15,
                            .size = 30 };
    smtp_out_init(&s);
    play(&s, &job, data, str_of(data + 5, n - 5));
    smtp_out_fini(&s);
    return 0;
}
