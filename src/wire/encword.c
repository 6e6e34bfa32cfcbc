/* A word is =?charset*language?Q or B?text?=. Octets of adjacent words with the same charset are gathered before they
 * are decoded. The end of a word is looked for once: "next_end" remembers where the next "?=" is, so that a header of
 * nothing but beginnings costs no more than any other. */
#include "wire/encword.h"
#include "base/text.h"
#include "wire/charset.h"
#include "wire/cte.h"

enum { LIMIT_WORD_CHARSET = 64 };

struct scan {
    struct str s;
    size_t next_end;    /* where "?=" stands, at or after the last place asked; STR_NONE: none any more */
    struct buf octets;  /* decoded, their charset not yet undone */
    struct str charset; /* of octets */
};
struct word {
    struct str charset, text;
    char encoding;
    size_t end; /* first byte after it */
};

static size_t end_after(struct scan *w, size_t at)
{
    if (w->next_end != STR_NONE && w->next_end < at) {
        size_t found = str_find(str_from(w->s, at), S("?="));
        w->next_end = found == STR_NONE ? STR_NONE : at + found;
    }
    return w->next_end;
}

/* s.p[at..] begins with "=?". */
static bool word_at(struct scan *w, size_t at, struct word *out)
{
    struct str head = str_sub(w->s, at + 2, LIMIT_WORD_CHARSET);
    size_t q = str_chr(head, '?');
    size_t text = at + 2 + q + 3; /* behind "?B?" */
    if (q == STR_NONE || text > w->s.n || w->s.p[text - 1] != '?')
        return false;
    char encoding = char_lower(w->s.p[text - 2]);
    size_t end = end_after(w, text);
    if ((encoding != 'q' && encoding != 'b') || end == STR_NONE)
        return false;
    struct str charset = str_sub(head, 0, q);
    size_t star = str_chr(charset, '*');
    *out = (struct word){ .charset = star == STR_NONE ? charset : str_sub(charset, 0, star),
                          .text = str_sub(w->s, text, end - text),
                          .encoding = encoding,
                          .end = end + 2 };
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC 2047 section 4.2. */
static void q_decode(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool escape = text.p[i] == '=' && i + 2 < text.n && hex(text.p[i + 1]) >= 0 && hex(text.p[i + 2]) >= 0;
        buf_putc(out, escape             ? (char)(hex(text.p[i + 1]) << 4 | hex(text.p[i + 2]))
                      : text.p[i] == '_' ? ' '
                                         : text.p[i]);
        i += escape ? 2 : 0;
    }
}

static void flush(struct scan *w, struct buf *out)
{
    charset_to_utf8(out, w->charset, buf_str(&w->octets));
    buf_clear(&w->octets);
}

static void gather(struct scan *w, const struct word *word, struct buf *out)
{
    if (!str_eq_nocase(w->charset, word->charset))
        flush(w, out);
    w->charset = word->charset;
    if (word->encoding == 'q')
        q_decode(&w->octets, word->text);
    else
        cte_decode_all(CTE_BASE64, word->text, &w->octets);
}

static size_t blanks_at(struct str s, size_t at)
{
    size_t i = at;
    while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r' || s.p[i] == '\n'))
        i++;
    return i - at;
}

static bool begins_word(struct str s, size_t at) { return at + 1 < s.n && s.p[at] == '=' && s.p[at + 1] == '?'; }

void encword_decode(struct buf *out, struct str s)
{
    struct scan w = { .s = s, .octets = { .max = s.n } };
    struct word word;
    for (size_t at = 0; at < s.n;) {
        size_t begin = at; /* of a run that is no encoded word */
        while (at < s.n && !(begins_word(s, at) && word_at(&w, at, &word)))
            at++;
        charset_to_utf8(out, S(""), str_sub(s, begin, at - begin));
        while (at < s.n) { /* words with nothing but blanks between them: RFC 2047 section 6.2 drops the blanks */
            gather(&w, &word, out);
            at = word.end;
            size_t next = at + blanks_at(s, at);
            if (!begins_word(s, next) || !word_at(&w, next, &word))
                break;
            at = next;
        }
        flush(&w, out);
    }
    buf_fini(&w.octets);
}

bool encword_needed(struct str s)
{
    enum { LONG = 900 }; /* no line could hold it: RFC 5322 section 2.1.1 */
    size_t word = 0;
    for (size_t i = 0; i < s.n; i++) {
        word = s.p[i] == ' ' ? 0 : word + 1;
        if ((unsigned char)s.p[i] < 32 || (unsigned char)s.p[i] > 126 || word > LONG)
            return true;
    }
    return str_find(s, S("=?")) != STR_NONE;
}

void encword_encode(struct buf *out, struct str s, size_t column)
{
    enum { WORD = 75, AROUND = 12 }; /* "=?utf-8?B?" and "?=" */
    if (!encword_needed(s)) {
        buf_put(out, s);
        return;
    }
    AUTO_BUF struct buf clean = { .max = 3 * s.n };
    utf8_scrub(&clean, s);
    for (struct str rest = buf_str(&clean); rest.n > 0; column = 1) {
        size_t room = column < WORD - AROUND ? (WORD + 1 - column - AROUND) / 4 * 3 : 0;
        struct str piece = utf8_cut(rest, MIN(room, (WORD - AROUND) / 4 * 3));
        if (rest.p != clean.p || piece.n == 0)
            buf_puts(out, "\r\n ");
        if (piece.n == 0)
            continue;
        buf_puts(out, "=?utf-8?B?");
        text_base64(out, piece);
        buf_puts(out, "?=");
        rest = str_from(rest, piece.n);
    }
}
