#include "base/secret.h"
#include "test.h"
#include <string.h>

TEST(cells)
{
    static uint8_t *cells[1000];
    CHECK(!secret_new());
    CHECK_OK(secret_start(200));
    size_t n = 0;
    while (n < COUNT(cells) && (cells[n] = secret_new())) {
        for (size_t i = 0; i < SECRET_N; i++)
            CHECK_EQ(cells[n][i], 0);
        memset(cells[n++], 0x5a, SECRET_N);
    }
    CHECK(n >= 200 && n < COUNT(cells) && secret_used() == n);
    uint8_t *last = cells[n - 1];
    secret_free(cells[0]);
    secret_free(last);
    secret_free(NULL);
    CHECK(secret_used() == n - 2 && last[31] == 0); /* wiped */
    CHECK(secret_new() == last && last[0] == 0 && secret_new() == cells[0] && !secret_new());
    CHECK_EQ(cells[0][0], 0);
    CHECK_EQ(cells[1][0], 0x5a);
    for (size_t i = 0; i < n; i++)
        secret_free(cells[i]);
    CHECK_EQ(secret_used(), 0);
}

TEST(wipe)
{
    char pw[] = "secret";
    secret_wipe(pw, sizeof pw);
    CHECK(pw[0] == 0 && pw[5] == 0);
    secret_wipe(NULL, 0);
}
