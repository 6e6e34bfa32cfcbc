/* The configuration file, by libconfuse, which is met here only. */
#pragma once
#include "base/buf.h"

/* Gives take() each setting of the file with its values and "file:line"; complaints go to errors, a line each. */
void config_file_read(const char *file, struct buf *errors,
                      void (*take)(void *ctx, size_t row, const struct str *values, size_t n, const char *source),
                      void *ctx);
