/* What a session asks to be changed. Core tells everybody who listens, this session too. */
#include "core/mail_append.h"
#include "serve/imap_client.h"

static struct store_pick pick(uint32_t folder, const struct imap_uids *u)
{
    return (struct store_pick){ .uids = u->v, .n = u->n, .folder = folder };
}

static void asked(struct imap_client *c, struct mail_change_req *r)
{
    c->asked.change = r;
    if (r == NULL)
        imap_client_no_memory(c);
}

static void on_flagged(void *ctx, enum err e, const struct store_flag *r)
{
    struct imap_client *c = ctx;
    struct imap_answer a = { .err = e };
    c->asked.change = NULL;
    if (e == OK) {
        a.rows = r->rows;
        a.rows_n = r->rows_n;
        a.how = r->how;
        a.modseq = r->modseq;
        imap_client_teach_flagged(c, r);
    }
    imap_client_tell(c, &a);
}

void imap_client_flag(struct imap_session *s, const struct imap_flagging *f)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    struct store_pick p = pick(f->folder, &f->uids);
    struct mail_flags how = {
        .set = f->set, .clear = f->clear, .conditional = f->conditional, .unchanged_since = f->unchanged_since
    };
    asked(c, mail_flag(&at, &p, &how, on_flagged, c));
}

static void on_erased(void *ctx, enum err e, const struct store_delete *r)
{
    struct imap_client *c = ctx;
    c->asked.change = NULL;
    imap_client_tell(c, &(struct imap_answer){ .err = e, .found = e == OK && r->deleted > 0 });
}

void imap_client_erase(struct imap_session *s, uint32_t folder, const struct imap_uids *u)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    struct store_pick p = pick(folder, u);
    asked(c, mail_expunge(&at, &p, true, on_erased, c));
}

static void on_moved(void *ctx, enum err e, const struct store_move *r)
{
    struct imap_client *c = ctx;
    struct imap_answer a = { .err = e };
    c->asked.change = NULL;
    if (e == OK) {
        a.rows = r->rows;
        a.gone = r->gone;
        a.rows_n = a.gone_n = r->rows_n;
        a.uidvalidity = r->uidvalidity;
        imap_client_teach_moved(c, r->gone, r->rows, r->rows_n);
    }
    imap_client_tell(c, &a);
}

void imap_client_move(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    struct store_pick p = pick(folder, u);
    asked(c, mail_move(&at, &p, to, on_moved, c));
}

static void on_copied(void *ctx, enum err e, const struct mail_copied *r)
{
    struct imap_client *c = ctx;
    struct imap_answer a = { .err = e };
    c->asked.copy = NULL;
    if (e == OK) {
        a.rows = r->rows;
        a.gone = r->from;
        a.rows_n = a.gone_n = r->n;
        a.uidvalidity = r->uidvalidity;
        imap_client_teach_moved(c, r->from, r->rows, r->n);
    }
    imap_client_tell(c, &a);
}

void imap_client_copy(struct imap_session *s, uint32_t folder, const struct imap_uids *u, uint32_t to)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    struct store_pick p = pick(folder, u);
    c->asked.copy = mail_copy(&at, &p, to, on_copied, c);
    if (c->asked.copy == NULL)
        imap_client_no_memory(c);
}

static void on_appended(void *ctx, enum err e, const char *why, const struct mail_appended *r)
{
    struct imap_client *c = ctx;
    struct imap_answer a = { .err = e, .why = why };
    c->asked.append = NULL;
    if (e == OK) {
        a.uids = (struct imap_uids){ r->uids, r->n };
        a.uidvalidity = r->uidvalidity;
    }
    imap_client_tell(c, &a);
}

void imap_client_append(struct imap_session *s, uint32_t folder, struct imap_new_mail *v, size_t n,
                        struct imap_place instead_of)
{
    struct imap_client *c = imap_client_of(s);
    struct mail_at at = imap_client_at(c);
    struct mail_append *a = mail_append_new(&at, c->of->o.work, folder);
    enum err e = a == NULL ? ERR_FULL : OK;
    for (size_t i = 0; i < n; i++) {
        if (e == OK)
            e = mail_append_add(a, &v[i].octets, v[i].flags, v[i].date_ms);
        intake_end(&v[i].octets);
    }
    if (e != OK) {
        mail_append_cancel(a);
        imap_client_no_memory(c);
        return;
    }
    c->asked.append = a;
    mail_append_instead_of(a, instead_of.folder, instead_of.uid);
    mail_append_commit(a, on_appended, c);
}
