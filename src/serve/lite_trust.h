/* What /lite says of trust: whether a sender's name may be believed, and what was kept out. Appends HTML. */
#pragma once
#include "serve/api.h"

/* Of a message's summary. */
void lite_put_trust(struct buf *b, struct json_in *j);
/* The last attempts on the request's box, or nothing. */
void lite_put_attempts(struct buf *b, struct http_req *r);
