#include "trust/dmarc_record.h"
#include "wire/tags.h"

enum { NAME_MAX_N = LIMIT_DNS_NAME + 16 };

struct str dmarc_policy_name(enum dmarc_policy p)
{
    static const struct str names[] = {
        [DMARC_NONE] = STR("none"), [DMARC_QUARANTINE] = STR("quarantine"), [DMARC_REJECT] = STR("reject")
    };
    return names[p];
}

/* ---- one record ---- */
static bool read_policy(const struct tags *t, struct str name, enum dmarc_policy *out)
{
    struct str value = tags_get(t, name);
    for (int p = DMARC_NONE; p <= DMARC_REJECT; p++)
        if (str_eq_nocase(value, dmarc_policy_name((enum dmarc_policy)p))) {
            *out = (enum dmarc_policy)p;
            return true;
        }
    return false;
}

static bool tag_is(const struct tags *t, struct str name, struct str value)
{
    return str_eq_nocase(tags_get(t, name), value);
}

enum err dmarc_record_parse(struct str text, struct dmarc_record *out)
{
    struct tags t;
    struct dmarc_record r = { .own = DMARC_NONE };
    tags_parse_loose(text, &t);
    if (t.n == 0 || !str_eq(t.v[0].name, S("v")) || !str_eq(t.v[0].value, S("DMARC1")))
        return ERR_BAD;
    if (!read_policy(&t, S("p"), &r.own) && tags_get(&t, S("rua")).n == 0)
        return ERR_BAD;
    r.below = r.own;
    (void)read_policy(&t, S("sp"), &r.below);
    r.missing = r.below;
    (void)read_policy(&t, S("np"), &r.missing);
    r.strict_dkim = tag_is(&t, S("adkim"), S("s"));
    r.strict_spf = tag_is(&t, S("aspf"), S("s"));
    r.psd = tag_is(&t, S("psd"), S("y"))   ? DMARC_PSD_YES
            : tag_is(&t, S("psd"), S("n")) ? DMARC_PSD_NO
                                           : DMARC_PSD_UNSAID;
    r.testing = tag_is(&t, S("t"), S("y")) || tag_is(&t, S("pct"), S("0"));
    *out = r;
    return OK;
}

/* ---- the walk ---- */
struct stop {
    struct str domain, below; /* below: the name one label longer, whichever way the walk came */
    struct dmarc_record record;
    bool found;
};

/* The one record at a domain; several are none. */
static enum err look(struct answers *as, struct stop *s, bool *failed)
{
    AUTO_BUF struct buf name = { .max = NAME_MAX_N };
    const struct answer *a;
    size_t n = 0;
    buf_puts(&name, "_dmarc.");
    buf_put(&name, s->domain);
    enum err e = answers_get(as, buf_str(&name), DNS_TXT, &a);
    if (e != OK)
        return e;
    *failed = *failed || a->status == ANSWER_FAILED;
    for (size_t i = 0; i < a->records.n; i++)
        n += dmarc_record_parse(a->records.v[i].data, &s->record) == OK;
    s->found = n == 1;
    for (size_t i = 0; i < a->records.n && s->found; i++) /* the last one read may have been another text */
        if (dmarc_record_parse(a->records.v[i].data, &s->record) == OK)
            break;
    return OK;
}

static size_t label_count(struct str name)
{
    size_t n = name.n > 0;
    for (size_t i = 0; i < name.n; i++)
        n += name.p[i] == '.';
    return n;
}

static struct str without_label(struct str name)
{
    size_t dot = str_chr(name, '.');
    return dot == STR_NONE ? (struct str){ NULL, 0 } : str_from(name, dot + 1);
}

/* Section 4.10: the domain itself, then upwards; of a long one only the seven labels on the right. */
static size_t plan(struct str domain, struct stop *stops)
{
    size_t n = 0;
    struct str below = domain;
    for (struct str at = domain; at.n > 0 && n < LIMIT_DMARC_STEPS;) {
        stops[n++] = (struct stop){ .domain = at, .below = below };
        do {
            below = at;
            at = without_label(at);
        } while (n == 1 && label_count(at) >= LIMIT_DMARC_STEPS);
    }
    return n;
}

/* Section 4.10.2: a record that says so marks the organisation or what is above it; else the topmost record's domain.
 */
static void choose(const struct stop *stops, size_t n, struct dmarc_walk *w)
{
    const struct stop *top = NULL;
    w->organisation = stops[0].domain;
    for (size_t i = 0; i < n; i++) {
        const struct stop *s = &stops[i];
        if (!s->found)
            continue;
        top = s;
        if (s->record.psd == DMARC_PSD_NO)
            break;
        if (s->record.psd == DMARC_PSD_YES && i > 0) {
            w->organisation = s->below;
            top = NULL;
            break;
        }
    }
    if (top)
        w->organisation = top->domain;
}

/* Section 4.10.1: the domain's own record, else its organisation's, else that of the public suffix above. */
static void apply(const struct stop *stops, size_t n, struct dmarc_walk *w)
{
    const struct stop *use = stops[0].found ? &stops[0] : NULL;
    for (size_t i = 0; i < n && !use; i++)
        if (stops[i].found && str_eq(stops[i].domain, w->organisation))
            use = &stops[i];
    for (size_t i = 0; i < n && !use; i++)
        if (stops[i].found && stops[i].record.psd == DMARC_PSD_YES)
            use = &stops[i];
    if (!use)
        return;
    w->domain = use->domain;
    w->record = use->record;
    w->exact = use == &stops[0];
}

enum err dmarc_walk(struct answers *as, struct str domain, struct dmarc_walk *out)
{
    struct stop stops[LIMIT_DMARC_STEPS];
    struct dmarc_walk w = { .failed = false };
    enum err e = OK;
    size_t n = plan(domain, stops);
    for (size_t i = 0; i < n; i++)
        if (look(as, &stops[i], &w.failed) == ERR_MORE)
            e = ERR_MORE;
    if (e != OK)
        return e;
    if (n > 0) {
        choose(stops, n, &w);
        apply(stops, n, &w);
    }
    *out = w;
    return OK;
}
