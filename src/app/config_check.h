/* The configuration as a whole, once each setting is good by itself. Complaints are one line each, as in config.h. */
#pragma once
#include "app/config.h"

void config_check_together(const struct config *c, struct buf *errors);
void config_note_together(const struct config *c, struct buf *notes); /* what does nothing, or is dangerous */
/* Files that settings name and the server reads at start; the default of a setting may be missing. One that only
 * another user may read is but noted. */
void config_check_files(const struct config *c, struct buf *errors, struct buf *notes);
/* A trust.prior that cannot be used. One that only another user may read is but noted: the server passes it over and
 * says so in its log. */
void config_check_prior(const struct config *c, struct buf *errors, struct buf *notes);
