/* One octet after the other: a reply is read once, however small the pieces are in which it comes. */
#include "wire/smtp_reply.h"

enum { TEXT_AT = 4 }; /* "250-" */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static void reply_begin(struct smtp_reply *r)
{
    struct buf text = r->text;
    buf_clear(&text);
    *r = (struct smtp_reply){ .text = text };
}

/* "x.y.z", one to three digits in the latter two (RFC 3463 section 2), of the reply's own class. 0: there is none. */
static size_t enhanced_n(struct str line, uint16_t code)
{
    size_t i = 2, dots = 1;
    if (line.n < 5 || line.p[0] != '0' + code / 100 || line.p[1] != '.')
        return 0;
    for (size_t digits = 0; i < line.n && line.p[i] != ' '; i++) {
        bool dot = line.p[i] == '.';
        if (dot ? digits == 0 || ++dots > 2 : !is_digit(line.p[i]) || digits == 3)
            return 0;
        digits = dot ? 0 : digits + 1;
    }
    return dots == 2 && line.p[i - 1] != '.' ? i : 0;
}

/* The line that text ends with gives its enhanced code up. */
static void take_enhanced(struct smtp_reply *r, size_t from)
{
    struct str line = str_from(buf_str(&r->text), from);
    size_t n = enhanced_n(line, r->code);
    if (n == 0 || n >= sizeof r->enhanced)
        return;
    memset(r->enhanced, 0, sizeof r->enhanced);
    memcpy(r->enhanced, line.p, n);
    n += n < line.n; /* the blank behind it */
    memmove(r->text.p + from, line.p + n, line.n - n);
    r->text.n -= n;
}

static enum err line_ended(struct smtp_reply *r)
{
    if (r->at < 3)
        return ERR_BAD;
    size_t from = str_rchr(buf_str(&r->text), '\n');
    take_enhanced(r, from == STR_NONE ? 0 : from + 1);
    if (r->text.n < r->text.max)
        buf_putc(&r->text, '\n');
    r->at = 0;
    r->whole = !r->more;
    return r->more ? ERR_MORE : OK;
}

static void put_text(struct smtp_reply *r, char c)
{
    if (r->text.n + 1 < r->text.max) /* one is left for the line's end */
        buf_putc(&r->text, (unsigned char)c < ' ' || c == 127 ? ' ' : c);
}

static enum err head(struct smtp_reply *r, char c)
{
    uint16_t at = r->at++;
    if (at == 0)
        r->code = 0;
    if (at == 3) {
        r->more = c == '-';
        return c == ' ' || c == '-' ? ERR_MORE : ERR_BAD;
    }
    if (!is_digit(c) || (at == 0 && (c < '2' || c > '5')))
        return ERR_BAD;
    r->code = (uint16_t)(r->code * 10 + (c - '0'));
    r->more = false; /* "250" alone is a last line */
    return ERR_MORE;
}

/* A lone LF ends a line too: nothing is smuggled this way round. A CR at the end of a line is not text. */
static enum err take(struct smtp_reply *r, char c)
{
    if (c == '\n')
        return line_ended(r);
    if (c == '\r')
        return ERR_MORE;
    if (r->at < TEXT_AT)
        return head(r, c);
    put_text(r, c);
    return ERR_MORE;
}

enum err smtp_reply_feed(struct smtp_reply *r, struct str in, size_t *used)
{
    if (r->whole)
        reply_begin(r);
    enum err e = ERR_MORE;
    size_t i = 0;
    while (i < in.n && e == ERR_MORE) {
        e = ++r->bytes > LIMIT_REPLY_BYTES ? ERR_FULL : take(r, in.p[i]);
        i++;
    }
    *used = i;
    return e;
}

void smtp_reply_words(struct buf *out, const struct smtp_reply *r, size_t max)
{
    struct str text = str_sub(str_trim(buf_str(&r->text)), 0, max);
    for (size_t i = 0; i < text.n; i++)
        buf_putc(out, text.p[i] == '\n' ? ' ' : text.p[i]);
}

static void offer_auth(struct smtp_offers *o, struct str words)
{
    while (words.n > 0) {
        struct str mech = str_word(words, &words);
        o->auth_plain |= str_eq_nocase(mech, S("PLAIN"));
        o->auth_login |= str_eq_nocase(mech, S("LOGIN"));
    }
}

struct smtp_offers smtp_offers_of(struct str text)
{
    struct smtp_offers o = { 0 };
    const struct {
        struct str word;
        bool *offered;
    } words[] = { { S("PIPELINING"), &o.pipelining }, { S("8BITMIME"), &o.eightbit }, { S("SMTPUTF8"), &o.utf8 },
                  { S("CHUNKING"), &o.chunking },     { S("STARTTLS"), &o.starttls }, { S("BINARYMIME"), &o.binary },
                  { S("REQUIRETLS"), &o.requiretls }, { S("DSN"), &o.dsn },           { S("SIZE"), &o.size } };
    (void)str_line(text, &text); /* the server's name */
    while (text.n > 0) {
        struct str rest, line = str_line(text, &text), word = str_word(line, &rest);
        for (size_t i = 0; i < COUNT(words); i++)
            *words[i].offered |= str_eq_nocase(word, words[i].word);
        if (str_eq_nocase(word, S("SIZE")))
            (void)str_to_u64(str_trim(rest), &o.size_max);
        if (str_eq_nocase(word, S("AUTH")))
            offer_auth(&o, rest);
    }
    return o;
}
