#include "wire/tags.h"
#include "base/text.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* ALPHA *( ALPHA / DIGIT / "_" ) */
static bool name_valid(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = char_lower(s.p[i]);
        bool alpha = c >= 'a' && c <= 'z';
        if (!alpha && (i == 0 || ((c < '0' || c > '9') && c != '_')))
            return false;
    }
    return s.n > 0;
}

const struct tag *tags_find(const struct tags *t, struct str name)
{
    for (size_t i = 0; i < t->n; i++)
        if (str_eq(t->v[i].name, name))
            return &t->v[i];
    return NULL;
}

struct str tags_get(const struct tags *t, struct str name)
{
    const struct tag *tag = tags_find(t, name);
    return tag ? tag->value : (struct str){ NULL, 0 };
}

static enum err add_piece(struct tags *t, struct str piece)
{
    struct str value, name = str_trim(str_cut(piece, '=', &value));
    if (str_chr(piece, '=') == STR_NONE || !name_valid(name) || tags_find(t, name))
        return ERR_BAD;
    if (t->n == LIMIT_TAGS)
        return ERR_FULL;
    struct str trimmed = str_trim(value);
    t->v[t->n++] = (struct tag){ name, trimmed.p ? trimmed : S(""), value };
    return OK;
}

enum err tags_parse(struct str text, struct tags *out)
{
    struct tags t = { .n = 0 };
    while (text.n > 0) {
        struct str piece = str_cut(text, ';', &text);
        if (str_empty(str_trim(piece)) && str_empty(str_trim(text))) /* one ';' at the end is allowed */
            break;
        enum err e = add_piece(&t, piece);
        if (e != OK)
            return e;
    }
    *out = t;
    return OK;
}

void tags_parse_loose(struct str text, struct tags *out)
{
    *out = (struct tags){ .n = 0 };
    while (text.n > 0)
        (void)add_piece(out, str_cut(text, ';', &text));
}

enum err tags_base64(struct buf *out, struct str value)
{
    AUTO_BUF struct buf plain = { .max = out->max * 2 };
    for (size_t i = 0; i < value.n; i++)
        if (!is_blank(value.p[i]))
            buf_putc(&plain, value.p[i]);
    return plain.failed ? ERR_FULL : text_unbase64(out, buf_str(&plain));
}

bool tags_list_has(struct str list, char sep, struct str word)
{
    while (list.n > 0)
        if (str_eq_nocase(str_trim(str_cut(list, sep, &list)), word))
            return true;
    return false;
}
