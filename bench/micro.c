/* Micro-benchmarks: micro GROUP [ARGUMENTS…]. Each line it prints is a figure with its unit; machine and commit are
 * noted by who keeps the result (bench/RESULTS.md). */
#include "micro.h"
#include "base/rand.h"
#include "base/secret.h"
#include "base/util.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} groups[] = {
    { "store", micro_store, "DIR [SECONDS [SIZE]]: append, list, get, read of the embedded store" },
    { "mail", micro_mail, "FILE [TIMES]: one message understood, packed, sealed" },
    { "learner", micro_learner, "TIMES FILE…: messages hashed and judged" },
    { "fill", micro_fill,
      "DIR BOXES MESSAGES SECONDS DOMAIN [SLOTS]: a stopped daemon's store, full, all ending SECONDS from now" },
    { "ends", micro_ends, "DIR BOXES MESSAGES: all boxes end together while mail comes in" },
};

int main(int argc, char **argv)
{
    if (rand_start() != OK || secret_start(64) != OK)
        return 1;
    for (size_t i = 0; argc > 1 && i < COUNT(groups); i++)
        if (strcmp(argv[1], groups[i].name) == 0)
            return groups[i].run(argc - 2, argv + 2);
    for (size_t i = 0; i < COUNT(groups); i++)
        fprintf(stderr, "micro %s %s\n", groups[i].name, groups[i].help);
    return 2;
}
