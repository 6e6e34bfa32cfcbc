/* What a session asks about folders and rows, as requests to core and the store. What an answer points to holds during
 * the call only, and so does what the session is told. */
#include "serve/imap_client.h"

enum { ROWS_AT_ONCE = 10000, CHANGES_AT_ONCE = 1000 };

/* ---- folders ---- */

static void on_folders(void *ctx, enum err e, const struct folder *all, size_t n, uint64_t modseq)
{
    struct imap_client *c = ctx;
    c->asked.folder = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = e, .folders = all, .folders_n = n, .modseq = modseq });
}

static void on_folder(void *ctx, enum err e, const struct store_folder *of)
{
    struct imap_client *c = ctx;
    c->asked.folder = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = e, .no = of ? of->no : 0 });
}

static void asked_folder(struct imap_client *c, struct folder_req *r)
{
    c->asked.folder = r;
    if (r == NULL)
        imap_client_no_memory(c);
}

void imap_client_folders(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_list(&at, on_folders, c));
}

void imap_client_folders_vacant(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_list_vacant(&at, on_folders, c));
}

void imap_client_create(struct imap_session *s, struct str name, enum folder_use use)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_create(&at, name, use, on_folder, c));
}

void imap_client_remove(struct imap_session *s, struct str name)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_delete(&at, name, on_folder, c));
}

void imap_client_rename(struct imap_session *s, struct str from, struct str to)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_rename(&at, from, to, on_folder, c));
}

void imap_client_subscribe(struct imap_session *s, struct str name, bool on)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_folder(c, folder_subscribe(&at, name, on, on_folder, c));
}

/* ---- keywords ---- */

static void on_keywords(void *ctx, enum err e, const struct keyword *all, size_t n)
{
    struct imap_client *c = ctx;
    c->asked.keyword = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = e, .keywords = all, .keywords_n = n });
}

static void asked_keyword(struct imap_client *c, struct keyword_req *r)
{
    c->asked.keyword = r;
    if (r == NULL)
        imap_client_no_memory(c);
}

void imap_client_keywords(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_keyword(c, keyword_list(&at, on_keywords, c));
}

static void on_keyword_put(void *ctx, enum err e, uint32_t)
{
    struct imap_client *c = ctx;
    c->asked.keyword = NULL;
    if (e == OK)
        imap_client_keywords(&c->s);
    else
        imap_client_tell(c, &(struct imap_answer){ .err = e });
}

void imap_client_keyword_put(struct imap_session *s, const struct str *names, size_t n)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    asked_keyword(c, keyword_put(&at, names, n, on_keyword_put, c));
}

/* ---- rows ---- */

static void submit(struct imap_client *c, struct store_req *r)
{
    c->asked.store = r;
    store_submit(c->of->o.store, c->of->conns.loop, r);
}

static void on_claimed(struct store_req *r)
{
    struct imap_client *c = r->ctx;
    const struct store_recent *q = (const struct store_recent *)(void *)r;
    c->asked.store = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = r->err, .recent_from = q->first < q->uidnext ? q->first : 0 });
}

void imap_client_claim(struct imap_session *s, uint32_t folder, bool patient)
{
    struct imap_client *c = imap_client_of(s);
    struct store_recent *q = STORE_NEW(recent, c, on_claimed);
    if (q == NULL) {
        imap_client_no_memory(c);
        return;
    }
    q->box = c->o->box.id;
    q->folder = folder;
    q->claim = true;
    q->req.patient = patient;
    submit(c, &q->req);
}

static void on_list(struct store_req *r)
{
    struct imap_client *c = r->ctx;
    const struct store_list *q = (const struct store_list *)(void *)r;
    c->asked.store = NULL;
    imap_client_tell(c, &(struct imap_answer){
                            .err = r->err, .rows = q->rows, .rows_n = q->n, .more = q->more, .modseq = q->modseq });
}

void imap_client_list(struct imap_session *s, uint32_t folder, uint32_t after_uid)
{
    struct imap_client *c = imap_client_of(s);
    struct store_list *q = STORE_NEW(list, c, on_list);
    if (q == NULL) {
        imap_client_no_memory(c);
        return;
    }
    q->box = c->o->box.id;
    q->folder = folder;
    q->ascending = true;
    q->after_uid = after_uid;
    q->limit = ROWS_AT_ONCE;
    submit(c, &q->req);
}

static void on_changes(struct store_req *r)
{
    struct imap_client *c = r->ctx;
    const struct store_changes *q = (const struct store_changes *)(void *)r;
    c->asked.store = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = r->err,
                                               .rows = q->rows,
                                               .rows_n = q->n,
                                               .gone = q->gone,
                                               .gone_n = q->gone_n,
                                               .more = q->more,
                                               .too_old = q->too_old,
                                               .modseq = q->modseq });
}

void imap_client_changes(struct imap_session *s, uint32_t folder, uint64_t since)
{
    struct imap_client *c = imap_client_of(s);
    struct store_changes *q = STORE_NEW(changes, c, on_changes);
    if (q == NULL) {
        imap_client_no_memory(c);
        return;
    }
    q->box = c->o->box.id;
    q->folder = folder;
    q->since = since;
    q->limit = CHANGES_AT_ONCE;
    submit(c, &q->req);
}

/* ---- quota ---- */

static void on_box(void *ctx, enum err e, const struct refusal *, const struct store_box *box)
{
    struct imap_client *c = ctx;
    struct imap_answer a = { .err = e };
    c->asked.box = NULL;
    if (box != NULL)
        a.quota = (struct imap_quota){ box->bytes, box->max_bytes, box->messages, box->max_messages };
    imap_client_tell(c, &a);
}

void imap_client_quota(struct imap_session *s)
{
    struct imap_client *c = imap_client_of(s);
    c->asked.box = mailbox_fresh(c->of->o.boxes, c->o, on_box, c);
    if (c->asked.box == NULL)
        imap_client_no_memory(c);
}
