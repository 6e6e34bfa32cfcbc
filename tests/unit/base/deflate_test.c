#include "base/deflate.h"
#include "test.h"
#include <string.h>

/* What one side says the other reads, in whatever pieces. */
TEST(both_ways)
{
    struct deflate *a = deflate_new(), *b = deflate_new();
    AUTO_BUF struct buf wire = { .max = 1 << 20 }, got = { .max = 1 << 20 };
    size_t used;
    CHECK(a != NULL && b != NULL);
    deflate_put(a, S("hello hello hello\r\n"), &wire);
    for (size_t at = 0; at < wire.n; at += used) {
        CHECK_OK(deflate_take(b, str_sub(buf_str(&wire), at, 1), &used, &got));
        CHECK_EQ(used, 1);
    }
    CHECK_STR("whole once flushed", buf_str(&got), "hello hello hello\r\n");
    size_t first = wire.n;
    deflate_put(a, S("hello again\r\n"), &wire);
    CHECK_OK(deflate_take(b, str_from(buf_str(&wire), first), &used, &got));
    CHECK_STR("one stream", str_from(buf_str(&got), 19), "hello again\r\n");
    deflate_free(a);
    deflate_free(b);
}

TEST(no_more_than_there_is_room_for)
{
    struct deflate *a = deflate_new(), *b = deflate_new();
    static char zeros[4 << 20];
    AUTO_BUF struct buf wire = { .max = 1 << 20 }, got = { .max = 10000 };
    size_t used, all = 0;
    deflate_put(a, str_of(zeros, sizeof zeros), &wire);
    CHECK(wire.n < 100000);
    for (size_t at = 0, steps = 0; all < sizeof zeros && steps < 1000; at += used, steps++) {
        CHECK_OK(deflate_take(b, str_from(buf_str(&wire), at), &used, &got));
        CHECK(got.n <= 10000);
        all += got.n;
        buf_clear(&got);
    }
    CHECK_EQ(all, sizeof zeros);
    got.n = got.max;
    CHECK_OK(deflate_take(b, S("x"), &used, &got));
    CHECK_EQ(used, 0);
    got.n = 0;
    deflate_free(a);
    deflate_free(b);
}

TEST(no_stream_of_ours)
{
    struct deflate *d = deflate_new();
    AUTO_BUF struct buf got = { .max = 1000 };
    size_t used;
    CHECK_EQ(deflate_take(d, S("\xff\xff\xff\xff"), &used, &got), ERR_BAD);
    deflate_free(d);
    d = deflate_new();
    CHECK_EQ(deflate_take(d, S("\x03\x00"), &used, &got), ERR_BAD); /* it ends: RFC 4978 has no end */
    deflate_free(d);
    deflate_free(NULL);
}

/* RFC 1952: a header of ten octets without name and time, and CRC and length at the end. */
TEST(gzip_file)
{
    AUTO_BUF struct buf gz = { .max = 1000 }, got = { .max = 1000 }, small = { .max = 10 };
    CHECK_OK(gzip_pack(&gz, S("hello hello hello hello")));
    CHECK(gz.n > 18 && memcmp(gz.p, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8) == 0);
    CHECK(memcmp(gz.p + gz.n - 4, "\x17\x00\x00\x00", 4) == 0);
    size_t used;
    CHECK(deflate_peek(str_from(buf_str(&gz), 10), &used, &got) && used == gz.n - 18);
    CHECK_STR("what was packed", buf_str(&got), "hello hello hello hello");
    CHECK(!deflate_peek(str_sub(buf_str(&gz), 10, gz.n - 19), &used, &got)); /* cut off */
    CHECK_EQ(gzip_pack(&small, S("hello hello hello hello")), ERR_FULL);
}
