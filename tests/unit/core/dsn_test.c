/* What a report says of each recipient, and in whose words. */
#include "core/dsn.h"
#include "test.h"

static struct str report(struct buf *out, enum dsn_kind kind, struct dsn_rcpt r)
{
    r.address = S("bob@far.example");
    struct dsn d = { .kind = kind,
                     .hostname = S("mx.here.example"),
                     .to = S("alice@here.example"),
                     .id = S("0123456789abcdef"),
                     .now_ms = 1764244800000,
                     .arrival_ms = 1764244700000,
                     .retry_until_ms = 1764244900000,
                     .rcpts = &r,
                     .rcpts_n = 1 };
    buf_clear(out);
    CHECK_OK(dsn_put(out, &d));
    return buf_str(out);
}

static bool has(struct str s, const char *words) { return str_find(s, str_c(words)) != STR_NONE; }

TEST(dsn_words_are_whose_they_are)
{
    static const struct {
        const char *what;
        enum dsn_kind kind;
        struct dsn_rcpt r;
        const char *fields, *people;
    } cases[] = {
        { "a reply as it came",
          DSN_FAILED,
          { .tried = true,
            .coded = true,
            .status = STR("5.1.1"),
            .code = 550,
            .text = STR("nobody"),
            .mx = STR("mx.far.example") },
          "\r\nStatus: 5.1.1\r\nRemote-MTA: dns;mx.far.example\r\nDiagnostic-Code: smtp; 550 5.1.1 "
          "nobody\r\nLast-Attempt-Date: ",
          "    mx.far.example said: 550 5.1.1 nobody\r\n" },
        { "one without an enhanced code",
          DSN_FAILED,
          { .tried = true, .status = STR("5.0.0"), .code = 550, .text = STR("nobody"), .mx = STR("mx.far.example") },
          "\r\nStatus: 5.0.0\r\nRemote-MTA: dns;mx.far.example\r\nDiagnostic-Code: smtp; 550 "
          "nobody\r\nLast-Attempt-Date: ",
          "    mx.far.example said: 550 nobody\r\n" },
        { "what we found",
          DSN_FAILED,
          { .tried = true, .coded = true, .status = STR("5.1.2"), .text = STR("no such domain") },
          "\r\nStatus: 5.1.2\r\nDiagnostic-Code: X-mayfly; no such domain\r\nLast-Attempt-Date: ",
          "    no such domain\r\n" },
        { "a box here, which nobody was asked about by SMTP",
          DSN_FAILED,
          { .tried = true,
            .coded = true,
            .here = true,
            .status = STR("5.1.1"),
            .code = 550,
            .text = STR("there is no such box") },
          "\r\nStatus: 5.1.1\r\nDiagnostic-Code: X-mayfly; there is no such box\r\nLast-Attempt-Date: ",
          "    there is no such box\r\n" },
        { "not tried",
          DSN_DELAYED,
          { .status = STR("4.4.5"), .text = STR("Not tried yet.") },
          "\r\nStatus: 4.4.5\r\nDiagnostic-Code: X-mayfly; Not tried yet.\r\nWill-Retry-Until: ",
          "    Not tried yet.\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 16384 };
        struct str said = report(&out, cases[i].kind, cases[i].r);
        test_check_eq(has(said, cases[i].fields) && has(said, cases[i].people), true, cases[i].what, __FILE__,
                      __LINE__);
    }
}
