/* DNS names and answers (RFC 1035): a name as a question has it, and the records of an answer's packet. What a
 * stranger's zone says is bytes like any other: bounded, and shown nowhere as they are. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_SRV = 33, DNS_TLSA = 52 };
enum {
    LIMIT_DNS_RECORDS = 100,    /* of one answer; real ones stay below fifty */
    LIMIT_DNS_NAME = 253,       /* as text; RFC 1035 section 3.1 has 255 on the wire */
    LIMIT_DNS_LABEL = 63,       /* section 2.3.4 */
    LIMIT_DNS_TEXT = 16 * 1024, /* of one TXT record, its strings joined */
};

struct dns_record {
    struct str data; /* A, AAAA: 4 or 16 octets; MX, PTR, SRV: the name, lower-case, no dot at its end ("" is the root);
                        TXT: its strings joined, any octets; TLSA: its octets */
    uint16_t preference; /* MX; SRV: its priority */
    uint16_t port;       /* SRV */
};
struct dns_records {
    struct dns_record *v; /* in the arena */
    size_t n;
};

/* May it be asked for? Labels of 1 to 63 octets, 253 in all, one dot at the end allowed; any octets. */
bool dns_name_valid(struct str name);
/* As master files have it (RFC 1035 section 5.1): what is no letter, digit, hyphen or underscore is escaped. */
void dns_name_escape(struct buf *out, struct str name);
/* Those records of the answer section that have the type, whoever their owner is: a resolver has followed the aliases.
 * Records beyond the limits and such as cannot be read are left out. ERR_BAD when it is no DNS packet. */
[[nodiscard]] enum err dns_records_parse(struct arena *a, struct str packet, enum dns_type type,
                                         struct dns_records *out);
/* For how many seconds an answer to a question of that type may be kept: the least TTL of what it says (RFC 1035
 * section 3.2.1), and of the SOA that must come with the word that there is no such name or record (RFC 2308 section
 * 5). False: not at all. */
bool dns_packet_life(struct str packet, enum dns_type type, uint32_t *seconds);
/* The name that the first such record has: another than was asked for when aliases led to it. {NULL, 0}: there is none,
 * or no memory. */
struct str dns_record_owner(struct arena *a, struct str packet, enum dns_type type);
