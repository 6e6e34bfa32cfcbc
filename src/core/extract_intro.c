/* Lines are taken from the top, without what every mail has there: quoted text, addresses written out, rules of dashes,
 * the subject once more, "view in browser". The preheader, where a mailer gave one, is what it wants seen first. */
#include "core/extract_intro.h"
#include "base/text.h"
#include "core/extract_fold.h"
#include "core/extract_words.h"
#include <string.h>

enum {
    CHROME_LINES = 6,
    LINES_MAX = 400,
    LINE_MAX = 2000,
    BYTES_MAX = 4 * EXTRACT_INTRO_MAX + 8,
    CHROME_MAX = 160,
    ILL_FORMED = 0xfffd
};

struct intro {
    struct buf b;
    struct fold line; /* room for one */
    size_t chars;
};

static bool is_full(const struct intro *n) { return n->chars >= EXTRACT_INTRO_MAX || n->b.failed; }

/* ---- words ---- */

static bool is_url(struct str word)
{
    bool bracket = word.n > 0 && (word.p[0] == '<' || word.p[0] == '(' || word.p[0] == '[');
    word = str_from(word, bracket);
    char first = word.n > 0 ? char_lower(word.p[0]) : 0;
    if (first != 'h' && first != 'm' && first != 'c')
        return false;
    return str_starts_nocase(word, S("http://")) || str_starts_nocase(word, S("https://")) ||
           str_starts_nocase(word, S("mailto:")) || str_starts_nocase(word, S("cid:"));
}

/* Three or more of the same mark in a row draw a line. */
static bool is_rule(struct str word)
{
    if (word.n < 3 || word.p[1] != word.p[0] || !strchr("-=_*~#.+", word.p[0]))
        return false;
    for (size_t i = 2; i < word.n; i++)
        if (word.p[i] != word.p[0])
            return false;
    return true;
}

static bool is_plain(char c) { return c > ' ' && c < 0x7f; }

static size_t plain_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && is_plain(s.p[n]))
        n++;
    return n;
}

/* An ill-formed octet leaves *cp as it was. */
static size_t next_cp(struct str s, uint32_t *cp)
{
    if ((unsigned char)s.p[0] >= 0x80)
        return MAX(utf8_next(s, cp), 1u);
    *cp = (unsigned char)s.p[0];
    return 1;
}

/* The next word; blanks of any kind come before it and are dropped, as is what shows nothing. */
static struct str next_word(struct str *rest)
{
    size_t i = 0, start = 0, used, plain = plain_length(*rest);
    bool inside = false;
    if (plain > 0 && (plain == rest->n || rest->p[plain] == ' ')) { /* as nearly all are */
        struct str word = { rest->p, plain };
        *rest = str_from(*rest, plain + 1);
        return word;
    }
    for (uint32_t cp = 0; i < rest->n; i += used) {
        used = plain_length(str_from(*rest, i));
        if (used > 0) {
            start = inside ? start : i;
            inside = true;
            continue;
        }
        used = next_cp(str_from(*rest, i), &cp);
        uint32_t c = fold_cp(cp);
        bool blank = c == ' ' || c == '\t' || c == '\n' || (c == 0 && !inside);
        if (blank && inside)
            break;
        if (!blank && !inside)
            start = i;
        inside |= !blank;
    }
    struct str word = inside ? str_sub(*rest, start, i - start) : (struct str){ 0 };
    *rest = str_from(*rest, i);
    return word;
}

/* Marks that fold to nothing but join or colour what stands before them are seen. */
static bool is_seen(uint32_t cp)
{
    return fold_cp(cp) != 0 || (cp >= 0x300 && cp < 0x370) || (cp >= 0x600 && cp < 0x700) || cp == 0x200d ||
           cp == 0xfe0f;
}

static void put_word(struct intro *n, struct str word)
{
    size_t before = n->b.n;
    if (n->b.n > 0) {
        buf_putc(&n->b, ' ');
        n->chars++;
    }
    for (size_t i = 0, used; i < word.n && n->chars < EXTRACT_INTRO_MAX - 1; i += used) {
        uint32_t cp = ILL_FORMED;
        used = MIN(plain_length(str_from(word, i)), EXTRACT_INTRO_MAX - 1 - n->chars);
        if (used > 0) {
            buf_put(&n->b, str_sub(word, i, used));
            n->chars += used;
            continue;
        }
        used = next_cp(str_from(word, i), &cp);
        if (!is_seen(cp))
            continue;
        buf_put(&n->b, cp == ILL_FORMED ? S("\xef\xbf\xbd") : str_sub(word, i, used));
        n->chars++;
    }
    if (n->chars < EXTRACT_INTRO_MAX - 1)
        return;
    if (word.n < 40 && before > 0) /* a cut word is worse than none, but Chinese has no blanks */
        n->b.n = before;
    buf_puts(&n->b, "\xe2\x80\xa6");
    n->chars = EXTRACT_INTRO_MAX;
}

static void put_line(struct intro *n, struct str line)
{
    for (struct str word; !is_full(n) && (word = next_word(&line)).n > 0;)
        if (!is_url(word) && !is_rule(word) && !str_eq(word, S("|")))
            put_word(n, word);
}

/* ---- lines ---- */

static bool is_chrome(struct fold *f, struct str line)
{
    struct word_hit hit[4];
    if (line.n > CHROME_MAX)
        return false;
    fold_put(f, line);
    size_t n = words_find(WORDS_LINK, str_of(f->p, f->n), hit, COUNT(hit));
    for (size_t i = 0; i < n; i++)
        if (hit[i].kind == WORD_CHROME && (hit[i].at < 4 || hit[i].n * 3u >= f->n))
            return true;
    return false;
}

/* "On Monday Joe wrote:", "Am Montag schrieb Joe:", "Le lundi Joe a écrit :": ends in a colon, a quote follows. */
static bool introduces_quote(struct str line, struct str rest)
{
    struct str next = { 0 };
    if (!str_ends(line, S(":")))
        return false;
    while (next.n == 0 && rest.n > 0)
        next = str_trim(str_line(rest, &rest));
    return str_starts(next, S(">"));
}

static void put_lines(struct intro *n, struct str text, struct str subject)
{
    for (size_t i = 0; i < LINES_MAX && text.n > 0 && !is_full(n); i++) {
        struct str line = str_trim(str_sub(str_line(text, &text), 0, LINE_MAX));
        if (line.n == 0)
            continue;
        if (str_eq(line, S("--")))
            return;
        bool skip = str_starts(line, S(">")) || (subject.n > 0 && str_eq_nocase(line, subject)) ||
                    introduces_quote(line, str_sub(text, 0, LINE_MAX)) ||
                    (i < CHROME_LINES && is_chrome(&n->line, line));
        if (!skip)
            put_line(n, line);
    }
}

enum err extract_intro(const struct extract_in *in, const struct html_out *page, struct arena *a, struct str *out)
{
    AUTO_ARENA struct arena tmp = { .max = 4 * CHROME_MAX, .secret = true };
    AUTO_BUF struct buf b = { .max = BYTES_MAX, .secret = true };
    struct intro n = { .b = b };
    if (!fold_init(&n.line, &tmp, CHROME_MAX))
        return ERR_FULL;
    struct str subject = str_trim(in->subject);
    if (page)
        put_lines(&n, page->preheader, subject);
    if (page && page->text.n > 0 && n.chars < 60) /* a preheader that long speaks for itself */
        put_lines(&n, page->text, subject);
    else if (n.chars == 0)
        put_lines(&n, in->text, subject);
    b = n.b;
    *out = b.n > 0 ? arena_dup(a, buf_str(&b)) : (struct str){ 0 };
    return b.failed || out->n != b.n ? ERR_FULL : OK;
}
