/* Names that thieves borrow: whom a sender or a link may be taken for. */
#pragma once
#include "base/str.h"

/* The text has the name of a brand in it, as words, and the organisational domain is none of that brand's. */
bool brand_claimed(struct str text, struct str org);
/* The first label of org looks like a brand's domain, but is not it: "paypa1", "arnazon", "paypal-login". */
bool brand_mimicked(struct str org);
/* A brand's domain stands within the name, below another's: "paypal.com.example". */
bool brand_below(struct str host, struct str org);
