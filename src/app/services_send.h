/* The options of core/send: a->keys, a->send and a->operator_outq. */
#pragma once
#include "app/services_own.h"
#include "core/send_shared.h"
#include "core/sign.h"

[[nodiscard]] enum err services_send_shared(struct app *a);
/* Of one loop; false: off. */
bool services_forwarding(struct app *a, struct loop *loop, struct outq *outq, struct forwarding *out);
void services_send_shared_free(struct app *a);
[[nodiscard]] enum err services_send(struct services *s, struct loop *loop, struct intake_budget *budget); /* s->send */
