/* The text is cut into tokens: runs of what a number, an address or a date is written with. A token that is not purely
 * a code's own characters is something else, and that is all the pattern matching there is. Groups apart by a blank are
 * put together first, because "06 12 34 56 78" must be seen as one phone number, not as five tokens. */
#include "core/extract_scan.h"
#include "core/extract_token.h"
#include <string.h>

enum { DIGITS_MIN = 4, DIGITS_MAX = 10, MIXED_MIN = 5, MIXED_MAX = 12, GROUPS_MAX = 12 };

/* ---- groups apart by blanks ---- */

/* Equal groups make a code; anything else that long is a phone, card or account number. */
static bool is_code_grouping(const uint8_t *len, size_t n, unsigned total)
{
    for (size_t i = 1; i < n; i++)
        if (len[i] != len[0])
            return false;
    return len[0] >= 2 && total >= 6 && total <= 9 && !(len[0] == 2 && n > 3);
}

static void add(const struct fold *f, struct candidate *out, size_t *n, struct candidate c);

/* Takes digit tokens that are one blank apart, from *t on, and sees what they are together. True when it was more than
 * one token; *t is then the last of them. */
static bool take_groups(const struct fold *f, struct token *t, struct candidate *out, size_t *n)
{
    uint8_t len[GROUPS_MAX];
    size_t groups = 0;
    unsigned total = 0;
    struct token k = *t, last = *t;
    char sep = 0;
    while (pure_digits(&k) && groups < GROUPS_MAX && k.end - k.at <= 5) {
        len[groups++] = (uint8_t)(k.end - k.at);
        total += k.digits;
        last = k;
        char c = octet(f, k.end);
        if ((c != ' ' && c != '\t' && !(c == '\n' && len[0] == 1)) || (sep && c != sep))
            break;
        sep = c;
        if (!is_digit(octet(f, k.end + 1)) || !next_token(f, k.end + 1, &k))
            break;
    }
    if (groups < 2)
        return false;
    struct candidate c = {
        .at = (uint16_t)t->at, .end = (uint16_t)last.end, .digits = (uint8_t)total, .groups = (uint8_t)groups
    };
    bool spread = total == groups && total >= DIGITS_MIN && total <= 8;
    bool phone = octet(f, last.end) == '-' || t->before == '(' || t->before == '+' || t->before == '-';
    if (spread || (is_code_grouping(len, groups, total) && !phone)) {
        c.shape = spread ? SHAPE_SPREAD : SHAPE_GROUPED;
        add(f, out, n, c);
    } else if (total < 9) {
        return false; /* unrelated numbers side by side: each for itself */
    }
    *t = last;
    return true;
}

/* ---- one token ---- */

/* The lengths of the parts between dashes. */
static size_t dash_parts(const struct fold *f, const struct token *t, uint8_t *len)
{
    size_t n = 0, start = t->at;
    for (size_t i = t->at; i <= t->end && n < GROUPS_MAX; i++) {
        if (i < t->end && f->p[i] != '-')
            continue;
        len[n++] = (uint8_t)MIN(i - start, 255u);
        start = i + 1;
    }
    return n;
}

static bool all_upper(const struct fold *f, const struct token *t)
{
    for (size_t i = t->at; i < t->end; i++)
        if (is_letter(f->p[i]) && !upper_at(f, i))
            return false;
    return true;
}

static bool all_lower(const struct fold *f, const struct token *t)
{
    for (size_t i = t->at; i < t->end; i++)
        if (is_letter(f->p[i]) && upper_at(f, i))
            return false;
    return true;
}

static bool dashed_digits(const struct fold *f, const struct token *t)
{
    uint8_t len[GROUPS_MAX];
    size_t n = dash_parts(f, t, len);
    return is_code_grouping(len, n, t->digits) && n == t->dashes + 1u;
}

/* "g-482913", "fb-48291": one to three letters, a dash, digits. */
static bool prefixed(const struct fold *f, const struct token *t)
{
    return t->dashes == 1 && t->letters >= 1 && t->letters <= 3 && f->p[t->at + t->letters] == '-' && t->digits >= 5 &&
           t->digits <= 8;
}

/* "2fa", "mp3", "1st", "24h", "covid19", "1080p" are words; a code's digits are not all at one end, or it is long. */
static bool looks_random(const struct fold *f, const struct token *t)
{
    unsigned turns = 0;
    for (size_t i = t->at + 1; i < t->end; i++)
        turns += is_alnum(f->p[i]) && is_alnum(f->p[i - 1]) && is_digit(f->p[i]) != is_digit(f->p[i - 1]);
    return turns >= 2 || (turns + t->dashes >= 1 && t->digits >= 2 && t->digits + t->letters >= 6);
}

/* "1920x1080", "2700gb", "65000eur": sizes and amounts. */
static bool is_measure(const struct fold *f, const struct token *t)
{
    static const char units[] =
        "b kb mb gb tb k m km kg g mg ml l cm mm px pt w kw kwh hz khz mhz ghz v mah x fps p usd eur gbp ";
    size_t digits = 0;
    while (t->at + digits < t->end && is_digit(f->p[t->at + digits]))
        digits++;
    if (digits == t->digits && digits > 0)
        for (struct str rest = S(units), unit = str_of(f->p + t->at + digits, t->letters); rest.n > 0;)
            if (str_eq(str_cut(rest, ' ', &rest), unit))
                return true;
    return t->letters == 1 && digits > 0 && f->p[t->at + digits] == 'x';
}

static bool mixed(const struct fold *f, const struct token *t)
{
    uint8_t len[GROUPS_MAX];
    unsigned all = t->digits + t->letters;
    if (t->digits < 1 || t->letters < 1 || all < MIXED_MIN || all > MIXED_MAX || (t->dashes == 0 && all > DIGITS_MAX))
        return false;
    if (t->dashes == 0 && is_measure(f, t))
        return false;
    size_t n = dash_parts(f, t, len);
    for (size_t i = 0; i < n && t->dashes > 0; i++)
        if (len[i] < (i == 1 && n == 2 && all_upper(f, t) ? 2 : 3) || len[i] > 6 || n > 3) /* "8F3A-22" */
            return false;
    return looks_random(f, t) && (all_upper(f, t) || all_lower(f, t) || (t->dashes == 0 && all >= 6));
}

static bool letters(const struct fold *f, const struct token *t)
{
    uint8_t len[GROUPS_MAX];
    if (t->digits > 0 || t->letters < MIXED_MIN || t->letters > DIGITS_MAX || !all_upper(f, t) || t->dashes > 2)
        return false;
    size_t n = dash_parts(f, t, len);
    for (size_t i = 1; i < n; i++)
        if (len[i] != len[0] || len[0] < 3)
            return false;
    return true;
}

/* Months and days: 2024-03-12 and 12-03-2024 never pass is_code_grouping(); 20240312 does, as digits. */
static bool is_compact_date(const struct fold *f, const struct token *t)
{
    const char *p = f->p + t->at;
    if (t->digits != 8 || (memcmp(p, "19", 2) && memcmp(p, "20", 2)))
        return false;
    int month = (p[4] - '0') * 10 + p[5] - '0', day = (p[6] - '0') * 10 + p[7] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* Nothing is counted in numbers that begin with a zero, so three digits will do. */
static bool is_short_pin(const struct fold *f, const struct token *t)
{
    return t->digits == DIGITS_MIN - 1 && f->p[t->at] == '0';
}

static bool shape_of(const struct fold *f, const struct token *t, struct candidate *c)
{
    bool enough = (t->digits >= DIGITS_MIN && t->digits <= DIGITS_MAX) || is_short_pin(f, t);
    bool digits = pure_digits(t) && enough && !is_compact_date(f, t);
    if (digits)
        c->shape = SHAPE_DIGITS;
    else if (t->others > 0)
        return false;
    else if (t->letters == 0 && t->dashes > 0 && dashed_digits(f, t))
        c->shape = SHAPE_GROUPED;
    else if (prefixed(f, t))
        c->shape = SHAPE_PREFIXED;
    else if (mixed(f, t))
        c->shape = SHAPE_MIXED;
    else if (letters(f, t))
        c->shape = SHAPE_LETTERS;
    else
        return false;
    c->groups = (uint8_t)(t->dashes + 1);
    return true;
}

/* ---- what stands around it ---- */

/* Nothing but marks between here and the line's end: stops at the first letter, so it costs nothing in running text. */
static bool is_mark(char c) { return c && strchr(" .,:;!?*\"'()[]<>|=-_#~", c); }

static bool is_alone(const struct fold *f, const struct candidate *c)
{
    size_t i = c->at, k = c->end;
    while (i > 0 && is_mark(f->p[i - 1]) && c->at - i < 32)
        i--;
    while (k < f->n && is_mark(f->p[k]) && k - c->end < 32)
        k++;
    return (i == 0 || f->p[i - 1] == '\n') && (k >= f->n || f->p[k] == '\n');
}

/* Whether a sign may begin or end so: next to most numbers there is a letter or a stop. */
static bool is_sign(char c) { return c == '$' || c == '%' || (unsigned char)c >= 0x80; }

static bool is_money_before(const struct fold *f, size_t at)
{
    static const struct str signs[] = { STR("$"),
                                        STR("\xe2\x82\xac"),
                                        STR("\xc2\xa3"),
                                        STR("\xc2\xa5"),
                                        STR("\xe2\x82\xb9"),
                                        STR("\xe2\x82\xbd"),
                                        STR("\xe2\x82\xba"),
                                        STR("\xe2\x82\xa9"),
                                        STR("\xef\xbf\xa5"),
                                        STR("\xe2\x82\xab"),
                                        STR("\xe2\x82\xaa") };
    while (at > 0 && f->p[at - 1] == ' ')
        at--;
    for (size_t i = 0; i < COUNT(signs) && at > 0 && is_sign(f->p[at - 1]); i++)
        if (str_ends(str_of(f->p, at), signs[i]))
            return true;
    return false;
}

static bool is_money_after(const struct fold *f, size_t end)
{
    static const struct str signs[] = { STR("%"),
                                        STR("$"),
                                        STR("\xe2\x82\xac"),
                                        STR("\xc2\xa3"),
                                        STR("\xc2\xa5"),
                                        STR("\xe2\x82\xbd"),
                                        STR("\xe2\x82\xba"),
                                        STR("\xe2\x82\xa9"),
                                        STR("\xe2\x82\xab"),
                                        STR("\xc2\xb0") };
    while (end < f->n && f->p[end] == ' ')
        end++;
    for (size_t i = 0; i < COUNT(signs) && is_sign(octet(f, end)); i++)
        if (str_starts(str_of(f->p + end, f->n - end), signs[i]))
            return true;
    return false;
}

/* "(555) 123-4567" and "+49 30 123456": the part before says that this is a phone number's end. */
static bool is_phone_tail(const struct fold *f, size_t at)
{
    size_t digits = 0, i = at;
    while (i > 0 && at - i < 24 && (is_digit(f->p[i - 1]) || strchr(" ().-/", f->p[i - 1]))) {
        i--;
        digits += is_digit(f->p[i]);
    }
    bool plus = i > 0 && f->p[i - 1] == '+';
    bool closed = at > 1 && (f->p[at - 1] == ')' || (f->p[at - 1] == ' ' && f->p[at - 2] == ')'));
    return (plus && digits > 0) || (closed && digits >= 2) || (at > 0 && f->p[at - 1] == '+');
}

static bool is_masked(const struct fold *f, size_t at)
{
    while (at > 0 && (f->p[at - 1] == ' ' || f->p[at - 1] == '-'))
        at--;
    return at > 1 && ((f->p[at - 1] == '*' && f->p[at - 2] == '*') || (f->p[at - 1] == 'x' && f->p[at - 2] == 'x'));
}

static bool touches_letter(const struct fold *f, const struct candidate *c)
{
    unsigned char next = (unsigned char)octet(f, c->end);
    unsigned char lead = c->at > 1 ? (unsigned char)f->p[c->at - 2] : 0;
    bool before = lead >= 0xc3 && lead <= 0xd4 && (unsigned char)f->p[c->at - 1] >= 0x80;
    return before || (next >= 0xc3 && next <= 0xd4);
}

static void add(const struct fold *f, struct candidate *out, size_t *n, struct candidate c)
{
    char before = c.at > 0 ? f->p[c.at - 1] : 0;
    if (is_money_before(f, c.at) || is_money_after(f, c.end) || is_masked(f, c.at) || touches_letter(f, &c))
        return;
    if (c.letters == 0 && is_phone_tail(f, c.at))
        return;
    c.hash = before == '#';
    c.starred = before == '*' && octet(f, c.end) == '*';
    c.alone = is_alone(f, &c);
    out[(*n)++] = c;
}

/* MAYBE: a digit, or by its first octet a character that may be one or is of full width. NOTHING: may fold to nothing
 * and then stands between no two capitals. */
enum { MAYBE = 1, CAPITAL = 2, NOTHING = 4 };
static const unsigned char classes[256] = {
    [0 ... 8] = NOTHING,       [14 ... 31] = NOTHING,   ['0' ... '9'] = MAYBE,     ['A' ... 'Z'] = CAPITAL,
    [0x7f ... 0xd8] = NOTHING, [0xd9 ... 0xdb] = MAYBE, [0xdc ... 0xdf] = NOTHING, [0xe0] = MAYBE,
    [0xe1 ... 0xee] = NOTHING, [0xef ... 0xff] = MAYBE,
};

static unsigned class_at(struct str text, size_t i) { return classes[(unsigned char)text.p[i]]; }

bool scan_may_have_code(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned class = class_at(text, i);
        if (class == 0) /* nearly all */
            continue;
        if (class & MAYBE || (i > 0 && class_at(text, i - 1) & CAPITAL))
            return true;
    }
    return false;
}

size_t scan_candidates(const struct fold *f, struct candidate *out, size_t max)
{
    size_t n = 0;
    struct token t;
    for (size_t i = 0; n < max && next_token(f, i, &t);) {
        size_t resume = MAX(t.end, i + 1);
        if (pure_digits(&t) && take_groups(f, &t, out, &n)) {
            resume = t.end;
        } else if (t.end > t.at) {
            struct candidate c = { .at = (uint16_t)t.at,
                                   .end = (uint16_t)t.end,
                                   .digits = (uint8_t)MIN(t.digits, 255u),
                                   .letters = (uint8_t)MIN(t.letters, 255u) };
            if (shape_of(f, &t, &c))
                add(f, out, &n, c);
        }
        while (resume < f->n && is_in_token(f->p[resume]))
            resume++;
        i = resume;
    }
    return n;
}
