/* The packet is walked by libresolv's ns_* functions, which know compression; a name that does not fit or points astray
 * costs its record alone. */
#include "wire/dns_rr.h"
#include <arpa/nameser.h>
#include <string.h>

bool dns_name_valid(struct str name)
{
    if (str_ends(name, S(".")))
        name.n--;
    if (name.n == 0 || name.n > LIMIT_DNS_NAME || str_ends(name, S(".")))
        return false;
    for (struct str rest = name; rest.n > 0;) {
        struct str label = str_cut(rest, '.', &rest);
        if (label.n == 0 || label.n > LIMIT_DNS_LABEL)
            return false;
    }
    return true;
}

static bool is_plain(char c)
{
    char l = char_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

void dns_name_escape(struct buf *out, struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (is_plain(name.p[i]))
            buf_putc(out, name.p[i]);
        else
            buf_printf(out, "\\%03u", (unsigned char)name.p[i]);
}

static struct str name_kept(struct arena *a, char *text)
{
    for (char *p = text; *p; p++)
        *p = char_lower(*p);
    struct str name = str_c(text);
    return arena_dup(a, str_eq(name, S(".")) ? S("") : name);
}

static struct str name_of(struct arena *a, const ns_msg *m, const uint8_t *at)
{
    char text[NS_MAXDNAME];
    if (ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), at, text, sizeof text) < 0)
        return (struct str){ NULL, 0 };
    return name_kept(a, text);
}

/* Character-strings, one behind the other: joined without blanks (RFC 7208 section 3.3, RFC 6376 section 3.6.2.2). */
static struct str text_of(struct arena *a, struct str rdata)
{
    AUTO_BUF struct buf text = { .max = LIMIT_DNS_TEXT };
    while (rdata.n > 0) {
        size_t n = (uint8_t)rdata.p[0];
        if (n + 1 > rdata.n)
            return (struct str){ NULL, 0 };
        buf_put(&text, str_sub(rdata, 1, n));
        rdata = str_from(rdata, n + 1);
    }
    return text.failed ? (struct str){ NULL, 0 } : arena_dup(a, text.n ? buf_str(&text) : S(""));
}

static struct str octets_of(struct arena *a, struct str rdata, size_t n)
{
    return rdata.n == n ? arena_dup(a, rdata) : (struct str){ NULL, 0 };
}

static uint16_t number_at(struct str rdata, size_t i)
{
    return (uint16_t)((uint8_t)rdata.p[i] << 8 | (uint8_t)rdata.p[i + 1]);
}

static struct dns_record record_of(struct arena *a, const ns_msg *m, const ns_rr *rr, enum dns_type type)
{
    struct dns_record r = { .data = { NULL, 0 } };
    struct str rdata = str_of(ns_rr_rdata(*rr), ns_rr_rdlen(*rr));
    switch (type) {
    case DNS_A:
        r.data = octets_of(a, rdata, 4);
        break;
    case DNS_AAAA:
        r.data = octets_of(a, rdata, 16);
        break;
    case DNS_TXT:
        r.data = text_of(a, rdata);
        break;
    case DNS_TLSA:
        r.data = rdata.n <= LIMIT_DNS_TEXT ? arena_dup(a, rdata) : (struct str){ NULL, 0 };
        break;
    case DNS_PTR:
        r.data = name_of(a, m, ns_rr_rdata(*rr));
        break;
    case DNS_MX:
        if (rdata.n < 3)
            break;
        r.preference = number_at(rdata, 0);
        r.data = name_of(a, m, ns_rr_rdata(*rr) + 2);
        break;
    case DNS_SRV: /* RFC 2782: priority, weight, port, target */
        if (rdata.n < 7)
            break;
        r.preference = number_at(rdata, 0);
        r.port = number_at(rdata, 4);
        r.data = name_of(a, m, ns_rr_rdata(*rr) + 6);
        break;
    }
    return r;
}

enum err dns_records_parse(struct arena *a, struct str packet, enum dns_type type, struct dns_records *out)
{
    ns_msg m;
    struct dns_records got = { .v = arena_array(a, LIMIT_DNS_RECORDS, sizeof *got.v) };
    if (!got.v)
        return ERR_FULL;
    if (packet.n > NS_MAXMSG || ns_initparse((const uint8_t *)packet.p, (int)packet.n, &m) != 0)
        return ERR_BAD;
    int n = ns_msg_count(m, ns_s_an);
    for (int i = 0; i < n && got.n < LIMIT_DNS_RECORDS; i++) {
        ns_rr rr;
        if (ns_parserr(&m, ns_s_an, i, &rr) != 0)
            break;
        if ((int)ns_rr_type(rr) != (int)type || ns_rr_class(rr) != ns_c_in)
            continue;
        struct dns_record r = record_of(a, &m, &rr, type);
        if (r.data.p)
            got.v[got.n++] = r;
    }
    *out = got;
    return OK;
}

/* A TTL with its highest bit set counts as none (RFC 2181 section 8). */
static uint32_t life_of(const ns_rr *rr)
{
    uint32_t ttl = ns_rr_ttl(*rr);
    return ttl > INT32_MAX ? 0 : ttl;
}

bool dns_packet_life(struct str packet, enum dns_type type, uint32_t *seconds)
{
    static const ns_sect sections[] = { ns_s_an, ns_s_ns };
    ns_msg m;
    ns_rr rr;
    uint32_t least = UINT32_MAX;
    bool said = false;
    if (packet.n > NS_MAXMSG || ns_initparse((const uint8_t *)packet.p, (int)packet.n, &m) != 0)
        return false;
    for (size_t s = 0; s < COUNT(sections); s++)
        for (int i = 0; i < ns_msg_count(m, sections[s]); i++) {
            if (ns_parserr(&m, sections[s], i, &rr) != 0)
                return false;
            least = MIN(least, life_of(&rr));
            said = said || (int)ns_rr_type(rr) == (sections[s] == ns_s_an ? (int)type : (int)ns_t_soa);
        }
    *seconds = least;
    return said && least > 0;
}

struct str dns_record_owner(struct arena *a, struct str packet, enum dns_type type)
{
    ns_msg m;
    ns_rr rr;
    if (packet.n > NS_MAXMSG || ns_initparse((const uint8_t *)packet.p, (int)packet.n, &m) != 0)
        return (struct str){ NULL, 0 };
    for (int i = 0; i < ns_msg_count(m, ns_s_an) && ns_parserr(&m, ns_s_an, i, &rr) == 0; i++)
        if ((int)ns_rr_type(rr) == (int)type)
            return name_kept(a, rr.name);
    return (struct str){ NULL, 0 };
}
