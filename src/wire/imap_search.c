/* The grammar of keys, a row a word. Keys go into one array in prefix order; what is still open (the whole, a
 * parenthesis, OR and NOT that wait for their keys) is on a stack, so no nesting costs more than its place there. */
#include "wire/imap_search.h"
#include "wire/charset.h"
#include "wire/fold.h"
#include <string.h>

enum arg { NOTHING, TEXT, NUMBER, SECONDS, DAY, WORD, FIELD_TEXT, UIDS, MODSEQ, NEW, KEYS };

struct row {
    struct str name;
    enum imap_key kind;
    enum arg arg;
    unsigned number;  /* a flag, or how many keys follow */
    bool negated;     /* UNSEEN is NOT SEEN */
    struct str field; /* of HEADER */
};

static const struct row rows[] = {
    { STR("ALL"), IMAP_KEY_ALL, NOTHING },
    { STR("ANSWERED"), IMAP_KEY_FLAG, NOTHING, IMAP_ANSWERED },
    { STR("BCC"), IMAP_KEY_HEADER, TEXT, .field = STR("Bcc") },
    { STR("BEFORE"), IMAP_KEY_BEFORE, DAY },
    { STR("BODY"), IMAP_KEY_BODY, TEXT },
    { STR("CC"), IMAP_KEY_HEADER, TEXT, .field = STR("Cc") },
    { STR("DELETED"), IMAP_KEY_FLAG, NOTHING, IMAP_DELETED },
    { STR("DRAFT"), IMAP_KEY_FLAG, NOTHING, IMAP_DRAFT },
    { STR("EMAILID"), IMAP_KEY_EMAILID, WORD },
    { STR("FLAGGED"), IMAP_KEY_FLAG, NOTHING, IMAP_FLAGGED },
    { STR("FROM"), IMAP_KEY_HEADER, TEXT, .field = STR("From") },
    { STR("HEADER"), IMAP_KEY_HEADER, FIELD_TEXT },
    { STR("KEYWORD"), IMAP_KEY_KEYWORD, WORD },
    { STR("LARGER"), IMAP_KEY_LARGER, NUMBER },
    { STR("MODSEQ"), IMAP_KEY_MODSEQ, MODSEQ },
    { STR("NEW"), IMAP_KEY_AND, NEW },
    { STR("NOT"), IMAP_KEY_NOT, KEYS, 1 },
    { STR("OLD"), IMAP_KEY_FLAG, NOTHING, IMAP_RECENT, true },
    { STR("OLDER"), IMAP_KEY_OLDER, SECONDS },
    { STR("ON"), IMAP_KEY_ON, DAY },
    { STR("OR"), IMAP_KEY_OR, KEYS, 2 },
    { STR("RECENT"), IMAP_KEY_FLAG, NOTHING, IMAP_RECENT },
    { STR("SAVEDATESUPPORTED"), IMAP_KEY_ALL, NOTHING },
    { STR("SAVEDBEFORE"), IMAP_KEY_SAVEDBEFORE, DAY },
    { STR("SAVEDON"), IMAP_KEY_SAVEDON, DAY },
    { STR("SAVEDSINCE"), IMAP_KEY_SAVEDSINCE, DAY },
    { STR("SEEN"), IMAP_KEY_FLAG, NOTHING, IMAP_SEEN },
    { STR("SENTBEFORE"), IMAP_KEY_SENTBEFORE, DAY },
    { STR("SENTON"), IMAP_KEY_SENTON, DAY },
    { STR("SENTSINCE"), IMAP_KEY_SENTSINCE, DAY },
    { STR("SINCE"), IMAP_KEY_SINCE, DAY },
    { STR("SMALLER"), IMAP_KEY_SMALLER, NUMBER },
    { STR("SUBJECT"), IMAP_KEY_HEADER, TEXT, .field = STR("Subject") },
    { STR("TEXT"), IMAP_KEY_TEXT, TEXT },
    { STR("THREADID"), IMAP_KEY_THREADID, WORD },
    { STR("TO"), IMAP_KEY_HEADER, TEXT, .field = STR("To") },
    { STR("UID"), IMAP_KEY_UID, UIDS },
    { STR("UNANSWERED"), IMAP_KEY_FLAG, NOTHING, IMAP_ANSWERED, true },
    { STR("UNDELETED"), IMAP_KEY_FLAG, NOTHING, IMAP_DELETED, true },
    { STR("UNDRAFT"), IMAP_KEY_FLAG, NOTHING, IMAP_DRAFT, true },
    { STR("UNFLAGGED"), IMAP_KEY_FLAG, NOTHING, IMAP_FLAGGED, true },
    { STR("UNKEYWORD"), IMAP_KEY_KEYWORD, WORD, 0, true },
    { STR("UNSEEN"), IMAP_KEY_FLAG, NOTHING, IMAP_SEEN, true },
    { STR("YOUNGER"), IMAP_KEY_YOUNGER, SECONDS },
};

enum { UNTIL_END = UINT16_MAX }; /* keys that an AND waits for */
struct open {
    uint32_t at; /* its key */
    uint16_t wants;
};
struct reader {
    struct imap_token *t;
    const struct imap_search_context *c;
    struct imap_search s;
    struct str charset;
    uint32_t text_keys;
    struct open open[LIMIT_IMAP_KEYS];
    size_t open_n;
};

static bool fail(struct reader *r)
{
    r->t->failed = true;
    return false;
}

static struct imap_search_key *key_new(struct reader *r, enum imap_key kind)
{
    if (r->t->failed || r->s.n == LIMIT_IMAP_KEYS) {
        r->t->full |= r->s.n == LIMIT_IMAP_KEYS;
        fail(r);
        return NULL;
    }
    struct imap_search_key *k = &r->s.v[r->s.n++];
    *k = (struct imap_search_key){ .kind = kind, .end = r->s.n };
    return k;
}

static bool open_new(struct reader *r, enum imap_key kind, uint16_t wants)
{
    if (key_new(r, kind) == NULL)
        return false;
    r->open[r->open_n++] = (struct open){ r->s.n - 1, wants };
    return true;
}

/* A string to be looked for: as UTF-8, folded. */
static bool take_text(struct reader *r, struct str *out)
{
    struct str s;
    if (!imap_token_astring(r->t, &s))
        return false;
    AUTO_BUF struct buf text = { .max = 8 * LIMIT_IMAP_SEARCH_TEXT }, folded = { .max = 48 * LIMIT_IMAP_SEARCH_TEXT };
    if (s.n <= LIMIT_IMAP_SEARCH_TEXT && ++r->text_keys <= LIMIT_IMAP_TEXT_KEYS) {
        charset_to_utf8(&text, r->charset, s);
        fold_text_put(&folded, buf_str(&text));
        *out = arena_dup(r->t->arena, buf_str(&folded));
    }
    if (out->p == NULL || text.failed || folded.failed) {
        r->t->full = true;
        return fail(r);
    }
    return true;
}

/* MODSEQ ["/flags/\\Seen" all] 12: one mod-sequence a message is all we keep (RFC 7162 section 3.1.5 allows that). */
static bool take_modseq(struct reader *r, struct imap_search_key *k)
{
    struct str entry;
    r->s.modseq = true;
    if (imap_token_peek(r->t) != '"')
        return imap_token_number64(r->t, &k->number);
    if (!imap_token_string(r->t, &entry) || !str_starts_nocase(entry, S("/flags/")) || !imap_token_sp(r->t))
        return fail(r);
    bool known = imap_token_try(r->t, S("priv")) || imap_token_try(r->t, S("shared")) || imap_token_try(r->t, S("all"));
    return known && imap_token_sp(r->t) && imap_token_number64(r->t, &k->number) ? true : fail(r);
}

static bool take_seconds(struct reader *r, struct imap_search_key *k)
{
    uint32_t seconds;
    if (!imap_token_nz_number(r->t, &seconds))
        return false;
    k->number = seconds;
    return true;
}

/* A set; "$" is another key. */
static bool take_set(struct reader *r, struct imap_search_key *k, uint32_t star)
{
    if (!imap_set_read(r->t, star, &k->set))
        return false;
    if (k->set.saved)
        k->kind = IMAP_KEY_SAVED;
    r->s.uses_saved |= k->set.saved;
    return true;
}

/* NEW is RECENT and UNSEEN (RFC 3501 section 6.4.4). */
static bool put_new(struct reader *r, struct imap_search_key *both)
{
    struct imap_search_key *recent = key_new(r, IMAP_KEY_FLAG), *not = key_new(r, IMAP_KEY_NOT);
    struct imap_search_key *seen = key_new(r, IMAP_KEY_FLAG);
    if (seen == NULL)
        return false;
    recent->number = IMAP_RECENT;
    seen->number = IMAP_SEEN;
    not ->end = both->end = r->s.n;
    return true;
}

static bool take_arg(struct reader *r, const struct row *row, struct imap_search_key *k)
{
    k->number = row->number;
    k->field = row->field;
    if (row->arg != NOTHING && row->arg != NEW && !imap_token_sp(r->t))
        return false;
    switch (row->arg) {
    case NOTHING:
    case KEYS:
        return true;
    case NEW:
        return put_new(r, k);
    case TEXT:
        return take_text(r, &k->text);
    case NUMBER:
        return imap_token_number64(r->t, &k->number);
    case SECONDS:
        return take_seconds(r, k);
    case DAY:
        return imap_token_date(r->t, &k->day);
    case WORD:
        return imap_token_atom(r->t, &k->text);
    case FIELD_TEXT:
        return imap_token_astring(r->t, &k->field) && imap_token_sp(r->t) && take_text(r, &k->text);
    case UIDS:
        return take_set(r, k, r->c->uid_star);
    case MODSEQ:
        return take_modseq(r, k);
    }
    return false;
}

/* One key, or as much of it as stands before the keys it takes itself; *whole: nothing more belongs to it. */
static bool take_key(struct reader *r, bool *whole)
{
    char c = imap_token_peek(r->t);
    *whole = c != '(';
    if (c == '(')
        return imap_token_open(r->t) && open_new(r, IMAP_KEY_AND, UNTIL_END);
    if ((c >= '0' && c <= '9') || c == '*' || c == '$') {
        struct imap_search_key *k = key_new(r, IMAP_KEY_SEQ);
        return k != NULL && take_set(r, k, r->c->seq_star);
    }
    const struct row *row = rows, *end = rows + COUNT(rows);
    while (row < end && !imap_token_try(r->t, row->name))
        row++;
    r->s.fuzzy = row == end && imap_token_try(r->t, S("FUZZY")); /* RFC 6203 */
    if (row == end)
        return fail(r);
    *whole = row->arg != KEYS;
    if (row->arg == KEYS)
        return imap_token_sp(r->t) && open_new(r, row->kind, (uint16_t)row->number);
    struct imap_search_key *not = row->negated ? key_new(r, IMAP_KEY_NOT) : NULL;
    struct imap_search_key *k = key_new(r, row->kind);
    if (not != NULL)
        not ->end++;
    return k != NULL && take_arg(r, row, k);
}

/* A key has ended: so have those that waited for it alone, and a parenthesis that closes here. False when nothing is
 * open any more, or at a failure; else the next key follows. */
static bool goes_on(struct reader *r)
{
    while (r->open_n > 0 && !r->t->failed) {
        struct open *o = &r->open[r->open_n - 1];
        bool last_wanted = o->wants != UNTIL_END && --o->wants == 0;
        bool outermost = r->open_n == 1;
        if (o->wants == UNTIL_END && str_starts(str_trim(r->t->rest), S(")")) && !outermost)
            last_wanted = imap_token_close(r->t);
        else if (o->wants == UNTIL_END && outermost && r->t->rest.n == 0)
            last_wanted = true;
        if (!last_wanted)
            return imap_token_sp(r->t);
        r->s.v[o->at].end = r->s.n;
        r->open_n--;
    }
    return false;
}

static bool take_keys(struct reader *r)
{
    bool whole;
    r->s.v = arena_array(r->t->arena, LIMIT_IMAP_KEYS, sizeof *r->s.v);
    if (r->s.v == NULL) {
        r->t->full = true;
        return fail(r);
    }
    while (r->t->rest.n > 0 && r->t->rest.p[r->t->rest.n - 1] == ' ')
        r->t->rest.n--;
    bool more = open_new(r, IMAP_KEY_AND, UNTIL_END);
    while (more) {
        if (!take_key(r, &whole))
            return false;
        more = !whole || goes_on(r);
    }
    return !r->t->failed;
}

static bool take_charset(struct reader *r)
{
    if (!imap_token_astring(r->t, &r->charset))
        return false;
    r->s.has_charset = true;
    r->s.bad_charset = !charset_known(r->charset);
    return !r->s.bad_charset && imap_token_sp(r->t) ? true : fail(r);
}

bool imap_return_read(struct imap_token *t, unsigned *out)
{
    static const struct {
        struct str name;
        unsigned bit;
    } options[] = { { STR("MIN"), IMAP_RETURN_MIN },
                    { STR("MAX"), IMAP_RETURN_MAX },
                    { STR("ALL"), IMAP_RETURN_ALL },
                    { STR("COUNT"), IMAP_RETURN_COUNT },
                    { STR("SAVE"), IMAP_RETURN_SAVE } };
    unsigned bits = 0;
    if (!imap_token_sp(t) || !imap_token_open(t))
        return false;
    for (bool more = imap_token_peek(t) != ')' || !imap_token_close(t); more; more = imap_token_more(t)) {
        size_t i = 0;
        while (i < COUNT(options) && !imap_token_try(t, options[i].name))
            i++;
        t->failed |= i == COUNT(options);
        if (t->failed)
            return false;
        bits |= options[i].bit;
    }
    if (t->failed || !imap_token_sp(t))
        return false;
    *out = bits != 0 ? bits : IMAP_RETURN_ALL; /* RFC 4731 section 3.1 */
    return true;
}

static bool finish(struct reader *r, bool good, struct imap_search *out)
{
    if (good)
        *out = r->s;
    else
        *out = (struct imap_search){ .returns = r->s.returns,
                                     .has_charset = r->s.has_charset,
                                     .bad_charset = r->s.bad_charset,
                                     .fuzzy = r->s.fuzzy };
    return good;
}

bool imap_search_read(struct imap_token *t, const struct imap_search_context *c, struct imap_search *out)
{
    struct reader r = { .t = t, .c = c };
    bool good = true;
    if (imap_token_try(t, S("RETURN"))) {
        r.s.esearch = true;
        good = imap_return_read(t, &r.s.returns);
    }
    if (good && imap_token_try(t, S("CHARSET")))
        good = imap_token_sp(t) && take_charset(&r);
    return finish(&r, good && take_keys(&r), out);
}

bool imap_search_read_keys(struct imap_token *t, const struct imap_search_context *c, struct imap_search *out)
{
    struct reader r = { .t = t, .c = c };
    return finish(&r, take_charset(&r) && take_keys(&r), out);
}

static bool key_copy(struct arena *a, struct imap_search_key *k)
{
    struct imap_range *v = arena_array(a, k->set.n + 1, sizeof *v);
    k->field = arena_dup(a, k->field);
    k->text = arena_dup(a, k->text);
    if (v == NULL || k->field.p == NULL || k->text.p == NULL)
        return false;
    if (k->set.n > 0)
        memcpy(v, k->set.v, k->set.n * sizeof *v);
    k->set.v = v;
    return true;
}

bool imap_search_copy(struct arena *a, const struct imap_search *from, struct imap_search *to)
{
    *to = *from;
    to->v = arena_array(a, from->n, sizeof *to->v);
    if (to->v == NULL)
        return false;
    memcpy(to->v, from->v, from->n * sizeof *to->v);
    for (uint32_t i = 0; i < to->n; i++)
        if (!key_copy(a, &to->v[i]))
            return false;
    return true;
}
