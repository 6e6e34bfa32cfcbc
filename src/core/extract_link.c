/* A link says what it is for by its own text, by its address, or, where it is written out or reads "click here", by the
 * words before it. Addresses are nearly always English, whatever the mail is. */
#include "core/extract_link.h"
#include "core/extract_fold.h"
#include "core/extract_words.h"
#include <string.h>

enum { HITS_MAX = 8, CONTEXT_BEFORE = 240, TEXT_MAX = 200, URL_MAX = 1024, TOKEN_MIN = 12 };

static enum extract_link_kind kind_of(enum word_kind w)
{
    switch (w) {
    case WORD_CONFIRM:
        return LINK_CONFIRM;
    case WORD_LOGIN:
        return LINK_LOGIN;
    case WORD_RESET:
        return LINK_RESET;
    case WORD_UNSUBSCRIBE:
        return LINK_UNSUBSCRIBE;
    case WORD_CODE:
    case WORD_MAYBE:
    case WORD_ACT:
    case WORD_ENTER:
    case WORD_CONTEXT:
    case WORD_OTHER:
    case WORD_SOFT:
    case WORD_PROMO:
    case WORD_SALE:
    case WORD_CARD:
    case WORD_PHONE:
    case WORD_MONTH:
    case WORD_UNIT:
    case WORD_TRAVEL:
    case WORD_IGNORE:
    case WORD_CHROME:
        return LINK_OTHER;
    }
    return LINK_OTHER;
}

/* Of several words the kind that says most: a link to reset a password often speaks of signing in too. */
static enum extract_link_kind kind_in(struct str folded)
{
    static const int weight[] = { [LINK_LOGIN] = 1, [LINK_CONFIRM] = 2, [LINK_RESET] = 3, [LINK_UNSUBSCRIBE] = 4 };
    struct word_hit hits[HITS_MAX];
    enum extract_link_kind best = LINK_OTHER;
    size_t n = words_find(WORDS_LINK, folded, hits, HITS_MAX);
    for (size_t i = 0; i < n; i++) {
        enum extract_link_kind k = kind_of(hits[i].kind);
        best = weight[k] > weight[best] ? k : best;
    }
    return best;
}

static enum extract_link_kind fold_kind(struct fold *f, struct str s)
{
    fold_put(f, s);
    return kind_in(str_of(f->p, f->n));
}

/* ---- the address ---- */

enum { LETTER = 1, DIGIT = 2, ESCAPE = 4 };
static const unsigned char classes[256] = {
    ['a' ... 'z'] = LETTER, ['A' ... 'Z'] = LETTER, ['0' ... '9'] = DIGIT, ['%'] = ESCAPE
};
static unsigned class_of(char c) { return classes[(unsigned char)c]; }

/* Path and query as words. The host is left out: login.example.com serves all of a company's links. */
static enum extract_link_kind kind_of_url(struct str url)
{
    char words[URL_MAX];
    size_t scheme = str_find(url, S("//")), n = 0;
    struct str rest = str_from(url, scheme == STR_NONE ? url.n : scheme + 2);
    rest = str_from(rest, str_chr(rest, '/'));
    for (; n < rest.n && n < sizeof words; n++)
        words[n] = (char)(class_of(rest.p[n]) & (LETTER | DIGIT) ? rest.p[n] | 32 : ' '); /* digits have that bit */
    return kind_in(str_of(words, n));
}

/* A run of letters and digits long enough to be a secret: what makes a link do something. */
static bool has_token(struct str url)
{
    size_t run = 0, digits = 0;
    for (size_t i = 0; i < url.n; i++) {
        unsigned class = class_of(url.p[i]);
        run = class ? run + 1 : 0;
        digits = class ? digits + (class == DIGIT) : 0;
        if (run >= TOKEN_MIN && digits >= 3)
            return true;
    }
    return false;
}

/* ---- one link ---- */

/* Text that says nothing by itself: the address, "click here", a single word in any language. */
static bool is_bare(const struct link *k) { return k->text.n == 0 || str_starts_nocase(k->text, S("http")); }

static struct str words_before(struct str text, size_t at)
{
    size_t from = at > CONTEXT_BEFORE ? at - CONTEXT_BEFORE : 0;
    struct str s = str_sub(text, from, at - from);
    /* what belongs to the link before it, or to another paragraph two above, is not about this one */
    for (size_t i = s.n; i-- > 2;)
        if (s.p[i - 1] == '\n' && s.p[i] == '\n' && i + 2 < s.n)
            return str_from(s, i);
    return s;
}

static unsigned confidence_of(enum extract_link_kind kind, unsigned base, bool same_url, bool token)
{
    unsigned c = base + (same_url ? 15 : 0) + (token ? 8 : 0);
    if (kind == LINK_LOGIN && !token) /* "log in" without a secret leads to a form like any other */
        c = MIN(c, 45u);
    return MIN(c, 98u);
}

static void judge(struct fold *f, const struct link *k, struct str text, struct extract_link *out)
{
    enum extract_link_kind own = LINK_OTHER, near = LINK_OTHER, url = kind_of_url(k->url);
    bool token = has_token(k->url), mail = str_starts_nocase(k->url, S("mailto:"));
    if (!is_bare(k))
        own = fold_kind(f, str_sub(k->text, 0, TEXT_MAX));
    if (own == LINK_OTHER && (is_bare(k) || token))
        near = fold_kind(f, words_before(text, k->at));
    if (own != LINK_OTHER) {
        out->kind = own;
        out->confidence = confidence_of(own, 72, url == own, token);
    } else if (url != LINK_OTHER) {
        out->kind = url;
        out->confidence = confidence_of(url, near == url ? 68 : 52, false, token);
    } else if (near != LINK_OTHER && near != LINK_UNSUBSCRIBE && (token || is_bare(k))) {
        out->kind = near;
        out->confidence = confidence_of(near, is_bare(k) ? 56 : 44, false, token);
    }
    if (mail && out->kind != LINK_UNSUBSCRIBE)
        out->kind = LINK_OTHER;
    if (out->kind == LINK_OTHER)
        out->confidence = 0;
}

/* ---- the list ---- */

static bool goes_before(const struct extract_link *x, const struct extract_link *y)
{
    return x->confidence > y->confidence;
}

static void put_in_order(struct extract_out *out, struct extract_link k)
{
    size_t i = out->links_n;
    if (i == EXTRACT_LINKS_MAX && !goes_before(&k, &out->links[i - 1]))
        return;
    if (i == EXTRACT_LINKS_MAX)
        i--;
    out->links_n = i + 1;
    for (; i > 0 && goes_before(&k, &out->links[i - 1]); i--)
        out->links[i] = out->links[i - 1];
    out->links[i] = k;
}

static enum err judge_all(const struct links *l, struct str plain, struct str seen, struct extract_out *out)
{
    AUTO_ARENA struct arena tmp = { .max = 4 << 10, .secret = true };
    struct fold f;
    if (l->n == 0)
        return OK;
    if (!fold_init(&f, &tmp, MAX((size_t)TEXT_MAX, (size_t)CONTEXT_BEFORE)))
        return ERR_FULL;
    for (size_t i = 0; i < l->n; i++) {
        const struct link *k = &l->item[i];
        struct extract_link x = { .url = k->url, .host = k->host, .host_shown = k->host_shown, .text = k->text };
        if (k->hidden)
            continue;
        judge(&f, k, k->in_html ? seen : plain, &x);
        put_in_order(out, x);
    }
    return OK;
}

enum err extract_links(struct str plain, const struct html_out *page, struct arena *a, struct extract_out *out)
{
    struct links l = { .arena = a };
    struct str seen = page ? page->text : (struct str){ 0 };
    enum err e = page ? links_add_html(&l, page) : OK;
    if (e == OK && (!page || page->links_n == 0))
        e = links_add_text(&l, plain);
    out->links = arena_array(a, MIN(l.n, (size_t)EXTRACT_LINKS_MAX) + 1, sizeof *out->links);
    if (!out->links)
        return ERR_FULL;
    out->all = l;
    return e == OK ? judge_all(&l, plain, seen, out) : e;
}
