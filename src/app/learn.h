/* `mayfly learn` and `mayfly classify`: the learner from the command line, with the code that serves. */
#pragma once
#include "app/config.h"

#define LEARN_USAGE "[--prior OUT | --model FILE] (--ham|--spam PATH...)... | --index FILE"
#define CLASSIFY_USAGE "[--model FILE] [--prior FILE] [--rules] [--online] ([--ham|--spam] PATH...)... | --index FILE"

int learn_run(const struct config *c, char **args, int n);
/* Prints "path label score" for each message: a score above 0 speaks for junk. --online teaches each after that, in
 * memory only. */
int classify_run(const struct config *c, char **args, int n);
