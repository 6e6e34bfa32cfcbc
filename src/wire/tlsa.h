/* TLSA records (RFC 6698) as SMTP takes them (RFC 7672 section 3.1): DANE-TA and DANE-EE, by full data or by digest.
 * Others are unusable, which is not the same as absent: TLS stays a must, only nobody is proven. */
#pragma once
#include "base/str.h"

enum { LIMIT_TLSA = 32 /* usable records of one host; real ones have a handful */, LIMIT_TLSA_BYTES = 16 * 1024 };
enum tlsa_usage { TLSA_DANE_TA = 2, TLSA_DANE_EE = 3 };
struct tlsa {
    uint8_t usage, selector, match;
    struct str data;
};
/* rdata as it was in the answer. False: no TLSA record at all, or one that SMTP has no use for. *out borrows from it,
 * and is written on true alone. */
bool tlsa_parse(struct str rdata, struct tlsa *out);
