/* `mayfly verify`: the trust checks on one message or one SPF question from the command line, with the code that
 * serves. The verdict is the first word printed. */
#pragma once
#include "app/config.h"

#define VERIFY_USAGE                                                                                                   \
    "spf|dkim|arc|message [--dns ADDR:PORT] [--ip ADDRESS] [--helo NAME] [--from ADDRESS]\n"                           \
    "       [--now SECONDS] [--sealer DOMAIN] [--server NAME] [FILE|-]"
/* The exit status: 0 when there is a verdict, whatever it is. */
int verify_run(const struct config *c, char **args, int n);
