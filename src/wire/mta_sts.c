#include "wire/mta_sts.h"
#include "wire/domain.h"
#include "wire/tags.h"

static bool is_id(struct str s)
{
    size_t i = 0;
    while (i < s.n && ((s.p[i] >= '0' && s.p[i] <= '9') || (char_lower(s.p[i]) >= 'a' && char_lower(s.p[i]) <= 'z')))
        i++;
    return s.n > 0 && s.n <= LIMIT_STS_ID && i == s.n;
}

enum err sts_record_parse(struct str txt, struct str *id)
{
    struct tags t;
    struct str rest, version = str_trim(str_cut(txt, ';', &rest));
    if (!str_eq(version, S("v=STSv1")))
        return ERR_GONE;
    tags_parse_loose(rest, &t);
    struct str got = tags_get(&t, S("id"));
    if (!is_id(got))
        return ERR_BAD;
    *id = got;
    return OK;
}

static enum err take_mode(struct sts_policy *p, struct str value)
{
    static const struct str names[] = {
        [STS_NONE] = STR("none"), [STS_TESTING] = STR("testing"), [STS_ENFORCE] = STR("enforce")
    };
    size_t i = 0;
    while (i < COUNT(names) && !str_eq(value, names[i]))
        i++;
    if (i == COUNT(names))
        return ERR_BAD;
    p->mode = (enum sts_mode)i;
    return OK;
}

static enum err take_mx(struct arena *a, struct sts_policy *p, struct str value)
{
    struct str name = str_starts(value, S("*.")) ? str_from(value, 2) : value;
    if (!domain_valid(name))
        return ERR_BAD;
    if (!p->mx)
        p->mx = arena_array(a, LIMIT_STS_MX, sizeof *p->mx);
    if (!p->mx || p->mx_n == LIMIT_STS_MX)
        return ERR_FULL;
    p->mx[p->mx_n] = arena_dup(a, value);
    return p->mx[p->mx_n++].p ? OK : ERR_FULL;
}

enum { HAS_VERSION = 1, HAS_MODE = 2, HAS_AGE = 4 };

/* Of what comes twice, but for mx, the first one counts; what is not known is passed over (section 3.2). */
static enum err take_line(struct arena *a, struct sts_policy *p, unsigned *has, struct str key, struct str value)
{
    uint64_t age;
    if (str_eq(key, S("mx")))
        return take_mx(a, p, value);
    if (str_eq(key, S("version")) && !(*has & HAS_VERSION)) {
        *has |= HAS_VERSION;
        return str_eq(value, S("STSv1")) ? OK : ERR_BAD;
    }
    if (str_eq(key, S("mode")) && !(*has & HAS_MODE)) {
        *has |= HAS_MODE;
        return take_mode(p, value);
    }
    if (str_eq(key, S("max_age")) && !(*has & HAS_AGE)) {
        *has |= HAS_AGE;
        if (!str_to_u64(value, &age))
            return ERR_BAD;
        p->max_age_s = (uint32_t)MIN(age, (uint64_t)LIMIT_STS_AGE_S);
    }
    return OK;
}

enum err sts_policy_parse(struct arena *a, struct str file, struct sts_policy *out)
{
    struct sts_policy p = { 0 };
    unsigned has = 0;
    enum err e = file.n <= LIMIT_STS_FILE ? OK : ERR_BAD;
    while (e == OK && file.n > 0) {
        struct str value, line = str_line(file, &file), key = str_trim(str_cut(line, ':', &value));
        e = take_line(a, &p, &has, key, str_trim(value));
    }
    if (e == OK && (has != (HAS_VERSION | HAS_MODE | HAS_AGE) || (p.mode != STS_NONE && p.mx_n == 0)))
        e = ERR_BAD;
    if (e == OK)
        *out = p;
    return e;
}

/* "*.example" stands for exactly one label (section 4.1, RFC 6125 section 6.4.3). */
static bool matches(struct str pattern, struct str host)
{
    struct str rest;
    if (!str_starts(pattern, S("*.")))
        return str_eq_nocase(pattern, host);
    struct str label = str_cut(host, '.', &rest);
    return label.n > 0 && rest.n > 0 && str_eq_nocase(str_from(pattern, 2), rest);
}

bool sts_policy_has(const struct sts_policy *p, struct str host)
{
    size_t i = 0;
    while (i < p->mx_n && !matches(p->mx[i], host))
        i++;
    return i < p->mx_n;
}
