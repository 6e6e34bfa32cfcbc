/* One pass, one table look-up an octet; what belongs to a number is decided by what stands around it. */
#include "core/extract_token.h"

/* What a number, an address or a date is written with. */
enum { IN_TOKEN = 1, DIGIT = 2, LABEL = 4 };
static const unsigned char classes[256] = { ['0' ... '9'] = IN_TOKEN | DIGIT,
                                            ['a' ... 'z'] = IN_TOKEN,
                                            ['.'] = IN_TOKEN,
                                            [','] = IN_TOKEN,
                                            [':'] = IN_TOKEN | LABEL,
                                            ['/'] = IN_TOKEN,
                                            ['\\'] = IN_TOKEN,
                                            ['@'] = IN_TOKEN,
                                            ['&'] = IN_TOKEN,
                                            ['?'] = IN_TOKEN,
                                            ['%'] = IN_TOKEN,
                                            ['+'] = IN_TOKEN,
                                            ['$'] = IN_TOKEN,
                                            ['#'] = IN_TOKEN,
                                            ['='] = IN_TOKEN | LABEL,
                                            ['_'] = IN_TOKEN,
                                            ['-'] = IN_TOKEN,
                                            ['^'] = IN_TOKEN };
static unsigned class_of(char c) { return classes[(unsigned char)c]; }
bool is_in_token(char c) { return class_of(c) != 0; }
static bool is_edge(char c) { return c == '.' || c == ',' || c == ':' || c == '?' || c == '-' || c == '_' || c == '='; }

static void count(const struct fold *f, struct token *t)
{
    t->digits = t->letters = t->others = t->dashes = 0;
    for (size_t i = t->at; i < t->end; i++) {
        t->digits += is_digit(f->p[i]);
        t->letters += is_letter(f->p[i]);
        t->dashes += f->p[i] == '-';
        t->others += !is_alnum(f->p[i]) && f->p[i] != '-';
    }
}

/* "code:482913" and "otp=482913" are a word and a code; "12:30" and "https://x/?a=482913" are not. */
static void cut_label(const struct fold *f, struct token *t)
{
    size_t i = t->at;
    while (i < t->end && is_letter(f->p[i]))
        i++;
    if (i > t->at && i + 1 < t->end && (f->p[i] == ':' || f->p[i] == '=') && is_alnum(f->p[i + 1]))
        t->at = i + 1;
}

/* "583920,10 minutes": more than four digits before a comma are no part of a grouped or a decimal number, so the comma
 * ends them, as it does in scripts that put no blank behind it. */
static void cut_comma(const struct fold *f, struct token *t)
{
    enum { GROUPED_AT_MOST = 4 };
    size_t i = t->at;
    while (i < t->end && is_digit(f->p[i]))
        i++;
    if (i - t->at > GROUPED_AT_MOST && i < t->end && f->p[i] == ',')
        t->end = i;
}

/* Nearly all tokens are words: without a digit, and with a small letter first or second, which no code of letters has.
 * What follows a label may be one. */
static bool is_word(const struct fold *f, const struct token *t, unsigned kinds)
{
    size_t second = t->at + 1;
    if (kinds & DIGIT)
        return false;
    return !upper_at(f, t->at) ||
           (!(kinds & LABEL) && second < t->end && is_letter(f->p[second]) && !upper_at(f, second));
}

bool next_token(const struct fold *f, size_t from, struct token *t)
{
    size_t i = from, end = f->n;
    unsigned class, kinds;
    do {
        while (i < end && class_of(f->p[i]) == 0)
            i++;
        t->at = i;
        for (kinds = 0; (class = class_of(f->p[i])) != 0; i++) /* the NUL at the end is of none */
            kinds |= class;
        t->end = i;
    } while (i < end && is_word(f, t, kinds));
    while (t->end > t->at && is_edge(f->p[t->end - 1]))
        t->end--;
    while (t->at < t->end && (is_edge(f->p[t->at]) || f->p[t->at] == '#'))
        t->at++;
    cut_label(f, t);
    cut_comma(f, t);
    count(f, t);
    t->before = t->at > 0 ? f->p[t->at - 1] : 0;
    t->after = octet(f, t->end);
    return t->at < f->n;
}
