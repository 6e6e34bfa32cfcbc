/* One reader over a command's octets. The first thing that does not fit fails it for good; take() and fail() alone
 * change where it is. Whether an octet may stand in an atom is a look at a table of classes (RFC 9051 section 9). */
#include "wire/imap_token.h"
#include "base/text.h"

enum { ATOM = 1, ASTRING = 2, LIST = 4, TAG = 8 }; /* ATOM-CHAR, ASTRING-CHAR, list-char, tag */

static unsigned classes(unsigned char c)
{
    if (c <= ' ' || c >= 0x7f || c == '(' || c == ')' || c == '{' || c == '"' || c == '\\')
        return 0;
    if (c == '%' || c == '*')
        return LIST;
    if (c == ']')
        return ASTRING | LIST | TAG;
    return ATOM | ASTRING | LIST | (c == '+' ? 0 : TAG);
}

static bool fail(struct imap_token *t)
{
    t->failed = true;
    return false;
}

static bool fail_full(struct imap_token *t)
{
    t->full = true;
    return fail(t);
}

static struct str take(struct imap_token *t, size_t n)
{
    struct str s = str_sub(t->rest, 0, n);
    t->rest = str_from(t->rest, n);
    return s;
}

void imap_token_init(struct imap_token *t, struct arena *arena, struct str command, bool utf8)
{
    command.n -= str_ends(command, S("\r\n")) ? 2 : 0;
    *t = (struct imap_token){ .rest = command, .arena = arena, .utf8 = utf8 };
}

char imap_token_peek(const struct imap_token *t) { return t->failed || t->rest.n == 0 ? '\0' : t->rest.p[0]; }

bool imap_token_char(struct imap_token *t, char c)
{
    if (t->rest.n == 0 || imap_token_peek(t) != c)
        return fail(t);
    take(t, 1);
    return true;
}

static void skip_blanks(struct imap_token *t)
{
    while (imap_token_peek(t) == ' ')
        take(t, 1);
}

bool imap_token_sp(struct imap_token *t)
{
    if (!imap_token_char(t, ' '))
        return false;
    skip_blanks(t);
    return true;
}

bool imap_token_end(struct imap_token *t)
{
    skip_blanks(t);
    return !t->failed && t->rest.n == 0 ? true : fail(t);
}

bool imap_token_open(struct imap_token *t)
{
    if (t->depth == LIMIT_IMAP_DEPTH && imap_token_peek(t) == '(')
        return fail_full(t);
    if (!imap_token_char(t, '('))
        return false;
    t->depth++;
    skip_blanks(t);
    return true;
}

bool imap_token_close(struct imap_token *t)
{
    skip_blanks(t);
    if (t->depth == 0 || !imap_token_char(t, ')'))
        return fail(t);
    t->depth--;
    return true;
}

bool imap_token_more(struct imap_token *t)
{
    bool blank = imap_token_peek(t) == ' ';
    skip_blanks(t);
    if (imap_token_peek(t) == ')') {
        (void)imap_token_close(t);
        return false;
    }
    return blank ? true : fail(t);
}

/* How many octets at the front are of one of those classes. */
static size_t span(const struct imap_token *t, unsigned of)
{
    size_t n = 0;
    while (n < t->rest.n && classes((unsigned char)t->rest.p[n]) & of)
        n++;
    return t->failed ? 0 : n;
}

static bool take_span(struct imap_token *t, unsigned of, struct str *out)
{
    size_t n = span(t, of);
    if (n == 0)
        return fail(t);
    *out = take(t, n);
    return true;
}

bool imap_token_try(struct imap_token *t, struct str word)
{
    char c = t->rest.n > word.n ? t->rest.p[word.n] : ' ';
    if (t->failed || !str_starts_nocase(t->rest, word) || str_chr(S(" ()[]<"), c) == STR_NONE)
        return false;
    take(t, word.n);
    return true;
}

bool imap_token_tag(struct imap_token *t, struct str *out)
{
    size_t n = span(t, TAG);
    if (n > LIMIT_IMAP_TAG)
        return fail_full(t);
    if (n == 0 || (n < t->rest.n && t->rest.p[n] != ' '))
        return fail(t);
    *out = take(t, n);
    skip_blanks(t);
    return true;
}

bool imap_token_atom(struct imap_token *t, struct str *out) { return take_span(t, ATOM, out); }

/* ---- strings ---- */

/* The text with backslashes undone: a view when there is none. */
static bool unquote(struct imap_token *t, struct str raw, struct str *out)
{
    if (str_chr(raw, '\\') == STR_NONE) {
        *out = raw;
        return true;
    }
    char *p = arena_alloc(t->arena, raw.n);
    if (p == NULL)
        return fail_full(t);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        i += raw.p[i] == '\\';
        p[n++] = raw.p[i];
    }
    *out = str_of(p, n);
    return true;
}

/* RFC 9051: TEXT-CHAR, or UTF-8; a backslash stands before '"' and itself alone. */
static bool take_quoted(struct imap_token *t, struct str *out)
{
    struct str s = str_from(t->rest, 1);
    size_t n = 0;
    while (n < s.n && s.p[n] != '"') {
        bool pair = s.p[n] == '\\';
        if (pair && (s.n - n < 2 || (s.p[n + 1] != '"' && s.p[n + 1] != '\\')))
            return fail(t);
        if (s.p[n] == '\r' || s.p[n] == '\n' || s.p[n] == '\0')
            return fail(t);
        n += pair ? 2 : 1;
    }
    struct str raw = str_sub(s, 0, n);
    bool good = n < s.n && (utf8_ascii(raw) == n || (t->utf8 && utf8_valid(raw)));
    if (!good || !unquote(t, raw, out))
        return fail(t);
    take(t, n + 2);
    return true;
}

/* "{n}", "{n+}" with "~" before it. */
static bool take_announcement(struct imap_token *t, struct imap_literal *out)
{
    struct imap_literal l = { .binary = imap_token_peek(t) == '~' };
    if (l.binary)
        take(t, 1);
    if (!imap_token_char(t, '{') || !imap_token_number64(t, &l.size))
        return false;
    l.sync = imap_token_peek(t) != '+';
    if (!l.sync)
        take(t, 1);
    *out = l;
    return imap_token_char(t, '}');
}

bool imap_token_announce(struct imap_token *t, struct imap_literal *out)
{
    struct imap_literal l;
    if (!take_announcement(t, &l) || t->rest.n > 0)
        return fail(t);
    *out = l;
    return true;
}

/* NUL has no place in a string but a literal8, which only APPEND and its kin take, as announcements. */
static bool take_literal(struct imap_token *t, struct str *out)
{
    struct imap_literal l;
    if (!take_announcement(t, &l) || l.binary || !str_starts(t->rest, S("\r\n")))
        return fail(t);
    struct str octets = str_from(t->rest, 2);
    if (l.size > octets.n || str_chr(str_sub(octets, 0, (size_t)l.size), '\0') != STR_NONE)
        return fail(t);
    take(t, 2);
    *out = take(t, (size_t)l.size);
    return true;
}

bool imap_token_string(struct imap_token *t, struct str *out)
{
    switch (imap_token_peek(t)) {
    case '"':
        return take_quoted(t, out);
    case '{':
        return take_literal(t, out);
    default:
        return fail(t);
    }
}

static bool begins_string(const struct imap_token *t) { return imap_token_peek(t) == '"' || imap_token_peek(t) == '{'; }

bool imap_token_astring(struct imap_token *t, struct str *out)
{
    return begins_string(t) ? imap_token_string(t, out) : take_span(t, ASTRING, out);
}

bool imap_token_nstring(struct imap_token *t, struct str *out)
{
    if (!imap_token_try(t, S("NIL")))
        return imap_token_string(t, out);
    *out = (struct str){ NULL, 0 };
    return true;
}

bool imap_token_list_mailbox(struct imap_token *t, struct str *out)
{
    return begins_string(t) ? imap_token_string(t, out) : take_span(t, LIST, out);
}

/* ---- numbers ---- */

static bool take_number(struct imap_token *t, uint64_t max, uint64_t *out)
{
    uint64_t v;
    size_t n = 0;
    while (n < t->rest.n && t->rest.p[n] >= '0' && t->rest.p[n] <= '9')
        n++;
    if (t->failed || !str_to_u64(str_sub(t->rest, 0, n), &v) || v > max)
        return fail(t);
    take(t, n);
    *out = v;
    return true;
}

bool imap_token_number(struct imap_token *t, uint32_t *out)
{
    uint64_t v;
    if (!take_number(t, UINT32_MAX, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

bool imap_token_nz_number(struct imap_token *t, uint32_t *out)
{
    if (imap_token_peek(t) == '0')
        return fail(t);
    return imap_token_number(t, out);
}

bool imap_token_number64(struct imap_token *t, uint64_t *out) { return take_number(t, INT64_MAX, out); }
