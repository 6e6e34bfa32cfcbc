/* How a mail program sets itself up: Thunderbird's autoconfig, Outlook's autodiscover (XML and JSON), Apple's profile.
 * All of them are printed from one list of doors, and so is "services" of GET /domains. */
#pragma once
#include "serve/http.h"
#include "wire/mta_sts.h"

enum autoconfig_protocol { AUTOCONFIG_IMAP, AUTOCONFIG_POP3, AUTOCONFIG_SMTP }; /* a row each in autoconfig.c */
struct autoconfig_door { /* the first of a protocol is what we would choose; incoming ones come first */
    const char *name;    /* as the page calls it: "pop3s" */
    enum autoconfig_protocol protocol;
    uint32_t port;
    bool starttls; /* false: TLS from the first octet on */
};
struct autoconfig { /* borrowed, read-only */
    struct str hostname;
    const struct str *domains;
    size_t domains_n;
    const struct autoconfig_door *doors;
    size_t doors_n;
    uint32_t https_port; /* 0: there is none, and no JSON that points there */
    uint32_t smtp_port;  /* of the MX; 0: there is none */
    enum sts_mode sts;   /* what other servers are told of mail to us, RFC 8461 */
};

/* {"pop3s": {"host": …, "port": …, "tls": "tls" or "starttls"}, …} */
void autoconfig_services(const struct autoconfig *c, struct buf *out);
/* ctx is a struct api *, which has the struct autoconfig. */
extern const struct http_route autoconfig_routes[];
extern const size_t autoconfig_routes_n;

/* The documents themselves. address is of ours, in its form for look-up. */
void autoconfig_thunderbird(const struct autoconfig *c, struct buf *out);
void autoconfig_outlook(const struct autoconfig *c, struct str address, struct buf *out);
void autoconfig_apple(const struct autoconfig *c, struct str address, struct buf *out);
