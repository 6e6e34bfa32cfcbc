/* Some members of an object, copied out of its text: strings are passed over, brackets counted, and nothing is built
 * for what nobody wants. Each octet is looked at once or twice. */
#include "wire/json.h"

/* Behind the string that begins at text[at]; text.n where it has no end. */
static size_t string_end(struct str text, size_t at)
{
    for (at++; at < text.n; at++) {
        size_t quote = str_chr(str_from(text, at), '"'), slashes = 0;
        if (quote == STR_NONE)
            return text.n;
        while (slashes < quote && text.p[at + quote - 1 - slashes] == '\\')
            slashes++;
        at += quote;
        if (slashes % 2 == 0)
            return at + 1;
    }
    return text.n;
}

/* Behind the value that begins at text[at]. */
static size_t value_end(struct str text, size_t at)
{
    size_t depth = 0;
    while (at < text.n) {
        char c = text.p[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return at;
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at++;
    }
    return at;
}

static bool is_wanted(struct str name, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, names[i]))
            return true;
    return false;
}

void json_pick(struct buf *out, struct str members, const struct str *names, size_t n)
{
    const char *between = "";
    for (size_t at = 0; at < members.n;) {
        size_t begin = at;
        while (begin < members.n && members.p[begin] != '"')
            begin++;
        size_t colon = begin < members.n ? string_end(members, begin) : members.n;
        size_t end = value_end(members, colon);
        if (colon < members.n && is_wanted(str_sub(members, begin + 1, colon - begin - 2), names, n)) {
            buf_puts(out, between);
            buf_put(out, str_sub(members, begin, end - begin));
            between = ",";
        }
        at = end + 1;
    }
}
