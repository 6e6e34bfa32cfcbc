/* Where mail programs look for them. Whether an address lives is not said: any name in our domains gets its answer. */
#include "core/name.h"
#include "serve/api.h"
#include "serve/autoconfig.h"

enum { REQUEST_MAX = 8 * 1024, STS_MAX_AGE_S = 7 * 24 * 3600 /* short enough to change one's mind */ };

static const struct autoconfig *config_of(const struct http_req *r) { return api_of(r)->autoconfig; }

static bool is_ours(const struct autoconfig *c, struct str address)
{
    struct str domain = str_from(address, str_rchr(address, '@') + 1);
    for (size_t i = 0; i < c->domains_n; i++)
        if (str_eq(domain, c->domains[i]))
            return true;
    return false;
}

/* The address in its form for look-up; false: answered. */
static bool our_address(struct http_req *r, struct str text, struct str *out)
{
    if (name_address_key(text, &r->arena, out) == OK && is_ours(config_of(r), *out))
        return true;
    http_problem(r, 404, "address_unknown", "That is no address in a domain of this server.");
    return false;
}

static void thunderbird(struct http_req *r)
{
    autoconfig_thunderbird(config_of(r), http_begin(r, 200, "text/xml; charset=utf-8"));
    http_finish(r);
}

/* Only one element of the request matters, and it is text alone: RFC 5321 addresses need no escapes in XML but & and ',
 * which no address of ours has. */
static void outlook(struct http_req *r)
{
    struct str address, open = S("<EMailAddress>"), rest = r->body;
    size_t at = str_find_nocase(rest, open);
    rest = str_from(rest, at == STR_NONE ? rest.n : at + open.n);
    if (!our_address(r, str_cut(rest, '<', &(struct str){ 0 }), &address))
        return;
    autoconfig_outlook(config_of(r), address, http_begin(r, 200, "text/xml; charset=utf-8"));
    http_finish(r);
}

/* The newer way in: JSON that says where the XML is. */
static void outlook_json(struct http_req *r)
{
    const struct autoconfig *c = config_of(r);
    struct str protocol = { 0 };
    bool known = http_query(r, S("Protocol"), &protocol) && str_eq_nocase(protocol, S("AutodiscoverV1"));
    if (!known || c->https_port == 0) {
        http_problem(r, 404, "protocol_unknown", "Only AutodiscoverV1 is spoken here.");
        return;
    }
    struct json_out o = api_json(r, 200);
    json_kv_str(&o, "Protocol", S("AutodiscoverV1"));
    struct str url = c->https_port == 443
                         ? arena_printf(&r->arena, "https://%.*s/autodiscover/autodiscover.xml", STR_FMT(c->hostname))
                         : arena_printf(&r->arena, "https://%.*s:%u/autodiscover/autodiscover.xml",
                                        STR_FMT(c->hostname), c->https_port);
    json_kv_str(&o, "Url", url);
    json_put_end(&o);
    http_finish(r);
}

static void apple(struct http_req *r)
{
    struct str text = { 0 }, address;
    (void)http_query(r, S("email"), &text);
    if (!our_address(r, text, &address))
        return;
    http_header(r, "Content-Disposition", S("attachment; filename=\"mayfly.mobileconfig\""));
    autoconfig_apple(config_of(r), address, http_begin(r, 200, "application/x-apple-aspen-config"));
    http_finish(r);
}

/* RFC 8461 section 3.3: for other servers, who ask whether mail to us may come without TLS. */
static void mta_sts(struct http_req *r)
{
    const struct autoconfig *c = config_of(r);
    if (c->sts == STS_NONE) {
        http_problem(r, 404, "policy_none", "No policy is published here.");
        return;
    }
    struct buf *b = http_begin(r, 200, "text/plain");
    buf_printf(b, "version: STSv1\r\nmode: %s\r\nmx: %.*s\r\nmax_age: %d\r\n",
               c->sts == STS_ENFORCE ? "enforce" : "testing", STR_FMT(c->hostname), STS_MAX_AGE_S);
    http_finish(r);
}

const struct http_route autoconfig_routes[] = {
    { HTTP_M_GET, STR("/.well-known/mta-sts.txt"), mta_sts, 0, 0 },
    { HTTP_M_GET, STR("/.well-known/autoconfig/mail/config-v1.1.xml"), thunderbird, 0, 0 },
    { HTTP_M_GET, STR("/mail/config-v1.1.xml"), thunderbird, 0, 0 },
    { HTTP_M_POST, STR("/autodiscover/autodiscover.xml"), outlook, 0, REQUEST_MAX },
    { HTTP_M_POST, STR("/Autodiscover/Autodiscover.xml"), outlook, 0, REQUEST_MAX },
    { HTTP_M_GET, STR("/autodiscover/autodiscover.json"), outlook_json, 0, 0 },
    { HTTP_M_GET, STR("/autodiscover/autodiscover.json/v1.0/{email}"), outlook_json, 0, 0 },
    { HTTP_M_GET, STR("/email.mobileconfig"), apple, 0, 0 },
};
const size_t autoconfig_routes_n = COUNT(autoconfig_routes);
