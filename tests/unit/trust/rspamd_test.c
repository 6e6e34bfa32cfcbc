#include "io/fake.h"
#include "trust/rspamd.h"

TEST(replies)
{
    static const struct {
        struct str json;
        int score_tenths;
        const char *reason; /* NULL: nothing that can be used */
    } cases[] = {
        { STR("{\"score\":15.0,\"required_score\":15.0,\"action\":\"reject\","
              "\"symbols\":{\"GTUBE\":{\"name\":\"GTUBE\",\"score\":0.0,\"metric_score\":20.0}}}"),
          40, "rspamd: reject, 15.0 of 15.0: GTUBE" },
        { STR("{\"score\":7,\"required_score\":15,\"action\":\"add header\",\"symbols\":{}}"), 25,
          "rspamd: add header, 7.0 of 15.0" },
        { STR("{\"score\":3.0,\"required_score\":15,\"action\":\"no action\",\"symbols\":{\"A\":{\"score\":0.5},"
              "\"B_1\":{\"score\":-2},\"C\":{\"score\":1},\"D\":{\"score\":0},\"bad name\":{\"score\":9},\"E\":7}}"),
          4, "rspamd: no action, 3.0 of 15.0: B_1, C, A" },
        { STR("{\"score\":-50,\"required_score\":15,\"action\":\"no action\"}"), -10,
          "rspamd: no action, -50.0 of 15.0" },
        { STR("{\"score\":1e300,\"action\":\"greylist\"}"), 0, "rspamd: greylist, 9999.0 of 0.0" },
        { STR("{\"score\":14,\"required_score\":15,\"action\":\"soft reject\"}"), 15,
          "rspamd: soft reject, 14.0 of 15.0" },
        { STR("{\"score\":\"7\",\"action\":\"reject\"}"), 0, NULL },
        { STR("{\"action\":\"reject\"}"), 0, NULL },
        { STR("{\"score\":7}"), 0, NULL },
        { STR("{\"score\":7,\"action\":\"<b>\"}"), 0, NULL },
        { STR("{\"error\":\"no\"}"), 0, NULL },
        { STR("[]"), 0, NULL },
        { STR(""), 0, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rspamd_reply r = { 0 };
        CHECK_EQ(rspamd_reply_parse(cases[i].json, &r), cases[i].reason ? OK : ERR_BAD);
        CHECK_EQ(r.score * 10 + (r.score < 0 ? -0.5 : 0.5), cases[i].score_tenths);
        CHECK_STR(cases[i].json.p, str_c(r.reason), cases[i].reason ? cases[i].reason : "");
    }
}

TEST(many_symbols)
{
    AUTO_BUF struct buf json = { .max = 100000 };
    struct rspamd_reply r;
    buf_puts(&json, "{\"score\":1,\"required_score\":15,\"action\":\"no action\",\"symbols\":{");
    for (int i = 0; i < 400; i++)
        buf_printf(&json, "%s\"A_NAME_OF_FORTY_OCTETS_TO_BE_LONG_%05d\":{\"score\":1.%d}", i ? "," : "", i, i % 7);
    buf_puts(&json, "}}");
    CHECK_OK(rspamd_reply_parse(buf_str(&json), &r));
    CHECK(strlen(r.reason) < LIMIT_RSPAMD_REASON && strlen(r.reason) > 150);
}

struct checked {
    struct loop *loop;
    int done;
    enum err err;
    struct rspamd_reply reply;
};
static void on_done(void *ctx, enum err e, const struct rspamd_reply *r)
{
    struct checked *c = ctx;
    c->done++;
    c->err = e;
    c->reply = *r;
    loop_stop(c->loop);
}

static void check(struct fake *f, const struct rspamd_client *client, struct checked *c)
{
    struct rspamd_check *x;
    *c = (struct checked){ 0 };
    fake_start(f);
    CHECK_OK(loop_new(&c->loop));
    const struct rspamd_opts o = { .loop = c->loop, .to = &f->to, .deadline_ms = 300, .client = client };
    CHECK_OK(rspamd_check(&o, S("Subject: x\r\n\r\ntext\r\n"), on_done, c, &x));
    loop_run(c->loop);
    loop_free(c->loop);
    fake_end(f);
    CHECK_EQ(c->done, 1);
}

#define BODY "{\"score\":8,\"required_score\":15,\"action\":\"add header\"}"
static const char question[] =
    "POST /checkv2 HTTP/1.1\r\nHost: rspamd\r\nConnection: close\r\nContent-Length: 20\r\n\r\n"
    "Subject: x\r\n\r\ntext\r\n";

TEST(answers)
{
    static const struct {
        const char *what;
        struct str answer;
        int hold_ms;
        enum err want;
    } cases[] = {
        { "with its length", STR("HTTP/1.1 200 OK\r\nContent-Length: 53\r\n\r\n" BODY), 5000, OK },
        { "until the end", STR("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" BODY), 0, OK },
        { "in chunks", STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n35\r\n" BODY "\r\n0\r\n\r\n"), 5000,
          OK },
        { "cut off", STR("HTTP/1.1 200 OK\r\nContent-Length: 54\r\n\r\n" BODY), 0, ERR_IO },
        { "cut off in chunks", STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n35\r\n" BODY), 0, ERR_IO },
        { "an error", STR("HTTP/1.1 500 no\r\nContent-Length: 53\r\n\r\n" BODY), 5000, ERR_BAD },
        { "framed twice", STR("HTTP/1.1 200 OK\r\nContent-Length: 53\r\nTransfer-Encoding: chunked\r\n\r\n" BODY), 5000,
          ERR_BAD },
        { "no HTTP", STR("ICY 200 OK\r\n\r\n" BODY), 5000, ERR_BAD },
        { "nothing", STR(""), 5000, ERR_BUSY },
    };
    CHECK_EQ(sizeof BODY - 1, 53);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct checked c;
        struct fake f = { .take = sizeof question - 1, .answer = cases[i].answer, .hold_ms = cases[i].hold_ms };
        check(&f, NULL, &c);
        if (c.err != cases[i].want)
            print_error("%s: %s\n", cases[i].what, err_name(c.err));
        CHECK_EQ(c.err, cases[i].want);
        if (c.err == OK)
            CHECK_STR(cases[i].what, str_c(c.reply.reason), "rspamd: add header, 8.0 of 15.0");
        CHECK_STR("nothing about the client", buf_str(&f.taken), question);
        buf_fini(&f.taken);
    }
}

TEST(the_client_on_request)
{
    struct ip ip;
    struct checked c;
    CHECK_OK(ip_parse(S("192.0.2.7"), &ip));
    const struct rspamd_client client = { .ip = &ip, .helo = S("a\r\nSettings: x"), .from = S("ann@a.example") };
    struct fake f = { .take = sizeof question - 1 + 15 + 21, .answer = S("HTTP/1.1 200 OK\r\n\r\n" BODY) };
    check(&f, &client, &c);
    CHECK_OK(c.err);
    CHECK(str_find(buf_str(&f.taken), S("\r\nIP: 192.0.2.7\r\nFrom: ann@a.example\r\n\r\n")) != STR_NONE);
    CHECK(str_find(buf_str(&f.taken), S("Settings")) == STR_NONE);
    buf_fini(&f.taken);
}
