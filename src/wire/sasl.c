/* A row of mechs[] says how a mechanism asks and who reads its answers. What the client said is decoded into raw, one
 * answer behind the other, so user and secret are views of it that die with the exchange. */
#include "wire/sasl.h"
#include "base/text.h"

enum { LIMIT_SASL_RAW = 2 * LIMIT_SASL_LINE };

struct mech {
    const char *name;
    struct str asks[2];                                        /* a challenge for each answer */
    enum sasl_next (*take)(struct sasl *x, struct str answer); /* an answer, decoded */
};

/* [authzid] NUL authcid NUL passwd; RFC 4616 section 2. Nobody acts for somebody else here. */
static enum sasl_next take_plain(struct sasl *x, struct str answer)
{
    struct str rest, authzid = str_cut(answer, 0, &rest);
    size_t nul = str_chr(rest, 0);
    if (nul == STR_NONE || nul == 0 || str_chr(str_from(rest, nul + 1), 0) != STR_NONE)
        return SASL_BAD;
    x->user = str_sub(rest, 0, nul);
    x->secret = str_from(rest, nul + 1);
    bool for_self = authzid.n == 0 || str_eq_nocase(authzid, x->user);
    return x->secret.n == 0 ? SASL_BAD : for_self ? SASL_READY : SASL_OTHER;
}

static enum sasl_next take_login(struct sasl *x, struct str answer)
{
    if (answer.n == 0 || str_chr(answer, 0) != STR_NONE)
        return SASL_BAD;
    if (x->step++ > 0) {
        x->secret = answer;
        x->user = str_sub(buf_str(&x->raw), 0, x->raw.n - answer.n);
        return SASL_READY;
    }
    return SASL_ASK;
}

/* RFC 5801 section 4: a comma in a name is =2C, an equals sign =3D. Written back over itself, being shorter. */
static enum err unescape(struct str name, struct str *out)
{
    char *to = (char *)(uintptr_t)name.p; /* in raw, which is ours */
    size_t n = 0;
    for (size_t i = 0; i < name.n; i++) {
        struct str code = str_sub(name, i, 3);
        bool comma = str_eq_nocase(code, S("=2C")), equals = str_eq_nocase(code, S("=3D"));
        if (name.p[i] == '=' && !comma && !equals)
            return ERR_BAD;
        to[n++] = (char)(comma ? ',' : name.p[i]);
        i += comma || equals ? 2 : 0;
    }
    *out = str_of(to, n);
    return OK;
}

/* gs2-header kvsep *kvpair kvsep, where kvsep is 0x01; RFC 7628 section 3.1. Of the pairs only auth says something new:
 * host and port are where the client believes to be. */
static enum sasl_next take_oauthbearer(struct sasl *x, struct str answer)
{
    struct str rest, gs2 = str_cut(answer, 1, &rest), authzid, flag = str_cut(gs2, ',', &authzid);
    if (!str_eq(flag, S("n")) && !str_eq(flag, S("y"))) /* p=…: channel binding, which this mechanism has not */
        return SASL_BAD;
    authzid = str_cut(authzid, ',', &(struct str){ 0 });
    if (authzid.n > 0 && (!str_starts(authzid, S("a=")) || unescape(str_from(authzid, 2), &x->user) != OK))
        return SASL_BAD;
    while (rest.n > 1) {
        struct str pair = str_cut(rest, 1, &rest), scheme = { 0 }, value;
        str_cut(pair, '=', &value);
        if (str_starts_nocase(pair, S("auth=")))
            scheme = str_word(value, &value);
        if (str_eq_nocase(scheme, S("Bearer")))
            x->secret = value;
    }
    return x->secret.n > 0 ? SASL_READY : SASL_BAD;
}

static const struct mech mechs[SASL_MECHS] = {
    [SASL_PLAIN] = { "PLAIN", { STR("") }, take_plain },
    [SASL_LOGIN] = { "LOGIN", { STR("VXNlcm5hbWU6"), STR("UGFzc3dvcmQ6") }, take_login }, /* Username: Password: */
    [SASL_OAUTHBEARER] = { "OAUTHBEARER", { STR("") }, take_oauthbearer },
};

const char *sasl_name(enum sasl_mech m) { return mechs[m].name; }

enum err sasl_find(struct str name, enum sasl_mech *out)
{
    for (size_t i = 0; i < SASL_MECHS; i++)
        if (str_eq_nocase(name, str_c(mechs[i].name))) {
            *out = (enum sasl_mech)i;
            return OK;
        }
    return ERR_BAD;
}

static enum sasl_next ask(struct sasl *x)
{
    x->challenge = mechs[x->mech].asks[x->step];
    return SASL_ASK;
}

static enum sasl_next take(struct sasl *x, struct str text)
{
    size_t before = x->raw.n;
    if (text_unbase64(&x->raw, text) != OK)
        return SASL_BAD;
    enum sasl_next next = mechs[x->mech].take(x, str_from(buf_str(&x->raw), before));
    return next == SASL_ASK ? ask(x) : next;
}

enum sasl_next sasl_start(struct sasl *x, enum sasl_mech m, const struct str *initial)
{
    *x = (struct sasl){ .mech = m, .raw = { .max = LIMIT_SASL_RAW, .secret = true } };
    if (!initial)
        return ask(x);
    return take(x, str_eq(*initial, S("=")) ? S("") : *initial);
}

enum sasl_next sasl_take(struct sasl *x, struct str line)
{
    return str_eq(line, S("*")) ? SASL_CANCELLED : take(x, line);
}

enum sasl_next sasl_refused(struct sasl *x)
{
    if (x->mech != SASL_OAUTHBEARER)
        return SASL_BAD;
    x->challenge = S("eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0="); /* {"status":"invalid_token"} */
    return SASL_ASK;
}

void sasl_fini(struct sasl *x)
{
    buf_fini(&x->raw);
    *x = (struct sasl){ 0 };
}
