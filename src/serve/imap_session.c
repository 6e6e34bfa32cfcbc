/* A row of commands[] says where a name is allowed, what it takes and who runs it; begin() alone checks that. A command
 * is copied into its own arena before it runs, so handlers keep views of it while they wait for answers. Where it ends
 * is wire/imap_frame's to say, whatever its words are: octets of a literal are never read as a command. */
#include "serve/imap_session.h"
#include "base/secret.h"
#include "serve/imap_append.h"
#include "serve/imap_command.h"
#include "serve/imap_notify.h"
#include "wire/smtp.h"
#include <stdlib.h>
#include <string.h>

enum { STEPS = 8 }; /* of one call: commands cost more than their octets, and others wait */
enum { LINE_LOGIN = LIMIT_SASL_LINE + 1024, COMMAND_LOGIN = LINE_LOGIN + 4 * LIMIT_IMAP_LITERAL_LOGIN };

#define ANY (IN_NEW | IN_AUTHED | IN_SELECTED)
#define BOX (IN_AUTHED | IN_SELECTED)
static const struct imap_command commands[] = {
    { STR("FETCH"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_KEEPS, imap_run_fetch },
    { STR("STORE"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_KEEPS | CMD_TELLS(IMAP_NOTIFY_FLAGS), imap_run_store },
    { STR("SEARCH"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_KEEPS, imap_run_search },
    { STR("NOOP"), ANY, CMD_NONE, imap_run_noop },
    { STR("IDLE"), BOX, CMD_NONE, imap_run_idle },
    { STR("SELECT"), BOX, CMD_ARGS, imap_run_select },
    { STR("EXAMINE"), BOX, CMD_ARGS, imap_run_examine },
    { STR("STATUS"), BOX, CMD_ARGS, imap_run_status },
    { STR("LIST"), BOX, CMD_ARGS, imap_run_list },
    { STR("LSUB"), BOX, CMD_ARGS, imap_run_lsub },
    { STR("COPY"), IN_SELECTED, CMD_ARGS | CMD_UID, imap_run_copy },
    { STR("MOVE"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_TELLS(IMAP_NOTIFY_EXPUNGE), imap_run_move },
    { STR("EXPUNGE"), IN_SELECTED, CMD_UID | CMD_TELLS(IMAP_NOTIFY_EXPUNGE), imap_run_expunge },
    { STR("APPEND"), BOX, CMD_ARGS, imap_run_append },
    { STR("REPLACE"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_TELLS(IMAP_NOTIFY_EXPUNGE), imap_run_replace },
    { STR("SORT"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_KEEPS, imap_run_sort },
    { STR("THREAD"), IN_SELECTED, CMD_ARGS | CMD_UID | CMD_KEEPS, imap_run_thread },
    { STR("CHECK"), IN_SELECTED, CMD_NONE, imap_run_noop },
    { STR("CLOSE"), IN_SELECTED, CMD_NONE, imap_run_close },
    { STR("UNSELECT"), IN_SELECTED, CMD_NONE, imap_run_unselect },
    { STR("CREATE"), BOX, CMD_ARGS, imap_run_create },
    { STR("DELETE"), BOX, CMD_ARGS, imap_run_delete },
    { STR("RENAME"), BOX, CMD_ARGS, imap_run_rename },
    { STR("SUBSCRIBE"), BOX, CMD_ARGS, imap_run_subscribe },
    { STR("UNSUBSCRIBE"), BOX, CMD_ARGS, imap_run_unsubscribe },
    { STR("NAMESPACE"), BOX, CMD_NONE, imap_run_namespace },
    { STR("NOTIFY"), BOX, CMD_ARGS | CMD_TELLS(IMAP_NOTIFY_MESSAGES), imap_run_notify },
    { STR("ENABLE"), BOX, CMD_ARGS, imap_run_enable },
    { STR("GETQUOTA"), BOX, CMD_ARGS, imap_run_getquota },
    { STR("GETQUOTAROOT"), BOX, CMD_ARGS, imap_run_getquotaroot },
    { STR("CAPABILITY"), ANY, CMD_NONE, imap_run_capability },
    { STR("ID"), ANY, CMD_ARGS, imap_run_id },
    { STR("LOGOUT"), ANY, CMD_NONE, imap_run_logout },
    { STR("STARTTLS"), IN_NEW, CMD_NONE, imap_run_starttls },
    { STR("LOGIN"), IN_NEW, CMD_ARGS, imap_run_login },
    { STR("AUTHENTICATE"), IN_NEW, CMD_ARGS, imap_run_authenticate },
    { STR("COMPRESS"), BOX, CMD_ARGS, imap_run_compress },
    { STR("UNAUTHENTICATE"), BOX, CMD_NONE, imap_run_unauthenticate },
};

static_assert(COUNT(commands) < IMAP_COUNTED, "each is counted");

struct str imap_counted_name(size_t i)
{
    return i < COUNT(commands) ? commands[i].name : i == COUNT(commands) ? S("OTHER") : (struct str){ 0 };
}

static const struct imap_command *find(struct str name)
{
    for (size_t i = 0; i < COUNT(commands); i++)
        if (str_eq_nocase(name, commands[i].name))
            return &commands[i];
    return NULL;
}

static unsigned state_of(const struct imap_session *s)
{
    return !s->authed ? IN_NEW : s->view ? IN_SELECTED : IN_AUTHED;
}

void imap_greet(struct imap_session *s)
{
    buf_puts(s->out, "* OK [CAPABILITY ");
    imap_put_capabilities(s, s->out);
    buf_printf(s->out, "] %.*s\r\n", STR_FMT(s->rules->hostname));
}

void imap_session_fini(struct imap_session *s)
{
    s->rules->ops->forget(s);
    s->next = NULL;
    imap_cmd_end(s);
    imap_unselect(s);
    imap_notify_free(s);
    if (s->idle_tag != NULL)
        imap_uncount(&s->rules->stats->idle);
    free(s->idle_tag);
    s->idle_tag = NULL;
    if (s->authed)
        imap_uncount(&s->rules->stats->inside);
    s->authed = false;
}

/* ---- a command begins ---- */

bool imap_cmd_new(struct imap_session *s, struct str text)
{
    struct imap_cmd *c = calloc(1, sizeof *c);
    if (c == NULL)
        return false;
    arena_init(&c->arena, LIMIT_IMAP_CMD);
    c->arena.secret = true;
    c->done = (struct buf){ .max = LIMIT_IMAP_COMMAND, .secret = true };
    s->cmd = c;
    s->mode = IMAP_BUSY;
    struct str copy = arena_dup(&c->arena, text);
    imap_token_init(&c->in, &c->arena, copy, imap_utf8(s));
    return copy.p != NULL;
}

static void no_memory(struct imap_session *s) { imap_bye(s, "[UNAVAILABLE] out of memory"); }

/* The name, and after UID the second one. */
static const struct imap_command *read_name(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    struct str name;
    if (!imap_token_atom(&c->in, &name))
        return NULL;
    c->uid = str_eq_nocase(name, S("UID"));
    if (c->uid && !(imap_token_sp(&c->in) && imap_token_atom(&c->in, &name)))
        return NULL;
    return find(name);
}

/* A command's own words; NULL: it may run. */
static const char *objection(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    if (c->row == NULL || (c->uid && !(c->row->flags & CMD_UID)))
        return "BAD unknown command";
    if (!(c->row->states & state_of(s)))
        return !s->authed                     ? "BAD log in first"
               : c->row->states & IN_SELECTED ? "BAD select a mailbox first"
                                              : "BAD not now";
    bool more = !str_empty(c->in.rest);
    if ((c->row->flags & CMD_ARGS) ? !imap_token_sp(&c->in) : more && (c->row->flags & CMD_NONE))
        return "BAD wrong number of arguments";
    return NULL;
}

/* Reads tag and name off the front of a command. False: it has been answered. */
static bool begin(struct imap_session *s, struct str text)
{
    if (!imap_cmd_new(s, text)) {
        no_memory(s);
        return false;
    }
    struct imap_cmd *c = s->cmd;
    if (!imap_token_tag(&c->in, &c->tag)) {
        c->tag = S("*");
        s->errors++;
        imap_reply(s, "BAD that is no tag");
        return false;
    }
    c->row = read_name(s);
    imap_count(&s->rules->stats->commands[c->row ? (size_t)(c->row - commands) : COUNT(commands)], 1);
    const char *why = objection(s);
    if (why == NULL)
        return true;
    s->errors++;
    imap_reply(s, "%s", why);
    return false;
}

static void run(struct imap_session *s, struct str text)
{
    if (!s->authed && smtp_is_other_protocol(text)) {
        imap_bye(s, "this is IMAP");
        return;
    }
    if (!begin(s, text))
        return;
    if (s->view != NULL && s->view->stale) /* so that it speaks of things as they are */
        imap_sync(s, s->cmd->row->run);
    else
        s->cmd->row->run(s);
}

/* ---- framing ---- */

static struct imap_frame_limits limits(const struct imap_session *s)
{
    if (!s->authed)
        return (struct imap_frame_limits){ .line_max = LINE_LOGIN,
                                           .command_max = COMMAND_LOGIN,
                                           .literal_max = LIMIT_IMAP_LITERAL_LOGIN,
                                           .nonsync_max = LIMIT_IMAP_LITERAL_LOGIN };
    return (struct imap_frame_limits){ .line_max = LIMIT_IMAP_LINE,
                                       .command_max = LIMIT_IMAP_COMMAND,
                                       .literal_max = s->rules->max_bytes,
                                       .nonsync_max = s->rules->max_bytes };
}

/* A literal that is not wanted. The client that waits for "+" gets a reply instead, and the command is over; one that
 * does not wait sends octets that would be read as commands, so only BYE is left (RFC 7888 section 4). */
static size_t refuse(struct imap_session *s, struct str in, const struct imap_frame_event *e, const char *text)
{
    if (!e->sync || e->early) {
        s->cut = true;
        imap_bye(s, "[TOOBIG] a literal that is too large");
        return in.n;
    }
    s->frame = (struct imap_frame){ 0 };
    if (s->cmd == NULL && !imap_cmd_new(s, str_sub(in, 0, e->n))) {
        no_memory(s);
        return in.n;
    }
    if (str_empty(s->cmd->tag) && !imap_token_tag(&s->cmd->in, &s->cmd->tag))
        s->cmd->tag = S("*");
    imap_reply(s, "%s", text);
    return e->n;
}

static size_t take_literal(struct imap_session *s, struct str in, const struct imap_frame_event *e)
{
    struct str piece = str_sub(in, 0, e->n);
    bool mail = s->authed && (s->mode == IMAP_GOES_ON || imap_append_wants(s, piece));
    if (e->over || (e->unbuffered && !mail))
        return refuse(s, in, e,
                      e->over && mail ? "NO [TOOBIG] larger than any message may be" : "BAD [TOOBIG] that literal");
    if (!mail) {
        if (e->sync)
            buf_puts(s->out, "+ OK\r\n");
        imap_frame_keep(&s->frame, e);
        return 0;
    }
    if (s->mode == IMAP_COMMAND && !begin(s, piece))
        return refuse(s, in, e, "");
    if (s->mode == IMAP_GOES_ON)
        imap_append_piece(s, piece);
    const char *why = imap_append_literal(s, e);
    if (why != NULL)
        return refuse(s, in, e, why);
    if (e->sync)
        buf_puts(s->out, "+ OK\r\n");
    imap_frame_away(&s->frame);
    s->mode = IMAP_OCTETS;
    return e->n;
}

static size_t read_command(struct imap_session *s, struct str in)
{
    struct imap_frame_limits l = limits(s);
    struct imap_frame_event e;
    bool on = s->mode == IMAP_GOES_ON;
    if (on &&
        in.p[0] == '\n') { /* clients that count the CR into their literal; its octets were counted all the same */
        s->frame = (struct imap_frame){ 0 };
        imap_append_end(s, S("\r\n"));
        return 1;
    }
    switch (imap_frame_next(&s->frame, in, &l, &e)) {
    case OK:
        if (e.kind == IMAP_FRAME_LITERAL)
            return take_literal(s, in, &e);
        s->frame = (struct imap_frame){ 0 };
        s->more = e.n < in.n;
        if (on)
            imap_append_end(s, str_sub(in, 0, e.n));
        else
            run(s, str_sub(in, 0, e.n));
        return e.n;
    case ERR_MORE:
        return 0;
    case ERR_FULL:
        s->cut = true;
        imap_bye(s, "[LIMIT] a command that is too long");
        return in.n;
    default:
        s->cut = true;
        imap_bye(s, "lines end with CRLF, and NUL is nowhere");
        return in.n;
    }
}

/* A line that is no command: AUTHENTICATE's answer, DONE. */
static size_t read_line(struct imap_session *s, struct str in)
{
    size_t lf = str_chr(in, '\n');
    if (lf == STR_NONE) {
        if (in.n > LIMIT_SASL_LINE) {
            s->cut = true;
            imap_bye(s, "[LIMIT] a line that is too long");
            return in.n;
        }
        return 0;
    }
    struct str line = str_sub(in, 0, lf > 0 && in.p[lf - 1] == '\r' ? lf - 1 : lf);
    s->more = lf + 1 < in.n;
    if (s->mode == IMAP_IDLE)
        imap_idle_line(s, line);
    else
        imap_response(s, line);
    return lf + 1;
}

static size_t step(struct imap_session *s, struct str in)
{
    switch (s->mode) {
    case IMAP_COMMAND:
    case IMAP_GOES_ON:
        return read_command(s, in);
    case IMAP_OCTETS:
        return imap_append_octets(s, in);
    case IMAP_RESPONSE:
    case IMAP_IDLE:
        return s->next == NULL ? read_line(s, in) : 0;
    case IMAP_BUSY:
    case IMAP_TLS:
    case IMAP_CLOSED:
        break;
    }
    return 0;
}

static bool box_gone(struct imap_session *s)
{
    if (!s->authed || s->mode == IMAP_CLOSED || s->rules->ops->alive(s))
        return false;
    imap_stop(s, "[UNAVAILABLE] this box has ended");
    return true;
}

/* Whoever does not take the answers gets no more of them. */
static bool may_begin(struct imap_session *s) { return s->mode != IMAP_COMMAND || s->rules->ops->room(s); }

size_t imap_input(struct imap_session *s, struct str in)
{
    size_t at = 0;
    bool on = true;
    if (box_gone(s))
        return in.n;
    /* Nobody calls again for octets that were compressed, so these are taken as far as they go. */
    for (int i = 0; (i < STEPS || s->compressed) && on && at < in.n && may_begin(s); i++) {
        enum imap_mode before = s->mode;
        struct imap_frame frame = s->frame;
        bool plain = !s->compressed;
        size_t n = step(s, str_from(in, at));
        at += n;
        if (plain && s->compressed) /* what follows is of another kind */
            break;
        on = n > 0 || s->mode != before || frame.at != s->frame.at;
    }
    return at;
}

/* ---- answers ---- */

void imap_answer(struct imap_session *s, const struct imap_answer *a)
{
    imap_next *next = s->next;
    s->next = NULL;
    if (next != NULL && !box_gone(s))
        next(s, a);
}

bool imap_room(struct imap_session *s, imap_step *step_on)
{
    if (s->rules->ops->room(s))
        return true;
    s->cmd->step = step_on;
    s->parked = true;
    return false;
}

void imap_go_on(struct imap_session *s)
{
    bool parked = s->parked, idle = s->mode == IMAP_IDLE && s->next == NULL && s->view != NULL && s->view->stale;
    s->parked = false;
    if ((!parked && !idle && s->notify == NULL) || box_gone(s))
        return;
    if (parked)
        s->cmd->step(s);
    else
        imap_idle_event(s);
}

void imap_secured(struct imap_session *s)
{
    s->tls = true;
    s->frame = (struct imap_frame){ 0 };
    s->mode = IMAP_COMMAND;
}
