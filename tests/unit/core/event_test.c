#include "core/event.h"
#include "test.h"

struct heard {
    struct event_listener l;
    struct event_hub *hub;
    struct event_listener *also_off; /* taken off when this one is called */
    int n;
    enum event_kind last;
};

static void on(struct event_listener *l, const struct event *e)
{
    struct heard *h = CONTAINER_OF(l, struct heard, l);
    h->n++;
    h->last = e->kind;
    if (h->also_off != NULL) {
        event_unlisten(h->hub, h->also_off);
        event_unlisten(h->hub, l);
    }
}

static void stop(struct timer *t) { loop_stop(*(struct loop **)(void *)(t + 1)); }
struct stopper {
    struct timer t;
    struct loop *loop;
};

static void run_a_while(struct loop *l)
{
    struct stopper s = { .loop = l };
    timer_init(&s.t, l, stop);
    timer_set(&s.t, 5);
    loop_run(l);
    timer_clear(&s.t);
}

static void tell(struct event_hub *h, enum event_kind k, struct box_id box)
{
    struct event *e = event_new(h, k, &box, S("secret"));
    CHECK(e != NULL);
    event_publish(e);
}

TEST(listeners_hear_their_box_only)
{
    struct loop *l;
    struct event_hub *h;
    struct box_id a = { { 1 } }, b = { { 2 } };
    CHECK_OK(loop_new(&l));
    CHECK_OK(event_hub_new(&l, 1, &h));
    struct heard x = { .l = { .box = a, .on = on } }, y = { .l = { .box = b, .on = on } }, all = { .l.on = on };
    event_listen(h, l, &x.l);
    event_listen(h, l, &y.l);
    event_listen_all(h, l, &all.l);
    tell(h, EVENT_MESSAGE_NEW, a);
    CHECK_EQ(x.n, 0); /* not before this turn is over */
    run_a_while(l);
    CHECK_EQ(x.n, 1);
    CHECK_EQ(y.n, 0);
    tell(h, EVENT_BOX_ENDED, b);
    run_a_while(l);
    CHECK_EQ(y.n, 1);
    CHECK_EQ(all.last, EVENT_BOX_ENDED);
    event_unlisten(h, &x.l);
    event_unlisten(h, &x.l);
    tell(h, EVENT_MESSAGE_NEW, a);
    run_a_while(l);
    CHECK_EQ(x.n, 1);
    CHECK_EQ(event_listeners(h), 1);
    event_hub_free(h);
    loop_free(l);
}

TEST(listeners_may_leave_while_being_called)
{
    struct loop *l;
    struct event_hub *h;
    struct box_id a = { { 1 } };
    CHECK_OK(loop_new(&l));
    CHECK_OK(event_hub_new(&l, 1, &h));
    struct heard v[4] = { 0 };
    for (int i = 0; i < 4; i++) {
        v[i] = (struct heard){ .l = { .box = a, .on = on }, .hub = h };
        event_listen(h, l, &v[i].l);
    }
    v[3].also_off = &v[2].l; /* the last added is called first */
    tell(h, EVENT_MESSAGE_NEW, a);
    run_a_while(l);
    CHECK_EQ(v[3].n, 1);
    CHECK_EQ(v[2].n, 0);
    CHECK_EQ(v[1].n, 1);
    CHECK_EQ(v[0].n, 1);
    CHECK_EQ(event_listeners(h), 2);
    event_hub_free(h);
    loop_free(l);
}
