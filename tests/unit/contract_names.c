/* The contract of what mail programs need: folders and keywords by hashed names, flags under a condition, moves and
 * deletions that say where a message was, appends of several messages at once, lists for thousands of rows. */
#include "contract.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HOUR = 3600 * 1000, FIRST_MADE = FOLDER_FIXED + 1 };

/* One new folder, or one whose name changes; its hash is made of the name. */
static struct store_folder_put *new_put(const struct box_id *box, size_t n)
{
    struct store_folder_put *q = NEW(folder_put);
    q->box = *box;
    q->items = arena_array(&q->req.arena, n, sizeof *q->items);
    q->n = n;
    return q;
}

static void name_item(struct store_folder_put *q, size_t i, uint32_t no, const char *name)
{
    struct store_folder_item *it = &q->items[i];
    it->no = no;
    it->set = FOLDER_SET_NAME;
    it->sealed = arena_printf(&q->req.arena, "sealed %s", name);
    memcpy(it->name_hash, name, MIN(strlen(name), (size_t)NAME_HASH_N));
}

/* As many as there may be: f0, f1, ... */
static struct store_folder_put *new_put_full(const struct box_id *box)
{
    struct store_folder_put *q = new_put(box, STORE_FOLDERS_MAX);
    for (size_t i = 0; i < q->n; i++) {
        char name[24];
        snprintf(name, sizeof name, "f%zu", i);
        name_item(q, i, 0, name);
    }
    return q;
}

static struct store_folder_put *put(struct rig *r, const struct box_id *box, uint32_t no, const char *name)
{
    struct store_folder_put *q = new_put(box, 1);
    name_item(q, 0, no, name);
    return RUN(r, folder_put, q);
}

static uint32_t make(struct rig *r, const struct box_id *box, const char *name)
{
    struct store_folder_put *q = put(r, box, 0, name);
    CHECK_OK(q->req.err);
    return q->items[0].folder.no;
}

static struct store_folder_del *del(struct rig *r, const struct box_id *box, uint32_t no)
{
    struct store_folder_del *q = NEW(folder_del);
    q->box = *box;
    q->no = no;
    return RUN(r, folder_del, q);
}

static enum err append_to(struct rig *r, const struct box_id *box, unsigned msg, uint32_t folder, uint32_t flags)
{
    struct store_append *a = new_append(r, box, msg, S("body"));
    a->items[0].folder = folder;
    a->items[0].flags = flags;
    return RUN(r, append, a)->req.err;
}

static struct store_move *move_to(struct rig *r, const struct box_id *box, const unsigned *ids, size_t n,
                                  uint32_t folder)
{
    struct store_move *m = NEW(move);
    m->box = *box;
    m->pick = (struct store_pick){ .ids = rig_ids(&m->req.arena, ids, n), .n = n };
    m->folder = folder;
    return RUN(r, move, m);
}

CASE(folders_are_made_renamed_deleted)
{
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    for (uint32_t no = FOLDER_INBOX; no <= FOLDER_FIXED; no++) {
        struct store_folder f = rig_folder(r, &box, no);
        CHECK(f.no == no && f.uidnext == 1 && f.modseq == 1 && f.subscribed && f.recent_from == 1 && f.uidvalidity > 0);
    }
    struct store_folder_put *q = put(r, &box, 0, "work");
    CHECK_OK(q->req.err);
    struct store_folder made = q->items[0].folder;
    CHECK_EQ(made.no, FIRST_MADE);
    CHECK(made.uidvalidity > rig_folder(r, &box, FOLDER_INBOX).uidvalidity);
    CHECK(!made.subscribed);
    CHECK_STR("name", rig_folder(r, &box, FIRST_MADE).sealed, "sealed work");
    CHECK_EQ(put(r, &box, 0, "work")->req.err, ERR_BUSY);
    CHECK_EQ(make(r, &box, "play"), FIRST_MADE + 1);
    CHECK_EQ(put(r, &box, FIRST_MADE + 1, "work")->req.err, ERR_BUSY);
    CHECK_STR("as it was", rig_folder(r, &box, FIRST_MADE + 1).sealed, "sealed play");
    CHECK_OK(put(r, &box, FIRST_MADE + 1, "play")->req.err); /* its own name is not taken */
    CHECK_OK(put(r, &box, FIRST_MADE, "home")->req.err);
    CHECK_STR("renamed", rig_folder(r, &box, FIRST_MADE).sealed, "sealed home");
    CHECK_EQ(rig_folder(r, &box, FIRST_MADE).uidvalidity, made.uidvalidity);
    CHECK_EQ(put(r, &box, FOLDER_SENT, "sent")->req.err, ERR_DENIED);
    CHECK_EQ(put(r, &box, 99, "nowhere")->req.err, ERR_DENIED);
    CHECK_EQ(put(r, &other, FIRST_MADE, "not mine")->req.err, ERR_DENIED);
    CHECK_EQ(rig_folder(r, &other, FIRST_MADE).no, 0);
    CHECK_OK(append_to(r, &box, 1, FIRST_MADE, 0));
    CHECK_OK(del(r, &box, FIRST_MADE)->req.err);
    CHECK_EQ(rig_folder(r, &box, FIRST_MADE).no, 0);
    CHECK_EQ(del(r, &box, FIRST_MADE)->req.err, ERR_DENIED);
    CHECK_EQ(del(r, &box, FOLDER_TRASH)->req.err, ERR_DENIED);
    CHECK_EQ(append_to(r, &box, 2, FIRST_MADE, 0), ERR_DENIED);
    CHECK_EQ(append_to(r, &box, 2, FOLDER_ANY, 0), ERR_DENIED);
    CHECK_EQ(make(r, &box, "home"), FIRST_MADE + 2); /* a number never comes again */
    rig_reopen(r);
    CHECK_STR("kept", rig_folder(r, &box, FIRST_MADE + 1).sealed, "sealed play");
    CHECK_EQ(make(r, &box, "more"), FIRST_MADE + 3);
}

CASE(several_folders_are_one_step)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_folder_put *q = new_put(&box, 3);
    name_item(q, 0, 0, "a");
    name_item(q, 1, 0, "a/b");
    name_item(q, 2, 0, "a");
    CHECK_EQ(RUN(r, folder_put, q)->req.err, ERR_BUSY);
    CHECK_EQ(rig_folder(r, &box, FIRST_MADE).no, 0); /* none of them */
    q = new_put(&box, 2);
    name_item(q, 0, 0, "a");
    name_item(q, 1, 0, "a/b");
    q->items[1].set |= FOLDER_SET_SUBSCRIBED;
    q->items[1].subscribed = true;
    q = RUN(r, folder_put, q);
    CHECK_OK(q->req.err);
    CHECK(q->items[0].folder.no == FIRST_MADE && q->items[1].folder.no == FIRST_MADE + 1);
    CHECK(!q->items[0].folder.subscribed && q->items[1].folder.subscribed);
    CHECK(q->items[0].folder.uidvalidity < q->items[1].folder.uidvalidity);
    q = new_put(&box, 2); /* they swap their names: each takes what the other gives up */
    name_item(q, 0, FIRST_MADE, "a/b");
    name_item(q, 1, FIRST_MADE + 1, "a");
    uint32_t high = rig_folder(r, &box, FIRST_MADE + 1).uidvalidity;
    q = RUN(r, folder_put, q);
    CHECK_OK(q->req.err);
    CHECK(q->items[0].folder.uidvalidity > high && q->items[1].folder.uidvalidity > high);
    CHECK_STR("swapped", rig_folder(r, &box, FIRST_MADE).sealed, "sealed a/b");
    struct store_folder_put *s = new_put(&box, 1);
    s->items[0] = (struct store_folder_item){ .no = FOLDER_JUNK, .set = FOLDER_SET_SUBSCRIBED };
    CHECK_OK(RUN(r, folder_put, s)->req.err);
    CHECK(!rig_folder(r, &box, FOLDER_JUNK).subscribed);
    rig_reopen(r);
    CHECK(!rig_folder(r, &box, FOLDER_JUNK).subscribed);
    CHECK(rig_folder(r, &box, FOLDER_SENT).subscribed);
}

CASE(folders_have_ceilings)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_folder_put *q = new_put_full(&box);
    CHECK_OK(RUN(r, folder_put, q)->req.err);
    CHECK_EQ(put(r, &box, 0, "one more")->req.err, ERR_FULL);
    CHECK_OK(put(r, &box, FIRST_MADE, "another name")->req.err);
    CHECK_OK(del(r, &box, FIRST_MADE + 7)->req.err);
    CHECK_OK(put(r, &box, 0, "one more")->req.err);
    struct store_folders *all = NEW(folders);
    all->box = box;
    all = RUN(r, folders, all);
    CHECK_EQ(all->n, STORE_FOLDERS_MAX + FOLDER_FIXED);
    for (size_t i = 1; i < all->n; i++)
        CHECK(all->folders[i].no > all->folders[i - 1].no);
    static char sealed[STORE_NAME_MAX + 1];
    q = new_put(&box, 1);
    name_item(q, 0, FIRST_MADE, "x");
    q->items[0].sealed = arena_dup(&q->req.arena, str_of(sealed, STORE_NAME_MAX));
    CHECK_OK(RUN(r, folder_put, q)->req.err);
    q = new_put(&box, 1);
    name_item(q, 0, FIRST_MADE, "x");
    q->items[0].sealed = arena_dup(&q->req.arena, str_of(sealed, STORE_NAME_MAX + 1));
    CHECK_EQ(RUN(r, folder_put, q)->req.err, ERR_BAD);
    q = new_put(&box, 1); /* a new one needs a name */
    q->items[0].set = FOLDER_SET_SUBSCRIBED;
    CHECK_EQ(RUN(r, folder_put, q)->req.err, ERR_BAD);
}

static struct store_folders *folders(struct rig *r, const struct box_id *box)
{
    struct store_folders *q = NEW(folders);
    q->box = *box;
    q = RUN(r, folders, q);
    CHECK_OK(q->req.err);
    return q;
}

static void subscribe(struct rig *r, const struct box_id *box, uint32_t no)
{
    struct store_folder_put *q = new_put(box, 1);
    q->items[0] = (struct store_folder_item){ .no = no, .set = FOLDER_SET_SUBSCRIBED, .subscribed = true };
    CHECK_OK(RUN(r, folder_put, q)->req.err);
}

static enum err unvacant(struct rig *r, const struct box_id *box, const char *name)
{
    struct store_folder_put *q = new_put(box, 1);
    name_item(q, 0, 0, name);
    q->items[0].set = FOLDER_UNVACANT;
    q = RUN(r, folder_put, q);
    CHECK_EQ(q->items[0].folder.no, 0);
    return q->req.err;
}

/* RFC 3501 section 6.3.6. */
CASE(a_subscribed_name_outlives_its_folder)
{
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    uint32_t no = make(r, &box, "work"), plain = make(r, &box, "plain");
    subscribe(r, &box, no);
    CHECK_EQ(folders(r, &box)->vacant_n, 0);
    CHECK_OK(del(r, &box, plain)->req.err);
    CHECK_OK(del(r, &box, no)->req.err);
    for (int i = 0; i < 2; i++) {
        struct store_folders *all = folders(r, &box);
        CHECK(all->n == FOLDER_FIXED && all->vacant_n == 1);
        CHECK_STR("kept", all->vacant[0].sealed, "sealed work");
        CHECK(memcmp(all->vacant[0].name_hash, "work", 5) == 0);
        rig_reopen(r);
    }
    CHECK_EQ(folders(r, &other)->vacant_n, 0);
    no = make(r, &box, "work"); /* made again: it is subscribed */
    CHECK(rig_folder(r, &box, no).subscribed && folders(r, &box)->vacant_n == 0);
    CHECK_OK(put(r, &box, no, "home")->req.err); /* renamed: both names are */
    CHECK(rig_folder(r, &box, no).subscribed);
    CHECK_STR("the old name", folders(r, &box)->vacant[0].sealed, "sealed work");
    CHECK_OK(put(r, &box, no, "work")->req.err); /* and back */
    CHECK_STR("the other way", folders(r, &box)->vacant[0].sealed, "sealed home");
    CHECK_EQ(unvacant(r, &box, "work"), ERR_DENIED); /* a folder has it */
    CHECK_EQ(unvacant(r, &box, "none"), ERR_DENIED);
    CHECK_OK(unvacant(r, &box, "home"));
    CHECK_EQ(unvacant(r, &box, "home"), ERR_DENIED);
    rig_reopen(r);
    CHECK_EQ(folders(r, &box)->vacant_n, 0);
    uint32_t free_one = make(r, &box, "free");
    struct store_folder_put *q = new_put(&box, 2); /* they swap their names: nothing is left behind */
    name_item(q, 0, no, "free");
    name_item(q, 1, free_one, "work");
    CHECK_OK(RUN(r, folder_put, q)->req.err);
    CHECK(rig_folder(r, &box, no).subscribed && rig_folder(r, &box, free_one).subscribed);
    CHECK_EQ(folders(r, &box)->vacant_n, 0);
}

CASE(vacant_names_have_a_ceiling)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_folder_put *q = new_put_full(&box);
    for (size_t i = 0; i < q->n; i++) {
        q->items[i].set |= FOLDER_SET_SUBSCRIBED;
        q->items[i].subscribed = true;
    }
    CHECK_OK(RUN(r, folder_put, q)->req.err);
    CHECK_EQ(put(r, &box, FIRST_MADE, "a name more")->req.err, ERR_FULL);
    CHECK_STR("as it was", rig_folder(r, &box, FIRST_MADE).sealed, "sealed f0");
    CHECK_EQ(folders(r, &box)->vacant_n, 0);
    for (uint32_t i = 0; i < STORE_FOLDERS_MAX; i++)
        CHECK_OK(del(r, &box, FIRST_MADE + i)->req.err);
    CHECK_EQ(folders(r, &box)->vacant_n, STORE_FOLDERS_MAX);
    CHECK_EQ(put(r, &box, 0, "one more")->req.err, ERR_FULL);
    CHECK_OK(put(r, &box, 0, "f7")->req.err);
    CHECK_OK(unvacant(r, &box, "f8"));
    CHECK_OK(put(r, &box, 0, "one more")->req.err);
    struct store_folders *all = folders(r, &box);
    CHECK(all->n == FOLDER_FIXED + 2 && all->vacant_n == STORE_FOLDERS_MAX - 2);
}

/* RFC 3501 section 2.3.1.1: under one name it only ever goes up. */
CASE(a_uidvalidity_never_comes_again_for_a_name)
{
    struct box_id box = rig_box(r, 1, HOUR);
    uint32_t seen = 0, no = 0;
    for (int i = 0; i < 3; i++) { /* deleted and made again */
        no = make(r, &box, "name");
        CHECK(rig_folder(r, &box, no).uidvalidity > seen);
        seen = rig_folder(r, &box, no).uidvalidity;
        CHECK_OK(del(r, &box, no)->req.err);
    }
    uint32_t old = make(r, &box, "old"), fresh = make(r, &box, "name");
    CHECK(rig_folder(r, &box, old).uidvalidity > seen);
    seen = rig_folder(r, &box, fresh).uidvalidity;
    CHECK_OK(del(r, &box, fresh)->req.err);
    CHECK_OK(put(r, &box, old, "name")->req.err); /* an older folder takes a younger one's name */
    CHECK(rig_folder(r, &box, old).uidvalidity > seen);
    seen = rig_folder(r, &box, old).uidvalidity;
    fresh = make(r, &box, "fresh");
    CHECK_OK(put(r, &box, old, "away")->req.err);
    CHECK_OK(put(r, &box, fresh, "name")->req.err);
    CHECK(rig_folder(r, &box, fresh).uidvalidity > seen);
}

/* Section 6.3.5: nobody else had the name, so its messages keep their UIDs. */
CASE(a_folder_that_is_renamed_back_keeps_its_uidvalidity)
{
    struct box_id box = rig_box(r, 1, HOUR);
    uint32_t other = make(r, &box, "other"), no = make(r, &box, "name"), seen = rig_folder(r, &box, no).uidvalidity;
    CHECK_OK(put(r, &box, no, "away")->req.err);
    CHECK_OK(put(r, &box, no, "name")->req.err);
    CHECK_EQ(rig_folder(r, &box, no).uidvalidity, seen);
    CHECK_OK(put(r, &box, no, "away")->req.err);
    CHECK_OK(put(r, &box, other, "name")->req.err);
    CHECK(rig_folder(r, &box, other).uidvalidity > seen);
    CHECK_OK(put(r, &box, other, "elsewhere")->req.err);
    CHECK_OK(put(r, &box, no, "name")->req.err);
    CHECK(rig_folder(r, &box, no).uidvalidity > rig_folder(r, &box, other).uidvalidity);
}

static bool forgotten(struct rig *r)
{
    struct store_stats s;
    store_stats(r->store, &s);
    return s.boxes == 0;
}

CASE(nor_does_it_in_a_later_box_of_the_address)
{
    struct box_id box = rig_box(r, 1, HOUR);
    uint32_t no = 0;
    for (int i = 0; i < 30; i++) { /* thirty in less than a second: the series is ahead of the clock */
        no = make(r, &box, "name");
        if (i < 29)
            CHECK_OK(del(r, &box, no)->req.err);
    }
    uint32_t seen = rig_folder(r, &box, no).uidvalidity;
    CHECK_OK(rig_end(r, &box));
    CHECK(rig_until(r, forgotten));
    for (unsigned i = 2; i <= 4; i++) { /* at once, after a restart, when the clock is far ahead */
        struct store_create *c = new_create(r, 1, HOUR);
        c->box.id = rig_id(i);
        c = RUN(r, create, c);
        CHECK_OK(c->req.err);
        box = rig_id(i);
        CHECK(rig_folder(r, &box, FOLDER_INBOX).uidvalidity > seen);
        seen = rig_folder(r, &box, make(r, &box, "name")).uidvalidity;
        CHECK_OK(rig_end(r, &box));
        CHECK(rig_until(r, forgotten));
        if (i == 2)
            rig_reopen(r);
        else
            rig_advance(r, HOUR);
    }
}

CASE(a_folder_goes_with_its_messages)
{
    struct box_id box = rig_box(r, 1, HOUR);
    uint32_t no = make(r, &box, "work");
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, 0));
    CHECK_OK(append_to(r, &box, 2, no, 0));
    CHECK_OK(append_to(r, &box, 3, no, FLAG_SEEN));
    uint64_t since = rig_list(r, &box, FOLDER_ANY)->modseq;
    struct store_folder_del *d = del(r, &box, no);
    CHECK_OK(d->req.err);
    CHECK_EQ(d->gone_n, 2);
    CHECK(d->gone[0].folder == no && d->gone[0].uid == 1 && d->gone[1].uid == 2);
    CHECK(d->gone[0].modseq > since && d->gone[1].modseq == d->modseq);
    CHECK_EQ(rig_list(r, &box, no)->n, 0);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->n, 1);
    struct store_changes *c = NEW(changes);
    c->box = box;
    c->since = since;
    CHECK_EQ(RUN(r, changes, c)->gone_n, 2);
    struct store_find *f = NEW(find);
    f->by_id = true;
    f->id = box;
    CHECK_EQ(RUN(r, find, f)->box.messages, 1);
    CHECK_EQ(move_to(r, &box, (unsigned[]){ 1 }, 1, no)->req.err, ERR_DENIED);
    CHECK_EQ(move_to(r, &box, (unsigned[]){ 1 }, 1, FOLDER_ANY)->req.err, ERR_DENIED);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
}

CASE(an_archive_stays_one)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_folder_put *q = new_put(&box, 1);
    name_item(q, 0, 0, "archive");
    q->items[0].set |= FOLDER_SET_ARCHIVE;
    q = RUN(r, folder_put, q);
    CHECK_OK(q->req.err);
    CHECK(q->items[0].folder.archive && !rig_folder(r, &box, FOLDER_TRASH).archive);
    CHECK_OK(put(r, &box, FIRST_MADE, "old")->req.err); /* whatever its name */
    CHECK_OK(append_to(r, &box, 1, FIRST_MADE, 0));
    CHECK(rig_folder(r, &box, FIRST_MADE).archive);
    CHECK(!rig_folder(r, &box, make(r, &box, "archive")).archive);
}

CASE(counts_of_a_folder)
{
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, 0));
    CHECK_OK(append_to(r, &box, 2, FOLDER_INBOX, FLAG_SEEN | FLAG_DELETED));
    CHECK_OK(append_to(r, &box, 3, FOLDER_INBOX, FLAG_DELETED));
    struct store_folder f = rig_folder(r, &box, FOLDER_INBOX);
    CHECK(f.total == 3 && f.unseen == 2 && f.deleted == 2 && f.bytes == 12 && f.recent == 3 && f.uidnext == 4);
    CHECK_EQ(f.deleted_bytes, 8);
    struct store_recent *q = NEW(recent);
    q->box = box;
    q->folder = FOLDER_INBOX;
    q = RUN(r, recent, q);
    CHECK_OK(q->req.err);
    CHECK(q->first == 1 && q->uidnext == 4);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).recent, 3); /* only looked at */
    for (int i = 0; i < 2; i++) {
        q = NEW(recent);
        q->box = box;
        q->folder = FOLDER_INBOX;
        q->claim = true;
        q = RUN(r, recent, q);
        CHECK(q->first == (i == 0 ? 1u : 4u) && q->uidnext == 4);
    }
    CHECK_OK(append_to(r, &box, 4, FOLDER_INBOX, 0));
    f = rig_folder(r, &box, FOLDER_INBOX);
    CHECK(f.recent == 1 && f.recent_from == 4);
    CHECK_EQ(move_to(r, &box, (unsigned[]){ 4, 3 }, 2, FOLDER_TRASH)->rows_n, 2);
    f = rig_folder(r, &box, FOLDER_INBOX);
    CHECK(f.total == 2 && f.unseen == 1 && f.deleted == 1 && f.bytes == 8 && f.recent == 0 && f.uidnext == 5);
    CHECK_EQ(f.deleted_bytes, 4);
    f = rig_folder(r, &box, FOLDER_TRASH);
    CHECK(f.total == 2 && f.unseen == 2 && f.deleted == 1 && f.bytes == 8 && f.recent == 2 && f.uidnext == 3);
    q = NEW(recent);
    q->box = box;
    q->folder = 77;
    CHECK_EQ(RUN(r, recent, q)->req.err, ERR_DENIED);
}

/* With the next commit, or by itself a little later. */
CASE(what_is_patient_rides_along)
{
    struct box_id box = rig_box(r, 1, 3600000);
    unsigned together = 0;
    for (unsigned i = 1; i <= 20; i++) {
        struct store_recent *q = NEW(recent);
        struct store_req *claimed, *stored;
        struct store_stats before, after;
        *q = (struct store_recent){ .req = q->req, .box = box, .folder = FOLDER_INBOX, .claim = true };
        q->req.patient = true;
        store_stats(r->store, &before);
        rig_send(r, &q->req, &claimed);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
        rig_send(r, &new_append(r, &box, i, S("body"))->req, &stored);
        rig_wait(r);
        CHECK(claimed->err == OK && stored->err == OK);
        q = (struct store_recent *)claimed;
        CHECK(q->uidnext == i && q->first == MAX(i, 2u) - 1); /* it came before the mail */
        store_stats(r->store, &after);
        together += i > 1 && after.commits == before.commits + 1; /* the first one claims nothing */
    }
    CHECK(together > 0);
    struct store_recent *alone = NEW(recent);
    *alone = (struct store_recent){ .req = alone->req, .box = box, .folder = FOLDER_INBOX, .claim = true };
    alone->req.patient = true;
    CHECK_OK(RUN(r, recent, alone)->req.err);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).recent, 0);
}

static struct store_flag *new_flag(const struct box_id *box, const unsigned *ids, size_t n)
{
    struct store_flag *f = NEW(flag);
    f->box = *box;
    f->pick = (struct store_pick){ .ids = rig_ids(&f->req.arena, ids, n), .n = n };
    return f;
}

CASE(flags_are_added_taken_replaced)
{
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, FLAG_SEEN | FLAG_KEYWORD(23)));
    CHECK_OK(append_to(r, &box, 2, FOLDER_INBOX, FLAG_FLAGGED));
    struct store_flag *f = new_flag(&box, (unsigned[]){ 2, 9, 1 }, 3);
    f->clear = FLAGS_ALL;
    f->set = FLAG_FLAGGED;
    f = RUN(r, flag, f);
    CHECK_OK(f->req.err);
    CHECK_EQ(f->rows_n, 2); /* in the order asked for */
    CHECK(f->rows[0].uid == 2 && f->how[0] == FLAGGED_SAME && f->rows[0].flags == FLAG_FLAGGED);
    CHECK(f->was[0] == FLAG_FLAGGED && f->was[1] != FLAG_FLAGGED);
    CHECK(f->rows[1].uid == 1 && f->how[1] == FLAGGED_CHANGED && f->rows[1].flags == FLAG_FLAGGED);
    CHECK_EQ(f->changed, 1);
    CHECK(f->rows[1].modseq == f->modseq && f->rows[0].modseq < f->modseq);
    CHECK(f->rows[0].env.p == NULL && f->rows[0].folder == FOLDER_INBOX);
    uint64_t after = f->modseq;
    f = new_flag(&box, (unsigned[]){ 1, 2 }, 2);
    f->set = FLAG_ANSWERED;
    f->conditional = true;
    f->unchanged_since = after - 1;
    f = RUN(r, flag, f);
    CHECK_OK(f->req.err);
    CHECK(f->how[0] == FLAGGED_MODIFIED && f->rows[0].flags == FLAG_FLAGGED && f->rows[0].modseq == after);
    CHECK(f->how[1] == FLAGGED_CHANGED && f->rows[1].flags == (FLAG_FLAGGED | FLAG_ANSWERED));
    f = new_flag(&box, (unsigned[]){ 1 }, 1);
    f->set = FLAG_ANSWERED;
    f->conditional = true; /* since 0: nothing is so old */
    CHECK_EQ(RUN(r, flag, f)->how[0], FLAGGED_MODIFIED);
    f = NEW(flag);
    f->box = box;
    uint32_t *uids = arena_array(&f->req.arena, 3, sizeof *uids);
    memcpy(uids, (uint32_t[]){ 2, 1, 7 }, 3 * sizeof *uids);
    f->pick = (struct store_pick){ .uids = uids, .n = 3, .folder = FOLDER_INBOX };
    f->set = FLAG_SEEN;
    f = RUN(r, flag, f);
    CHECK(f->rows_n == 2 && f->rows[0].uid == 2 && f->changed == 2);
    f = new_flag(&box, (unsigned[]){ 1 }, 1);
    f->pick.folder = FOLDER_TRASH; /* it does not lie there */
    f->set = FLAG_DELETED;
    CHECK_EQ(RUN(r, flag, f)->rows_n, 0);
    f = new_flag(&box, (unsigned[]){ 1 }, 1);
    f->pick = (struct store_pick){ .uids = arena_array(&f->req.arena, 1, 4), .n = 1 };
    CHECK_EQ(RUN(r, flag, f)->req.err, ERR_BAD); /* uids without a folder */
    f = new_flag(&box, (unsigned[]){ 1 }, 1);
    f->pick.n = STORE_IDS_MAX + 1;
    CHECK_EQ(RUN(r, flag, f)->req.err, ERR_FULL);
}

CASE(a_move_tells_where_from)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_append *a = new_append(r, &box, 1, S("body"));
    a->received_ms = 12345;
    int64_t before = store_now_ms(r->store);
    a = RUN(r, append, a);
    CHECK(a->items[0].saved_ms >= before && a->items[0].saved_ms <= store_now_ms(r->store));
    CHECK_EQ(a->items[0].uidvalidity, rig_folder(r, &box, FOLDER_INBOX).uidvalidity);
    CHECK_OK(append_to(r, &box, 2, FOLDER_JUNK, 0));
    uint32_t no = make(r, &box, "work");
    rig_advance(r, 5000);
    struct store_move *m = move_to(r, &box, (unsigned[]){ 2, 1, 2 }, 3, no);
    CHECK_OK(m->req.err);
    CHECK_EQ(m->rows_n, 2);
    CHECK_EQ(m->uidvalidity, rig_folder(r, &box, no).uidvalidity);
    CHECK(m->rows[0].uid == 1 && m->rows[1].uid == 2 && m->rows[1].folder == no);
    CHECK(m->gone[0].folder == FOLDER_JUNK && m->gone[1].folder == FOLDER_INBOX && m->gone[1].uid == 1);
    CHECK(m->gone[0].modseq < m->rows[0].modseq && m->rows[0].modseq < m->gone[1].modseq);
    CHECK_EQ(m->rows[1].received_ms, 12345);
    CHECK(m->rows[1].saved_ms >= before + 5000 && m->rows[1].saved_ms <= store_now_ms(r->store));
    struct store_list *l = rig_list(r, &box, no);
    CHECK(l->n == 2 && l->rows[0].saved_ms == m->rows[1].saved_ms && l->rows[0].received_ms == 12345);
    CHECK_STR("whole", l->rows[0].env, "env 1");
    CHECK_STR("its name too", rig_folder(r, &box, no).sealed, "sealed work");
    m = NEW(move);
    m->box = box;
    m->pick =
        (struct store_pick){ .ids = rig_ids(&m->req.arena, (unsigned[]){ 1 }, 1), .n = 1, .folder = FOLDER_INBOX };
    m->folder = FOLDER_TRASH;
    CHECK_EQ(RUN(r, move, m)->rows_n, 0); /* somebody took it from there before */
}

static struct msg_id origin_of(struct rig *r, const struct box_id *box, unsigned msg)
{
    struct store_get *g = NEW(get);
    g->box = *box;
    g->id = rig_msg(msg);
    return RUN(r, get, g)->row.origin;
}

CASE(a_copy_knows_its_origin)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct msg_id first = rig_msg(1);
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, 0));
    struct store_append *a = new_append(r, &box, 2, S("body"));
    a->items[0].origin = first;
    CHECK_OK(RUN(r, append, a)->req.err);
    CHECK_OK(move_to(r, &box, (unsigned[]){ 1, 2 }, 2, FOLDER_TRASH)->req.err);
    struct store_flag *f = new_flag(&box, (unsigned[]){ 1, 2 }, 2);
    f->set = FLAG_SEEN;
    CHECK_EQ(RUN(r, flag, f)->changed, 2);
    rig_reopen(r);
    struct msg_id of[2] = { origin_of(r, &box, 1), origin_of(r, &box, 2) };
    CHECK(memcmp(&of[0], &first, MSG_ID_N) == 0 && memcmp(&of[1], &first, MSG_ID_N) == 0);
    struct store_list *l = rig_list(r, &box, FOLDER_TRASH);
    CHECK(memcmp(&l->rows[0].origin, &first, MSG_ID_N) == 0 && memcmp(&l->rows[0].id, &first, MSG_ID_N) != 0);
    CHECK_STR("its envelope too", l->n == 2 ? l->rows[0].env : S(""), "env 2");
}

CASE(an_expunge_takes_what_is_marked)
{
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, FLAG_DELETED));
    CHECK_OK(append_to(r, &box, 2, FOLDER_INBOX, 0));
    CHECK_OK(append_to(r, &box, 3, FOLDER_TRASH, FLAG_DELETED));
    struct store_delete *d = NEW(delete);
    d->box = box;
    d->pick = (struct store_pick){ .ids = rig_ids(&d->req.arena, (unsigned[]){ 3, 2, 1 }, 3), .n = 3 };
    d->pick.folder = FOLDER_INBOX;
    d->only_deleted = true;
    d = RUN(r, delete, d);
    CHECK_OK(d->req.err);
    CHECK_EQ(d->deleted, 1);
    struct msg_id first = rig_msg(1);
    CHECK(memcmp(&d->gone[0].id, &first, MSG_ID_N) == 0);
    CHECK(d->gone[0].folder == FOLDER_INBOX && d->gone[0].uid == 1 && d->gone[0].modseq == d->modseq);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).modseq, d->modseq);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->n, 2);
}

static struct store_append *new_group(struct rig *r, const struct box_id *box, unsigned first, size_t n)
{
    struct store_append *a = new_append(r, box, first, S("body"));
    struct store_append_item one = a->items[0];
    a->items = arena_array(&a->req.arena, n, sizeof one);
    a->n = n;
    a->all_or_nothing = true;
    for (size_t i = 0; i < n; i++) {
        a->items[i] = one;
        a->items[i].id = rig_msg(first + (unsigned)i);
        a->items[i].own = true;
    }
    return a;
}

CASE(several_messages_all_or_nothing)
{
    struct store_create *c = new_create(r, 1, HOUR);
    c->box.max_messages = 5;
    c->box.ends_after = 1;
    CHECK_OK(RUN(r, create, c)->req.err);
    struct box_id box = rig_id(1), other = rig_box(r, 2, HOUR);
    struct store_append *a = new_group(r, &box, 1, 3);
    a->items[1].received_ms = 777;
    a->items[1].size = 99;
    a->items[1].flags = FLAG_DRAFT;
    a = RUN(r, append, a);
    CHECK_OK(a->req.err);
    CHECK(a->items[0].uid == 1 && a->items[1].uid == 2 && a->items[2].uid == 3);
    struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
    CHECK(l->rows[1].received_ms == 777 && l->rows[1].size == 99 && l->rows[1].flags == FLAG_DRAFT);
    CHECK(l->rows[0].size == 4 && l->rows[0].received_ms != 777);
    struct store_find *f = NEW(find);
    f->by_id = true;
    f->id = box;
    f = RUN(r, find, f);
    CHECK(f->box.received == 0 && f->box.messages == 3); /* the holder's own is no mail received */
    a = RUN(r, append, new_group(r, &box, 4, 3));
    CHECK_EQ(a->req.err, ERR_FULL); /* the third has no room */
    CHECK(a->items[0].err == ERR_FULL && a->items[2].err == ERR_FULL);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 3);
    a = new_group(r, &box, 4, 2);
    a->items[1].folder = 50;
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_DENIED);
    a = new_group(r, &box, 4, 2);
    a->items[1].generation = 9;
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_BUSY);
    a = new_group(r, &box, 4, 2);
    a->items[1].box = other;
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_BAD);
    a = new_group(r, &box, 4, 2);
    memset(a->items[1].dedupe, 1, HASH_N);
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_BAD);
    a = new_group(r, &box, 1, 1);
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_BAD); /* an id is used once */
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->n, 3);
    CHECK_EQ(rig_list(r, &other, FOLDER_ANY)->n, 0);
    CHECK_OK(RUN(r, append, new_group(r, &box, 4, 2))->req.err);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].uid, 5); /* and no uid was lost on the way */
}

CASE(bytes_of_a_group_are_counted_together)
{
    struct store_create *c = new_create(r, 1, HOUR);
    c->box.max_bytes = 100;
    CHECK_OK(RUN(r, create, c)->req.err);
    struct box_id box = rig_id(1);
    CHECK_EQ(RUN(r, append, new_group(r, &box, 1, 6))->req.err, ERR_FULL);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 0);
    CHECK_OK(RUN(r, append, new_group(r, &box, 1, 5))->req.err); /* of 20 each */
}

static struct store_append *new_replacement(struct rig *r, const struct box_id *box, unsigned msg, unsigned old)
{
    struct store_append *a = new_group(r, box, msg, 1);
    a->instead_of = (struct store_pick){ .ids = rig_ids(&a->req.arena, &old, 1), .n = 1, .folder = FOLDER_INBOX };
    return a;
}

CASE(one_message_replaces_another)
{
    struct store_create *c = new_create(r, 1, HOUR);
    c->box.max_messages = 2;
    c->box.max_bytes = 48;
    CHECK_OK(RUN(r, create, c)->req.err);
    struct box_id box = rig_id(1);
    CHECK_OK(append_to(r, &box, 1, FOLDER_INBOX, 0));
    CHECK_OK(append_to(r, &box, 2, FOLDER_INBOX, FLAG_SEEN));
    CHECK_EQ(append_to(r, &box, 3, FOLDER_INBOX, 0), ERR_FULL);
    struct store_append *a = new_replacement(r, &box, 3, 1);
    a->items[0].folder = FOLDER_DRAFTS;
    a = RUN(r, append, a); /* full, but for what goes */
    CHECK_OK(a->req.err);
    struct msg_id first = rig_msg(1);
    CHECK(memcmp(&a->gone[0].id, &first, MSG_ID_N) == 0 && a->gone[0].uid == 1 && a->gone[0].folder == FOLDER_INBOX);
    CHECK(a->gone[0].modseq > a->items[0].modseq && rig_folder(r, &box, FOLDER_INBOX).modseq == a->gone[0].modseq);
    CHECK_EQ(rig_list(r, &box, FOLDER_DRAFTS)->n, 1);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
    struct store_find *f = NEW(find);
    f->by_id = true;
    f->id = box;
    f = RUN(r, find, f);
    CHECK(f->box.messages == 2 && f->box.bytes == 40);
    CHECK_EQ(RUN(r, append, new_replacement(r, &box, 4, 1))->req.err, ERR_GONE); /* it went before */
    CHECK_EQ(RUN(r, append, new_replacement(r, &box, 4, 3))->req.err, ERR_GONE); /* it lies elsewhere */
    a = new_replacement(r, &box, 4, 2);
    a->items[0].folder = 50;
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_DENIED);
    a = new_replacement(r, &box, 4, 2);
    a->items[0].body = S("too long for what is left of the box");
    CHECK_EQ(RUN(r, append, a)->req.err, ERR_FULL);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->n, 2); /* nothing came, nothing went */
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].uid, 2);
    CHECK_OK(RUN(r, append, new_replacement(r, &box, 4, 2))->req.err);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].uid, 3);
}

CASE(lists_for_mail_programs)
{
    enum { N = 300 };
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(RUN(r, append, new_group(r, &box, 1, N))->req.err);
    struct store_list *l = NEW(list);
    l->box = box;
    l->folder = FOLDER_INBOX;
    l->ascending = true;
    l->limit = 10000;
    l = RUN(r, list, l);
    CHECK(l->n == N && !l->more && l->rows[0].uid == 1 && l->rows[N - 1].uid == N);
    CHECK(l->rows[7].env.p == NULL && l->rows[7].saved_ms > 0 && l->rows[7].size == 4);
    l = NEW(list);
    l->box = box;
    l->folder = FOLDER_INBOX;
    l->ascending = l->want_env = l->want_hdr = true;
    l->limit = 100;
    l->max_bytes = 50; /* env and hdr have 16 octets each row */
    l = RUN(r, list, l);
    CHECK(l->n == 3 && l->more);
    CHECK_STR("hdr", l->rows[2].hdr, "header of 1");
    CHECK_STR("env", l->rows[2].env, "env 1");
    l = NEW(list);
    l->box = box;
    l->folder = FOLDER_INBOX;
    l->want_hdr = true;
    l->max_bytes = 1; /* one row goes always */
    l = RUN(r, list, l);
    CHECK(l->n == 1 && l->more && l->rows[0].hdr.n == 11 && l->rows[0].env.p == NULL);
    CHECK(l->rows[0].body_n == 4 && l->rows[0].body.n == 0);
    for (uint32_t most = 3; most <= 4; most++) { /* a body has four octets */
        l = NEW(list);
        l->box = box;
        l->folder = FOLDER_INBOX;
        l->ascending = l->want_env = l->want_hdr = true;
        l->limit = 100;
        l->body_max = most;
        l->max_bytes = 50;
        l = RUN(r, list, l);
        CHECK(l->n == (most == 4 ? 2 : 3) && l->more);
        CHECK_STR("hdr", l->rows[1].hdr, "header of 1");
        CHECK_STR("env", l->rows[1].env, "env 1");
        CHECK_STR("body", l->rows[1].body, most == 4 ? "body" : "");
    }
    for (int part = 0; part < 2; part++) {
        l = NEW(list);
        uint32_t *uids = arena_array(&l->req.arena, 4, sizeof *uids);
        memcpy(uids, (uint32_t[]){ 3, 250, 301, 299 }, 4 * sizeof *uids);
        l->box = box;
        l->folder = part == 0 ? FOLDER_INBOX : FOLDER_ANY;
        l->uids = uids;
        l->uids_n = 4;
        l->limit = 1; /* does not count here */
        l = RUN(r, list, l);
        CHECK_EQ(l->req.err, part == 0 ? OK : ERR_BAD);
        if (part == 0)
            CHECK(l->n == 3 && l->rows[0].uid == 3 && l->rows[1].uid == 250 && l->rows[2].uid == 299 && !l->more);
    }
    CHECK_EQ(rig_list(r, &box, 4711)->n, 0);
    CHECK_OK(rig_list(r, &box, 4711)->req.err);
    for (int i = 0; i < 80; i++) { /* a list over all of many folders leaves none out */
        char name[24];
        snprintf(name, sizeof name, "f%d", i);
        CHECK_OK(append_to(r, &box, 1000 + (unsigned)i, make(r, &box, name), 0));
    }
    l = NEW(list);
    l->box = box;
    l->folder = FOLDER_ANY;
    l->limit = 1000;
    CHECK_EQ(RUN(r, list, l)->n, N + 80);
}

CASE(changes_of_one_folder)
{
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 4; i++)
        CHECK_OK(append_to(r, &box, i, i % 2 ? FOLDER_INBOX : FOLDER_SENT, 0));
    struct store_delete *d = NEW(delete);
    d->box = box;
    d->pick = (struct store_pick){ .ids = rig_ids(&d->req.arena, (unsigned[]){ 2, 3 }, 2), .n = 2 };
    CHECK_EQ(RUN(r, delete, d)->deleted, 2);
    CHECK_EQ(move_to(r, &box, (unsigned[]){ 4 }, 1, FOLDER_INBOX)->rows_n, 1);
    struct store_changes *c = NEW(changes);
    c->box = box;
    c->folder = FOLDER_SENT;
    c = RUN(r, changes, c);
    CHECK(c->n == 0 && c->gone_n == 2 && c->gone[0].uid == 1 && c->gone[1].uid == 2 && !c->more);
    for (uint32_t limit = 1; limit <= 2; limit++) {
        c = NEW(changes);
        c->box = box;
        c->folder = FOLDER_INBOX;
        c->limit = limit;
        c = RUN(r, changes, c);
        CHECK(c->n == limit && c->more == (limit == 1) && c->rows[0].uid == 1 && c->gone_n == 1 && c->gone[0].uid == 2);
    }
    CHECK_EQ(c->rows[1].uid, 3); /* the one that was moved in */
}

static struct store_keyword_put *keyword(struct rig *r, const struct box_id *box, unsigned n)
{
    struct store_keyword_put *q = NEW(keyword_put);
    q->box = *box;
    q->keyword.sealed = arena_printf(&q->req.arena, "sealed %u", n);
    put_be32(q->keyword.name_hash, n);
    return RUN(r, keyword_put, q);
}

CASE(keywords_get_a_bit_each)
{
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    struct store_keyword_put *q = keyword(r, &box, 7);
    CHECK_OK(q->req.err);
    CHECK(q->made && q->keyword.flag == FLAG_KEYWORD(0));
    q = keyword(r, &box, 7);
    CHECK(!q->made && q->keyword.flag == FLAG_KEYWORD(0));
    for (unsigned i = 1; i < STORE_KEYWORDS_MAX; i++)
        CHECK_EQ(keyword(r, &box, 100 + i)->keyword.flag, FLAG_KEYWORD(i));
    CHECK_EQ(keyword(r, &box, 8)->req.err, ERR_FULL);
    CHECK_EQ(keyword(r, &box, 123)->keyword.flag, FLAG_KEYWORD(23)); /* one that is there needs no room */
    rig_reopen(r);
    struct store_keywords *all = NEW(keywords);
    all->box = box;
    all = RUN(r, keywords, all);
    CHECK_EQ(all->n, STORE_KEYWORDS_MAX);
    CHECK_EQ(all->keywords[23].flag, UINT32_C(1) << 31);
    CHECK_STR("name", all->keywords[0].sealed, "sealed 7");
    CHECK_EQ(get_be32(all->keywords[5].name_hash), 105);
    all = NEW(keywords);
    all->box = other;
    CHECK_EQ(RUN(r, keywords, all)->n, 0);
    struct store_keyword_put *nameless = NEW(keyword_put);
    nameless->box = other;
    CHECK_EQ(RUN(r, keyword_put, nameless)->req.err, ERR_BAD);
}

CASE(an_ended_box_has_no_folders)
{
    struct box_id box = rig_box(r, 1, HOUR);
    uint32_t no = make(r, &box, "work");
    CHECK_OK(keyword(r, &box, 1)->req.err);
    CHECK_OK(rig_end(r, &box));
    CHECK_EQ(put(r, &box, 0, "more")->req.err, ERR_GONE);
    CHECK_EQ(del(r, &box, no)->req.err, ERR_GONE);
    CHECK_EQ(keyword(r, &box, 1)->req.err, ERR_GONE);
    struct store_keywords *all = NEW(keywords);
    all->box = box;
    CHECK_EQ(RUN(r, keywords, all)->req.err, ERR_GONE);
    struct store_recent *q = NEW(recent);
    q->box = box;
    q->folder = FOLDER_INBOX;
    CHECK_EQ(RUN(r, recent, q)->req.err, ERR_GONE);
}

static const struct {
    const char *name;
    void (*run)(void **);
} cases[] = {
    ROW(folders_are_made_renamed_deleted),
    ROW(several_folders_are_one_step),
    ROW(folders_have_ceilings),
    ROW(a_subscribed_name_outlives_its_folder),
    ROW(vacant_names_have_a_ceiling),
    ROW(a_uidvalidity_never_comes_again_for_a_name),
    ROW(a_folder_that_is_renamed_back_keeps_its_uidvalidity),
    ROW(nor_does_it_in_a_later_box_of_the_address),
    ROW(a_folder_goes_with_its_messages),
    ROW(an_archive_stays_one),
    ROW(counts_of_a_folder),
    ROW(what_is_patient_rides_along),
    ROW(flags_are_added_taken_replaced),
    ROW(a_move_tells_where_from),
    ROW(a_copy_knows_its_origin),
    ROW(an_expunge_takes_what_is_marked),
    ROW(several_messages_all_or_nothing),
    ROW(bytes_of_a_group_are_counted_together),
    ROW(one_message_replaces_another),
    ROW(lists_for_mail_programs),
    ROW(changes_of_one_folder),
    ROW(keywords_get_a_bit_each),
    ROW(an_ended_box_has_no_folders),
};

void contract_add_names(void)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        test_register(cases[i].name, cases[i].run);
}
