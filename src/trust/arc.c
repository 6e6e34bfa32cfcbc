/* Each of the three fields of a set says which instance it belongs to; a set lacks none, and none comes twice. The
 * newest message signature and all seals are then checked, the newest first; what was good once is not checked again.
 */
#include "trust/arc.h"
#include "base/crypto_sha256.h"

static void judge(struct arc_check *c, enum result r, struct str why)
{
    c->result = r;
    c->why = why;
    c->judged = true;
}

/* ---- structure ---- */
static bool parse_instance(struct str text, uint32_t *out)
{
    return text.n <= 2 && str_to_u32(text, out) && *out >= 1 && *out <= LIMIT_ARC_SETS;
}

bool arc_results(struct str raw, uint32_t *instance, struct str *rest)
{
    struct str value, name = str_trim(str_cut(str_cut(raw, ';', rest), '=', &value));
    return str_eq_nocase(name, S("i")) && parse_instance(str_trim(value), instance);
}

/* Where a field of instance i goes; NULL: no memory. A set is 4 KB, so there are as many as the message has. */
static struct arc_set *set_at(struct arc_check *c, struct arena *a, uint32_t i)
{
    if (!c->v[i - 1])
        c->v[i - 1] = arena_new(a, struct arc_set);
    if (c->v[i - 1])
        c->n = MAX(c->n, (size_t)i);
    else
        c->failed = true;
    return c->v[i - 1];
}

static struct str add_results(struct arc_check *c, struct arena *a, const struct header_field *f)
{
    struct str rest;
    uint32_t i;
    if (!arc_results(f->raw, &i, &rest))
        return S("bad i= of results");
    struct arc_set *set = set_at(c, a, i);
    if (!set)
        return S("");
    if (set->results)
        return S("results come twice");
    set->results = f;
    return S("");
}

static struct str add_message(struct arc_check *c, struct arena *a, const struct header_field *f)
{
    struct dkim_sig s;
    struct str why;
    uint32_t i;
    if (dkim_sig_parse(a, f, &s, &why) != OK || dkim_sig_cover(&s, &why) != OK)
        return why;
    if (!parse_instance(tags_get(&s.tags, S("i")), &i))
        return S("bad i= of a message signature");
    if (s.algorithm != DKIM_RSA_SHA256 && s.algorithm != DKIM_ED25519_SHA256)
        return S("unknown a=");
    if (dkim_sig_names(&s, S("ARC-Seal"))) /* section 4.1.2 */
        return S("a message signature over a seal");
    struct arc_set *set = set_at(c, a, i);
    if (!set)
        return S("");
    if (set->has_message)
        return S("a message signature comes twice");
    set->message = s;
    set->has_message = true;
    return S("");
}

static struct str add_seal(struct arc_check *c, struct arena *a, const struct header_field *f)
{
    struct dkim_sig s;
    struct str why;
    uint32_t i;
    if (dkim_sig_parse(a, f, &s, &why) != OK)
        return why;
    if (!parse_instance(tags_get(&s.tags, S("i")), &i))
        return S("bad i= of a seal");
    if (s.algorithm != DKIM_RSA_SHA256 && s.algorithm != DKIM_ED25519_SHA256)
        return S("unknown a=");
    if (tags_find(&s.tags, S("h"))) /* section 4.1.3 */
        return S("a seal with h=");
    struct str cv = tags_get(&s.tags, S("cv"));
    bool ended = str_eq_nocase(cv, S("fail"));
    if (!ended && !str_eq_nocase(cv, i == 1 ? S("none") : S("pass")))
        return S("bad cv=");
    struct arc_set *set = set_at(c, a, i);
    if (!set)
        return S("");
    if (set->has_seal)
        return S("a seal comes twice");
    set->seal = s;
    set->has_seal = true;
    set->ended = ended;
    return S("");
}

static const struct {
    struct str name;
    struct str (*add)(struct arc_check *c, struct arena *a, const struct header_field *f); /* why not */
} fields[] = {
    { STR("ARC-Authentication-Results"), add_results },
    { STR("ARC-Message-Signature"), add_message },
    { STR("ARC-Seal"), add_seal },
};

/* How many of the message's fields are ARC's; the first fault among them is in *why. */
static size_t collect(struct arc_check *c, struct arena *a, struct str *why)
{
    size_t n = 0;
    for (size_t i = 0; i < c->msg->n; i++)
        for (size_t k = 0; k < COUNT(fields); k++) {
            if (!str_eq_nocase(c->msg->v[i].name, fields[k].name))
                continue;
            n++;
            if (why->n == 0)
                *why = fields[k].add(c, a, &c->msg->v[i]);
        }
    return n;
}

/* ---- what the seals are over ---- */
static enum err add_field(struct sha256_feed *f, const struct header_field *field)
{
    AUTO_BUF struct buf text = { .max = LIMIT_HEADER_BYTES };
    dkim_put_relaxed(&text, field);
    sha256_feed_add(f, buf_str(&text));
    return text.failed ? ERR_IO : OK;
}

static enum err seal_hash(struct sha256_feed *f, struct arc_set *set)
{
    AUTO_BUF struct buf self = { .max = LIMIT_HEADER_BYTES };
    struct sha256_feed *copy = sha256_feed_copy(f);
    if (!copy)
        return ERR_IO;
    dkim_put_self(&self, &set->seal, DKIM_RELAXED);
    sha256_feed_add(copy, buf_str(&self));
    sha256_feed_end(copy, set->seal_hash);
    return self.failed ? ERR_IO : OK;
}

/* Section 5.1.1: all sets up to its own, each as results, message signature, seal; the last seal without its b=. One
 * walk serves them all. */
static enum err hash_seals(struct arc_check *c)
{
    struct sha256_feed *f = sha256_feed_new();
    enum err e = f ? OK : ERR_IO;
    for (size_t i = 0; e == OK && i < c->n; i++) {
        e = add_field(f, c->v[i]->results);
        if (e == OK)
            e = add_field(f, c->v[i]->message.field);
        if (e == OK)
            e = seal_hash(f, c->v[i]);
        if (e == OK)
            e = add_field(f, c->v[i]->seal.field);
    }
    uint8_t unused[32];
    if (f)
        sha256_feed_end(f, unused);
    return e;
}

enum err arc_check_init(struct arc_check *c, struct arena *a, struct dkim_msg *msg)
{
    struct str why = S("");
    *c = (struct arc_check){ .msg = msg };
    if (collect(c, a, &why) == 0) {
        judge(c, RESULT_NONE, S(""));
        return OK;
    }
    if (c->failed)
        return ERR_FULL;
    for (size_t i = 0; i < c->n && why.n == 0; i++)
        if (!c->v[i] || !c->v[i]->results || !c->v[i]->has_message || !c->v[i]->has_seal)
            why = S("a set is not complete");
    if (why.n == 0)
        return hash_seals(c);
    judge(c, RESULT_FAIL, why);
    return OK;
}

/* ---- signatures ---- */
static enum err check_message(struct arc_check *c, struct answers *as)
{
    const struct dkim_sig *s = &c->v[c->n - 1]->message;
    struct dkim_outcome o;
    uint8_t hash[32];
    enum err e = dkim_body_hash(c->msg, s->body);
    if (e != OK)
        return e;
    bool short_body = s->has_length && s->length != c->msg->body_n[s->body];
    if (short_body || memcmp(s->body_hash, c->msg->body_hash[s->body], sizeof s->body_hash) != 0) {
        judge(c, RESULT_FAIL, S("the body has been changed"));
        return OK;
    }
    e = dkim_key_ask(as, s);
    if (e == OK)
        e = dkim_head_hash(c->msg, s, hash);
    if (e == OK)
        e = dkim_verify(as, s, hash, &o);
    if (e == OK && o.result != RESULT_PASS)
        judge(c, RESULT_FAIL, o.why);
    c->message_good = e == OK;
    return e;
}

static enum err check_seal(struct arc_check *c, size_t i, struct answers *as)
{
    struct dkim_outcome o;
    enum err e = dkim_key_ask(as, &c->v[i]->seal);
    if (e != OK)
        return e;
    e = dkim_verify(as, &c->v[i]->seal, c->v[i]->seal_hash, &o);
    if (e == OK && o.result != RESULT_PASS)
        judge(c, RESULT_FAIL, o.why);
    c->v[i]->sealed = e == OK;
    return e;
}

/* All keys are asked for in the first round. */
enum err arc_check_run(struct arc_check *c, struct answers *as)
{
    enum err whole = c->judged || c->message_good ? OK : check_message(c, as);
    for (size_t i = c->n; i > 0 && !c->judged; i--) {
        if (c->v[i - 1]->ended) {
            if (whole == OK)
                judge(c, RESULT_NONE, S("a sealer found the chain broken"));
            c->ended = true;
            break;
        }
        enum err e = c->v[i - 1]->sealed ? OK : check_seal(c, i - 1, as);
        if (e != OK && (whole == OK || whole == ERR_MORE))
            whole = e;
    }
    if (c->judged)
        return OK;
    if (whole == OK)
        judge(c, RESULT_PASS, S(""));
    return whole;
}

enum result arc_reported(const struct arc_check *c)
{
    return c->ended && c->result == RESULT_NONE ? RESULT_FAIL : c->result;
}
