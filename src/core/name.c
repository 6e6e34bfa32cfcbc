/* Look-alikes are found by one folding: what people take for each other becomes the same letter, separators and
 * trailing digits vanish, and then the folded wish is compared with the folded reserved names. */
#include "core/name.h"
#include "base/rand.h"
#include "base/text.h"
#include "core/words.h"
#include "wire/addr.h"

enum {
    TAIL = 8,
    LOCAL_MAX = 64,
    PASSWORD_MIN = 10 /* characters */,
    PASSWORD_MAX = 256 /* octets */,
    KEY_TEXT_MAX = 512
};
static const char tail_letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* 5 bits each, RFC 4648 base 32 */

void name_generate(struct buf *out)
{
    buf_puts(out, words[rand_below(WORDS_N)]);
    buf_putc(out, '-');
    buf_puts(out, words[rand_below(WORDS_N)]);
    buf_putc(out, '-');
    for (int i = 0; i < TAIL; i++)
        buf_putc(out, tail_letters[rand_below(32)]);
}

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_sep(char c) { return c == '.' || c == '-' || c == '_'; }

static bool all_lower(struct str s, size_t min, size_t max)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_lower(s.p[i]))
            return false;
    return s.n >= min && s.n <= max;
}

static bool generator_shape(struct str s)
{
    struct str a, b, tail;
    a = str_cut(s, '-', &b);
    b = str_cut(b, '-', &tail);
    for (size_t i = 0; i < tail.n; i++)
        if (!is_lower(tail.p[i]) && !(tail.p[i] >= '2' && tail.p[i] <= '7'))
            return false;
    return all_lower(a, 3, WORDS_MAX) && all_lower(b, 3, WORDS_MAX) && tail.n == TAIL;
}

static bool well_formed(struct str s)
{
    if (s.n == 0 || s.n > LOCAL_MAX || is_sep(s.p[0]) || is_sep(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (!is_lower(s.p[i]) && !is_digit(s.p[i]) && !is_sep(s.p[i]))
            return false;
        if (is_sep(s.p[i]) && is_sep(s.p[i - 1]))
            return false;
    }
    return true;
}

static const char *const reserved[] = {
    /* RFC 2142 */
    "info",
    "marketing",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "hostmaster",
    "usenet",
    "news",
    "webmaster",
    "www",
    "uucp",
    "ftp",
    /* where certificate authorities ask (CA/Browser Forum baseline requirements 3.2.2.4.4), and RFC 8823-like roles */
    "admin",
    "administrator",
    "ssladmin",
    "ssladministrator",
    "sslwebmaster",
    "sysadmin",
    "root",
    "mis",
    /* what others believe when it writes */
    "mailerdaemon",
    "noreply",
    "donotreply",
    "daemon",
    "nobody",
    "operator",
    "system",
    "staff",
    "helpdesk",
    "help",
    "billing",
    "payments",
    "legal",
    "privacy",
    "dmarc",
    "tlsrpt",
    "mayfly",
    "owner",
    "service",
    "contact",
    "moderator",
    "password",
    "verify",
    "verification",
    "account",
    "accounts",
    "autodiscover",
    "autoconfig",
    "mtasts",
    "cert",
    "certmaster",
    "csirt",
    "cert",
    "dnsadmin",
    "domainadmin",
    "isatap",
    "wpad",
    "localhost",
    "broadcasthost",
    "bin",
};

static char fold_char(char c)
{
    switch (c) {
    case '0':
        return 'o';
    case '1':
    case 'l':
    case 'j':
        return 'i';
    case '2':
        return 'z';
    case '3':
        return 'e';
    case '4':
        return 'a';
    case '5':
        return 's';
    case '6':
        return 'g';
    case '7':
        return 't';
    case '8':
        return 'b';
    case '9':
        return 'g';
    default:
        return c;
    }
}

/* "rn" and "nn" pass for "m", "vv" for "w"; separators do not count. */
static size_t fold(struct str s, char out[LOCAL_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n < LOCAL_MAX; i++) {
        char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
        if (is_sep(c))
            continue;
        if ((c == 'r' && next == 'n') || (c == 'v' && next == 'v')) {
            out[n++] = c == 'r' ? 'm' : 'w';
            i++;
            continue;
        }
        out[n++] = fold_char(c);
    }
    return n;
}

static struct str without_digits(struct str s)
{
    while (s.n > 0 && is_digit(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool is_reserved(struct str local)
{
    char a[LOCAL_MAX], b[LOCAL_MAX], c[LOCAL_MAX];
    struct str whole = str_of(a, fold(local, a));
    struct str bare = str_of(b, fold(without_digits(local), b));
    for (size_t i = 0; i < COUNT(reserved); i++) {
        struct str r = str_of(c, fold(str_c(reserved[i]), c));
        if (str_eq(whole, r) || str_eq(bare, r))
            return true;
    }
    return false;
}

enum err name_check(struct str local, struct refusal *why)
{
    if (!well_formed(local)) {
        *why = (struct refusal){ "local_invalid", "A name has 1 to 64 of a-z, 0-9 and single . - _ between them." };
        return ERR_BAD;
    }
    if (generator_shape(local)) {
        *why = (struct refusal){ "local_generated", "Names of this shape are only made by the server." };
        return ERR_BAD;
    }
    if (is_reserved(local)) {
        *why = (struct refusal){ "local_reserved", "This name, or one it looks like, is kept for the operator." };
        return ERR_BAD;
    }
    return OK;
}

static const char *const common[] = {
    "1234567890",    "qwertyuiop",       "0987654321",   "password12",      "password123",
    "password1234",  "passwordpassword", "1q2w3e4r5t",   "1q2w3e4r5t6y",    "qwerty1234",
    "qwerty12345",   "qwerty123456",     "iloveyou123",  "iloveyou12",      "1qaz2wsx3edc",
    "letmein123",    "letmein1234",      "welcome123",   "welcome1234",     "administrator",
    "changeme123",   "abcdefghij",       "abcdefghijk",  "abc1234567",      "a123456789",
    "aa123456789",   "asdfghjkl1",       "asdfghjkl123", "zxcvbnm123",      "qazwsxedcrfv",
    "q1w2e3r4t5",    "q1w2e3r4t5y6",     "1234512345",   "1231231231",      "123123123123",
    "0123456789",    "9876543210",       "12345678910",  "123456789a",      "superman123",
    "football123",   "basketball",       "baseball123",  "princess123",     "sunshine123",
    "dragon1234",    "monkey1234",       "michael123",   "charlie123",      "trustno1trustno1",
    "liverpool1",    "manchester",       "california",   "christopher",     "alexander1",
    "p@ssw0rd123",   "passw0rd123",      "p@ssword123",  "pa$$word123",     "secret1234",
    "secretsecret",  "mypassword",       "mypassword1",  "thisisapassword", "correcthorsebatterystaple",
    "test123456",    "testtest123",      "testtesttest", "temppassword",    "temporary1",
    "temporary123",  "disposable",       "google1234",   "facebook123",     "whatever123",
    "computer123",   "internet123",      "starwars123",  "pokemon1234",     "qwertyqwerty",
    "qwerty7890",    "azertyuiop",       "azerty1234",   "passwort123",     "motdepasse123",
    "contrasena123", "hallo12345",       "hallo123456",  "schatz1234",
};

static bool one_run(struct str s)
{
    bool same = true, up = true, down = true;
    for (size_t i = 1; i < s.n; i++) {
        same = same && s.p[i] == s.p[0];
        up = up && s.p[i] == s.p[i - 1] + 1;
        down = down && s.p[i] == s.p[i - 1] - 1;
    }
    return same || up || down;
}

/* Code points; an octet that is part of none counts as one. */
static size_t characters(struct str s)
{
    size_t n = 0;
    uint32_t cp;
    for (; s.n > 0; n++)
        s = str_from(s, MAX(utf8_next(s, &cp), (size_t)1));
    return n;
}

enum err password_check(struct str password, struct str address, struct refusal *why)
{
    bool is_common = one_run(password);
    for (size_t i = 0; i < COUNT(common) && !is_common; i++)
        is_common = str_eq_nocase(password, str_c(common[i]));
    struct str rest, local = str_cut(address, '@', &rest);
    if (characters(password) < PASSWORD_MIN)
        *why = (struct refusal){ "password_short", "A password has at least 10 characters." };
    else if (password.n > PASSWORD_MAX)
        *why = (struct refusal){ "password_long", "A password has at most 256 bytes." };
    else if (is_common || str_eq_nocase(password, address) || str_eq_nocase(password, local))
        *why = (struct refusal){ "password_common", "This password is among the first that anybody would try." };
    else
        return OK;
    return ERR_BAD;
}

enum err name_address_key(struct str address, struct arena *a, struct str *out)
{
    AUTO_BUF struct buf b = { .max = KEY_TEXT_MAX };
    enum err e = addr_key(&b, str_trim(address));
    if (e != OK || b.failed)
        return ERR_BAD;
    *out = arena_dup(a, buf_str(&b));
    return out->p == NULL ? ERR_FULL : OK;
}
