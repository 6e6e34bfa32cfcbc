#include "trust/dkim_key.h"
#include "base/crypto_verify.h"
#include "wire/domain.h"

enum { KEY_BYTES_MAX = 2048, NAME_MAX_N = 700, KEYS_TRIED = 3 }; /* more than one record is against section 3.6.2.2 */

static bool key_kind(struct str k, struct dkim_key *out)
{
    out->ed25519 = str_eq_nocase(k, S("ed25519"));
    return out->ed25519 || k.p == NULL || str_eq_nocase(k, S("rsa"));
}

static struct str key_fault(const struct tags *t, struct dkim_key *k)
{
    struct str version = tags_get(t, S("v")), hashes = tags_get(t, S("h")), services = tags_get(t, S("s"));
    struct str flags = tags_get(t, S("t")), p = tags_get(t, S("p"));
    k->testing = tags_list_has(flags, ':', S("y"));
    k->strict = tags_list_has(flags, ':', S("s"));
    if (version.p && (!str_eq(version, S("DKIM1")) || !str_eq(t->v[0].name, S("v"))))
        return S("no key of version DKIM1");
    if (!key_kind(tags_get(t, S("k")), k))
        return S("a key of an unknown kind");
    if (hashes.p && !tags_list_has(hashes, ':', S("sha256")))
        return S("a key for other hashes");
    if (services.p && !tags_list_has(services, ':', S("*")) && !tags_list_has(services, ':', S("email")))
        return S("a key for other services");
    return !p.p ? S("no key in the record") : p.n == 0 ? S("the key is revoked") : S("");
}

enum err dkim_key_parse(struct arena *a, struct str text, struct dkim_key *out, struct str *why)
{
    struct tags t;
    struct dkim_key k = { .testing = false };
    AUTO_BUF struct buf bytes = { .max = KEY_BYTES_MAX };
    *why = tags_parse(text, &t) != OK ? S("not a list of tags") : key_fault(&t, &k);
    if (why->n == 0 && tags_base64(&bytes, tags_get(&t, S("p"))) != OK)
        *why = S("the key cannot be read");
    if (why->n > 0)
        return ERR_BAD;
    k.p = arena_dup(a, buf_str(&bytes));
    if (!k.p.p)
        return ERR_FULL;
    *out = k;
    return OK;
}

static enum err key_answer(struct answers *as, const struct dkim_sig *s, const struct answer **out)
{
    AUTO_BUF struct buf name = { .max = NAME_MAX_N };
    buf_put(&name, s->selector);
    buf_puts(&name, "._domainkey.");
    if (domain_to_ascii(&name, s->domain) != OK)
        buf_put(&name, s->domain);
    return answers_get(as, buf_str(&name), DNS_TXT, out);
}

enum err dkim_key_ask(struct answers *as, const struct dkim_sig *s)
{
    const struct answer *a;
    enum err e = key_answer(as, s, &a);
    return e == OK && !answers_may_verify(as) ? ERR_MORE : e;
}

static void judge(enum err e, struct dkim_outcome *o)
{
    o->result = e == OK ? RESULT_PASS : e == ERR_DENIED ? RESULT_FAIL : RESULT_PERMERROR;
    o->why = e == OK ? S("") : e == ERR_DENIED ? S("the signature does not fit") : S("the key cannot be used");
}

static void try_key(struct key_cache *keys, const struct dkim_key *k, const struct dkim_sig *s, const uint8_t hash[32],
                    struct dkim_outcome *o)
{
    o->testing = k->testing;
    o->strict = k->strict;
    if (k->ed25519 != (s->algorithm == DKIM_ED25519_SHA256)) {
        o->result = RESULT_PERMERROR;
        o->why = S("a key for another algorithm");
    } else if (k->ed25519) {
        judge(verify_ed25519(k->p, s->signature, str_of(hash, 32)), o); /* RFC 8463 section 3 */
    } else {
        judge(key_cache_check(keys, k->p, s->signature, hash, &o->bits), o);
        if (o->result == RESULT_PASS && o->bits < DKIM_RSA_BITS_MIN) {
            o->result = RESULT_POLICY;
            o->why = S("the key is too short");
        }
    }
}

enum err dkim_verify(struct answers *as, const struct dkim_sig *s, const uint8_t hash[32], struct dkim_outcome *out)
{
    const struct answer *a;
    enum err e = key_answer(as, s, &a);
    if (e != OK)
        return e;
    struct dkim_outcome o = { .result = RESULT_PERMERROR, .why = S("there is no key") };
    if (a->status == ANSWER_FAILED)
        o = (struct dkim_outcome){ .result = RESULT_TEMPERROR, .why = S("the DNS did not answer") };
    for (size_t i = 0; i < MIN(a->records.n, (size_t)KEYS_TRIED) && o.result != RESULT_PASS; i++) {
        struct dkim_key k;
        if (dkim_key_parse(as->scratch, a->records.v[i].data, &k, &o.why) == OK)
            try_key(as->keys, &k, s, hash, &o);
    }
    *out = o;
    return OK;
}
