/* A box in memory under IMAP sessions, for the unit tests and the fuzzer: folders, messages, a change log. Questions
 * are kept and answered by fake_pump(), as the daemon answers them on a later turn. */
#pragma once
#pragma GCC diagnostic ignored "-Wunused-function"
#include "serve/imap_notify.h"
#include "serve/imap_session.h"
#include "wire/mime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAKE_MSGS = 4000, FAKE_FOLDERS = 40, FAKE_GONE = 2000, FAKE_KEYWORDS = 4, FAKE_PIECE = 256 };

struct fake_msg {
    struct store_row row;
    char *text;
    bool gone;
};
struct fake_box {
    struct fake_msg msgs[FAKE_MSGS];
    size_t msgs_n;
    struct folder folders[FAKE_FOLDERS];
    char names[FAKE_FOLDERS][256];
    size_t folders_n;
    char vacant[FAKE_FOLDERS][256]; /* subscribed, and no folder's */
    size_t vacant_n;
    uint32_t last_no;
    uint32_t claimed[FAKE_FOLDERS + 16]; /* by folder number: recent_from */
    struct store_gone gone[FAKE_GONE];
    size_t gone_n;
    struct keyword keywords[FAKE_KEYWORDS];
    char keyword_names[FAKE_KEYWORDS][LIMIT_IMAP_KEYWORD + 1];
    size_t keywords_n;
    uint64_t modseq, floor; /* floor: older changes are forgotten */
    int64_t now_ms;
    bool ended;
    struct intake_budget budget;
    struct imap_stats stats;
};
struct fake_client {
    struct imap_session s;
    struct buf out;
    void (*ask)(struct fake_client *c); /* the question under way */
    uint32_t folder, to, uid;
    uint64_t since, at;
    struct str name, name2;
    const struct str *names;
    size_t n;
    bool on;
    const struct imap_flagging *flags;
    struct imap_uids uids;
    struct imap_new_mail *mails;
    struct msg_id id;
    struct arena arena; /* of the message that is open */
    struct mime_tree tree;
    struct imap_source source;
    const struct fake_msg *opened;
    bool found;
    size_t wrong, read_max; /* read_max: octets that the peer takes at once; 0: any */
    bool plain;             /* no secret may be said */
    bool stuck;
};

static struct fake_box fake;
static struct fake_client *fake_clients[8]; /* who hears of changes */

static struct fake_client *fake_of(struct imap_session *s) { return CONTAINER_OF(s, struct fake_client, s); }

/* ---- the box ---- */

static bool fake_fill(struct str name)
{
    for (size_t i = 0; i < fake.vacant_n; i++)
        if (str_eq(str_c(fake.vacant[i]), name)) {
            memmove(fake.vacant[i], fake.vacant[i + 1], (--fake.vacant_n - i) * sizeof fake.vacant[0]);
            return true;
        }
    return false;
}

static void fake_vacate(const struct folder *f)
{
    if (f->at.subscribed && fake.vacant_n < FAKE_FOLDERS)
        snprintf(fake.vacant[fake.vacant_n++], sizeof fake.vacant[0], "%.*s", STR_FMT(f->name));
}

static struct folder *fake_named(struct str name)
{
    for (size_t i = 0; i < fake.folders_n; i++)
        if (str_eq(fake.folders[i].name, name))
            return &fake.folders[i];
    return NULL;
}

static uint32_t fake_folder(const char *name)
{
    struct folder *f = &fake.folders[fake.folders_n];
    uint32_t no = ++fake.last_no;
    snprintf(fake.names[fake.folders_n], sizeof fake.names[0], "%s", name);
    *f = (struct folder){ .name = str_c(fake.names[fake.folders_n++]) };
    f->at = (struct store_folder){ .no = no, .uidvalidity = 100 + no, .uidnext = 1, .modseq = 1, .subscribed = true };
    fake.claimed[no] = 1;
    (void)fake_fill(f->name);
    return no;
}

static struct folder *fake_find(uint32_t no)
{
    for (size_t i = 0; i < fake.folders_n; i++)
        if (fake.folders[i].at.no == no)
            return &fake.folders[i];
    return NULL;
}

static void fake_tell(void)
{
    for (size_t i = 0; i < COUNT(fake_clients); i++)
        if (fake_clients[i])
            imap_event(&fake_clients[i]->s);
}

/* For NOTIFY; what is in a selected mailbox its sessions hear by fake_tell(). */
static void fake_hear(struct event e)
{
    for (size_t i = 0; i < COUNT(fake_clients); i++)
        if (fake_clients[i])
            (void)imap_notify_heard(&fake_clients[i]->s, &e);
}

static void fake_hear_folder(enum event_folder change, const struct folder *f, struct str was)
{
    fake_hear((struct event){
        .kind = EVENT_FOLDER_CHANGED, .change = change, .folder = f->at.no, .json = f->name, .was = was });
}

static struct fake_msg *fake_add(uint32_t folder, struct str text, uint32_t flags, int64_t received_ms)
{
    struct folder *f = fake_find(folder);
    if (fake.msgs_n == FAKE_MSGS || f == NULL)
        return NULL;
    struct fake_msg *m = &fake.msgs[fake.msgs_n++];
    *m = (struct fake_msg){ .text = malloc(text.n + 1) };
    memcpy(m->text, text.p, text.n);
    m->row = (struct store_row){ .folder = folder,
                                 .uid = f->at.uidnext++,
                                 .modseq = ++fake.modseq,
                                 .flags = flags,
                                 .received_ms = received_ms ? received_ms : fake.now_ms,
                                 .saved_ms = fake.now_ms,
                                 .size = text.n };
    put_be64(m->row.id.b, fake.msgs_n);
    m->row.origin = m->row.id;
    f->at.modseq = fake.modseq;
    fake_hear((struct event){ .kind = EVENT_MESSAGE_NEW, .folder = folder });
    return m;
}

static void fake_drop(struct fake_msg *m)
{
    m->gone = true;
    fake.modseq++;
    fake.gone[fake.gone_n++ % FAKE_GONE] = (struct store_gone){ m->row.id, m->row.folder, m->row.uid, fake.modseq };
    if (fake.gone_n > FAKE_GONE)
        fake.floor = fake.modseq;
    fake_hear((struct event){ .kind = EVENT_MESSAGE_GONE, .folder = m->row.folder });
}

static struct fake_msg *fake_at(uint32_t folder, uint32_t uid)
{
    for (size_t i = 0; i < fake.msgs_n; i++)
        if (!fake.msgs[i].gone && fake.msgs[i].row.folder == folder && fake.msgs[i].row.uid == uid)
            return &fake.msgs[i];
    return NULL;
}

static void fake_close_box(void)
{
    for (size_t i = 0; i < fake.msgs_n; i++)
        free(fake.msgs[i].text);
    memset(&fake, 0, sizeof fake);
}

static void fake_open_box(void)
{
    fake_close_box();
    fake.modseq = 10;
    fake.now_ms = INT64_C(1764000000000); /* 24 Nov 2025 */
    fake.budget.max = 4 * 1024 * 1024;
    fake_folder("INBOX");
    fake_folder("Junk");
    fake_folder("Sent");
    fake_folder("Drafts");
    fake_folder("Trash");
}

/* ---- answers ---- */

static void fake_answer(struct fake_client *c, struct imap_answer a)
{
    a.modseq = a.modseq ? a.modseq : fake.modseq;
    imap_answer(&c->s, &a);
}

static void do_err(struct fake_client *c) { fake_answer(c, (struct imap_answer){ .err = ERR_IO }); }

static bool fake_may_login(struct imap_session *s) { return !fake_of(s)->plain; }
static void do_login(struct fake_client *c)
{
    bool good = str_eq(c->name2, S("secret"));
    c->wrong += !good;
    fake_answer(c, (struct imap_answer){ .err = good ? OK : ERR_DENIED });
}
static void fake_login(struct imap_session *s, struct str user, struct str secret)
{
    struct fake_client *c = fake_of(s);
    c->name = user;
    c->name2 = secret;
    c->ask = do_login;
}
static bool fake_spent(struct imap_session *s) { return fake_of(s)->wrong >= 5; }
static void fake_logout(struct imap_session *s) { (void)s; }

static void do_folders(struct fake_client *c)
{
    for (size_t i = 0; i < fake.folders_n; i++) {
        struct store_folder *f = &fake.folders[i].at;
        f->total = f->unseen = f->deleted = f->recent = 0;
        f->bytes = f->deleted_bytes = 0;
        f->recent_from = fake.claimed[f->no];
        for (size_t k = 0; k < fake.msgs_n; k++) {
            const struct store_row *r = &fake.msgs[k].row;
            if (fake.msgs[k].gone || r->folder != f->no)
                continue;
            f->total++;
            f->bytes += r->size;
            f->unseen += !(r->flags & FLAG_SEEN);
            f->deleted += (r->flags & FLAG_DELETED) != 0;
            f->deleted_bytes += r->flags & FLAG_DELETED ? r->size : 0;
            f->recent += r->uid >= f->recent_from;
        }
    }
    fake_answer(c, (struct imap_answer){ .folders = fake.folders, .folders_n = fake.folders_n });
}
static void fake_folders(struct imap_session *s) { fake_of(s)->ask = do_folders; }

static void do_folders_vacant(struct fake_client *c)
{
    struct folder all[2 * FAKE_FOLDERS];
    memcpy(all, fake.folders, sizeof fake.folders);
    for (size_t i = 0; i < fake.vacant_n; i++)
        all[fake.folders_n + i] = (struct folder){ .name = str_c(fake.vacant[i]), .at.subscribed = true };
    fake_answer(c, (struct imap_answer){ .folders = all, .folders_n = fake.folders_n + fake.vacant_n });
}
static void fake_folders_vacant(struct imap_session *s) { fake_of(s)->ask = do_folders_vacant; }

static void do_create(struct fake_client *c)
{
    char name[256];
    uint32_t no = 0;
    if (fake_named(c->name)) {
        fake_answer(c, (struct imap_answer){ .err = ERR_BUSY });
        return;
    }
    for (size_t i = 1; i <= c->name.n; i++)
        if (i == c->name.n || c->name.p[i] == '/') {
            snprintf(name, sizeof name, "%.*s", (int)i, c->name.p);
            if (!fake_named(str_c(name)) && fake.folders_n < FAKE_FOLDERS)
                no = fake_folder(name);
        }
    if (no != 0)
        fake_find(no)->at.archive = c->on;
    if (no != 0)
        fake_hear_folder(FOLDER_MADE, fake_find(no), (struct str){ 0 });
    fake_answer(c, (struct imap_answer){ .err = no ? OK : ERR_FULL, .no = no });
}
static void fake_create(struct imap_session *s, struct str name, enum folder_use use)
{
    fake_of(s)->on = use == FOLDER_ARCHIVE;
    fake_of(s)->name = name;
    fake_of(s)->ask = do_create;
}

static void do_remove(struct fake_client *c)
{
    struct folder *f = fake_named(c->name);
    if (f == NULL || f->at.no <= FOLDER_FIXED) {
        fake_answer(c, (struct imap_answer){ .err = f ? ERR_DENIED : ERR_GONE });
        return;
    }
    for (size_t i = 0; i < fake.msgs_n; i++)
        if (!fake.msgs[i].gone && fake.msgs[i].row.folder == f->at.no)
            fake_drop(&fake.msgs[i]);
    fake_hear_folder(FOLDER_DELETED, f, (struct str){ 0 });
    fake_vacate(f);
    size_t at = (size_t)(f - fake.folders);
    fake.folders_n--;
    memmove(fake.folders + at, fake.folders + at + 1, (fake.folders_n - at) * sizeof *f);
    memmove(fake.names[at], fake.names[at + 1], (fake.folders_n - at) * sizeof fake.names[0]);
    for (size_t i = at; i < fake.folders_n; i++)
        fake.folders[i].name = str_c(fake.names[i]);
    fake_tell();
    fake_answer(c, (struct imap_answer){ .err = OK });
}
static void fake_remove(struct imap_session *s, struct str name)
{
    fake_of(s)->name = name;
    fake_of(s)->ask = do_remove;
}

static void do_rename(struct fake_client *c)
{
    struct folder *f = fake_named(c->name);
    bool bad = f && f->at.no <= FOLDER_FIXED;
    if (f == NULL || bad || fake_named(c->name2)) {
        fake_answer(c, (struct imap_answer){ .err = f == NULL ? ERR_GONE : bad ? ERR_DENIED : ERR_BUSY });
        return;
    }
    fake_vacate(f);
    char *name = fake.names[f - fake.folders];
    snprintf(name, sizeof fake.names[0], "%.*s", STR_FMT(c->name2));
    f->name = str_c(name);
    fake_hear_folder(FOLDER_RENAMED, f, c->name);
    fake_answer(c, (struct imap_answer){ .err = OK });
}
static void fake_rename(struct imap_session *s, struct str from, struct str to)
{
    fake_of(s)->name = from;
    fake_of(s)->name2 = to;
    fake_of(s)->ask = do_rename;
}

static void do_subscribe(struct fake_client *c)
{
    struct folder *f = fake_named(c->name);
    if (f) {
        f->at.subscribed = c->on;
        fake_hear_folder(c->on ? FOLDER_SUBSCRIBED : FOLDER_UNSUBSCRIBED, f, (struct str){ 0 });
    }
    bool vacant = f == NULL && fake_fill(c->name);
    if (vacant && c->on)
        snprintf(fake.vacant[fake.vacant_n++], sizeof fake.vacant[0], "%.*s", STR_FMT(c->name));
    else if (vacant)
        fake_hear_folder(FOLDER_UNSUBSCRIBED, &(struct folder){ .name = c->name }, (struct str){ 0 });
    fake_answer(c, (struct imap_answer){ .err = f || vacant ? OK : ERR_GONE });
}
static void fake_subscribe(struct imap_session *s, struct str name, bool on)
{
    fake_of(s)->name = name;
    fake_of(s)->on = on;
    fake_of(s)->ask = do_subscribe;
}

static void do_claim(struct fake_client *c)
{
    struct folder *f = fake_find(c->folder);
    uint32_t from = f ? fake.claimed[c->folder] : 0;
    if (f)
        fake.claimed[c->folder] = f->at.uidnext;
    fake_answer(
        c, (struct imap_answer){ .err = f ? OK : ERR_DENIED, .recent_from = f && from < f->at.uidnext ? from : 0 });
}
static void fake_claim(struct imap_session *s, uint32_t folder, bool patient)
{
    (void)patient;
    fake_of(s)->folder = folder;
    fake_of(s)->ask = do_claim;
}

static void do_keywords(struct fake_client *c)
{
    fake_answer(c, (struct imap_answer){ .keywords = fake.keywords, .keywords_n = fake.keywords_n });
}
static void fake_keywords(struct imap_session *s) { fake_of(s)->ask = do_keywords; }

static void do_keyword_put(struct fake_client *c)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t k = 0;
        while (k < fake.keywords_n && !str_eq_nocase(fake.keywords[k].name, c->names[i]))
            k++;
        if (k < fake.keywords_n)
            continue;
        if (k == FAKE_KEYWORDS) {
            fake_answer(c, (struct imap_answer){ .err = ERR_FULL });
            return;
        }
        snprintf(fake.keyword_names[k], sizeof fake.keyword_names[0], "%.*s", STR_FMT(c->names[i]));
        fake.keywords[k] = (struct keyword){ FLAG_KEYWORD(k), str_c(fake.keyword_names[k]) };
        fake.keywords_n++;
    }
    do_keywords(c);
}
static void fake_keyword_put(struct imap_session *s, const struct str *names, size_t n)
{
    fake_of(s)->names = names;
    fake_of(s)->n = n;
    fake_of(s)->ask = do_keyword_put;
}

/* ---- rows ---- */

static struct store_row fake_rows[FAKE_MSGS];
static struct store_gone fake_gone[FAKE_GONE + FAKE_MSGS];
static uint8_t fake_how[FAKE_MSGS];

static void do_list(struct fake_client *c)
{
    size_t n = 0;
    for (size_t i = 0; i < fake.msgs_n; i++) /* by uid, because copies are added behind */
        if (!fake.msgs[i].gone && fake.msgs[i].row.folder == c->folder && fake.msgs[i].row.uid > c->uid)
            fake_rows[n++] = fake.msgs[i].row;
    size_t page = MIN(n, (size_t)500);
    fake_answer(c, (struct imap_answer){ .rows = fake_rows, .rows_n = page, .more = page < n });
}
static void fake_list(struct imap_session *s, uint32_t folder, uint32_t after_uid)
{
    fake_of(s)->folder = folder;
    fake_of(s)->uid = after_uid;
    fake_of(s)->ask = do_list;
}

static int fake_by_modseq(const void *a, const void *b)
{
    const struct store_row *x = a, *y = b;
    return (x->modseq > y->modseq) - (x->modseq < y->modseq);
}

static void do_changes(struct fake_client *c)
{
    struct imap_answer a = { .rows = fake_rows, .gone = fake_gone, .too_old = c->since < fake.floor };
    for (size_t i = 0; i < fake.msgs_n; i++)
        if (!fake.msgs[i].gone && fake.msgs[i].row.folder == c->folder && fake.msgs[i].row.modseq > c->since)
            fake_rows[a.rows_n++] = fake.msgs[i].row;
    qsort(fake_rows, a.rows_n, sizeof *fake_rows, fake_by_modseq);
    a.more = a.rows_n > 300;
    a.rows_n = MIN(a.rows_n, (size_t)300);
    for (size_t i = 0; i < MIN(fake.gone_n, (size_t)FAKE_GONE); i++)
        if (fake.gone[i].folder == c->folder && fake.gone[i].modseq > c->since)
            fake_gone[a.gone_n++] = fake.gone[i];
    fake_answer(c, a);
}
static void fake_changes(struct imap_session *s, uint32_t folder, uint64_t since)
{
    fake_of(s)->folder = folder;
    fake_of(s)->since = since;
    fake_of(s)->ask = do_changes;
}

static void do_flag(struct fake_client *c)
{
    const struct imap_flagging *f = c->flags;
    size_t n = 0;
    for (size_t i = 0; i < f->uids.n; i++) {
        struct fake_msg *m = fake_at(f->folder, f->uids.v[i]);
        if (m == NULL)
            continue;
        uint32_t flags = (m->row.flags & ~f->clear) | f->set;
        bool late = f->conditional && m->row.modseq > f->unchanged_since;
        fake_how[n] = late ? FLAGGED_MODIFIED : flags == m->row.flags ? FLAGGED_SAME : FLAGGED_CHANGED;
        if (fake_how[n] == FLAGGED_CHANGED) {
            m->row.flags = flags;
            m->row.modseq = ++fake.modseq;
            fake_hear((struct event){ .kind = EVENT_MESSAGE_CHANGED, .folder = f->folder });
        }
        fake_rows[n++] = m->row;
    }
    fake_tell();
    fake_answer(c, (struct imap_answer){ .rows = fake_rows, .rows_n = n, .how = fake_how });
}
static void fake_flag(struct imap_session *s, const struct imap_flagging *f)
{
    fake_of(s)->flags = f;
    fake_of(s)->ask = do_flag;
}

static void do_erase(struct fake_client *c)
{
    bool some = false;
    for (size_t i = 0; i < c->uids.n; i++) {
        struct fake_msg *m = fake_at(c->folder, c->uids.v[i]);
        if (m == NULL || !(m->row.flags & FLAG_DELETED))
            continue;
        fake_drop(m);
        some = true;
    }
    fake_tell();
    fake_answer(c, (struct imap_answer){ .found = some });
}
static void fake_erase(struct imap_session *s, uint32_t folder, const struct imap_uids *u)
{
    fake_of(s)->folder = folder;
    fake_of(s)->uids = *u;
    fake_of(s)->ask = do_erase;
}

static void do_copy(struct fake_client *c)
{
    struct imap_answer a = { .rows = fake_rows, .gone = fake_gone };
    for (size_t i = 0; i < c->uids.n; i++) {
        struct fake_msg *m = fake_at(c->folder, c->uids.v[i]);
        if (m == NULL || (c->on && c->to == c->folder))
            continue;
        struct fake_msg *to = fake_add(c->to, str_of(m->text, m->row.size), m->row.flags, m->row.received_ms);
        if (to == NULL)
            break;
        to->row.origin = m->row.origin;
        fake_rows[a.rows_n] = to->row;
        fake_gone[a.rows_n++] = (struct store_gone){ m->row.id, m->row.folder, m->row.uid, m->row.modseq };
        if (c->on)
            fake_drop(m);
    }
    a.gone_n = a.rows_n;
    a.uidvalidity = fake_find(c->to)->at.uidvalidity;
    fake_tell();
    fake_answer(c, a);
}
static void fake_copy(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to)
{
    struct fake_client *c = fake_of(s);
    c->folder = folder;
    c->uids = *u;
    c->to = to;
    c->on = false;
    c->ask = do_copy;
}
static void fake_move(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to)
{
    fake_copy(s, folder, u, to);
    fake_of(s)->on = true;
}

static void do_append(struct fake_client *c)
{
    static uint32_t uids[1000];
    struct fake_msg *old = c->uid != 0 ? fake_at(c->to, c->uid) : NULL;
    bool missing = c->uid != 0 && old == NULL;
    size_t n = 0;
    for (size_t i = 0; i < c->n && missing; i++)
        intake_end(&c->mails[i].octets);
    if (missing) {
        fake_answer(c, (struct imap_answer){ .err = ERR_GONE });
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        struct fake_msg *m =
            fake_add(c->folder, buf_str(&c->mails[i].octets.data), c->mails[i].flags, c->mails[i].date_ms);
        intake_end(&c->mails[i].octets);
        if (m)
            uids[n++] = m->row.uid;
    }
    if (old != NULL && n == c->n)
        fake_drop(old);
    fake_tell();
    struct folder *f = fake_find(c->folder);
    fake_answer(c, (struct imap_answer){ .err = n == c->n ? OK : ERR_FULL,
                                         .uids = { uids, n },
                                         .uidvalidity = f ? f->at.uidvalidity : 0 });
}
static void fake_append(struct imap_session *s, uint32_t folder, struct imap_new_mail *v, size_t n,
                        struct imap_place instead_of)
{
    fake_of(s)->to = instead_of.folder;
    fake_of(s)->uid = instead_of.uid;
    fake_of(s)->folder = folder;
    fake_of(s)->mails = v;
    fake_of(s)->n = n;
    fake_of(s)->ask = do_append;
}

/* ---- a message ---- */

static void fake_shut(struct imap_session *s)
{
    arena_reset(&fake_of(s)->arena);
    fake_of(s)->opened = NULL;
}

static enum err fake_take(struct fake_client *c)
{
    struct str text = c->opened ? str_of(c->opened->text, c->opened->row.size) : (struct str){ 0 };
    struct header_bounds b;
    arena_init(&c->arena, LIMIT_MIME_ARENA);
    if (c->opened == NULL || mime_parse(&c->arena, text, &c->tree) != OK || header_bounds(text, &b) != OK)
        return c->opened ? ERR_BAD : ERR_GONE;
    c->source = (struct imap_source){
        .header = str_sub(text, 0, b.body), .tree = &c->tree, .size = text.n, .saved_ms = c->opened->row.saved_ms
    };
    return OK;
}

static void do_open(struct fake_client *c)
{
    fake_shut(&c->s);
    for (size_t i = 0; i < fake.msgs_n; i++)
        if (!fake.msgs[i].gone && str_eq(msg_id_str(&fake.msgs[i].row.id), msg_id_str(&c->id)))
            c->opened = &fake.msgs[i];
    enum err e = fake_take(c);
    fake_answer(c, (struct imap_answer){ .err = e, .source = e == OK ? &c->source : NULL });
}
static void fake_open(struct imap_session *s, uint32_t folder, const struct imap_uids *ahead)
{
    const struct fake_msg *m = fake_at(folder, ahead->v[0]);
    fake_of(s)->id = m ? m->row.id : (struct msg_id){ 0 };
    fake_of(s)->ask = do_open;
}
/* Every other message has been read ahead. */
static const struct imap_source *fake_ready(struct imap_session *s, uint32_t uid)
{
    struct fake_client *c = fake_of(s);
    fake_shut(s);
    c->opened = uid % 2 == 0 && s->view ? fake_at(s->view->folder, uid) : NULL;
    return c->opened && fake_take(c) == OK ? &c->source : NULL;
}

static bool fake_piece(struct fake_client *c, uint64_t from, struct imap_answer *a)
{
    size_t head = c->source.header.n, at = head + (size_t)(from - head) / FAKE_PIECE * FAKE_PIECE;
    struct str text = str_of(c->opened->text, c->opened->row.size);
    if (c->opened->gone || from < head || from >= text.n)
        return false;
    *a = (struct imap_answer){ .piece = str_sub(text, at, FAKE_PIECE), .piece_at = at };
    return true;
}
static void do_read(struct fake_client *c)
{
    struct imap_answer a;
    if (fake_piece(c, c->at, &a))
        fake_answer(c, a);
    else
        do_err(c);
}
/* Some pieces have been, too. */
static bool fake_at_hand(struct imap_session *s, uint64_t at, struct imap_answer *a)
{
    struct fake_client *c = fake_of(s);
    return c->opened->row.uid % 4 == 2 && fake_piece(c, at, a);
}
static void fake_read(struct imap_session *s, uint64_t at)
{
    fake_of(s)->at = at;
    fake_of(s)->ask = do_read;
}
/* Every other message is large. */
static void do_look(struct fake_client *c) { fake_answer(c, (struct imap_answer){ .found = c->found }); }
static bool fake_look(struct imap_session *s, const struct imap_look *what)
{
    if (what->m.uid % 2 == 0)
        return false;
    fake_of(s)->found = imap_search_match(what->q, &what->m, what->now_ms) == IMAP_SEARCH_YES;
    intake_end(what->whole);
    fake_of(s)->ask = do_look;
    return true;
}
static struct str fake_preview(struct imap_session *s)
{
    (void)s;
    return S("a preview");
}

static void fake_forget(struct imap_session *s)
{
    fake_of(s)->ask = NULL;
    fake_shut(s);
}
static void do_quota(struct fake_client *c)
{
    fake_answer(c, (struct imap_answer){ .quota = { 3000, 1024 * 1024, fake.msgs_n, 500 } });
}
static void fake_quota(struct imap_session *s) { fake_of(s)->ask = do_quota; }
static uint32_t fake_uidvalidity(struct imap_session *s)
{
    (void)s;
    return 101;
}
static int64_t fake_now(struct imap_session *s)
{
    (void)s;
    return fake.now_ms;
}
static bool fake_alive(struct imap_session *s)
{
    (void)s;
    return !fake.ended;
}
static bool fake_room(struct imap_session *s)
{
    struct fake_client *c = fake_of(s);
    c->stuck = c->read_max && c->out.n >= c->read_max;
    return !c->stuck;
}

static bool fake_may_compress(struct imap_session *s)
{
    (void)s;
    return true;
}
static void fake_compress(struct imap_session *s) { (void)s; }

static const struct imap_ops fake_ops = { .may_login = fake_may_login,
                                          .login = fake_login,
                                          .login_spent = fake_spent,
                                          .logout = fake_logout,
                                          .folders = fake_folders,
                                          .create = fake_create,
                                          .remove = fake_remove,
                                          .rename = fake_rename,
                                          .folders_vacant = fake_folders_vacant,
                                          .subscribe = fake_subscribe,
                                          .claim = fake_claim,
                                          .keywords = fake_keywords,
                                          .keyword_put = fake_keyword_put,
                                          .list = fake_list,
                                          .changes = fake_changes,
                                          .flag = fake_flag,
                                          .erase = fake_erase,
                                          .move = fake_move,
                                          .copy = fake_copy,
                                          .append = fake_append,
                                          .open = fake_open,
                                          .ready = fake_ready,
                                          .read = fake_read,
                                          .at_hand = fake_at_hand,
                                          .look = fake_look,
                                          .preview = fake_preview,
                                          .shut = fake_shut,
                                          .forget = fake_forget,
                                          .quota = fake_quota,
                                          .uidvalidity = fake_uidvalidity,
                                          .now_ms = fake_now,
                                          .alive = fake_alive,
                                          .may_compress = fake_may_compress,
                                          .compress = fake_compress,
                                          .room = fake_room };
static const struct imap_rules fake_rules = { .hostname = STR("mx.test"),
                                              .max_bytes = 100000,
                                              .budget = &fake.budget,
                                              .stats = &fake.stats,
                                              .tls = true,
                                              .ops = &fake_ops };

/* ---- a client ---- */

static void fake_client_open(struct fake_client *c, size_t i)
{
    memset(c, 0, sizeof *c);
    c->out = (struct buf){ .max = 16 * 1024 * 1024 };
    c->s.rules = &fake_rules;
    c->s.out = &c->out;
    fake_clients[i] = c;
}

static void fake_client_close(struct fake_client *c)
{
    imap_session_fini(&c->s);
    for (size_t i = 0; i < COUNT(fake_clients); i++)
        if (fake_clients[i] == c)
            fake_clients[i] = NULL;
    buf_fini(&c->out);
}

/* Answers what is asked, until nobody waits. */
static void fake_pump(struct fake_client *c)
{
    for (int turns = 0; turns < 100000 && c->ask != NULL; turns++) {
        void (*ask)(struct fake_client *) = c->ask;
        c->ask = NULL;
        ask(c);
    }
}

/* Feeds all of in, as a connection would: what is not taken is shown again once something has moved. */
static size_t fake_feed(struct fake_client *c, struct str in)
{
    size_t at = 0;
    for (;;) {
        enum imap_mode mode = c->s.mode;
        size_t n = at < in.n ? imap_input(&c->s, str_from(in, at)) : 0;
        bool asked = c->ask != NULL;
        at += n;
        fake_pump(c);
        if (n == 0 && !asked && mode == c->s.mode)
            return at;
    }
}
