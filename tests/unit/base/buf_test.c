#include "base/buf.h"
#include "test.h"
#include <stdlib.h>
#include <string.h>

TEST(grows_to_its_ceiling_and_remembers)
{
    AUTO_BUF struct buf b = { .max = 100 };
    for (int i = 0; i < 10; i++)
        buf_puts(&b, "0123456789");
    CHECK(b.n == 100 && !b.failed && b.cap <= 100);
    buf_putc(&b, 'x');
    CHECK(b.n == 100 && b.failed);
    buf_drop(&b, 50);
    buf_putc(&b, 'y');
    CHECK_EQ(b.n, 50); /* later bytes are dropped as well: no holes */
    buf_clear(&b);
    CHECK(!b.failed && b.n == 0);
    CHECK(!buf_reserve(&b, SIZE_MAX) && b.failed);
}

TEST(max_zero_takes_nothing)
{
    AUTO_BUF struct buf b = { 0 };
    buf_put(&b, S(""));
    CHECK(!b.failed);
    buf_putc(&b, 'x');
    CHECK(b.failed && b.n == 0 && !b.p);
}

TEST(printf_and_numbers)
{
    AUTO_BUF struct buf b = { .max = 1000 };
    buf_printf(&b, "%s|%d|", "x", -5);
    buf_put_u64(&b, 0);
    buf_putc(&b, '|');
    buf_put_u64(&b, UINT64_MAX);
    CHECK_STR("short", buf_str(&b), "x|-5|0|18446744073709551615");
    buf_clear(&b);
    buf_printf(&b, "%0999d%s", 1, "2");
    CHECK(b.n == 1000 && !b.failed && b.p[998] == '1' && b.p[999] == '2'); /* fits to the last byte, no NUL counted */
    buf_clear(&b);
    buf_printf(&b, "%01001d", 1);
    CHECK(b.n == 0 && b.failed);
}

TEST(drop_shrink_take)
{
    AUTO_BUF struct buf b = { .max = 1000 };
    buf_puts(&b, "hello world");
    buf_drop(&b, 6);
    CHECK_STR("dropped", buf_str(&b), "world");
    buf_shrink(&b);
    CHECK_EQ(b.cap, 5);
    size_t n;
    char *p = buf_take(&b, &n);
    CHECK(n == 5 && memcmp(p, "world", 5) == 0 && !b.p && b.max == 1000);
    free(p);
    buf_putc(&b, 'x');
    buf_drop(&b, 99);
    buf_shrink(&b);
    CHECK(!b.p && b.cap == 0);
}

TEST(secret_is_wiped)
{
    AUTO_BUF struct buf b = { .max = 1 << 20, .secret = true };
    buf_puts(&b, "password");
    buf_drop(&b, 4);
    CHECK(memcmp(b.p, "word\0\0\0\0", 8) == 0);
    buf_clear(&b);
    CHECK(memcmp(b.p, "\0\0\0\0\0\0\0\0", 8) == 0);
    for (int i = 0; i < 3000; i++)
        buf_printf(&b, "%064d", i);
    CHECK(b.n == 3000 * 64 && !b.failed && b.cap <= b.max && memcmp(b.p + b.n - 4, "2999", 4) == 0);
}
