/* Runs of letters are copied at once; anything else goes by the code point. */
#include "wire/html_sink.h"
#include "wire/html_entity.h"

static bool at_line_start(const struct html_sink *k) { return k->b.n == 0 || k->breaks > 0; }

static void settle(struct html_sink *k)
{
    if (!(k->breaks || k->tab || k->space || k->joiner))
        return;
    if (k->b.n > 0 && k->breaks > 0)
        buf_put(&k->b, str_sub(S("\n\n"), 0, k->breaks));
    if (k->b.n > 0 && k->tab)
        buf_putc(&k->b, '\t');
    else if (k->b.n > 0 && k->space)
        buf_putc(&k->b, ' ');
    else if (k->b.n > 0 && k->joiner && k->breaks == 0)
        utf8_put(&k->b, k->joiner);
    k->joiner = 0;
    k->breaks = 0;
    k->space = k->tab = false;
}

void html_sink_break(struct html_sink *k, unsigned breaks)
{
    k->breaks = MAX(k->breaks, breaks);
    if (breaks > 0)
        k->space = k->tab = false;
}

void html_sink_space(struct html_sink *k) { k->space = !at_line_start(k); }
void html_sink_tab(struct html_sink *k) { k->tab = !at_line_start(k); }

/* Spaces of any width, the unbreakable one too: preheaders are padded with them. */
static bool is_blank(uint32_t cp)
{
    return cp == ' ' || cp == '\t' || cp == '\n' || cp == '\r' || cp == '\f' || cp == 0xa0 ||
           (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f || cp == 0x205f ||
           cp == 0x3000;
}

/* Shows nothing and means nothing in mail: soft hyphens, marks of direction, controls. */
static bool is_nothing(uint32_t cp)
{
    return cp < 0x20 || cp == 0x7f || cp == 0xad || cp == 0x34f || cp == 0x61c || cp == 0x180e || cp == 0x200b ||
           cp == 0x200e || cp == 0x200f || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x206f) ||
           cp == 0xfeff;
}

static void put_blank(struct html_sink *k, uint32_t cp, bool pre)
{
    if (!pre)
        k->space = !at_line_start(k);
    else if (cp == '\n')
        html_sink_break(k, MIN(k->breaks + 1, 2u));
    else if (cp != '\r')
        k->space = true;
}

static void put_cp(struct html_sink *k, uint32_t cp, bool pre)
{
    if (is_blank(cp)) {
        put_blank(k, cp, pre);
    } else if (cp == 0x200c || cp == 0x200d) {
        k->joiner = cp; /* wanted inside words of some scripts and in emoji, padding anywhere else */
    } else if (!is_nothing(cp)) {
        settle(k);
        utf8_put(&k->b, cp);
    }
}

/* How long what begins with an octet is, where nothing of that length is blank, means nothing or joins: ASCII but '&';
 * Latin, Greek, Cyrillic, Hebrew; kana and most of Chinese and Korean. */
static const unsigned char lengths[256] = {
    ['!' ... '%'] = 1, ['\'' ... '~'] = 1, [0xc3 ... 0xcc] = 2, [0xce ... 0xd7] = 2, [0xe3 ... 0xec] = 3
};

static bool is_tail(char c) { return ((unsigned char)c & 0xc0) == 0x80; }

/* The length of the letter at i that can be copied as it is; 0: look closer. */
static size_t letter_length(struct str s, size_t i)
{
    size_t n = i < s.n ? lengths[(unsigned char)s.p[i]] : 0;
    if (n < 2)
        return n;
    bool whole = n <= s.n - i && is_tail(s.p[i + 1]) && is_tail(s.p[i + n - 1]);
    bool mark = s.p[i] == '\xe3' && whole && s.p[i + 1] == '\x80'; /* U+3000 is a blank */
    return whole && !mark ? n : 0;
}

static size_t ascii_length(struct str s, size_t i)
{
    size_t n = i;
    while (n < s.n && lengths[(unsigned char)s.p[n]] == 1)
        n++;
    return n - i;
}

/* Letters, and single spaces between them. */
static size_t run_length(struct str s)
{
    size_t n = ascii_length(s, 0), one;
    while (n < s.n && ((one = letter_length(s, n)) > 0 || (n > 0 && s.p[n] == ' ' && letter_length(s, n + 1) > 0))) {
        n += MAX(one, 1u);
        n += ascii_length(s, n);
    }
    return n;
}

static size_t blank_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\n' || s.p[n] == '\r' || s.p[n] == '\t' || s.p[n] == '\f'))
        n++;
    return n;
}

static size_t put_one(struct html_sink *k, struct str s, bool pre)
{
    bool amp = s.p[0] == '&';
    uint32_t cp;
    size_t n = amp ? html_entity(s, &cp) : utf8_next(s, &cp);
    put_cp(k, n > 0 ? cp : amp ? '&' : 0xfffd, pre);
    return MAX(n, 1u);
}

void html_sink_text(struct html_sink *k, struct str s, bool pre)
{
    while (s.n > 0) {
        size_t n = run_length(s);
        if (n > 0) {
            settle(k);
            buf_put(&k->b, (struct str){ s.p, n });
        } else if (!pre && (n = blank_length(s)) > 0) {
            put_blank(k, ' ', false);
        } else {
            n = put_one(k, s, pre);
        }
        s.p += n;
        s.n -= n;
    }
}
