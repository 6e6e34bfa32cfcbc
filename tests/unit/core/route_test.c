#include "core/route.h"
#include "test.h"

static uint32_t turn;
static uint32_t chance(uint32_t below)
{
    turn = turn * 1103515245u + 12345u;
    return (turn >> 16) % below;
}

TEST(hosts_by_preference_and_equals_by_chance)
{
    bool first[3] = { false };
    for (int i = 0; i < 50; i++) {
        struct route_host v[] = { { .name = STR("c"), .preference = 20 },
                                  { .name = STR("a1"), .preference = 10 },
                                  { .name = STR("a2"), .preference = 10 },
                                  { .name = STR("z"), .preference = 65535 },
                                  { .name = STR("a3"), .preference = 10 } };
        route_order(v, COUNT(v), chance);
        CHECK_STR("then", v[3].name, "c");
        CHECK_STR("last", v[4].name, "z");
        CHECK_EQ(v[0].preference, 10);
        first[v[0].name.p[1] - '1'] = true;
    }
    CHECK(first[0] && first[1] && first[2]);
}

struct found {
    struct loop *loop;
    enum route_kind kind;
    size_t n;
    int calls;
};

static void on_route(void *ctx, const struct route *r)
{
    struct found *f = ctx;
    f->kind = r->kind;
    f->n = r->n;
    f->calls++;
    loop_stop(f->loop);
}

/* Without a resolver only a smart host can be found; and what is no name is nowhere. */
TEST(without_a_resolver)
{
    static const struct {
        const char *domain;
        enum route_kind kind;
    } cases[] = { { "192.0.2.25", ROUTE_HOSTS },
                  { "far.example", ROUTE_LATER },
                  { "[192.0.2.1]", ROUTE_NOWHERE },
                  { "10.0.0.1", ROUTE_NOWHERE },
                  { "", ROUTE_NOWHERE } };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct found f = { 0 };
        struct router *r;
        CHECK_OK(loop_new(&f.loop));
        const struct router_opts o = { .loop = f.loop, .relay_host = STR("192.0.2.25"), .chance = chance };
        CHECK_OK(router_new(&o, &r));
        struct route_req *q = route_find(r, str_c(cases[i].domain), ROUTE_BY_POLICY, on_route, &f);
        CHECK(q && f.calls == 0);
        loop_run(f.loop);
        CHECK_EQ(f.kind, cases[i].kind);
        CHECK_EQ(f.n, cases[i].kind == ROUTE_HOSTS);
        route_close(q);
        route_close(route_find(r, str_c(cases[i].domain), ROUTE_BY_POLICY, on_route, &f)); /* never answered */
        loop_free(f.loop);
        CHECK_EQ(f.calls, 1);
        router_free(r);
    }
}
