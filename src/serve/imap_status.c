/* STATUS and QUOTA: counts that the store keeps, no message is looked at. */
#include "serve/imap_command.h"
#include "serve/imap_name.h"
#include "wire/imap_mailbox.h"
#include "wire/imap_write.h"

static uint64_t count_messages(const struct store_folder *f) { return f->total; }
static uint64_t count_recent(const struct store_folder *f) { return f->recent; }
static uint64_t count_uidnext(const struct store_folder *f) { return f->uidnext; }
static uint64_t count_uidvalidity(const struct store_folder *f) { return f->uidvalidity; }
static uint64_t count_unseen(const struct store_folder *f) { return f->unseen; }
static uint64_t count_deleted(const struct store_folder *f) { return f->deleted; }
/* RFC 9208 section 4.1.4: for what EXPUNGE would really give back, the sum of sizes may stand. */
static uint64_t count_deleted_storage(const struct store_folder *f) { return f->deleted_bytes; }
static uint64_t count_size(const struct store_folder *f) { return f->bytes; }
static uint64_t count_modseq(const struct store_folder *f) { return f->modseq; }

static const struct {
    struct str name;
    uint64_t (*count)(const struct store_folder *f); /* NULL: no number of the folder's */
} items[] = {
    [IMAP_STATUS_MESSAGES] = { STR("MESSAGES"), count_messages },
    [IMAP_STATUS_RECENT] = { STR("RECENT"), count_recent },
    [IMAP_STATUS_UIDNEXT] = { STR("UIDNEXT"), count_uidnext },
    [IMAP_STATUS_UIDVALIDITY] = { STR("UIDVALIDITY"), count_uidvalidity },
    [IMAP_STATUS_UNSEEN] = { STR("UNSEEN"), count_unseen },
    [IMAP_STATUS_DELETED] = { STR("DELETED"), count_deleted },
    [IMAP_STATUS_DELETED_STORAGE] = { STR("DELETED-STORAGE"), count_deleted_storage },
    [IMAP_STATUS_SIZE] = { STR("SIZE"), count_size },
    [IMAP_STATUS_HIGHESTMODSEQ] = { STR("HIGHESTMODSEQ"), count_modseq },
    [IMAP_STATUS_MAILBOXID] = { STR("MAILBOXID"), NULL },
    [IMAP_STATUS_APPENDLIMIT] = { STR("APPENDLIMIT"), NULL },
};

static bool read_item(struct imap_token *t, unsigned *out)
{
    struct str name;
    if (!imap_token_atom(t, &name))
        return false;
    for (size_t i = 0; i < COUNT(items); i++)
        if (str_eq_nocase(items[i].name, name)) {
            *out |= 1u << i;
            return true;
        }
    return false;
}

bool imap_status_read(struct imap_session *s, unsigned *out)
{
    struct imap_token *t = &s->cmd->in;
    *out = 0;
    if (!imap_token_open(t))
        return false;
    do {
        if (!read_item(t, out))
            return false;
    } while (imap_token_more(t));
    if (*out & (1u << IMAP_STATUS_HIGHESTMODSEQ)) /* RFC 7162 section 3.1 */
        imap_condstore(s);
    return !t->failed;
}

void imap_status_put(struct imap_session *s, const struct folder *f, unsigned asked)
{
    const char *gap = "";
    buf_puts(s->out, "* STATUS ");
    imap_mailbox_put(s->out, f->name, imap_utf8(s));
    buf_puts(s->out, " (");
    for (size_t i = 0; i < COUNT(items); i++) {
        if (!(asked & (1u << i)))
            continue;
        buf_puts(s->out, gap);
        gap = " ";
        if (i == IMAP_STATUS_MAILBOXID) {
            imap_put_mailboxid(s, s->out, f->at.no);
            continue;
        }
        buf_printf(s->out, "%.*s ", STR_FMT(items[i].name));
        buf_put_u64(s->out, i == IMAP_STATUS_APPENDLIMIT ? s->rules->max_bytes : items[i].count(&f->at));
    }
    buf_puts(s->out, ")\r\n");
}

struct status {
    struct str name;
    unsigned items;
};

static void on_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct status *st = s->cmd->state;
    const struct folder *f = imap_folder_find(a, st->name);
    if (a->err != OK || f == NULL) {
        imap_fail(s, a->err != OK ? a->err : ERR_DENIED);
        return;
    }
    imap_status_put(s, f, st->items);
    imap_reply(s, "OK that is all");
}

void imap_run_status(struct imap_session *s)
{
    struct status *st = imap_state(s, sizeof *st);
    if (st == NULL || !imap_name_read(s, &st->name))
        return;
    if (imap_token_sp(&s->cmd->in) && imap_status_read(s, &st->items) && imap_token_end(&s->cmd->in))
        imap_ask(s, on_folders)->folders(s);
    else
        imap_bad(s);
}

/* ---- QUOTA (RFC 9208): one root, the box itself ---- */

static void on_quota(struct imap_session *s, const struct imap_answer *a)
{
    const struct imap_quota *q = &a->quota;
    if (a->err != OK) {
        imap_fail(s, a->err);
        return;
    }
    imap_untagged(s, "QUOTA \"\" (STORAGE %llu %llu MESSAGE %llu %llu)", (unsigned long long)((q->bytes + 1023) / 1024),
                  (unsigned long long)(q->max_bytes / 1024), (unsigned long long)q->messages,
                  (unsigned long long)q->max_messages);
    imap_reply(s, "OK that is all");
}

void imap_run_getquota(struct imap_session *s)
{
    struct str root;
    if (!imap_token_astring(&s->cmd->in, &root) || !imap_token_end(&s->cmd->in))
        imap_bad(s);
    else if (!str_empty(root))
        imap_reply(s, "NO [NONEXISTENT] no such quota root");
    else
        imap_ask(s, on_quota)->quota(s);
}

static void on_quota_folders(struct imap_session *s, const struct imap_answer *a)
{
    struct status *st = s->cmd->state;
    if (a->err != OK || imap_folder_find(a, st->name) == NULL) {
        imap_fail(s, a->err != OK ? a->err : ERR_DENIED);
        return;
    }
    buf_puts(s->out, "* QUOTAROOT ");
    imap_mailbox_put(s->out, st->name, imap_utf8(s));
    buf_puts(s->out, " \"\"\r\n");
    imap_ask(s, on_quota)->quota(s);
}

void imap_run_getquotaroot(struct imap_session *s)
{
    struct status *st = imap_state(s, sizeof *st);
    if (st == NULL || !imap_name_read(s, &st->name))
        return;
    if (imap_token_end(&s->cmd->in))
        imap_ask(s, on_quota_folders)->folders(s);
    else
        imap_bad(s);
}
