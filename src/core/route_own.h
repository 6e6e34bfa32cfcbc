/* What route.c and route_reach.c share. */
#pragma once
#include "core/route.h"

struct router {
    struct router_opts o;
};
