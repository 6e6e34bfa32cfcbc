/* Attempts to hand mail in: kept sealed, told, bounded, and gone with their box. */
#include "core/world.h"

static void note(const char *domain, const char *reply)
{
    struct str said = str_c(reply);
    deliver_note(w.deliver, &w.box,
                 (struct arrival){ .result = arrival_refused(said), .domain = str_c(domain), .reply = said });
}

/* The newest, opened; how many there are. */
static size_t newest(struct buf *json)
{
    struct arena a;
    struct arrival_kept kept[ARRIVALS_BOX];
    arena_init(&a, 1 << 20);
    size_t n = arrivals_of(w.arrivals, &w.box, &a, kept);
    buf_clear(json);
    if (n > 0 && w.opened && !w.opened->gone)
        CHECK_OK(arrival_open(w.opened, &kept[0], json));
    arena_reset(&a);
    return n;
}

static void told_attempt(struct job *j)
{
    (void)j;
    loop_stop(w.loop);
}

/* Behind what has been published. */
static void turn(void)
{
    struct job last = { .run = told_attempt };
    post(w.loop, &last);
    loop_run(w.loop);
}

TEST(what_was_stored_and_what_was_refused)
{
    AUTO_BUF struct buf json = { .max = 4096 };
    world_open();
    start_box();
    CHECK_EQ(newest(&json), 0);
    CHECK_OK(deliver_text(str_c(mail_text)));
    CHECK_EQ(newest(&json), 1);
    CHECK(str_ends(buf_str(&json), S("\"domain\":\"example.org\",\"tls\":null,\"result\":\"inbox\",\"code\":null,"
                                     "\"reason\":null,\"cause\":null}")));
    CHECK(str_find(buf_str(&json), S("bob")) == STR_NONE);
    CHECK_OK(deliver_text(str_c(mail_text))); /* a retry is the same attempt */
    CHECK_EQ(newest(&json), 1);
    note("shop.example", "452 4.2.2 mailbox full");
    CHECK_EQ(newest(&json), 2);
    CHECK(str_ends(buf_str(&json), S("\"domain\":\"shop.example\",\"tls\":null,\"result\":\"deferred\","
                                     "\"code\":\"452 4.2.2\",\"reason\":\"mailbox full\",\"cause\":null}")));
    turn();
    CHECK_EQ(w.attempts, 1); /* what is in INBOX is told as a message */
    CHECK_STR("told as kept", buf_str(&w.attempt), (buf_putc(&json, 0), json.p));
    world_close();
}

TEST(senders_by_their_domain_alone)
{
    static const struct {
        const char *from, *domain;
    } cases[] = { { "bob@example.org", "example.org" },
                  { "\"a@b\"@example.org", "example.org" },
                  { "", "" },
                  { "bob@[192.0.2.1]", "" },
                  { "bob@192.0.2.1", "" },
                  { "bob", "" } };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_STR(cases[i].from, arrival_domain(str_c(cases[i].from)), cases[i].domain);
    CHECK_EQ(arrival_refused(S("554 5.7.1 no")), ARRIVAL_REFUSED);
    CHECK_EQ(arrival_refused(S("421 4.4.2 slow")), ARRIVAL_DEFERRED);
}

TEST(so_many_a_box_and_a_minute)
{
    AUTO_BUF struct buf json = { .max = 4096 };
    char reply[64];
    world_open();
    start_box();
    for (int i = 0; i < 3 * ARRIVALS_BOX; i++) {
        snprintf(reply, sizeof reply, "452 4.2.2 number %d", i);
        note("shop.example", reply);
    }
    CHECK_EQ(newest(&json), ARRIVALS_BOX);
    CHECK(str_find(buf_str(&json), S("number 19\"")) != STR_NONE); /* the flood's beginning, not its end */
    w.clock.wall_offset_ms += 61 * 1000;
    w.clock.boot_offset_ms += 61 * 1000;
    note("shop.example", "452 4.2.2 later");
    CHECK_EQ(newest(&json), ARRIVALS_BOX);
    CHECK(str_find(buf_str(&json), S("later")) != STR_NONE);
    world_close();
}

TEST(so_many_in_all_the_oldest_go)
{
    struct arrivals *a;
    struct arena to;
    struct arrival_kept kept[ARRIVALS_BOX];
    struct msg_id id = { 0 };
    arena_init(&to, 1 << 20);
    CHECK_OK(arrivals_new(&a));
    for (uint32_t i = 0; i < ARRIVALS_ALL + 10; i++) {
        struct box_id box = { 0 };
        memcpy(box.b, &i, sizeof i);
        arrivals_keep(a, &box, &id, S("sealed"), i);
    }
    for (uint32_t i = 0; i < 20; i++) {
        struct box_id box = { 0 };
        memcpy(box.b, &i, sizeof i);
        CHECK_EQ(arrivals_of(a, &box, &to, kept), i < 10 ? 0 : 1);
    }
    arrivals_free(a);
    arena_reset(&to);
}

TEST(nobody_else_opens_it_and_it_ends_with_its_box)
{
    AUTO_BUF struct buf json = { .max = 4096 };
    struct arena a;
    struct arrival_kept kept[ARRIVALS_BOX];
    world_open();
    start_box();
    note("shop.example", "554 5.7.1 malware");
    arena_init(&a, 1 << 20);
    CHECK_EQ(arrivals_of(w.arrivals, &w.box, &a, kept), 1);
    CHECK(str_find(kept[0].sealed, S("shop")) == STR_NONE);
    struct box_id first = w.box;
    event_unlisten(w.hub, &w.listener);
    start_box(); /* another box */
    CHECK_EQ(arrival_open(w.opened, &kept[0], &json), ERR_BAD);
    CHECK_EQ(newest(&json), 0);
    note("shop.example", "554 5.7.1 malware");
    CHECK_EQ(newest(&json), 1);
    CHECK(mailbox_end(w.boxes, w.opened, on_end, NULL) != NULL);
    CHECK_OK(answer());
    for (int i = 0; i < 100 && newest(&json) > 0; i++)
        turn();
    CHECK_EQ(newest(&json), 0);
    note("shop.example", "554 5.7.1 malware"); /* nothing comes after the end */
    CHECK_EQ(newest(&json), 0);
    CHECK_EQ(arrivals_of(w.arrivals, &first, &a, kept), 1);
    arena_reset(&a);
    world_close();
}
