/* The folder of signing keys, <data_dir>/dkim: a file a domain, readable by the server alone. */
#pragma once
#include "app/context.h"
#include "core/sign_file.h"

/* At start: the keys of each domain that has some; one without is said. */
[[nodiscard]] enum err domain_keys_load(struct app *a);
/* ERR_GONE: none yet; ERR_BAD: no file of ours. sign_domain_fini() is due on OK. */
[[nodiscard]] enum err domain_keys_read(struct app *a, struct str domain, struct sign_domain *out);
/* A copy of those that there are, as they are on the disk, in to_dir/dkim. */
[[nodiscard]] enum err domain_keys_backup(struct app *a, struct str to_dir);
/* Durable, then in use. */
[[nodiscard]] enum err domain_keys_save(struct app *a, struct str domain, const struct sign_domain *d);
