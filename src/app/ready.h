/* <data_dir>/run/ready.json: there once everything listens, with the addresses really bound, and gone again at the end.
 */
#pragma once
#include "app/context.h"

[[nodiscard]] enum err ready_write(const struct app *a, const char *path);
