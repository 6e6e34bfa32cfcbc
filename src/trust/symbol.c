#include "trust/symbol.h"
#include "wire/json.h"

static void add(struct symbols *s, const struct symbol *new)
{
    double score = new->score > SYMBOL_SCORE_MAX    ? SYMBOL_SCORE_MAX
                   : new->score < -SYMBOL_SCORE_MAX ? -SYMBOL_SCORE_MAX
                                                    : new->score;
    double size = score < 0 ? -score : score;
    size_t i = 0;
    while (i < s->n && !str_eq(s->v[i].name, new->name))
        i++;
    if (i == LIMIT_SYMBOLS || score != score)
        return;
    if (i < s->n && size <= (s->v[i].score < 0 ? -s->v[i].score : s->v[i].score))
        return;
    s->v[i] = *new;
    s->v[i].score = score;
    s->n = MAX(s->n, i + 1);
}

void symbols_add(struct symbols *s, struct str name, double score, struct str reason)
{
    add(s, &(struct symbol){ .name = name, .score = score, .reason = reason });
}

/* 1 towards junk, -1 towards the inbox, else 0. */
static int side(double score) { return (score > 1) - (score < -1); }

void symbols_add_learned(struct symbols *s, struct str name, double score, const struct learned_words *reasons)
{
    struct str reason = side(score) > 0 ? reasons->junk : side(score) < 0 ? reasons->wanted : reasons->neither;
    add(s, &(struct symbol){ .name = name, .score = score, .reason = reason, .learned = true });
}

enum err symbols_copy(struct symbols *s, struct arena *a, const struct symbols *from)
{
    for (size_t i = 0; i < from->n; i++) {
        struct symbol copy = from->v[i];
        copy.name = arena_dup(a, copy.name);
        copy.reason = arena_dup(a, copy.reason);
        if (!copy.name.p || !copy.reason.p)
            return ERR_FULL;
        add(s, &copy);
    }
    if (from->scan.n > 0)
        s->scan = arena_dup(a, from->scan);
    return from->scan.n == s->scan.n ? OK : ERR_FULL;
}

bool symbols_has(const struct symbols *s, struct str name)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->v[i].name, name))
            return true;
    return false;
}

double symbols_score(const struct symbols *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++)
        sum += s->v[i].score;
    return sum;
}

enum symbols_word symbols_word(const struct symbols *s)
{
    double x = symbols_score(s);
    return x > SYMBOL_JUNK ? SYMBOLS_JUNK : x > SYMBOL_UNSURE ? SYMBOLS_UNSURE : SYMBOLS_HAM;
}

struct str symbols_word_name(enum symbols_word w)
{
    switch (w) {
    case SYMBOLS_HAM:
        return S("ham");
    case SYMBOLS_UNSURE:
        return S("unsure");
    case SYMBOLS_JUNK:
        return S("junk");
    }
    return S("ham");
}

/* ---- JSON ---- */
static struct str step(enum symbols_word w)
{
    switch (w) {
    case SYMBOLS_HAM:
        return S("0");
    case SYMBOLS_UNSURE:
        return S("0.5");
    case SYMBOLS_JUNK:
        return S("0.9");
    }
    return S("0");
}

/* In hundredths; of what was learned -1, 0 or 1. */
static void put_score(struct json_out *j, const struct symbol *s)
{
    AUTO_BUF struct buf text = { .max = 32 };
    double x = s->learned ? side(s->score) : s->score;
    unsigned hundredths = (unsigned)((x < 0 ? -x : x) * 100 + 0.5);
    buf_printf(&text, "%s%u", x < 0 && hundredths > 0 ? "-" : "", hundredths / 100);
    if (hundredths % 100)
        buf_printf(&text, ".%02u", hundredths % 100);
    json_kv_raw(j, "score", buf_str(&text));
}

void symbols_put(struct buf *out, const struct symbols *s)
{
    struct json_out j = json_out(out);
    enum symbols_word w = symbols_word(s);
    json_put_object(&j);
    json_kv_raw(&j, "score", step(w));
    json_kv_str(&j, "word", symbols_word_name(w));
    json_kv_array(&j, "symbols");
    for (size_t i = 0; i < s->n; i++) {
        json_put_object(&j);
        json_kv_str(&j, "name", s->v[i].name);
        put_score(&j, &s->v[i]);
        json_kv_str(&j, "reason", s->v[i].reason);
        json_put_end(&j);
    }
    json_put_end(&j);
    if (s->scan.n > 0)
        json_kv_str(&j, "scan", s->scan);
    else
        json_kv_null(&j, "scan");
    json_put_end(&j);
}
