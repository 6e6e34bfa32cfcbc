/* Tokens come from html_token, words leave through html_sink. In between stands the stack of open elements, kept only
 * for what changes how text looks: a tree is never built. The few implied end tags that matter are those of p, li,
 * cells and rows; tables shut them in (HTML standard section 13.2.4.2, "has an element in scope"). */
#include "wire/html.h"
#include "wire/html_entity.h"
#include "wire/html_sink.h"
#include "wire/html_tag.h"
#include "wire/html_token.h"
#include <string.h>

/* What most mail stays below: elements open, octets of text, stretches of a look. More is grown to, which copies. */
enum { DEPTH_USUAL = 24, TEXT_USUAL = 2048, SPANS_USUAL = 64 };

struct element {
    const struct html_tag *tag;
    struct str name; /* tells unknown elements apart */
    unsigned look;
    bool hide, tiny, pre, link;
};

struct link_mark {
    size_t url, url_n, text, text_n;
    bool hidden;
};

struct reader {
    struct html_sink seen, hidden;
    struct buf urls, links, spans, scratch, open; /* links, spans and open hold structs; open is the stack */
    size_t too_deep;
    size_t preheader_n; /* of hidden.b, once something visible came */
    struct str title;
    unsigned notes;
};

static size_t depth(const struct reader *r) { return r->open.n / sizeof(struct element); }
/* The i-th from the outermost on, which is 1. */
static struct element *element(struct reader *r, size_t i) { return (struct element *)(void *)r->open.p + i - 1; }
static struct element *top(struct reader *r) { return element(r, depth(r)); }

/* ---- links and spans ---- */

static struct link_mark *last_link(struct reader *r)
{
    return (struct link_mark *)(void *)(r->links.p + r->links.n - sizeof(struct link_mark));
}

static bool is_dropped(char c) { return c == '\n' || c == '\r' || c == '\t' || c == 0; }

/* Blanks inside a URL are dropped by every browser, and mailers do wrap them. */
static void put_url(struct buf *out, struct str url)
{
    url = str_trim(url);
    for (size_t i = 0, n; i < url.n; i += n + 1) {
        for (n = 0; i + n < url.n && !is_dropped(url.p[i + n]);)
            n++;
        buf_put(out, str_sub(url, i, n));
    }
}

static bool link_open(struct reader *r, const struct html_token *t, bool hidden)
{
    struct link_mark m = { .url = r->urls.n, .text = r->seen.b.n, .hidden = hidden };
    if (html_attr(t, HTML_HREF).n == 0)
        return false;
    if (r->links.n / sizeof m >= HTML_LINKS_MAX) {
        r->notes |= HTML_LINKS_LEFT_OUT;
        return false;
    }
    buf_clear(&r->scratch);
    html_unescape(&r->scratch, html_attr(t, HTML_HREF));
    put_url(&r->urls, buf_str(&r->scratch));
    m.url_n = r->urls.n - m.url;
    buf_put(&r->links, str_of(&m, sizeof m));
    return !r->links.failed;
}

static void link_close(struct reader *r)
{
    struct link_mark *m = last_link(r);
    m->text_n = r->seen.b.n - m->text;
}

static void mark_span(struct reader *r, size_t from, unsigned look)
{
    struct html_span *last = r->spans.n ? (void *)(r->spans.p + r->spans.n - sizeof *last) : NULL;
    struct html_span s = { (uint32_t)from, (uint32_t)(r->seen.b.n - from), look };
    if (look == 0 || s.n == 0)
        return;
    if (last && last->look == look && last->at + last->n == from)
        last->n += s.n;
    else if (r->spans.n / sizeof s < HTML_SPANS_MAX)
        buf_put(&r->spans, str_of(&s, sizeof s));
}

/* ---- text ---- */

static bool is_hidden(const struct element *e) { return e->hide || e->tiny; }

static void put_text(struct reader *r, struct str text)
{
    struct element *e = top(r);
    size_t from = r->seen.b.n;
    if (is_hidden(e)) {
        html_sink_text(&r->hidden, text, e->pre);
        return;
    }
    html_sink_text(&r->seen, text, e->pre);
    if (from == 0 && r->seen.b.n > 0)
        r->preheader_n = r->hidden.b.n;
    mark_span(r, from, e->look);
}

static void put_break(struct reader *r, unsigned n)
{
    if (n == 0)
        return;
    html_sink_break(&r->seen, n);
    html_sink_break(&r->hidden, 1);
}

static void put_raw(struct reader *r, const struct html_token *t)
{
    bool shown = str_eq_nocase(t->name, S("textarea")) || str_eq_nocase(t->name, S("xmp")) ||
                 str_eq_nocase(t->name, S("plaintext"));
    if (str_eq_nocase(t->name, S("title")) && r->title.n == 0)
        r->title = str_trim(t->text);
    else if (shown)
        put_text(r, t->text);
}

/* ---- elements ---- */

static unsigned breaks_of(const struct html_tag *t) { return t->flags & TAG_PARA ? 2 : t->flags & TAG_BLOCK ? 1 : 0; }

static void pop(struct reader *r)
{
    struct element *e = top(r);
    if (e->link)
        link_close(r);
    put_break(r, breaks_of(e->tag));
    r->open.n -= sizeof *e;
}

/* Ends the innermost element with one of these flags, and all within it, unless one with a flag of shut is met first.
 */
static void end_implied(struct reader *r, unsigned flags, unsigned shut)
{
    size_t i = depth(r);
    while (i > 1 && !(element(r, i)->tag->flags & (flags | shut)))
        i--;
    if (i <= 1 || !(element(r, i)->tag->flags & flags))
        return;
    while (depth(r) >= i)
        pop(r);
}

static void end_before_start(struct reader *r, const struct html_tag *t)
{
    if (t->flags & TAG_BLOCK)
        end_implied(r, TAG_P, TAG_CELL | TAG_TABLE | TAG_ITEM);
    if (t->flags & TAG_ITEM)
        end_implied(r, TAG_ITEM, TAG_LIST | TAG_CELL | TAG_TABLE);
    if (t->flags & TAG_CELL)
        end_implied(r, TAG_CELL, TAG_TABLE | TAG_ROW);
    if (t->flags & TAG_ROW)
        end_implied(r, TAG_ROW, TAG_TABLE);
    if (t->flags & TAG_LINK)
        end_implied(r, TAG_LINK, TAG_CELL | TAG_TABLE);
}

static void apply_style(struct element *e, const struct html_style *s)
{
    e->hide |= s->hide;
    if (s->sized)
        e->tiny = s->tiny;
    e->look = (e->look & ~s->set) | s->look;
    e->pre |= s->pre;
}

static void apply_attrs(struct reader *r, struct element *e, const struct html_token *t)
{
    if (t->has & 1u << HTML_STYLE) {
        struct html_style s;
        buf_clear(&r->scratch);
        html_unescape(&r->scratch, html_attr(t, HTML_STYLE));
        html_style_read(buf_str(&r->scratch), &s);
        apply_style(e, &s);
    }
    e->hide |= (t->has & 1u << HTML_HIDDEN) != 0;
    e->hide |= str_find_nocase(str_sub(html_attr(t, HTML_CLASS), 0, 200), S("preheader")) != STR_NONE;
    if (e->tag->flags & TAG_FONT && html_attr(t, HTML_SIZE).n > 0) /* "5" and up, or "+2" and up, are large */
        e->look |=
            strchr("567", html_attr(t, HTML_SIZE).p[0]) || str_starts(html_attr(t, HTML_SIZE), S("+")) ? HTML_BIG : 0;
}

static struct element inherit(struct reader *r, const struct html_token *t)
{
    const struct html_tag *tag = t->tag;
    struct element e = *top(r);
    e.tag = tag;
    e.name = t->name;
    e.link = false;
    e.hide |= (tag->flags & TAG_HIDE) != 0;
    e.pre |= (tag->flags & TAG_PRE) != 0;
    e.look |= tag->flags & TAG_BOLD ? HTML_BOLD : 0;
    e.look |= tag->flags & TAG_BIG ? HTML_BIG : 0;
    e.look |= tag->flags & TAG_MONO ? HTML_MONO : 0;
    if (t->has)
        apply_attrs(r, &e, t);
    return e;
}

static void put_void(struct reader *r, const struct html_token *t, const struct element *e)
{
    if (e->tag->flags & TAG_BREAK)
        put_break(r, MIN(r->seen.breaks + 1, 2u));
    if (is_hidden(e))
        return;
    if (e->tag->flags & TAG_IMAGE && html_attr(t, HTML_ALT).n > 0) {
        html_sink_space(&r->seen);
        put_text(r, html_attr(t, HTML_ALT));
        html_sink_space(&r->seen);
    }
    if (e->tag->flags & TAG_LINK && link_open(r, t, false))
        link_close(r);
}

static void start_tag(struct reader *r, const struct html_token *t)
{
    const struct html_tag *tag = t->tag;
    if (tag->flags & TAG_RAW)
        return;
    end_before_start(r, tag);
    put_break(r, breaks_of(tag));
    if (tag->flags & TAG_CELL)
        html_sink_tab(&r->seen);
    struct element e = inherit(r, t);
    if (tag->flags & TAG_VOID) {
        put_void(r, t, &e);
    } else if (depth(r) == HTML_DEPTH_MAX) {
        r->too_deep++;
        r->notes |= HTML_DEEP;
    } else {
        e.link = tag->flags & TAG_LINK && link_open(r, t, is_hidden(&e));
        buf_put(&r->open, str_of(&e, sizeof e));
    }
}

static void end_tag(struct reader *r, const struct html_token *t)
{
    const struct html_tag *tag = t->tag;
    size_t i = depth(r);
    if (r->too_deep > 0 && !(tag->flags & (TAG_VOID | TAG_RAW))) {
        r->too_deep--;
        return;
    }
    unsigned shut = tag->flags & (TAG_CELL | TAG_ROW | TAG_TABLE) ? TAG_TABLE : TAG_CELL | TAG_TABLE;
    for (const struct element *e; i > 1; i--) {
        e = element(r, i);
        if (e->tag == tag && (tag->flags || str_eq_nocase(e->name, t->name)))
            break;
        if (e->tag->flags & shut)
            return;
    }
    while (i > 1 && depth(r) >= i)
        pop(r);
}

/* ---- the whole ---- */

static void read_all(struct reader *r, struct str html)
{
    struct html_lexer l = { .rest = html };
    struct html_token t;
    struct element root = { .tag = html_tag_find(S("html")) };
    buf_put(&r->open, str_of(&root, sizeof root));
    while (!r->open.failed && html_next(&l, &t)) {
        switch (t.kind) {
        case HTML_TEXT:
            put_text(r, t.text);
            break;
        case HTML_RAW:
            put_raw(r, &t);
            break;
        case HTML_START:
            start_tag(r, &t);
            break;
        case HTML_END:
            end_tag(r, &t);
            break;
        }
    }
    while (depth(r) > 1)
        pop(r);
}

static bool keep(struct arena *a, struct str s, struct str *out)
{
    *out = s.n > 0 ? arena_dup(a, s) : (struct str){ 0 };
    return out->n == s.n;
}

static bool keep_links(struct reader *r, struct arena *a, struct html_out *out)
{
    size_t n = r->links.n / sizeof(struct link_mark);
    struct str urls;
    const struct link_mark *m = (const void *)r->links.p;
    out->links = n > 0 ? arena_array(a, n, sizeof *out->links) : NULL;
    if ((n > 0 && !out->links) || !keep(a, buf_str(&r->urls), &urls))
        return false;
    for (size_t i = 0; i < n; i++, m++) {
        struct str text = str_trim(str_sub(out->text, m->text, m->text_n));
        out->links[i] = (struct html_link){ .url = str_sub(urls, m->url, m->url_n),
                                            .text = text,
                                            .at = text.n > 0 ? (size_t)(text.p - out->text.p) : m->text,
                                            .hidden = m->hidden };
    }
    out->links_n = n;
    return true;
}

static bool keep_spans(struct reader *r, struct arena *a, struct html_out *out)
{
    struct str kept;
    if (!keep(a, buf_str(&r->spans), &kept))
        return false;
    out->spans = (struct html_span *)(void *)(uintptr_t)kept.p;
    out->spans_n = kept.n / sizeof(struct html_span);
    return true;
}

static enum err hand_over(struct reader *r, struct arena *a, struct html_out *out)
{
    struct html_out h = { .notes = r->notes };
    size_t preheader_n = r->seen.b.n > 0 ? r->preheader_n : r->hidden.b.n;
    buf_clear(&r->scratch);
    html_unescape(&r->scratch, r->title);
    if (r->open.failed || r->seen.b.failed || r->urls.failed || !keep(a, buf_str(&r->seen.b), &h.text) ||
        !keep(a, buf_str(&r->hidden.b), &h.hidden) || !keep(a, buf_str(&r->scratch), &h.title) ||
        !keep_links(r, a, &h) || !keep_spans(r, a, &h))
        return ERR_FULL;
    h.preheader = str_trim(str_sub(h.hidden, 0, preheader_n));
    h.notes |= h.hidden.n > 0 ? HTML_HIDES_TEXT : 0;
    *out = h;
    return OK;
}

enum err html_text(struct str html, struct arena *a, struct html_out *out)
{
    /* a text is never longer than three times its source: one octet may become U+FFFD */
    struct buf text = { .max = 3 * HTML_MAX + 16, .secret = true }, structs = { .max = 1 << 20, .secret = true };
    struct reader r = { .seen.b = text, .urls = text, .scratch = text, .links = structs, .spans = structs };
    r.hidden.b = (struct buf){ .max = HTML_HIDDEN_MAX, .secret = true };
    r.open = (struct buf){ .max = HTML_DEPTH_MAX * sizeof(struct element) };
    r.notes = html.n > HTML_MAX ? HTML_CUT : 0;
    buf_reserve(&r.open, DEPTH_USUAL * sizeof(struct element));
    buf_reserve(&r.seen.b, MIN(html.n, (size_t)TEXT_USUAL));
    buf_reserve(&r.spans, SPANS_USUAL * sizeof(struct html_span));
    read_all(&r, utf8_cut(html, HTML_MAX));
    enum err e = hand_over(&r, a, out);
    struct buf *all[] = { &r.seen.b, &r.hidden.b, &r.urls, &r.scratch, &r.links, &r.spans, &r.open };
    for (size_t i = 0; i < COUNT(all); i++)
        buf_fini(all[i]);
    return e;
}

unsigned html_look_at(const struct html_out *h, size_t at, size_t n)
{
    size_t lo = 0, hi = h->spans_n;
    while (lo < hi) { /* the first span that ends behind at */
        size_t mid = (lo + hi) / 2;
        if (h->spans[mid].at + h->spans[mid].n <= at)
            lo = mid + 1;
        else
            hi = mid;
    }
    const struct html_span *s = &h->spans[lo];
    return lo < h->spans_n && s->at <= at && at + n <= s->at + s->n ? s->look : 0;
}
