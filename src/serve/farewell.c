#include "serve/farewell.h"
#include "base/secret.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct farewell {
    struct list in;
    struct farewells *all;
    struct watch watch;
    struct deadline deadline;
    struct str words;
    int fd;
    size_t heard;
    bool told;
};

static bool tell(int fd, struct str words)
{
    return words.n > 0 && send(fd, words.p, words.n, MSG_NOSIGNAL | MSG_DONTWAIT) > 0 && shutdown(fd, SHUT_WR) == 0;
}

void farewell_now(int fd, struct str words)
{
    (void)tell(fd, words);
    close(fd);
}

static void end(struct farewell *w)
{
    struct farewells *all = w->all;
    watch_stop(&w->watch);
    loop_deadline_clear(all->loop, &w->deadline);
    list_del(&w->in);
    close(w->fd);
    free(w);
    all->n--;
    all->gone(all->ctx);
}

/* False: nobody is there to hear it. */
static bool tell_once(struct farewell *w)
{
    bool good = w->told || tell(w->fd, w->words);
    w->told = true;
    return good;
}

static void late(struct deadline *d)
{
    struct farewell *w = CONTAINER_OF(d, struct farewell, deadline);
    (void)tell_once(w);
    end(w);
}

static void ready(struct watch *watch)
{
    struct farewell *w = CONTAINER_OF(watch, struct farewell, watch);
    char said[4096];
    ssize_t n = recv(w->fd, said, sizeof said, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    secret_wipe(said, sizeof said); /* a token may be in it */
    w->heard += n > 0 ? (size_t)n : 0;
    if (!tell_once(w) || n <= 0 || w->heard >= FAREWELL_BYTES)
        end(w);
}

void farewells_init(struct farewells *f, struct loop *loop, void (*gone)(void *ctx), void *ctx)
{
    *f = (struct farewells){ .loop = loop, .gone = gone, .ctx = ctx };
    list_init(&f->open);
}

void farewells_end(struct farewells *f)
{
    LIST_FOR(&f->open, it)
    end(CONTAINER_OF(it, struct farewell, in));
}

bool farewell_begin(struct farewells *f, int fd, struct str words)
{
    struct farewell *w = f->n < LIMIT_FAREWELLS ? calloc(1, sizeof *w) : NULL;
    if (!w || watch_start(&w->watch, f->loop, fd, ready) != OK) {
        free(w);
        return false;
    }
    w->all = f;
    w->fd = fd;
    w->words = words;
    w->deadline.fire = late;
    list_add_tail(&f->open, &w->in);
    f->n++;
    loop_deadline(f->loop, &w->deadline, FAREWELL_MS);
    return true;
}
