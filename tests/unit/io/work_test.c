#include "io/loop.h"
#include "io/work.h"
#include "test.h"
#include <pthread.h>
#include <stdatomic.h>

enum { MANY = 100 };
static struct loop *loop;
static struct item {
    struct work w;
    int worked, done;
} items[MANY];
static int done_n;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int entered;

static void work(struct work *w)
{
    atomic_fetch_add(&entered, 1);
    pthread_mutex_lock(&gate);
    CONTAINER_OF(w, struct item, w)->worked++;
    pthread_mutex_unlock(&gate);
}

static void done(struct work *w)
{
    struct item *it = CONTAINER_OF(w, struct item, w);
    CHECK(loop_here(loop) && it->worked == 1);
    it->done++;
    done_n++;
}

TEST(each_comes_home_once)
{
    struct work_pool *p;
    CHECK_OK(loop_new(&loop));
    CHECK_OK(work_pool_new(2, MANY, &p));
    for (size_t i = 0; i < MANY; i++) {
        items[i].w = (struct work){ .work = work, .done = done };
        CHECK_OK(work_submit(p, loop, &items[i].w));
    }
    work_pool_free(p); /* finishes what is queued */
    CHECK_EQ(done_n, 0);
    loop_free(loop);
    CHECK_EQ(done_n, MANY);
    for (size_t i = 0; i < MANY; i++)
        CHECK(items[i].worked == 1 && items[i].done == 1);
}

TEST(a_full_queue_is_told)
{
    struct work_pool *p;
    static struct item it[4];
    CHECK_OK(loop_new(&loop));
    CHECK_OK(work_pool_new(1, 2, &p));
    for (size_t i = 0; i < COUNT(it); i++)
        it[i].w = (struct work){ .work = work, .done = done };
    atomic_store(&entered, 0);
    pthread_mutex_lock(&gate); /* the one thread is held up in it[0] */
    CHECK_OK(work_submit(p, loop, &it[0].w));
    while (atomic_load(&entered) == 0)
        ;
    CHECK_OK(work_submit(p, loop, &it[1].w));
    CHECK_OK(work_submit(p, loop, &it[2].w));
    CHECK_EQ(work_submit(p, loop, &it[3].w), ERR_BUSY);
    pthread_mutex_unlock(&gate);
    work_pool_free(p);
    loop_free(loop);
    CHECK(it[2].done == 1 && it[3].done == 0 && it[3].worked == 0);
}
