/* Envelopes, in batches: MAIL, RCPT …, DATA, in one go where the server does PIPELINING (RFC 2920), else one after the
 * other. What a server must offer for a mail, and does not, is found before anything is said (RFC 6152 section 3, 3030
 * section 3, 6531 section 3.5). */
#include "serve/smtp_out_state.h"
#include "wire/domain.h"
#include <assert.h>
#include <stdio.h>

enum { LINE_MAX_N = 2048 };

/* ---- addresses as this server can take them ---- */
static bool is_ascii(struct str s)
{
    size_t i = 0;
    while (i < s.n && (unsigned char)s.p[i] < 0x80)
        i++;
    return i == s.n;
}

/* ERR_BAD: it is no address; ERR_DENIED: it needs SMTPUTF8. A domain alone needs it not: it has an ASCII form. */
static enum err put_path(const struct smtp_out_session *s, struct buf *out, struct str address)
{
    struct addr a;
    if (address.n == 0)
        return OK;
    if (addr_parse(address, &a) != OK)
        return ERR_BAD;
    bool as_is = is_ascii(address) || s->offers.utf8;
    if (!as_is && !is_ascii(a.local))
        return ERR_DENIED;
    buf_put(out, as_is ? address : a.local);
    if (as_is)
        return OK;
    buf_putc(out, '@');
    return domain_to_ascii(out, a.domain);
}

static bool needs_utf8(const struct outq_job *job)
{
    bool ascii = is_ascii(job->mail_from);
    for (size_t i = 0; i < job->rcpts_n; i++)
        ascii = ascii && is_ascii(job->rcpts[i].address);
    return !ascii || job->flags & OUTQ_SMTPUTF8;
}

/* ---- commands ---- */
static void put_mail(struct smtp_out_session *s)
{
    const struct outq_job *job = s->job;
    struct buf *out = s->out;
    buf_puts(out, "MAIL FROM:<");
    (void)put_path(s, out, job->mail_from); /* tried before */
    buf_putc(out, '>');
    if (s->offers.size)
        buf_printf(out, " SIZE=%llu", (unsigned long long)job->size);
    if (job->flags & OUTQ_BINARY)
        buf_puts(out, " BODY=BINARYMIME");
    else if (job->flags & OUTQ_8BIT)
        buf_puts(out, " BODY=8BITMIME");
    if (s->offers.utf8 && needs_utf8(job))
        buf_puts(out, " SMTPUTF8");
    if (job->flags & OUTQ_REQUIRETLS)
        buf_puts(out, " REQUIRETLS");
    if (s->offers.dsn && job->ret != OUTQ_RET_UNSET)
        buf_puts(out, job->ret == OUTQ_RET_FULL ? " RET=FULL" : " RET=HDRS");
    if (s->offers.dsn && job->envid.n > 0 && job->envid.n <= LIMIT_SMTP_ENVID && smtp_xtext_valid(job->envid))
        buf_printf(out, " ENVID=%.*s", STR_FMT(job->envid));
    buf_puts(out, "\r\n");
}

static void put_notify(struct buf *out, unsigned notify)
{
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = { { SMTP_NOTIFY_NEVER, "NEVER" },
                  { SMTP_NOTIFY_SUCCESS, "SUCCESS" },
                  { SMTP_NOTIFY_FAILURE, "FAILURE" },
                  { SMTP_NOTIFY_DELAY, "DELAY" } };
    const char *between = " NOTIFY=";
    for (size_t i = 0; i < COUNT(words); i++)
        if (notify & words[i].bit) {
            buf_printf(out, "%s%s", between, words[i].word);
            between = ",";
        }
}

static bool orcpt_valid(struct str orcpt)
{
    struct str address, type = str_cut(orcpt, ';', &address);
    return orcpt.n <= LIMIT_SMTP_ORCPT && address.n > 0 && smtp_xtext_valid(address) && smtp_xtext_valid(type);
}

static void put_rcpt(struct smtp_out_session *s, const struct outq_rcpt *r)
{
    buf_puts(s->out, "RCPT TO:<");
    (void)put_path(s, s->out, r->address);
    buf_putc(s->out, '>');
    if (s->offers.dsn)
        put_notify(s->out, r->notify);
    if (s->offers.dsn && orcpt_valid(r->orcpt))
        buf_printf(s->out, " ORCPT=%.*s", STR_FMT(r->orcpt));
    buf_puts(s->out, "\r\n");
}

/* With PIPELINING DATA goes along before it is known whether anybody was accepted: one way less, and a lone dot where
 * nobody was (RFC 2920 section 3.1). BDAT does not, since the mail would go along too. */
static bool say_one(struct smtp_out_session *s)
{
    while (s->at < s->last && s->fates[s->at] == RCPT_SETTLED)
        s->at++;
    if (s->said == 0)
        put_mail(s);
    else if (s->at < s->last)
        put_rcpt(s, &s->job->rcpts[s->at++]);
    else if (!s->bdat && !s->said_data && (s->offers.pipelining || s->accepted > 0)) {
        s->said_data = true;
        buf_puts(s->out, "DATA\r\n");
    } else
        return false;
    s->said++;
    return true;
}

static void say_more(struct smtp_out_session *s)
{
    while ((s->offers.pipelining || s->said == s->heard) && say_one(s))
        continue;
}

/* ---- replies ---- */
/* RFC 5321 section 4.5.3.1.10: no more recipients with this transaction; 552 was once said for it. Who is refused so
 * though nobody was taken before him is refused. */
static bool is_full(const struct smtp_out_session *s)
{
    bool too_many = !s->reply.enhanced[0] || str_ends(str_c(s->reply.enhanced), S(".5.3"));
    return (s->reply.code == 452 || s->reply.code == 552) && s->accepted > 0 && too_many;
}

static void on_mail(struct smtp_out_session *s)
{
    struct smtp_out_said said = smtp_out_reply_said(s);
    s->open = s->reply.code / 100 == 2;
    if (!s->open)
        smtp_out_settle_batch(s, RCPT_WAITS, smtp_out_refusal(s->reply.code), &said);
}

static void on_rcpt(struct smtp_out_session *s)
{
    size_t i = s->first;
    while (i < s->last && s->fates[i] != RCPT_WAITS)
        i++;
    if (i == s->last)
        return; /* MAIL was refused, and so is this */
    struct smtp_out_said said = smtp_out_reply_said(s);
    bool taken = s->reply.code / 100 == 2;
    if (taken)
        s->fates[i] = RCPT_ACCEPTED;
    else if (is_full(s))
        s->fates[i] = RCPT_POSTPONED;
    else
        smtp_out_settle(s, i, smtp_out_refusal(s->reply.code), &said);
    s->accepted += taken;
}

static void on_data(struct smtp_out_session *s)
{
    struct smtp_out_said said = smtp_out_reply_said(s);
    if (s->reply.code == 354 && s->accepted > 0) {
        smtp_out_text_begin(s);
    } else if (s->reply.code == 354) {
        buf_puts(s->out, ".\r\n");
        s->step = STEP_DROPPED;
    } else {
        smtp_out_settle_batch(s, RCPT_ACCEPTED, smtp_out_refusal(s->reply.code), &said);
        smtp_out_batch_done(s);
    }
}

static void on_envelope(struct smtp_out_session *s)
{
    say_more(s);
    if (s->said > s->heard)
        return;
    if (s->accepted > 0)
        smtp_out_text_begin(s);
    else
        smtp_out_batch_done(s);
}

void smtp_out_envelope_reply(struct smtp_out_session *s)
{
    bool data = s->said_data && s->heard + 1 == s->said;
    s->heard++;
    if (s->reply.code == 421) {
        smtp_out_end_reply(s, false);
        return;
    }
    if (data) {
        on_data(s);
        return;
    }
    if (s->heard == 1)
        on_mail(s);
    else
        on_rcpt(s);
    on_envelope(s);
}

/* ---- batches ---- */
void smtp_out_next_batch(struct smtp_out_session *s)
{
    const size_t n =
        s->job ? s->job->rcpts_n : 0; /* it may be settled and forgotten, while the server was still asked */
    s->first = 0;                     /* those that were postponed may lie before the others */
    while (s->first < n && s->fates[s->first] == RCPT_SETTLED)
        s->first++;
    s->last = s->at = s->first;
    for (size_t some = 0; s->last < n && some < SMTP_OUT_BATCH; s->last++)
        if (s->fates[s->last] != RCPT_SETTLED) {
            s->fates[s->last] = RCPT_WAITS;
            some++;
        }
    s->said = s->heard = s->accepted = 0;
    s->said_data = s->sent_last = false;
    s->mode = s->first < n ? SMTP_OUT_TALK : SMTP_OUT_READY;
    s->step = STEP_ENVELOPE;
    if (s->first < n)
        say_more(s);
}

void smtp_out_batch_done(struct smtp_out_session *s)
{
    if (s->open) {
        buf_puts(s->out, "RSET\r\n");
        s->step = STEP_RSET;
        s->mode = SMTP_OUT_TALK;
    } else {
        smtp_out_next_batch(s);
    }
}

/* ---- a job ---- */
enum err smtp_out_suits(const struct smtp_out_session *s, const struct outq_job *job)
{
    bool safe = s->secured && s->authenticated && s->offers.requiretls;
    return job->flags & OUTQ_REQUIRETLS && !safe ? ERR_DENIED : OK;
}

static void refuse(struct smtp_out_session *s, size_t i, const char *enhanced, const char *words)
{
    struct smtp_out_said said = { .final = true };
    (void)snprintf(said.enhanced, sizeof said.enhanced, "%s", enhanced);
    (void)snprintf(said.words, sizeof said.words, "%s", words);
    if (s->fates[i] != RCPT_SETTLED)
        smtp_out_settle(s, i, OUTQ_FATE_FAILED, &said);
}

static void refuse_all(struct smtp_out_session *s, const char *enhanced, const char *words)
{
    for (size_t i = 0; i < s->job->rcpts_n; i++)
        refuse(s, i, enhanced, words);
}

static void check_address(struct smtp_out_session *s, size_t i)
{
    AUTO_BUF struct buf path = { .max = LINE_MAX_N };
    struct str address = s->job->rcpts[i].address;
    enum err e = address.n == 0 ? ERR_BAD : put_path(s, &path, address);
    if (e == ERR_DENIED)
        refuse(s, i, "5.6.7", "the server takes no addresses beyond ASCII");
    else if (e != OK || path.failed)
        refuse(s, i, "5.1.3", "this is no address that can be written in SMTP");
}

static void check_job(struct smtp_out_session *s)
{
    const struct outq_job *job = s->job;
    const struct smtp_offers *o = &s->offers;
    AUTO_BUF struct buf path = { .max = LINE_MAX_N };
    if (put_path(s, &path, job->mail_from) != OK || (job->flags & OUTQ_SMTPUTF8 && !o->utf8))
        refuse_all(s, "5.6.7", "the mail needs SMTPUTF8, which the server does not offer");
    else if (job->flags & OUTQ_BINARY && !(o->chunking && o->binary))
        refuse_all(s, "5.6.3", "the mail needs BINARYMIME, which the server does not offer");
    else if (job->flags & OUTQ_8BIT && !o->eightbit)
        refuse_all(s, "5.6.3", "the mail needs 8BITMIME, which the server does not offer");
    else if (o->size_max > 0 && job->size > o->size_max)
        refuse_all(s, "5.3.4", "the mail is larger than the server takes");
    for (size_t i = 0; i < job->rcpts_n; i++)
        check_address(s, i);
}

enum err smtp_out_begin(struct smtp_out_session *s, const struct outq_job *job, const struct outq_result *before)
{
    assert(s->mode == SMTP_OUT_READY && !s->job && smtp_out_suits(s, job) == OK);
    s->results = arena_array(&s->arena, job->rcpts_n, sizeof *s->results);
    s->fates = arena_array(&s->arena, job->rcpts_n, sizeof *s->fates);
    if (!s->results || !s->fates) {
        smtp_out_forget(s);
        return ERR_IO;
    }
    for (size_t i = 0; before && i < job->rcpts_n; i++)
        if (!smtp_out_is_postponed(&before[i])) {
            s->fates[i] = RCPT_SETTLED;
            s->results[i] = before[i];
        }
    s->job = job;
    s->last = 0;
    s->open = false;
    s->bdat = s->offers.chunking;
    check_job(s);
    smtp_out_next_batch(s);
    return OK;
}
