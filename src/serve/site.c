#include "serve/site.h"
#include "serve/assets.h"
#include "serve/autoconfig.h"
#include "serve/compat_mailtm.h"
#include "serve/forward_page.h"
#include "serve/lite.h"
#include "serve/live.h"
#include <stdlib.h>

enum { TABLES = 8 };
struct site {
    struct api *api;
    struct http *http, *metrics;
    struct http_table tables[TABLES], metrics_table;
    const struct metrics_opts *health;
};

/* The gate wants a struct api * as ctx; health needs more, and finds it beside it. */
static const struct metrics_opts *health_of(const struct http_req *r) { return api_of(r)->health; }
static void livez(struct http_req *r) { metrics_answer_livez(r); }
static void readyz(struct http_req *r) { metrics_answer_readyz(r, health_of(r)); }

static const struct http_route health_routes[] = {
    { HTTP_M_GET, STR("/livez"), livez, API_FREE, 0 },
    { HTTP_M_GET, STR("/readyz"), readyz, API_FREE, 0 },
};
static const struct http_route echo_routes[] = { { HTTP_M_GET, STR("/echo"), live_echo, API_FREE, 0 } };

static enum err open_http(struct site *s, const struct site_opts *o)
{
    size_t n = 0;
    s->tables[n++] = (struct http_table){ api_routes, api_routes_n, s->api };
    s->tables[n++] = (struct http_table){ health_routes, COUNT(health_routes), s->api };
    s->tables[n++] = (struct http_table){ assets_routes, assets_n, s->api };
    s->tables[n++] = (struct http_table){ autoconfig_routes, autoconfig_routes_n, s->api };
    s->tables[n++] = (struct http_table){ lite_routes, lite_routes_n, s->api, lite_problem };
    s->tables[n++] = (struct http_table){ forward_routes, forward_routes_n, s->api, lite_problem };
    s->tables[n++] = (struct http_table){ compat_mailtm_routes, compat_mailtm_routes_n, s->api, compat_mailtm_problem };
    if (o->api.echo_websocket)
        s->tables[n++] = (struct http_table){ echo_routes, COUNT(echo_routes), s->api };
    const struct http_opts page = { .loop = o->api.loop,
                                    .log = o->api.log,
                                    .tables = s->tables,
                                    .tables_n = n,
                                    .gate = api_gate,
                                    .cors_origins = o->cors_origins,
                                    .cors_origins_n = o->cors_origins_n,
                                    .counts = o->counts };
    s->metrics_table = (struct http_table){ metrics_routes, metrics_routes_n, (void *)(uintptr_t)o->metrics };
    const struct http_opts own = { .loop = o->api.loop, .log = o->api.log, .tables = &s->metrics_table, .tables_n = 1 };
    enum err e = http_new(&page, &s->http);
    return e == OK ? http_new(&own, &s->metrics) : e;
}

enum err site_new(const struct site_opts *o, struct site **out)
{
    struct site *s = calloc(1, sizeof *s);
    if (!s || api_new(&o->api, &s->api) != OK) {
        free(s);
        return ERR_IO;
    }
    s->api->health = o->metrics;
    s->api->autoconfig = o->autoconfig;
    if (open_http(s, o) != OK) {
        site_free(s);
        return ERR_IO;
    }
    *out = s;
    return OK;
}

void site_free(struct site *s)
{
    if (!s)
        return;
    http_free(s->http);
    http_free(s->metrics);
    api_free(s->api);
    free(s);
}

enum err site_accept(struct site *s, int fd, const struct peer *peer, struct tls *tls,
                     void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx)
{
    return http_accept(s->http, fd, peer, tls, gone, gone_ctx);
}
enum err site_accept_metrics(struct site *s, int fd, const struct peer *peer,
                             void (*gone)(void *ctx, const struct peer *peer), void *gone_ctx)
{
    return http_accept(s->metrics, fd, peer, NULL, gone, gone_ctx);
}

void site_drain(struct site *s)
{
    http_drain(s->http);
    http_drain(s->metrics);
}
