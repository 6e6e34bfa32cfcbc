/* Steps of the start, each of which needs those before it; app.c has their order. They log why they fail. */
#pragma once
#include "app/context.h"

const char *start_path(struct app *a, const char *rest); /* <data_dir>/rest */
[[nodiscard]] enum err start_log(struct app *a);
[[nodiscard]] enum err start_data_dir(struct app *a);
[[nodiscard]] enum err start_limits(struct app *a);
/* The lists of networks of c, at start and at each SIGHUP. ERR_BAD: host bits behind the prefix; then all stays. */
[[nodiscard]] enum err start_access(struct app *a, const struct config *c);
[[nodiscard]] enum err start_loops(struct app *a);
[[nodiscard]] enum err start_listeners(struct app *a);
[[nodiscard]] enum err start_certificate(struct app *a);
[[nodiscard]] enum err start_carrying(struct app *a);
[[nodiscard]] enum err start_fetcher(struct app *a);
[[nodiscard]] enum err start_charsets(struct app *a);
[[nodiscard]] enum err start_user(struct app *a);
[[nodiscard]] enum err start_owned(struct app *a);
[[nodiscard]] enum err start_scanning(struct app *a);
[[nodiscard]] enum err start_files(struct app *a);
[[nodiscard]] enum err start_own_pair(struct app *a); /* its paths in the context; made when it is missing */
[[nodiscard]] enum err start_self_signed(struct app *a);
[[nodiscard]] enum err start_secrets(struct app *a);
[[nodiscard]] enum err start_hub(struct app *a);
[[nodiscard]] enum err start_forwards(struct app *a); /* before the store, which may tell of boxes that have ended */
[[nodiscard]] enum err start_said(struct app *a);     /* likewise */
[[nodiscard]] enum err start_store(struct app *a);
[[nodiscard]] enum err start_teacher(struct app *a);
enum err start_pools(struct app *a);
[[nodiscard]] enum err start_dns(struct app *a);
[[nodiscard]] enum err start_operator(struct app *a);
[[nodiscard]] enum err start_syscalls(struct app *a);
