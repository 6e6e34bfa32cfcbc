/* Errors that need no shim: a file-size limit stands in for a disk that refuses a write, a huge reserve for a full one.
 * What is not tried here fails under tests/crash/faults. */
#include "contract.h"
#include "store/embed_flush.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOUR = 3600 * 1000, BIG = 400000 };

static void file_limit(rlim_t soft)
{
    struct rlimit l;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_EQ(getrlimit(RLIMIT_FSIZE, &l), 0);
    l.rlim_cur = MIN(soft, l.rlim_max);
    CHECK_EQ(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static struct store_append *big(struct rig *r, const struct box_id *box, unsigned msg)
{
    static char body[BIG];
    memset(body, (int)msg, sizeof body);
    return new_append(r, box, msg, str_of(body, sizeof body));
}

TEST(a_refused_write_fails_its_mail_and_nothing_else)
{
    struct rig *r = rig_open("refused");
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "before"));
    CHECK_OK(rig_append(r, &other, 2, "before"));
    file_limit(BIG / 2);
    struct store_req *large, *small, *flagged, *named, *made, *ended;
    struct store_flag *f = NEW(flag);
    struct msg_id *id = arena_new(&f->req.arena, struct msg_id);
    *id = rig_msg(1);
    *f = (struct store_flag){ .req = f->req, .box = box, .pick = { .ids = id, .n = 1 }, .set = FLAG_SEEN };
    struct store_end *e = NEW(end);
    struct box_id *ids = arena_new(&e->req.arena, struct box_id);
    *ids = other;
    *e = (struct store_end){ .req = e->req, .ids = ids, .n = 1 };
    struct store_folder_put *p = NEW(folder_put);
    struct store_folder_item *item = arena_new(&p->req.arena, struct store_folder_item);
    *item = (struct store_folder_item){ .set = FOLDER_SET_NAME, .sealed = S("name"), .name_hash = { 1 } };
    *p = (struct store_folder_put){ .req = p->req, .box = box, .items = item, .n = 1 };
    rig_send(r, &new_create(r, 3, HOUR)->req, &made);
    rig_send(r, &big(r, &box, 10)->req, &large);
    rig_send(r, &new_append(r, &box, 11, S("beside it"))->req, &small);
    rig_send(r, &f->req, &flagged);
    rig_send(r, &p->req, &named);
    rig_send(r, &e->req, &ended);
    rig_wait(r);
    CHECK_EQ(large->err, ERR_IO);
    CHECK_OK(flagged->err); /* whatever batch it was in */
    CHECK_OK(named->err);   /* made anew without the mail, and once only */
    CHECK_STR("its name", rig_folder(r, &box, FOLDER_FIXED + 1).sealed, "name");
    CHECK_EQ(rig_folder(r, &box, FOLDER_FIXED + 2).no, 0);
    CHECK_OK(ended->err);
    CHECK_EQ(rig_find(r, &other), ERR_GONE);
    CHECK(made->err == OK || made->err == ERR_IO);
    struct box_id third = rig_id(3);
    CHECK_EQ(rig_find(r, &third), made->err == OK ? OK : ERR_GONE);
    size_t n = rig_list(r, &box, FOLDER_INBOX)->n;
    CHECK_EQ(n, small->err == OK ? 2 : 1);
    file_limit(RLIM_INFINITY);
    CHECK_OK(RUN(r, append, big(r, &box, 10))->req.err); /* the sender tries again */
    rig_reopen(r);
    struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
    CHECK_EQ(l->n, n + 1);
    for (size_t i = 0; i < l->n; i++) {
        struct store_read *q = NEW(read);
        q->box = box;
        q->id = l->rows[i].id;
        q->len = BIG;
        q = RUN(r, read, q);
        CHECK_OK(q->req.err);
        CHECK_EQ(q->bytes.n, l->rows[i].body_n);
    }
    struct store_stats s;
    store_stats(r->store, &s);
    CHECK(!s.faulted);
    rig_close(r);
}

/* The index itself can't grow: creations and mail are refused, ending goes on, and it comes back by itself. */
TEST(an_index_that_cannot_be_written)
{
    struct rig *r = rig_open("index");
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "before"));
    file_limit(100);
    CHECK(rig_append(r, &box, 2, "while") != OK);
    CHECK(RUN(r, create, new_create(r, 3, HOUR))->req.err != OK);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
    file_limit(RLIM_INFINITY);
    CHECK_OK(rig_append(r, &box, 3, "after"));
    CHECK_OK(rig_end(r, &other));
    rig_reopen(r);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 2);
    rig_close(r);
}

TEST(below_the_reserve_only_intake_stops)
{
    struct rig *r = rig_open("reserve");
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    r->opts.reserve_bytes = 1ull << 60;
    rig_reopen(r);
    struct store_stats s;
    store_stats(r->store, &s);
    CHECK(s.full);
    CHECK_EQ(rig_append(r, &box, 2, "x"), ERR_FULL);
    CHECK_EQ(RUN(r, create, new_create(r, 3, HOUR))->req.err, ERR_FULL);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
    CHECK_OK(rig_end(r, &other));
    struct store_delete *d = NEW(delete);
    struct msg_id *id = arena_new(&d->req.arena, struct msg_id);
    *id = rig_msg(1);
    d->box = box;
    d->pick = (struct store_pick){ .ids = id, .n = 1 };
    CHECK_EQ(RUN(r, delete, d)->deleted, 1);
    r->opts.reserve_bytes = 1 << 20;
    rig_reopen(r);
    CHECK_OK(rig_append(r, &box, 2, "x"));
    rig_close(r);
}

TEST(a_folder_that_is_not_there)
{
    struct rig *r = rig_open("nowhere");
    struct store_opts o = r->opts;
    struct store *st;
    o.dir = "/nonexistent/mayfly";
    CHECK_EQ(store_open(&o, &st), ERR_IO);
    rig_close(r);
}

TEST(flush_answers_for_each_file)
{
    struct flush *f;
    struct flush_file files[5];
    char path[300];
    CHECK_OK(flush_new(3, &f));
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 5; i++) {
            snprintf(path, sizeof path, "%s/flush%d", test_dir(), i);
            files[i] = (struct flush_file){ .fd = open(path, O_RDWR | O_CREAT, 0600) };
        }
        CHECK_OK(flush_all(f, files, 5));
        CHECK_OK(flush_all(f, files, 0));
        int was = files[3].fd;
        files[3].fd = -1;
        CHECK_EQ(flush_all(f, files, 5), ERR_IO);
        CHECK(files[3].rc != 0 && files[0].rc == 0 && files[4].rc == 0);
        files[3].fd = was;
        for (int i = 0; i < 5; i++)
            close(files[i].fd);
    }
    flush_free(f);
}
