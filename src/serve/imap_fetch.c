/* FETCH, one message after the other, each as far as the peer takes it. Flags, sizes and dates are in the view; header
 * and structure come from the small header record; bodies are read and decrypted piece by piece, the next when there is
 * room for it. What sets \Seen is stored first, so that the response can tell the flags as they are. */
#include "serve/imap_fetch.h"
#include "serve/imap_command.h"
#include "wire/imap_write.h"
#include <string.h>

enum { PIECE_N = 64 * 1024, GATHER_N = 60 * 1024 /* a little more than the owner lets gather before it sends */ };
enum {
    OPENS = 1u << IMAP_ITEM_ENVELOPE | 1u << IMAP_ITEM_BODY | 1u << IMAP_ITEM_BODYSTRUCTURE | 1u << IMAP_ITEM_SAVEDATE |
            1u << IMAP_ITEM_PREVIEW | 1u << IMAP_ITEM_RFC822 | 1u << IMAP_ITEM_RFC822_HEADER |
            1u << IMAP_ITEM_RFC822_TEXT | 1u << IMAP_ITEM_SECTION | 1u << IMAP_ITEM_BINARY | 1u << IMAP_ITEM_BINARY_SIZE
};

static void next(struct imap_session *s);

static void fetch_end(struct imap_session *, void *state)
{
    struct fetching *f = state;
    intake_end(&f->made);
}

static void done(struct imap_session *s)
{
    const struct fetching *f = s->cmd->state;
    bool missing = f->missing || f->t.missing;
    if (f->busy)
        imap_reply(s, "NO [LIMIT] too much memory is in use for some messages, try again");
    else if (f->failed)
        imap_reply(s, "NO [SERVERBUG] some messages could not be read");
    else if (f->unknown_cte)
        imap_reply(s, "NO [UNKNOWN-CTE] a transfer encoding that nobody knows");
    else if (missing)
        imap_reply(s, "%s [EXPUNGEISSUED] some messages are gone", f->opens ? "NO" : "OK");
    else
        imap_reply(s, "OK that is all");
}

/* ---- octets ---- */

/* False: it is no good, and the session is over: within a literal there is no other way out. */
static bool take_piece(struct imap_session *s, struct fetching *f, const struct imap_answer *a)
{
    if (a->err != OK || a->piece_at > f->from || f->from - a->piece_at >= a->piece.n) {
        imap_bye(s, "[UNAVAILABLE] the rest cannot be read");
        return false;
    }
    struct str piece = str_sub(a->piece, f->from - a->piece_at, f->to - f->from);
    fetch_put_octets(s, f, piece);
    f->from += piece.n;
    return true;
}

static void on_piece(struct imap_session *s, const struct imap_answer *a)
{
    if (take_piece(s, s->cmd->state, a))
        next(s);
}

/* True: it goes on. */
static bool read_piece(struct imap_session *s, struct fetching *f)
{
    struct imap_answer a;
    if (s->rules->ops->at_hand(s, f->from, &a))
        return take_piece(s, f, &a);
    imap_ask(s, on_piece)->read(s, f->from);
    return false;
}

/* False: waits for room or for a piece. */
static bool stream(struct imap_session *s)
{
    struct fetching *f = s->cmd->state;
    while (f->from < f->to) {
        if (!imap_room(s, next))
            return false;
        if (s->out->cap < GATHER_N && f->at + 1 < f->t.n)
            (void)buf_reserve(s->out, GATHER_N - s->out->n); /* once: growing copies, and wipes */
        struct str known = f->from_made ? buf_str(&f->made.data) : imap_message_known(s);
        if (f->from >= known.n) {
            if (!read_piece(s, f))
                return false;
            continue;
        }
        struct str piece = str_sub(known, f->from, MIN(f->to - f->from, (uint64_t)PIECE_N));
        fetch_put_octets(s, f, piece);
        f->from += piece.n;
    }
    intake_end(&f->made);
    f->from_made = f->binary = false;
    return true;
}

/* ---- one message ---- */

static void put_unasked(struct imap_session *s, struct fetching *f, enum imap_item item)
{
    if (f->f.items & (1u << item))
        return;
    fetch_put(s, f, &(struct imap_attr){ .item = item });
    buf_putc(s->out, ' ');
}

/* Flags that have changed, mostly to \Seen with this command, are told whatever was asked for, and with them what the
 * session has any change of flags told with: RFC 7162 sections 3.1 and 3.2.3. */
static void begin(struct imap_session *s, struct fetching *f)
{
    bool flags = f->f.sets_seen || f->f.items & (1u << IMAP_ITEM_FLAGS);
    s->inside = true;
    f->begun = true;
    buf_printf(s->out, "* %u FETCH (", f->t.v[f->at] + 1);
    if (!flags || !(s->view->v[f->t.v[f->at]].marks & IMAP_MSG_TELL))
        return;
    if (s->on & IMAP_ON_QRESYNC)
        put_unasked(s, f, IMAP_ITEM_UID);
    if (s->on & IMAP_ON_CONDSTORE)
        put_unasked(s, f, IMAP_ITEM_MODSEQ);
    put_unasked(s, f, IMAP_ITEM_FLAGS);
}

static void leave(struct imap_session *s, struct fetching *f)
{
    imap_message_close(s);
    f->begun = false;
    f->item = 0;
    f->at++;
}

/* False: waits. */
static bool put_message(struct imap_session *s)
{
    struct fetching *f = s->cmd->state;
    if (!f->begun)
        begin(s, f);
    while (f->item < f->f.n) {
        if (!stream(s) || !imap_room(s, next))
            return false;
        if (f->item > 0)
            buf_putc(s->out, ' ');
        fetch_put(s, f, &f->f.v[f->item++]);
    }
    if (!stream(s))
        return false;
    buf_puts(s->out, ")\r\n");
    s->inside = false;
    leave(s, f);
    return true;
}

static bool wants_whole(const struct imap_session *s, const struct fetching *f)
{
    for (size_t i = 0; i < f->f.n; i++)
        if (fetch_needs_whole(s, &f->f.v[i]))
            return true;
    return false;
}

static void on_message(struct imap_session *s)
{
    struct fetching *f = s->cmd->state;
    enum err e = s->cmd->msg.err;
    if (e != OK) {
        f->missing |= e == ERR_GONE;
        f->busy |= e == ERR_BUSY;
        f->failed |= e != ERR_GONE;
        leave(s, f);
    }
    next(s);
}

static void next(struct imap_session *s)
{
    struct fetching *f = s->cmd->state;
    struct imap_message *m = &s->cmd->msg;
    while (f->at < f->t.n) {
        if (!f->begun && !imap_room(s, next))
            return;
        if (f->opens && m->source == NULL && !imap_message_ready(s, f->t.v[f->at])) {
            m->next = f->t.v + f->at + 1;
            m->next_n = f->t.n - f->at - 1;
            imap_message_open(s, f->t.v[f->at], on_message);
            return;
        }
        if (f->opens && !f->begun && !m->loaded && wants_whole(s, f)) {
            imap_message_load(s, on_message);
            return;
        }
        if (!put_message(s))
            return;
    }
    done(s);
}

/* ---- the way there ---- */

static void on_seen(struct imap_session *s, const struct imap_answer *a)
{
    for (size_t i = 0; a->err == OK && i < a->rows_n; i++)
        (void)!imap_view_put(s->view, &a->rows[i]); /* they are there: no memory is needed */
    next(s);
}

static void set_seen(struct imap_session *s)
{
    struct fetching *f = s->cmd->state;
    uint32_t *v = f->f.sets_seen && !s->view->read_only ? arena_array(&s->cmd->arena, f->t.n + 1, sizeof *v) : NULL;
    size_t n = 0;
    for (size_t i = 0; v != NULL && i < f->t.n && n < STORE_IDS_MAX; i++)
        if (!(s->view->v[f->t.v[i]].flags & FLAG_SEEN))
            v[n++] = s->view->v[f->t.v[i]].uid;
    f->seen = (struct imap_flagging){ .folder = s->view->folder, .uids = { v, n }, .set = FLAG_SEEN };
    if (n > 0)
        imap_ask(s, on_seen)->flag(s, &f->seen);
    else
        next(s);
}

/* What of the set is gone since the client last looked: RFC 7162 section 3.2.6. */
static void on_vanished(struct imap_session *s, const struct imap_answer *a)
{
    const struct fetching *f = s->cmd->state;
    if (a->err != OK) {
        imap_fail(s, a->err);
        return;
    }
    imap_put_vanished(s, a, &f->t.set);
    set_seen(s);
}

static void only_changed(struct imap_session *s, struct fetching *f)
{
    size_t to = 0;
    for (size_t i = 0; i < f->t.n; i++)
        if (s->view->v[f->t.v[i]].modseq > f->f.modseq)
            f->t.v[to++] = f->t.v[i];
    f->t.n = to;
}

static bool add(struct imap_session *s, struct fetching *f, enum imap_item item)
{
    if (f->f.items & (1u << item))
        return true;
    struct imap_attr *v = arena_array(&s->cmd->arena, f->f.n + 1, sizeof *v);
    if (v == NULL)
        return false;
    v[0] = (struct imap_attr){ .item = item, .peek = true };
    memcpy(v + 1, f->f.v, f->f.n * sizeof *v);
    f->f.v = v;
    f->f.n++;
    f->f.items |= 1u << item;
    return true;
}

/* What a response must have though nobody asked: the UID behind UID (RFC 9051 section 6.4.9), MODSEQ with CHANGEDSINCE
 * (RFC 7162 section 3.1.4.1). */
static bool add_implied(struct imap_session *s, struct fetching *f)
{
    return (!f->f.changed_since || add(s, f, IMAP_ITEM_MODSEQ)) && (!s->cmd->uid || add(s, f, IMAP_ITEM_UID));
}

/* Will octets behind the header be needed? Of a structure, only a multipart's; then that one is read by itself. */
static bool reads_bodies(const struct imap_fetch *f)
{
    for (size_t i = 0; i < f->n; i++) {
        const struct imap_section *part = &f->v[i].section;
        bool section = f->v[i].item == IMAP_ITEM_RFC822 || f->v[i].item == IMAP_ITEM_RFC822_TEXT ||
                       f->v[i].item == IMAP_ITEM_SECTION || f->v[i].item == IMAP_ITEM_BINARY ||
                       f->v[i].item == IMAP_ITEM_BINARY_SIZE;
        if (section && (part->part.n > 0 || part->kind == IMAP_SECTION_ALL || part->kind == IMAP_SECTION_TEXT))
            return true;
    }
    return false;
}

static void prepare(struct imap_session *s, struct fetching *f)
{
    f->opens = f->f.items & OPENS;
    s->cmd->msg.previewed = f->f.items & (1u << IMAP_ITEM_PREVIEW);
    s->cmd->msg.octets = reads_bodies(&f->f);
    if (f->f.items & (1u << IMAP_ITEM_MODSEQ))
        imap_condstore(s);
}

void fetch_run(struct imap_session *s, struct str atts, uint32_t *v, size_t n)
{
    struct fetching *f = imap_state(s, sizeof *f);
    if (f == NULL)
        return;
    s->cmd->fini = fetch_end;
    imap_token_init(&s->cmd->in, &s->cmd->arena, arena_dup(&s->cmd->arena, atts), imap_utf8(s));
    f->t.v = v;
    f->t.n = n;
    if (!imap_fetch_read(&s->cmd->in, &f->f)) {
        imap_bad(s);
        return;
    }
    prepare(s, f);
    set_seen(s);
}

void imap_run_fetch(struct imap_session *s)
{
    struct fetching *f = imap_state(s, sizeof *f);
    if (f == NULL)
        return;
    s->cmd->fini = fetch_end;
    if (!imap_targets_read(s, &f->t))
        return;
    bool good = imap_token_sp(&s->cmd->in) && imap_fetch_read(&s->cmd->in, &f->f) && add_implied(s, f);
    if (!good || (f->f.vanished && !(s->cmd->uid && s->on & IMAP_ON_QRESYNC))) {
        imap_bad(s);
        return;
    }
    prepare(s, f);
    if (f->f.changed_since)
        only_changed(s, f);
    if (f->f.vanished)
        imap_ask(s, on_vanished)->changes(s, s->view->folder, f->f.modseq);
    else
        set_seen(s);
}
