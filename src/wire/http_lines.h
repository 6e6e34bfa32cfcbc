/* The lines of a head, a request's and an answer's alike: for http.c and http_answer.c. */
#pragma once
#include "wire/http.h"

struct http_fault {
    int status;
    const char *why;
};
enum err http_bad(struct http_fault *f, int status, const char *why); /* ERR_BAD */
bool http_is_token(struct str s);                                     /* RFC 9110 section 5.6.2 */
/* Length of the head with its empty line, the offset of its first line, and how many fields it has. ERR_MORE, ERR_BAD.
 */
[[nodiscard]] enum err http_find_end(struct str in, size_t *start, size_t *end, size_t *fields, struct http_fault *f);
