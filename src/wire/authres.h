/* Authentication-Results (RFC 8601): reading what others say, writing a value that holds together, and taking out what
 * claims to be ours. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

/* Whose results they are; comments passed over, quotes taken off. ERR_BAD: no such thing at the front of raw. */
[[nodiscard]] enum err authres_server(struct str raw, struct str *id, struct str *rest);
/* The first result of a method (rest: behind the server's name): its word, and the value of one of its properties
 * ("header.from"), empty when there is none. False: the method is not there. Total, linear. */
bool authres_find(struct str rest, struct str method, struct str property, struct str *result, struct str *value);
/* A value as a token, or quoted when it is none; what is not printable ASCII becomes '?'. */
void authres_put_value(struct buf *out, struct str value);
/* Takes out of a message's header every Authentication-Results that names this server, in any way of writing it, or
 * whose server nobody can read (RFC 8601 section 5); also behind lines that are no field, up to the first empty line.
 * How many that were. */
size_t authres_strip(struct buf *msg, struct str server);
