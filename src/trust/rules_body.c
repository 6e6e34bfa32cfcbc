/* How the body is made: what is shown, what is hidden, and what it is wrapped in. */
#include "base/text.h"
#include "trust/rules_part.h"

enum { HIDDEN_MIN = 400, SHORT = 28, PLAIN_MIN = 200, WORDS_MIN = 15, WORD_MIN = 4 };

bool rule_html_only(const struct facts *f) { return f->c->html.n > 0 && f->c->plain.n == 0; }

/* Beyond the line that mailers put before the first visible text for the list of an inbox. */
bool rule_hidden_text(const struct facts *f)
{
    const struct html_out *page = f->c->page;
    return page && page->hidden.n > page->preheader.n + HIDDEN_MIN && page->hidden.n > page->text.n / 4;
}

bool rule_image_only(const struct facts *f) { return f->images > 0 && f->links_n > 0 && f->seen_n < SHORT; }

bool rule_short_link(const struct facts *f) { return f->images == 0 && f->links_n > 0 && f->seen_n < SHORT; }

enum { MOSTLY = 150 };
bool rule_image_mostly(const struct facts *f)
{
    return rule_html_only(f) && f->images > 0 && f->links_n > 0 && f->seen_n >= SHORT && f->seen_n < MOSTLY;
}

/* A page that no program for pages has made. */
bool rule_html_bare(const struct facts *f)
{
    return rule_html_only(f) && str_find_nocase(str_sub(f->c->html, 0, RULES_TEXT_MAX), S("<body")) == STR_NONE;
}

bool rule_version_missing(const struct facts *f)
{
    return f->c->html.n > 0 && header_find(f->c->head, S("MIME-Version")).p == NULL;
}

bool rule_page_form(const struct facts *f) { return f->forms > 0; }

/* ---- two bodies that should say the same ---- */
struct words {
    uint64_t seen[64]; /* a bit for each of 4096 hashes */
    size_t n, known;   /* words of at least WORD_MIN letters; those that had been seen */
};

static bool is_letter(unsigned char c) { return c >= 0x80 || (unsigned)(c | 32) - 'a' < 26 || (unsigned)c - '0' < 10; }

static void words_read(struct words *w, struct str s, bool add)
{
    uint32_t hash = 0;
    size_t length = 0;
    for (size_t i = 0; i <= s.n; i++) {
        unsigned char c = i < s.n ? (unsigned char)s.p[i] : ' ';
        if (is_letter(c)) {
            hash = hash * 31 + (c < 0x80 ? c | 32 : c);
            length++;
            continue;
        }
        uint64_t bit = UINT64_C(1) << (hash >> 8 & 63), *at = &w->seen[(hash * UINT32_C(2654435761)) >> 26];
        if (length >= WORD_MIN) {
            w->n++;
            w->known += (*at & bit) != 0;
            *at |= add ? bit : 0;
        }
        hash = 0;
        length = 0;
    }
}

/* Filters that read the one are told a story, the reader sees the other. */
bool rule_page_differs(const struct facts *f)
{
    struct words plain = { 0 };
    if (!f->c->page || f->c->plain.n < PLAIN_MIN || f->seen.n < PLAIN_MIN)
        return false;
    words_read(&plain, str_sub(f->c->plain, 0, RULES_TEXT_MAX), true);
    struct words page = plain;
    page.n = page.known = 0;
    words_read(&page, f->seen, false);
    return page.n >= WORDS_MIN && plain.n >= WORDS_MIN && page.known * 5 < page.n;
}

/* ---- encodings ---- */
static bool is_ascii_name(struct str charset)
{
    return charset.n == 0 || str_eq_nocase(charset, S("us-ascii")) || str_eq_nocase(charset, S("ascii"));
}

typedef bool part_test(const struct facts *f, const struct mime_part *p);
static bool any_text(const struct facts *f, part_test *test)
{
    const struct mime_pick *pick = f->c->pick;
    for (uint32_t i = 0; i < pick->text_n; i++)
        if (test(f, &f->c->tree->v[pick->text[i]]))
            return true;
    for (uint32_t i = 0; i < pick->html_n; i++)
        if (test(f, &f->c->tree->v[pick->html[i]]))
            return true;
    return false;
}

static bool has_other_octets(const struct facts *f, const struct mime_part *p)
{
    struct str body = str_sub(mime_body(p, f->c->msg), 0, RULES_TEXT_MAX);
    return p->cte != CTE_BASE64 && is_ascii_name(p->charset) && utf8_ascii(body) < body.n && !utf8_valid(body);
}
bool rule_charset_wrong(const struct facts *f) { return any_text(f, has_other_octets); }

/* Text that needs no encoding in one that no eye reads. Programs that write all their UTF-8 so are let be. */
static bool hides_ascii(const struct facts *f, const struct mime_part *p)
{
    return p->cte == CTE_BASE64 && !str_starts_nocase(p->charset, S("utf")) &&
           utf8_ascii(f->c->plain) == f->c->plain.n && utf8_ascii(f->c->html) == f->c->html.n;
}
bool rule_base64_plain(const struct facts *f) { return any_text(f, hides_ascii); }

bool rule_structure_broken(const struct facts *f)
{
    const struct mime_tree *t = f->c->tree;
    return MIME_HAS(t, MIME_DEFECT_NO_BOUNDARY) || MIME_HAS(t, MIME_DEFECT_NO_PARTS) ||
           MIME_HAS(t, MIME_DEFECT_BAD_CONTENT_TYPE) || MIME_HAS(t, MIME_DEFECT_DUP_CONTENT_TYPE) ||
           MIME_HAS(t, MIME_DEFECT_DUP_CTE) || MIME_HAS(t, MIME_DEFECT_UNKNOWN_CTE) ||
           MIME_HAS(t, MIME_DEFECT_BAD_BASE64) || MIME_HAS(t, MIME_DEFECT_AFTER_END);
}
