/* Names and packets of the DNS. What comes out is within its limits, and an escaped name is a name again. */
#include "wire/dns_rr.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_packet(struct str packet, enum dns_type type)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct dns_records r;
    if (dns_records_parse(&a, packet, type, &r) != OK)
        return;
    must(r.n <= LIMIT_DNS_RECORDS);
    for (size_t i = 0; i < r.n; i++)
        must(r.v[i].data.p && r.v[i].data.n <= LIMIT_DNS_TEXT);
    uint32_t life_s;
    must(!dns_packet_life(packet, type, &life_s) || (life_s > 0 && life_s <= INT32_MAX));
    must((dns_record_owner(&a, packet, type).p != NULL) >= (r.n > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_BUF struct buf text = { .max = 4 * LIMIT_DNS_NAME + 4 };
    struct str in = str_of(data, n);
    if (dns_name_valid(in)) {
        dns_name_escape(&text, in);
        must(!text.failed);
    }
    check_packet(in, DNS_A);
    check_packet(in, DNS_AAAA);
    check_packet(in, DNS_TXT);
    check_packet(in, DNS_MX);
    check_packet(in, DNS_PTR);
    check_packet(in, DNS_TLSA);
    check_packet(in, DNS_SRV);
    return 0;
}
