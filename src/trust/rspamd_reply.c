/* {"score": 7.5, "required_score": 15, "action": "add header", "symbols": {"NAME": {"metric_score": 1.2, …}, …}} */
#include "base/buf.h"
#include "trust/rspamd.h"
#include "wire/json.h"

enum { ACTION_MAX = 32, NAMES_SHOWN = 5, NAME_MAX_N = 40, SYMBOLS_MAX = 500 };

/* What it would do with the mail tells more than the number: that is what its operator has tuned. Logits: 2.2 is Junk.
 */
static const struct {
    struct str action;
    double score;
} actions[] = {
    { STR("reject"), 4 },
    { STR("add header"), 2.5 },
    { STR("rewrite subject"), 2.5 },
};
static const double least = -1, most = 1.5; /* without such an action, by how near it is to being rejected */

static double weigh(struct str action, double score, double required, bool *junk)
{
    *junk = true;
    for (size_t i = 0; i < COUNT(actions); i++)
        if (str_eq(actions[i].action, action))
            return actions[i].score;
    *junk = false;
    double part = required > 0 ? 2 * score / required : 0;
    return MIN(MAX(part, least), most);
}

/* Its own names only, so that nothing from the mail comes into a reason. */
static bool is_name(struct str s)
{
    bool good = s.n > 0 && s.n <= NAME_MAX_N;
    for (size_t i = 0; i < s.n && good; i++)
        good = (s.p[i] >= 'A' && s.p[i] <= 'Z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_';
    return good;
}

struct named {
    struct str name;
    double score;
};

static double size(double score) { return score < 0 ? -score : score; }

/* Keeps the weightiest, the first of equals first. */
static void keep(struct named top[NAMES_SHOWN], struct named one)
{
    for (size_t i = 0; i < NAMES_SHOWN && one.score != 0; i++)
        if (top[i].name.n == 0 || size(one.score) > size(top[i].score)) {
            struct named other = top[i];
            top[i] = one;
            one = other;
        }
}

/* What it has added, or, where a rule decides all by itself (GTUBE), its weight. */
static double symbol_score(struct json_in *j, const struct json *symbol)
{
    double score = 0;
    if (!json_get_number(j, symbol, "score", &score) || score == 0)
        (void)json_get_number(j, symbol, "metric_score", &score);
    return score;
}

static void take_symbols(struct json_in *j, const struct json *symbols, struct named top[NAMES_SHOWN])
{
    struct str name;
    const struct json *value;
    size_t n = 0;
    for (void *it = NULL; n < SYMBOLS_MAX && json_member(symbols, &it, &name, &value); n++) {
        if (is_name(name))
            keep(top, (struct named){ name, symbol_score(j, value) });
    }
}

static void put_reason(struct buf *out, struct str action, double score, double required,
                       const struct named top[NAMES_SHOWN])
{
    buf_printf(out, "rspamd: %.*s, %.1f of %.1f", STR_FMT(action), score, required);
    for (size_t i = 0; i < NAMES_SHOWN && top[i].name.n > 0; i++)
        if (out->n + top[i].name.n + 3 < out->max)
            buf_printf(out, "%s%.*s", i == 0 ? ": " : ", ", STR_FMT(top[i].name));
}

static bool is_action(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && (s.p[i] < 'a' || s.p[i] > 'z'))
            return false;
    return s.n > 0;
}

enum err rspamd_reply_parse(struct str text, struct rspamd_reply *out)
{
    AUTO_JSON struct json_in j = { 0 };
    AUTO_BUF struct buf reason = { .max = sizeof out->reason - 1 };
    struct str action = { 0 };
    struct named top[NAMES_SHOWN] = { 0 };
    const struct json *symbols = NULL;
    double score = 0, required = 0;
    if (json_parse(&j, text, LIMIT_RSPAMD_ANSWER) != OK || !json_need_str(&j, j.root, "action", ACTION_MAX, &action) ||
        !is_action(action) || !json_get_number(&j, j.root, "score", &score))
        return ERR_BAD;
    (void)json_get_number(&j, j.root, "required_score", &required);
    score = MIN(MAX(score, -9999), 9999);
    required = MIN(MAX(required, 0), 9999);
    if (json_get_object(&j, j.root, "symbols", &symbols))
        take_symbols(&j, symbols, top);
    put_reason(&reason, action, score, required, top);
    *out = (struct rspamd_reply){ 0 };
    out->score = weigh(action, score, required, &out->junk);
    if (!reason.failed && reason.n > 0)
        memcpy(out->reason, reason.p, reason.n);
    return OK;
}
