/* What the operator may ask of a running server (ctl.h): box, stats, drain, clock, backup, ready. */
#pragma once
#include "app/context.h"
#include "app/ctl.h"

extern const struct ctl_command operate_commands[]; /* run with the struct app as ctx */
extern const size_t operate_commands_n;
