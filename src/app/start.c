/* The steps of app.c's table, but for those that belong to the running daemon (signals, control socket, ready). */
#include "app/start.h"
#include "app/sandbox.h"
#include "app/shipped.h"
#include "app/worker.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "core/forward.h"
#include "core/forward_asks.h"
#include "core/mailbox.h"
#include "io/dns.h"
#include "io/file.h"
#include "serve/login.h"
#include "store/store.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The key of its hashes is new each day: longer means nothing. */
static const int64_t GREYLIST_KEEP_MS = 24 * 3600 * 1000;
enum {
    START_TEXT_MAX = 1 << 20,
    SECRET_CELLS = 128 * 1024,
    WORKERS_MAX = 256,
    ARGON_QUEUE = 32,
    WORK_QUEUE = 256,
    NETS_MAX = 1 << 20
};

const char *start_path(struct app *a, const char *rest)
{
    return arena_printf(&a->arena, "%.*s/%s", STR_FMT(a->config.server_data_dir), rest).p;
}

enum err start_log(struct app *a)
{
    struct log_opts o = { .fd = STDERR_FILENO,
                          .min = (enum log_level)a->config.log_level,
                          .json = a->config.log_format };
    return log_open(&o, &a->log);
}

enum err start_data_dir(struct app *a)
{
    enum err e = file_make_dir(a->config.server_data_dir.p);
    if (e != OK)
        log_error(a->log, "start.data_dir",
                  LOG_C("reason", e == ERR_FULL ? "no space left on the disk" : "cannot be made; is its parent there?"),
                  LOG_ERR(e));
    return e;
}

static enum err parse_nets(struct arena *a, const struct config_list *list, struct network **out, size_t *n)
{
    *out = arena_array(a, list->n + 1, sizeof **out);
    *n = list->n;
    for (size_t i = 0; *out && i < list->n; i++)
        if (network_parse(list->v[i], &(*out)[i]) != OK)
            return ERR_BAD;
    return *out ? OK : ERR_IO;
}

enum err start_access(struct app *a, const struct config *c)
{
    AUTO_ARENA struct arena scratch = { .max = NETS_MAX };
    struct network *allow, *deny;
    struct access_lists l = { 0 };
    enum err e = parse_nets(&scratch, &c->access_allow, &allow, &l.allow_n);
    if (e == OK)
        e = parse_nets(&scratch, &c->access_deny, &deny, &l.deny_n);
    if (e != OK)
        return e;
    l.allow = allow;
    l.deny = deny;
    return access_set(a->access, &l);
}

enum err start_limits(struct app *a)
{
    const struct config *c = &a->config;
    struct limit_opts o = { .value = {
                                [LIMIT_MX_CONNS] = (uint32_t)c->limits_mx_per_network,
                                [LIMIT_PRELOGIN_CONNS] = (uint32_t)c->limits_prelogin_per_network,
                                [LIMIT_MAIL_CONNS] = (uint32_t)c->limits_mail_per_network,
                                [LIMIT_LIVE_CONNS] = (uint32_t)c->limits_live_per_network,
                                [LIMIT_HTTP_CONNS] = (uint32_t)c->limits_http_per_network,
                                [LIMIT_CREATE] = (uint32_t)c->limits_create_per_network,
                                [LIMIT_LOGIN_FAIL] = (uint32_t)c->limits_login_per_network,
                                [LIMIT_LOGIN_BOX] = LOGIN_BOX_TRIES,
                                [LIMIT_PASSWORDS] = AUTH_PASSWORDS,
                                [LIMIT_UNKNOWN_RCPT] = (uint32_t)c->limits_unknown_per_network,
                                [LIMIT_SEND] = (uint32_t)c->limits_send_per_network,
                                [LIMIT_REQUESTS] = (uint32_t)c->limits_requests_per_network,
                            } };
    struct standing_opts standing = { .ban_score = (uint32_t)c->access_ban_score,
                                      .ban_ms = c->access_ban_time_ms,
                                      .ban_max_ms = c->access_ban_max_time_ms };
    enum err e = parse_nets(&a->arena, &c->smtp_proxy_networks, &a->smtp_proxies, &a->smtp_proxies_n);
    if (e == OK)
        e = parse_nets(&a->arena, &c->http_proxy_networks, &a->http_proxies, &a->http_proxies_n);
    if (e == OK)
        e = parse_nets(&a->arena, &c->smtp_relay_from, &a->smtp_relay_from, &a->smtp_relay_from_n);
    if (e == OK)
        e = standing_new(&standing, &a->standing);
    if (e == OK)
        e = access_new(a->standing, &a->access);
    if (e == OK)
        e = start_access(a, c);
    o.refused = standing_refused;
    o.ctx = a->standing;
    if (e == OK)
        e = limit_new(&o, &a->limit);
    struct greylist_opts greylist = { .delay_ms = c->access_greylist_ms, .keep_ms = GREYLIST_KEEP_MS };
    if (e == OK && greylist.delay_ms > 0)
        e = greylist_new(&greylist, a->limit, &a->greylist);
    return e == OK ? arrivals_new(&a->arrivals) : e;
}

enum err start_loops(struct app *a)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t n = a->config.server_workers ? a->config.server_workers : cores;
    enum err e = loop_new(&a->loop);
    return e == OK ? workers_new(a, (size_t)MAX(1, MIN(n, WORKERS_MAX))) : e;
}

enum err start_listeners(struct app *a)
{
    AUTO_BUF struct buf errors = { .max = START_TEXT_MAX };
    enum err e = workers_listen(a, &errors);
    for (struct str rest = buf_str(&errors); rest.n > 0;)
        log_error(a->log, "start.listen", LOG_STR("reason", str_line(rest, &rest)));
    return e;
}

/* A configured pair may be readable by root alone. */
enum err start_certificate(struct app *a)
{
    if (str_empty(a->config.tls_cert))
        return OK;
    enum err e = tls_new(a->config.tls_cert.p, a->config.tls_key.p, &a->tls);
    if (e != OK)
        log_error(a->log, "start.tls", LOG_C("reason", "tls.cert and tls.key cannot be used"), LOG_ERR(e));
    return e;
}

/* The smart host's password may be, too. */
enum err start_carrying(struct app *a) { return carrying_start(&a->carrying, &a->config, a->log); }
enum err start_fetcher(struct app *a) { return carrying_begin(&a->carrying, &a->config); }

enum err start_user(struct app *a)
{
    if (geteuid() != 0)
        return OK;
    enum err e = sandbox_user(a->config.server_user.p, a->config.server_data_dir.p);
    if (e == ERR_GONE)
        log_warn(a->log, "start.root", LOG_C("reason", "server.user does not exist: serving as root"));
    else if (e != OK)
        log_error(a->log, "start.user", LOG_C("reason", "cannot become server.user"), LOG_ERR(e));
    return e == ERR_GONE ? OK : e;
}

/* What a run as another user left behind: said here once, before each later step fails in words of its own. */
enum err start_owned(struct app *a)
{
    static const char *const parts[] = { "", "run", "tls", "store", "learner" };
    for (size_t i = 0; i < COUNT(parts); i++) {
        const char *path = start_path(a, parts[i]);
        if (access(path, R_OK | W_OK | X_OK) == 0 || errno == ENOENT)
            continue;
        log_error(a->log, "start.data_dir", LOG_C("path", path), LOG_U64("uid", geteuid()),
                  LOG_C("reason", "this user may not use it: as root, chown -R the data folder to the one who serves"));
        return ERR_IO;
    }
    struct stat st;
    if (stat(start_path(a, ""), &st) == 0 && st.st_mode & (S_IRWXG | S_IRWXO))
        log_warn(a->log, "start.data_dir_open", LOG_C("path", start_path(a, "")),
                 LOG_C("reason", "others may look into it, and keys lie there: chmod -R go= it"));
    return OK;
}

static const char *folder_of(struct app *a, struct str path)
{
    size_t slash = str_rchr(path, '/');
    return slash == STR_NONE ? "." : slash == 0 ? "/" : arena_dup(&a->arena, str_sub(path, 0, slash)).p;
}

/* A certificate's folder, and that of the file it is a link to (renewals swap links). */
static void read_pair(struct app *a, struct sandbox_paths *p, struct str path)
{
    if (str_empty(path))
        return;
    AUTO_FREE char *real = realpath(path.p, NULL);
    p->read[p->read_n++] = folder_of(a, path);
    if (real)
        p->read[p->read_n++] = folder_of(a, str_c(real));
}

enum err start_scanning(struct app *a)
{
    scanning_init(&a->scanning, &a->config);
    return OK;
}

enum err start_files(struct app *a)
{
    if (!a->config.server_sandbox)
        return OK;
    struct sandbox_paths p = { .write = { a->config.server_data_dir.p },
                               .write_n = 1,
                               .read = { "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ssl", "/etc/localtime",
                                         "/dev/urandom", "/proc/self" },
                               .read_n = 8 };
    read_pair(a, &p, a->config.tls_cert);
    read_pair(a, &p, a->config.tls_key);
    read_pair(a, &p, a->config.dns_trust_anchor);
    if (shipped_is_path(a->config.trust_prior))
        read_pair(a, &p, a->config.trust_prior);
    if (a->carrying.on)
        read_pair(a, &p, a->config.smtp_out_ca_file);
    if (a->sources.file)
        read_pair(a, &p, str_c(a->sources.file));
    const struct config_list *dns = &a->config.dns_forward;
    p.tcp_n = dns->n ? dns_ports(dns->v, dns->n, p.tcp, SANDBOX_PORTS_MAX) : 0;
    p.tcp_n = scanning_ports(&a->scanning, p.tcp, p.tcp_n, SANDBOX_PORTS_MAX);
    p.tcp_n = carrying_ports(&a->carrying, &a->config, p.tcp, p.tcp_n, SANDBOX_PORTS_MAX);
    enum err e = sandbox_files(&p);
    if (e == ERR_GONE)
        log_warn(a->log, "start.sandbox", LOG_C("reason", "this kernel has no Landlock: files are not fenced off"));
    return e == ERR_GONE ? OK : e;
}

enum err start_own_pair(struct app *a)
{
    if (!a->own_key) {
        a->own_folder = start_path(a, "tls");
        a->own_cert = start_path(a, "tls/cert.pem");
        a->own_key = start_path(a, "tls/key.pem");
    }
    enum err e = a->own_key ? file_make_dir(a->own_folder) : ERR_IO;
    if (e == OK && (access(a->own_cert, R_OK) != 0 || access(a->own_key, R_OK) != 0))
        e = tls_self_signed(a->config.server_hostname.p, a->own_cert, a->own_key);
    return e;
}

enum err start_self_signed(struct app *a)
{
    if (a->tls)
        return OK;
    enum err e = start_own_pair(a);
    return e == OK ? tls_new(a->own_cert, a->own_key, &a->tls) : e;
}

enum err start_secrets(struct app *a)
{
    enum err e = rand_start();
    if (e == OK)
        e = secret_start(SECRET_CELLS);
    if (e == OK && !secret_locked())
        log_warn(a->log, "start.memlock",
                 LOG_C("reason", "keys cannot be locked in memory: raise RLIMIT_MEMLOCK, or have no swap"));
    return e;
}

enum err start_charsets(struct app *a)
{
    size_t n = charset_prime(&a->charsets);
    if (n < CHARSET_EXPECTED)
        log_warn(a->log, "charsets.missing", LOG_U64("open", n));
    return OK; /* mail in the others is shown as windows-1252 */
}

enum err start_hub(struct app *a)
{
    struct loop *loops[WORKERS_MAX + 1];
    for (size_t i = 0; i < a->workers_n; i++)
        loops[i] = worker_loop(a, i);
    loops[a->workers_n] = a->out_loop;
    return event_hub_new(loops, a->workers_n + 1, &a->hub);
}

enum err start_forwards(struct app *a)
{
    struct forwards_opts o = { start_path(a, "forward"), start_path(a, "forward.key") };
    if (!a->config.send_forward)
        return OK;
    enum err e = forwards_new(&o, &a->forwards);
    return e == OK ? forward_asks_new(&a->forward_asks) : e;
}

enum err start_said(struct app *a) { return said_new(start_path(a, "said"), &a->said); }

/* On a store thread. */
static void on_ended(void *ctx, const struct box_id *ids, size_t n)
{
    struct app *a = ctx;
    for (size_t i = 0; i < n; i++) {
        forwards_end(a->forwards, &ids[i]);
        said_end(a->said, &ids[i]);
        struct event *e = event_new(a->hub, EVENT_BOX_ENDED, &ids[i], (struct str){ 0 });
        if (e)
            event_publish(e);
    }
}

enum err start_store(struct app *a)
{
    const struct config *c = &a->config;
    AUTO_BUF struct buf why = { .max = START_TEXT_MAX };
    struct store_opts o = { .dir = start_path(a, "store"),
                            .log = a->log,
                            .clock = &a->clock,
                            .allow_cow = c->store_allow_cow,
                            .test_clock = c->test_clock,
                            .lease_slots = (uint32_t)c->limits_boxes,
                            .quarantine_ms = c->store_quarantine_ms,
                            .reserve_bytes = c->store_reserve,
                            .ended = on_ended,
                            .ctx = a,
                            .why = &why };
    enum err e = file_make_dir(o.dir);
    if (e == OK && file_in_memory(o.dir))
        log_warn(a->log, "start.store",
                 LOG_C("reason", "the data folder is in memory (tmpfs): a reboot loses all mail"));
    if (e == OK)
        e = store_open(&o, &a->store);
    if (e != OK)
        log_error(a->log, "start.store", LOG_STR("reason", why.n ? buf_str(&why) : S("its folder cannot be made")),
                  LOG_ERR(e));
    return e;
}

/* Mail goes on without experience: whoever broke the files reads so in the log. */
enum err start_teacher(struct app *a)
{
    const struct config *c = &a->config;
    struct teacher_opts o = { .model = start_path(a, "learner/model"),
                              .host = c->server_hostname,
                              .learns = c->trust_learn };
    enum err e = shipped_open(c->trust_prior, &o.prior);
    if (e != OK)
        log_error(a->log, "start.prior", LOG_C("reason", "trust.prior cannot be used"), LOG_STR("path", c->trust_prior),
                  LOG_ERR(e));
    e = file_make_dir(start_path(a, "learner"));
    if (e == OK)
        e = teacher_new(&o, &a->teacher);
    else
        prior_close(&o.prior);
    if (e != OK)
        log_error(a->log, "start.learner", LOG_C("reason", "the files in learner/ cannot be used"), LOG_ERR(e));
    return OK;
}

enum err start_pools(struct app *a)
{
    enum err e = work_pool_new(1, ARGON_QUEUE, &a->argon); /* 64 MiB each: one at a time */
    return e == OK ? work_pool_new(2, WORK_QUEUE, &a->work) : e;
}

enum err start_dns(struct app *a)
{
    const struct config *c = &a->config;
    struct dns_opts o = { .forward = c->dns_forward.v,
                          .forward_n = c->dns_forward.n,
                          .trust_anchor = c->dns_trust_anchor.p,
                          .timeout_ms = c->dns_timeout_ms };
    if (o.forward_n == 0)
        return OK;
    enum err e = dns_start(&o, &a->dns);
    if (e != OK)
        log_error(a->log, "start.dns", LOG_C("reason", "dns.forward or dns.trust_anchor cannot be used"), LOG_ERR(e));
    return e;
}

/* Only `mayfly box operator` uses it: no sessions, so no auth. */
enum err start_operator(struct app *a)
{
    const struct config *c = &a->config;
    struct mailboxes_opts o = { .loop = a->loop, .store = a->store, .hub = a->hub, .argon = a->argon, .log = a->log };
    o.domains = (struct domain_list){ c->server_domains.v, c->server_domains.n };
    o.max_ttl_ms = INT64_MAX / 2;
    o.max_messages = (uint32_t)c->box_max_messages;
    o.max_bytes = c->box_max_bytes;
    return mailboxes_new(&o, &a->operator_boxes);
}

enum err start_syscalls(struct app *a)
{
    if (!a->config.server_sandbox)
        return OK;
    uint16_t ports[SANDBOX_PORTS_MAX];
    bool scans = scanning_ports(&a->scanning, ports, 0, COUNT(ports)) > 0;
    unsigned reach = a->dns || scans || a->carrying.on ? SANDBOX_REACHES_IP : 0;
    enum err e = sandbox_syscalls(reach | (scanning_on_unix(&a->scanning) ? SANDBOX_REACHES_UNIX : 0));
    if (e != OK)
        log_warn(a->log, "start.sandbox", LOG_C("reason", "seccomp was refused: system calls are not fenced off"));
    return OK;
}
