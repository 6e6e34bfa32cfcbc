/* Names that an opened box keeps (auth.h); nobody but opened.c includes this. */
#pragma once
#include "core/auth.h"

void opened_names_wipe(struct opened *o);
void opened_names_event(struct opened *o, const struct event *e); /* of this box, EVENT_FOLDER_CHANGED */
