#include "base/buf.h"
#include "test.h"
#include "wire/report.h"

#define HEAD                                                                                                           \
    "From: MAILER-DAEMON\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n boundary=b\r\n\r\n"
#define TEXT "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
#define STATUS(type)                                                                                                   \
    "--b\r\nContent-Type: message/" type                                                                               \
    "\r\n\r\nOriginal-Envelope-Id: env-1\r\nReporting-MTA: dns;mx.far.example\r\n"                                     \
    "\r\nFinal-Recipient: rfc822;u@far.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"                                 \
    "Diagnostic-Code: smtp; 550 5.1.1 no <such> user\r\n"
#define FIELDS                                                                                                         \
    "Received: from a by b (id hidden) with ESMTP\r\n id 4XyZ12 for <u@far.example>; Fri, 27 Nov 2026 id none\r\n"     \
    "Received: by mayfly.example with ESMTPSA id 0123456789abcdef0123456789abcdef; x\r\nMessage-ID: <m@x>\r\n"

static enum err read_one(struct arena *a, const char *msg, struct report *r)
{
    struct mime_tree t;
    CHECK_OK(mime_parse(a, str_c(msg), &t));
    return report_read(a, &t, str_c(msg), r);
}

TEST(parts_are_found)
{
    static const struct {
        const char *what, *msg, *id, *ids;
    } cases[] = {
        { "the header comes back",
          HEAD TEXT STATUS("delivery-status") "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" FIELDS "--b--\r\n",
          "m@x", "4XyZ12 0123456789abcdef0123456789abcdef env-1 " },
        { "all comes back",
          HEAD TEXT STATUS("delivery-status") "--b\r\nContent-Type: message/rfc822\r\n\r\n" FIELDS
                                              "\r\nReceived: by body id 1\r\n--b--\r\n",
          "m@x", "4XyZ12 0123456789abcdef0123456789abcdef env-1 " },
        { "RFC 6533, and nothing comes back", HEAD TEXT STATUS("global-delivery-status") "--b--\r\n", "", "env-1 " },
        { "encoded",
          HEAD STATUS(
              "delivery-status") "--b\r\nContent-Type: message/global-headers\r\n"
                                 "Content-Transfer-Encoding: quoted-printable\r\n\r\nMessage-ID: <m=40x>\r\n--b--\r\n",
          "m@x", "env-1 " },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 22 };
        AUTO_BUF struct buf ids = { .max = 4096 };
        struct report r = { 0 };
        CHECK_OK(read_one(&a, cases[i].msg, &r));
        for (size_t k = 0; k < r.ids_n; k++)
            buf_printf(&ids, "%.*s ", STR_FMT(r.ids[k]));
        CHECK_STR(cases[i].what, r.message_id, cases[i].id);
        CHECK_STR(cases[i].what, buf_str(&ids), cases[i].ids);
        CHECK_STR(cases[i].what, r.status.v[0].final, "u@far.example");
    }
}

TEST(what_is_none)
{
    static const char *const cases[] = {
        "From: a\r\n\r\nFinal-Recipient: rfc822;u@far.example\r\n",
        HEAD TEXT "--b--\r\n",
        HEAD TEXT
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\nFinal-Recipient: rfc822;u@b\r\n--b--\r\n",
        HEAD
        "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Final-Recipient: rfc822;u@b\r\n--c--\r\n--b--\r\n",
        "Content-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822;u@far.example\r\n",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_ARENA struct arena a = { .max = 1 << 22 };
        struct report r;
        CHECK_EQ(read_one(&a, cases[i], &r), ERR_BAD);
    }
}

TEST(the_first_server_is_kept)
{
    AUTO_ARENA struct arena a = { .max = 1 << 22 };
    AUTO_BUF struct buf b = { .max = 1 << 16 };
    struct report r = { 0 };
    buf_puts(&b, HEAD STATUS("delivery-status") "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n");
    for (int i = 0; i < 40; i++)
        buf_printf(&b, "Received: by x id %d; x\r\n", i);
    buf_puts(&b, "--b--\r\n");
    buf_putc(&b, '\0');
    CHECK_OK(read_one(&a, b.p, &r));
    CHECK_EQ(r.ids_n, REPORT_IDS_MAX);
    CHECK_STR("ENVID", r.ids[REPORT_IDS_MAX - 1], "env-1");
    CHECK_STR("lowest", r.ids[REPORT_IDS_MAX - 2], "39");
}

TEST(as_json)
{
    AUTO_ARENA struct arena a = { .max = 1 << 22 };
    AUTO_BUF struct buf b = { .max = 1 << 16 };
    struct report r = { 0 };
    CHECK_OK(read_one(&a, HEAD STATUS("delivery-status") "--b--\r\n", &r));
    struct json_out j = json_out(&b);
    report_put(&j, &r);
    CHECK_STR(
        "json", buf_str(&b),
        "{\"envelope_id\":\"env-1\",\"message_id\":null,\"reporting_mta\":\"mx.far.example\",\"arrival_date\":null,"
        "\"recipients\":[{\"address\":\"u@far.example\",\"original\":null,\"action\":\"failed\",\"status\":\"5.1.1\","
        "\"code\":550,\"reason\":\"no \\u003csuch\\u003e user\",\"remote_mta\":null,\"retry_until\":null}],"
        "\"more\":0}");
}
