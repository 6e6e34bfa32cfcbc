/* A message goes into an intake of its own, counted against the memory that mail may take up in this process; when that
 * is used up the octets are read past, for a client that has begun to send cannot be stopped. Where it goes to is
 * looked up once all is there, and then all messages are stored in one step or none is. REPLACE is an APPEND of one
 * message whose step also takes one away. */
#include "serve/imap_append.h"
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"
#include "wire/imap_write.h"

enum { MESSAGES_MAX = 1000 };

struct one {
    struct one *next;
    struct imap_new_mail mail;
    struct imap_flags flags;
};
struct appending {
    struct str name;
    struct one *first, *last;
    size_t n;
    uint64_t left;   /* octets of the last one that are still to come */
    bool named;      /* the mailbox has been read */
    bool bracket;    /* UTF8 (…): a ')' follows the octets */
    bool empty;      /* some message was */
    const char *why; /* the reply that refuses it all; whoever sends on without being asked is read past first */
    uint32_t folder, uidvalidity;
    struct imap_place instead_of; /* of REPLACE */
    struct imap_new_mail *mails;
};

static void append_end(struct imap_session *, void *state)
{
    struct appending *w = state;
    for (struct one *o = w->first; o != NULL; o = o->next)
        intake_end(&o->mail.octets);
}

static bool replaces(const struct imap_session *s) { return s->cmd->row->run == imap_run_replace; }

/* "APPEND ", or "[UID ]REPLACE 4 ", which needs a selected mailbox. */
static bool try_name(const struct imap_session *s, struct imap_token *t)
{
    struct str number; /* or '*', which alone of these has a place in it */
    if (imap_token_try(t, S("APPEND")))
        return imap_token_sp(t);
    if (imap_token_try(t, S("UID")) && !imap_token_sp(t))
        return false;
    return s->view != NULL && imap_token_try(t, S("REPLACE")) && imap_token_sp(t) &&
           imap_token_list_mailbox(t, &number) && imap_token_sp(t);
}

bool imap_append_wants(const struct imap_session *s, struct str piece)
{
    AUTO_ARENA struct arena scratch = { .max = 4 * LIMIT_IMAP_LINE };
    struct imap_token t;
    struct imap_literal l;
    struct str tag;
    imap_token_init(&t, &scratch, piece, imap_utf8(s));
    if (!imap_token_tag(&t, &tag) || !try_name(s, &t))
        return false;
    struct imap_token name = t;
    return !imap_token_announce(&name, &l); /* then it is the mailbox's name that is a literal */
}

void imap_append_piece(struct imap_session *s, struct str piece)
{
    struct str copy = arena_dup(&s->cmd->arena, piece);
    imap_token_init(&s->cmd->in, &s->cmd->arena, copy, imap_utf8(s));
}

/* ---- the words ---- */

/* "[(flags) ][date ]{n}" */
static bool read_message(struct imap_token *t, struct appending *w, struct one *o, struct imap_literal *l)
{
    int zone_min;
    if (imap_token_peek(t) == '(' && (!imap_token_flag_list(t, &o->flags) || !imap_token_sp(t)))
        return false;
    if (imap_token_peek(t) == '"' && (!imap_token_date_time(t, &o->mail.date_ms, &zone_min) || !imap_token_sp(t)))
        return false;
    w->bracket = imap_token_try(t, S("UTF8")); /* RFC 6855 section 4 */
    if (w->bracket && (!imap_token_sp(t) || !imap_token_open(t)))
        return false;
    return imap_token_announce(t, l);
}

static struct one *add(struct imap_session *s, struct appending *w)
{
    struct one *o = w->n < MESSAGES_MAX ? arena_new(&s->cmd->arena, struct one) : NULL;
    if (o == NULL)
        return NULL;
    *(w->last ? &w->last->next : &w->first) = o;
    w->last = o;
    w->n++;
    return o;
}

/* The state at the first message; later the one that is there. */
static struct appending *state(struct imap_session *s)
{
    struct imap_cmd *c = s->cmd;
    if (c->state == NULL) {
        c->state = arena_new(&c->arena, struct appending);
        c->fini = c->state ? append_end : NULL;
    }
    return c->state;
}

static bool close_bracket(struct imap_token *t, struct appending *w)
{
    bool good = !w->bracket || imap_token_char(t, ')');
    w->bracket = false;
    return good;
}

/* The message that is replaced; uid 0: there is none. */
static bool read_old(struct imap_session *s, struct appending *w)
{
    struct imap_token *t = &s->cmd->in;
    const struct imap_view *v = s->view;
    uint32_t n = 0;
    if (imap_token_peek(t) == '*' ? !imap_token_char(t, '*') : !imap_token_nz_number(t, &n))
        return false;
    size_t i = n == 0 ? v->told_n - 1 : s->cmd->uid ? imap_view_find(v, n) : n - 1;
    bool there = i < v->told_n && !(v->v[i].marks & IMAP_MSG_GONE);
    w->instead_of = (struct imap_place){ v->folder, there ? v->v[i].uid : 0 };
    return imap_token_sp(t);
}

static bool read_name(struct imap_session *s, struct appending *w)
{
    AUTO_BUF struct buf name = { .max = 4 * LIMIT_IMAP_MAILBOX };
    struct str in;
    if ((replaces(s) && !read_old(s, w)) || !imap_token_astring(&s->cmd->in, &in))
        return false;
    w->named = true;
    if (imap_mailbox_read(&name, in, imap_utf8(s)) == OK) /* else no such mailbox, which is said at the end */
        w->name = arena_dup(&s->cmd->arena, buf_str(&name));
    return true;
}

static const char *objection(struct imap_session *s, struct appending *w, uint64_t size)
{
    struct imap_token *t = &s->cmd->in;
    struct imap_literal l;
    struct one *o = add(s, w);
    if (o == NULL)
        return "NO [LIMIT] too many messages at once";
    if (w->n > 1 && replaces(s)) {
        s->errors++;
        return "BAD one message replaces one";
    }
    if ((!w->named && !read_name(s, w)) || !close_bracket(t, w) || !imap_token_sp(t) || !read_message(t, w, o, &l)) {
        s->errors++;
        return "BAD not of that command's form";
    }
    if (replaces(s) && s->view->read_only)
        return "NO [READ-ONLY] examined, not selected";
    if (replaces(s) && w->instead_of.uid == 0)
        return "NO no such message";
    w->empty |= size == 0;
    /* Who only announces mail, which costs nothing, must not keep out what others send. */
    if (!intake_budget_spares(s->rules->budget) ||
        intake_begin(&o->mail.octets, s->rules->budget, size, s->rules->max_bytes) != OK)
        return "NO [LIMIT] too much mail is on its way, come again";
    return NULL;
}

const char *imap_append_literal(struct imap_session *s, const struct imap_frame_event *e)
{
    struct appending *w = state(s);
    if (w == NULL)
        return "NO [LIMIT] out of memory";
    if (w->why == NULL)
        w->why = objection(s, w, e->size);
    w->left = e->size;
    return e->sync ? w->why : NULL;
}

size_t imap_append_octets(struct imap_session *s, struct str in)
{
    struct appending *w = s->cmd->state;
    struct str mine = str_sub(in, 0, w->left);
    if (w->why == NULL && intake_put(&w->last->mail.octets, mine) != OK)
        w->why = "NO [LIMIT] too much mail is on its way, come again";
    if (w->why != NULL && w->last != NULL)
        intake_end(&w->last->mail.octets);
    w->left -= mine.n;
    if (w->left == 0)
        s->mode = IMAP_GOES_ON;
    return mine.n;
}

/* ---- all is there ---- */

static void put_appenduid(struct buf *out, const struct appending *w, const struct imap_answer *a)
{
    struct imap_set_writer uids = { .out = out };
    buf_printf(out, "OK [APPENDUID %u ", w->uidvalidity);
    for (size_t i = 0; i < a->uids.n; i++)
        imap_set_add(&uids, a->uids.v[i]);
    imap_set_end(&uids);
    buf_puts(out, "] stored");
}

static void on_appended(struct imap_session *s, const struct imap_answer *a)
{
    struct appending *w = s->cmd->state;
    if (a->err == ERR_DENIED)
        imap_reply(s, "NO [TRYCREATE] no such mailbox");
    else if (a->err == ERR_BAD)
        imap_reply(s, "NO [CANNOT] %s", a->why ? a->why : "that is no message");
    else if (a->err != OK)
        imap_fail(s, a->err);
    else {
        if (s->view != NULL && (s->view->folder == w->folder || replaces(s)))
            s->view->stale = true;
        if (replaces(s)) { /* RFC 8508 section 4.3: before the EXPUNGE */
            buf_puts(s->out, "* ");
            put_appenduid(s->out, w, a);
            buf_puts(s->out, "\r\n");
            imap_reply(s, "OK done");
        } else {
            put_appenduid(&s->cmd->done, w, a);
            imap_finish(s);
        }
    }
}

static void store(struct imap_session *s)
{
    struct appending *w = s->cmd->state;
    w->mails = arena_array(&s->cmd->arena, w->n, sizeof *w->mails);
    if (w->mails == NULL) {
        imap_reply(s, "NO [LIMIT] out of memory");
        return;
    }
    size_t n = 0;
    for (struct one *o = w->first; o != NULL; o = o->next) {
        o->mail.flags = o->flags.system;
        for (size_t i = 0; i < o->flags.keyword_n; i++)
            o->mail.flags |= imap_name_flag(s, o->flags.keywords[i]);
        w->mails[n++] = o->mail;
        o->mail.octets = (struct intake){ 0 };
    }
    imap_ask(s, on_appended)->append(s, w->folder, w->mails, w->n, w->instead_of);
}

/* The names of all keywords of all messages; *n 0: there are none. */
static const struct str *keywords(struct imap_session *s, const struct appending *w, size_t *n)
{
    size_t all = 0;
    for (const struct one *o = w->first; o != NULL; o = o->next)
        all += o->flags.keyword_n;
    struct str *v = all > 0 ? arena_array(&s->cmd->arena, all, sizeof *v) : NULL;
    *n = 0;
    for (const struct one *o = w->first; v != NULL && o != NULL; o = o->next)
        for (size_t i = 0; i < o->flags.keyword_n; i++)
            v[(*n)++] = o->flags.keywords[i];
    return v;
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct appending *w = s->cmd->state;
    const struct folder *f = a->err == OK && w->name.n > 0 ? imap_folder_find(a, w->name) : NULL;
    size_t n;
    if (f == NULL) {
        if (a->err != OK)
            imap_fail(s, a->err);
        else
            imap_reply(s, "NO [TRYCREATE] no such mailbox");
        return;
    }
    w->folder = f->at.no;
    w->uidvalidity = f->at.uidvalidity;
    const struct str *v = keywords(s, w, &n);
    imap_keywords_make(s, v, n, store);
}

void imap_append_end(struct imap_session *s, struct str rest)
{
    struct appending *w = s->cmd->state;
    imap_append_piece(s, rest);
    s->mode = IMAP_BUSY;
    if (w->why != NULL)
        imap_reply(s, "%s", w->why);
    else if (!close_bracket(&s->cmd->in, w) || !imap_token_end(&s->cmd->in))
        imap_bad(s);
    else if (w->empty)
        imap_reply(s, "NO [CANNOT] an empty message is none"); /* RFC 3502 section 6.3.11: it cancels them all */
    else
        imap_ask(s, on_folders)->folders(s);
}

/* All of it was one line: there was no message. */
void imap_run_append(struct imap_session *s) { imap_bad(s); }
void imap_run_replace(struct imap_session *s) { imap_bad(s); }
