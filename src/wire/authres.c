/* A lexer of words, quoted strings and single signs; comments count as blanks, and a comment that never ends takes the
 * rest with it. */
#include "wire/authres.h"
#include "base/secret.h"
#include "wire/domain.h"
#include "wire/header.h"

enum { SERVER_MAX = 512 };

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool is_sign(char c) { return c == ';' || c == '=' || c == '(' || c == ')' || c == '"' || c == '/'; }

/* A word, a string without its quotes, or one sign; empty at the end. */
static struct str next_token(struct str s, struct str *rest)
{
    s = header_skip_blanks(s);
    size_t n = 0;
    if (s.n > 0 && s.p[0] == '"') {
        for (n = 1; n < s.n && s.p[n] != '"'; n++)
            n += s.p[n] == '\\';
        *rest = str_from(s, n + 1);
        return str_sub(s, 1, MIN(n, s.n) - 1);
    }
    while (n < s.n && !is_blank(s.p[n]) && !is_sign(s.p[n]))
        n++;
    n = MAX(n, (size_t)(s.n > 0));
    *rest = str_from(s, n);
    return str_sub(s, 0, n);
}

enum err authres_server(struct str raw, struct str *id, struct str *rest)
{
    struct str behind, name = next_token(raw, &behind);
    if (name.n == 0 || (name.n == 1 && is_sign(name.p[0])))
        return ERR_BAD;
    *id = name;
    *rest = behind;
    return OK;
}

/* One result behind a ';': "method[/version] = result", then properties "a.b = c". */
static bool read_result(struct str s, struct str method, struct str property, struct str *result, struct str *value)
{
    struct str name = next_token(s, &s), sign = next_token(s, &s);
    if (str_eq(sign, S("/"))) {
        (void)next_token(s, &s);
        sign = next_token(s, &s);
    }
    if (!str_eq_nocase(name, method) || !str_eq(sign, S("=")))
        return false;
    *result = next_token(s, &s);
    *value = (struct str){ NULL, 0 };
    for (struct str before = S(""); s.n > 0 && !value->p;) {
        struct str token = next_token(s, &s);
        if (str_eq(token, S(";")))
            break;
        if (str_eq(token, S("=")) && str_eq_nocase(before, property))
            *value = next_token(s, &s);
        before = token;
    }
    return true;
}

bool authres_find(struct str rest, struct str method, struct str property, struct str *result, struct str *value)
{
    while (rest.n > 0)
        if (str_eq(next_token(rest, &rest), S(";")) && read_result(rest, method, property, result, value))
            return true;
    return false;
}

void authres_put_value(struct buf *out, struct str value)
{
    bool token = value.n > 0;
    for (size_t i = 0; i < value.n; i++)
        token = token && value.p[i] > ' ' && value.p[i] < 127 && !is_sign(value.p[i]) &&
                str_chr(S("<>@,:\\[]?"), value.p[i]) == STR_NONE;
    if (!token)
        buf_putc(out, '"');
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '"' || value.p[i] == '\\')
            buf_putc(out, '\\');
        buf_putc(out, value.p[i] >= ' ' && value.p[i] < 127 ? value.p[i] : '?');
    }
    if (!token)
        buf_putc(out, '"');
}

/* ---- ours ---- */
static bool same_server(struct str id, struct str server)
{
    AUTO_BUF struct buf a = { .max = SERVER_MAX }, b = { .max = SERVER_MAX };
    if (str_ends(id, S(".")))
        id.n--;
    if (str_eq_nocase(id, server))
        return true;
    return domain_to_ascii(&a, id) == OK && domain_to_ascii(&b, server) == OK && str_eq(buf_str(&a), buf_str(&b));
}

/* Behind the server's name stands a ';', nothing, or a version first (RFC 8601 section 2.2). */
static bool ends_well(struct str rest)
{
    struct str version = next_token(rest, &rest);
    bool number = version.n > 0 && version.p[0] >= '0' && version.p[0] <= '9';
    struct str end = number ? next_token(rest, &rest) : version;
    return end.n == 0 || str_eq(end, S(";"));
}

/* What is not plainly somebody else's: lenient readers may take it for ours. */
static bool is_forged(const struct header_field *f, struct str server)
{
    struct str id, rest;
    if (!str_eq_nocase(f->name, S("Authentication-Results")))
        return false;
    return authres_server(f->raw, &id, &rest) != OK || same_server(id, server) || str_chr(id, '\\') != STR_NONE ||
           memchr(f->raw.p, 0, f->raw.n) || !ends_well(rest);
}

/* The next field that claims to be ours. Lenient programs read on where our header ends without an empty line, behind
 * "A b: c" for one, so up to that line nothing is left to them. */
static bool next_forged(struct header_iter *it, struct str server, struct header_field *f)
{
    for (;;) {
        while (header_next(it, f))
            if (is_forged(f, server))
                return true;
        struct str rest, line = str_line(str_from(it->block, it->at), &rest);
        if (line.n == 0)
            return false;
        it->at = it->block.n - rest.n;
    }
}

size_t authres_strip(struct buf *msg, struct str server)
{
    struct header_iter it = header_walk(buf_str(msg));
    struct header_field f;
    size_t kept = 0, copied = 0, removed = 0; /* [0, kept) is done; input from copied on is not moved yet */
    while (next_forged(&it, server, &f)) {
        memmove(msg->p + kept, msg->p + copied, f.begin - copied);
        kept += f.begin - copied;
        copied = f.end;
        removed++;
    }
    if (removed == 0)
        return 0;
    memmove(msg->p + kept, msg->p + copied, msg->n - copied);
    secret_wipe(msg->p + msg->n - (copied - kept), copied - kept); /* what has moved is not left twice */
    msg->n -= copied - kept;
    return removed;
}
