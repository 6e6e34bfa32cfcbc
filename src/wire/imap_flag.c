/* Flags: five that are bits, and words of the holder's own. */
#include "base/text.h"
#include "wire/imap_token.h"

static const struct {
    struct str name;
    unsigned bit;
} system_flags[] = {
    { STR("\\Answered"), IMAP_ANSWERED }, { STR("\\Flagged"), IMAP_FLAGGED }, { STR("\\Deleted"), IMAP_DELETED },
    { STR("\\Seen"), IMAP_SEEN },         { STR("\\Draft"), IMAP_DRAFT },     { STR("\\Recent"), IMAP_RECENT },
};

unsigned imap_flag_bit(struct str name)
{
    for (size_t i = 0; i < COUNT(system_flags); i++)
        if (str_eq_nocase(name, system_flags[i].name))
            return system_flags[i].bit;
    return 0;
}

void imap_flags_put(struct buf *out, unsigned system)
{
    bool first = true;
    for (size_t i = 0; i < COUNT(system_flags); i++) {
        if (!(system & system_flags[i].bit))
            continue;
        buf_put(out, first ? S("") : S(" "));
        buf_put(out, system_flags[i].name);
        first = false;
    }
}

bool imap_keyword_valid(struct str s)
{
    struct imap_token t;
    struct str word;
    imap_token_init(&t, NULL, s, false);
    return s.n <= LIMIT_IMAP_KEYWORD && imap_token_atom(&t, &word) && t.rest.n == 0;
}

static bool add_keyword(struct imap_token *t, struct imap_flags *f, struct str word)
{
    for (size_t i = 0; i < f->keyword_n; i++)
        if (str_eq_nocase(f->keywords[i], word))
            return true;
    if (f->keywords == NULL)
        f->keywords = arena_array(t->arena, LIMIT_IMAP_KEYWORDS, sizeof *f->keywords);
    if (f->keywords == NULL || f->keyword_n == LIMIT_IMAP_KEYWORDS || word.n > LIMIT_IMAP_KEYWORD) {
        t->failed = t->full = true;
        return false;
    }
    f->keywords[f->keyword_n++] = word;
    return true;
}

static bool take_flag(struct imap_token *t, struct imap_flags *f)
{
    struct str word;
    if (imap_token_peek(t) != '\\')
        return imap_token_atom(t, &word) && add_keyword(t, f, word);
    struct str from = t->rest;
    if (!imap_token_char(t, '\\') || !imap_token_atom(t, &word))
        return false;
    unsigned bit = imap_flag_bit(str_sub(from, 0, word.n + 1));
    if (bit == 0 ||
        bit == IMAP_RECENT) { /* RFC 9051 section 2.3.2: clients neither make up system flags nor set this */
        t->failed = true;
        return false;
    }
    f->system |= bit;
    return true;
}

bool imap_token_flag_list(struct imap_token *t, struct imap_flags *out)
{
    struct imap_flags f = { 0 };
    if (!imap_token_open(t))
        return false;
    if (imap_token_peek(t) == ')') {
        if (!imap_token_close(t))
            return false;
        *out = f;
        return true;
    }
    do {
        if (!take_flag(t, &f))
            return false;
    } while (imap_token_more(t));
    if (t->failed)
        return false;
    *out = f;
    return true;
}

bool imap_token_store_flags(struct imap_token *t, struct imap_flags *out)
{
    if (imap_token_peek(t) == '(')
        return imap_token_flag_list(t, out);
    struct imap_flags f = { 0 };
    do {
        if (!take_flag(t, &f))
            return false;
    } while (imap_token_peek(t) == ' ' && imap_token_sp(t) && t->rest.n > 0);
    *out = f;
    return true;
}
