/* A row of commands[] says what a verb needs and who runs it; run() alone checks that. No pointer into a line outlives
 * the call. A line's ends are strict: a client that sends bare LF gets one answer and is gone. */
#include "serve/smtp_in_session.h"
#include "base/secret.h"
#include "serve/smtp_in_submit.h"
#include <stdlib.h>
#include <string.h>

enum arg_rule { ARG_NONE, ARG_SOME, ARG_ANY };
struct command {
    struct str verb;
    enum arg_rule arg;
    bool needs_helo;
    bool is_long; /* extensions lengthen it past 512 octets */
    void (*run)(struct smtp_in_session *, struct str arg);
};

static void forget(struct smtp_in_session *s)
{
    smtp_in_end_tx(s);
    smtp_in_end_sasl(s);
    if (s->helo)
        secret_wipe(s->helo, strlen(s->helo)); /* often the client's own address */
    free(s->helo);
    s->helo = NULL;
    s->esmtp = false;
}

void smtp_in_session_fini(struct smtp_in_session *s) { forget(s); }

void smtp_in_greet(struct smtp_in_session *s) { buf_printf(s->out, "220 %.*s ESMTP\r\n", STR_FMT(s->rules->hostname)); }

/* False: it has been answered. */
static bool hello(struct smtp_in_session *s, struct str name)
{
    bool again = s->helo != NULL;
    forget(s); /* RFC 5321 section 4.1.4: a second one is a RSET */
    s->helo = smtp_helo_valid(name) ? strndup(name.p, name.n) : NULL;
    if (!s->helo)
        smtp_in_fail(s, "501 5.5.4 that is no name");
    return s->helo && (!again || smtp_in_junk_count(s));
}

static void run_helo(struct smtp_in_session *s, struct str arg)
{
    if (hello(s, arg))
        buf_printf(s->out, "250 %.*s\r\n", STR_FMT(s->rules->hostname));
}

static void run_ehlo(struct smtp_in_session *s, struct str arg)
{
    if (!hello(s, arg))
        return;
    s->esmtp = true;
    buf_printf(s->out, "250-%.*s\r\n250-PIPELINING\r\n250-SIZE %zu\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n",
               STR_FMT(s->rules->hostname), s->rules->max_bytes);
    /* No DSN for mail to our boxes: a client that asked for success would rightly wait for a report, and we send none
     * (no backscatter). Its parameters are taken all the same. */
    if (s->rules->submit)
        smtp_in_put_submission(s);
    else
        buf_puts(s->out, "250-BINARYMIME\r\n");
    if (s->rules->tls && !s->tls)
        buf_puts(s->out, "250-STARTTLS\r\n");
    if (s->rules->xclient && s->loopback)
        buf_puts(s->out, "250-XCLIENT NAME ADDR PORT PROTO HELO\r\n");
    buf_printf(s->out, "250-LIMITS RCPTMAX=%zu\r\n250 ENHANCEDSTATUSCODES\r\n", s->rules->max_rcpts); /* RFC 9422 */
}

static void run_rset(struct smtp_in_session *s, struct str)
{
    smtp_in_end_tx(s);
    smtp_in_junk(s, "250 2.0.0 forgotten");
}

static void run_noop(struct smtp_in_session *s, struct str) { smtp_in_junk(s, "250 2.0.0 ok"); }
static void run_help(struct smtp_in_session *s, struct str) { smtp_in_junk(s, "214 2.0.0 see RFC 5321"); }
static void run_quit(struct smtp_in_session *s, struct str) { smtp_in_close(s, "221 2.0.0 bye"); }

static void run_vrfy(struct smtp_in_session *s, struct str)
{
    smtp_in_junk(s, "252 2.1.5 send mail and see"); /* RFC 5321 section 3.5.3: neither yes nor no */
}

static void run_none(struct smtp_in_session *s, struct str) { smtp_in_fail(s, "502 5.5.1 not here"); }

static void run_starttls(struct smtp_in_session *s, struct str)
{
    if (!s->rules->tls || s->tls) {
        smtp_in_fail(s, s->tls ? "503 5.5.1 TLS stands already" : "502 5.5.1 no TLS here");
        return;
    }
    if (s->more) { /* CVE-2011-0411 and its kin: what came in the clear must never count as said under TLS */
        smtp_in_note(s, SMTP_IN_ABUSE);
        smtp_in_cut(s, "554 5.5.1 nothing may follow STARTTLS");
        return;
    }
    smtp_in_reply(s, "220 2.0.0 go ahead");
    forget(s);
    s->mode = SMTP_IN_TLS;
}

void smtp_in_secured(struct smtp_in_session *s)
{
    forget(s);
    s->tls = true;
    s->logged_in = false;
    s->mode = SMTP_IN_COMMAND;
    smtp_in_note(s, SMTP_IN_SECURED);
}

static void run_xclient(struct smtp_in_session *s, struct str arg)
{
    struct smtp_xclient x;
    if (!s->rules->xclient || !s->loopback || s->tx) {
        smtp_in_fail(s, "550 5.7.0 not here");
        return;
    }
    if (smtp_xclient_parse(arg, &x) != SMTP_FINE || (x.addr.n > 0 && !s->rules->ops->moved(s, x.addr))) {
        smtp_in_fail(s, "501 5.5.4 not taken");
        return;
    }
    forget(s);
    s->errors = s->junk = s->unknown = 0;
    smtp_in_greet(s);
}

static const struct command commands[] = {
    { STR("HELO"), ARG_SOME, false, false, run_helo },
    { STR("EHLO"), ARG_SOME, false, false, run_ehlo },
    { STR("MAIL"), ARG_SOME, true, true, smtp_in_run_mail },
    { STR("RCPT"), ARG_SOME, true, true, smtp_in_run_rcpt },
    { STR("DATA"), ARG_NONE, true, false, smtp_in_run_data },
    { STR("BDAT"), ARG_ANY, false, false, smtp_in_run_bdat }, /* its octets follow in any state */
    { STR("RSET"), ARG_NONE, false, false, run_rset },
    { STR("NOOP"), ARG_ANY, false, false, run_noop },
    { STR("HELP"), ARG_ANY, false, false, run_help },
    { STR("VRFY"), ARG_SOME, false, false, run_vrfy },
    { STR("QUIT"), ARG_NONE, false, false, run_quit },
    { STR("STARTTLS"), ARG_NONE, false, false, run_starttls },
    { STR("XCLIENT"), ARG_SOME, false, true, run_xclient },
    { STR("EXPN"), ARG_ANY, false, false, run_none },
    { STR("ETRN"), ARG_ANY, false, false, run_none },
    { STR("TURN"), ARG_ANY, false, false, run_none },
    { STR("AUTH"), ARG_ANY, false, true, smtp_in_run_auth },
};

static const struct command *find(struct str verb)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (str_eq_nocase(verb, commands[i].verb))
            return &commands[i];
    return NULL;
}

static void run_other(struct smtp_in_session *s, struct str line)
{
    if (!smtp_is_other_protocol(line)) {
        smtp_in_fail(s, "500 5.5.1 unknown command");
        return;
    }
    smtp_in_note(s, SMTP_IN_ABUSE);
    smtp_in_cut(s, "421 4.7.0 this is SMTP");
}

static bool has_control(struct str line)
{
    for (size_t i = 0; i < line.n; i++)
        if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f)
            return true;
    return false;
}

static void run(struct smtp_in_session *s, struct str line)
{
    struct smtp_command c = smtp_command(line);
    const struct command *row = find(c.verb);
    if (!row)
        run_other(s, line);
    else if (s->draining && !(s->tx && s->tx->chunked))
        smtp_in_cut(s, "421 4.3.2 going down, try again later");
    else if (!row->is_long && line.n + 2 > LIMIT_SMTP_LINE)
        smtp_in_fail(s, "500 5.5.2 line too long");
    else if (has_control(line))
        smtp_in_fail(s, "501 5.5.2 control characters");
    else if (row->needs_helo && !s->helo)
        smtp_in_fail(s, "503 5.5.1 EHLO first");
    else if (row->arg != ARG_ANY && (row->arg == ARG_SOME) != (c.arg.n > 0))
        smtp_in_fail(s, c.arg.n > 0 ? "501 5.5.4 takes no argument" : "501 5.5.4 needs an argument");
    else
        row->run(s, c.arg);
}

/* What is to be done with the next line depends on what was asked for. */
static void run_line(struct smtp_in_session *s, struct str line)
{
    if (s->mode == SMTP_IN_COMMAND)
        run(s, line);
    else
        smtp_in_sasl_line(s, line);
}

/* RFC 4954 section 6. */
static bool is_sasl(const struct smtp_in_session *s, struct str in)
{
    return s->mode != SMTP_IN_COMMAND || str_starts_nocase(in, S("AUTH "));
}

static size_t read_command(struct smtp_in_session *s, struct str in)
{
    struct str line;
    const char *too_long;
    size_t used = 0;
    if (in.p[0] == 0x16) { /* TLS without STARTTLS */
        run_other(s, in);
        return in.n;
    }
    switch (line_command(in, LIMIT_SMTP_LONG, &line, &used)) {
    case OK:
        s->more = used < in.n;
        run_line(s, line);
        return used;
    case ERR_MORE:
        return 0;
    case ERR_FULL:
        too_long = is_sasl(s, in) ? "500 5.5.6 the exchange's line is too long" : "500 5.5.2 line too long";
        smtp_in_end_sasl(s);
        s->mode = SMTP_IN_SKIP;
        s->skipped = 0;
        smtp_in_fail(s, too_long);
        return 0;
    default:
        smtp_in_note(s, SMTP_IN_BARE_EOL);
        smtp_in_cut(s, "521 5.5.2 bare CR or LF: lines end with CRLF");
        return in.n;
    }
}

static size_t read_past(struct smtp_in_session *s, struct str in)
{
    size_t lf = str_chr(in, '\n');
    size_t n = lf == STR_NONE ? in.n : lf + 1;
    s->skipped += (uint32_t)MIN(n, (size_t)LIMIT_SMTP_SKIP);
    if (lf != STR_NONE)
        s->mode = SMTP_IN_COMMAND;
    else if (s->skipped >= LIMIT_SMTP_SKIP) {
        smtp_in_note(s, SMTP_IN_ABUSE);
        smtp_in_cut(s, "421 4.7.0 line too long");
    }
    return n;
}

size_t smtp_in_input(struct smtp_in_session *s, struct str in)
{
    size_t at = 0;
    for (bool on = true; on && at < in.n;) {
        struct str rest = str_from(in, at);
        size_t n = 0;
        enum smtp_in_mode before = s->mode;
        switch (before) {
        case SMTP_IN_COMMAND:
        case SMTP_IN_SASL:
        case SMTP_IN_REFUSED:
            n = read_command(s, rest);
            break;
        case SMTP_IN_SKIP:
            n = read_past(s, rest);
            break;
        case SMTP_IN_DATA:
            n = smtp_in_read_data(s, rest);
            break;
        case SMTP_IN_CHUNK:
            n = smtp_in_read_chunk(s, rest);
            break;
        case SMTP_IN_WAIT:
        case SMTP_IN_TLS:
        case SMTP_IN_CLOSED:
            break;
        }
        at += n;
        on = n > 0 || s->mode != before;
    }
    return at;
}

void smtp_in_stop(struct smtp_in_session *s, const char *text)
{
    if (smtp_in_reads_message(s)) /* in the middle of a message: that is an attempt that failed */
        smtp_in_kept_out(s, text);
    smtp_in_cut(s, text);
}
