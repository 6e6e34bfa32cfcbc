/* The page that a link to forwarding opens. It asks with a form, since programs that look through mail follow links. */
#pragma once
#include "serve/api.h"

extern const struct http_route forward_routes[];
extern const size_t forward_routes_n;
