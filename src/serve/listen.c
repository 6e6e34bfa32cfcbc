/* From accept() to the protocol. A connection takes its place in the gate first, then, once it is known who it is (at
 * once, or after the PROXY header), in its network. A PROXY header is read straight from the socket and not one octet
 * more: what follows it belongs to the protocol. */
#include "serve/listen.h"
#include "base/secret.h"
#include "io/proxy.h"
#include "serve/farewell.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 64, PAUSE_MS = 100, BACKLOG = 4096 };

struct listen {
    struct loop *loop;
    const struct listen_opts *o;
    struct watch watch;
    struct timer again;  /* after a pause */
    struct list pending; /* connections whose PROXY header is not whole yet */
    struct farewells farewells;
    int fd, reserve; /* reserve: a descriptor to give up when there are no others */
    char address[NETWORK_ADDR_TEXT];
};

struct pending {
    struct list in;
    struct listen *l;
    struct watch watch;
    struct deadline deadline;
    struct sockaddr_storage sa;
    int fd;
    size_t n;
    char head[PROXY_HEAD_MAX];
};

bool listen_gate_stressed(const struct listen_gate *g)
{
    return g->max > 0 && atomic_load_explicit(&g->open, memory_order_relaxed) > g->max / 4 * 3;
}

bool listen_stressed(const struct listen *l) { return listen_gate_stressed(l->o->gate); }

static void count(_Atomic uint64_t *c) { atomic_fetch_add_explicit(c, 1, memory_order_relaxed); }

static bool gate_enter(struct listen_gate *g)
{
    uint32_t open = atomic_fetch_add_explicit(&g->open, 1, memory_order_relaxed);
    if (g->max == 0 || open < g->max)
        return true;
    atomic_fetch_sub_explicit(&g->open, 1, memory_order_relaxed);
    return false;
}

static void gate_leave(struct listen_gate *g) { atomic_fetch_sub_explicit(&g->open, 1, memory_order_relaxed); }

/* Is this network let in at all? Writes what is known about it into peer. */
static enum access_answer ask_access(const struct listen_opts *o, struct loop *loop, struct peer *peer,
                                     const struct sockaddr *sa)
{
    *peer = o->limit ? limit_peer(o->limit, sa) : (struct peer){ 0 };
    return o->access ? access_ask(o->access, o->side, peer, sa, loop_now_ms(loop)) : ACCESS_OPEN;
}

static void farewell_gone(void *ctx) { gate_leave(((struct listen *)ctx)->o->gate); }

static void turn_away(struct listen *l, int fd, _Atomic uint64_t *counter, struct str words)
{
    count(counter);
    if (words.n > 0 && l->o->asks_first && farewell_begin(&l->farewells, fd, words))
        return;
    gate_leave(l->o->gate);
    farewell_now(fd, words);
}

/* The connection has its place in the gate; now its network. */
static void admit(struct listen *l, int fd, const struct sockaddr *sa)
{
    const struct listen_opts *o = l->o;
    struct peer peer;
    enum access_answer is = ask_access(o, l->loop, &peer, sa);
    if (is == ACCESS_DENIED || is == ACCESS_BANNED) {
        turn_away(l, fd, &o->gate->refused_access, is == ACCESS_DENIED ? o->denied : o->banned);
    } else if (o->limit && limit_hold(o->limit, o->kind, &peer) != OK) {
        turn_away(l, fd, &o->gate->refused_network, o->network);
    } else {
        count(&o->gate->accepted);
        o->accept(o->ctx, l, fd, &peer, sa);
    }
}

enum err listen_pass(struct listen *l, const struct peer *peer)
{
    if (!l->o->limit)
        return OK;
    enum err e = limit_hold(l->o->limit, l->o->passed, peer);
    if (e == OK)
        limit_release(l->o->limit, l->o->kind, peer);
    return e;
}

static void give_back(struct listen *l, const struct peer *peer, enum limit_kind kind)
{
    if (l->o->limit)
        limit_release(l->o->limit, kind, peer);
    gate_leave(l->o->gate);
}

void listen_leave(struct listen *l, const struct peer *peer) { give_back(l, peer, l->o->passed); }
void listen_release(struct listen *l, const struct peer *peer) { give_back(l, peer, l->o->kind); }

enum err listen_move(struct listen *l, struct peer *peer, struct str host)
{
    struct sockaddr_storage sa;
    if (network_host_parse(host, &sa) != OK)
        return ERR_BAD;
    if (!l->o->limit)
        return OK;
    struct peer other;
    enum access_answer is = ask_access(l->o, l->loop, &other, (const struct sockaddr *)&sa);
    secret_wipe(&sa, sizeof sa);
    if (is == ACCESS_DENIED || is == ACCESS_BANNED)
        return ERR_DENIED;
    enum err e = limit_hold(l->o->limit, l->o->kind, &other);
    if (e != OK)
        return e;
    limit_release(l->o->limit, l->o->kind, peer);
    *peer = other;
    return OK;
}

/* ---- PROXY ---- */

static void pending_free(struct pending *p)
{
    watch_stop(&p->watch);
    loop_deadline_clear(p->l->loop, &p->deadline);
    list_del(&p->in);
    secret_wipe(p, sizeof *p); /* the header names the client */
    free(p);
}

static void pending_refuse(struct pending *p)
{
    count(&p->l->o->gate->refused_proxy);
    gate_leave(p->l->o->gate);
    close(p->fd);
    pending_free(p);
}

static void pending_late(struct deadline *d) { pending_refuse(CONTAINER_OF(d, struct pending, deadline)); }

/* Peeks, so that what is not of the header stays in the socket; then takes exactly what is. */
static enum err pending_read(struct pending *p, struct proxy_head *head)
{
    ssize_t got = recv(p->fd, p->head + p->n, sizeof p->head - p->n, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? ERR_MORE : ERR_IO;
    size_t all = p->n + (size_t)got, used = 0;
    enum err e = got == 0 ? ERR_BAD : proxy_parse(str_of(p->head, all), head, &used);
    if (e == ERR_MORE)
        used = all;
    if ((e != OK && e != ERR_MORE) || used < p->n)
        return ERR_BAD;
    if (recv(p->fd, p->head + p->n, used - p->n, MSG_DONTWAIT) != (ssize_t)(used - p->n))
        return ERR_IO;
    p->n = used;
    return e == ERR_MORE && p->n == sizeof p->head ? ERR_BAD : e;
}

static void pending_ready(struct watch *w)
{
    struct pending *p = CONTAINER_OF(w, struct pending, watch);
    struct proxy_head head;
    enum err e = pending_read(p, &head);
    if (e == ERR_MORE)
        return;
    if (e != OK) {
        pending_refuse(p);
        return;
    }
    struct listen *l = p->l;
    struct sockaddr_storage sa = head.local ? p->sa : head.src;
    int fd = p->fd;
    pending_free(p);
    admit(l, fd, (const struct sockaddr *)&sa);
    secret_wipe(&sa, sizeof sa); /* P5: an address does not outlive its use, not even on a stack */
    secret_wipe(&head, sizeof head);
}

static void wait_for_proxy(struct listen *l, int fd, const struct sockaddr_storage *sa)
{
    struct pending *p = calloc(1, sizeof *p);
    if (!p || watch_start(&p->watch, l->loop, fd, pending_ready) != OK) {
        free(p);
        gate_leave(l->o->gate);
        close(fd);
        return;
    }
    p->l = l;
    p->fd = fd;
    p->sa = *sa;
    p->deadline.fire = pending_late;
    list_add_tail(&l->pending, &p->in);
    loop_deadline(l->loop, &p->deadline, LISTEN_PROXY_MS);
}

static bool from_proxy(const struct listen_opts *o, const struct sockaddr *sa)
{
    for (size_t i = 0; i < o->proxies_n; i++)
        if (network_has(&o->proxies[i], sa))
            return true;
    return false;
}

/* ---- accept ---- */

static void arrived(struct listen *l, int fd, const struct sockaddr_storage *sa)
{
    if (!gate_enter(l->o->gate)) {
        count(&l->o->gate->refused_full);
        farewell_now(fd, l->o->full);
    } else if (from_proxy(l->o, (const struct sockaddr *)sa))
        wait_for_proxy(l, fd, sa);
    else
        admit(l, fd, (const struct sockaddr *)sa);
}

static void accept_ready(struct watch *w);

static void pause_accept(struct listen *l)
{
    watch_stop(&l->watch);
    timer_set(&l->again, PAUSE_MS);
}

static void resume_accept(struct timer *t)
{
    struct listen *l = CONTAINER_OF(t, struct listen, again);
    if (l->fd >= 0 && watch_start(&l->watch, l->loop, l->fd, accept_ready) != OK)
        timer_set(&l->again, PAUSE_MS);
}

/* No descriptor is left, and the one who waits would wake us for ever: give up the reserve, take him, tell him, and
 * take the reserve back. A dup() of our own socket does for a reserve, because the sandbox lets nothing be opened. */
static void accept_without_fds(struct listen *l)
{
    count(&l->o->gate->out_of_fds);
    log_warn(l->o->log, "listen.no_descriptors", LOG_C("address", l->address));
    if (l->reserve >= 0)
        close(l->reserve);
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        farewell_now(fd, l->o->full);
    l->reserve = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
    if (l->reserve < 0)
        pause_accept(l);
}

/* False: no more for now. */
static bool accept_one(struct listen *l)
{
    struct sockaddr_storage sa = { 0 };
    socklen_t n = sizeof sa;
    int fd = accept4(l->fd, (struct sockaddr *)&sa, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        arrived(l, fd, &sa);
        secret_wipe(&sa, sizeof sa);
        return l->fd >= 0;
    }
    switch (errno) {
    case ECONNABORTED:
    case EINTR:
    case EPROTO:
        return true;
    case EMFILE:
    case ENFILE:
        accept_without_fds(l);
        return l->reserve >= 0;
    case EAGAIN:
        return false;
    default:
        pause_accept(l);
        return false;
    }
}

static void accept_ready(struct watch *w)
{
    struct listen *l = CONTAINER_OF(w, struct listen, watch);
    for (int i = 0; i < ACCEPTS_A_TURN && accept_one(l); i++)
        ;
}

/* ---- start and stop ---- */

static enum err err_of(int e)
{
    if (e == EADDRINUSE)
        return ERR_BUSY;
    return e == EACCES || e == EPERM ? ERR_DENIED : ERR_IO;
}

/* A socket bound to sa, or -1 and errno. */
static int bind_socket(const struct sockaddr_storage *sa, bool shared)
{
    int one = 1;
    AUTO_FD int fd = socket(sa->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        return -1;
    if (shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) < 0)
        return -1;
    if (sa->ss_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0)
        return -1;
    if (bind(fd, (const struct sockaddr *)sa, network_addr_size(sa)) < 0)
        return -1;
    return KEEP(fd);
}

enum err listen_probe(struct str address)
{
    struct sockaddr_storage sa;
    if (network_addr_parse(address, &sa) != OK)
        return ERR_BAD;
    AUTO_FD int fd = bind_socket(&sa, false);
    return fd < 0 ? err_of(errno) : OK;
}

static void read_back_address(struct listen *l)
{
    struct sockaddr_storage sa = { 0 };
    socklen_t n = sizeof sa;
    if (getsockname(l->fd, (struct sockaddr *)&sa, &n) == 0)
        network_addr_format(&sa, l->address);
}

static enum err open_socket(struct listen *l, const struct sockaddr_storage *sa)
{
    l->fd = bind_socket(sa, true);
    if (l->fd < 0 || listen(l->fd, BACKLOG) < 0)
        return err_of(errno);
    l->reserve = fcntl(l->fd, F_DUPFD_CLOEXEC, 0);
    read_back_address(l);
    return watch_start(&l->watch, l->loop, l->fd, accept_ready);
}

enum err listen_start(struct loop *loop, struct str address, const struct listen_opts *o, struct listen **out)
{
    struct sockaddr_storage sa;
    if (network_addr_parse(address, &sa) != OK)
        return ERR_BAD;
    struct listen *l = calloc(1, sizeof *l);
    if (!l)
        return ERR_IO;
    *l = (struct listen){ .loop = loop, .o = o, .fd = -1, .reserve = -1 };
    list_init(&l->pending);
    farewells_init(&l->farewells, loop, farewell_gone, l);
    timer_init(&l->again, loop, resume_accept);
    enum err e = open_socket(l, &sa);
    if (e == OK)
        *out = l;
    else
        listen_free(l);
    return e;
}

struct str listen_address(const struct listen *l) { return str_c(l->address); }

void listen_stop(struct listen *l)
{
    if (l->fd < 0)
        return;
    watch_stop(&l->watch);
    timer_clear(&l->again);
    LIST_FOR(&l->pending, it)
    pending_refuse(CONTAINER_OF(it, struct pending, in));
    farewells_end(&l->farewells);
    close(l->fd);
    if (l->reserve >= 0)
        close(l->reserve);
    l->fd = l->reserve = -1;
}

void listen_free(struct listen *l)
{
    if (!l)
        return;
    listen_stop(l);
    free(l);
}
