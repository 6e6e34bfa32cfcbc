/* A term is a modifier when '=' follows its name, before any ':' or '/'; else a mechanism. A row of mechs[] says what
 * may stand behind a mechanism's name. */
#include "trust/spf_record.h"
#include "trust/spf_macro.h"

static bool is_alpha(char c) { return char_lower(c) >= 'a' && char_lower(c) <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool spf_record_is(struct str text)
{
    return str_starts_nocase(text, S("v=spf1")) && (text.n == 6 || text.p[6] == ' ');
}

/* ---- arguments ---- */
/* A prefix length without leading zeros, at the end of *s behind mark; taken off. True when there is none, too. */
static bool take_bits(struct str *s, struct str mark, unsigned most, uint8_t *bits)
{
    size_t at = s->n;
    while (at > 0 && is_digit(s->p[at - 1]))
        at--;
    struct str digits = str_from(*s, at);
    if (digits.n == 0 || !str_ends(str_sub(*s, 0, at), mark))
        return true;
    uint32_t n;
    if (!str_to_u32(digits, &n) || n > most || (digits.n > 1 && digits.p[0] == '0'))
        return false;
    *bits = (uint8_t)n;
    s->n = at - mark.n;
    return true;
}

static bool parse_none(struct str arg, struct spf_term *) { return arg.n == 0; }

static bool parse_domain(struct str arg, struct spf_term *t)
{
    t->domain = str_from(arg, 1);
    return arg.n > 0 && arg.p[0] == ':' && spf_domain_valid(t->domain);
}

static bool parse_maybe_domain(struct str arg, struct spf_term *t) { return arg.n == 0 || parse_domain(arg, t); }

static bool parse_host(struct str arg, struct spf_term *t)
{
    return take_bits(&arg, S("//"), 128, &t->bits6) && take_bits(&arg, S("/"), 32, &t->bits4) &&
           parse_maybe_domain(arg, t);
}

static bool parse_net(struct str arg, struct spf_term *t, bool six)
{
    if (arg.n == 0 || arg.p[0] != ':')
        return false;
    arg = str_from(arg, 1);
    if (!take_bits(&arg, S("/"), six ? 128 : 32, six ? &t->bits6 : &t->bits4) || ip_parse(arg, &t->net) != OK)
        return false;
    return six == (str_chr(arg, ':') != STR_NONE);
}

static bool parse_ip4(struct str arg, struct spf_term *t) { return parse_net(arg, t, false); }
static bool parse_ip6(struct str arg, struct spf_term *t) { return parse_net(arg, t, true); }

static const struct {
    struct str name;
    bool (*parse)(struct str arg, struct spf_term *t); /* arg: from the ':' or '/' on */
} mechs[] = {
    [SPF_ALL] = { STR("all"), parse_none },
    [SPF_INCLUDE] = { STR("include"), parse_domain },
    [SPF_A] = { STR("a"), parse_host },
    [SPF_MX] = { STR("mx"), parse_host },
    [SPF_PTR] = { STR("ptr"), parse_maybe_domain },
    [SPF_IP4] = { STR("ip4"), parse_ip4 },
    [SPF_IP6] = { STR("ip6"), parse_ip6 },
    [SPF_EXISTS] = { STR("exists"), parse_domain },
};

/* ---- terms ---- */
static size_t name_end(struct str term)
{
    size_t i = 0;
    while (i < term.n && (is_alpha(term.p[i]) || is_digit(term.p[i]) || str_chr(S("-_."), term.p[i]) != STR_NONE))
        i++;
    return i;
}

static bool add_mechanism(struct spf_record *r, struct str term)
{
    static const struct {
        char sign;
        enum result result;
    } signs[] = { { '+', RESULT_PASS }, { '-', RESULT_FAIL }, { '~', RESULT_SOFTFAIL }, { '?', RESULT_NEUTRAL } };
    struct spf_term t = { .result = RESULT_PASS, .bits4 = 32, .bits6 = 128 };
    bool is_signed = false;
    for (size_t i = 0; i < COUNT(signs); i++)
        if (!is_signed && term.p[0] == signs[i].sign) {
            t.result = signs[i].result;
            is_signed = true;
        }
    term = str_from(term, is_signed);
    size_t n = name_end(term);
    for (size_t i = 0; i < COUNT(mechs); i++)
        if (str_eq_nocase(str_sub(term, 0, n), mechs[i].name)) {
            t.mech = (enum spf_mech)i;
            if (r->n == LIMIT_SPF_TERMS || !mechs[i].parse(str_from(term, n), &t))
                return false;
            r->v[r->n++] = t;
            return true;
        }
    return false;
}

static bool add_modifier(struct spf_record *r, struct str name, struct str value)
{
    struct str *field = str_eq_nocase(name, S("redirect")) ? &r->redirect
                        : str_eq_nocase(name, S("exp"))    ? &r->explain
                                                           : NULL;
    if (!field)
        return is_alpha(name.p[0]) && spf_macro_valid(value, SPF_IN_DOMAIN); /* section 6: others are passed over */
    if (field->n > 0 || !spf_domain_valid(value))                            /* at most once */
        return false;
    *field = value;
    return true;
}

static bool add_term(struct spf_record *r, struct str term)
{
    size_t n = name_end(term);
    if (n > 0 && n < term.n && term.p[n] == '=')
        return add_modifier(r, str_sub(term, 0, n), str_from(term, n + 1));
    return add_mechanism(r, term);
}

enum err spf_record_parse(struct arena *a, struct str text, struct spf_record *out)
{
    size_t spaces = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < 0x20 || text.p[i] > 0x7e)
            return ERR_BAD;
        spaces += text.p[i] == ' ';
    }
    struct spf_record r = { .v = arena_array(a, MIN(spaces + 1, (size_t)LIMIT_SPF_TERMS), sizeof *r.v) };
    for (struct str rest = str_from(text, 6); rest.n > 0 && r.v;) {
        struct str term = str_cut(rest, ' ', &rest);
        if (term.n > 0 && !add_term(&r, term))
            return ERR_BAD;
    }
    if (!r.v)
        return ERR_FULL;
    *out = r;
    return OK;
}
