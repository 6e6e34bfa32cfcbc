/* What has been appended is made whole: the parts that lie in the box are read and put between those that came, message
 * after message; then all are stored in one step or none is. Parts are read like any message that is fetched, under the
 * same ceilings, and nobody's flags change with it (RFC 4469 section 3). */
#include "serve/imap_appending.h"
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"
#include "wire/imap_section.h"
#include "wire/imap_write.h"

/* ---- stored ---- */

static void put_appenduid(struct buf *out, const struct appending *w, const struct imap_answer *a)
{
    struct imap_set_writer uids = { .out = out };
    buf_printf(out, "OK [APPENDUID %u ", w->uidvalidity);
    for (size_t i = 0; i < a->uids.n; i++)
        imap_set_add(&uids, a->uids.v[i]);
    imap_set_end(&uids);
    buf_puts(out, "] stored");
}

static void note_own(struct imap_session *s, const struct imap_uids *u)
{
    struct str copy = arena_dup(&s->cmd->arena, str_of(u->v, u->n * sizeof *u->v));
    s->cmd->own = (struct imap_uids){ (const uint32_t *)(const void *)copy.p, copy.n / sizeof *u->v };
}

static void on_appended(struct imap_session *s, const struct imap_answer *a)
{
    struct appending *w = s->cmd->state;
    if (a->err == ERR_DENIED)
        imap_reply(s, "NO [TRYCREATE] no such mailbox");
    else if (a->err == ERR_BAD)
        imap_reply(s, "NO [%s] %s", a->why ? "LIMIT" : "CANNOT", a->why ? a->why : "that is no message");
    else if (a->err != OK)
        imap_fail(s, a->err);
    else {
        bool here = s->view != NULL && s->view->folder == w->folder;
        if (s->view != NULL && (here || append_replaces(s)))
            s->view->stale = true;
        if (here)
            note_own(s, &a->uids);
        if (append_replaces(s)) { /* RFC 8508 section 4.3: before the EXPUNGE */
            buf_puts(s->out, "* ");
            put_appenduid(s->out, w, a);
            buf_puts(s->out, "\r\n");
            s->cmd->expunged = true;
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
    size_t n = 0;
    w->mails = arena_array(&s->cmd->arena, w->n, sizeof *w->mails);
    if (w->mails == NULL) {
        imap_reply(s, "NO [LIMIT] out of memory");
        return;
    }
    for (struct append_one *o = w->first; o != NULL; o = o->next) {
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
    for (const struct append_one *o = w->first; o != NULL; o = o->next)
        all += o->flags.keyword_n;
    struct str *v = all > 0 ? arena_array(&s->cmd->arena, all, sizeof *v) : NULL;
    *n = 0;
    for (const struct append_one *o = w->first; v != NULL && o != NULL; o = o->next)
        for (size_t i = 0; i < o->flags.keyword_n; i++)
            v[(*n)++] = o->flags.keywords[i];
    return v;
}

static void all_whole(struct imap_session *s)
{
    struct appending *w = s->cmd->state;
    size_t n;
    for (const struct append_one *o = w->first; o != NULL; o = o->next)
        if (o->mail.octets.data.n == 0) { /* RFC 3502 section 6.3.11: it cancels them all */
            imap_reply(s, "NO [CANNOT] an empty message is none");
            return;
        }
    imap_message_close(s);
    const struct str *v = keywords(s, w, &n);
    imap_keywords_make(s, v, n, store);
}

/* ---- CATENATE ---- */

/* RFC 4469 section 4.1. What could end the response code early, or the line, is percent-encoded. */
static void bad_url(struct imap_session *s, struct str url)
{
    struct buf *out = &s->cmd->done;
    buf_puts(out, "NO [BADURL ");
    for (size_t i = 0; i < url.n; i++) {
        bool plain = url.p[i] > ' ' && url.p[i] < '\x7f' && url.p[i] != ']' && url.p[i] != '\\';
        buf_printf(out, plain ? "%c" : "%%%02X", (uint8_t)url.p[i]);
    }
    buf_puts(out, "] no such message or part here");
    imap_finish(s);
}

static void catenate(struct imap_session *s);

/* False: there is no room, which has been answered. */
static bool fits(struct imap_session *s, enum err e)
{
    if (e == ERR_FULL)
        imap_reply(s, "NO [TOOBIG] larger than any message may be");
    else if (e != OK)
        imap_reply(s, "NO [LIMIT] too much mail is on its way, come again");
    return e == OK;
}

static bool put(struct imap_session *s, struct str octets)
{
    struct appending *w = s->cmd->state;
    return fits(s, intake_put(&w->making->mail.octets, octets));
}

/* Header fields; what is made of a message counts like the message. */
static bool put_fields(struct imap_session *s, const struct append_part *p, struct str head)
{
    struct intake made;
    size_t most = 2 * head.n + 2;
    uint64_t from, count;
    if (!fits(s, intake_begin(&made, s->rules->budget, most, most)))
        return false;
    imap_section_fields(&made.data, head, &p->at.part.section);
    imap_attr_cut(&p->at.part, made.data.n, &from, &count);
    bool good = put(s, str_sub(buf_str(&made.data), from, count));
    intake_end(&made);
    return good;
}

/* The octets that FETCH would have sent for it; false: it has been answered. */
static bool put_section(struct imap_session *s, const struct append_part *p)
{
    struct imap_octets o;
    uint64_t from, count;
    if (imap_section_find(s->cmd->msg.source->tree, &p->at.part.section, &o) != OK) {
        bad_url(s, p->url);
        return false;
    }
    struct str octets = str_sub(imap_message_known(s), o.begin, o.end - o.begin);
    if (o.made)
        return put_fields(s, p, octets);
    imap_attr_cut(&p->at.part, octets.n, &from, &count);
    return put(s, str_sub(octets, from, count));
}

static void on_loaded(struct imap_session *s)
{
    struct appending *w = s->cmd->state;
    if (s->cmd->msg.err != OK) {
        imap_fail(s, s->cmd->msg.err);
        return;
    }
    w->loaded = (struct imap_place){ w->part->folder, w->part->at.uid };
    catenate(s);
}

static void on_opened(struct imap_session *s)
{
    struct appending *w = s->cmd->state;
    enum err e = s->cmd->msg.err;
    if (e == ERR_GONE)
        bad_url(s, w->part->url);
    else if (e != OK)
        imap_fail(s, e);
    else
        imap_message_load(s, on_loaded);
}

/* Parts mostly are of one message, which is read once then. */
static bool is_loaded(const struct appending *w, const struct append_part *p)
{
    return w->loaded.folder == p->folder && w->loaded.uid == p->at.uid;
}

/* False: it goes on in on_opened(), or has been answered. */
static bool put_parts(struct imap_session *s, struct appending *w)
{
    for (; w->part != NULL; w->part = w->part->next) {
        struct append_part *p = w->part;
        if (p->url.p != NULL && !is_loaded(w, p)) {
            w->loaded = (struct imap_place){ 0 };
            imap_message_open_at(s, p->folder, p->at.uid, on_opened);
            return false;
        }
        if (!(p->url.p != NULL ? put_section(s, p) : put(s, buf_str(&p->text.data))))
            return false;
        intake_end(&p->text);
    }
    return true;
}

static void catenate(struct imap_session *s)
{
    struct appending *w = s->cmd->state;
    struct append_one *o = w->making;
    if (o != NULL && !put_parts(s, w))
        return;
    for (o = o != NULL ? o->next : w->first; o != NULL; o = o->next) {
        if (!o->catenates)
            continue;
        w->making = o;
        w->part = o->first;
        enum err e = intake_begin(&o->mail.octets, s->rules->budget, 0, s->rules->max_bytes);
        if (!fits(s, e) || !put_parts(s, w))
            return;
    }
    all_whole(s);
}

/* ---- where everything is ---- */

/* A name that stands beside the selected mailbox, as RFC 3986 section 5.2.3 has it. */
static struct str beside(struct imap_session *s, const struct imap_answer *a, struct str name)
{
    for (size_t i = 0; s->view != NULL && i < a->folders_n; i++) {
        struct str here = a->folders[i].name;
        size_t cut = a->folders[i].at.no == s->view->folder ? str_rchr(here, IMAP_SEPARATOR) : STR_NONE;
        if (cut != STR_NONE)
            return arena_printf(&s->cmd->arena, "%.*s%.*s", (int)cut + 1, here.p, STR_FMT(name));
    }
    return name;
}

static bool find_url(struct imap_session *s, const struct imap_answer *a, struct append_part *p)
{
    const struct imap_view *v = s->view;
    if (imap_url_parse(&s->cmd->arena, p->url, &p->at) != OK)
        return false;
    if (str_empty(p->at.mailbox)) {
        p->folder = v != NULL ? v->folder : 0;
        return v != NULL;
    }
    const struct folder *f = imap_folder_find(a, p->at.relative ? beside(s, a, p->at.mailbox) : p->at.mailbox);
    p->folder = f != NULL ? f->at.no : 0;
    return f != NULL && (p->at.uidvalidity == 0 || p->at.uidvalidity == f->at.uidvalidity);
}

static bool find_urls(struct imap_session *s, const struct imap_answer *a, struct appending *w)
{
    for (struct append_one *o = w->first; o != NULL; o = o->next)
        for (struct append_part *p = o->first; p != NULL; p = p->next)
            if (p->url.p != NULL && !find_url(s, a, p)) {
                bad_url(s, p->url);
                return false;
            }
    return true;
}

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct appending *w = s->cmd->state;
    const struct folder *f = a->err == OK && w->name.n > 0 ? imap_folder_find(a, w->name) : NULL;
    if (f == NULL) {
        if (a->err != OK)
            imap_fail(s, a->err);
        else
            imap_reply(s, "NO [TRYCREATE] no such mailbox");
        return;
    }
    w->folder = f->at.no;
    w->uidvalidity = f->at.uidvalidity;
    if (find_urls(s, a, w))
        catenate(s);
}

void append_finish(struct imap_session *s) { imap_ask(s, on_folders)->folders(s); }
