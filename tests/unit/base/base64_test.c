#include "base/base64.h"
#include "base/buf.h"
#include "base/text.h"
#include "test.h"
#include <string.h>

/* Both ways, for every length around the widths they work in, behind one another in the same room. */
TEST(quanta_come_back)
{
    for (size_t n = 0; n < 300; n += 3) {
        AUTO_BUF struct buf octets = { .max = 300 }, chars = { .max = 400 };
        for (size_t i = 0; i < n; i++)
            buf_putc(&octets, (char)(i * 89 + n));
        text_base64(&chars, buf_str(&octets));
        for (size_t lost = 0; lost < 4 && lost <= chars.n; lost++) {
            uint8_t one[300], other[300];
            struct str in = str_sub(buf_str(&chars), 0, chars.n - lost);
            size_t whole = in.n / 4 * 4;
            CHECK_EQ(base64_quanta(one, in), whole);
            CHECK_EQ(base64_quanta_portable(other, in), whole);
            CHECK(memcmp(one, octets.p ? octets.p : "", whole / 4 * 3) == 0);
            CHECK(memcmp(other, octets.p ? octets.p : "", whole / 4 * 3) == 0);
        }
    }
}

/* Every octet at every place: what is in the alphabet has its value, what is not ends the run at its quantum. */
TEST(quanta_end_where_the_alphabet_does)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned octet = 0; octet < 256; octet++) {
        const char *in_alphabet = octet ? strchr(alphabet, (int)octet) : NULL;
        CHECK_EQ(base64_value((char)octet), in_alphabet ? in_alphabet - alphabet : -1);
        for (size_t place = 0; place < 64; place++) {
            char in[64];
            uint8_t one[48], other[48];
            memcpy(in, alphabet, 64);
            in[place] = (char)octet;
            size_t want = in_alphabet ? 64 : place / 4 * 4;
            CHECK_EQ(base64_quanta(one, str_of(in, 64)), want);
            CHECK_EQ(base64_quanta_portable(other, str_of(in, 64)), want);
            CHECK(memcmp(one, other, want / 4 * 3) == 0);
        }
    }
}

/* No octet behind the room that a quantum is entitled to is written. */
TEST(quanta_stay_in_their_room)
{
    char in[256];
    memset(in, 'A', sizeof in);
    for (size_t n = 0; n <= sizeof in; n++) {
        uint8_t out[256];
        memset(out, 0xee, sizeof out);
        (void)base64_quanta(out, str_of(in, n));
        for (size_t i = n / 4 * 3; i < sizeof out; i++)
            CHECK_EQ(out[i], 0xee);
    }
}

/* As the encoder of base/text has them, with and without octets behind, and not one character more. */
TEST(quanta_become_characters)
{
    for (size_t n = 0; n < 300; n += 3)
        for (size_t behind = 0; behind < 40; behind++) {
            AUTO_BUF struct buf octets = { .max = 400 }, want = { .max = 400 };
            char one[440], other[440];
            for (size_t i = 0; i < n + behind; i++)
                buf_putc(&octets, (char)(i * 89 + n));
            text_base64(&want, str_sub(buf_str(&octets), 0, n));
            memset(one, '#', sizeof one);
            memset(other, '#', sizeof other);
            CHECK_EQ(base64_chars(one, buf_str(&octets), n / 3) - one, want.n);
            CHECK_EQ(base64_chars_portable(other, buf_str(&octets), n / 3) - other, want.n);
            CHECK(memcmp(one, other, sizeof one) == 0 && one[want.n] == '#');
            CHECK(str_eq(str_of(one, want.n), buf_str(&want)));
        }
}
