/* Boxes that mail was lately addressed to: public half, lease and key window, so that a mail need not ask the store
 * again and one X25519 seal serves ten minutes or 64 messages. Of one loop; bounded; wiped when a box ends or changes
 * its keys. */
#pragma once
#include "base/map.h"
#include "core/event.h"
#include "core/seal.h"

struct known {
    struct box_id id;
    uint8_t pub[KEY_N];
    uint32_t generation;
    uint8_t *lease; /* a cell */
    struct seal_window window;
    int64_t used_ms;
    struct list link; /* least recently used first */
};
struct known_boxes {
    struct loop *loop;
    struct event_hub *hub;
    struct map by_id;
    struct list lru;
    struct event_listener events;
    struct timer sweep;
};
void known_init(struct known_boxes *k, struct loop *l, struct event_hub *hub);
void known_fini(struct known_boxes *k);
struct known *known_find(struct known_boxes *k, const struct box_id *id);
/* Adds or refreshes from what the store says; NULL when memory or locked cells are out. */
struct known *known_put(struct known_boxes *k, const struct store_box *box, const uint8_t lease[KEY_N]);
/* A window with room for one more message; counts it. */
[[nodiscard]] enum err known_window(struct known_boxes *k, struct known *b);
