/* A request is one block: made on its home loop, put into the thread's list, posted back with its answer. A cancel
 * marks it on its home loop, where it is freed when it comes home. */
#include "io/fetch.h"
#include "base/list.h"
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    URL_MAX = 1536,
    POLL_MS = 1000,
    SLEEP_MS = 3600 * 1000 /* until it is woken */,
    CONNECT_MS = 10 * 1000,
    TYPE_MAX = 128
};

struct fetcher {
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t lock;
    struct list waiting; /* struct fetch_req, under the lock */
    bool stopping;       /* likewise */
    struct list open;    /* the thread's, as the rest */
    size_t open_n;
    char *ca_file;
    int64_t timeout_ms;
};

struct fetch_req {
    struct job job;
    struct list in;
    struct loop *home;
    fetch_fn *done;
    void *ctx;
    bool cancelled; /* the home loop's */
    bool anywhere;
    CURL *easy;
    struct curl_slist *resolve;
    struct curl_slist *fields;
    const char *post_type; /* NULL: GET */
    enum err err;
    long status;
    struct buf body, post;
    char url[URL_MAX], where[URL_MAX], type[TYPE_MAX];
};

/* ---- at home ---- */
static void come_home(struct job *j)
{
    struct fetch_req *r = CONTAINER_OF(j, struct fetch_req, job);
    if (!r->cancelled)
        r->done(r->ctx, r->err, r->status, str_c(r->type), buf_str(&r->body));
    buf_fini(&r->body);
    buf_fini(&r->post);
    free(r);
}

void fetch_cancel(struct fetch_req *r)
{
    if (r)
        r->cancelled = true;
}

/* ---- the thread ---- */
static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct fetch_req *r = ctx;
    buf_put(&r->body, str_of(p, size * n));
    return r->body.failed ? 0 : size * n;
}

/* Looked at once more just before connecting, whatever libcurl made of what it was told. */
static bool may_connect(const struct fetch_req *r, const struct sockaddr *sa)
{
    struct ip ip = { .six = false };
    if (sa->sa_family == AF_INET6)
        ip = ip_of_six(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
    else if (sa->sa_family == AF_INET)
        memcpy(ip.b, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    else
        return false;
    return r->anywhere || ip_is_global(&ip);
}

static curl_socket_t open_socket(void *ctx, curlsocktype, struct curl_sockaddr *a)
{
    return may_connect(ctx, &a->addr) ? socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol) : CURL_SOCKET_BAD;
}

static bool prepare(struct fetcher *f, struct fetch_req *r)
{
    CURL *c = r->easy = curl_easy_init();
    r->resolve = curl_slist_append(NULL, r->where);
    if (!c || !r->resolve)
        return false;
    curl_easy_setopt(c, CURLOPT_PRIVATE, r);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, r);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)f->timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)MIN(f->timeout_ms, (int64_t)CONNECT_MS));
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CAINFO, f->ca_file) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_RESOLVE, r->resolve) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK;
}

/* Without "Expect: 100-continue", which would only cost a turn. */
static bool prepare_post(struct fetch_req *r)
{
    char type[TYPE_MAX];
    if (!r->post_type)
        return true;
    (void)snprintf(type, sizeof type, "Content-Type: %s", r->post_type);
    r->fields = curl_slist_append(NULL, type);
    struct curl_slist *more = r->fields ? curl_slist_append(r->fields, "Expect:") : NULL;
    return more && curl_easy_setopt(r->easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->post.p ? r->post.p : "") == CURLE_OK &&
           curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->post.n) == CURLE_OK &&
           curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->fields) == CURLE_OK;
}

static void send_home(struct fetch_req *r, enum err e)
{
    r->err = e;
    if (r->easy)
        curl_easy_cleanup(r->easy);
    curl_slist_free_all(r->resolve);
    curl_slist_free_all(r->fields);
    r->job.run = come_home;
    post(r->home, &r->job);
}

static void begin(struct fetcher *f, struct fetch_req *r)
{
    if (!prepare(f, r) || !prepare_post(r) || curl_multi_add_handle(f->multi, r->easy) != CURLM_OK) {
        send_home(r, ERR_IO);
        return;
    }
    list_add_tail(&f->open, &r->in);
    f->open_n++;
}

static void finish(struct fetcher *f, struct fetch_req *r, CURLcode code)
{
    const char *type = NULL;
    curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
    curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
    struct str t = str_sub(str_c(type), 0, sizeof r->type - 1);
    if (t.n > 0)
        memcpy(r->type, t.p, t.n);
    curl_multi_remove_handle(f->multi, r->easy);
    list_del(&r->in);
    f->open_n--;
    send_home(r, r->body.failed                           ? ERR_FULL
                 : code == CURLE_OK                       ? OK
                 : code == CURLE_PEER_FAILED_VERIFICATION ? ERR_DENIED
                                                          : ERR_IO);
}

/* False: to stop. */
static bool take_waiting(struct fetcher *f)
{
    struct list taken;
    list_init(&taken);
    pthread_mutex_lock(&f->lock);
    while (!list_empty(&f->waiting) && f->open_n < FETCH_OPEN_MAX && !f->stopping) {
        struct fetch_req *r = CONTAINER_OF(f->waiting.next, struct fetch_req, in);
        list_del(&r->in);
        pthread_mutex_unlock(&f->lock);
        begin(f, r);
        pthread_mutex_lock(&f->lock);
    }
    bool stopping = f->stopping;
    pthread_mutex_unlock(&f->lock);
    return !stopping;
}

static void take_finished(struct fetcher *f)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(f->multi, &left));) {
        struct fetch_req *r = NULL;
        if (m->msg == CURLMSG_DONE && curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r) == CURLE_OK)
            finish(f, r, m->data.result);
    }
}

static void *fetch_thread(void *fetcher)
{
    struct fetcher *f = fetcher;
    while (take_waiting(f)) {
        int running;
        curl_multi_perform(f->multi, &running);
        take_finished(f);
        curl_multi_poll(f->multi, NULL, 0, f->open_n > 0 ? POLL_MS : SLEEP_MS, NULL);
    }
    LIST_FOR(&f->open, node) { finish(f, CONTAINER_OF(node, struct fetch_req, in), CURLE_ABORTED_BY_CALLBACK); }
    LIST_FOR(&f->waiting, node) /* nobody puts more in: stopping is set */
    {
        list_del(node);
        send_home(CONTAINER_OF(node, struct fetch_req, in), ERR_IO);
    }
    return NULL;
}

/* ---- from any loop ---- */
static void put_where(struct buf *b, const struct fetch_what *w)
{
    buf_printf(b, "%.*s:%u:", STR_FMT(w->host), w->port);
    for (size_t i = 0; i < w->addrs_n && i < FETCH_ADDRS_MAX; i++) {
        buf_puts(b, i ? "," : "");
        buf_puts(b, w->addrs[i].six ? "[" : "");
        ip_put(b, &w->addrs[i]);
        buf_puts(b, w->addrs[i].six ? "]" : "");
    }
}

static bool put_text(char *out, size_t n, struct buf *b)
{
    if (b->failed || b->n >= n)
        return false;
    memcpy(out, b->p, b->n); /* zeroed behind it */
    return true;
}

static bool address(struct fetch_req *r, const struct fetch_what *w)
{
    AUTO_BUF struct buf url = { .max = URL_MAX }, where = { .max = URL_MAX };
    buf_printf(&url, "https://%.*s:%u%.*s", STR_FMT(w->host), w->port, STR_FMT(w->path));
    put_where(&where, w);
    return put_text(r->url, sizeof r->url, &url) && put_text(r->where, sizeof r->where, &where);
}

struct fetch_req *fetch_get(struct fetcher *f, struct loop *home, const struct fetch_what *w, fetch_fn *done, void *ctx)
{
    struct fetch_req *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    *r = (struct fetch_req){ .home = home, .done = done, .ctx = ctx, .anywhere = w->anywhere, .body.max = w->max };
    list_init(&r->in);
    r->post_type = w->post_type;
    r->post.max = w->post.n;
    buf_put(&r->post, w->post);
    bool good = !r->post.failed && address(r, w);
    pthread_mutex_lock(&f->lock);
    good = good && !f->stopping;
    if (good)
        list_add_tail(&f->waiting, &r->in);
    pthread_mutex_unlock(&f->lock);
    if (good)
        curl_multi_wakeup(f->multi);
    else
        send_home(r, ERR_IO);
    return r;
}

/* ---- start and end ---- */
enum err fetcher_start(const struct fetcher_opts *o, struct fetcher **out)
{
    struct fetcher *f = calloc(1, sizeof *f);
    if (!f)
        return ERR_IO;
    pthread_mutex_init(&f->lock, NULL);
    list_init(&f->waiting);
    list_init(&f->open);
    f->timeout_ms = o->timeout_ms;
    f->ca_file = strdup(o->ca_file);
    bool good = f->ca_file && curl_global_init(CURL_GLOBAL_ALL) == CURLE_OK;
    f->multi = good ? curl_multi_init() : NULL;
    if (f->multi && pthread_create(&f->thread, NULL, fetch_thread, f) == 0) {
        *out = f;
        return OK;
    }
    fetcher_free(f);
    return ERR_IO;
}

void fetcher_stop(struct fetcher *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_mutex_unlock(&f->lock);
    curl_multi_wakeup(f->multi);
    pthread_join(f->thread, NULL);
}

void fetcher_free(struct fetcher *f)
{
    if (!f)
        return;
    if (f->multi)
        curl_multi_cleanup(f->multi);
    pthread_mutex_destroy(&f->lock);
    free(f->ca_file);
    free(f);
}
