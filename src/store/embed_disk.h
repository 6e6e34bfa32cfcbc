/* Room on the disk: below the reserve intake stops; a preallocated ballast file is given up when even a deletion finds
 * no room, and taken again when there is some. */
#pragma once
#include "store/embed_state.h"

struct disk;
[[nodiscard]] enum err disk_new(struct store *st, struct disk **out);
void disk_free(struct disk *d);
/* Before there is a struct disk: gives the ballast in `dir` up, when there is one. */
bool disk_drop_ballast(const char *dir);
void disk_full(struct disk *d);  /* any thread */
void disk_check(struct disk *d); /* the maintenance thread, each second */
