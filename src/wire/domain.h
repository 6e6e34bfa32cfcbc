/* Domain names: validity, IDNA (libidn2), organisational domains (libpsl). Both libraries are met here and nowhere
 * else. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum { LIMIT_DOMAIN = 253, LIMIT_LABEL = 63 }; /* RFC 1035 section 2.3.4, as text */

/* LDH labels (RFC 5321 section 4.1.2), no empty label, no trailing dot, lengths kept. A-labels are only looked at as
 * LDH. */
bool domain_valid(struct str ascii);
/* A domain_valid() name that cannot be an address, bare or as a literal: no top-level domain ends in a digit. So it may
 * be written down where a client's address may not (DESIGN P5). */
bool domain_is_name(struct str ascii);
/* Like domain_valid(), U-labels allowed: what domain_to_ascii() would take. */
bool domain_valid_utf8(struct str s);
/* The domain itself, or a name below it; any case. */
bool domain_is_within(struct str name, struct str domain);
/* The look-up form appended to out: lower-case A-labels (UTS 46 non-transitional, IDNA 2008), one trailing dot dropped.
 * ERR_BAD for anything that is no host name. */
[[nodiscard]] enum err domain_to_ascii(struct buf *out, struct str in);
/* The form to show: U-labels, each only where it converts back to the same A-label and mixes no scripts that a reader
 * takes for one another; else the label stays as it is. */
void domain_to_display(struct buf *out, struct str ascii);
/* The registrable part of an A-label domain ("a.b.co.uk" gives "b.co.uk"), a view into domain; the domain itself when
 * it is a public suffix or nothing is known. */
struct str domain_org(struct str domain);
bool domain_is_public_suffix(struct str domain);
