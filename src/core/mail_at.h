/* From where mail is changed: a loop, the store, who is to be told, and the opened box it is about. Borrowed for the
 * call it is given to; what was begun keeps its own reference to the box. */
#pragma once
#include "core/auth.h"

struct mail_at {
    struct store *store;
    struct event_hub *hub;
    struct loop *loop;
    struct opened *opened;
};
