/* A line ends with LF, with or without CR before it. A field begins with a name and a colon; lines that begin with a
 * blank continue it (RFC 5322 section 2.2.3). Everything else about headers follows from these two. */
#include "wire/header.h"
#include "wire/charset.h"
#include "wire/deceptive.h"
#include "wire/encword.h"
#include <string.h>

/* The line at off, with its line end. */
static struct str line_at(struct str block, size_t off)
{
    struct str rest = str_from(block, off);
    const char *lf = rest.n > 0 ? memchr(rest.p, '\n', rest.n) : NULL;
    return lf != NULL ? str_sub(rest, 0, (size_t)(lf - rest.p) + 1) : rest;
}

/* Nothing in it but its line end; CR CR LF counts, because that is what a twice converted message has. */
static bool is_empty_line(struct str line)
{
    size_t n = line.n;
    if (n > 0 && line.p[n - 1] == '\n')
        n--;
    while (n > 0 && line.p[n - 1] == '\r')
        n--;
    return n == 0;
}

static bool is_fold(struct str line) { return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t'); }

/* The end of the folds that begin at off. */
static size_t folds_end(struct str block, size_t off)
{
    while (off < block.n && (block.p[off] == ' ' || block.p[off] == '\t'))
        off += line_at(block, off).n;
    return off;
}

/* Where the colon is, or STR_NONE when the line begins no field; *name_n is the name's length. Blanks before the colon
 * are RFC 5322 section 4.5 (obs-optional). */
static size_t field_colon(struct str line, size_t *name_n)
{
    static const bool in_name[256] = { ['!' ... '9'] = true, [';' ... '~'] = true };
    size_t i = 0;
    while (i < line.n && in_name[(unsigned char)line.p[i]])
        i++;
    *name_n = i;
    while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'))
        i++;
    return i < line.n && line.p[i] == ':' ? i : STR_NONE;
}

/* The end of the field whose first line begins at off: all its folds are in it. */
static size_t field_end(struct str block, size_t off) { return folds_end(block, off + line_at(block, off).n); }

static struct str without_line_end(struct str s)
{
    if (s.n > 0 && s.p[s.n - 1] == '\n')
        s.n--;
    while (s.n > 0 && s.p[s.n - 1] == '\r')
        s.n--;
    return s;
}

static bool is_mbox_line(struct str line) { return str_starts(line, S("From ")) || str_starts(line, S(">From ")); }

static bool is_mime_field(struct str name)
{
    return str_starts_nocase(name, S("Content-")) || str_eq_nocase(name, S("MIME-Version"));
}

/* From here to the empty line there are fields only, and one of MIME's among them: no text that lost its empty line has
 * that, not even one that quotes another message's sender and subject. */
static bool is_header_rest(struct str block, size_t at)
{
    for (bool mime = false; at < block.n; at = field_end(block, at)) {
        struct str line = line_at(block, at);
        size_t name_n, colon = field_colon(line, &name_n);
        if (is_empty_line(line))
            return mime;
        if (colon == STR_NONE || name_n == 0)
            return false;
        mime = mime || is_mime_field(str_sub(line, 0, name_n));
    }
    return false;
}

/* Whether a line that is no field is passed over, see header_bounds. A fold can only be met here when no field came
 * before it; what begins with "--" may be a boundary. Behind a line that is_header_rest() allowed there is none that
 * asks it again, so a header is looked through twice at most. */
static bool is_junk(const struct header_iter *it, struct str line)
{
    if (is_fold(line) || (it->at == 0 && is_mbox_line(line)))
        return true;
    return !str_starts(line, S("--")) && is_header_rest(it->block, field_end(it->block, it->at));
}

enum header_start header_start(struct str msg)
{
    struct str line = line_at(msg, 0);
    size_t name_n, colon = field_colon(line, &name_n);
    if ((colon != STR_NONE && name_n > 0) || (msg.n > 0 && is_empty_line(line)))
        return HEADER_STARTS;
    return is_mbox_line(line) ? HEADER_MBOX_LINE : HEADER_MISSING;
}

bool header_next(struct header_iter *it, struct header_field *out)
{
    while (it->at < it->block.n) {
        struct str line = line_at(it->block, it->at);
        size_t name_n, colon = field_colon(line, &name_n);
        if (is_empty_line(line) || (colon == STR_NONE && !is_junk(it, line)))
            return false;
        if (colon == STR_NONE || name_n == 0) {
            it->junk++;
            it->at = folds_end(it->block, it->at + line.n);
            continue;
        }
        size_t begin = it->at;
        it->at = folds_end(it->block, begin + line.n);
        struct str whole = str_sub(it->block, begin, it->at - begin);
        *out = (struct header_field){ .name = str_sub(whole, 0, name_n),
                                      .raw = without_line_end(str_from(whole, colon + 1)),
                                      .line = whole,
                                      .begin = begin,
                                      .end = it->at };
        return true;
    }
    return false;
}

enum err header_bounds(struct str msg, struct header_bounds *out)
{
    struct header_iter it = header_walk(str_sub(msg, 0, LIMIT_HEADER_BYTES + 1));
    struct header_field f;
    size_t fields = 0;
    while (header_next(&it, &f))
        if (++fields > LIMIT_HEADER_FIELDS || it.junk > LIMIT_HEADER_FIELDS)
            return ERR_FULL;
    struct str last = line_at(it.block, it.at);
    bool blank = is_empty_line(last);
    if (it.at + last.n > LIMIT_HEADER_BYTES) /* the line that ends it lies within, too */
        return ERR_FULL;
    *out = (struct header_bounds){
        .body = it.at + (blank ? last.n : 0), .fields = fields, .no_blank = !blank, .junk = it.junk > 0
    };
    return OK;
}

struct str header_find(struct str block, struct str name)
{
    struct header_iter it = header_walk(block);
    struct header_field f;
    struct str last = { NULL, 0 };
    while (header_next(&it, &f))
        if (str_eq_nocase(f.name, name))
            last = f.raw;
    return last;
}

void header_find_each(struct str block, const struct str *names, struct str *raw, size_t n)
{
    struct header_iter it = header_walk(block);
    struct header_field f;
    for (size_t i = 0; i < n; i++)
        raw[i] = (struct str){ NULL, 0 };
    while (header_next(&it, &f))
        for (size_t i = 0; i < n; i++)
            if (str_eq_nocase(f.name, names[i])) {
                raw[i] = f.raw;
                break;
            }
}

size_t header_count(struct str block, struct str name)
{
    struct header_iter it = header_walk(block);
    struct header_field f;
    size_t n = 0;
    while (header_next(&it, &f))
        n += str_eq_nocase(f.name, name);
    return n;
}

struct str header_skip_blanks(struct str s)
{
    size_t i = 0, depth = 0;
    for (; i < s.n; i++) {
        char c = s.p[i];
        if (c == '(')
            depth++;
        else if (c == ')' && depth > 0)
            depth--;
        else if (depth > 0)
            i += c == '\\';
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
            break;
    }
    return str_from(s, i);
}

struct str header_unfold(struct arena *a, struct str raw)
{
    raw = str_trim(raw);
    if (raw.n == 0)
        return S("");
    if (memchr(raw.p, '\n', raw.n) == NULL && memchr(raw.p, '\r', raw.n) == NULL)
        return raw;
    char *out = arena_alloc(a, raw.n);
    if (out == NULL)
        return (struct str){ NULL, 0 };
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        bool crlf = raw.p[i] == '\r' && i + 1 < raw.n && raw.p[i + 1] == '\n';
        if (crlf || raw.p[i] == '\n')
            continue;
        out[n++] = raw.p[i] == '\r' ? ' ' : raw.p[i];
    }
    return (struct str){ out, n };
}

struct str header_text(struct arena *a, struct str raw)
{
    struct str line = header_unfold(a, str_sub(raw, 0, LIMIT_HEADER_TEXT));
    if (line.p == NULL)
        return line;
    AUTO_BUF struct buf out = { .max = 8 * LIMIT_HEADER_TEXT };
    encword_decode(&out, line);
    for (size_t i = 0; i < out.n; i++) /* an encoded word may say CR LF: never let it start a line elsewhere */
        if ((unsigned char)out.p[i] < 32 || out.p[i] == 127)
            out.p[i] = ' ';
    out.n = deceptive_drop_order(out.p, out.n); /* "moc.knab" must not be read as "bank.com" */
    return arena_dup(a, str_trim(buf_str(&out)));
}

struct str header_get(struct arena *a, struct str block, struct str name)
{
    struct str raw = header_find(block, name);
    return raw.p == NULL ? raw : header_text(a, raw);
}

struct str header_msgid(struct str raw, struct str *rest)
{
    size_t open = str_chr(raw, '<');
    struct str after = open == STR_NONE ? (struct str){ NULL, 0 } : str_from(raw, open + 1);
    size_t close = str_chr(after, '>');
    if (open == STR_NONE || close == STR_NONE) {
        *rest = (struct str){ NULL, 0 };
        return *rest;
    }
    *rest = str_from(after, close + 1);
    return str_trim(str_sub(after, 0, close));
}
