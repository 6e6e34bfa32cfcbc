#include "test.h"
#include "wire/ws.h"
#include <string.h>

/* A masked client frame. */
static void frame(struct buf *b, int first, struct str payload)
{
    static const uint8_t mask[4] = { 0x37, 0xfa, 0x21, 0x3d };
    buf_putc(b, (char)first);
    if (payload.n < 126) {
        buf_putc(b, (char)(0x80 | payload.n));
    } else {
        buf_putc(b, (char)(0x80 | 126));
        buf_putc(b, (char)(payload.n >> 8));
        buf_putc(b, (char)payload.n);
    }
    buf_put(b, str_of(mask, 4));
    for (size_t i = 0; i < payload.n; i++)
        buf_putc(b, (char)((uint8_t)payload.p[i] ^ mask[i % 4]));
}

static enum err read_one(struct str in, struct ws_in *w, struct buf *scratch, struct ws_msg *m, size_t *used)
{
    int code = 0;
    return ws_read(w, in, scratch, m, used, &code);
}

TEST(a_text_message_in_any_split)
{
    AUTO_BUF struct buf b = { .max = 4096 }, scratch = { .max = LIMIT_WS_FRAME };
    frame(&b, 0x81, S("{\"auth\":\"x\"}"));
    for (size_t n = 0; n < b.n; n++) {
        struct ws_in w;
        ws_in_init(&w);
        struct ws_msg m;
        size_t used;
        CHECK_EQ(read_one(str_sub(buf_str(&b), 0, n), &w, &scratch, &m, &used), ERR_MORE);
        CHECK_EQ(used, 0);
        CHECK_OK(read_one(buf_str(&b), &w, &scratch, &m, &used));
        CHECK_STR("payload", m.payload, "{\"auth\":\"x\"}");
        CHECK(m.op == WS_TEXT && used == b.n);
        ws_in_fini(&w);
    }
}

TEST(fragments_with_a_ping_between)
{
    AUTO_BUF struct buf b = { .max = 4096 }, scratch = { .max = LIMIT_WS_FRAME };
    frame(&b, 0x01, S("one "));
    frame(&b, 0x89, S("hi"));
    frame(&b, 0x00, S("two "));
    frame(&b, 0x80, S("three"));
    struct ws_in w;
    ws_in_init(&w);
    struct ws_msg m;
    size_t used;
    CHECK_OK(read_one(buf_str(&b), &w, &scratch, &m, &used));
    CHECK(m.op == WS_PING);
    CHECK_STR("ping", m.payload, "hi");
    buf_drop(&b, used);
    CHECK_OK(read_one(buf_str(&b), &w, &scratch, &m, &used));
    CHECK_STR("joined", m.payload, "one two three");
    CHECK_EQ(used, b.n);
    ws_in_fini(&w);
}

TEST(wrong_frames_get_their_code)
{
    static const struct {
        const char *what;
        struct str in;
        int code;
    } cases[] = {
        { "unmasked", STR("\x81\x02hi"), WS_PROTOCOL },
        { "reserved bit", STR("\xc1\x80\1\2\3\4"), WS_PROTOCOL },
        { "unknown opcode", STR("\x83\x80\1\2\3\4"), WS_PROTOCOL },
        { "unknown control", STR("\x8b\x80\1\2\3\4"), WS_PROTOCOL },
        { "continuation of nothing", STR("\x80\x80\1\2\3\4"), WS_PROTOCOL },
        { "fragmented ping", STR("\x09\x80\1\2\3\4"), WS_PROTOCOL },
        { "long form of a short length", STR("\x81\xfe\0\1\1\2\3\4a"), WS_PROTOCOL },
        { "too big", STR("\x81\xff\0\0\0\1\0\0\0\0\1\2\3\4"), WS_TOO_BIG },
        { "not UTF-8", STR("\x81\x81\0\0\0\0\xff"), WS_NOT_UTF8 },
        { "close of one octet", STR("\x88\x81\0\0\0\0\3"), WS_PROTOCOL },
        { "close with 1005", STR("\x88\x82\0\0\0\0\x03\xed"), WS_PROTOCOL },
        { "close reason not UTF-8", STR("\x88\x83\0\0\0\0\x03\xe8\xff"), WS_NOT_UTF8 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf scratch = { .max = LIMIT_WS_FRAME };
        struct ws_in w;
        ws_in_init(&w);
        struct ws_msg m;
        size_t used;
        int code = 0;
        enum err e = ws_read(&w, cases[i].in, &scratch, &m, &used, &code);
        if (e != ERR_BAD || code != cases[i].code)
            print_error("%s: %s %d\n", cases[i].what, err_name(e), code);
        CHECK(e == ERR_BAD && code == cases[i].code);
        ws_in_fini(&w);
    }
}

TEST(fragments_together_are_bounded)
{
    AUTO_BUF struct buf b = { .max = 1 << 20 }, scratch = { .max = LIMIT_WS_FRAME };
    char big[9000];
    memset(big, 'x', sizeof big);
    frame(&b, 0x01, str_of(big, sizeof big));
    frame(&b, 0x00, str_of(big, sizeof big));
    struct ws_in w;
    ws_in_init(&w);
    struct ws_msg m;
    size_t used;
    int code = 0;
    CHECK_EQ(ws_read(&w, buf_str(&b), &scratch, &m, &used, &code), ERR_BAD);
    CHECK_EQ(code, WS_TOO_BIG);
    ws_in_fini(&w);
}

TEST(close_has_code_and_reason)
{
    AUTO_BUF struct buf b = { .max = 4096 }, scratch = { .max = LIMIT_WS_FRAME };
    frame(&b, 0x88,
          S("\x03\xe8"
            "bye"));
    struct ws_in w;
    ws_in_init(&w);
    struct ws_msg m;
    size_t used;
    CHECK_OK(read_one(buf_str(&b), &w, &scratch, &m, &used));
    CHECK(m.op == WS_CLOSE && m.code == 1000);
    CHECK_STR("reason", m.payload, "bye");
    ws_in_fini(&w);
}

TEST(frames_out)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 70000 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        AUTO_BUF struct buf a = { .max = 1 << 20 }, b = { .max = 1 << 20 }, p = { .max = 1 << 20 };
        for (size_t k = 0; k < sizes[i]; k++)
            buf_putc(&p, (char)('a' + k % 26));
        ws_put(&a, WS_TEXT, buf_str(&p));
        buf_puts(&b, "before");
        size_t mark = ws_begin(&b);
        buf_put(&b, buf_str(&p));
        ws_end(&b, mark, WS_TEXT);
        CHECK(str_eq(str_from(buf_str(&b), 6), buf_str(&a)));
        CHECK_EQ(a.n, sizes[i] + (sizes[i] < 126 ? 2 : sizes[i] < 65536 ? 4 : 10));
    }
}

TEST(accept_key_of_the_rfc)
{
    AUTO_BUF struct buf b = { .max = 64 };
    CHECK_OK(ws_accept_key(S("dGhlIHNhbXBsZSBub25jZQ=="), &b));
    CHECK_STR("accept", buf_str(&b), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK_EQ(ws_accept_key(S("short"), &b), ERR_BAD);
    CHECK_EQ(ws_accept_key(S("dGhlIHNhbXBsZSBub25jZQ=!"), &b), ERR_BAD);
}
