/* Parameters are tables: a name, and a function that takes its value. A parameter may stand once; the table's index is
 * its bit in the set of those seen. */
#include "wire/smtp.h"
#include "base/text.h"

struct smtp_command smtp_command(struct str line)
{
    struct smtp_command c;
    c.verb = str_word(line, &c.arg);
    c.arg = str_trim(c.arg);
    return c;
}

bool smtp_is_other_protocol(struct str line)
{
    static const struct str verbs[] = { STR("GET"),     STR("POST"),    STR("HEAD"),       STR("PUT"), STR("DELETE"),
                                        STR("CONNECT"), STR("PATCH"),   STR("TRACE"),      STR("PRI"), STR("OPTIONS"),
                                        STR("Host:"),   STR("SSH-2.0"), STR("USER-AGENT:") };
    if (line.n > 0 && line.p[0] == 0x16) /* a TLS handshake record */
        return true;
    struct str verb = smtp_command(line).verb;
    for (size_t i = 0; i < COUNT(verbs); i++)
        if (str_eq_nocase(verb, verbs[i]))
            return true;
    return false;
}

bool smtp_helo_valid(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == 0x7f || (unsigned char)name.p[i] <= ' ')
            return false;
    return name.n > 0 && name.n <= 255 && utf8_valid(name);
}

static bool is_hex_upper(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); }

/* utf8: RFC 6533 section 3 lets unitext stand where xtext did; high octets are then fine one by one, the whole is
 * checked by the caller. */
static bool xtext(struct str s, bool utf8)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '+') {
            if (s.n - i < 3 || !is_hex_upper(s.p[i + 1]) || !is_hex_upper(s.p[i + 2]))
                return false;
            i += 2;
        } else if (c < 33 || c == 127 || c == '=' || (c > 127 && !utf8))
            return false;
    }
    return true;
}

bool smtp_xtext_valid(struct str s) { return s.n > 0 && xtext(s, false); }

/* ---- parameters ---- */

struct param {
    struct str name;
    bool (*take)(void *out, struct str value); /* value.p is NULL when there was no '=' */
};

static enum smtp_fault params_parse(const struct param *table, size_t n, struct str rest, void *out)
{
    unsigned seen = 0;
    for (struct str word = str_word(rest, &rest); word.n > 0; word = str_word(rest, &rest)) {
        size_t eq = str_chr(word, '=');
        struct str name = str_sub(word, 0, MIN(eq, word.n));
        struct str value = eq == STR_NONE ? (struct str){ 0 } : str_from(word, eq + 1);
        size_t i = 0;
        while (i < n && !str_eq_nocase(name, table[i].name))
            i++;
        if (i == n)
            return SMTP_PARAM;
        if (seen & 1u << i || !table[i].take(out, value))
            return SMTP_VALUE;
        seen |= 1u << i;
    }
    return SMTP_FINE;
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0 && s.n <= 20; /* RFC 1870 section 3 */
}

static bool take_size(void *out, struct str v)
{
    struct smtp_mail *m = out;
    if (!all_digits(v))
        return false;
    if (!str_to_u64(v, &m->size))
        m->size = UINT64_MAX;
    return true;
}

static bool take_body(void *out, struct str v)
{
    static const struct str names[] = {
        [SMTP_BODY_7BIT] = STR("7BIT"), [SMTP_BODY_8BIT] = STR("8BITMIME"), [SMTP_BODY_BINARY] = STR("BINARYMIME")
    };
    struct smtp_mail *m = out;
    for (unsigned i = 0; i < COUNT(names); i++)
        if (str_eq_nocase(v, names[i])) {
            m->body = (enum smtp_body)i;
            return true;
        }
    return false;
}

static bool take_utf8(void *out, struct str v)
{
    struct smtp_mail *m = out;
    m->utf8 = true;
    return v.p == NULL;
}

static bool take_requiretls(void *out, struct str v)
{
    struct smtp_mail *m = out;
    m->requiretls = true;
    return v.p == NULL;
}

static bool take_ret(void *out, struct str v)
{
    struct smtp_mail *m = out;
    m->ret_full = str_eq_nocase(v, S("FULL"));
    m->ret_hdrs = str_eq_nocase(v, S("HDRS"));
    return m->ret_full || m->ret_hdrs;
}

static bool take_envid(void *out, struct str v)
{
    struct smtp_mail *m = out;
    m->envid = v;
    return v.n <= LIMIT_SMTP_ENVID && smtp_xtext_valid(v);
}

static bool take_auth(void *, struct str v) /* RFC 4954 section 5: who is trusted by the peer means nothing here */
{
    return smtp_xtext_valid(v);
}

static bool take_notify(void *out, struct str v)
{
    static const struct str names[] = { STR("NEVER"), STR("SUCCESS"), STR("FAILURE"), STR("DELAY") };
    struct smtp_rcpt *r = out;
    for (bool more = v.n > 0; more;) {
        more = str_chr(v, ',') != STR_NONE;
        struct str one = str_cut(v, ',', &v);
        size_t i = 0;
        while (i < COUNT(names) && !str_eq_nocase(one, names[i]))
            i++;
        if (i == COUNT(names))
            return false;
        r->notify |= 1u << i;
    }
    /* RFC 3461 section 4.1: NEVER stands alone */
    return r->notify == SMTP_NOTIFY_NEVER || (r->notify && !(r->notify & SMTP_NOTIFY_NEVER));
}

static bool take_orcpt(void *out, struct str v)
{
    struct smtp_rcpt *r = out;
    size_t semi = str_chr(v, ';');
    r->orcpt = v;
    if (v.n > LIMIT_SMTP_ORCPT || semi == STR_NONE || semi == 0)
        return false;
    bool utf8 = str_eq_nocase(str_sub(v, 0, semi), S("utf-8"));
    struct str text = str_from(v, semi + 1);
    return text.n > 0 && xtext(text, utf8) && utf8_valid(text) && smtp_xtext_valid(str_sub(v, 0, semi));
}

/* ---- commands ---- */

/* "FROM:" or "TO:", then the path. Blanks behind the colon are against the RFC and common. */
static enum smtp_fault path_parse(struct str arg, struct str keyword, struct addr *out, struct str *rest)
{
    if (!str_starts_nocase(arg, keyword))
        return SMTP_SYNTAX;
    struct str path = str_trim(str_from(arg, keyword.n));
    if (path.n == 0)
        return SMTP_SYNTAX;
    bool naked = path.p[0] != '<'; /* printers, scripts and people at a terminal; Postfix takes it as well */
    if ((naked ? addr_parse(str_word(path, rest), out) : addr_path(path, out, rest)) != OK)
        return SMTP_PATH;
    if (naked)
        return SMTP_FINE;
    return rest->n > 0 && rest->p[0] != ' ' && rest->p[0] != '\t' ? SMTP_SYNTAX : SMTP_FINE;
}

enum smtp_fault smtp_mail_parse(struct str arg, struct smtp_mail *out)
{
    static const struct param table[] = {
        { STR("SIZE"), take_size },
        { STR("BODY"), take_body },
        { STR("SMTPUTF8"), take_utf8 },
        { STR("RET"), take_ret },
        { STR("ENVID"), take_envid },
        { STR("AUTH"), take_auth },
        { STR("REQUIRETLS"), take_requiretls },
    };
    struct smtp_mail m = { 0 };
    struct str rest;
    enum smtp_fault f = path_parse(arg, S("FROM:"), &m.from, &rest);
    if (f == SMTP_FINE)
        f = params_parse(table, COUNT(table), rest, &m);
    if (f != SMTP_FINE)
        return f;
    if (m.from.text.n > 0 && m.from.domain.n == 0) /* <postmaster> alone is a recipient's privilege */
        return SMTP_PATH;
    if (m.from.utf8 && !m.utf8)
        return SMTP_UTF8;
    *out = m;
    return SMTP_FINE;
}

enum smtp_fault smtp_rcpt_parse(struct str arg, bool utf8, struct smtp_rcpt *out)
{
    static const struct param table[] = { { STR("NOTIFY"), take_notify }, { STR("ORCPT"), take_orcpt } };
    struct smtp_rcpt r = { 0 };
    struct str rest;
    enum smtp_fault f = path_parse(arg, S("TO:"), &r.to, &rest);
    if (f == SMTP_FINE)
        f = params_parse(table, COUNT(table), rest, &r);
    if (f != SMTP_FINE)
        return f;
    if (r.to.text.n == 0)
        return SMTP_PATH;
    if (r.to.utf8 && !utf8)
        return SMTP_UTF8;
    *out = r;
    return SMTP_FINE;
}

enum smtp_fault smtp_bdat_parse(struct str arg, struct smtp_bdat *out)
{
    struct str rest, n = str_word(arg, &rest);
    uint64_t size;
    if (!all_digits(n) || !str_to_u64(n, &size) || (rest.n > 0 && !str_eq_nocase(str_trim(rest), S("LAST"))))
        return SMTP_SYNTAX;
    *out = (struct smtp_bdat){ size, rest.n > 0 };
    return SMTP_FINE;
}

static bool take_addr(void *out, struct str v)
{
    ((struct smtp_xclient *)out)->addr = v;
    return smtp_xtext_valid(v);
}

static bool take_helo(void *out, struct str v)
{
    ((struct smtp_xclient *)out)->helo = v;
    return smtp_xtext_valid(v) && smtp_helo_valid(v);
}

static bool take_ignored(void *, struct str v) { return smtp_xtext_valid(v); }

enum smtp_fault smtp_xclient_parse(struct str arg, struct smtp_xclient *out)
{
    static const struct param table[] = {
        { STR("ADDR"), take_addr },    { STR("HELO"), take_helo },     { STR("NAME"), take_ignored },
        { STR("PORT"), take_ignored }, { STR("PROTO"), take_ignored },
    };
    struct smtp_xclient x = { 0 };
    enum smtp_fault f = arg.n == 0 ? SMTP_SYNTAX : params_parse(table, COUNT(table), arg, &x);
    if (f == SMTP_FINE)
        *out = x;
    return f;
}
