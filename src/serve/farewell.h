/* What a peer is told that is not let in. Where it speaks first (HTTP), closing at once would reset the connection, for
 * what it has said is unread, and it would never see the words. So it is heard a little, told, heard out, and closed,
 * all within a moment; what it says is thrown away. A crowd holds no more than LIMIT_FAREWELLS: the others are told at
 * once. */
#pragma once
#include "base/list.h"
#include "base/str.h"
#include "io/loop.h"

enum {
    LIMIT_FAREWELLS = 64,       /* of a listener, at once: a banned network costs that many descriptors */
    FAREWELL_MS = 1000,         /* for all of it */
    FAREWELL_BYTES = 64 * 1024, /* of a request; who sends more sees the connection break */
};

struct farewells {
    struct loop *loop;
    struct list open;
    size_t n;
    void (*gone)(void *ctx); /* once for each that was begun, when its descriptor is closed */
    void *ctx;
};
void farewells_init(struct farewells *f, struct loop *loop, void (*gone)(void *ctx), void *ctx);
void farewells_end(struct farewells *f); /* all at once, untold */
/* Takes fd; words are borrowed until it is gone. False: there is no room, and fd stays the caller's. */
bool farewell_begin(struct farewells *f, int fd, struct str words);
/* A few words and good-bye. What the socket does not take at once is lost; it is one small packet. */
void farewell_now(int fd, struct str words);
