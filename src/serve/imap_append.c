/* A message goes into an intake of its own, counted against the memory that mail may take up in this process; when that
 * is used up the octets are read past, for a client that has begun to send cannot be stopped. With CATENATE (RFC 4469)
 * it comes in parts, of which those that lie in the box are read once all the others are here. REPLACE (RFC 8508) is an
 * APPEND of one message whose step also takes one away. */
#include "serve/imap_append.h"
#include "serve/imap_appending.h"
#include "serve/imap_command.h"
#include "wire/imap_mailbox.h"

enum { MESSAGES_MAX = 1000, PARTS_MAX = 1000 /* of all messages of a command */ };

static const char no_memory[] = "NO [LIMIT] out of memory";
static const char no_room[] = "NO [LIMIT] too much mail is on its way, come again";
static const char malformed[] = "BAD not of that command's form";

bool append_replaces(const struct imap_session *s) { return s->cmd->row->run == imap_run_replace; }

static void append_end(struct imap_session *, void *state)
{
    struct appending *w = state;
    for (struct append_one *o = w->first; o != NULL; o = o->next) {
        intake_end(&o->mail.octets);
        for (struct append_part *p = o->first; p != NULL; p = p->next)
            intake_end(&p->text);
    }
}

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

/* ---- where it goes to ---- */

/* The message that is replaced. */
static const char *read_old(struct imap_session *s, struct appending *w)
{
    struct imap_token *t = &s->cmd->in;
    const struct imap_view *v = s->view;
    uint32_t n = 0;
    if ((imap_token_peek(t) == '*' ? !imap_token_char(t, '*') : !imap_token_nz_number(t, &n)) || !imap_token_sp(t))
        return malformed;
    size_t i = n == 0 ? v->told_n - 1 : s->cmd->uid ? imap_view_find(v, n) : n - 1;
    if (v->read_only)
        return "NO [READ-ONLY] examined, not selected";
    if (i >= v->told_n || v->v[i].marks & IMAP_MSG_GONE)
        return "NO no such message";
    w->instead_of = (struct imap_place){ v->folder, v->v[i].uid };
    return NULL;
}

static const char *read_name(struct imap_session *s, struct appending *w)
{
    AUTO_BUF struct buf name = { .max = 4 * LIMIT_IMAP_MAILBOX };
    struct str in;
    const char *why = append_replaces(s) ? read_old(s, w) : NULL;
    if (why != NULL || !imap_token_astring(&s->cmd->in, &in))
        return why != NULL ? why : malformed;
    w->named = true;
    if (imap_mailbox_read(&name, in, imap_utf8(s)) == OK) /* else no such mailbox, which is said at the end */
        w->name = arena_dup(&s->cmd->arena, buf_str(&name));
    return NULL;
}

/* ---- the messages ---- */

/* What reading on has come to. */
enum words { WORDS_ON, WORDS_LITERAL /* announced: *l */, WORDS_END, WORDS_REFUSED };

static enum words refused(struct appending *w, const char *why)
{
    w->why = why;
    return WORDS_REFUSED;
}

static struct append_part *add_part(struct imap_session *s, struct appending *w)
{
    struct append_part *p = w->parts_n < PARTS_MAX ? arena_new(&s->cmd->arena, struct append_part) : NULL;
    struct append_one *o = w->last;
    if (p == NULL)
        return NULL;
    *(o->last ? &o->last->next : &o->first) = p;
    o->last = p;
    w->parts_n++;
    return p;
}

/* A URL is an astring, and so may be a literal: its octets then come like those of a message. */
static enum words read_url(struct imap_session *s, struct appending *w, struct append_part *p, struct imap_literal *l)
{
    struct imap_token *t = &s->cmd->in, ahead = *t;
    if (!imap_token_announce(&ahead, l))
        return imap_token_astring(t, &p->url) ? WORDS_ON : refused(w, malformed);
    if (l->size > LIMIT_IMAP_URL)
        return refused(w, "NO [LIMIT] no URL is that long");
    w->url = arena_alloc(&s->cmd->arena, l->size + 1);
    p->url = str_of(w->url, l->size);
    return w->url != NULL ? WORDS_LITERAL : refused(w, no_memory);
}

/* "TEXT {n}", "UTF8 (~{n}" (RFC 6855 section 4), "URL url" */
static enum words read_part(struct imap_session *s, struct appending *w, struct imap_literal *l)
{
    struct imap_token *t = &s->cmd->in;
    bool utf8 = imap_token_try(t, S("UTF8")), text = utf8 || imap_token_try(t, S("TEXT"));
    if ((!text && !imap_token_try(t, S("URL"))) || !imap_token_sp(t))
        return refused(w, malformed);
    w->bracket = utf8;
    if (utf8 && !imap_token_char(t, '('))
        return refused(w, malformed);
    struct append_part *p = add_part(s, w);
    if (p == NULL)
        return refused(w, "NO [LIMIT] too many parts at once");
    if (!text)
        return read_url(s, w, p, l);
    w->into = &p->text;
    return imap_token_announce(t, l) ? WORDS_LITERAL : refused(w, malformed);
}

/* Behind a part: another one, or the end of the message. */
static enum words read_list(struct imap_session *s, struct appending *w, struct imap_literal *l)
{
    struct imap_token *t = &s->cmd->in;
    if (imap_token_peek(t) == ')') {
        w->listing = false;
        return imap_token_char(t, ')') ? WORDS_ON : refused(w, malformed);
    }
    return imap_token_sp(t) ? read_part(s, w, l) : refused(w, malformed);
}

static struct append_one *add(struct imap_session *s, struct appending *w)
{
    struct append_one *o = w->n < MESSAGES_MAX ? arena_new(&s->cmd->arena, struct append_one) : NULL;
    if (o == NULL)
        return NULL;
    *(w->last ? &w->last->next : &w->first) = o;
    w->last = o;
    w->n++;
    return o;
}

/* What stands before a message's octets. */
static bool read_head(struct imap_token *t, struct append_one *o)
{
    int zone_min;
    return imap_token_sp(t) &&
           (imap_token_peek(t) != '(' || (imap_token_flag_list(t, &o->flags) && imap_token_sp(t))) &&
           (imap_token_peek(t) != '"' || (imap_token_date_time(t, &o->mail.date_ms, &zone_min) && imap_token_sp(t)));
}

/* "[(flags) ][date ]{n}", "… UTF8 ({n}" (RFC 6855 section 4), "… CATENATE (" and its first part */
static enum words read_message(struct imap_session *s, struct appending *w, struct imap_literal *l)
{
    struct imap_token *t = &s->cmd->in;
    if (w->n > 0 && append_replaces(s))
        return refused(w, "BAD one message replaces one");
    struct append_one *o = add(s, w);
    if (o == NULL)
        return refused(w, "NO [LIMIT] too many messages at once");
    if (!read_head(t, o))
        return refused(w, malformed);
    o->catenates = w->listing = imap_token_try(t, S("CATENATE"));
    w->bracket = !w->listing && imap_token_try(t, S("UTF8"));
    if ((w->listing || w->bracket) && (!imap_token_sp(t) || !imap_token_char(t, '(')))
        return refused(w, malformed);
    if (w->listing)
        return read_part(s, w, l);
    w->into = &o->mail.octets;
    return imap_token_announce(t, l) ? WORDS_LITERAL : refused(w, malformed);
}

static enum words read_on(struct imap_session *s, struct appending *w, struct imap_literal *l)
{
    struct imap_token *t = &s->cmd->in;
    const char *why = w->named ? NULL : read_name(s, w);
    if (why != NULL)
        return refused(w, why);
    w->into = NULL;
    w->url = NULL;
    for (enum words k = WORDS_ON;;) {
        if (w->bracket && !imap_token_char(t, ')'))
            return refused(w, malformed);
        w->bracket = false;
        if (w->listing)
            k = read_list(s, w, l);
        else if (w->n > 0 && !imap_more(t))
            return WORDS_END;
        else
            k = read_message(s, w, l);
        if (k != WORDS_ON)
            return k;
    }
}

/* ---- octets ---- */

static const char *take_literal(struct imap_session *s, struct appending *w, uint64_t size)
{
    uint64_t max = s->rules->max_bytes;
    struct append_one *o = w->last;
    if (w->url != NULL)
        return NULL;
    if (size > max || o->size > max - size)
        return "NO [TOOBIG] larger than any message may be";
    o->size += size;
    /* Who only announces mail, which costs nothing, must not keep out what others send. */
    bool room = intake_budget_spares(s->rules->budget) && intake_begin(w->into, s->rules->budget, size, max) == OK;
    return room ? NULL : no_room;
}

static void count_bad(struct imap_session *s, const char *why) { s->errors += str_starts(str_c(why), S("BAD")); }

const char *imap_append_literal(struct imap_session *s, const struct imap_frame_event *e)
{
    struct appending *w = state(s);
    struct imap_literal l;
    if (w == NULL)
        return no_memory;
    if (w->why == NULL) {
        enum words k = read_on(s, w, &l);
        if (k == WORDS_LITERAL)
            w->why = take_literal(s, w, e->size);
        else if (k == WORDS_END)
            w->why = malformed;
    }
    w->left = e->size;
    if (!e->sync || w->why == NULL)
        return NULL;
    count_bad(s, w->why);
    return w->why;
}

static void forget(struct appending *w)
{
    if (w->into != NULL)
        intake_end(w->into);
}

size_t imap_append_octets(struct imap_session *s, struct str in)
{
    struct appending *w = s->cmd->state;
    struct str mine = str_sub(in, 0, w->left);
    if (w->why == NULL && w->url != NULL)
        w->url = (char *)mempcpy(w->url, mine.p, mine.n);
    else if (w->why == NULL && intake_put(w->into, mine) != OK)
        w->why = no_room;
    if (w->why != NULL)
        forget(w);
    w->left -= mine.n;
    if (w->left == 0)
        s->mode = IMAP_GOES_ON;
    return mine.n;
}

/* ---- all is there ---- */

static void end(struct imap_session *s, struct appending *w)
{
    struct imap_literal l;
    s->mode = IMAP_BUSY;
    if (w->why == NULL && read_on(s, w, &l) == WORDS_LITERAL)
        w->why = malformed;
    if (w->why == NULL)
        append_finish(s);
    else if (w->why == malformed)
        imap_bad(s);
    else {
        count_bad(s, w->why);
        imap_reply(s, "%s", w->why);
    }
}

void imap_append_end(struct imap_session *s, struct str rest)
{
    imap_append_piece(s, rest);
    end(s, s->cmd->state);
}

/* All of it was one line: a message can only be made of URLs. */
void imap_run_append(struct imap_session *s)
{
    struct appending *w = state(s);
    if (w != NULL)
        end(s, w);
    else
        imap_reply(s, "%s", no_memory);
}

void imap_run_replace(struct imap_session *s) { imap_run_append(s); }
