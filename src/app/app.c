/* Start is a table of steps, each with what it needs already there; the first that fails ends the start, and app_down()
 * takes down whatever is up. Root's rights go as soon as the ports are bound and the certificate is read; threads are
 * made after the files are fenced off (sandbox.h says why); system calls go last. */
#include "app/app.h"
#include "app/ctl.h"
#include "app/operate.h"
#include "app/ready.h"
#include "app/reload.h"
#include "app/sandbox.h"
#include "app/sending.h"
#include "app/start.h"
#include "app/worker.h"
#include "base/log.h"
#include "core/forward.h"
#include "core/forward_asks.h"
#include "core/mailbox.h"
#include "io/file.h"
#include "store/store.h"
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { APP_TEXT_MAX = 1 << 20, DRAIN_LOOK_MS = 50, MINUTE_MS = 60 * 1000, SETTLE_QUIET = 3, SETTLE_ROUNDS = 1000 };

struct running {
    struct app app;
    struct ctl *ctl;
    struct watch signals;
    struct timer watchdog, drain, minute;
    int64_t drain_until_ms;
    const char *ready_path;
    bool ready_written; /* the file is ours: another server may be serving the same folder */
    int signal_fd;
};
static struct running *of(struct app *a) { return CONTAINER_OF(a, struct running, app); }

static enum err up_ctl(struct app *a)
{
    enum err e = file_make_dir(start_path(a, "run"));
    if (e == OK)
        e = ctl_start(a->loop, start_path(a, "run/ctl.sock"), operate_commands, operate_commands_n, a, &of(a)->ctl);
    return e;
}

/* ---- signals, watchdog, end ---- */
static void end_now(struct app *a) { loop_stop(a->loop); }

static void on_drain_look(struct timer *t)
{
    struct running *r = CONTAINER_OF(t, struct running, drain);
    if ((workers_idle(&r->app) && sending_idle(&r->app)) || loop_now_ms(r->app.loop) >= r->drain_until_ms)
        end_now(&r->app);
    else
        timer_set(t, DRAIN_LOOK_MS);
}

static void drain(struct app *a)
{
    struct running *r = of(a);
    if (a->draining) { /* asked twice: at once */
        end_now(a);
        return;
    }
    a->draining = true;
    a->ready = false;
    log_info(a->log, "drain", LOG_I64("at_most_ms", a->config.server_drain_ms));
    notify_send(&a->notify, "STOPPING=1");
    (void)unlink(r->ready_path);
    workers_drain(a);
    sending_drain(a);
    r->drain_until_ms = loop_now_ms(a->loop) + a->config.server_drain_ms;
    timer_set(&r->drain, DRAIN_LOOK_MS);
}

static void on_signal(struct watch *w)
{
    struct running *r = CONTAINER_OF(w, struct running, signals);
    struct signalfd_siginfo s;
    while (read(w->fd, &s, sizeof s) == (ssize_t)sizeof s)
        if (s.ssi_signo == SIGHUP)
            reload(&r->app);
        else
            drain(&r->app);
}

static void on_watchdog(struct timer *t)
{
    struct running *r = CONTAINER_OF(t, struct running, watchdog);
    if (workers_answer(&r->app) && sending_answers(&r->app))
        notify_send(&r->app.notify, "WATCHDOG=1");
    timer_set(t, r->app.notify.watchdog_ms / 3 + 1);
}

static void save_learned(struct app *a)
{
    enum err e = a->teacher ? teacher_save(a->teacher, clock_wall_ms(&a->clock)) : OK;
    if (e != OK)
        log_warn(a->log, "learner.save", LOG_ERR(e));
}

/* And gives back what mails left in the middle of their threads' heaps, which glibc by itself does at their ends only.
 */
static void on_minute(struct timer *t)
{
    save_learned(&CONTAINER_OF(t, struct running, minute)->app);
    (void)malloc_trim(0);
    timer_set(t, MINUTE_MS);
}

static enum err up_signals(struct app *a)
{
    struct running *r = of(a);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return ERR_IO;
    r->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    timer_init(&r->drain, a->loop, on_drain_look);
    timer_init(&r->watchdog, a->loop, on_watchdog);
    timer_init(&r->minute, a->loop, on_minute);
    timer_set(&r->minute, MINUTE_MS);
    return r->signal_fd < 0 ? ERR_IO : watch_start(&r->signals, a->loop, r->signal_fd, on_signal);
}

static void say_list(const struct app *a, const char *what, const char *before, enum door_kind k)
{
    printf("  %-8s", what);
    for (size_t i = 0; i < a->bound[k].n; i++)
        printf(" %s%.*s", before, STR_FMT(a->bound[k].v[i]));
    printf("\n");
}

static enum err up_watch(struct app *a) { return scanning_watch(&a->scanning, a->loop, a->log); }

static enum err up_ready(struct app *a)
{
    enum err e = ready_write(a, of(a)->ready_path);
    if (e != OK) /* a full disk, say, on which what ends must end nevertheless */
        log_warn(a->log, "ready.file", LOG_ERR(e), LOG_C("why", "run/ready.json cannot be written"));
    of(a)->ready_written = e == OK;
    a->ready = true;
    notify_send(&a->notify, "READY=1");
    if (a->notify.watchdog_ms)
        timer_set(&of(a)->watchdog, 1);
    log_info(a->log, "ready", LOG_U64("workers", a->workers_n));
    printf("mayfly serves:\n");
    say_list(a, "page", "http://", DOOR_HTTP);
    say_list(a, "", "https://", DOOR_HTTPS);
    say_list(a, "mail", "smtp ", DOOR_SMTP);
    say_list(a, "", "submission ", DOOR_SUBMISSION);
    say_list(a, "", "submissions ", DOOR_SUBMISSIONS);
    say_list(a, "", "pop3 ", DOOR_POP3);
    say_list(a, "", "pop3s ", DOOR_POP3S);
    say_list(a, "", "imap ", DOOR_IMAP);
    say_list(a, "", "imaps ", DOOR_IMAPS);
    say_list(a, "metrics", "http://", DOOR_METRICS);
    printf("  domain   %.*s\n", STR_FMT(a->config.server_domains.v[0]));
    fflush(stdout);
    return OK;
}

static const struct step {
    const char *name;
    enum err (*up)(struct app *a);
} steps[] = {
    { "log", start_log },
    { "data_dir", start_data_dir },
    { "limits", start_limits },
    { "loops", start_loops },
    { "loops", sending_loop },
    { "signals", up_signals },
    { "listeners", start_listeners },
    { "tls", start_certificate },
    { "smtp_out", start_carrying },
    { "charsets", start_charsets },
    { "user", start_user },
    { "data_dir", start_owned },
    { "scanners", start_scanning },
    { "sandbox", start_files },
    { "tls", start_self_signed },
    { "secrets", start_secrets },
    { "hub", start_hub },
    { "forward", start_forwards },
    { "said", start_said },
    { "store", start_store },
    { "learner", start_teacher },
    { "pools", start_pools },
    { "dns", start_dns },
    { "smtp_out", start_fetcher },
    { "operator", start_operator },
    { "queue", sending_new },
    { "services", workers_serve },
    { "control", up_ctl },
    { "threads", workers_start },
    { "queue", sending_forwards },
    { "queue", sending_reports },
    { "threads", sending_start },
    { "sandbox", start_syscalls },
    { "scanners", up_watch },
    { "ready", up_ready },
};

static bool up(struct app *a)
{
    for (size_t i = 0; i < COUNT(steps); i++) {
        enum err e = steps[i].up(a);
        if (e == OK)
            continue;
        log_error(a->log, "start.failed", LOG_C("step", steps[i].name), LOG_ERR(e));
        return false;
    }
    return true;
}

/* Runs what the store still answers until nothing is under way. A cancelled request calls nobody, but it needs core's
 * objects until its answer is in; a store that hangs is not waited for longer than two seconds. */
static void settle(struct app *a)
{
    struct store_stats s = { 0 };
    for (int quiet = 0, rounds = 0; a->store && quiet < SETTLE_QUIET && rounds < SETTLE_ROUNDS; rounds++) {
        workers_settle(a);
        sending_settle(a);
        store_stats(a->store, &s);
        quiet = s.queue == 0 && sending_idle(a) ? quiet + 1 : 0;
        nanosleep(&(struct timespec){ .tv_nsec = 2 * 1000 * 1000 }, NULL);
    }
    workers_settle(a);
    sending_settle(a);
}

static void down(struct app *a)
{
    struct running *r = of(a);
    a->ready = false;
    if (r->ready_written)
        (void)unlink(r->ready_path);
    workers_stop(a);
    sending_stop(a);
    ctl_stop(r->ctl);
    workers_close(a);
    carrying_stop(&a->carrying);
    dns_stop(a->dns); /* senders still being judged are answered for */
    settle(a);        /* what the store answers may go on to a pool, and from there to the store, but not round again */
    work_pool_free(a->argon);
    work_pool_free(a->work);
    settle(a);
    workers_quit(a);
    sending_quit(a);
    if (a->store)
        store_close(a->store);
    workers_free(a);
    sending_free(a);
    dns_free(a->dns);
    save_learned(a);
    teacher_free(a->teacher);
    event_hub_free(a->hub);
    if (r->signals.fd > 0)
        watch_stop(&r->signals);
    util_close_fd(&r->signal_fd);
    scanning_end(&a->scanning);
    if (a->loop)
        loop_free(a->loop);
    mailboxes_free(a->operator_boxes);
    tls_free(a->tls);
    greylist_free(a->greylist);
    limit_free(a->limit);
    forwards_free(a->forwards);
    said_free(a->said);
    forward_asks_free(a->forward_asks);
    arrivals_free(a->arrivals);
    access_free(a->access);
    standing_free(a->standing);
    charset_unprime(&a->charsets);
    notify_close(&a->notify);
    log_info(a->log, "end");
    log_close(a->log);
}

/* glibc raises this threshold with each large block that is freed, and from then on keeps what mails gave back. */
static void memory_goes_back(void) { (void)mallopt(M_MMAP_THRESHOLD, 256 * 1024); }

int app_serve(struct config *c, const struct config_sources *from)
{
    struct running *r = calloc(1, sizeof *r);
    if (!r)
        return EXIT_FAILURE;
    struct app *a = &r->app;
    a->config = *c;
    *c = (struct config){ 0 };
    a->sources = *from;
    a->drain = drain;
    r->signal_fd = -1;
    arena_init(&a->arena, APP_TEXT_MAX);
    memory_goes_back();
    sandbox_process();
    sandbox_raise_limits();
    notify_open(&a->notify);
    r->ready_path = start_path(a, "run/ready.json");
    a->started_ms = clock_wall_ms(NULL);
    bool good = up(a);
    if (good)
        loop_run(a->loop);
    down(a);
    arena_reset(&a->arena);
    config_fini(&a->config);
    free(r);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
