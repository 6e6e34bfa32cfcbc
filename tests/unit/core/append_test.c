/* What the holder brings in or copies: the same octets come out again, all of a set or nothing, and each is told once.
 */
#include "core/body.h"
#include "core/mail_append.h"
#include "core/mail_change.h"
#include "core/mail_copy.h"
#include "core/world.h"

static struct intake_budget budget;
static struct mail_at at(void)
{
    return (struct mail_at){ .store = w.store, .hub = w.hub, .loop = w.loop, .opened = w.opened };
}

/* ---- answers ---- */
static uint32_t uids[16], uidvalidity;
static size_t n;
static struct msg_id ids[16];
static const char *why;

static void on_appended(void *ctx, enum err e, const char *reason, const struct mail_appended *m)
{
    (void)ctx;
    why = reason;
    n = m == NULL ? 0 : m->n;
    uidvalidity = m == NULL ? 0 : m->uidvalidity;
    for (size_t i = 0; i < n && i < COUNT(uids); i++) {
        uids[i] = m->uids[i];
        ids[i] = m->ids[i];
    }
    answered(e);
}

static struct mail_append *begin(uint32_t folder)
{
    struct mail_at a = at();
    struct mail_append *m = mail_append_new(&a, w.work, folder);
    CHECK(m != NULL);
    return m;
}

static void add(struct mail_append *m, struct str text, uint32_t flags, int64_t date_ms)
{
    struct intake in;
    CHECK_OK(intake_begin(&in, &budget, text.n, 64 << 20));
    CHECK_OK(intake_put(&in, text));
    CHECK_OK(mail_append_add(m, &in, flags, date_ms));
    CHECK(in.budget == NULL); /* taken */
}

static enum err commit(struct mail_append *m)
{
    mail_append_commit(m, on_appended, NULL);
    CHECK(!w.answered);
    return answer();
}

static struct store_row row_of(uint32_t folder, uint32_t uid);

/* ---- events ---- */
static struct event_listener ears;
static int news, changes, gones;
static char last_json[4096];
static struct event last;

static void on_told(struct event_listener *l, const struct event *e)
{
    (void)l;
    news += e->kind == EVENT_MESSAGE_NEW;
    changes += e->kind == EVENT_MESSAGE_CHANGED;
    gones += e->kind == EVENT_MESSAGE_GONE;
    copy(last_json, sizeof last_json, e->json);
    event_copy(&last, e);
}

static void settle(struct job *j)
{
    (void)j;
    answered(OK);
}
static void hear(void)
{
    struct job j = { .run = settle };
    post(w.loop, &j);
    CHECK_OK(answer());
}

static void start(void)
{
    world_open();
    start_box();
    budget = (struct intake_budget){ .max = 128 << 20 };
    news = changes = gones = 0;
    ears = (struct event_listener){ .box = w.box, .on = on_told };
    event_listen(w.hub, w.loop, &ears);
}
static void stop(void)
{
    CHECK_EQ(budget.used, 0);
    event_unlisten(w.hub, &ears);
    world_close();
}

static struct store_row got;
static void on_row(struct store_req *q)
{
    got = ((const struct store_get *)(void *)q)->row;
    answered(q->err);
}
static struct store_row row_of(uint32_t folder, uint32_t uid)
{
    struct store_get *g = STORE_NEW(get, NULL, on_row);
    g->box = w.box;
    g->by_uid = true;
    g->folder = folder;
    g->uid = uid;
    got = (struct store_row){ 0 };
    store_submit(w.store, w.loop, &g->req);
    enum err e = answer();
    CHECK(e == OK || e == ERR_GONE);
    return got;
}

/* The message as stored, octet by octet. */
static void check_text(const struct msg_id *id, struct str want)
{
    w.first = *id;
    CHECK_OK(stream(-1));
    CHECK_EQ(w.info.size, want.n);
    CHECK(str_eq(buf_str(&w.bytes), want));
}

static char large[700 * 1024];
static struct str large_text(void)
{
    int head = snprintf(large, sizeof large, "From: a@b.example\r\nFrom: twice@b.example\r\nSubject: large\r\n\r\n");
    for (size_t i = (size_t)head; i < sizeof large; i++)
        large[i] = (i + 2) % 78 == 0 ? '\r' : (i + 1) % 78 == 0 ? '\n' : (char)('a' + i * i % 23);
    return str_of(large, sizeof large);
}

TEST(several_messages_come_in_together)
{
    start();
    struct mail_append *m = begin(FOLDER_DRAFTS);
    struct str texts[] = { str_c(mail_text), large_text(), S(""), S("no header at all") };
    for (size_t i = 0; i < COUNT(texts); i++)
        add(m, texts[i], i == 0 ? FLAG_SEEN | FLAG_DRAFT | FLAG_KEYWORD(3) | 64 : 0, i == 0 ? 86400000 : 0);
    CHECK_OK(commit(m));
    CHECK_EQ(n, 4);
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(uids[i], i + 1);
        check_text(&ids[i], texts[i]);
    }
    hear();
    CHECK_EQ(news, 4);
    struct store_row r = row_of(FOLDER_DRAFTS, 1);
    CHECK_EQ(r.flags, FLAG_SEEN | FLAG_DRAFT | FLAG_KEYWORD(3)); /* of 64 nobody knows */
    CHECK_EQ(r.received_ms, 86400000);
    CHECK(r.saved_ms > 86400000);
    CHECK_EQ(r.size, sizeof mail_text - 1);
    CHECK(last.folder == FOLDER_DRAFTS && last.uid == 4 && last.saved_ms > 0 && last.size == 16 && last.modseq > 0);
    m = begin(FOLDER_DRAFTS);
    add(m, str_c(mail_text), 0, 0);
    CHECK_OK(commit(m));
    hear();
    CHECK(str_find_nocase(str_c(last_json), S("\"code\":\"739204\"")) != STR_NONE); /* understood like any mail */
    CHECK_OK(commit(begin(FOLDER_DRAFTS)));
    CHECK_EQ(n, 0);
    stop();
}

TEST(one_that_fails_stores_none)
{
    start();
    struct mail_append *m = begin(4711);
    add(m, str_c(mail_text), 0, 0);
    CHECK_EQ(commit(m), ERR_DENIED); /* no such folder */
    m = begin(FOLDER_INBOX);
    for (int i = 0; i < 101; i++) /* the box holds a hundred */
        add(m, S("Subject: x\r\n\r\nx\r\n"), 0, 0);
    CHECK_EQ(commit(m), ERR_FULL);
    static char head[300 * 1024];
    memset(head, 'x', sizeof head);
    memcpy(head, "X: ", 3);
    m = begin(FOLDER_INBOX);
    add(m, str_c(mail_text), 0, 0);
    add(m, str_of(head, sizeof head), 0, 0);
    CHECK_EQ(commit(m), ERR_BAD);
    CHECK_STR("why", str_c(why), "header too large");
    static char many[5 * 1001 + 2];
    for (int i = 0; i < 1001; i++)
        memcpy(many + 5 * i, "X:y\r\n", 5);
    memcpy(many + 5 * 1001, "\r\n", 2);
    m = begin(FOLDER_INBOX);
    add(m, str_of(many, sizeof many), 0, 0);
    CHECK_EQ(commit(m), ERR_BAD);
    CHECK_STR("why", str_c(why), "too many header fields");
    CHECK_EQ(row_of(FOLDER_INBOX, 1).uid, 0);
    m = begin(FOLDER_INBOX);
    for (int i = 0; i < MAIL_APPEND_MAX; i++)
        add(m, S(""), 0, 0);
    struct intake in;
    CHECK_OK(intake_begin(&in, &budget, 0, 100));
    CHECK_EQ(mail_append_add(m, &in, 0, 0), ERR_FULL);
    CHECK_EQ(commit(m), ERR_FULL);
    hear();
    CHECK_EQ(news, 0);
    m = begin(FOLDER_INBOX); /* forgotten, one of them while it is being read */
    add(m, str_c(mail_text), 0, 0);
    add(m, large_text(), 0, 0);
    mail_append_cancel(m);
    mail_append_cancel(begin(FOLDER_INBOX));
    m = begin(FOLDER_INBOX); /* too late to be stopped */
    add(m, str_c(mail_text), 0, 0);
    mail_append_commit(m, on_appended, NULL);
    mail_append_cancel(m);
    while (news == 0)
        hear();
    CHECK(!w.answered);
    CHECK_EQ(row_of(FOLDER_INBOX, 1).uid, 1);
    CHECK_EQ(row_of(FOLDER_INBOX, 2).uid, 0);
    while (budget.used > 0)
        hear();
    stop();
}

TEST(one_replaces_another_in_one_step)
{
    start();
    struct mail_append *m = begin(FOLDER_DRAFTS);
    add(m, S("Subject: draft\r\n\r\nfirst\r\n"), FLAG_DRAFT, 0);
    CHECK_OK(commit(m));
    struct msg_id old = ids[0];
    m = begin(FOLDER_SENT);
    mail_append_instead_of(m, FOLDER_DRAFTS, uids[0]);
    add(m, str_c(mail_text), FLAG_SEEN, 0);
    CHECK_OK(commit(m));
    check_text(&ids[0], str_c(mail_text));
    hear();
    CHECK(news == 2 && gones == 1 && last.kind == EVENT_MESSAGE_GONE); /* the new one is told first */
    CHECK(last.folder == FOLDER_DRAFTS && last.uid == 1 && memcmp(&last.msg, &old, sizeof old) == 0);
    CHECK_EQ(row_of(FOLDER_DRAFTS, 1).uid, 0);
    m = begin(FOLDER_SENT);
    mail_append_instead_of(m, FOLDER_DRAFTS, 1);
    add(m, str_c(mail_text), 0, 0);
    CHECK_EQ(commit(m), ERR_GONE);
    hear();
    CHECK(news == 2 && gones == 1 && row_of(FOLDER_SENT, 2).uid == 0);
    stop();
}

TEST(message_memory_has_a_ceiling)
{
    struct intake a, b;
    struct intake_budget small = { .max = 40000 };
    CHECK_OK(intake_begin(&a, &small, 30000, 100000));
    CHECK_EQ(intake_begin(&b, &small, 20000, 100000), ERR_BUSY);
    intake_end(&b); /* never began */
    static char text[50000];
    CHECK_OK(intake_put(&a, str_of(text, 30000)));
    CHECK_EQ(intake_put(&a, S("x")), ERR_BUSY); /* to grow it would hold both for a moment */
    CHECK_EQ(a.data.n, 30000);
    CHECK_EQ(small.used, 30000);
    CHECK(!intake_budget_stressed(&small) && small.used <= small.max);
    intake_end(&a);
    CHECK_EQ(small.used, 0);
    CHECK_OK(intake_begin(&a, &small, 0, 20000));
    CHECK_OK(intake_put(&a, str_of(text, 20000)));
    CHECK_EQ(intake_put(&a, S("x")), ERR_FULL); /* more than the message may have */
    intake_end(&a);
    intake_end(&a);
    CHECK_EQ(small.used, 0);
}

static struct store_gone from[16];
static struct store_row rows[16];
static void on_copied(void *ctx, enum err e, const struct mail_copied *c)
{
    (void)ctx;
    n = c == NULL ? 0 : c->n;
    uidvalidity = c == NULL ? 0 : c->uidvalidity;
    for (size_t i = 0; i < n && i < COUNT(rows); i++) {
        from[i] = c->from[i];
        rows[i] = c->rows[i];
    }
    answered(e);
}

static enum err copy_to(const struct store_pick *pick, uint32_t folder)
{
    struct mail_at a = at();
    CHECK(mail_copy(&a, pick, folder, on_copied, NULL) != NULL);
    CHECK(!w.answered);
    return answer();
}

TEST(a_copy_is_the_same_mail_under_another_id)
{
    start();
    struct mail_append *m = begin(FOLDER_INBOX);
    add(m, str_c(mail_text), FLAG_SEEN | FLAG_KEYWORD(0), 86400000);
    add(m, large_text(), FLAG_FLAGGED, 0);
    CHECK_OK(commit(m));
    hear();
    news = 0;
    const uint32_t pick_uids[] = { 2, 9, 1 };
    struct store_pick pick = { .uids = pick_uids, .n = 3, .folder = FOLDER_INBOX };
    CHECK_OK(copy_to(&pick, FOLDER_SENT));
    CHECK_EQ(n, 2);
    CHECK(from[0].uid == 2 && from[1].uid == 1 && from[0].folder == FOLDER_INBOX);
    CHECK(rows[0].uid == 1 && rows[1].uid == 2 && rows[0].folder == FOLDER_SENT && uidvalidity > 0);
    CHECK(memcmp(&rows[0].id, &ids[1], MSG_ID_N) != 0);
    CHECK(memcmp(&rows[0].origin, &ids[1], MSG_ID_N) == 0);
    struct store_row copy = row_of(FOLDER_SENT, 1);
    CHECK(memcmp(&copy.origin, &ids[1], MSG_ID_N) == 0 && memcmp(&copy.id, &rows[0].id, MSG_ID_N) == 0);
    hear();
    CHECK_EQ(news, 2);
    CHECK(last.uid == 2 && last.flags == (FLAG_SEEN | FLAG_KEYWORD(0)));
    CHECK(str_find_nocase(str_c(last_json), S("\"code\":\"739204\"")) != STR_NONE);
    struct store_row r = row_of(FOLDER_SENT, 2);
    CHECK_EQ(r.received_ms, 86400000);
    CHECK_EQ(r.flags, FLAG_SEEN | FLAG_KEYWORD(0));
    CHECK(r.saved_ms > r.received_ms);
    check_text(&rows[1].id, str_c(mail_text));
    check_text(&rows[0].id, large_text());
    CHECK_OK(copy_to(&(struct store_pick){ .ids = &ids[0], .n = 1 }, FOLDER_INBOX)); /* beside itself */
    CHECK_EQ(rows[0].uid, 3);
    struct mail_at a = at();
    CHECK(mail_expunge(&a, &(struct store_pick){ .ids = ids, .n = 2 }, false, NULL, NULL) != NULL);
    hear();
    while (gones < 2)
        hear();
    check_text(&rows[0].id, str_c(mail_text)); /* the original is gone, the copy is its own */
    CHECK_OK(copy_to(&(struct store_pick){ .ids = ids, .n = 2 }, FOLDER_SENT));
    CHECK_EQ(n, 0); /* those not there are left out */
    stop();
}

TEST(a_copy_that_fails_leaves_nothing)
{
    start();
    struct mail_append *m = begin(FOLDER_INBOX);
    for (int i = 0; i < 60; i++)
        add(m, S("Subject: x\r\n\r\nx\r\n"), 0, 0);
    CHECK_OK(commit(m));
    hear();
    news = 0;
    uint32_t all[60];
    for (uint32_t i = 0; i < 60; i++)
        all[i] = i + 1;
    struct store_pick pick = { .uids = all, .n = 60, .folder = FOLDER_INBOX };
    CHECK_EQ(copy_to(&pick, FOLDER_SENT), ERR_FULL); /* the box holds a hundred */
    CHECK_EQ(row_of(FOLDER_SENT, 1).uid, 0);
    pick.n = 1;
    CHECK_EQ(copy_to(&pick, 4711), ERR_DENIED);
    pick.n = STORE_IDS_MAX + 1;
    CHECK_EQ(copy_to(&pick, FOLDER_SENT), ERR_FULL);
    hear();
    CHECK_EQ(news, 0);
    stop();
}

/* Beyond what one step takes, what is stored already goes again when a later step fails. */
TEST(a_large_copy_is_undone_as_a_whole)
{
    static char big[3 << 20];
    start();
    rand_bytes(big, sizeof big / 2);
    for (size_t i = 0; i < sizeof big / 2; i++)
        big[i] = (char)(big[i] & 0x7f ? big[i] : 'x');
    memcpy(big, "Subject: noise\r\n\r\n", 18);
    struct mail_append *m = begin(FOLDER_INBOX);
    for (int i = 0; i < 22; i++) /* 33 of 64 MiB: the copies do not fit beside them */
        add(m, str_of(big, sizeof big / 2), 0, 0);
    CHECK_OK(commit(m));
    hear();
    news = 0;
    uint32_t all[22];
    for (uint32_t i = 0; i < 22; i++)
        all[i] = i + 1;
    struct store_pick pick = { .uids = all, .n = 22, .folder = FOLDER_INBOX };
    CHECK_EQ(copy_to(&pick, FOLDER_SENT), ERR_FULL);
    CHECK_EQ(row_of(FOLDER_SENT, 1).uid, 0);
    pick.n = 7; /* two steps */
    CHECK_OK(copy_to(&pick, FOLDER_SENT));
    CHECK_EQ(n, 7);
    CHECK(rows[0].uid > 1); /* those undone had theirs */
    for (uint32_t i = 1; i < 7; i++)
        CHECK_EQ(rows[i].uid, rows[0].uid + i);
    check_text(&rows[6].id, str_of(big, sizeof big / 2));
    hear();
    CHECK_EQ(news - gones, 7); /* each step is told as it is stored, and what was undone is told to be gone */
    CHECK(gones > 0);
    stop();
}

static size_t changed;
static void on_flagged(void *ctx, enum err e, const struct store_flag *f)
{
    (void)ctx;
    changed = f->changed;
    n = f->rows_n;
    answered(e);
}
static void on_moved(void *ctx, enum err e, const struct store_move *m)
{
    (void)ctx;
    n = m->rows_n;
    answered(e);
}
static void on_expunged(void *ctx, enum err e, const struct store_delete *d)
{
    (void)ctx;
    n = d->deleted;
    answered(e);
}

TEST(each_change_of_a_set_is_told_once)
{
    start();
    struct mail_append *m = begin(FOLDER_INBOX);
    for (int i = 0; i < 3; i++)
        add(m, S("Subject: x\r\n\r\nx\r\n"), i == 1 ? FLAG_SEEN : 0, 0);
    CHECK_OK(commit(m));
    struct mail_at a = at();
    const uint32_t all[] = { 1, 2, 3 };
    struct store_pick pick = { .uids = all, .n = 3, .folder = FOLDER_INBOX };
    CHECK(mail_flag(&a, &pick, &(struct mail_flags){ .set = FLAG_SEEN }, on_flagged, NULL) != NULL);
    CHECK(!w.answered);
    CHECK_OK(answer());
    CHECK(n == 3 && changed == 2);
    hear();
    CHECK_EQ(changes, 2); /* the second was seen before */
    CHECK(last.uid == 3 && last.flags == FLAG_SEEN && last.from_folder == 0 && last.saved_ms > 0);
    struct mail_flags old = { .set = FLAG_DELETED, .conditional = true, .unchanged_since = last.modseq - 1 };
    CHECK(mail_flag(&a, &pick, &old, on_flagged, NULL) != NULL);
    CHECK_OK(answer());
    CHECK(n == 3 && changed == 2); /* the third is younger */
    hear();
    CHECK_EQ(changes, 4);
    CHECK(mail_expunge(&a, &pick, true, on_expunged, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(n, 2);
    hear();
    CHECK_EQ(gones, 2);
    CHECK(last.uid == 2 && last.folder == FOLDER_INBOX && last.modseq > 0);
    CHECK(mail_move(&a, &pick, FOLDER_TRASH, on_moved, NULL) != NULL);
    CHECK_OK(answer());
    CHECK_EQ(n, 1);
    hear();
    CHECK_EQ(changes, 5);
    CHECK(last.kind == EVENT_MESSAGE_CHANGED && last.folder == FOLDER_TRASH && last.uid == 1);
    CHECK(last.from_folder == FOLDER_INBOX && last.from_uid == 3 && last.from_modseq + 1 == last.modseq);
    mail_change_cancel(mail_flag(&a, &(struct store_pick){ .uids = all, .n = 1, .folder = FOLDER_TRASH },
                                 &(struct mail_flags){ .clear = FLAGS_ALL }, on_flagged, NULL));
    while (changes < 6)
        hear();
    CHECK(!w.answered);
    CHECK_EQ(last.flags, 0);
    stop();
}
