/* Requests outlive their connections: a client that went away leaves r->conn NULL, and the answer goes nowhere. */
#include "app/ctl.h"
#include "base/buf.h"
#include "io/conn.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CTL_CLIENT_MS = 60 * 1000, CTL_BACKLOG = 16, EXIT_USAGE = 2, EXIT_NOBODY = 3 };

struct ctl {
    struct watch watch;
    struct loop *loop;
    const struct ctl_command *commands;
    size_t n;
    void *ctx;
    char *path;
};
struct ctl_req {
    struct ctl *ctl;
    struct conn *conn; /* NULL: gone */
    bool asked, answered;
};

static void answer(struct ctl_req *r, const char *head, struct str text)
{
    r->answered = true;
    if (!r->conn) {
        free(r);
        return;
    }
    conn_write(r->conn, str_c(head));
    conn_write(r->conn, S("\n"));
    conn_write(r->conn, text);
    conn_finish(r->conn); /* closed() frees the request */
}

void ctl_ok(struct ctl_req *r, struct str text) { answer(r, "ok", text); }

void ctl_error(struct ctl_req *r, const char *why)
{
    char head[256];
    snprintf(head, sizeof head, "error: %s", why);
    answer(r, head, (struct str){ 0 });
}

static void run(struct ctl_req *r, struct str line)
{
    struct str args, name = str_word(str_trim(line), &args);
    const struct ctl *c = r->ctl;
    for (size_t i = 0; i < c->n; i++)
        if (str_eq(name, c->commands[i].name)) {
            c->commands[i].run(c->ctx, r, args);
            return;
        }
    ctl_error(r, "no such command");
}

static size_t on_input(void *ctx, struct str data)
{
    struct ctl_req *r = ctx;
    size_t end = str_chr(data, '\n');
    if (r->asked || end == STR_NONE)
        return 0;
    r->asked = true;
    conn_pause(r->conn);
    run(r, str_sub(data, 0, end));
    return end + 1;
}

static void on_closed(void *ctx, const char *)
{
    struct ctl_req *r = ctx;
    r->conn = NULL;
    if (r->answered || !r->asked)
        free(r);
}

static const struct conn_ops client_ops = { .input = on_input, .closed = on_closed };

static void on_client(struct watch *w)
{
    struct ctl *c = CONTAINER_OF(w, struct ctl, watch);
    int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct ctl_req *r = fd < 0 ? NULL : calloc(1, sizeof *r);
    if (!r) {
        util_close_fd(&fd);
        return;
    }
    r->ctl = c;
    struct conn_opts o = { .in_max = CTL_LINE_MAX, .out_max = CTL_ANSWER_MAX + 512, .deadline_ms = CTL_CLIENT_MS };
    if (conn_new(c->loop, fd, &client_ops, r, &o, &r->conn) != OK)
        free(r);
}

static bool address_of(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof out->sun_path)
        return false;
    memcpy(out->sun_path, path, strlen(path));
    return true;
}

enum err ctl_start(struct loop *l, const char *path, const struct ctl_command *commands, size_t n, void *ctx,
                   struct ctl **out)
{
    struct sockaddr_un at;
    if (!address_of(path, &at))
        return ERR_BAD; /* the kernel's 107 octets */
    (void)unlink(path); /* left by one that was killed; the data folder's lock says that it is ours */
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0600) != 0 ||
        listen(fd, CTL_BACKLOG) != 0)
        return ERR_IO;
    struct ctl *c = calloc(1, sizeof *c);
    if (!c)
        return ERR_IO;
    *c = (struct ctl){ .loop = l, .commands = commands, .n = n, .ctx = ctx, .path = strdup(path) };
    if (!c->path || watch_start(&c->watch, l, fd, on_client) != OK) {
        free(c->path);
        free(c);
        return ERR_IO;
    }
    (void)KEEP(fd);
    *out = c;
    return OK;
}

void ctl_stop(struct ctl *c)
{
    if (!c)
        return;
    int fd = c->watch.fd;
    watch_stop(&c->watch);
    util_close_fd(&fd);
    (void)unlink(c->path);
    free(c->path);
    free(c);
}

/* ---- the client ---- */
static bool send_line(int fd, const char *line)
{
    struct str s = str_c(line);
    return send(fd, s.p, s.n, MSG_NOSIGNAL) == (ssize_t)s.n && send(fd, "\n", 1, MSG_NOSIGNAL) == 1;
}

static bool receive(int fd, struct buf *out)
{
    ssize_t n = 1;
    while (n > 0) {
        char *room = buf_reserve(out, 4096);
        n = room ? recv(fd, room, 4096, 0) : -1;
        out->n += n > 0 ? (size_t)n : 0;
    }
    return n == 0;
}

int ctl_ask(const char *path, const char *line, bool quiet)
{
    struct sockaddr_un at;
    AUTO_BUF struct buf said = { .max = CTL_ANSWER_MAX + 4096 };
    AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !address_of(path, &at) || connect(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        !send_line(fd, line) || !receive(fd, &said) || said.n == 0) {
        if (!quiet)
            fprintf(stderr, "mayfly: nobody answers at %s: is the server running, and is server.data_dir the same?\n",
                    path);
        return EXIT_NOBODY;
    }
    struct str text, head = str_line(buf_str(&said), &text);
    bool good = str_eq(head, S("ok"));
    if (good)
        fwrite(text.p ? text.p : "", 1, text.n, stdout);
    else if (!quiet)
        fprintf(stderr, "mayfly: %.*s\n", STR_FMT(head));
    return good ? 0 : str_starts(head, S("error: usage: ")) ? EXIT_USAGE : 1;
}
