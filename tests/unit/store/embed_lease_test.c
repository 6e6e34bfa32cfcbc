/* Lease slots: durable, ended in order, mended where only one copy is damaged; a key's bytes are gone from both files.
 */
#include "base/rand.h"
#include "store/embed_lease.h"
#include "test.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256];

static struct leases *begin(uint32_t slots)
{
    static int n;
    struct leases *l;
    snprintf(dir, sizeof dir, "%s/lease%d", test_dir(), n++);
    mkdir(dir, 0700);
    CHECK_OK(leases_open(dir, slots, NULL, &l));
    return l;
}

static struct box_id box(unsigned n)
{
    struct box_id id = { { 1 } };
    put_be32(id.b + 12, n);
    return id;
}

static uint32_t take(struct leases *l, unsigned n)
{
    uint8_t key[KEY_N];
    uint32_t slot;
    struct box_id id = box(n);
    memset(key, 0x40 + (int)n % 64, KEY_N);
    CHECK_OK(lease_take(l, &id, key, &slot));
    return slot;
}

static enum err get(struct leases *l, unsigned n, uint32_t slot)
{
    uint8_t key[KEY_N] = { 0 };
    struct box_id id = box(n);
    enum err e = lease_get(l, &id, slot, key);
    if (e == OK)
        CHECK_EQ(key[31], 0x40 + (int)n % 64);
    return e;
}

static enum err shred(struct leases *l, unsigned n, uint32_t slot, bool *was)
{
    struct lease_ref r = { .box = box(n), .slot = slot };
    enum err e = lease_shred(l, &r, 1);
    *was = r.was_live;
    return e;
}

static bool in_file(char which, unsigned n)
{
    char path[300];
    uint8_t key[KEY_N];
    memset(key, 0x40 + (int)n % 64, KEY_N);
    snprintf(path, sizeof path, "%s/lease.%c", dir, which);
    int fd = open(path, O_RDONLY);
    off_t size = lseek(fd, 0, SEEK_END);
    char *all = malloc((size_t)size);
    CHECK_EQ(pread(fd, all, (size_t)size, 0), size);
    bool found = memmem(all, (size_t)size, key, KEY_N) != NULL;
    free(all);
    close(fd);
    return found;
}

static void damage(char which, uint32_t slot, const void *with, size_t n)
{
    char path[300];
    snprintf(path, sizeof path, "%s/lease.%c", dir, which);
    int fd = open(path, O_WRONLY);
    CHECK_EQ(pwrite(fd, with, n, (off_t)slot * REC_LEASE_N), (ssize_t)n);
    close(fd);
}

static bool keep_all(void *, const struct box_id *, uint32_t) { return true; }
static bool keep_odd(void *, const struct box_id *id, uint32_t) { return id->b[15] % 2 == 1; }

TEST(taken_read_and_shredded)
{
    struct leases *l = begin(100);
    uint32_t a = take(l, 1), b = take(l, 2);
    bool was;
    CHECK_EQ(get(l, 1, a), OK);
    CHECK_EQ(get(l, 2, a), ERR_GONE); /* another's */
    CHECK(in_file('a', 1) && in_file('b', 1));
    CHECK_OK(shred(l, 1, b, &was)); /* the wrong slot: nothing happens */
    CHECK(!was);
    CHECK_EQ(get(l, 2, b), OK);
    CHECK_OK(shred(l, 1, a, &was));
    CHECK(was);
    CHECK(!in_file('a', 1) && !in_file('b', 1));
    CHECK_EQ(get(l, 1, a), ERR_GONE);
    CHECK_EQ(get(l, 2, b), OK);
    CHECK_EQ(leases_used(l), 1);
    CHECK_OK(shred(l, 1, a, &was));
    CHECK(!was);
    leases_close(l);
}

TEST(full_and_free_again)
{
    struct leases *l = begin(70);
    uint8_t key[KEY_N] = { 0 };
    uint32_t slots[70], slot;
    struct box_id more = box(500);
    for (unsigned i = 0; i < 70; i++)
        slots[i] = take(l, i);
    CHECK_EQ(lease_take(l, &more, key, &slot), ERR_FULL);
    bool was;
    CHECK_OK(shred(l, 33, slots[33], &was));
    CHECK_OK(lease_take(l, &more, key, &slot));
    CHECK_EQ(slot, slots[33]);
    leases_close(l);
}

TEST(many_at_once_over_many_pages)
{
    enum { N = 20000 };
    struct leases *l = begin(40000);
    struct lease_ref *refs = calloc(N, sizeof *refs);
    for (unsigned i = 0; i < 2 * N; i++) {
        uint32_t slot = take(l, i);
        if (i % 2 == 0)
            refs[i / 2] = (struct lease_ref){ .box = box(i), .slot = slot };
    }
    CHECK_OK(lease_shred(l, refs, N));
    for (unsigned i = 0; i < N; i++)
        CHECK(refs[i].was_live);
    CHECK_EQ(leases_used(l), N);
    free(refs);
    leases_close(l);
}

TEST(kept_over_a_restart)
{
    struct leases *l = begin(100);
    uint32_t slots[4];
    for (unsigned i = 0; i < 4; i++)
        slots[i] = take(l, i);
    leases_close(l);
    CHECK_OK(leases_open(dir, 100, NULL, &l));
    CHECK_OK(leases_check(l, keep_odd, NULL)); /* even ones were never acknowledged */
    CHECK_EQ(get(l, 1, slots[1]), OK);
    CHECK_EQ(get(l, 3, slots[3]), OK);
    CHECK_EQ(get(l, 2, slots[2]), ERR_GONE);
    CHECK(!in_file('a', 2) && !in_file('b', 2));
    CHECK_EQ(leases_used(l), 2);
    leases_close(l);
}

TEST(an_end_under_way_is_finished_and_damage_is_mended)
{
    struct leases *l = begin(100);
    uint32_t ended = take(l, 1), rotten = take(l, 2), torn = take(l, 3), both = take(l, 4), fine = take(l, 5);
    leases_close(l);
    uint8_t empty[REC_LEASE_N];
    rec_lease_put(empty, &(struct lease_rec){ .slot = ended });
    damage('a', ended, empty, sizeof empty); /* A was synced, then the power went */
    damage('a', rotten, "rot", 3);
    damage('b', torn, "rot", 3);
    damage('a', both, "rot", 3);
    damage('b', both, "rot", 3);
    CHECK_OK(leases_open(dir, 100, NULL, &l));
    CHECK_OK(leases_check(l, keep_all, NULL));
    CHECK_EQ(get(l, 1, ended), ERR_GONE);
    CHECK(!in_file('b', 1));
    CHECK_EQ(get(l, 2, rotten), OK);
    CHECK_EQ(get(l, 3, torn), OK);
    CHECK_EQ(get(l, 5, fine), OK);
    CHECK(get(l, 4, both) != OK);
    leases_close(l);
    CHECK_OK(leases_open(dir, 100, NULL, &l));
    damage('b', rotten, "rot", 3); /* A was mended, so B may go now */
    CHECK_OK(leases_check(l, keep_all, NULL));
    CHECK_EQ(get(l, 2, rotten), OK);
    leases_close(l);
}

TEST(a_damaged_slot_is_read_from_the_other_file)
{
    struct leases *l = begin(100);
    uint32_t a = take(l, 1);
    bool was;
    damage('a', a, "rot", 3);
    CHECK_EQ(get(l, 1, a), OK);
    CHECK_OK(shred(l, 1, a, &was));
    CHECK_EQ(get(l, 1, a), ERR_GONE);
    CHECK(!in_file('a', 1) && !in_file('b', 1));
    leases_close(l);
}

struct again {
    struct leases *l;
    uint32_t slot;
    atomic_bool stop;
};

static void *end_again(void *arg)
{
    struct again *a = arg;
    while (!atomic_load(&a->stop)) {
        struct lease_ref r = { .box = box(0), .slot = a->slot };
        (void)!lease_shred(a->l, &r, 1);
    }
    return NULL;
}

/* A box is burned twice: the second time its slot may go to another box while the files are flushed. */
TEST(an_end_asked_for_again_frees_nobody_elses_slot)
{
    struct leases *l = begin(100);
    struct again a = { .l = l, .slot = take(l, 0) };
    bool was;
    pthread_t thread;
    CHECK_OK(shred(l, 0, a.slot, &was));
    CHECK_EQ(pthread_create(&thread, NULL, end_again, &a), 0);
    for (unsigned i = 1; i < 300; i++) {
        uint32_t mine = take(l, i);
        usleep(200);
        uint32_t next = take(l, i + 1000);
        CHECK(mine != next);
        CHECK_EQ(get(l, i, mine), OK);
        CHECK_OK(shred(l, i, mine, &was));
        CHECK_OK(shred(l, i + 1000, next, &was));
    }
    atomic_store(&a.stop, true);
    pthread_join(thread, NULL);
    leases_close(l);
}
