/* The states of the standard are the functions here. A construct that is never closed takes the rest of the input, as
 * it does in browsers, so nothing is scanned for its end twice. */
#include "wire/html_token.h"

enum { SPACE = 1, SLASH = 2, EQUALS = 4, CLOSE = 8 };
static const unsigned char classes[256] = {
    [' '] = SPACE,  ['\t'] = SPACE, ['\n'] = SPACE, ['\r'] = SPACE,
    ['\f'] = SPACE, ['/'] = SLASH,  ['='] = EQUALS, ['>'] = CLOSE,
};

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }
static unsigned class_of(char c) { return classes[(unsigned char)c]; }

/* n is never more than what is left. */
static void skip(struct html_lexer *l, size_t n)
{
    l->rest.p += n;
    l->rest.n -= n;
}

/* ---- what is left out ---- */

static void skip_to(struct html_lexer *l, struct str end)
{
    size_t at = str_find(l->rest, end);
    skip(l, at == STR_NONE ? l->rest.n : at + end.n);
}

/* "<!-->" and "<!--->" are whole comments, section 13.2.5.43. */
static void skip_comment(struct html_lexer *l)
{
    skip(l, 4);
    if (str_starts(l->rest, S(">")))
        skip(l, 1);
    else if (str_starts(l->rest, S("->")))
        skip(l, 2);
    else
        skip_to(l, S("-->"));
}

/* ---- tags ---- */

static const struct str attr_names[HTML_ATTRS] = {
    [HTML_HREF] = STR("href"), [HTML_STYLE] = STR("style"),   [HTML_ALT] = STR("alt"),  [HTML_CLASS] = STR("class"),
    [HTML_SIZE] = STR("size"), [HTML_HIDDEN] = STR("hidden"), [HTML_TYPE] = STR("type")
};

/* Everything before the first octet of a class in stop. */
static struct str take_until(struct html_lexer *l, unsigned stop)
{
    size_t n = 0;
    while (n < l->rest.n && !(class_of(l->rest.p[n]) & stop))
        n++;
    struct str taken = { l->rest.p, n };
    skip(l, n);
    return taken;
}

static void skip_all(struct html_lexer *l, unsigned wanted)
{
    size_t n = 0;
    while (n < l->rest.n && class_of(l->rest.p[n]) & wanted)
        n++;
    skip(l, n);
}

static struct str attr_value(struct html_lexer *l)
{
    skip_all(l, SPACE);
    char quote = l->rest.n > 0 ? l->rest.p[0] : 0;
    if (quote != '"' && quote != '\'')
        return take_until(l, SPACE | CLOSE);
    skip(l, 1);
    size_t n = str_chr(l->rest, quote);
    struct str value = str_sub(l->rest, 0, n);
    skip(l, n == STR_NONE ? l->rest.n : n + 1);
    return value;
}

static void keep_attr(struct html_token *t, struct str name, struct str value)
{
    for (unsigned i = 0; i < HTML_ATTRS; i++) {
        if (name.n != attr_names[i].n || (name.p[0] | 32) != attr_names[i].p[0] || !str_eq_nocase(name, attr_names[i]))
            continue;
        if (!(t->has & 1u << i))
            t->attr[i] = value;
        t->has |= 1u << i;
    }
}

static void one_attr(struct html_lexer *l, struct html_token *t)
{
    bool odd = l->rest.p[0] == '='; /* a name may begin with one, section 13.2.5.32 */
    const char *start = l->rest.p;
    skip(l, odd);
    struct str name = take_until(l, SPACE | SLASH | CLOSE | EQUALS), value = { 0 };
    name = str_of(start, name.n + odd);
    skip_all(l, SPACE);
    if (str_starts(l->rest, S("="))) {
        skip(l, 1);
        value = attr_value(l);
    }
    keep_attr(t, name, value);
}

/* At "<x" or "</x". False when the input ends inside the tag: a browser then drops it too. */
static bool take_tag(struct html_lexer *l, struct html_token *t)
{
    bool end = l->rest.p[1] == '/';
    t->kind = end ? HTML_END : HTML_START;
    t->has = 0;
    skip(l, end ? 2 : 1);
    t->name = take_until(l, SPACE | SLASH | CLOSE);
    t->tag = html_tag_find(t->name);
    while (l->rest.n == 0 || l->rest.p[0] != '>') {
        skip_all(l, SPACE | SLASH);
        if (l->rest.n == 0)
            return false;
        if (l->rest.p[0] == '>')
            break;
        one_attr(l, t);
    }
    skip(l, 1);
    if (!end && t->tag->flags & TAG_RAW)
        l->raw = t->name;
    return true;
}

/* ---- text ---- */

static bool closes_raw(struct str s, struct str name)
{
    if (s.n < name.n + 2 || s.p[1] != '/' || !str_eq_nocase(str_sub(s, 2, name.n), name))
        return false;
    return s.n == name.n + 2 || class_of(s.p[name.n + 2]) & (SPACE | SLASH | CLOSE);
}

static size_t raw_length(struct str s, struct str name)
{
    for (size_t i = 0; i < s.n; i++) {
        size_t lt = str_chr(str_from(s, i), '<');
        if (lt == STR_NONE)
            return s.n;
        i += lt;
        if (closes_raw(str_from(s, i), name))
            return i;
    }
    return s.n;
}

static void take_raw(struct html_lexer *l, struct html_token *t)
{
    size_t n = raw_length(l->rest, l->raw);
    t->kind = HTML_RAW;
    t->has = 0;
    t->name = l->raw;
    t->text = str_sub(l->rest, 0, n);
    l->raw = (struct str){ 0 };
    skip(l, n);
}

/* Where the text ends that begins here; its first octet is text, even if it is a '<'. Between two tags there mostly is
 * so little that a call for it takes longer. */
static size_t text_length(struct str s)
{
    enum { NEAR = 16 };
    size_t n = 1;
    while (n < s.n && n < NEAR && s.p[n] != '<')
        n++;
    if (n < s.n && s.p[n] == '<')
        return n;
    size_t more = str_chr(str_from(s, n), '<');
    return more == STR_NONE ? s.n : n + more;
}

static void take_text(struct html_lexer *l, struct html_token *t)
{
    size_t n = text_length(l->rest);
    t->kind = HTML_TEXT;
    t->has = 0;
    t->text = (struct str){ l->rest.p, n };
    skip(l, n);
}

/* At a '<'. */
static bool begins_tag(struct str s)
{
    char second = s.n > 1 ? s.p[1] : 0;
    return is_letter(second) || (second == '/' && s.n > 2 && is_letter(s.p[2]));
}

/* At a '<' that begins no tag: leaves out what is none of the text. False when it is text. */
static bool skip_markup(struct html_lexer *l)
{
    char second = l->rest.n > 1 ? l->rest.p[1] : 0, third = l->rest.n > 2 ? l->rest.p[2] : 0;
    if (second == '!' && str_starts(l->rest, S("<!--")))
        skip_comment(l);
    else if (second == '!' || second == '?' || (second == '/' && third != 0))
        skip_to(l, S(">"));
    else
        return false;
    return true;
}

bool html_next(struct html_lexer *l, struct html_token *out)
{
    if (l->raw.n > 0) {
        take_raw(l, out);
        return true;
    }
    while (l->rest.n > 0) {
        bool markup = l->rest.p[0] == '<';
        if (markup && begins_tag(l->rest))
            return take_tag(l, out);
        if (!markup || !skip_markup(l)) {
            take_text(l, out);
            return true;
        }
    }
    return false;
}
