/* The address lists of header fields, RFC 5322 section 3.4 and 4.4, read in one pass over tokens: words gather until a
 * separator says what they were. '<' makes them a name, '@' a local part, ':' a group's name, ',' or the end an address
 * or nothing. Groups don't nest in the grammar; here a ':' within one begins the next. No recursion, nothing read
 * twice. */
#include "base/text.h"
#include "wire/addr.h"
#include "wire/encword.h"
#include "wire/header.h"

struct reader {
    struct str s;
    size_t at;
    struct arena *a;
    struct addr_list out;
    size_t cap;
    bool in_group, full;
    /* the address being read */
    struct buf words;   /* outside brackets: phrase, or address without '@' yet; single blanks between words */
    struct buf comment; /* the last one */
    struct buf local, domain, route;
    bool has_words, has_quotes, bracket, had_bracket, has_at;
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
static bool is_special(char c) /* asked of every octet */
{
    return c == '<' || c == '>' || c == '@' || c == ',' || c == ':' || c == ';' || c == '"' || c == '(' || c == '[';
}

/* Within a comment or quotes: the next octet with its backslash undone; folds are dropped. False at a line end. */
static bool take_octet(struct reader *r, char *c)
{
    *c = r->s.p[r->at++];
    if (*c == '\\' && r->at < r->s.n)
        *c = r->s.p[r->at++];
    return *c != '\r' && *c != '\n';
}

static void read_comment(struct reader *r)
{
    size_t depth = 0;
    buf_clear(&r->comment);
    while (r->at < r->s.n) {
        bool escaped = r->s.p[r->at] == '\\';
        char c;
        if (!take_octet(r, &c))
            continue;
        bool open = !escaped && c == '(', close = !escaped && c == ')';
        depth += open;
        if (close && --depth == 0)
            return;
        if (!open || depth > 1)
            buf_putc(&r->comment, c);
    }
    r->out.broken = true;
}

/* Appended to out without its quotes. */
static void read_quoted(struct reader *r, struct buf *out)
{
    r->at++;
    while (r->at < r->s.n) {
        if (r->s.p[r->at] == '"') {
            r->at++;
            return;
        }
        char c;
        if (take_octet(r, &c))
            buf_putc(out, c);
    }
    r->out.broken = true;
}

/* Where words go at the moment. */
static struct buf *target(struct reader *r)
{
    if (r->has_at)
        return &r->domain;
    return r->bracket ? &r->local : &r->words;
}

static void read_word(struct reader *r, bool after_blank)
{
    struct buf *to = target(r);
    if (after_blank && to->n > 0 && to == &r->words)
        buf_putc(to, ' ');
    else if (after_blank && to->n > 0 && r->s.p[r->at] != '.' && to->p[to->n - 1] != '.')
        r->out.broken = true; /* around dots blanks are obs-local-part and obs-domain, RFC 5322 section 4.4 */
    r->has_words = true;
    if (r->s.p[r->at] == '"') {
        r->has_quotes = true;
        read_quoted(r, to);
        return;
    }
    if (r->s.p[r->at] == '[') { /* a literal, or a stray bracket in a name: up to ']' or the next separator */
        struct str rest = str_from(r->s, r->at);
        size_t n = 1;
        while (n < rest.n && rest.p[n] != ']' && rest.p[n] != ',' && rest.p[n] != '>' && rest.p[n] != '<')
            n++;
        n += n < rest.n && rest.p[n] == ']';
        buf_put(to, str_sub(rest, 0, n));
        r->at += n;
        return;
    }
    size_t begin = r->at;
    while (r->at < r->s.n && !is_blank(r->s.p[r->at]) && !is_special(r->s.p[r->at]))
        r->at++;
    buf_put(to, str_sub(r->s, begin, r->at - begin));
}

static struct addr_item *item_new(struct reader *r)
{
    if (r->out.n == LIMIT_ADDRESSES) {
        r->out.truncated = true;
        return NULL;
    }
    if (r->out.n == r->cap) {
        size_t cap = r->cap == 0 ? 4 : MIN(2 * r->cap, (size_t)LIMIT_ADDRESSES);
        struct addr_item *v = arena_array(r->a, cap, sizeof *v);
        r->full |= v == NULL;
        if (v == NULL)
            return NULL;
        for (size_t i = 0; i < r->out.n; i++)
            v[i] = r->out.v[i];
        r->out.v = v;
        r->cap = cap;
    }
    return &r->out.v[r->out.n++];
}

static struct str keep(struct reader *r, struct str s)
{
    struct str kept = arena_dup(r->a, s);
    r->full |= kept.p == NULL;
    return kept;
}

static bool needs_quotes(struct str local)
{
    bool atom = false;
    for (size_t i = 0; i < local.n; i++) {
        bool dot = local.p[i] == '.';
        if ((dot && !atom) || (unsigned char)local.p[i] <= 32 || local.p[i] == 127 || is_special(local.p[i]) ||
            local.p[i] == '\\' || local.p[i] == ')' || local.p[i] == ']')
            return true;
        atom = !dot;
    }
    return !atom;
}

static struct str address_text(struct reader *r, struct str local, struct str domain)
{
    AUTO_BUF struct buf out = { .max = 2 * local.n + domain.n + 8 };
    bool quotes = domain.n > 0 && needs_quotes(local);
    if (quotes)
        buf_putc(&out, '"');
    for (size_t i = 0; i < local.n; i++) {
        if (quotes && (local.p[i] == '"' || local.p[i] == '\\'))
            buf_putc(&out, '\\');
        buf_putc(&out, local.p[i]);
    }
    if (quotes)
        buf_putc(&out, '"');
    if (domain.n > 0) {
        buf_putc(&out, '@');
        buf_put(&out, domain);
    }
    return keep(r, buf_str(&out));
}

static void set_names(struct reader *r, struct addr_item *item, struct str name)
{
    item->raw_name = keep(r, name);
    item->name = header_text(r->a, item->raw_name);
    r->full |= item->name.p == NULL;
}

static void address_reset(struct reader *r)
{
    buf_clear(&r->words);
    buf_clear(&r->comment);
    buf_clear(&r->local);
    buf_clear(&r->domain);
    buf_clear(&r->route);
    r->has_words = r->has_quotes = r->bracket = r->had_bracket = r->has_at = false;
}

/* A separator: what was gathered is an address, or nothing. */
static void address_end(struct reader *r)
{
    struct str local = buf_str(r->had_bracket || r->bracket ? &r->local : &r->words), domain = buf_str(&r->domain);
    bool bracket = r->had_bracket || r->bracket;
    if (!bracket && r->has_at)
        local = buf_str(&r->local);
    if (local.n > 0 || domain.n > 0 || r->has_words) {
        struct addr_item *item = item_new(r);
        if (item != NULL) {
            struct addr unused;
            *item = (struct addr_item){ .kind = ADDR_MAILBOX, .local = keep(r, local), .domain = keep(r, domain) };
            if (r->route.n > 0)
                item->route = keep(r, buf_str(&r->route));
            item->text = address_text(r, local, domain);
            item->valid = addr_parse(item->text, &unused) == OK;
            set_names(r, item, bracket && r->words.n > 0 ? buf_str(&r->words) : buf_str(&r->comment));
        }
    }
    address_reset(r);
}

static void group_end(struct reader *r)
{
    address_end(r);
    struct addr_item *item = r->in_group ? item_new(r) : NULL;
    if (item != NULL)
        *item = (struct addr_item){ .kind = ADDR_GROUP_END };
    r->in_group = false;
}

static void group_begin(struct reader *r)
{
    AUTO_BUF struct buf name = { .max = r->words.n };
    buf_put(&name, buf_str(&r->words));
    address_reset(r);
    if (r->in_group)
        group_end(r);
    struct addr_item *item = item_new(r);
    if (item == NULL)
        return;
    *item = (struct addr_item){ .kind = ADDR_GROUP_BEGIN };
    set_names(r, item, buf_str(&name));
    r->in_group = true;
}

/* '@': what came before is the local part; in brackets with nothing before it a route begins, which ':' ends. */
static void at_sign(struct reader *r)
{
    if (r->has_at) { /* a second one: the first belongs to the local part, as readers have it */
        buf_putc(&r->local, '@');
        buf_put(&r->local, buf_str(&r->domain));
        buf_clear(&r->domain);
        r->out.broken = true;
    } else if (!r->bracket && !r->had_bracket) {
        struct str words = buf_str(&r->words);
        for (size_t i = 0; i < words.n; i++) /* "john . q": see read_word() */
            if (r->has_quotes || words.p[i] != ' ' ||
                !((i + 1 < words.n && words.p[i + 1] == '.') || (i > 0 && words.p[i - 1] == '.')))
                buf_putc(&r->local, words.p[i]);
        buf_clear(&r->words);
    }
    r->has_at = true;
}

static void route_hop(struct reader *r, struct str separator)
{
    if (r->domain.n > 0) {
        buf_putc(&r->route, '@');
        buf_put(&r->route, buf_str(&r->domain));
        buf_put(&r->route, separator);
    }
}

static void colon(struct reader *r)
{
    if (r->bracket) { /* obs-route, RFC 5322 section 4.4 */
        route_hop(r, S(""));
        buf_clear(&r->local);
        buf_clear(&r->domain);
        r->has_at = false;
    } else if (r->has_at || r->had_bracket) {
        r->out.broken = true;
    } else {
        group_begin(r);
    }
}

static void separator(struct reader *r, char c)
{
    switch (c) {
    case '<':
        if (r->has_at && !r->bracket && !r->had_bracket) { /* "a@b <a@b>": the name holds an address */
            buf_put(&r->words, buf_str(&r->local));
            buf_putc(&r->words, '@');
            buf_put(&r->words, buf_str(&r->domain));
        }
        r->out.broken |= r->bracket || r->had_bracket;
        buf_clear(&r->local);
        buf_clear(&r->domain);
        r->has_at = false;
        r->bracket = r->has_words = true;
        break;
    case '>':
        r->out.broken |= !r->bracket;
        if (!r->bracket && r->has_at) { /* its '<' is missing */
            address_end(r);
            break;
        }
        r->had_bracket |= r->bracket;
        r->bracket = false;
        break;
    case '@':
        at_sign(r);
        break;
    case ':':
        colon(r);
        break;
    case ',':
        if (r->bracket && r->local.n == 0) { /* between the hops of a route */
            route_hop(r, S(","));
            buf_clear(&r->domain);
            r->has_at = false;
            break;
        }
        r->out.broken |= r->bracket; /* its '>' is missing */
        address_end(r);
        break;
    default:
        group_end(r);
        break;
    }
}

static void read_all(struct reader *r)
{
    bool after_blank = false;
    while (r->at < r->s.n && !r->full && !r->out.truncated) {
        char c = r->s.p[r->at];
        if (is_blank(c)) {
            after_blank = true;
            r->at++;
            continue;
        }
        if (c == '(') {
            read_comment(r);
            after_blank = true;
            continue;
        }
        if (c == '"' || c == '[' || !is_special(c)) {
            if (r->had_bracket && !r->bracket) { /* words behind '>': an address without its comma */
                r->out.broken = true;
                address_end(r);
            }
            read_word(r, after_blank);
        } else {
            r->at++;
            separator(r, c);
        }
        after_blank = false;
    }
    if (!r->out.truncated)
        group_end(r);
}

enum err addr_list_parse(struct arena *a, struct str raw, struct addr_list *out)
{
    struct reader r = { .s = str_sub(raw, 0, LIMIT_HEADER_BYTES), .a = a };
    r.words.max = r.comment.max = r.local.max = r.domain.max = r.route.max = 2 * r.s.n + 16;
    read_all(&r);
    buf_fini(&r.words);
    buf_fini(&r.comment);
    buf_fini(&r.local);
    buf_fini(&r.domain);
    buf_fini(&r.route);
    if (r.full)
        return ERR_FULL;
    *out = r.out;
    return OK;
}

const struct addr_item *addr_list_first(const struct addr_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].kind == ADDR_MAILBOX)
            return &l->v[i];
    return NULL;
}
