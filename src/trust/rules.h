/* What can be seen of a message without having learned anything: a table of rules with fixed weights, for the time
 * before a filter is trained, and against what a learner does not see. Linear in the message, no DNS, any thread. */
#pragma once
#include "trust/content.h"

void rules_run(const struct content *c, struct symbols *out);
