/* The header in words. Two walks: first the fields that say the same wherever a mail goes, then all others with the
 * order they stand in. What is hashed of a field is decided by its row, or it is an ordinary one. */
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
    { STR("Subject"), USE_ALL, true },
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

static struct row row_of(struct str name)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].name.n == name.n && str_eq_nocase(rows[i].name, name))
            return rows[i];
    for (size_t i = 0; i < COUNT(left_out); i++)
        if (str_starts_nocase(name, left_out[i]))
            return (struct row){ .use = USE_NOTHING };
    return (struct row){ .use = USE_ALL };
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
        while (end < text.n && in_word[(uint8_t)text.p[end]] && end - i < WORD)
            end++;
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

struct walk {
    struct feature_set *s;
    struct arena *a;
    struct str host;
    uint32_t received, before; /* before: the field that came before */
};

static void add_value(struct walk *w, const struct row *row, struct str raw, uint32_t name)
{
    size_t at;
    switch (row->use) {
    case USE_ALL:
        add_words(w->s, before_boundary(text_of(w->a, raw)), name, true);
        break;
    case USE_RECEIVED:
        if (++w->received <= RECEIVED)
            add_words(w->s, str_sub(raw, 0, FIELD), name, false);
        break;
    case USE_DOMAIN:
        at = str_rchr(raw, '@');
        if (at != STR_NONE)
            add_words(w->s, str_from(str_sub(raw, 0, FIELD), at), name, true);
        break;
    case USE_PRESENCE:
    case USE_NOTHING:
        break;
    }
}

static void walk_fields(struct walk *w, struct str head, bool travelling)
{
    struct header_iter it = header_walk(head);
    struct header_field f;
    while (header_next(&it, &f)) {
        struct row row = row_of(f.name);
        if (row.use == USE_NOTHING || f.name.n > NAME_MAX_N ||
            (row.use == USE_RECEIVED && is_by(str_sub(f.raw, 0, FIELD), w->host)))
            continue;
        uint32_t name = hash_folded(f.name, SALT_HEADER ^ 0x811c9dc5u);
        if (!travelling) {
            feature_add(w->s, feature_mix(name * 5 + w->before));
            w->before = name;
        }
        if (row.travels != travelling)
            continue;
        feature_add(w->s, name);
        add_value(w, &row, f.raw, name);
    }
}

void feature_header(struct feature_set *s, struct arena *a, struct str head, struct str host, uint32_t *travels)
{
    struct walk w = { .s = s, .a = a, .host = host };
    walk_fields(&w, head, true);
    *travels = (uint32_t)s->n;
    walk_fields(&w, head, false);
    feature_add(s, feature_mix(SALT_COUNT + MIN(w.received, 8u)));
}
