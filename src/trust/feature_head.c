/* The header in words: first of the fields that say the same wherever a mail goes, then of all others with the order
 * they stand in. What is hashed of a field is decided by its row, or it is an ordinary one. */
#include "trust/feature_set.h"
#include "wire/header.h"

enum {
    NAME_MAX_N = 60, /* octets of a field's name */
    WORDS = 60,      /* of a field */
    WORD = 60,       /* octets of a word */
    FIELD = 2048,    /* octets of a field */
    RECEIVED = 3,    /* fields: the hops nearest to us */
    SALT_HEADER = 0x48c91e35,
    SALT_COUNT = 0x1f83d9ab,
};

enum use {
    USE_ALL,      /* words and pairs of words */
    USE_DOMAIN,   /* of the last address in it: what stands before may name the recipient */
    USE_PRESENCE, /* that it is there */
    USE_RECEIVED, /* as USE_ALL, of an address the domain only, and three of them */
    USE_NOTHING,
};
struct row {
    struct str name;
    enum use use;
    bool travels;
};
static const struct row rows[] = {
    { STR("Subject"), USE_ALL, true }, /* these three are FEATURE_NAMES, in that order */
    { STR("From"), USE_ALL, true },
    { STR("Reply-To"), USE_ALL, true },
    { STR("Content-Type"), USE_ALL, true },
    { STR("Content-Transfer-Encoding"), USE_ALL, true },
    { STR("MIME-Version"), USE_ALL, true },
    { STR("X-Mailer"), USE_ALL, true },
    { STR("User-Agent"), USE_ALL, true },
    { STR("List-Id"), USE_PRESENCE, true },
    { STR("List-Unsubscribe"), USE_PRESENCE, true },
    { STR("List-Unsubscribe-Post"), USE_PRESENCE, true },
    { STR("List-Post"), USE_PRESENCE, true },
    { STR("Precedence"), USE_ALL, true },
    { STR("In-Reply-To"), USE_PRESENCE, true },
    { STR("References"), USE_PRESENCE, true },
    { STR("Message-ID"), USE_PRESENCE, true },
    { STR("Date"), USE_ALL, true },
    { STR("X-Priority"), USE_ALL, true },
    { STR("Importance"), USE_ALL, true },
    { STR("X-MSMail-Priority"), USE_ALL, true },
    { STR("X-MimeOLE"), USE_ALL, true },
    { STR("Sender"), USE_ALL, true },
    { STR("Auto-Submitted"), USE_ALL, true },
    { STR("Organization"), USE_ALL, true },
    { STR("Cc"), USE_PRESENCE, true },
    { STR("To"), USE_PRESENCE, true },
    { STR("DKIM-Signature"), USE_PRESENCE, true },
    { STR("Feedback-ID"), USE_PRESENCE, true },
    { STR("Received"), USE_RECEIVED, false },
    { STR("Return-Path"), USE_DOMAIN, false },
    { STR("Errors-To"), USE_DOMAIN, false },
    { STR("Bcc"), USE_PRESENCE, false },
    { STR("X-Envelope-To"), USE_PRESENCE, false },
    { STR("Envelope-To"), USE_PRESENCE, false },
    { STR("DomainKey-Signature"), USE_PRESENCE, false },
    { STR("X-Google-DKIM-Signature"), USE_PRESENCE, false },
    { STR("ARC-Seal"), USE_PRESENCE, false },
    { STR("ARC-Message-Signature"), USE_PRESENCE, false },
    { STR("ARC-Authentication-Results"), USE_PRESENCE, false },
    { STR("Authentication-Results"), USE_NOTHING, false },
    { STR("Received-SPF"), USE_NOTHING, false },
    { STR("Status"), USE_NOTHING, false },
    { STR("Lines"), USE_NOTHING, false },
    { STR("Content-Length"), USE_NOTHING, false },
    { STR("X-Status"), USE_NOTHING, false },
    { STR("X-Keywords"), USE_NOTHING, false },
    { STR("X-UID"), USE_NOTHING, false },
    { STR("X-UUID"), USE_NOTHING, false },
    { STR("X-Miltered"), USE_NOTHING, false },
    { STR("X-Mailbox-Line"), USE_NOTHING, false },
    { STR("Delivered-To"), USE_NOTHING, false },
    { STR("X-Original-To"), USE_NOTHING, false },
};
static const struct str left_out[] = { STR("X-Spam"), STR("X-Virus"), STR("X-Antivirus") }; /* and all that begins so */

static const struct row *row_of(struct str name)
{
    static const struct row ordinary = { .use = USE_ALL }, nothing = { .use = USE_NOTHING };
    char first = char_lower(name.p[0]); /* no field's name is empty */
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].name.n == name.n && char_lower(rows[i].name.p[0]) == first && str_eq_nocase(rows[i].name, name))
            return &rows[i];
    for (size_t i = 0; first == 'x' && i < COUNT(left_out); i++)
        if (str_starts_nocase(name, left_out[i]))
            return &nothing;
    return &ordinary;
}

/* ---- words ---- */
static const bool in_word[256] = { ['a' ... 'z'] = true,   ['A' ... 'Z'] = true, ['0' ... '9'] = true,
                                   [0x80 ... 0xff] = true, ['$'] = true,         ['\''] = true,
                                   ['-'] = true,           ['.'] = true,         ['!'] = true,
                                   ['@'] = true,           ['%'] = true };

static uint32_t step(uint32_t h, char c) { return (h ^ (uint8_t)c) * 16777619u; }

static uint32_t hash_folded(struct str s, uint32_t h)
{
    for (size_t i = 0; i < s.n; i++)
        h = step(h, feature_folded[(uint8_t)s.p[i]]);
    return feature_mix(h);
}

/* An address: its networks, digits as they are, for who sends in one network says the same. */
static void add_networks(struct feature_set *s, struct str word, uint32_t salt)
{
    uint32_t h = salt ^ 77, dots = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '.')
            feature_add(s, feature_mix(h + ++dots));
        h = step(h, word.p[i]);
    }
}

static void add_suffixes(struct feature_set *s, struct str word, uint32_t salt)
{
    for (size_t i = 0; i < word.n; i++) {
        uint32_t h = salt ^ 99 ^ 0x811c9dc5u;
        if (word.p[i] != '.' && word.p[i] != '@')
            continue;
        for (size_t k = i + 1; k < word.n; k++)
            h = step(h, char_lower(word.p[k]));
        feature_add(s, feature_mix(h));
    }
}

static void add_parts(struct feature_set *s, struct str word, uint32_t salt)
{
    size_t dots = 0, digits = 0;
    for (size_t i = 0; i < word.n; i++) {
        dots += word.p[i] == '.';
        digits += word.p[i] >= '0' && word.p[i] <= '9';
    }
    if (dots == 3 && dots + digits == word.n)
        add_networks(s, word, salt);
    else if (dots > 0)
        add_suffixes(s, word, salt);
}

/* whole: an address counts with what stands before its @, which may name the recipient. */
static void add_words(struct feature_set *s, struct str text, uint32_t name, bool whole)
{
    uint32_t before = 0;
    for (size_t i = 0, n = 0; i < text.n && n < WORDS; n++) {
        while (i < text.n && !in_word[(uint8_t)text.p[i]])
            i++;
        size_t end = i;
        bool dotted = false; /* has it what add_parts() divides it by? */
        for (; end < text.n && in_word[(uint8_t)text.p[end]] && end - i < WORD; end++)
            dotted = dotted || text.p[end] == '.';
        if (end == i)
            return;
        struct str word = str_sub(text, i, end - i);
        size_t at = whole ? STR_NONE : str_rchr(word, '@');
        word = at == STR_NONE ? word : str_from(word, at);
        uint32_t h = hash_folded(word, name);
        feature_add(s, h);
        if (before != 0)
            feature_add(s, feature_mix(h * 7 + before));
        before = h;
        if (dotted)
            add_parts(s, word, name);
        i = end;
    }
}

/* ---- fields ---- */
/* Without encoded words: as it stands, folds being blanks anyway. */
static struct str text_of(struct arena *a, struct str raw)
{
    raw = str_sub(raw, 0, FIELD);
    return str_find(raw, S("=?")) == STR_NONE ? raw : header_text(a, raw);
}

static struct str before_boundary(struct str text)
{
    size_t at = str_find_nocase(text, S("boundary="));
    return at == STR_NONE ? text : str_sub(text, 0, at);
}

static bool is_by(struct str raw, struct str host)
{
    size_t at = str_find(raw, S("by "));
    return host.n > 0 && at != STR_NONE && str_starts_nocase(str_from(raw, at + 3), host);
}

/* A field that says something. */
struct feature_field {
    struct feature_field *next;
    const struct row *row;
    struct str raw;
    uint32_t name; /* hashed */
};

struct feature_head feature_head_read(struct arena *a, struct str head, struct str host)
{
    struct feature_head out = { .first = NULL };
    struct feature_field **end = &out.first, *kept;
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        const struct row *row = row_of(f.name);
        if (row->use == USE_NOTHING || f.name.n > NAME_MAX_N ||
            (row->use == USE_RECEIVED && is_by(str_sub(f.raw, 0, FIELD), host)))
            continue;
        if (row >= rows && row < rows + FEATURE_NAMES)
            out.names[row - rows] = f.raw; /* of several the last counts: wire/header.h */
        if ((kept = arena_new(a, struct feature_field)) == NULL)
            break;
        *kept = (struct feature_field){ NULL, row, f.raw, hash_folded(f.name, SALT_HEADER ^ 0x811c9dc5u) };
        *end = kept;
        end = &kept->next;
    }
    return out;
}

static void add_value(struct feature_set *s, struct arena *a, const struct feature_field *f)
{
    size_t at;
    switch (f->row->use) {
    case USE_ALL:
        add_words(s, before_boundary(text_of(a, f->raw)), f->name, true);
        break;
    case USE_RECEIVED:
        add_words(s, str_sub(f->raw, 0, FIELD), f->name, false);
        break;
    case USE_DOMAIN:
        at = str_rchr(f->raw, '@');
        if (at != STR_NONE)
            add_words(s, str_from(str_sub(f->raw, 0, FIELD), at), f->name, true);
        break;
    case USE_PRESENCE:
    case USE_NOTHING:
        break;
    }
}

static void add_travelling(struct feature_set *s, struct arena *a, const struct feature_head *head)
{
    for (const struct feature_field *f = head->first; f; f = f->next)
        if (f->row->travels) {
            feature_add(s, f->name);
            add_value(s, a, f);
        }
}

static void add_others(struct feature_set *s, struct arena *a, const struct feature_head *head)
{
    uint32_t received = 0, before = 0; /* before: the field that came before */
    for (const struct feature_field *f = head->first; f; f = f->next) {
        feature_add(s, feature_mix(f->name * 5 + before));
        before = f->name;
        if (f->row->travels)
            continue;
        feature_add(s, f->name);
        if (f->row->use != USE_RECEIVED || ++received <= RECEIVED)
            add_value(s, a, f);
    }
    feature_add(s, feature_mix(SALT_COUNT + MIN(received, 8u)));
}

void feature_header(struct feature_set *s, struct arena *a, const struct feature_head *head, uint32_t *travels)
{
    add_travelling(s, a, head);
    *travels = (uint32_t)s->n;
    add_others(s, a, head);
}
