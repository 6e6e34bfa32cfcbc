/* Header and signature; the body is in dkim_body.c. */
#include "wire/dkim.h"
#include "base/crypto.h"
#include "wire/domain.h"

enum { HEAD_MAX = 2 * LIMIT_HEADER_BYTES };

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

enum err dkim_msg_init(struct arena *a, struct str msg, struct dkim_msg *out)
{
    struct header_bounds b;
    struct dkim_msg m = { .n = 0 };
    if (header_bounds(msg, &b) != OK)
        return ERR_FULL;
    m.v = arena_array(a, b.fields + 1, sizeof *m.v);
    if (!m.v)
        return ERR_FULL;
    struct header_iter it = header_walk(str_sub(msg, 0, b.body));
    while (m.n < b.fields && header_next(&it, &m.v[m.n]))
        m.n++;
    m.body = str_from(msg, b.body);
    *out = m;
    return OK;
}

/* ---- canonical fields ---- */
/* A value in relaxed form: unfolded, runs of blanks as one, none at the ends. */
static void put_relaxed_value(struct buf *out, struct str value)
{
    value = str_trim(value);
    bool blank = false;
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\r' || c == '\n')
            continue;
        if (is_blank(c)) {
            blank = true;
            continue;
        }
        if (blank)
            buf_putc(out, ' ');
        blank = false;
        buf_putc(out, c);
    }
}

static void put_relaxed_name(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        buf_putc(out, char_lower(name.p[i]));
    buf_putc(out, ':');
}

void dkim_put_relaxed(struct buf *out, const struct header_field *f)
{
    put_relaxed_name(out, f->name);
    put_relaxed_value(out, f->raw);
    buf_puts(out, "\r\n");
}

static struct str without_line_end(struct str line)
{
    if (str_ends(line, S("\n")))
        line.n--;
    if (str_ends(line, S("\r")))
        line.n--;
    return line;
}

static void put_field(struct buf *out, const struct header_field *f, enum dkim_canon canon)
{
    if (canon == DKIM_RELAXED) {
        dkim_put_relaxed(out, f);
        return;
    }
    buf_put(out, without_line_end(f->line));
    buf_puts(out, "\r\n");
}

void dkim_put_self(struct buf *out, const struct dkim_sig *s, enum dkim_canon canon)
{
    const struct tag *b = tags_find(&s->tags, S("b"));
    struct str whole = without_line_end(s->field->line);
    size_t cut = b && b->span.p ? (size_t)(b->span.p - whole.p) : whole.n;
    size_t resume = b && b->span.p ? cut + b->span.n : whole.n;
    struct str front = str_sub(whole, 0, cut), back = str_from(whole, resume);
    if (canon == DKIM_SIMPLE) {
        buf_put(out, front);
        buf_put(out, back);
        return;
    }
    AUTO_BUF struct buf value = { .max = HEAD_MAX };
    buf_put(&value, str_from(front, (size_t)(s->field->raw.p - whole.p)));
    buf_put(&value, back);
    put_relaxed_name(out, s->field->name);
    put_relaxed_value(out, buf_str(&value));
}

/* ---- tags ---- */
static bool parse_algorithm(struct str text, struct dkim_sig *s)
{
    static const struct {
        struct str name;
        enum dkim_algorithm a;
    } known[] = { { STR("rsa-sha256"), DKIM_RSA_SHA256 },
                  { STR("ed25519-sha256"), DKIM_ED25519_SHA256 },
                  { STR("rsa-sha1"), DKIM_RSA_SHA1 } };
    s->algorithm = DKIM_OTHER;
    s->algorithm_text = text;
    for (size_t i = 0; i < COUNT(known); i++)
        if (str_eq_nocase(text, known[i].name))
            s->algorithm = known[i].a;
    return text.n > 0;
}

static bool parse_base64(struct arena *a, struct str text, size_t max, struct str *out)
{
    AUTO_BUF struct buf bytes = { .max = max };
    if (text.n == 0 || tags_base64(&bytes, text) != OK)
        return false;
    *out = arena_dup(a, buf_str(&bytes));
    return out->n > 0;
}

/* A number of seconds or octets; absent is fine. */
static bool parse_number(struct str text, bool *has, uint64_t *out)
{
    *has = text.p != NULL;
    return !*has || (text.n <= 18 && str_to_u64(text, out)); /* fits int64_t */
}

static bool parse_seconds(struct str text, bool *has, int64_t *out)
{
    uint64_t n = 0;
    if (!parse_number(text, has, &n))
        return false;
    *out = (int64_t)n;
    return true;
}

static bool domain_good(struct str d) { return domain_valid(d) || domain_valid_utf8(d); }

/* Labels between dots; underscores are seen. */
static bool selector_good(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return s.n > 0;
}

enum err dkim_sig_parse(struct arena *a, const struct header_field *f, struct dkim_sig *out, struct str *why)
{
    struct dkim_sig s = { .field = f };
    *why = S("not a list of tags");
    if (tags_parse(f->raw, &s.tags) != OK)
        return ERR_BAD;
    s.domain = tags_get(&s.tags, S("d"));
    s.selector = tags_get(&s.tags, S("s"));
    *why = !parse_algorithm(tags_get(&s.tags, S("a")), &s)                                   ? S("bad a=")
           : !domain_good(s.domain)                                                          ? S("bad d=")
           : !selector_good(s.selector)                                                      ? S("bad s=")
           : !parse_base64(a, tags_get(&s.tags, S("b")), LIMIT_DKIM_SIGNATURE, &s.signature) ? S("bad b=")
           : !parse_seconds(tags_get(&s.tags, S("t")), &s.has_time, &s.time_s)               ? S("bad t=")
                                                                                             : S("");
    if (why->n > 0)
        return ERR_BAD;
    *out = s;
    return OK;
}

static bool parse_canon(struct str word, enum dkim_canon *out)
{
    *out = str_eq_nocase(word, S("relaxed")) ? DKIM_RELAXED : DKIM_SIMPLE;
    return *out == DKIM_RELAXED || str_eq_nocase(word, S("simple"));
}

/* "relaxed/simple"; what is not said is simple. */
static bool parse_canons(struct str text, struct dkim_sig *s)
{
    struct str body, head = str_cut(text, '/', &body);
    bool one = str_chr(text, '/') == STR_NONE;
    s->head = s->body = DKIM_SIMPLE;
    return text.p == NULL || (parse_canon(head, &s->head) && (one || parse_canon(body, &s->body)));
}

static bool parse_body_hash(struct str text, struct dkim_sig *s)
{
    AUTO_BUF struct buf bytes = { .max = 64 };
    if (tags_base64(&bytes, text) != OK || bytes.n != sizeof s->body_hash)
        return s->algorithm == DKIM_RSA_SHA1; /* 20 octets, and never looked at */
    memcpy(s->body_hash, bytes.p, sizeof s->body_hash);
    return true;
}

static bool parse_names(struct str text, struct dkim_sig *s)
{
    size_t n = 0;
    s->names = text;
    while (text.n > 0) {
        struct str name = str_trim(str_cut(text, ':', &text));
        if (name.n == 0 || ++n > LIMIT_DKIM_NAMES)
            return false;
    }
    return n > 0;
}

enum err dkim_sig_cover(struct dkim_sig *s, struct str *why)
{
    const struct tags *t = &s->tags;
    *why = !parse_body_hash(tags_get(t, S("bh")), s)                           ? S("bad bh=")
           : !parse_canons(tags_get(t, S("c")), s)                             ? S("bad c=")
           : !parse_names(tags_get(t, S("h")), s)                              ? S("bad h=")
           : !parse_number(tags_get(t, S("l")), &s->has_length, &s->length)    ? S("bad l=")
           : !parse_seconds(tags_get(t, S("x")), &s->has_expiry, &s->expiry_s) ? S("bad x=")
                                                                               : S("");
    return why->n > 0 ? ERR_BAD : OK;
}

bool dkim_sig_names(const struct dkim_sig *s, struct str name) { return tags_list_has(s->names, ':', name); }

/* ---- the header's hash ---- */
/* The lowest field so named that is not taken yet; n when there is none: then it signs that there is no other. */
static size_t pick(const struct dkim_msg *m, const struct dkim_sig *s, struct str name, const bool *taken)
{
    for (size_t i = m->n; i > 0; i--)
        if (!taken[i - 1] && &m->v[i - 1] != s->field && str_eq_nocase(m->v[i - 1].name, name))
            return i - 1;
    return m->n;
}

enum err dkim_head_hash(const struct dkim_msg *m, const struct dkim_sig *s, uint8_t out[32])
{
    AUTO_BUF struct buf text = { .max = HEAD_MAX, .secret = true };
    bool taken[LIMIT_HEADER_FIELDS] = { false };
    for (struct str rest = s->names; rest.n > 0;) {
        struct str name = str_trim(str_cut(rest, ':', &rest));
        size_t i = pick(m, s, name, taken);
        if (i == m->n)
            continue;
        taken[i] = true;
        put_field(&text, &m->v[i], s->head);
    }
    dkim_put_self(&text, s, s->head);
    if (text.failed)
        return ERR_IO;
    crypto_sha256(out, buf_str(&text));
    return OK;
}
