/* /compat/mailtm: the shape of mail.tm's interface (research/features.md section 4.1) for programs written against it.
 * An account is a mailbox with a password; ids are ours. */
#pragma once
#include "serve/api.h"
extern const struct http_route compat_mailtm_routes[];
extern const size_t compat_mailtm_routes_n;
void compat_mailtm_problem(struct http_req *r, int status, const char *code, const char *detail);
