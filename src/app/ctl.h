/* The operator's socket, <data_dir>/run/ctl.sock, mode 0600. A request is one line: a command and its arguments,
 * separated by blanks. The answer is "ok" or "error: why", a line end, then text; then the connection ends. */
#pragma once
#include "base/log.h"
#include "io/loop.h"

enum { CTL_LINE_MAX = 1024, CTL_ANSWER_MAX = 1 << 20 };

struct ctl;
struct ctl_req; /* one request; answered exactly once, by ctl_ok() or ctl_error(), now or on a later turn */
struct ctl_command {
    struct str name;
    void (*run)(void *ctx, struct ctl_req *r, struct str args); /* args are borrowed for the call */
};

[[nodiscard]] enum err ctl_start(struct loop *l, const char *path, const struct ctl_command *commands, size_t n,
                                 void *ctx, struct ctl **out);
void ctl_stop(struct ctl *c); /* NULL is fine; unlinks the socket; requests not yet answered are answered to nobody */
void ctl_ok(struct ctl_req *r, struct str text);
void ctl_error(struct ctl_req *r, const char *why);

/* The other end: sends the line, copies the answer's text to stdout, or why not to stderr. The exit code: 0, 1, 2
 * for wrong usage ("error: usage: ..."), or 3 when no server answers there (then nothing is printed if quiet). */
int ctl_ask(const char *path, const char *line, bool quiet);
