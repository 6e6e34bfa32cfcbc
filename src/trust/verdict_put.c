/* What strangers chose (domains, selectors) is written as values only, quoted where it must be; reasons are our own
 * words. */
#include "trust/verdict.h"
#include "wire/authres.h"
#include "wire/domain.h"
#include "wire/json.h"

enum { VALUE_MAX = 300, TAG_B_SHOWN = 8 };

/* ---- Authentication-Results, RFC 8601 ---- */
static void put_result(struct buf *out, const char *method, enum result r, struct str why)
{
    buf_printf(out, ";\r\n\t%s=%.*s", method, STR_FMT(result_name(r)));
    if (why.n)
        buf_printf(out, " (%.*s)", STR_FMT(why));
}

static void put_property(struct buf *out, const char *name, struct str value)
{
    if (value.n == 0)
        return;
    buf_printf(out, " %s=", name);
    authres_put_value(out, str_sub(value, 0, VALUE_MAX));
}

static void put_signature(struct buf *out, const struct dkim_verdict *d)
{
    put_result(out, "dkim", d->result, d->why);
    put_property(out, "header.d", d->domain);
    put_property(out, "header.s", d->selector);
    put_property(out, "header.a", d->algorithm);
    put_property(out, "header.b", str_sub(d->tag_b, 0, TAG_B_SHOWN)); /* RFC 6008 */
}

static void put_dmarc(struct buf *out, const struct verdict *v)
{
    if (v->authors.n == 0) {
        put_result(out, "dmarc", RESULT_PERMERROR, v->authors.why);
        return;
    }
    put_result(out, "dmarc", v->dmarc.result, S(""));
    if (v->dmarc.domain.n)
        buf_printf(out, " (p=%.*s%s)", STR_FMT(dmarc_policy_name(v->dmarc.published)), v->dmarc.testing ? " t=y" : "");
    put_property(out, "header.from", v->author);
}

void verdict_put_header(struct buf *out, const struct verdict *v)
{
    buf_puts(out, "Authentication-Results: ");
    buf_put(out, v->in->server);
    put_result(out, "spf", v->spf.result, v->spf.why);
    if (domain_is_name(v->spf.domain)) /* an address literal may be the client's: left out as in Received, DESIGN P5 */
        put_property(out, v->spf.helo ? "smtp.helo" : "smtp.mailfrom", v->spf.domain);
    for (size_t i = 0; i < v->dkim.n; i++)
        put_signature(out, &v->dkim.verdict[i]);
    if (v->dkim.n == 0)
        put_result(out, "dkim", RESULT_NONE, S(""));
    put_dmarc(out, v);
    put_result(out, "arc", arc_reported(&v->arc), v->arc.why);
    put_property(out, "policy.sealer", v->lifted);
    buf_puts(out, "\r\n");
}

/* ---- JSON ---- */
/* Whom the message may be said to be from: the author when DMARC has passed, else whoever has signed it. */
static struct str proven(const struct verdict *v)
{
    if (v->dmarc.result == RESULT_PASS)
        return v->author;
    for (size_t i = 0; i < v->dkim.n; i++)
        if (v->dkim.verdict[i].result == RESULT_PASS)
            return v->dkim.verdict[i].domain;
    return (struct str){ NULL, 0 };
}

static enum result dmarc_result(const struct verdict *v)
{
    return v->authors.n == 0 ? RESULT_PERMERROR : v->dmarc.result;
}

/* "DKIM_POLICY", with the reason. Only what is out of order is worth a line: a score comes with the rules. */
static void put_symbol(struct json_out *j, const char *check, enum result r, struct str why)
{
    AUTO_BUF struct buf name = { .max = 64 };
    if (r == RESULT_NONE || r == RESULT_PASS)
        return;
    buf_printf(&name, "%s_", check);
    struct str word = result_name(r);
    for (size_t i = 0; i < word.n; i++)
        buf_putc(&name, (char)(word.p[i] - 'a' + 'A'));
    json_put_object(j);
    json_kv_str(j, "name", buf_str(&name));
    json_kv_u64(j, "score", 0);
    json_kv_str(j, "reason", why);
    json_put_end(j);
}

void verdict_put_auth(struct buf *out, const struct verdict *v)
{
    struct json_out j = json_out(out);
    json_put_object(&j);
    json_kv_str(&j, "spf", result_name(v->spf.result));
    json_kv_str(&j, "dkim", result_name(dkim_check_best(&v->dkim)));
    json_kv_str(&j, "dmarc", result_name(dmarc_result(v)));
    json_kv_str(&j, "arc", result_name(arc_reported(&v->arc)));
    if (proven(v).n)
        json_kv_str(&j, "domain", proven(v));
    else
        json_kv_null(&j, "domain");
    json_put_end(&j);
}

void verdict_put_symbols(struct buf *out, const struct verdict *v)
{
    struct json_out j = json_out(out);
    json_put_object(&j);
    json_kv_null(&j, "score");
    json_kv_array(&j, "symbols");
    put_symbol(&j, "SPF", v->spf.result, v->spf.why);
    for (size_t i = 0; i < v->dkim.n; i++)
        put_symbol(&j, "DKIM", v->dkim.verdict[i].result, v->dkim.verdict[i].why);
    put_symbol(&j, "DMARC", dmarc_result(v), v->authors.why);
    put_symbol(&j, "ARC", arc_reported(&v->arc), v->arc.why);
    json_put_end(&j);
    json_put_end(&j);
}
