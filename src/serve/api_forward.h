/* A mailbox's forwarding over REST. */
#pragma once
#include "serve/api.h"

void api_put_forward(struct json_out *o, const struct api *a,
                     const struct opened *box);          /* "forward": {"to", "confirmed"} or null */
bool api_forward(struct http_req *r, struct json_in *j); /* what PATCH says of it; false: answered */
