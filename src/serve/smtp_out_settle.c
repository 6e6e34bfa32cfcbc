/* What became of each recipient, told once. */
#include "serve/smtp_out_state.h"
#include <assert.h>

/* A code of success where none can be is no refusal for ever. */
enum outq_fate smtp_out_refusal(uint16_t code) { return code / 100 == 5 ? OUTQ_FATE_FAILED : OUTQ_FATE_LATER; }

static void settle(struct smtp_out_session *s, size_t i, enum outq_fate fate, const struct smtp_out_said *said)
{
    struct outq_result *r = &s->results[i];
    assert(s->fates[i] != RCPT_SETTLED);
    s->fates[i] = RCPT_SETTLED;
    *r = (struct outq_result){ .fate = fate, .code = said->code, .tls = s->secured };
    r->mx = said->code ? s->mx : S(""); /* else the words are ours */
    memcpy(r->enhanced, said->enhanced, sizeof r->enhanced);
    r->text = arena_dup(&s->arena, str_c(said->words));
    r->dsn_passed_on = fate == OUTQ_FATE_SENT && s->offers.dsn;
}

void smtp_out_settle(struct smtp_out_session *s, size_t i, enum outq_fate fate, const struct smtp_out_said *said)
{
    s->answered = true;
    settle(s, i, fate, said);
}

/* RFC 1047: behind the end of a mail nobody can know. */
static bool is_in_doubt(const struct smtp_out_session *s, size_t i)
{
    bool of_batch = i >= s->first && i < s->last && s->fates[i] == RCPT_ACCEPTED;
    return s->sent_last && of_batch && s->end.code == 0 && !s->end.final;
}

void smtp_out_settle_rest(struct smtp_out_session *s)
{
    for (size_t i = 0; s->job && i < s->job->rcpts_n; i++) {
        struct outq_result *r = &s->results[i];
        if (s->fates[i] == RCPT_SETTLED)
            continue;
        bool in_doubt = is_in_doubt(s, i);
        settle(s, i, s->end.final ? OUTQ_FATE_FAILED : OUTQ_FATE_LATER, &s->end);
        r->in_doubt = in_doubt;
        if (in_doubt)
            r->text = arena_printf(&s->arena, "%s when all had been sent: it may have arrived", s->end.words);
    }
}

void smtp_out_settle_batch(struct smtp_out_session *s, enum rcpt_state which, enum outq_fate fate,
                           const struct smtp_out_said *said)
{
    for (size_t i = s->first; s->job && i < s->last; i++)
        if (s->fates[i] == which)
            smtp_out_settle(s, i, fate, said);
}

bool smtp_out_settled(const struct smtp_out_session *s)
{
    size_t i = 0;
    while (s->job && i < s->job->rcpts_n && s->fates[i] == RCPT_SETTLED)
        i++;
    return s->job && i == s->job->rcpts_n;
}

bool smtp_out_untouched(const struct smtp_out_session *s) { return !s->answered && !s->sent_last; }

void smtp_out_forget(struct smtp_out_session *s)
{
    s->job = NULL;
    s->results = NULL;
    s->fates = NULL;
    s->first = s->last = 0;
    s->sent_last = s->answered = false;
    arena_reset(&s->arena);
}
