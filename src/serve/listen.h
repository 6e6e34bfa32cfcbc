/* Accept, PROXY header, limits, then the protocol; shared by SMTP and HTTP. One listener an address and a loop: all
 * loops bind the same address with SO_REUSEPORT and the kernel deals connections out. A connection that is refused gets
 * the protocol's own words and is closed; what is accepted holds a place in its gate and its network until
 * listen_release(). */
#pragma once
#include "base/log.h"
#include "io/loop.h"
#include "serve/access.h"
#include <stdatomic.h>

enum { LISTEN_PROXY_MS = 5000 }; /* for the whole PROXY header; it comes with the first packet */

/* The ceiling of one protocol and its counters, shared by all its listeners on all loops. Outlives them. */
struct listen_gate {
    uint32_t max; /* connections at once; 0: as many as there are descriptors */
    _Atomic uint32_t open;
    _Atomic uint64_t accepted, refused_full, refused_network, refused_proxy, refused_access, out_of_fds;
};
bool listen_gate_stressed(const struct listen_gate *g); /* more than three quarters of max are taken */

struct listen;
struct listen_opts { /* borrowed whole, until listen_free() */
    struct listen_gate *gate;
    struct limit *limit; /* NULL: networks are not counted */
    enum limit_kind kind;
    enum limit_kind passed; /* after listen_pass() */
    struct access *access;  /* NULL: whoever comes is let in */
    enum standing_side side;
    /* Peers in these networks must begin with a PROXY header, v1 or v2; all others must not and get no second look. */
    const struct network *proxies;
    size_t proxies_n;
    /* What a refused peer is told: the ceiling, its network's share, a ban, the deny list; empty: just closed. */
    struct str full, network, banned, denied;
    bool asks_first; /* the peer speaks first, as in HTTP: it is heard a little, so that it sees what it is told */
    struct log *log;
    /* Takes fd (non-blocking) and the hold: listen_release() once when the connection is gone. sa is the peer's address
     * as the PROXY header has it, for the call only: it must not be kept anywhere it could be written (P5). */
    void (*accept)(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
    void *ctx;
};

/* address is "127.0.0.1:25" or "[::1]:25"; port 0 takes a free one, which listen_address() then tells, for the other
 * loops to bind too. ERR_BAD: not an address; ERR_BUSY: in use; ERR_DENIED: not allowed; ERR_IO. */
[[nodiscard]] enum err listen_start(struct loop *l, struct str address, const struct listen_opts *o,
                                    struct listen **out);
/* All loops share a port, and so would another process of this user: ERR_BUSY when somebody listens there already. To
 * be asked once, before the first listen_start(). */
[[nodiscard]] enum err listen_probe(struct str address);
bool listen_stressed(const struct listen *l);      /* as its gate */
struct str listen_address(const struct listen *l); /* really bound; borrowed */
void listen_stop(struct listen *l);                /* accepts no more, closes the socket; what was accepted goes on */
void listen_free(struct listen *l);                /* after its last listen_release(); stops first; NULL is fine */
void listen_release(struct listen *l, const struct peer *peer);
/* For peers that are counted apart before and after they log in: listen_pass() changes the place among the network's
 * strangers for another one, or ERR_BUSY when it has its share of those; then listen_leave() at the end. */
[[nodiscard]] enum err listen_pass(struct listen *l, const struct peer *peer);
void listen_leave(struct listen *l, const struct peer *peer);
/* The connection is somebody else's after all: host, as XCLIENT names it. Moves the hold. ERR_BAD: not an address;
 * ERR_BUSY: that network has its share; ERR_DENIED: it is not let in. *peer then stays what it was. */
[[nodiscard]] enum err listen_move(struct listen *l, struct peer *peer, struct str host);
