#include "base/rand.h"
#include "base/zip.h"
#include "test.h"
#include <pthread.h>
#include <string.h>

static void round_trip(struct str in, int level)
{
    AUTO_BUF struct buf packed = { .max = 1 << 22 };
    AUTO_BUF struct buf back = { .max = 1 << 22 };
    CHECK_OK(zip_pack(&packed, in, level));
    CHECK_OK(zip_unpack(&back, buf_str(&packed), in.n));
    CHECK(str_eq(buf_str(&back), in));
    if (in.n) {
        CHECK_EQ(zip_unpack(&back, buf_str(&packed), in.n - 1), ERR_BAD); /* over what the caller will take */
    }
    for (size_t cut = 0; cut < MIN(packed.n, 40u); cut++)
        CHECK_EQ(zip_unpack(&back, str_sub(buf_str(&packed), 0, cut), in.n), ERR_BAD);
    buf_putc(&packed, 'x');
    CHECK_EQ(zip_unpack(&back, buf_str(&packed), in.n), ERR_BAD);
    CHECK_EQ(back.n, in.n);
}

TEST(round_trips)
{
    static char big[300000];
    round_trip((struct str){ 0 }, 1);
    round_trip(S("x"), 1);
    memset(big, 'a', sizeof big);
    for (int level = -1; level <= 3; level++)
        round_trip(str_of(big, sizeof big), level);
    rand_bytes(big, sizeof big);
    round_trip(str_of(big, sizeof big), 1);
}

TEST(ceilings_and_strangers)
{
    AUTO_BUF struct buf packed = { .max = 1000 };
    AUTO_BUF struct buf small = { .max = 4 };
    CHECK_OK(zip_pack(&packed, S("hello"), 1));
    CHECK_EQ(zip_unpack(&small, buf_str(&packed), 100), ERR_FULL);
    CHECK_EQ(small.n, 0);
    buf_clear(&small);
    CHECK_EQ(zip_unpack(&small, S("\x50\x2a\x4d\x18\0\0\0\0"), 100), ERR_BAD); /* a skippable frame */
    CHECK_EQ(zip_unpack(&small, S("not zstd at all"), 100), ERR_BAD);
    CHECK_EQ(zip_pack(&small, S("hello"), 1), ERR_FULL);
}

static void *in_thread(void *ok)
{
    AUTO_BUF struct buf b = { .max = 1000 };
    return zip_pack(&b, S("hello"), 1) == OK ? ok : NULL;
}

TEST(a_thread_gives_its_contexts_back) /* judged by the leak checker */
{
    pthread_t t;
    int m = 0;
    void *r;
    CHECK(pthread_create(&t, NULL, in_thread, &m) == 0 && pthread_join(t, &r) == 0 && r == &m);
}
