#include "base/text.h"
#include "base/zip.h"
#include "core/chunk.h"
#include "test.h"
#include <string.h>

enum { MAX_N = 256 * 1024 };

static size_t round_trip(struct str in)
{
    AUTO_BUF struct buf packed = { .max = in.n + in.n / 64 + 4096 }, back = { .max = MAX_N };
    buf_puts(&back, "kept");
    CHECK_OK(chunk_pack(&packed, in));
    CHECK_OK(chunk_unpack(&back, buf_str(&packed), in.n));
    CHECK(str_eq(str_from(buf_str(&back), 4), in));
    if (in.n > 0)
        CHECK_EQ(chunk_unpack(&back, buf_str(&packed), in.n - 1), ERR_BAD); /* over what the caller will take */
    CHECK_EQ(back.n, in.n + 4);
    return packed.n;
}

/* Lines of base64, of per octets each, and what a padded last one is. */
static void put_file(struct buf *b, struct str octets, size_t per, const char *eol)
{
    while (octets.n > 0) {
        text_base64(b, str_sub(octets, 0, per));
        buf_puts(b, eol);
        octets = str_from(octets, per);
    }
}

static struct str noise(char *room, size_t n)
{
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++)
        room[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
    return str_of(room, n);
}

static struct str prose(char *room, size_t n)
{
    static const char text[] = "Some words that come again and again, as words do. ";
    for (size_t i = 0; i < n; i++)
        room[i] = text[(i * (i / 500 + 1)) % (sizeof text - 1)];
    return str_of(room, n);
}

TEST(lines_of_all_lengths_come_back)
{
    char room[5000];
    for (size_t per = 1; per < 800; per += per < 80 ? 1 : 37)
        for (size_t n = 4990; n < 4996; n++) {
            AUTO_BUF struct buf b = { .max = MAX_N };
            buf_puts(&b, "Before.\r\n\r\n");
            put_file(&b, noise(room, n), per, "\r\n");
            size_t packed = round_trip(buf_str(&b));
            bool shape = per % 3 == 0 && per >= 30 && per <= 765; /* whole quanta, 40 to 1020 characters */
            CHECK(!shape || packed < n + n / 16);
            CHECK(shape || packed > n);
            buf_puts(&b, "After.\r\n");
            put_file(&b, noise(room, n), per, "\r\n");
            round_trip(buf_str(&b));
        }
}

TEST(what_is_no_run_is_a_frame)
{
    char room[5000];
    AUTO_BUF struct buf lf = { .max = MAX_N }, few = { .max = MAX_N }, padded = { .max = MAX_N };
    put_file(&lf, noise(room, 5000), 57, "\n");
    put_file(&few, noise(room, 300), 57, "\r\n");
    put_file(&padded, noise(room, 5000), 58, "\r\n");
    const struct str cases[] = {
        buf_str(&lf), buf_str(&few), buf_str(&padded), prose(room, 5000), S("x"), S(""), S("\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf packed = { .max = MAX_N }, frame = { .max = MAX_N };
        CHECK_OK(chunk_pack(&packed, cases[i]));
        CHECK_OK(zip_pack(&frame, cases[i], cases[i].n < 4096 ? -1 : 1));
        CHECK(str_eq(buf_str(&packed), buf_str(&frame))); /* as chunks were before there were runs */
        round_trip(cases[i]);
    }
}

TEST(what_base64_hides_is_found)
{
    char room[20000];
    AUTO_BUF struct buf b = { .max = MAX_N }, frame = { .max = MAX_N };
    put_file(&b, prose(room, sizeof room), 57, "\r\n");
    CHECK_OK(zip_pack(&frame, buf_str(&b), 1));
    CHECK(round_trip(buf_str(&b)) < frame.n / 2);
}

/* A chunk begins and ends anywhere. */
TEST(any_piece_comes_back)
{
    char room[3000];
    AUTO_BUF struct buf b = { .max = MAX_N };
    buf_puts(&b, "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    put_file(&b, noise(room, 1500), 57, "\r\n");
    put_file(&b, prose(room, 1400), 54, "\r\n");
    put_file(&b, noise(room, 1000), 45, "\r\n");
    buf_puts(&b, "QUJDRA==\r\n--b--\r\n");
    for (size_t cut = 0; cut < 200; cut++) {
        round_trip(str_from(buf_str(&b), cut));
        round_trip(str_sub(buf_str(&b), 0, b.n - cut));
    }
}

TEST(strangers_are_refused)
{
    char room[3000];
    AUTO_BUF struct buf b = { .max = MAX_N }, packed = { .max = MAX_N }, out = { .max = MAX_N };
    put_file(&b, noise(room, 1500), 57, "\r\n");
    put_file(&b, prose(room, 1500), 54, "\r\n");
    CHECK_OK(chunk_pack(&packed, buf_str(&b)));
    CHECK_EQ(packed.p[0], 'B');
    for (size_t n = 0; n < packed.n; n++)
        CHECK_EQ(chunk_unpack(&out, str_sub(buf_str(&packed), 0, n), MAX_N), ERR_BAD);
    buf_putc(&packed, 'x');
    CHECK_EQ(chunk_unpack(&out, buf_str(&packed), MAX_N), ERR_BAD);
    packed.n--;
    for (size_t i = 0; i < 7 + 2 * 10; i++) /* head and runs */
        for (unsigned bit = 0; bit < 8; bit++) {
            packed.p[i] ^= (char)(1 << bit);
            bool taken = chunk_unpack(&out, buf_str(&packed), MAX_N) == OK;
            if (taken ? str_eq(buf_str(&out), buf_str(&b)) : out.n > 0)
                print_error("octet %zu bit %u\n", i, bit);
            CHECK(taken ? !str_eq(buf_str(&out), buf_str(&b)) : out.n == 0);
            buf_clear(&out);
            packed.p[i] ^= (char)(1 << bit);
        }
    CHECK_OK(chunk_unpack(&out, buf_str(&packed), MAX_N));
    AUTO_BUF struct buf small = { .max = 100 };
    CHECK_EQ(chunk_unpack(&small, buf_str(&packed), MAX_N), ERR_FULL);
}
