#include "core/sign_file.h"
#include "wire/date.h"
#include <stdio.h>
#include <string.h>

static const struct str first_line = STR("mayfly signing keys 1");
static const struct str pem_begin = STR("-----BEGIN PRIVATE KEY-----"), pem_end = STR("-----END PRIVATE KEY-----");
static const struct str kinds[SIGN_KINDS] = { STR("rsa"), STR("ed25519") };

void sign_domain_fini(struct sign_domain *d)
{
    sign_pair_fini(&d->current);
    sign_pair_fini(&d->next);
}

/* ---- reading ---- */

static bool selector_good(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return s.n > 0 && s.n <= SIGN_SELECTOR_MAX;
}

static bool kind_of(struct str word, enum sign_kind *out)
{
    for (int k = 0; k < SIGN_KINDS; k++)
        if (str_eq(word, kinds[k])) {
            *out = (enum sign_kind)k;
            return true;
        }
    return false;
}

/* The PEM block at the front of *rest. */
static bool read_key(struct str *rest, enum sign_kind kind, struct sign_key **out)
{
    size_t end = str_find(*rest, pem_end);
    if (!str_starts(*rest, pem_begin) || end == STR_NONE ||
        sign_key_read(str_sub(*rest, 0, end + pem_end.n), out) != OK)
        return false;
    *rest = str_from(*rest, end + pem_end.n);
    str_line(*rest, rest);
    return sign_key_kind(*out) == kind;
}

static bool read_entry(struct str line, struct str *rest, struct sign_domain *d)
{
    struct str what = str_word(line, &line), kind_word = str_word(line, &line);
    enum sign_kind kind;
    struct sign_pair *p = str_eq(what, S("current")) ? &d->current : &d->next;
    bool old = str_eq(what, S("old"));
    if (!kind_of(kind_word, &kind) || !selector_good(line) || !(old || p == &d->current || str_eq(what, S("next"))))
        return false;
    char *selector = old ? d->old[kind] : p->selector[kind];
    if (selector[0])
        return false; /* twice */
    memcpy(selector, line.p, line.n);
    return old || read_key(rest, kind, &p->key[kind]);
}

static int keys_of(const struct sign_pair *p)
{
    int n = 0;
    for (int k = 0; k < SIGN_KINDS; k++)
        n += p->key[k] != NULL;
    return n;
}

enum err sign_file_read(struct str text, struct sign_domain *out)
{
    struct sign_domain d = { 0 };
    bool good = text.n <= SIGN_FILE_MAX && str_eq(str_line(text, &text), first_line);
    while (good && text.n > 0) {
        struct str line = str_line(text, &text);
        good = read_entry(line, &text, &d);
    }
    d.has_next = keys_of(&d.next) == SIGN_KINDS;
    if (good && keys_of(&d.current) == SIGN_KINDS && (d.has_next || keys_of(&d.next) == 0)) {
        *out = d;
        return OK;
    }
    sign_domain_fini(&d);
    return ERR_BAD;
}

/* ---- writing ---- */

static void put_pair(const char *what, const struct sign_pair *p, struct buf *out)
{
    for (int k = 0; k < SIGN_KINDS; k++) {
        buf_printf(out, "%s %s %s\n", what, kinds[k].p, p->selector[k]);
        sign_key_pem(p->key[k], out);
    }
}

void sign_file_put(const struct sign_domain *d, struct buf *out)
{
    buf_put(out, first_line);
    buf_putc(out, '\n');
    put_pair("current", &d->current, out);
    if (d->has_next)
        put_pair("next", &d->next, out);
    for (int k = 0; k < SIGN_KINDS; k++)
        if (d->old[k][0])
            buf_printf(out, "old %s %s\n", kinds[k].p, d->old[k]);
}

/* ---- new keys ---- */

static bool is_used(const struct sign_domain *d, enum sign_kind k, const char *selector)
{
    return d && (strcmp(d->current.selector[k], selector) == 0 || strcmp(d->next.selector[k], selector) == 0 ||
                 strcmp(d->old[k], selector) == 0);
}

enum err sign_pair_make(int64_t now_ms, const struct sign_domain *others, struct sign_pair *out)
{
    static const char letters[SIGN_KINDS] = { 'r', 'e' };
    struct sign_pair p = { 0 };
    struct date_civil day;
    enum err e = OK;
    date_to_civil(now_ms, &day);
    for (int k = 0; k < SIGN_KINDS && e == OK; k++) {
        char *s = p.selector[k];
        snprintf(s, SIGN_SELECTOR_MAX, "%04d%02d%02d%c", day.year, day.month, day.day, letters[k]);
        for (unsigned n = 2; is_used(others, (enum sign_kind)k, s); n++)
            snprintf(s, SIGN_SELECTOR_MAX, "%04d%02d%02d%c%u", day.year, day.month, day.day, letters[k], n);
        e = sign_key_new((enum sign_kind)k, &p.key[k]);
    }
    if (e == OK)
        *out = p;
    else
        sign_pair_fini(&p);
    return e;
}
