/* Block lists at connect: asked when the connection comes, while it says hello; known by its first recipient as a rule,
 * and then only waited for. Nothing of it is kept but yes or no. */
#pragma once
#include "serve/smtp_in_guard.h"
#include "trust/dnsbl.h"

struct smtp_in_listed;
/* NULL: there are no lists, the client is on no public network, or memory is out: nobody is listed then. done is called
 * once, on a later turn, unless it is stopped first. */
struct smtp_in_listed *smtp_in_listed_start(const struct smtp_in_guard *g, struct loop *loop, const struct ip *ip,
                                            void (*done)(void *ctx), void *ctx);
void smtp_in_listed_stop(struct smtp_in_listed *l); /* NULL is fine, here and below */
bool smtp_in_listed_pending(const struct smtp_in_listed *l);
bool smtp_in_listed(const struct smtp_in_listed *l); /* false while it is not known */
