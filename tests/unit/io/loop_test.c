#include "io/loop.h"
#include "test.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { SENDERS = 4, JOBS = 20000 };
struct note {
    struct job job;
    int sender, number;
};
static struct loop *loop;
static int last[SENDERS], seen;
static char order[16];
static size_t order_n;

static void on_note(struct job *j)
{
    struct note *n = CONTAINER_OF(j, struct note, job);
    CHECK(loop_here(loop));
    CHECK_EQ(n->number, last[n->sender] + 1); /* in each sender's order, none twice, none missing */
    last[n->sender] = n->number;
    free(n);
    if (++seen == SENDERS * JOBS)
        loop_stop(loop);
}

static void *sender(void *which)
{
    for (int i = 1; i <= JOBS; i++) {
        struct note *n = calloc(1, sizeof *n);
        *n = (struct note){ .job.run = on_note, .sender = (int)(intptr_t)which, .number = i };
        post(loop, &n->job);
    }
    return NULL;
}

TEST(posts_from_many_threads)
{
    pthread_t t[SENDERS];
    CHECK_OK(loop_new(&loop));
    for (intptr_t i = 0; i < SENDERS; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, sender, (void *)i), 0);
    loop_run(loop);
    for (size_t i = 0; i < SENDERS; i++)
        pthread_join(t[i], NULL);
    CHECK_EQ(seen, SENDERS * JOBS);
    loop_free(loop);
}

static void mark(char c)
{
    if (order_n < sizeof order)
        order[order_n++] = c;
}
static struct job job_a, job_b, job_c;
static void run_c(struct job *) { mark('c'); }
static void run_b(struct job *) { mark('b'); }
static void run_a(struct job *)
{
    mark('a');
    loop_later(loop, &job_c);
    mark('A'); /* not from inside loop_later() */
}
static void stop(struct timer *)
{
    mark('t');
    loop_stop(loop);
}

TEST(later_runs_in_order_on_a_later_turn)
{
    order_n = 0;
    CHECK_OK(loop_new(&loop));
    struct timer t = { 0 };
    timer_clear(&t); /* unarmed: nothing to do */
    timer_init(&t, loop, stop);
    timer_set(&t, 20);
    job_a.run = run_a;
    job_b.run = run_b;
    job_c.run = run_c;
    loop_later(loop, &job_a);
    loop_later(loop, &job_b);
    CHECK_EQ(order_n, 0);
    loop_run(loop);
    CHECK_STR("order", str_of(order, order_n), "aAbct");
    loop_free(loop);
}

TEST(free_runs_what_is_queued)
{
    order_n = 0;
    CHECK_OK(loop_new(&loop));
    post(loop, &job_b);
    loop_later(loop, &job_a);
    loop_free(loop);
    CHECK_STR("order", str_of(order, order_n), "baAc");
    loop_free(NULL);
}

static struct timer timers[3];
static void fire(struct timer *t)
{
    mark((char)('0' + (t - timers)));
    timer_clear(&timers[1]);
    if (t == &timers[2])
        loop_stop(loop);
}

TEST(timers)
{
    order_n = 0;
    CHECK_OK(loop_new(&loop));
    for (size_t i = 0; i < COUNT(timers); i++)
        timer_init(&timers[i], loop, fire);
    timer_set(&timers[2], 30);
    timer_set(&timers[1], 20);
    timer_set(&timers[0], 500);
    timer_set(&timers[0], 10); /* armed again: moved */
    loop_run(loop);
    CHECK_STR("order", str_of(order, order_n), "02");
    loop_free(loop);
}

static void on_ready(struct watch *w)
{
    char c;
    CHECK_EQ(read(w->fd, &c, 1), 1);
    mark(c);
    if (c == '3') {
        watch_stop(w);
        loop_stop(loop);
    }
}

TEST(watch_is_persistent)
{
    order_n = 0;
    int fds[2];
    struct watch w = { 0 };
    CHECK_EQ(pipe(fds), 0);
    CHECK_OK(loop_new(&loop));
    CHECK_OK(watch_start(&w, loop, fds[0], on_ready));
    CHECK_EQ(write(fds[1], "123", 3), 3);
    loop_run(loop);
    CHECK_STR("order", str_of(order, order_n), "123");
    loop_free(loop);
    close(fds[0]);
    close(fds[1]);
}

static struct deadline deadlines[2];
static int64_t fired_ms;
static void on_deadline(struct deadline *d)
{
    fired_ms = loop_now_ms(loop);
    mark((char)('0' + (d - deadlines)));
    if (d == &deadlines[1])
        loop_stop(loop);
    else
        loop_deadline(loop, &deadlines[1], 40);
}

TEST(deadlines)
{
    order_n = 0;
    CHECK_OK(loop_new(&loop));
    struct deadline cleared = { .fire = on_deadline };
    deadlines[0].fire = deadlines[1].fire = on_deadline;
    int64_t start = loop_now_ms(loop);
    loop_deadline(loop, &deadlines[1], 60000);
    loop_deadline(loop, &cleared, 10);
    loop_deadline(loop, &deadlines[0], 30);
    loop_deadline_clear(loop, &cleared);
    loop_run(loop);
    CHECK_STR("order", str_of(order, order_n), "01");
    CHECK(fired_ms >= start + 70);
    loop_free(loop);
}
