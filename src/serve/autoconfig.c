/* The documents. A word from outside, the address, is one of ours before it gets here and is escaped all the same. */
#include "serve/autoconfig.h"
#include "base/crypto.h"
#include "base/text.h"
#include "wire/json.h"

static const struct protocol {
    const char *thunderbird, *direction, *outlook, *apple;
} protocols[] = {
    [AUTOCONFIG_IMAP] = { "imap", "incoming", "IMAP", "EmailTypeIMAP" },
    [AUTOCONFIG_POP3] = { "pop3", "incoming", "POP3", "EmailTypePOP" },
    [AUTOCONFIG_SMTP] = { "smtp", "outgoing", "SMTP", NULL },
};

/* The first door to send by, or NULL. */
static const struct autoconfig_door *way_out(const struct autoconfig *c)
{
    for (size_t i = 0; i < c->doors_n; i++)
        if (c->doors[i].protocol == AUTOCONFIG_SMTP)
            return &c->doors[i];
    return NULL;
}

void autoconfig_services(const struct autoconfig *c, struct buf *out)
{
    struct json_out o = json_out(out);
    json_put_object(&o);
    for (size_t i = 0; i < c->doors_n; i++) {
        json_kv_object(&o, c->doors[i].name);
        json_kv_str(&o, "host", c->hostname);
        json_kv_u64(&o, "port", c->doors[i].port);
        json_kv_str(&o, "tls", c->doors[i].starttls ? S("starttls") : S("tls"));
        json_put_end(&o);
    }
    json_put_end(&o);
}

/* <name>value</name> */
static void element(struct buf *out, const char *name, struct str value)
{
    buf_printf(out, "<%s>", name);
    text_html(out, value);
    buf_printf(out, "</%s>\n", name);
}

static void number(struct buf *out, const char *name, uint32_t n) { buf_printf(out, "<%s>%u</%s>\n", name, n, name); }

#define XML "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* Thunderbird takes no answer that lacks an outgoing server. Where nobody may submit mail, that is the door for
 * everybody: it takes mail to our own domains, without a login, and says 550 to any other. */
static void put_mx(const struct autoconfig *c, struct buf *out)
{
    buf_puts(out, "<outgoingServer type=\"smtp\">\n");
    element(out, "hostname", c->hostname);
    number(out, "port", c->smtp_port);
    element(out, "socketType", S("STARTTLS"));
    element(out, "authentication", S("none"));
    buf_puts(out, "</outgoingServer>\n");
}

static void put_server(const struct autoconfig *c, const struct autoconfig_door *door, struct buf *out)
{
    const struct protocol *p = &protocols[door->protocol];
    buf_printf(out, "<%sServer type=\"%s\">\n", p->direction, p->thunderbird);
    element(out, "hostname", c->hostname);
    number(out, "port", door->port);
    element(out, "socketType", door->starttls ? S("STARTTLS") : S("SSL"));
    element(out, "authentication", S("password-cleartext"));
    element(out, "username", S("%EMAILADDRESS%"));
    buf_printf(out, "</%sServer>\n", p->direction);
}

/* https://www.ietf.org/archive/id/draft-bucksch-autoconfig-02.html */
void autoconfig_thunderbird(const struct autoconfig *c, struct buf *out)
{
    buf_puts(out, XML "<clientConfig version=\"1.1\">\n<emailProvider id=\"");
    text_html(out, c->hostname);
    buf_puts(out, "\">\n");
    for (size_t i = 0; i < c->domains_n; i++)
        element(out, "domain", c->domains[i]);
    element(out, "displayName", c->hostname);
    element(out, "displayShortName", S("mayfly"));
    for (size_t i = 0; i < c->doors_n; i++)
        put_server(c, &c->doors[i], out);
    if (c->smtp_port > 0 && way_out(c) == NULL)
        put_mx(c, out);
    buf_puts(out, "</emailProvider>\n</clientConfig>\n");
}

/* The "POX" answer of Microsoft's autodiscover, [MS-OXDSCLI] section 2.2.4. */
void autoconfig_outlook(const struct autoconfig *c, struct str address, struct buf *out)
{
    buf_puts(out,
             XML "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"
                 "<Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/"
                 "responseschema/2006a\">\n<Account>\n<AccountType>email</AccountType>\n<Action>settings</Action>\n");
    for (size_t i = 0; i < c->doors_n; i++) {
        buf_puts(out, "<Protocol>\n");
        element(out, "Type", str_c(protocols[c->doors[i].protocol].outlook));
        element(out, "Server", c->hostname);
        number(out, "Port", c->doors[i].port);
        element(out, "LoginName", address);
        buf_puts(out, "<DomainRequired>off</DomainRequired>\n<SPA>off</SPA>\n<SSL>on</SSL>\n");
        element(out, "Encryption", c->doors[i].starttls ? S("TLS") : S("SSL"));
        buf_puts(out, "<AuthRequired>on</AuthRequired>\n</Protocol>\n");
    }
    buf_puts(out, "</Account>\n</Response>\n</Autodiscover>\n");
}

static void entry(struct buf *out, const char *key, struct str value)
{
    buf_printf(out, "<key>%s</key>", key);
    element(out, "string", value);
}

/* The same address gives the same names, so that a second profile replaces the first and no other. RFC 9562
 * section 5.8.
 */
static void put_identity(struct buf *out, const char *what, struct str address)
{
    uint8_t hash[HASH_N];
    char hex[2 * 16];
    AUTO_BUF struct buf uuid = { .max = 36 }, id = { .max = 64 };
    CRYPTO_HASH(hash, S(""), S("profile"), str_c(what), address);
    hash[6] = (uint8_t)(0x80 | (hash[6] & 0x0f));
    hash[8] = (uint8_t)(0x80 | (hash[8] & 0x3f));
    text_hex(hex, str_of(hash, 16));
    buf_printf(&uuid, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
    buf_printf(&id, "mayfly.%s.%.*s", what, STR_FMT(buf_str(&uuid)));
    entry(out, "PayloadUUID", buf_str(&uuid));
    entry(out, "PayloadIdentifier", buf_str(&id));
    buf_puts(out, "<key>PayloadVersion</key><integer>1</integer>\n");
}

/* The payload must name one: the same as for Thunderbird. */
static void put_apple_outgoing(const struct autoconfig *c, struct str address, struct buf *out)
{
    const struct autoconfig_door *door = way_out(c);
    uint32_t port = door ? door->port : c->smtp_port;
    if (port == 0)
        return;
    entry(out, "OutgoingMailServerAuthentication", door ? S("EmailAuthPassword") : S("EmailAuthNone"));
    entry(out, "OutgoingMailServerHostName", c->hostname);
    buf_printf(out, "<key>OutgoingMailServerPortNumber</key><integer>%u</integer>\n", port);
    if (door) {
        entry(out, "OutgoingMailServerUsername", address);
        buf_puts(out, "<key>OutgoingPasswordSameAsIncomingPassword</key><true/>\n");
    }
    buf_puts(out, "<key>OutgoingMailServerUseSSL</key><true/>\n");
}

static void put_account(const struct autoconfig *c, struct str address, struct buf *out)
{
    const struct autoconfig_door *door = &c->doors[0];
    buf_puts(out, "<dict>\n");
    entry(out, "PayloadType", S("com.apple.mail.managed"));
    put_identity(out, "account", address);
    entry(out, "EmailAccountType", str_c(protocols[door->protocol].apple));
    entry(out, "EmailAccountDescription", address);
    entry(out, "EmailAddress", address);
    entry(out, "IncomingMailServerAuthentication", S("EmailAuthPassword"));
    entry(out, "IncomingMailServerHostName", c->hostname);
    buf_printf(out, "<key>IncomingMailServerPortNumber</key><integer>%u</integer>\n", door->port);
    entry(out, "IncomingMailServerUsername", address);
    buf_puts(out, "<key>IncomingMailServerUseSSL</key><true/>\n");
    put_apple_outgoing(c, address, out);
    buf_puts(out, "</dict>\n");
}

void autoconfig_apple(const struct autoconfig *c, struct str address, struct buf *out)
{
    buf_puts(out, XML "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                      "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n");
    entry(out, "PayloadType", S("Configuration"));
    entry(out, "PayloadDisplayName", address);
    put_identity(out, "profile", address);
    buf_puts(out, "<key>PayloadContent</key>\n<array>\n");
    if (c->doors_n > 0 && c->doors[0].protocol != AUTOCONFIG_SMTP)
        put_account(c, address, out);
    buf_puts(out, "</array>\n</dict>\n</plist>\n");
}
