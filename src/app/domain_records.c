#include "app/domain_records.h"
#include "app/worker.h"
#include "base/crypto.h"
#include "base/text.h"
#include "wire/tls_rpt.h"

enum { TXT_STRING_MAX = 255, TTL_S = 3600, MX_PREFERENCE = 10, KEY_TEXT_MAX = 2048, REPORT_TEXT_MAX = 64 * 1024 };

static struct domain_row *row(struct domain_rows *r, const char *type, const char *what, struct str name,
                              struct str value)
{
    struct domain_row *it = &r->v[r->n];
    if (r->n < DOMAIN_ROWS_MAX)
        r->n++;
    else
        it = &r->v[DOMAIN_ROWS_MAX - 1]; /* there are fewer; the last one would be wrong, not the memory */
    *it = (struct domain_row){ .name = name, .type = type, .value = value, .what = what };
    return it;
}

static void txt(struct domain_rows *r, const char *what, struct str name, struct str value, struct str begins,
                bool exact)
{
    struct domain_row *it = row(r, "TXT", what, name, value);
    it->begins = begins;
    it->exact = exact;
}

/* ---- signing keys ---- */

static struct str key_text(struct arena *a, const struct sign_key *k)
{
    AUTO_BUF struct buf raw = { .max = KEY_TEXT_MAX }, text = { .max = KEY_TEXT_MAX };
    sign_key_public(k, &raw);
    buf_printf(&text, "v=DKIM1; k=%s; p=", sign_key_kind(k) == SIGN_RSA ? "rsa" : "ed25519");
    text_base64(&text, buf_str(&raw));
    return arena_dup(a, buf_str(&text));
}

static void put_pair(struct domain_rows *r, struct arena *a, struct str domain, const struct sign_pair *p,
                     const char *what)
{
    for (int k = 0; k < SIGN_KINDS; k++)
        txt(r, what, arena_printf(a, "%s._domainkey.%.*s", p->selector[k], STR_FMT(domain)), key_text(a, p->key[k]),
            S(""), true);
}

/* ---- where programs find the server: RFC 6186, 8314 ---- */

static uint32_t port_of(const struct app *a, enum door_kind k)
{
    uint32_t port = 0;
    if (a->bound[k].n > 0)
        (void)str_to_u32(str_from(a->bound[k].v[0], str_rchr(a->bound[k].v[0], ':') + 1), &port);
    return port;
}

static void put_services(struct app *a, struct domain_rows *r, struct arena *scratch, struct str domain)
{
    static const struct {
        const char *service;
        enum door_kind door;
    } services[] = { { "_submissions", DOOR_SUBMISSIONS },
                     { "_submission", DOOR_SUBMISSION },
                     { "_imaps", DOOR_IMAPS },
                     { "_imap", DOOR_IMAP },
                     { "_pop3s", DOOR_POP3S },
                     { "_pop3", DOOR_POP3 },
                     { "_autodiscover", DOOR_HTTPS } };
    struct str host = a->config.server_hostname;
    for (size_t i = 0; i < COUNT(services); i++) {
        uint32_t port = port_of(a, services[i].door);
        if (port == 0)
            continue;
        row(r, "SRV", "mail programs find the server",
            arena_printf(scratch, "%s._tcp.%.*s", services[i].service, STR_FMT(domain)),
            arena_printf(scratch, "0 1 %u %.*s.", port, STR_FMT(host)))
            ->need = USEFUL;
    }
    row(r, "CNAME", "Thunderbird sets itself up", arena_printf(scratch, "autoconfig.%.*s", STR_FMT(domain)),
        arena_printf(scratch, "%.*s.", STR_FMT(host)))
        ->need = USEFUL;
}

/* The policy itself is at serve/autoconfig_http.c; whoever has read it comes again when the id is another one. */
static void put_sts(struct app *a, struct domain_rows *r, struct arena *scratch, struct str domain)
{
    static const char *const modes[] = { "none", "testing", "enforce" };
    struct str host = a->config.server_hostname;
    const char *mode = modes[a->config.smtp_mta_sts];
    if (a->config.smtp_mta_sts == CONFIG_STS_NONE)
        return;
    txt(r, "mail to this domain comes over TLS (RFC 8461)", arena_printf(scratch, "_mta-sts.%.*s", STR_FMT(domain)),
        arena_printf(scratch, "v=STSv1; id=%s%08x;", mode, crypto_crc32c(0, host)), S("v=STSv1"), true);
    row(r, "CNAME", "where the policy for that is", arena_printf(scratch, "mta-sts.%.*s", STR_FMT(domain)),
        arena_printf(scratch, "%.*s.", STR_FMT(host)));
}

static bool asks_for_reports(struct str text)
{
    AUTO_ARENA struct arena scratch = { .max = REPORT_TEXT_MAX };
    struct tls_rpt r;
    return tls_rpt_parse(&scratch, text, &r) == OK;
}

enum err domain_rows(struct app *a, struct arena *scratch, struct str domain, const struct sign_domain *keys,
                     struct domain_rows *out)
{
    struct str host = a->config.server_hostname;
    *out = (struct domain_rows){ 0 };
    row(out, "MX", "mail to this domain comes here", domain,
        arena_printf(scratch, "%d %.*s.", MX_PREFERENCE, STR_FMT(host)));
    txt(out, "who may send for this domain (RFC 7208)", domain, S("v=spf1 mx -all"), S("v=spf1"), false);
    txt(out, "the same for the server's own name, which it greets with", host, S("v=spf1 a -all"), S("v=spf1"), false);
    if (keys)
        put_pair(out, scratch, domain, &keys->current, "the keys mail is signed with (RFC 6376, 8463)");
    if (keys && keys->has_next)
        put_pair(out, scratch, domain, &keys->next, "the keys it will be signed with after mayfly domain rotate");
    txt(out, "mail that is neither is refused (RFC 9989)", arena_printf(scratch, "_dmarc.%.*s", STR_FMT(domain)),
        arena_printf(scratch, "v=DMARC1; p=reject; rua=mailto:postmaster@%.*s", STR_FMT(domain)), S("v=DMARC1"), false);
    put_sts(a, out, scratch, domain);
    struct domain_row *report = &out->v[out->n];
    txt(out, "others report failed TLS (RFC 8460)", arena_printf(scratch, "_smtp._tls.%.*s", STR_FMT(domain)),
        arena_printf(scratch, "v=TLSRPTv1; rua=mailto:postmaster@%.*s", STR_FMT(domain)), S("v=TLSRPTv1"), false);
    report->need = USEFUL;
    report->usable = asks_for_reports;
    put_services(a, out, scratch, domain);
    for (size_t i = 0; i < out->n; i++)
        if (!out->v[i].name.p || !out->v[i].value.p)
            return ERR_FULL;
    return OK;
}

/* ---- printed ---- */

/* RFC 1035 section 3.3: a string has at most 255 octets, and a record as many strings as it needs. */
static void put_strings(struct buf *out, struct str text)
{
    for (struct str rest = text; rest.n > 0; rest = str_from(rest, TXT_STRING_MAX)) {
        struct str one = str_sub(rest, 0, TXT_STRING_MAX);
        buf_puts(out, rest.p == text.p ? "\"" : " \"");
        buf_put(out, one);
        buf_putc(out, '"');
    }
}

void domain_rows_put(const struct domain_rows *rows, struct buf *out)
{
    const char *before = "";
    for (size_t i = 0; i < rows->n; i++) {
        const struct domain_row *r = &rows->v[i];
        if (strcmp(r->what, before) != 0)
            buf_printf(out, "; %s%s\n", r->what, r->need == USEFUL ? " (optional)" : "");
        before = r->what;
        buf_put(out, r->name);
        buf_printf(out, ". %d IN %s ", TTL_S, r->type);
        if (strcmp(r->type, "TXT") == 0)
            put_strings(out, r->value);
        else
            buf_put(out, r->value);
        buf_putc(out, '\n');
    }
}

/* ---- compared ---- */

/* Blanks mean nothing in a list of tags. */
static bool same_text(struct str a, struct str b)
{
    size_t i = 0, k = 0;
    for (;;) {
        while (i < a.n && a.p[i] == ' ')
            i++;
        while (k < b.n && b.p[k] == ' ')
            k++;
        if (i == a.n || k == b.n)
            return i == a.n && k == b.n;
        if (a.p[i++] != b.p[k++])
            return false;
    }
}

static const char *compare_txt(const struct domain_row *row, const struct dns_records *records)
{
    size_t meant = 0;
    bool same = false;
    for (size_t i = 0; i < records->n; i++) {
        struct str text = records->v[i].data;
        bool counts = str_starts_nocase(text, row->begins);
        meant += counts;
        bool good = row->exact ? same_text(text, row->value) : !row->usable || row->usable(text);
        same = same || (counts && good);
    }
    return meant == 0 ? "missing" : meant > 1 ? "there twice" : same ? "ok" : "differs";
}

/* Priority and weight are the owner's to choose. */
static const char *compare_srv(const struct domain_row *row, const struct dns_records *records)
{
    struct str rest, host, number;
    uint32_t port = 0;
    str_cut(row->value, ' ', &rest);
    str_cut(rest, ' ', &rest);
    number = str_cut(rest, ' ', &host);
    host.n -= str_ends(host, S("."));
    if (!str_to_u32(number, &port))
        return "differs";
    for (size_t i = 0; i < records->n; i++)
        if (records->v[i].port == port && str_eq_nocase(records->v[i].data, host))
            return "ok";
    return records->n > 0 ? "differs" : "missing";
}

const char *domain_row_compare(const struct domain_row *row, const struct dns_records *records)
{
    if (strcmp(row->type, "TXT") == 0)
        return compare_txt(row, records);
    if (strcmp(row->type, "SRV") == 0)
        return compare_srv(row, records);
    struct str host, number = str_cut(row->value, ' ', &host);
    host.n -= str_ends(host, S("."));
    for (size_t i = 0; i < records->n && number.n > 0; i++)
        if (str_eq_nocase(records->v[i].data, host))
            return "ok";
    return records->n > 0 ? "differs" : "missing";
}
