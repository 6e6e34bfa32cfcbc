/* Who comes in: one function a kind of door, as listen_opts.accept has it. */
#include "app/services_own.h"
#include "serve/imap_server.h"
#include "serve/pop3_server.h"
#include "serve/site.h"
#include "serve/smtp_in.h"

static void gone(void *ctx, const struct peer *peer) { listen_release(ctx, peer); }

void services_accept_smtp(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(smtp_in_conns(s->smtp), l, fd, peer, sa, false);
}

void services_accept_submission(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(smtp_in_conns(s->submission), l, fd, peer, sa, false);
}

void services_accept_submissions(void *ctx, struct listen *l, int fd, const struct peer *peer,
                                 const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(smtp_in_conns(s->submission), l, fd, peer, sa, true);
}

void services_accept_pop3(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(pop3_server_conns(s->pop3), l, fd, peer, sa, false);
}

void services_accept_pop3s(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(pop3_server_conns(s->pop3), l, fd, peer, sa, true);
}

void services_accept_imap(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(imap_server_conns(s->imap), l, fd, peer, sa, false);
}

void services_accept_imaps(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    session_conn_accept(imap_server_conns(s->imap), l, fd, peer, sa, true);
}

/* gone() gives the hold back also when the connection could not be taken, so there is nothing to do with an error. */
void services_accept_http(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *)
{
    struct services *s = ctx;
    (void)!site_accept(s->site, fd, peer, NULL, gone, l);
}

void services_accept_https(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *)
{
    struct services *s = ctx;
    (void)!site_accept(s->site, fd, peer, s->app->tls, gone, l);
}

void services_accept_metrics(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *)
{
    struct services *s = ctx;
    (void)!site_accept_metrics(s->site, fd, peer, gone, l);
}
