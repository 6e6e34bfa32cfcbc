/* Refused for who asks, whatever the name (a block list has the client): there the name is not looked up before the
 * answer, nor while the connection stands, so that neither words nor time nor counts say whether there is such a box.
 * Whoever has it is told behind that. */
#pragma once
#include "base/list.h"
#include "core/deliver.h"

struct smtp_in_late;
struct smtp_in_all_late { /* of one loop */
    struct deliver *deliver;
    struct list list; /* struct smtp_in_late, those that are looked up */
};
/* For who has mailbox: copies it and a's domain; a's other texts are static. NULL: no memory, nobody is told. */
struct smtp_in_late *smtp_in_late_new(struct str mailbox, const struct arrival *a);
/* The connection has gone: now. Takes l; NULL is fine. */
void smtp_in_late_start(struct smtp_in_late *l, struct smtp_in_all_late *all);
void smtp_in_late_cancel_all(struct smtp_in_all_late *all); /* the loop has stopped */
