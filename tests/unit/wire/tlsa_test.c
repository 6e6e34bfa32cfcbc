#include "test.h"
#include "wire/tlsa.h"

TEST(tlsa)
{
    char r[3 + 64] = { 3, 1, 1 };
    struct tlsa t = { 0 };
    CHECK(tlsa_parse(str_of(r, 3 + 32), &t) && t.usage == TLSA_DANE_EE && t.selector == 1 && t.data.n == 32);
    CHECK(!tlsa_parse(str_of(r, 3 + 31), &t) && !tlsa_parse(str_of(r, 3), &t) && !tlsa_parse(S(""), &t));
    r[2] = 2;
    CHECK(tlsa_parse(str_of(r, 3 + 64), &t) && !tlsa_parse(str_of(r, 3 + 32), &t));
    r[2] = 0;
    CHECK(tlsa_parse(str_of(r, 10), &t));
    r[2] = 3;
    CHECK(!tlsa_parse(str_of(r, 10), &t));
    r[2] = 0;
    for (int usage = 0; usage < 6; usage++) {
        r[0] = (char)usage;
        CHECK_EQ(tlsa_parse(str_of(r, 10), &t), usage == TLSA_DANE_TA || usage == TLSA_DANE_EE);
    }
    r[0] = 2;
    r[1] = 2;
    CHECK(!tlsa_parse(str_of(r, 10), &t));
}
