/* Tags stand in the order of the alphabet and signatures on one line, as in the public suite, whose seals are then met
 * octet for octet: a seal is over the other two fields with their blanks. */
#include "core/arc_seal.h"
#include "base/crypto.h"
#include "base/text.h"
#include "trust/arc.h"
#include "wire/authres.h"

enum { ARENA_MAX = 8 * 1024 * 1024, FIELD_MAX = 64 * 1024, LINE_N = 72 };

/* A field being written: its signature stands in the middle. */
struct piece {
    struct buf before, after; /* up to and with "b=", and what follows */
};

static void piece_fini(struct piece *p)
{
    buf_fini(&p->before);
    buf_fini(&p->after);
}

static void put_piece(struct buf *out, const struct piece *p, struct str signature)
{
    buf_put(out, buf_str(&p->before));
    text_base64(out, signature);
    buf_put(out, buf_str(&p->after));
    buf_puts(out, "\r\n");
}

/* With its signature, to out. */
static enum err finish(const struct arc_sealer *s, const struct piece *p, const uint8_t hash[32], struct buf *out)
{
    AUTO_BUF struct buf raw = { .max = SIGN_MAX };
    enum err e = sign_key_sign(s->key, hash, &raw);
    if (e == OK)
        put_piece(out, p, buf_str(&raw));
    return e == OK && out->failed ? ERR_FULL : e;
}

static bool one_field(struct str text, struct header_field *f)
{
    struct header_iter it = header_walk(text);
    return header_next(&it, f);
}

/* ---- ARC-Authentication-Results ---- */

/* All of ours, one after the other. */
static size_t put_results(struct buf *out, const struct arc_sealer *s, const struct dkim_msg *m, unsigned instance,
                          struct str *chain)
{
    size_t found = 0;
    *chain = (struct str){ 0 };
    buf_printf(out, "ARC-Authentication-Results: i=%u; ", instance);
    buf_put(out, s->server);
    for (size_t i = 0; i < m->n; i++) {
        struct str id, rest, word, value;
        if (!str_eq_nocase(m->v[i].name, S("Authentication-Results")) ||
            authres_server(m->v[i].raw, &id, &rest) != OK || !str_eq_nocase(id, s->server))
            continue;
        if (authres_find(rest, S("arc"), S(""), &word, &value))
            *chain = word;
        rest = str_trim(rest);
        rest = str_trim(str_from(rest, str_starts(rest, S(";"))));
        if (rest.n > 0)
            buf_puts(out, ";\r\n\t");
        buf_put(out, rest);
        found += rest.n > 0;
    }
    buf_puts(out, "\r\n");
    return found;
}

/* ---- ARC-Message-Signature ---- */

static const struct str usual_names[] = {
    STR("from"),
    STR("to"),
    STR("cc"),
    STR("subject"),
    STR("date"),
    STR("message-id"),
    STR("reply-to"),
    STR("mime-version"),
    STR("sender"),
    STR("content-type"),
    STR("content-transfer-encoding"),
    STR("in-reply-to"),
    STR("references"),
    STR("list-unsubscribe"),
    STR("dkim-signature"),
};

static void put_names(struct buf *out, const struct arc_sealer *s, const struct dkim_msg *m)
{
    size_t begin = out->n;
    if (s->names.n > 0) {
        buf_put(out, s->names);
        return;
    }
    for (size_t k = 0; k < COUNT(usual_names); k++)
        for (size_t i = 0; i < m->n; i++) {
            if (!str_eq_nocase(m->v[i].name, usual_names[k]))
                continue;
            buf_puts(out, out->n == begin ? "" : out->n - begin > LINE_N && k % 6 == 0 ? ":\r\n\t" : ":");
            buf_put(out, usual_names[k]);
        }
}

static enum err message_signature(const struct arc_sealer *s, struct dkim_msg *m, unsigned instance, struct buf *out)
{
    struct piece p = { { .max = FIELD_MAX }, { .max = FIELD_MAX } };
    AUTO_BUF struct buf names = { .max = FIELD_MAX }, empty = { .max = 2 * FIELD_MAX };
    struct header_field f;
    struct dkim_sig sig = { .field = &f, .head = DKIM_RELAXED, .body = DKIM_RELAXED };
    uint8_t hash[32];
    put_names(&names, s, m);
    buf_puts(&p.before, "ARC-Message-Signature: a=rsa-sha256;\r\n\tb=");
    buf_puts(&p.after, "; bh=");
    text_base64(&p.after, str_of(m->body_hash[DKIM_RELAXED], 32));
    buf_printf(&p.after, "; c=relaxed/relaxed;\r\n\td=%.*s; h=", STR_FMT(s->domain));
    buf_put(&p.after, buf_str(&names));
    buf_printf(&p.after, ";\r\n\ti=%u; s=%.*s; t=%lld", instance, STR_FMT(s->selector), (long long)s->now_s);
    put_piece(&empty, &p, S(""));
    bool whole = !empty.failed && one_field(buf_str(&empty), &f) && tags_parse(f.raw, &sig.tags) == OK;
    sig.names = buf_str(&names);
    enum err e = whole ? dkim_head_hash(m, &sig, hash) : ERR_FULL;
    if (e == OK)
        e = finish(s, &p, hash, out);
    piece_fini(&p);
    return e;
}

/* ---- ARC-Seal ---- */

static bool put_relaxed(struct buf *out, struct str field)
{
    struct header_field f;
    bool is = one_field(field, &f);
    if (is)
        dkim_put_relaxed(out, &f);
    return is;
}

/* Section 5.1.1: over all sets, the oldest first; section 5.1.2: over its own alone, where the chain is broken. */
static void put_older(struct buf *text, const struct arc_check *c)
{
    for (size_t i = 0; i < c->n; i++) {
        dkim_put_relaxed(text, c->v[i]->results);
        dkim_put_relaxed(text, c->v[i]->message.field);
        dkim_put_relaxed(text, c->v[i]->seal.field);
    }
}

static enum err seal(const struct arc_sealer *s, const struct arc_check *c, const char *cv, struct str results,
                     struct str message, struct buf *out)
{
    struct piece p = { { .max = FIELD_MAX }, { .max = FIELD_MAX } };
    AUTO_BUF struct buf text = { .max = ARENA_MAX }, empty = { .max = 2 * FIELD_MAX };
    uint8_t hash[32];
    buf_puts(&p.before, "ARC-Seal: a=rsa-sha256;\r\n\tb=");
    buf_printf(&p.after, "; cv=%s; d=%.*s; i=%zu; s=%.*s;\r\n\tt=%lld", cv, STR_FMT(s->domain), c->n + 1,
               STR_FMT(s->selector), (long long)s->now_s);
    put_piece(&empty, &p, S(""));
    if (strcmp(cv, "fail") != 0)
        put_older(&text, c);
    bool whole = put_relaxed(&text, results) && put_relaxed(&text, message) && put_relaxed(&text, buf_str(&empty));
    struct str all = buf_str(&text);
    all.n -= str_ends(all, S("\r\n")) ? 2 : 0; /* the last field is hashed without its line end */
    crypto_sha256(hash, all);
    enum err e = whole && !text.failed && !empty.failed ? finish(s, &p, hash, out) : ERR_FULL;
    piece_fini(&p);
    return e;
}

/* ---- a set ---- */

static const char *validation(struct str word, const struct arc_check *c)
{
    if (c->n == 0)
        return "none";
    return str_eq_nocase(word, S("pass")) && !c->judged ? "pass" : "fail";
}

enum err arc_seal(const struct arc_sealer *s, struct str msg, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = ARENA_MAX, .secret = true };
    AUTO_BUF struct buf results = { .max = LIMIT_HEADER_BYTES }, message = { .max = 2 * FIELD_MAX };
    struct dkim_msg m;
    struct arc_check c;
    struct str chain;
    enum err e = dkim_msg_init(&a, msg, &m);
    if (e == OK)
        e = arc_check_init(&c, &a, &m);
    if (e != OK)
        return e;
    bool ended = c.n > 0 && c.v[c.n - 1]->has_seal && c.v[c.n - 1]->ended;
    if (ended || c.n >= LIMIT_ARC_SETS || put_results(&results, s, &m, (unsigned)c.n + 1, &chain) == 0)
        return OK;
    e = dkim_body_hash(&m, DKIM_RELAXED);
    if (e == OK)
        e = message_signature(s, &m, (unsigned)c.n + 1, &message);
    if (e == OK)
        e = seal(s, &c, validation(chain, &c), buf_str(&results), buf_str(&message), out);
    buf_put(out, buf_str(&message));
    buf_put(out, buf_str(&results));
    return e == OK && (out->failed || results.failed) ? ERR_FULL : e;
}
