/* Runs of plain octets are copied at once; anything else goes by the code point. */
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

static bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '&'; }

/* Single spaces between plain octets are as good as they are. */
static size_t plain_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && (is_plain(s.p[n]) || (s.p[n] == ' ' && n > 0 && n + 1 < s.n && is_plain(s.p[n + 1]))))
        n++;
    return n;
}

void html_sink_text(struct html_sink *k, struct str s, bool pre)
{
    while (s.n > 0) {
        size_t n = plain_length(s);
        uint32_t cp = 0xfffd;
        if (n > 0) {
            settle(k);
            buf_put(&k->b, str_sub(s, 0, n));
        } else {
            n = s.p[0] == '&' ? html_entity(s, &cp) : utf8_next(s, &cp);
            if (n == 0 && s.p[0] == '&')
                cp = '&';
            put_cp(k, n > 0 || s.p[0] == '&' ? cp : 0xfffd, pre);
            n = MAX(n, 1u);
        }
        s.p += n;
        s.n -= n;
    }
}
