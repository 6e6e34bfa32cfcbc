#include "base/err.h"
#include "base/list.h"
#include "base/util.h"
#include "test.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static int open_and(bool keep)
{
    AUTO_FD int fd = open("/dev/null", O_RDONLY);
    CHECK(fd >= 0);
    return keep ? KEEP(fd) : dup(fd);
}

TEST(scopes_close_what_they_open)
{
    int first = open_and(true), second = open_and(false);
    CHECK(fcntl(first, F_GETFD) >= 0 && fcntl(second, F_GETFD) >= 0);
    int probe = dup(first);
    CHECK(probe >= 0);
    close(first);
    close(second);
    close(probe);
    AUTO_FREE char *p = malloc(10);
    AUTO_FREE char *q = malloc(10);
    char *kept = KEEP(q);
    CHECK(p && kept && !q);
    free(kept);
}

TEST(sizes)
{
    size_t n = 7;
    CHECK(!add_size(SIZE_MAX, 1, &n) && !mul_size(SIZE_MAX / 2, 3, &n) && n == 7);
    CHECK(add_size(SIZE_MAX - 1, 1, &n) && n == SIZE_MAX);
    CHECK(mul_size(1u << 20, 1u << 20, &n) && n == (size_t)1 << 40);
}

TEST(big_endian)
{
    uint8_t b[8];
    put_be32(b, 0x01020304);
    CHECK(b[0] == 1 && b[3] == 4 && get_be32(b) == 0x01020304);
    put_be64(b, 0x8102030405060708);
    CHECK(b[0] == 0x81 && b[7] == 8 && get_be64(b) == 0x8102030405060708);
}

TEST(list)
{
    struct node {
        int v;
        struct list in;
    } a = { .v = 1 }, b = { .v = 2 }, c = { .v = 3 };
    struct list head;
    list_init(&head);
    list_add_tail(&head, &b.in);
    list_add_tail(&head, &c.in);
    list_add_head(&head, &a.in);
    int want = 1;
    LIST_FOR(&head, it)
    {
        CHECK_EQ(CONTAINER_OF(it, struct node, in)->v, want++);
        list_del(it);
    }
    CHECK(want == 4 && list_empty(&head));
    list_del(&a.in);
}

TEST(error_names)
{
    CHECK_STR("first", str_c(err_name(OK)), "ok");
    CHECK_STR("last", str_c(err_name(ERR_IO)), "io");
}
