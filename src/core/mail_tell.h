/* The events of messages and folders, each made in one place; those of messages on the store's thread, see event.h, and
 * not at all when nobody listens to any box. What finds no memory is not told: listeners see it at their next look. */
#pragma once
#include "core/event.h"

/* One that was stored as `it` of `a`. */
void mail_tell_new(struct event_hub *h, const struct store_append *a, const struct store_append_item *it,
                   struct str summary);
/* from: where it was, NULL when it was not moved. */
void mail_tell_changed(struct event_hub *h, const struct box_id *box, const struct store_row *row,
                       const struct store_gone *from);
void mail_tell_gone(struct event_hub *h, const struct box_id *box, const struct store_gone *gone, size_t n);
/* of: as it is now, or was. was: the name before, of a renamed one. */
void mail_tell_folder(struct event_hub *h, const struct box_id *box, const struct store_folder *of,
                      enum event_folder change, struct str name, struct str was);
