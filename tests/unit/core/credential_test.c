#include "base/rand.h"
#include "base/secret.h"
#include "base/text.h"
#include "core/credential.h"
#include "core/words.h"
#include "test.h"
#include <string.h>

static void start(void)
{
    static bool started;
    if (started)
        return;
    CHECK_OK(rand_start());
    CHECK_OK(secret_start(256));
    started = true;
}

TEST(words_are_sorted_and_found)
{
    for (int i = 0; i < WORDS_N; i++) {
        CHECK_EQ(bip39_find(str_c(words[i])), i);
        CHECK(i == 0 || str_cmp(str_c(words[i - 1]), str_c(words[i])) < 0);
    }
    CHECK_EQ(bip39_find(S("abandonx")), -1);
    CHECK_EQ(bip39_find(S("")), -1);
}

/* BIP 39's own test vectors. */
TEST(recovery_words_are_bip39)
{
    static const struct {
        const char *hex, *words;
    } cases[] = {
        { "00000000000000000000000000000000",
          "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about" },
        { "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
          "legal winner thank year wave sausage worth useful legal winner thank yellow" },
        { "80808080808080808080808080808080",
          "letter advice cage absurd amount doctor acoustic avoid letter advice cage above" },
        { "ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong" },
    };
    start();
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t raw[RECOVERY_BYTES], want[RECOVERY_BYTES];
        CHECK_OK(text_unhex(str_c(cases[i].hex), want, sizeof want));
        CHECK_OK(recovery_parse(str_c(cases[i].words), raw));
        CHECK(memcmp(raw, want, sizeof raw) == 0);
    }
}

TEST(recovery_words_survive_the_way_people_write_them)
{
    AUTO_BUF struct buf b = { .max = 512 };
    uint8_t raw[RECOVERY_BYTES], back[RECOVERY_BYTES];
    start();
    for (int i = 0; i < 50; i++) {
        buf_clear(&b);
        recovery_new(&b, raw);
        CHECK_OK(recovery_parse(buf_str(&b), back));
        CHECK(memcmp(raw, back, sizeof raw) == 0);
    }
    CHECK_OK(recovery_parse(S(" Zoo zoo  ZOO\r\nzoo\tzoo zoo zoo\nzoo zoo zoo zoo Wrong \n"), back));
    CHECK_OK(recovery_parse(S("1. zoo\n2. zoo\n3. zoo 4) zoo, zoo, zoo; zoo-zoo-zoo\xc2\xa0zoo\xe3\x80\x80zoo wrong."),
                            back));
    CHECK_EQ(recovery_parse(S("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo"), back), ERR_DENIED); /* checksum */
    CHECK_EQ(recovery_parse(S("zoo zoo zoo"), back), ERR_DENIED);
    CHECK_EQ(recovery_parse(S("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong wrong"), back), ERR_DENIED);
    CHECK_EQ(recovery_parse(S("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrongly-long-word"), back), ERR_DENIED);
    CHECK_EQ(recovery_parse(S(""), back), ERR_DENIED);
}

TEST(tokens_have_one_text_each)
{
    char text[TOKEN_TEXT_N + 1];
    uint8_t raw[TOKEN_BYTES], back[TOKEN_BYTES];
    start();
    token_new(text, raw);
    CHECK_OK(token_parse(str_c(text), back));
    CHECK(memcmp(raw, back, sizeof raw) == 0);
    CHECK_EQ(token_parse(str_of(text, TOKEN_TEXT_N - 1), back), ERR_DENIED);
    text[0] = 'M';
    CHECK_EQ(token_parse(str_c(text), back), ERR_DENIED);
    text[0] = 'm';
    text[TOKEN_TEXT_N - 1] = '*';
    CHECK_EQ(token_parse(str_c(text), back), ERR_DENIED);
}

TEST(lookup_does_not_yield_the_seed)
{
    struct box_id a = { { 1 } }, b = { { 2 } };
    uint8_t lookup[HASH_N], seed_a[KEY_N], seed_b[KEY_N];
    secret_lookup(lookup, S("secret"));
    secret_seed(seed_a, S("secret"), &a);
    secret_seed(seed_b, S("secret"), &b);
    CHECK(memcmp(lookup, seed_a, HASH_N) != 0);
    CHECK(memcmp(seed_a, seed_b, HASH_N) != 0);
}

TEST(a_credential_holds_all_generations)
{
    AUTO_ARENA struct arena a = { .max = 65536 };
    uint8_t seed[KEY_N] = { 7 }, wrong[KEY_N] = { 8 }, *privs[3], *got[GENERATIONS_MAX];
    struct store_cred c = { .id = 1 };
    uint32_t n = 0;
    start();
    for (int i = 0; i < 3; i++) {
        privs[i] = secret_new();
        rand_bytes(privs[i], KEY_N);
    }
    CHECK_OK(seal_cred(&c, &a, seed, privs, 2));
    CHECK_OK(reseal_cred(&c, &a, privs, 3)); /* by its public half alone */
    CHECK_EQ(open_cred(&c, wrong, got, GENERATIONS_MAX, &n), ERR_DENIED);
    CHECK_EQ(open_cred(&c, seed, got, 2, &n), ERR_BAD);
    CHECK_OK(open_cred(&c, seed, got, GENERATIONS_MAX, &n));
    CHECK_EQ(n, 3);
    for (int i = 0; i < 3; i++) {
        CHECK(memcmp(got[i], privs[i], KEY_N) == 0);
        secret_free(got[i]);
        secret_free(privs[i]);
    }
    CHECK_EQ(secret_used(), 0);
}
