/* The running daemon: everything in its order up, signals, and everything down again. */
#pragma once
#include "app/config.h"

/* Takes c (filled by config_load from these sources). Returns when the daemon has ended: the exit code. */
int app_serve(struct config *c, const struct config_sources *from);
