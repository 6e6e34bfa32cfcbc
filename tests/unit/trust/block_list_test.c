#include "trust/block_list.h"
#include "zone.h"

static const struct str zones[] = { STR("dbl.test"), STR("uri.test") };
#define A(name, address)                                                                                               \
    {                                                                                                                  \
        (name), DNS_A, (address)                                                                                       \
    }

static struct block_list_check run(const char *author, const char *msg, const struct zone_row *rows, size_t n)
{
    struct arena kept = { .max = 4 << 20 }, scratch = { .max = 1 << 20 };
    struct answers as;
    struct str authors[] = { str_c(author) };
    struct block_list_check c = { .zones = zones, .zones_n = COUNT(zones) };
    CHECK_OK(answers_init(&as, &kept, &scratch));
    block_list_init(&c, &kept, authors, 1, str_c(msg));
    if (c.n > 0) {
        CHECK_EQ(block_list_run(&c, &as), ERR_MORE);
        CHECK_EQ(zone_answer(&as, rows, n), c.n * COUNT(zones));
    }
    CHECK_OK(block_list_run(&c, &as));
    arena_reset(&scratch);
    arena_reset(&kept);
    return c;
}

TEST(a_listed_domain_is_found_wherever_it_stands)
{
    static const struct zone_row rows[] = { A("evil.example.dbl.test", "127.0.1.2"),
                                            A("pills.example.uri.test", "127.0.0.2") };
    static const struct {
        const char *author, *msg;
        bool is_author, is_link;
    } cases[] = {
        { "good.example", "Subject: x\r\n\r\nhttps://www.good.example/ and no more", false, false },
        { "mail.evil.example", "Subject: x\r\n\r\nhello", true, false },
        { "good.example", "Subject: x\r\n\r\nsee https://a.b.pills.example/x", false, true },
        { "good.example", "Content-Type: text/html\r\n\r\n<a href='http://pills.example'>x</a>", false, true },
        { "good.example",
          "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naHR0cHM6Ly9waWxscy5leGFtcGxlLw==",
          false, true },
        { "evil.example", "\r\nhttps://evil.example/ https://pills.example/", true, true },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct block_list_check c = run(cases[i].author, cases[i].msg, rows, COUNT(rows));
        CHECK_EQ(c.author, cases[i].is_author);
        CHECK_EQ(c.link, cases[i].is_link);
    }
}

TEST(only_a_listing_counts)
{
    static const struct {
        const char *address;
        bool listed;
    } cases[] = {
        { "127.0.0.2", true },     { "127.0.1.5", true },        { "127.0.0.1", false }, { "127.255.255.254", false },
        { "198.51.100.1", false }, { "127.255.255.255", false }, { NULL, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct zone_row rows[] = { A("evil.example.dbl.test", cases[i].address) };
        CHECK_EQ(run("evil.example", "\r\n", rows, 1).author, cases[i].listed);
    }
}

TEST(how_much_is_asked_is_bounded)
{
    struct block_list_check c = run("a.example",
                                    "\r\nhttp://b1.ex http://b2.ex http://b3.ex http://b4.ex http://b5.ex http://b6.ex "
                                    "http://b7.ex http://b8.ex http://b9.ex http://198.51.100.1/ http://www.b1.ex",
                                    NULL, 0);
    CHECK_EQ(c.n, LIMIT_LISTED_DOMAINS);
    c = run("com", "\r\nhttp://198.51.100.1/ http://localhost/", NULL, 0);
    CHECK_EQ(c.n, 0);
}

TEST(without_zones_nothing_is_done)
{
    AUTO_ARENA struct arena a = { .max = 1 };
    struct block_list_check c = { .zones_n = 0 };
    block_list_init(&c, &a, zones, 1, S("\r\nhttp://a.example/"));
    CHECK_EQ(c.n, 0);
}
