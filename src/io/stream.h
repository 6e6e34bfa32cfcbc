/* One step of a stream: plain when ssl is NULL. Never blocks, never calls back. */
#pragma once
#include "base/str.h"

struct ssl_st;
enum stream {
    STREAM_OK,    /* *done bytes moved, at least 1 */
    STREAM_READ,  /* not now: try again when the socket can be read */
    STREAM_WRITE, /* not now: try again when it can be written */
    STREAM_END,   /* the peer has ended its side */
    STREAM_BROKEN
};
enum stream stream_read(int fd, struct ssl_st *ssl, char *p, size_t n, size_t *done);
enum stream stream_write(int fd, struct ssl_st *ssl, struct str s, size_t *done);
enum stream stream_handshake(struct ssl_st *ssl); /* STREAM_OK when it is finished */
void stream_close_notify(struct ssl_st *ssl);     /* the peer's is not waited for */
