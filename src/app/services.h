/* What one worker serves with, each for its own loop, and what all workers' services share. */
#pragma once
#include "app/context.h"

struct services;
[[nodiscard]] enum err services_shared_new(struct app *a); /* once, before the first services_new() */
void services_shared_free(struct app *a);                  /* after the last services_free() */
bool services_idle(const struct app *a); /* nothing that has come in whole still waits to be judged or stored */

[[nodiscard]] enum err services_new(struct app *a, struct loop *loop, struct services **out);
void services_drain(struct services *s); /* on its loop */
/* After the loop stopped: ends the connections, which cancels what they asked for; listeners must still be there. */
void services_close(struct services *s);
void services_free(struct services *s); /* once nothing cancelled is under way any more; NULL is fine */

/* As listen_opts.accept has it; ctx is the struct services. */
void services_accept_smtp(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_submission(void *ctx, struct listen *l, int fd, const struct peer *peer,
                                const struct sockaddr *sa);
void services_accept_submissions(void *ctx, struct listen *l, int fd, const struct peer *peer,
                                 const struct sockaddr *sa);
void services_accept_pop3(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_pop3s(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_imap(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_imaps(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_http(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_https(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
void services_accept_metrics(void *ctx, struct listen *l, int fd, const struct peer *peer, const struct sockaddr *sa);
