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
    smtp_in_accept(s->smtp, l, fd, peer, sa);
}

void services_accept_submission(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    smtp_in_accept(s->submission, l, fd, peer, sa);
}

void services_accept_submissions(void *ctx, struct listen *l, int fd, const struct peer *peer,
                                 const struct sockaddr *sa)
{
    struct services *s = ctx;
    smtp_in_accept_tls(s->submission, l, fd, peer, sa);
}

void services_accept_pop3(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    pop3_server_accept(s->pop3, l, fd, peer, sa);
}

void services_accept_pop3s(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    pop3_server_accept_tls(s->pop3, l, fd, peer, sa);
}

void services_accept_imap(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    imap_server_accept(s->imap, l, fd, peer, sa);
}

void services_accept_imaps(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa)
{
    struct services *s = ctx;
    imap_server_accept_tls(s->imap, l, fd, peer, sa);
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
