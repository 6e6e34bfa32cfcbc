/* The inbox without JavaScript, for w3m, lynx and old machines. Pages are answers to forms that carry the token as a
 * hidden field: no cookie, no token in an address. */
#pragma once
#include "serve/api.h"
extern const struct http_route lite_routes[];
extern const size_t lite_routes_n;
/* What goes wrong on its way, as a page. */
void lite_problem(struct http_req *r, int status, const char *code, const char *detail);
