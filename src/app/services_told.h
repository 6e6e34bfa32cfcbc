/* What mail programs and the page are told of the ports that really listen. */
#pragma once
#include "app/context.h"
#include "serve/autoconfig.h"

struct services_told {
    struct autoconfig_door doors[8];
    struct autoconfig autoconfig; /* borrows doors */
    struct str services_json;     /* in the app's arena */
};
void services_told_fill(struct app *a,
                        struct services_told *s); /* once everything listens; s does not move afterwards */
