/* What every backend promises (store/store.h), a case each. Messages here are a few bytes: what is stored is opaque. */
#include "contract.h"
#include <string.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

CASE(create_and_find)
{
    struct box_id id = rig_box(r, 1, HOUR);
    struct store_find *q = NEW(find);
    put_be32(q->addr_hash, 1);
    q->want_creds = true;
    struct store_find *f = RUN(r, find, q);
    CHECK_OK(f->req.err);
    CHECK(memcmp(f->box.id.b, id.b, BOX_ID_N) == 0);
    CHECK_STR("meta", f->box.sealed, "sealed meta");
    CHECK_EQ(f->box.generation, 1);
    CHECK(f->box.uidvalidity > 0);
    CHECK_EQ(f->lease[0], 2);
    CHECK_EQ(f->lease[31], 2);
    CHECK_EQ(f->creds_n, 1);
    CHECK_EQ(f->creds[0].id, 1);
    CHECK_STR("keys", f->creds[0].sealed, "sealed keys");
    CHECK_EQ(rig_find(r, &(struct box_id){ { 9 } }), ERR_GONE);
    struct store_login *l = NEW(login);
    put_be32(l->lookup, 1);
    l = RUN(r, login, l);
    CHECK_OK(l->req.err);
    CHECK(memcmp(l->box.id.b, id.b, BOX_ID_N) == 0);
    CHECK_EQ(l->cred.kind, CRED_TOKEN);
    CHECK_EQ(l->lease[0], 2);
    l = NEW(login);
    put_be32(l->lookup, 2);
    CHECK_EQ(RUN(r, login, l)->req.err, ERR_GONE);
}

CASE(an_address_is_taken_once)
{
    rig_box(r, 1, HOUR);
    struct store_create *q = new_create(r, 2, HOUR);
    put_be32(q->box.addr_hash, 1);
    CHECK_EQ(RUN(r, create, q)->req.err, ERR_BUSY);
    CHECK_EQ(RUN(r, create, new_create(r, 1, HOUR))->req.err, ERR_BUSY); /* the same id */
    q = new_create(r, 3, HOUR);
    put_be32(((struct store_cred *)(uintptr_t)q->creds)->lookup, 1);
    CHECK_EQ(RUN(r, create, q)->req.err, ERR_BUSY); /* another's token */
    CHECK_EQ(rig_find(r, &(struct box_id){ { 0xb0 } }), ERR_GONE);
}

CASE(append_list_get_read)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_append *a = RUN(r, append, new_append(r, &box, 1, S("first body")));
    CHECK_OK(a->req.err);
    CHECK_EQ(a->items[0].uid, 1);
    CHECK(a->items[0].end_ms > 0);
    CHECK_OK(rig_append(r, &box, 2, "second body"));
    struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
    CHECK_OK(l->req.err);
    CHECK_EQ(l->n, 2);
    CHECK_EQ(l->rows[0].uid, 2);
    CHECK_EQ(l->rows[1].uid, 1);
    CHECK_STR("newest", l->rows[0].env, "env 2");
    CHECK(l->rows[0].modseq > l->rows[1].modseq);
    CHECK_EQ(l->modseq, l->rows[0].modseq);
    CHECK(!l->more);
    struct store_get *g = NEW(get);
    g->box = box;
    g->id = rig_msg(1);
    g->want_env = g->want_hdr = true;
    g = RUN(r, get, g);
    CHECK_OK(g->req.err);
    CHECK_STR("env", g->row.env, "env 1");
    CHECK_STR("hdr", g->row.hdr, "header of 1");
    CHECK_EQ(g->row.body_n, 10);
    CHECK_EQ(g->row.size, 10);
    struct store_read *b = NEW(read);
    b->box = box;
    b->id = rig_msg(2);
    b->off = 7;
    b->len = 100;
    b = RUN(r, read, b);
    CHECK_OK(b->req.err);
    CHECK_STR("a part, cut at the end", b->bytes, "body");
    b = NEW(read);
    b->box = box;
    b->id = rig_msg(3);
    b->len = 1;
    CHECK_EQ(RUN(r, read, b)->req.err, ERR_GONE);
}

CASE(one_box_never_sees_another)
{
    struct box_id a = rig_box(r, 1, HOUR), b = rig_box(r, 2, HOUR);
    CHECK_OK(rig_append(r, &a, 1, "for a"));
    CHECK_EQ(rig_list(r, &b, FOLDER_ANY)->n, 0);
    struct store_get *g = NEW(get);
    g->box = b;
    g->id = rig_msg(1);
    CHECK_EQ(RUN(r, get, g)->req.err, ERR_GONE);
    struct store_delete *d = NEW(delete);
    struct msg_id *ids = arena_new(&d->req.arena, struct msg_id);
    *ids = rig_msg(1);
    d->box = b;
    d->pick.ids = ids;
    d->pick.n = 1;
    d = RUN(r, delete, d);
    CHECK_OK(d->req.err);
    CHECK_EQ(d->deleted, 0);
    CHECK_EQ(rig_list(r, &a, FOLDER_ANY)->n, 1);
}

CASE(list_pages_and_orders)
{
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 9; i++) {
        struct store_append *a = new_append(r, &box, i, S("x"));
        a->items[0].folder = i % 3 == 0 ? FOLDER_JUNK : FOLDER_INBOX;
        a->received_ms = 1000 + i;
        CHECK_OK(RUN(r, append, a)->req.err);
    }
    struct store_list *q = NEW(list);
    q->box = box;
    q->folder = FOLDER_INBOX;
    q->limit = 4;
    q = RUN(r, list, q);
    CHECK_EQ(q->n, 4);
    CHECK(q->more);
    CHECK_EQ(q->rows[3].uid, 3);
    CHECK(q->rows[0].env.p == NULL);
    struct store_list *rest = NEW(list);
    rest->box = box;
    rest->folder = FOLDER_INBOX;
    rest->before_uid = 3;
    rest = RUN(r, list, rest);
    CHECK_EQ(rest->n, 2);
    CHECK(!rest->more);
    CHECK_EQ(rest->rows[0].uid, 2);
    struct store_list *up = NEW(list);
    up->box = box;
    up->folder = FOLDER_INBOX;
    up->ascending = true;
    up->after_uid = 2;
    up->before_uid = 6;
    up = RUN(r, list, up);
    CHECK_EQ(up->n, 3);
    CHECK_EQ(up->rows[0].uid, 3);
    CHECK_EQ(up->rows[2].uid, 5);
    struct store_list *all = rig_list(r, &box, FOLDER_ANY);
    CHECK_EQ(all->n, 9);
    for (size_t i = 0; i < 9; i++)
        CHECK_EQ(all->rows[i].received_ms, 1009 - (int64_t)i);
    struct store_list *first = NEW(list);
    first->box = box;
    first->folder = FOLDER_INBOX;
    first->before_uid = 1;
    CHECK_EQ(RUN(r, list, first)->n, 0);
}

CASE(a_large_env_and_body)
{
    static char env[5000], body[300000];
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)(i * 7 % 251);
    memset(env, 'e', sizeof env);
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_append *a = new_append(r, &box, 1, str_of(body, sizeof body));
    a->items[0].env = arena_dup(&a->req.arena, str_of(env, sizeof env));
    CHECK_OK(RUN(r, append, a)->req.err);
    struct store_get *g = NEW(get);
    g->box = box;
    g->by_uid = true;
    g->folder = FOLDER_INBOX;
    g->uid = 1;
    g->want_env = g->want_hdr = true;
    g = RUN(r, get, g);
    CHECK_OK(g->req.err);
    CHECK(str_eq(g->row.env, str_of(env, sizeof env)));
    CHECK_STR("hdr", g->row.hdr, "header of 1");
    struct store_read *b = NEW(read);
    b->box = box;
    b->id = rig_msg(1);
    b->off = 12345;
    b->len = 200000;
    b = RUN(r, read, b);
    CHECK(str_eq(b->bytes, str_of(body + 12345, 200000)));
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].env.n, sizeof env);
}

CASE(several_boxes_one_batch)
{
    struct box_id a = rig_box(r, 1, HOUR), b = rig_box(r, 2, HOUR), c = rig_id(3);
    struct store_append *q = new_append(r, &a, 1, S("to all"));
    struct store_append_item first = q->items[0];
    q->items = arena_array(&q->req.arena, 3, sizeof first);
    q->n = 3;
    q->items[0] = q->items[1] = q->items[2] = first;
    q->items[0].box = c;
    q->items[1].box = a;
    q->items[2].box = b;
    q->items[2].generation = 7;
    q = RUN(r, append, q);
    CHECK_OK(q->req.err); /* one has it */
    CHECK_EQ(q->items[0].err, ERR_GONE);
    CHECK_EQ(q->items[1].err, OK);
    CHECK_EQ(q->items[2].err, ERR_BUSY);
    CHECK_EQ(rig_append(r, &c, 2, "nobody"), ERR_GONE);
}

CASE(quotas_refuse)
{
    struct store_create *q = new_create(r, 1, HOUR);
    q->box.max_messages = 2;
    CHECK_OK(RUN(r, create, q)->req.err);
    q = new_create(r, 2, HOUR);
    q->box.max_bytes = 100;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id a = rig_id(1), b = rig_id(2);
    CHECK_OK(rig_append(r, &a, 1, "x"));
    CHECK_OK(rig_append(r, &a, 2, "x"));
    CHECK_EQ(rig_append(r, &a, 3, "x"), ERR_FULL);
    struct store_append *big = new_append(r, &b, 1,
                                          S("0123456789012345678901234567890123456789"
                                            "01234567890123456789012345678901234567890123456789"));
    CHECK_EQ(RUN(r, append, big)->req.err, ERR_FULL);
    CHECK_OK(rig_append(r, &b, 1, "small"));
}

CASE(a_retry_is_stored_once)
{
    struct box_id box = rig_box(r, 1, 48 * HOUR), other = rig_box(r, 2, HOUR);
    for (unsigned i = 1; i <= 2; i++) {
        struct store_append *a = new_append(r, &box, i, S("same"));
        memset(a->items[0].dedupe, 7, HASH_N);
        a = RUN(r, append, a);
        CHECK_OK(a->req.err);
        CHECK_EQ(a->items[0].duplicate, i == 2);
        CHECK_EQ(a->items[0].uid, 1);
    }
    struct store_append *a = new_append(r, &other, 3, S("same"));
    memset(a->items[0].dedupe, 7, HASH_N);
    CHECK(!RUN(r, append, a)->items[0].duplicate);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 1);
    rig_advance(r, STORE_RETRY_MS + 1);
    a = new_append(r, &box, 4, S("same"));
    memset(a->items[0].dedupe, 7, HASH_N);
    a = RUN(r, append, a);
    CHECK_OK(a->req.err);
    CHECK(!a->items[0].duplicate);
}

static bool comes_again(struct rig *r, const struct box_id *box, unsigned n)
{
    struct store_append *a = new_append(r, box, n, S("same"));
    memset(a->items[0].dedupe, 7, HASH_N);
    a = RUN(r, append, a);
    CHECK_OK(a->req.err);
    return a->items[0].duplicate;
}

CASE(a_deleted_mail_may_come_again)
{
    struct box_id box = rig_box(r, 1, 48 * HOUR);
    CHECK(!comes_again(r, &box, 1));
    struct store_move *m = NEW(move);
    m->box = box;
    m->folder = FOLDER_TRASH;
    m->pick = (struct store_pick){ .ids = rig_ids(&m->req.arena, (unsigned[]){ 1 }, 1), .n = 1 };
    CHECK_OK(RUN(r, move, m)->req.err);
    CHECK(comes_again(r, &box, 2)); /* moved is not deleted */
    rig_advance(r, STORE_RETRY_MS - HOUR);
    struct store_delete *d = NEW(delete);
    d->box = box;
    d->pick = (struct store_pick){ .ids = rig_ids(&d->req.arena, (unsigned[]){ 1 }, 1), .n = 1 };
    CHECK_EQ(RUN(r, delete, d)->deleted, 1);
    CHECK(!comes_again(r, &box, 3));
    CHECK(comes_again(r, &box, 4));
    rig_advance(r, 2 * HOUR); /* the first copy's row would be over, the second's is not */
    CHECK(comes_again(r, &box, 5));
}

CASE(the_end_is_sharp)
{
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    rig_advance(r, HOUR - 1000);
    CHECK_OK(rig_find(r, &box));
    rig_advance(r, 1001);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK_EQ(rig_append(r, &box, 2, "x"), ERR_GONE);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->req.err, ERR_GONE);
    struct store_change *c = NEW(change);
    c->id = box;
    c->set = CHANGE_END;
    c->end_ms = store_now_ms(r->store) + HOUR;
    CHECK_EQ(RUN(r, change, c)->req.err, ERR_GONE);
    struct store_login *l = NEW(login);
    put_be32(l->lookup, 1);
    CHECK_EQ(RUN(r, login, l)->req.err, ERR_GONE);
}

CASE(burn)
{
    struct box_id box = rig_box(r, 1, HOUR), other = rig_box(r, 2, HOUR);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    CHECK_OK(rig_append(r, &box, 2, "x"));
    struct store_end *q = NEW(end);
    struct box_id *ids = arena_array(&q->req.arena, 3, sizeof *ids);
    ids[0] = box;
    ids[1] = rig_id(77);
    q->ids = ids;
    q->n = 2;
    q = RUN(r, end, q);
    CHECK_OK(q->req.err);
    CHECK_EQ(q->ended, 1);
    CHECK_EQ(q->messages, 2);
    CHECK_EQ(r->ended, 1);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK_EQ(rig_append(r, &box, 3, "x"), ERR_GONE);
    CHECK_OK(rig_find(r, &other));
    CHECK_OK(rig_end(r, &box)); /* again is no error */
    rig_reopen(r);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
    CHECK_OK(rig_find(r, &other));
}

CASE(requests_keep_their_order)
{
    struct store_req *created, *first, *ended, *second;
    struct box_id box = rig_id(1);
    rig_send(r, &new_create(r, 1, HOUR)->req, &created);
    rig_send(r, &new_append(r, &box, 1, S("before"))->req, &first);
    struct store_end *q = NEW(end);
    struct box_id *ids = arena_new(&q->req.arena, struct box_id);
    *ids = box;
    q->ids = ids;
    q->n = 1;
    rig_send(r, &q->req, &ended);
    rig_send(r, &new_append(r, &box, 2, S("after"))->req, &second);
    rig_wait(r);
    CHECK_OK(created->err);
    CHECK_OK(first->err);
    CHECK_OK(ended->err);
    CHECK_EQ(second->err, ERR_GONE);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
}

/* What committed() was called for: on the store's thread, read once the answers are in. */
static struct {
    uint64_t modseq[512];
    size_t n;
} said;

static void note_append(struct store_req *q)
{
    said.modseq[said.n++] = CONTAINER_OF(q, struct store_append, req)->items[0].modseq;
}

static void note_flag(struct store_req *q) { said.modseq[said.n++] = CONTAINER_OF(q, struct store_flag, req)->modseq; }

static struct store_req *noted(struct store_req *q, void (*note)(struct store_req *))
{
    q->committed = note;
    return q;
}

CASE(what_is_committed_is_said_in_the_order_of_modseqs)
{
    enum { N = 100 };
    struct store_req *answers[2 * N], *refused;
    struct box_id box = rig_box(r, 1, HOUR), nobody = rig_id(9);
    memset(&said, 0, sizeof said);
    for (unsigned i = 0; i < N; i++) {
        rig_send(r, noted(&new_append(r, &box, i, S("x"))->req, note_append), &answers[2 * i]);
        struct store_flag *f = NEW(flag);
        f->box = box;
        f->pick = (struct store_pick){ .ids = rig_ids(&f->req.arena, &i, 1), .n = 1 };
        f->set = FLAG_SEEN;
        rig_send(r, noted(&f->req, note_flag), &answers[2 * i + 1]);
    }
    rig_send(r, noted(&new_append(r, &nobody, 1, S("x"))->req, note_append), &refused);
    rig_wait(r);
    CHECK_EQ(refused->err, ERR_GONE); /* and not said */
    CHECK_EQ(said.n, 2 * N);
    for (size_t i = 1; i < said.n; i++)
        CHECK_EQ(said.modseq[i], said.modseq[i - 1] + 1);
}

static bool forgotten(struct rig *r)
{
    struct store_stats s;
    store_stats(r->store, &s);
    return s.boxes == 0;
}

CASE(an_address_rests)
{
    r->opts.quarantine_ms = HOUR;
    rig_reopen(r);
    struct store_create *q = new_create(r, 1, HOUR);
    q->box.flags = BOX_GUESSABLE;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id box = rig_id(1);
    CHECK_OK(rig_end(r, &box));
    CHECK(rig_until(r, forgotten));
    q = new_create(r, 1, HOUR);
    CHECK_EQ(RUN(r, create, q)->req.err, ERR_BUSY);
    rig_reopen(r);
    CHECK_EQ(RUN(r, create, new_create(r, 1, HOUR))->req.err, ERR_BUSY);
    rig_advance(r, HOUR + 1);
    CHECK_OK(RUN(r, create, new_create(r, 1, HOUR))->req.err);
}

CASE(the_last_message_is_followed_by_the_end)
{
    struct store_create *q = new_create(r, 1, 24 * HOUR);
    q->box.ends_after = 2;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id box = rig_id(1);
    CHECK_OK(rig_append(r, &box, 1, "x"));
    struct store_append *a = RUN(r, append, new_append(r, &box, 2, S("x")));
    CHECK_OK(a->req.err);
    CHECK(a->items[0].end_ms <= store_now_ms(r->store) + STORE_LAST_GRACE_MS);
    CHECK_EQ(rig_append(r, &box, 3, "x"), ERR_FULL);
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 2);
    rig_advance(r, STORE_LAST_GRACE_MS + 1);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
}

CASE(idleness_ends_a_box_and_a_visit_keeps_it)
{
    struct store_create *q = new_create(r, 1, 24 * HOUR);
    q->box.idle_ttl_ms = HOUR;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id box = rig_id(1);
    rig_advance(r, HOUR - 10000);
    CHECK_OK(rig_append(r, &box, 1, "mail is no visit"));
    struct store_change *c = NEW(change);
    c->id = box;
    c->set = CHANGE_VISIT;
    CHECK_OK(RUN(r, change, c)->req.err);
    rig_advance(r, HOUR - 10000);
    CHECK_OK(rig_find(r, &box));
    rig_advance(r, 10001);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
}

static enum err change_end(struct rig *r, const struct box_id *box, int64_t in_ms, bool force)
{
    struct store_change *c = NEW(change);
    c->id = *box;
    c->set = CHANGE_END;
    c->force = force;
    c->end_ms = store_now_ms(r->store) + in_ms;
    c = RUN(r, change, c);
    if (c->req.err == OK)
        CHECK_EQ(c->box.end_ms, c->end_ms);
    return c->req.err;
}

CASE(the_end_is_moved_at_most_every_ten_seconds)
{
    struct box_id box = rig_box(r, 1, HOUR);
    CHECK_OK(change_end(r, &box, 2 * HOUR, false));
    CHECK_EQ(change_end(r, &box, 3 * HOUR, false), ERR_BUSY);
    CHECK_OK(change_end(r, &box, 3 * HOUR, true));
    rig_advance(r, STORE_CHANGE_GAP_MS + 1);
    CHECK_OK(change_end(r, &box, MINUTE, false)); /* shortened */
    rig_advance(r, MINUTE + 1);
    CHECK_EQ(rig_find(r, &box), ERR_GONE);
}

CASE(credentials_are_replaced_as_a_set)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_recred *q = NEW(recred);
    struct store_cred *c = arena_array(&q->req.arena, 2, sizeof *c);
    c[0] = (struct store_cred){ .id = 5, .kind = CRED_RECOVERY, .sealed = arena_dup(&q->req.arena, S("new")) };
    put_be32(c[0].lookup, 55);
    c[1] = (struct store_cred){ .id = 6, .kind = CRED_PASSWORD, .sealed = arena_dup(&q->req.arena, S("pw")) };
    q->id = box;
    q->creds = c;
    q->creds_n = 2;
    q->expect_generation = 1;
    q->expect_creds_n = 1;
    q->generation = 2;
    q->sealed = arena_dup(&q->req.arena, S("meta 2"));
    memset(q->pub, 9, KEY_N);
    CHECK_OK(RUN(r, recred, q)->req.err);
    struct store_login *l = NEW(login);
    put_be32(l->lookup, 1);
    CHECK_EQ(RUN(r, login, l)->req.err, ERR_GONE); /* revoked */
    l = NEW(login);
    put_be32(l->lookup, 55);
    l = RUN(r, login, l);
    CHECK_OK(l->req.err);
    CHECK_EQ(l->box.generation, 2);
    CHECK_EQ(l->box.pub[0], 9);
    CHECK_STR("meta", l->box.sealed, "meta 2");
    q = NEW(recred);
    q->id = box;
    q->expect_generation = 1;
    q->generation = 2;
    CHECK_EQ(RUN(r, recred, q)->req.err, ERR_BUSY);
    q = NEW(recred);
    q->id = box;
    q->expect_generation = q->generation = 2;
    q->expect_creds_n = 1; /* somebody read the set before the other put two */
    CHECK_EQ(RUN(r, recred, q)->req.err, ERR_BUSY);
    CHECK_EQ(rig_append(r, &box, 1, "sealed for generation 1"), ERR_BUSY);
}

CASE(flags_move_delete)
{
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 3; i++)
        CHECK_OK(rig_append(r, &box, i, "body"));
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).unseen, 3);
    CHECK_EQ(rig_folder(r, &box, FOLDER_JUNK).uidnext, 1);
    struct store_flag *f = NEW(flag);
    f->box = box;
    f->pick.ids = rig_ids(&f->req.arena, (unsigned[]){ 1, 2, 99 }, 3);
    f->pick.n = 3;
    f->set = FLAG_SEEN | FLAG_FLAGGED;
    f = RUN(r, flag, f);
    CHECK_OK(f->req.err);
    CHECK_EQ(f->changed, 2);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).unseen, 1);
    struct store_move *m = NEW(move);
    m->box = box;
    m->pick.ids = rig_ids(&m->req.arena, (unsigned[]){ 1, 99 }, 2);
    m->pick.n = 2;
    m->folder = FOLDER_TRASH;
    m = RUN(r, move, m);
    CHECK_OK(m->req.err);
    CHECK_EQ(m->rows_n, 1);
    CHECK_EQ(m->rows[0].uid, 1);
    CHECK_EQ(m->rows[0].folder, FOLDER_TRASH);
    CHECK_EQ(m->rows[0].flags, FLAG_SEEN | FLAG_FLAGGED);
    CHECK_EQ(rig_folder(r, &box, FOLDER_TRASH).total, 1);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).total, 2);
    CHECK_STR("moved whole", rig_list(r, &box, FOLDER_TRASH)->rows[0].env, "env 1");
    struct store_delete *d = NEW(delete);
    d->box = box;
    d->pick.ids = rig_ids(&d->req.arena, (unsigned[]){ 1, 3, 99 }, 3);
    d->pick.n = 3;
    d = RUN(r, delete, d);
    CHECK_OK(d->req.err);
    CHECK_EQ(d->deleted, 2);
    CHECK_EQ(rig_list(r, &box, FOLDER_ANY)->n, 1);
    CHECK_EQ(rig_folder(r, &box, FOLDER_INBOX).unseen, 0);
    struct store_find *q = NEW(find);
    q->by_id = true;
    q->id = box;
    q = RUN(r, find, q);
    CHECK_EQ(q->box.messages, 1);
    CHECK_EQ(q->box.received, 3);
    CHECK_EQ(q->box.bytes, 5 + 11 + 4);
    CHECK_OK(rig_append(r, &box, 4, "x"));
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].uid, 4); /* a uid never comes again */
}

CASE(changes_since)
{
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 3; i++)
        CHECK_OK(rig_append(r, &box, i, "body"));
    uint64_t since = rig_list(r, &box, FOLDER_ANY)->modseq;
    struct store_flag *f = NEW(flag);
    f->box = box;
    f->pick.ids = rig_ids(&f->req.arena, (unsigned[]){ 2 }, 1);
    f->pick.n = 1;
    f->set = FLAG_SEEN;
    CHECK_OK(RUN(r, flag, f)->req.err);
    struct store_delete *d = NEW(delete);
    d->box = box;
    d->pick.ids = rig_ids(&d->req.arena, (unsigned[]){ 1 }, 1);
    d->pick.n = 1;
    CHECK_OK(RUN(r, delete, d)->req.err);
    CHECK_OK(rig_append(r, &box, 4, "new"));
    struct store_changes *c = NEW(changes);
    c->box = box;
    c->since = since;
    c->want_env = true;
    c = RUN(r, changes, c);
    CHECK_OK(c->req.err);
    CHECK(!c->too_old);
    CHECK_EQ(c->n, 2);
    CHECK_EQ(c->rows[0].uid, 2);
    CHECK_EQ(c->rows[0].flags, FLAG_SEEN);
    CHECK_EQ(c->rows[1].uid, 4);
    CHECK_STR("env", c->rows[1].env, "env 4");
    CHECK_EQ(c->gone_n, 1);
    CHECK_EQ(c->gone[0].uid, 1);
    struct msg_id first = rig_msg(1);
    CHECK(memcmp(&c->gone[0].id, &first, MSG_ID_N) == 0);
    CHECK(c->gone[0].modseq > since && c->gone[0].modseq <= c->modseq);
    struct store_changes *none = NEW(changes);
    none->box = box;
    none->since = c->modseq;
    none = RUN(r, changes, none);
    CHECK_EQ(none->n + none->gone_n, 0);
}

CASE(a_thousand_expunges_are_remembered)
{
    struct store_create *q = new_create(r, 1, HOUR);
    q->box.max_messages = 2000;
    CHECK_OK(RUN(r, create, q)->req.err);
    struct box_id box = rig_id(1);
    static unsigned n[1100];
    static struct store_req *answers[COUNT(n)];
    for (unsigned i = 0; i < COUNT(n); i++) {
        n[i] = i;
        rig_send(r, &new_append(r, &box, i, S("x"))->req, &answers[i]);
    }
    rig_wait(r);
    uint64_t since = rig_list(r, &box, FOLDER_ANY)->modseq;
    for (int part = 0; part < 2; part++) {
        struct store_delete *d = NEW(delete);
        d->box = box;
        d->pick.ids = rig_ids(&d->req.arena, part == 0 ? n : n + 1000, part == 0 ? 1000 : 100);
        d->pick.n = part == 0 ? 1000 : 100;
        d = RUN(r, delete, d);
        CHECK_OK(d->req.err);
        CHECK_EQ(d->deleted, d->pick.n);
        struct store_changes *c = NEW(changes);
        c->box = box;
        c->since = since;
        c = RUN(r, changes, c);
        CHECK_OK(c->req.err);
        CHECK_EQ(c->too_old, part == 1);
        if (part == 0)
            CHECK_EQ(c->gone_n, 1000);
    }
}

static void never(struct store_req *) { CHECK(false); }

CASE(a_cancelled_request_is_not_answered)
{
    struct box_id box = rig_box(r, 1, HOUR);
    struct store_append *a = new_append(r, &box, 1, S("x"));
    a->req.done = never;
    a->req.committed = note_append;
    said.n = 0;
    store_submit(r->store, r->loop, &a->req);
    store_cancel(&a->req);
    struct store_find *f = NEW(find);
    f->req.done = never;
    f->by_id = true;
    f->id = box;
    store_submit(r->store, r->loop, &f->req);
    store_cancel(&f->req);
    CHECK_OK(rig_append(r, &box, 2, "x")); /* queued behind it */
    CHECK_EQ(said.n, 1);                   /* what was done is said all the same */
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->n, 2);
}

CASE(everything_is_there_after_a_restart)
{
    struct box_id box = rig_box(r, 1, HOUR);
    for (unsigned i = 1; i <= 20; i++)
        CHECK_OK(rig_append(r, &box, i, "some body"));
    rig_reopen(r);
    struct store_list *l = rig_list(r, &box, FOLDER_INBOX);
    CHECK_EQ(l->n, 20);
    for (unsigned i = 1; i <= 20; i++) {
        struct store_read *b = NEW(read);
        b->box = box;
        b->id = rig_msg(i);
        b->len = 100;
        CHECK_STR("body", RUN(r, read, b)->bytes, "some body");
    }
    CHECK_OK(rig_append(r, &box, 21, "and on"));
    CHECK_EQ(rig_list(r, &box, FOLDER_INBOX)->rows[0].uid, 21);
}

static const struct {
    const char *name;
    void (*run)(void **);
} cases[] = {
    ROW(create_and_find),
    ROW(an_address_is_taken_once),
    ROW(append_list_get_read),
    ROW(one_box_never_sees_another),
    ROW(list_pages_and_orders),
    ROW(a_large_env_and_body),
    ROW(several_boxes_one_batch),
    ROW(quotas_refuse),
    ROW(a_retry_is_stored_once),
    ROW(a_deleted_mail_may_come_again),
    ROW(the_end_is_sharp),
    ROW(burn),
    ROW(requests_keep_their_order),
    ROW(what_is_committed_is_said_in_the_order_of_modseqs),
    ROW(an_address_rests),
    ROW(the_last_message_is_followed_by_the_end),
    ROW(idleness_ends_a_box_and_a_visit_keeps_it),
    ROW(the_end_is_moved_at_most_every_ten_seconds),
    ROW(credentials_are_replaced_as_a_set),
    ROW(flags_move_delete),
    ROW(changes_since),
    ROW(a_thousand_expunges_are_remembered),
    ROW(a_cancelled_request_is_not_answered),
    ROW(everything_is_there_after_a_restart),
};

void contract_add(void)
{
    contract_add_names();
    for (size_t i = 0; i < COUNT(cases); i++)
        test_register(cases[i].name, cases[i].run);
}
