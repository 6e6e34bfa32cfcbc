#include "io/stream.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

/* The error queue is the thread's: what is left in it would be taken for the next connection's. */
static enum stream outcome(SSL *ssl, int r)
{
    enum stream s = STREAM_BROKEN;
    switch (SSL_get_error(ssl, r)) {
    case SSL_ERROR_WANT_READ:
        s = STREAM_READ;
        break;
    case SSL_ERROR_WANT_WRITE:
        s = STREAM_WRITE;
        break;
    case SSL_ERROR_ZERO_RETURN:
        s = STREAM_END;
        break;
    case SSL_ERROR_SSL: /* an end without close_notify: the layers above know where their messages end */
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            s = STREAM_END;
        break;
    }
    ERR_clear_error();
    return s;
}

static enum stream plain_outcome(ssize_t r, enum stream wait, size_t *done)
{
    if (r > 0)
        *done = (size_t)r;
    if (r < 0)
        return errno == EAGAIN || errno == EINTR ? wait : errno == ECONNRESET ? STREAM_END : STREAM_BROKEN;
    return r > 0 ? STREAM_OK : STREAM_END;
}

enum stream stream_read(int fd, SSL *ssl, char *p, size_t n, size_t *done)
{
    if (!ssl)
        return plain_outcome(recv(fd, p, n, 0), STREAM_READ, done);
    int r = SSL_read_ex(ssl, p, n, done);
    return r > 0 ? STREAM_OK : outcome(ssl, r);
}

enum stream stream_write(int fd, SSL *ssl, struct str s, size_t *done)
{
    if (!ssl)
        return plain_outcome(send(fd, s.p, s.n, MSG_NOSIGNAL), STREAM_WRITE, done);
    int r = SSL_write_ex(ssl, s.p, s.n, done);
    return r > 0 ? STREAM_OK : outcome(ssl, r);
}

enum stream stream_handshake(SSL *ssl)
{
    int r = SSL_do_handshake(ssl);
    return r == 1 ? STREAM_OK : outcome(ssl, r);
}

void stream_close_notify(SSL *ssl)
{
    (void)SSL_shutdown(ssl);
    ERR_clear_error();
}
