/* SIGHUP: the configuration and the certificate are read again. What cannot be taken over while serving is named in the
 * log, and a configuration with an error changes nothing. */
#pragma once
#include "app/context.h"

void reload(struct app *a); /* main thread */
