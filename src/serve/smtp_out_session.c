/* From the greeting to READY: EHLO or HELO, STARTTLS, login, and the polite end. Replies that make no sense end the
 * session; what a job then lacks is tried later. */
#include "base/text.h"
#include "serve/smtp_out_state.h"
#include <assert.h>
#include <stdio.h>

enum { RESULTS_MAX = 2 * 1024 * 1024, SASL_MAX = 4096, MINUTE_MS = 60 * 1000, QUIT_MS = 2000 };

void smtp_out_init(struct smtp_out_session *s)
{
    s->mode = SMTP_OUT_TALK;
    s->step = STEP_GREETING;
    s->reply.text.max = LIMIT_REPLY_TEXT;
    arena_init(&s->arena, RESULTS_MAX);
}

void smtp_out_fini(struct smtp_out_session *s)
{
    buf_fini(&s->reply.text);
    arena_reset(&s->arena);
}

static bool is_word(struct str s, size_t i)
{
    char c = i < s.n ? char_lower(s.p[i]) : ' ';
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Some servers say as whom we have logged in: "not owned by user relay". */
static bool names_us(struct str words, struct str user)
{
    for (size_t at, from = 0; user.n > 0; from = at + 1) {
        at = str_find_nocase(str_from(words, from), user);
        if (at == STR_NONE)
            return false;
        at += from;
        if (!is_word(words, at - 1) && !is_word(words, at + user.n))
            return true;
    }
    return false;
}

struct smtp_out_said smtp_out_reply_said(const struct smtp_out_session *s)
{
    struct smtp_out_said said = { .code = s->reply.code };
    AUTO_BUF struct buf words = { .max = SMTP_OUT_WORDS_MAX };
    smtp_reply_words(&words, &s->reply, SMTP_OUT_WORDS_MAX);
    if (names_us(buf_str(&words), s->user)) {
        buf_clear(&words);
        buf_puts(&words, SMTP_OUT_NOT_LET_IN);
        said.code = 0; /* these are not its words any more */
    }
    if (words.n > 0)
        memcpy(said.words, words.p, words.n);
    memcpy(said.enhanced, s->reply.enhanced, sizeof said.enhanced);
    return said;
}

void smtp_out_close(struct smtp_out_session *s)
{
    s->mode = SMTP_OUT_CLOSED;
    smtp_out_settle_rest(s);
}

void smtp_out_end(struct smtp_out_session *s, bool final, const char *enhanced, const char *words)
{
    s->end = (struct smtp_out_said){ .final = final };
    (void)snprintf(s->end.enhanced, sizeof s->end.enhanced, "%s", enhanced);
    (void)snprintf(s->end.words, sizeof s->end.words, "%s", words);
    smtp_out_close(s);
}

void smtp_out_end_reply(struct smtp_out_session *s, bool final)
{
    s->end = smtp_out_reply_said(s);
    s->end.final = final;
    if (s->step != STEP_QUIT && s->reply.code != 421)
        buf_puts(s->out, "QUIT\r\n");
    smtp_out_close(s);
}

void smtp_out_lost(struct smtp_out_session *s, const char *enhanced, const char *words)
{
    if (s->mode != SMTP_OUT_CLOSED)
        smtp_out_end(s, false, enhanced, words);
}

/* ---- the way to READY ---- */
static void say(struct smtp_out_session *s, enum step step, const char *verb, struct str arg)
{
    s->step = step;
    s->mode = SMTP_OUT_TALK;
    buf_puts(s->out, verb);
    if (*verb && arg.n > 0)
        buf_putc(s->out, ' ');
    buf_put(s->out, arg);
    buf_puts(s->out, "\r\n");
}

/* RFC 7504: 521 is the word of a host that takes no mail at all. */
static void on_greeting(struct smtp_out_session *s)
{
    if (s->reply.code == 220)
        say(s, STEP_EHLO, "EHLO", s->hostname);
    else
        smtp_out_end_reply(s, s->reply.code == 521);
}

static void say_base64(struct smtp_out_session *s, enum step step, const char *verb, struct str clear)
{
    AUTO_BUF struct buf text = { .max = SASL_MAX, .secret = true };
    text_base64(&text, clear);
    say(s, step, verb, buf_str(&text));
}

static void not_let_in(struct smtp_out_session *s, uint16_t code, const char *why)
{
    s->login_refused = why;
    s->login_code = code;
    if (code && code != 421)
        buf_puts(s->out, "QUIT\r\n");
    smtp_out_end(s, false, "4.7.0", SMTP_OUT_NOT_LET_IN);
}

/* RFC 4616, or the draft that everybody has for LOGIN; the smart host's name was proven before. */
static void log_in(struct smtp_out_session *s)
{
    AUTO_BUF struct buf plain = { .max = SASL_MAX, .secret = true };
    buf_putc(&plain, 0);
    buf_put(&plain, s->user);
    buf_putc(&plain, 0);
    buf_put(&plain, s->password);
    if (!s->secured || (!s->offers.auth_plain && !s->offers.auth_login))
        not_let_in(s, 0, "it offers neither PLAIN nor LOGIN");
    else if (s->offers.auth_plain)
        say_base64(s, STEP_AUTH, "AUTH PLAIN", buf_str(&plain));
    else
        say(s, STEP_AUTH_USER, "AUTH LOGIN", S(""));
}

static void ready(struct smtp_out_session *s)
{
    s->greeted = true;
    s->mode = SMTP_OUT_READY;
}

static void greeted(struct smtp_out_session *s)
{
    bool can = s->offers.starttls && s->tls != SMTP_OUT_TLS_NEVER;
    s->no_starttls |= !s->secured && !s->offers.starttls && s->tls != SMTP_OUT_TLS_NEVER;
    if (!s->secured && can)
        say(s, STEP_STARTTLS, "STARTTLS", S(""));
    else if (!s->secured && s->tls == SMTP_OUT_TLS_MUST && s->user.n > 0)
        not_let_in(s, 0, "it offers no STARTTLS");
    else if (!s->secured && s->tls == SMTP_OUT_TLS_MUST)
        smtp_out_end(s, false, "4.7.4", "the server offers no STARTTLS, which its domain's policy demands");
    else if (s->user.n > 0)
        log_in(s);
    else
        ready(s);
}

static void on_ehlo(struct smtp_out_session *s)
{
    if (s->reply.code == 250) {
        s->offers = smtp_offers_of(buf_str(&s->reply.text));
        greeted(s);
    } else if (s->step == STEP_EHLO && s->reply.code >= 500) {
        s->offers = (struct smtp_offers){ 0 };
        say(s, STEP_HELO, "HELO", s->hostname); /* RFC 5321 section 3.2 */
    } else {
        smtp_out_end_reply(s, false);
    }
}

static void on_helo(struct smtp_out_session *s)
{
    if (s->reply.code == 250)
        greeted(s);
    else
        smtp_out_end_reply(s, false);
}

/* A server that offers STARTTLS and then will not is one without it, unless it must have it (RFC 3207 section 4). */
static void on_starttls(struct smtp_out_session *s)
{
    s->no_starttls |= s->reply.code != 220 && s->reply.code != 421;
    if (s->reply.code == 220) {
        s->mode = SMTP_OUT_SHAKE;
    } else if (s->tls == SMTP_OUT_TLS_MUST && s->user.n > 0) {
        not_let_in(s, s->reply.code, "it refused STARTTLS");
    } else if (s->tls == SMTP_OUT_TLS_MUST || s->reply.code == 421) {
        smtp_out_end_reply(s, false);
    } else {
        s->tls = SMTP_OUT_TLS_NEVER;
        greeted(s);
    }
}

/* RFC 3207 section 4.2: what was said in the clear is forgotten. */
void smtp_out_secured(struct smtp_out_session *s, bool authenticated)
{
    assert(s->mode == SMTP_OUT_SHAKE);
    s->secured = true;
    s->authenticated = authenticated;
    s->offers = (struct smtp_offers){ 0 };
    say(s, STEP_EHLO, "EHLO", s->hostname);
}

static void on_auth(struct smtp_out_session *s)
{
    if (s->reply.code == 235)
        ready(s);
    else if (s->reply.code == 334 && s->step == STEP_AUTH_USER)
        say_base64(s, STEP_AUTH_PASSWORD, "", s->user);
    else if (s->reply.code == 334 && s->step == STEP_AUTH_PASSWORD)
        say_base64(s, STEP_AUTH, "", s->password);
    else
        not_let_in(s, s->reply.code, "it refused the login");
}

static void on_rset(struct smtp_out_session *s)
{
    s->open = false;
    if (s->reply.code / 100 != 2)
        smtp_out_end_reply(s, false);
    else
        smtp_out_next_batch(s);
}

static void react(struct smtp_out_session *s)
{
    switch ((enum step)s->step) {
    case STEP_GREETING:
        on_greeting(s);
        break;
    case STEP_EHLO:
        on_ehlo(s);
        break;
    case STEP_HELO:
        on_helo(s);
        break;
    case STEP_STARTTLS:
        on_starttls(s);
        break;
    case STEP_AUTH:
    case STEP_AUTH_USER:
    case STEP_AUTH_PASSWORD:
        on_auth(s);
        break;
    case STEP_ENVELOPE:
        smtp_out_envelope_reply(s);
        break;
    case STEP_DROPPED:
    case STEP_TEXT:
    case STEP_END:
        smtp_out_text_reply(s);
        break;
    case STEP_RSET:
        on_rset(s);
        break;
    case STEP_QUIT:
        smtp_out_close(s);
        break;
    }
}

size_t smtp_out_input(struct smtp_out_session *s, struct str in)
{
    size_t used = 0;
    if (s->mode == SMTP_OUT_CLOSED || s->mode == SMTP_OUT_SHAKE)
        return 0;
    enum err e = smtp_reply_feed(&s->reply, in, &used);
    if (e == OK && s->mode == SMTP_OUT_READY)
        smtp_out_end_reply(s, false); /* nobody asked: a farewell, 421 */
    else if (e == OK)
        react(s);
    else if (e != ERR_MORE)
        smtp_out_end(s, false, "4.5.0", "the server's reply cannot be understood");
    return used;
}

void smtp_out_quit(struct smtp_out_session *s)
{
    assert(s->mode == SMTP_OUT_READY);
    say(s, STEP_QUIT, "QUIT", S(""));
}

int64_t smtp_out_patience_ms(const struct smtp_out_session *s)
{
    switch ((enum step)s->step) {
    case STEP_END:
    case STEP_DROPPED:
        return 10 * MINUTE_MS;
    case STEP_TEXT:
        return 3 * MINUTE_MS;
    case STEP_QUIT:
        return QUIT_MS;
    case STEP_GREETING:
    case STEP_EHLO:
    case STEP_HELO:
    case STEP_STARTTLS:
    case STEP_AUTH:
    case STEP_AUTH_USER:
    case STEP_AUTH_PASSWORD:
    case STEP_ENVELOPE:
    case STEP_RSET:
        break;
    }
    return 5 * MINUTE_MS;
}
