/* A row of commands[] says in which state a verb may come, whether it takes an argument and who runs it. run() alone
 * checks that, so a handler starts from what its row promises. No pointer into a line outlives the call. */
#include "base/secret.h"
#include "serve/pop3_command.h"
#include <assert.h>
#include <stdlib.h>

enum arg_rule { ARG_NONE, ARG_SOME, ARG_ANY };
struct command {
    struct str verb;
    unsigned states; /* a set of IN() bits */
    enum arg_rule arg;
    bool is_long; /* it may carry an initial response: RFC 5034 section 4 */
    void (*run)(struct pop3 *, struct str arg);
};

void pop3_reply(struct pop3 *s, const char *text)
{
    buf_puts(s->out, text);
    buf_puts(s->out, "\r\n");
}

void pop3_close(struct pop3 *s, const char *text)
{
    pop3_reply(s, text);
    pop3_forget(s);
    s->state = POP3_CLOSED;
}

void pop3_fail(struct pop3 *s, const char *text)
{
    if (++s->errors < LIMIT_POP3_ERRORS)
        pop3_reply(s, text);
    else
        pop3_close(s, "-ERR too many errors");
}

#define IN(state) (1u << (state))
static const struct command commands[] = {
    { STR("CAPA"), IN(POP3_AUTH) | IN(POP3_READY), ARG_NONE, false, pop3_run_capa },
    { STR("USER"), IN(POP3_AUTH), ARG_SOME, false, pop3_run_user },
    { STR("PASS"), IN(POP3_AUTH), ARG_SOME, false, pop3_run_pass },
    { STR("AUTH"), IN(POP3_AUTH), ARG_SOME, true, pop3_run_auth },
    { STR("STLS"), IN(POP3_AUTH), ARG_NONE, false, pop3_run_stls },
    { STR("UTF8"), IN(POP3_AUTH), ARG_NONE, false, pop3_run_utf8 },
    { STR("STAT"), IN(POP3_READY), ARG_NONE, false, pop3_run_stat },
    { STR("LIST"), IN(POP3_READY), ARG_ANY, false, pop3_run_list },
    { STR("UIDL"), IN(POP3_READY), ARG_ANY, false, pop3_run_uidl },
    { STR("RETR"), IN(POP3_READY), ARG_SOME, false, pop3_run_retr },
    { STR("TOP"), IN(POP3_READY), ARG_SOME, false, pop3_run_top },
    { STR("DELE"), IN(POP3_READY), ARG_SOME, false, pop3_run_dele },
    { STR("NOOP"), IN(POP3_READY), ARG_NONE, false, pop3_run_noop },
    { STR("RSET"), IN(POP3_READY), ARG_NONE, false, pop3_run_rset },
    { STR("QUIT"), IN(POP3_AUTH) | IN(POP3_READY), ARG_NONE, false, pop3_run_quit },
};

static_assert(COUNT(commands) < POP3_COUNTED, "each is counted");

struct str pop3_counted_name(size_t i)
{
    return i < COUNT(commands) ? commands[i].verb : i == COUNT(commands) ? S("OTHER") : (struct str){ 0 };
}

static const struct command *find(struct str verb)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (str_eq_nocase(verb, commands[i].verb))
            return &commands[i];
    return NULL;
}

static void run(struct pop3 *s, struct str line)
{
    struct str arg, verb = str_cut(line, ' ', &arg);
    const struct command *c = find(verb);
    if (s->rules->stats)
        pop3_count(&s->rules->stats->commands[c ? (size_t)(c - commands) : COUNT(commands)], 1);
    if (!c)
        pop3_fail(s, "-ERR unknown command");
    else if (!c->is_long && line.n + 2 > LIMIT_POP3_LINE)
        pop3_fail(s, "-ERR line too long");
    else if (!(c->states & IN(s->state)))
        pop3_fail(s, s->logged_in ? "-ERR you are logged in" : "-ERR log in first");
    else if (c->arg != ARG_ANY && (c->arg == ARG_SOME) != (arg.n > 0))
        pop3_fail(s, arg.n > 0 ? "-ERR takes no argument" : "-ERR needs an argument");
    else {
        uint8_t before = s->errors;
        c->run(s, arg);
        if (s->logged_in && s->errors == before) /* before login USER, which is never wrong, would wash all away */
            s->errors = 0;
    }
}

static void take_line(struct pop3 *s, struct str line)
{
    if (s->state == POP3_SASL || s->state == POP3_SASL_OVER)
        pop3_sasl_line(s, line);
    else
        run(s, line);
}

bool pop3_reads(const struct pop3 *s)
{
    return s->state == POP3_AUTH || s->state == POP3_READY || s->state == POP3_SASL || s->state == POP3_SASL_OVER;
}

size_t pop3_input(struct pop3 *s, struct str in)
{
    size_t at = 0;
    while (pop3_reads(s)) {
        struct str line;
        size_t used = 0;
        enum err e = line_command(str_from(in, at), LIMIT_SASL_LINE, &line, &used);
        if (e == ERR_MORE)
            break;
        if (e != OK) {
            pop3_close(s, e == ERR_FULL ? "-ERR line too long" : "-ERR bare CR or LF: lines end with CRLF");
            return in.n;
        }
        at += used;
        s->more = at < in.n;
        take_line(s, line);
    }
    return at;
}

void pop3_greet(struct pop3 *s) { pop3_reply(s, "+OK mayfly"); }

void pop3_fini(struct pop3 *s)
{
    pop3_forget(s);
    free(s->msgs);
    s->msgs = NULL;
    s->msg_n = 0;
    if (s->logged_in && s->rules->stats)
        atomic_fetch_sub_explicit(&s->rules->stats->inside, 1, memory_order_relaxed);
    s->logged_in = false;
}

void pop3_stop(struct pop3 *s, const char *text)
{
    assert(pop3_reads(s) || s->state == POP3_WAIT);
    pop3_close(s, text);
}
