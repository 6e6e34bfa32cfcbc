#include "base/buf.h"
#include "base/log.h"
#include "test.h"
#include <string.h>
#include <unistd.h>

/* Writes through fn to a pipe and gives back what came out. */
static struct str logged(char *room, size_t n, struct log_opts o, void (*fn)(struct log *))
{
    int fds[2];
    struct log *l;
    CHECK_EQ(pipe(fds), 0);
    o.fd = fds[1];
    CHECK_OK(log_open(&o, &l));
    fn(l);
    log_close(l);
    close(fds[1]);
    size_t got = 0;
    for (ssize_t r; got < n && (r = read(fds[0], room + got, n - got)) > 0;)
        got += (size_t)r;
    close(fds[0]);
    return str_of(room, got);
}

static void some(struct log *l)
{
    log_debug(l, "not.seen");
    log_warn(l, "deliver.refused", LOG_U64("mailbox", UINT64_MAX), LOG_I64("delta", -5), LOG_ERR(ERR_GONE),
             LOG_STR("text", S("a b\n\"\\\x1b[31m\xff")), LOG_C("empty", ""));
    log_error(NULL, "nowhere");
}

TEST(key_value)
{
    char room[2048];
    struct str s = logged(room, sizeof room, (struct log_opts){ .min = LOG_INFO }, some);
    CHECK(str_starts(s, S("ts=20")));
    size_t at = str_find(s, S(" level="));
    CHECK_STR("line", str_from(s, at),
              " level=warn event=deliver.refused mailbox=18446744073709551615 delta=-5 err=gone "
              "text=\"a b\\x0a\\x22\\x5c\\x1b[31m\\xff\" empty=\"\"\n");
}

TEST(json_lines)
{
    char room[2048];
    struct str s = logged(room, sizeof room, (struct log_opts){ .min = LOG_INFO, .json = true }, some);
    CHECK(str_starts(s, S("{\"ts\":\"20")));
    size_t at = str_find(s, S(",\"level"));
    CHECK_STR("line", str_from(s, at),
              ",\"level\":\"warn\",\"event\":\"deliver.refused\",\"mailbox\":18446744073709551615,\"delta\":-5,"
              "\"err\":\"gone\",\"text\":\"a b\\n\\\"\\\\\\u001b[31m\xef\xbf\xbd\",\"empty\":\"\"}\n");
}

static void flood(struct log *l)
{
    for (int i = 0; i < 1000; i++)
        log_info(l, "flood");
    log_info(l, "calm");
}

TEST(a_flood_is_summed_up)
{
    static char room[100000];
    struct str s = logged(room, sizeof room, (struct log_opts){ .min = LOG_INFO }, flood), rest = s;
    size_t lines = 0;
    while (rest.n) {
        str_line(rest, &rest);
        lines++;
    }
    CHECK(lines >= 22 && lines <= 43); /* a second may turn over in the middle */
    CHECK(str_find(s, S("event=calm")) != STR_NONE);
    CHECK(str_find(s, S("event=log.suppressed of=flood lines=9")) != STR_NONE);
}

static void long_value(struct log *l)
{
    static char text[10000];
    memset(text, 'x', sizeof text);
    log_info(l, "long", LOG_STR("v", str_of(text, sizeof text)));
}

TEST(values_are_cut)
{
    static char room[20000];
    struct str s = logged(room, sizeof room, (struct log_opts){ .min = LOG_DEBUG }, long_value);
    CHECK(s.n > 256 && s.n < 400 && str_ends(s, S("x\n")));
}
