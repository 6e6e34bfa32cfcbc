#include "base/buf.h"
#include "core/extract.h"
#include "core/extract_fold.h"
#include "core/extract_scan.h"
#include "core/extract_words.h"
#include "test.h"

/* A phrase that is not written as texts are folded would never be found. */
static void check_table(const struct word_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (struct str rest = str_c(rows[i].words); rest.n > 0;) {
            AUTO_ARENA struct arena a = { .max = 1 << 16 };
            struct str phrase = str_cut(rest, '|', &rest);
            struct fold f;
            if (str_ends(phrase, S("~")))
                phrase.n--;
            CHECK(fold_text(&a, phrase, 200, &f));
            if (!str_eq(str_of(f.p, f.n), phrase))
                print_error("not folded: %.*s\n", STR_FMT(phrase));
            CHECK(str_eq(str_of(f.p, f.n), phrase));
        }
    }
}

TEST(extract_tables_are_folded)
{
    check_table(word_rows_code, word_rows_code_n);
    check_table(word_rows_link, word_rows_link_n);
}

/* One room serves text after text, and nothing of the longer one shows in the shorter. */
TEST(extract_fold_again)
{
    static const struct {
        const char *text, *want;
        size_t from; /* where the last octet came from */
    } cases[] = { { "Ä  Long\n\n\nLINE\u200b x", "a long\n\nline x", 19 }, { "Hi", "hi", 1 }, { "", "", 0 } };
    AUTO_ARENA struct arena a = { .max = 4096 };
    struct fold f;
    CHECK(fold_init(&f, &a, 100));
    for (size_t i = 0; i < COUNT(cases); i++) {
        fold_put(&f, str_c(cases[i].text));
        CHECK_STR(cases[i].text, str_of(f.p, f.n), cases[i].want);
        CHECK(f.p[f.n] == 0 && f.from[f.n] == f.src.n);
        CHECK(f.n == 0 || f.from[f.n - 1] == cases[i].from);
    }
}

TEST(extract_may_have_code)
{
    static const struct {
        const char *text;
        bool may;
    } cases[] = { { "", false },
                  { "Dear Joe, see you In A while", false },
                  { "résumé, élan", false },
                  { "room 7", true },
                  { "XK", true },
                  { "X\u200bK", true },
                  { "X\u00adK", true },
                  { "１", true },
                  { "٤", true },
                  { "۴", true },
                  { "४", true },
                  { "ｘｋ", true },
                  { "x\U0001d7ce", true } };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(scan_may_have_code(str_c(cases[i].text)) == cases[i].may);
}

TEST(extract_longest_word)
{
    struct word_hit hits[4];
    CHECK(words_find(WORDS_CODE, S("your verification\ncode and code"), hits, COUNT(hits)) == 2);
    CHECK(hits[0].at == 5 && hits[0].n == 17 && hits[0].kind == WORD_CODE);
    CHECK(hits[1].at == 27 && hits[1].n == 4 && hits[1].kind == WORD_MAYBE);
}

static struct extract_out run(struct arena *a, const char *subject, const char *text, const char *html)
{
    struct extract_in in = { .subject = str_c(subject), .text = str_c(text), .html = str_c(html) };
    struct extract_out x;
    CHECK_OK(extract(&in, a, &x));
    return x;
}

TEST(extract_spelling)
{
    static const struct {
        const char *what, *subject, *text, *value, *compact;
    } cases[] = {
        { "grouping is kept", "", "Your verification code: 123 456", "123 456", "123456" },
        { "dashes between digits go", "", "Your verification code: 123-456", "123-456", "123456" },
        { "a prefix goes", "", "G-123456 is your verification code", "G-123456", "123456" },
        { "dashes between letters stay", "", "Confirmation code: K7Q-2M9", "K7Q-2M9", "K7Q-2M9" },
        { "Arabic-Indic", "", "رمز التحقق: ١٢٣٤٥٦", "١٢٣٤٥٦", "123456" },
        { "Persian", "", "verification code: ۱۲۳۴۵۶", "۱۲۳۴۵۶", "123456" },
        { "Devanagari", "", "OTP: १२३४५६", "१२३४५६", "123456" },
        { "full width", "", "认证码：Ｋ７Ｑ２Ｍ９", "Ｋ７Ｑ２Ｍ９", "K7Q2M9" },
        { "a no-break space", "", "Your verification code: 123\u00a0456", "123\u00a0456", "123456" },
        { "a soft hyphen inside", "", "Your verification code: 123\u00ad456", "123456", "123456" },
        { "one digit a line", "Your verification code", "1\n2\n3\n4\n5\n6\n", "1 2 3 4 5 6", "123456" },
        { "in the subject alone", "123456 is your login code", "See above.", "123456", "123456" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct extract_out x = run(&a, cases[i].subject, cases[i].text, NULL);
        CHECK(x.codes_n == 1 && x.codes[0].confidence >= EXTRACT_SHOWN);
        CHECK_STR(cases[i].what, x.codes[0].value, cases[i].value);
        CHECK_STR(cases[i].what, x.codes[0].compact, cases[i].compact);
    }
}

TEST(extract_place_and_reason)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct extract_out x = run(&a, "Hello", "Hi,\nyour login code is 482913.", NULL);
    CHECK_EQ(x.codes[0].source, EXTRACT_TEXT);
    CHECK_EQ(x.codes[0].where, 23);
    CHECK_STR("reason", str_c(x.codes[0].reason), "follows words that name a code");
    x = run(&a, "Hello", "nothing", "<p>your login code is <b>482913</b>");
    CHECK_EQ(x.codes[0].source, EXTRACT_HTML);
    x = run(&a, "Hello", "your login code is 482913", "<p>An image says it all");
    CHECK_EQ(x.codes[0].source, EXTRACT_TEXT);
}

TEST(extract_hidden_text_is_no_code)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    struct extract_out x = run(&a, "Hello", NULL, "<p style='display:none'>verification code: 482913</p><p>Hi");
    CHECK_EQ(x.codes_n, 0);
    x = run(&a, "Hello", NULL, "<p><a href='https://x.example/code/482913?otp=482913'>verification code</a>");
    CHECK_EQ(x.codes_n, 0);
}

/* Codes of banks, doors and second screens. */
TEST(extract_short_and_dashed_codes)
{
    static const struct {
        const char *subject, *text, *compact;
    } cases[] = {
        { "Ihre TAN", "Ihre TAN f\u00fcr den Auftrag \u00fcber 250,00 EUR vom 26.11.2026: 583921\n", "583921" },
        { "", "Ihre TAN: 583921", "583921" },
        { "", "Your PIN is 042", "042" },
        { "", "Your access code is 2026", "2026" },
        { "Device code", "Enter the code ABCD-EFGH on your device to continue.\n", "ABCD-EFGH" },
        { "", "Your device code is WXYZ-ABCD.", "WXYZ-ABCD" },
        { "", "Device code: 8F3A-22", "8F3A-22" },
        { "", "To verify, type 112233", "112233" },
        { "", "Din bekræftelseskode er 665544", "665544" },
        { "", "Din bekreftelseskode er 665544", "665544" },
        { "", "Az ellenőrző kódod: 771199", "771199" },
        { "", "Vahvistuskoodisi on 887321", "887321" },
        { "", "Codul tău de verificare este 889900", "889900" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct extract_out x = run(&a, cases[i].subject, cases[i].text, NULL);
        if (x.codes_n == 0 || x.codes[0].confidence < EXTRACT_SHOWN)
            print_error("%s: %u\n", cases[i].text, x.codes_n > 0 ? x.codes[0].confidence : 0);
        CHECK(x.codes_n > 0 && x.codes[0].confidence >= EXTRACT_SHOWN);
        CHECK_STR(cases[i].text, x.codes[0].compact, cases[i].compact);
    }
}

/* The same words with another kind of number each: none may be shown. */
TEST(extract_other_numbers)
{
    static const char *const texts[] = {
        "Your code is in the app. Version 2024.1.4821 is out.",
        "The code was created on 2024-03-12 at 12:30:45.",
        "code price: $482913",
        "code price: 4829 EUR",
        "Your code: see 203.0.113.42",
        "Your code costs 1,482.91",
        "code +49 30 123456",
        "verification code by phone: (555) 123-4567",
        "your PIN, card ending in 4821",
        "card **** 4821 pin",
        "code, 12 March 2024",
        "Color code #482913",
        "use code 15% off",
        "https://x.example/code=482913",
        "code: joe4821@mail.example",
        "code 06 12 34 56 78",
        "security code on card 4111 1111 1111 1111",
        "error code 482913",
        "promo code 482913",
        "postal code 48291",
        "Order code: 482913",
        "code: 2700GB",
        "code: 1920x1080",
        "Your access code expires in 2026",
        "The code is COVID-STUDY",
        "enter room 042",
        "To verify your order, use 4829 points",
        "The tan shoes, 583921",
        "Dial-in PIN 883201",
        "Join by phone. Dial-in PIN: 883201",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct extract_out x = run(&a, "", texts[i], NULL);
        if (x.codes_n > 0 && x.codes[0].confidence >= EXTRACT_SHOWN)
            print_error("%s: %.*s %u\n", texts[i], STR_FMT(x.codes[0].value), x.codes[0].confidence);
        CHECK(x.codes_n == 0 || x.codes[0].confidence < EXTRACT_SHOWN);
    }
}

TEST(extract_intros)
{
    static const struct {
        const char *what, *subject, *text, *html, *want;
    } cases[] = {
        { "plain", "", "Hello  there,\r\n\r\nhow are\tyou?\n", NULL, "Hello there, how are you?" },
        { "quotes, rules and addresses", "Hi",
          "Hi\n-----\nFine! See https://x.example/abc (https://y.example)\n> old\nOn Monday Joe wrote:\n> older\n-- "
          "\nJoe",
          NULL, "Fine! See" },
        { "preheader first", "", NULL,
          "<div style='display:none'>Short and sweet&zwnj;&nbsp;&zwnj;&nbsp;</div><p>View in browser</p><p>Body</p>",
          "Short and sweet Body" },
        { "a long preheader stands alone", "", NULL,
          "<div style='display:none'>This is a preheader that says all that there is to say about it.</div>Body",
          "This is a preheader that says all that there is to say about it." },
        { "page before text", "", "plain", "<p>page", "page" },
        { "empty page", "", "plain", "<img src=x>", "plain" },
        { "nothing", "", "", NULL, "" },
        { "bad bytes", "",
          "a\xff"
          "b",
          NULL,
          "a\xef\xbf\xbd"
          "b" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct extract_out x = run(&a, cases[i].subject, cases[i].text, cases[i].html);
        CHECK_STR(cases[i].what, x.intro, cases[i].want);
    }
}

static size_t characters(struct str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

TEST(extract_intro_is_cut)
{
    AUTO_ARENA struct arena a = { .max = 1 << 20 };
    char latin[1000], chinese[1500];
    for (size_t i = 0; i < sizeof latin - 1; i++)
        latin[i] = i % 6 == 5 ? ' ' : 'a';
    latin[sizeof latin - 1] = 0;
    for (size_t i = 0; i < sizeof chinese - 1; i++)
        chinese[i] = "\xe9\xaa\x8c"[i % 3];
    chinese[sizeof chinese - 1] = 0;
    struct extract_out x = run(&a, "", latin, NULL);
    CHECK(characters(x.intro) <= EXTRACT_INTRO_MAX && characters(x.intro) > 180 && str_ends(x.intro, S("aaaaa\u2026")));
    x = run(&a, "", chinese, NULL);
    CHECK(characters(x.intro) == EXTRACT_INTRO_MAX && str_ends(x.intro, S("\u2026")));
}

TEST(extract_link_kinds)
{
    static const struct {
        const char *html, *kind;
        bool shown;
    } cases[] = {
        { "<a href='https://x.example/a/8a7b6c5d4e3f'>Confirm your email</a>", "confirm", true },
        { "<a href='https://x.example/verify?t=8a7b6c5d4e3f'>Click here</a>", "confirm", true },
        { "<p>To confirm your address, open this link:</p><a "
          "href='https://x.example/t/8a7b6c5d4e3f'>https://x.example/t/8a7b6c5d4e3f</a>",
          "confirm", true },
        { "<a href='https://x.example/login'>Log in</a>", "login", false },
        { "<a href='https://x.example/m/8a7b6c5d4e3f'>Log in</a>", "login", true },
        { "<a href='https://x.example/p/8a7b6c5d4e3f'>Reset your password and sign in</a>", "reset", true },
        { "<a href='mailto:leave@x.example'>Unsubscribe</a>", "unsubscribe", true },
        { "<a href='mailto:joe@x.example'>Confirm</a>", "other", false },
        { "<a href='https://x.example/u/8a7b6c5d4e3f'>Se désabonner</a>", "unsubscribe", true },
        { "<a href='https://x.example/news/2024'>Read more</a>", "other", false },
        { "<a href='https://login.x.example/news'>News</a>", "other", false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 20 };
        struct extract_out x = run(&a, "", NULL, cases[i].html);
        CHECK_EQ(x.links_n, 1);
        CHECK_STR(cases[i].html, str_c(extract_link_kind_name(x.links[0].kind)), cases[i].kind);
        CHECK_EQ(x.links[0].confidence >= EXTRACT_SHOWN, cases[i].shown);
    }
}

TEST(extract_ceilings)
{
    AUTO_ARENA struct arena a = { .max = 8 << 20 }, small = { .max = 64 };
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    struct extract_out x;
    for (int i = 0; i < 300; i++)
        buf_printf(&b, "verification code: %06d\nhttps://x.example/confirm/%d ", 482913 + i * 7, i);
    struct extract_in in = { .text = buf_str(&b) };
    CHECK_OK(extract(&in, &a, &x));
    CHECK(x.codes_n == EXTRACT_CODES_MAX && x.links_n == EXTRACT_LINKS_MAX);
    CHECK_EQ(extract(&in, &small, &x), ERR_FULL);
}
