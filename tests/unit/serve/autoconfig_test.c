#include "serve/autoconfig.h"
#include "test.h"

static const struct str domains[] = { STR("box.test"), STR("a&b.test") };
static const struct autoconfig_door doors[] = {
    { "pop3s", AUTOCONFIG_POP3, 995, false },
    { "pop3", AUTOCONFIG_POP3, 110, true },
};
static const struct autoconfig config = {
    .hostname = STR("mx.box.test"), .domains = domains, .domains_n = 2, .doors = doors, .doors_n = 2, .smtp_port = 25
};
static struct buf out;

static bool has(const char *part) { return str_find(buf_str(&out), str_c(part)) != STR_NONE; }
static struct buf *again(void)
{
    buf_fini(&out);
    out.max = 16 * 1024;
    return &out;
}

TEST(thunderbird_is_told_every_door_best_first)
{
    autoconfig_thunderbird(&config, again());
    CHECK(has("<domain>box.test</domain>\n<domain>a&amp;b.test</domain>"));
    size_t ssl = str_find(buf_str(&out), S("<port>995</port>\n<socketType>SSL</socketType>"));
    size_t starttls = str_find(buf_str(&out), S("<port>110</port>\n<socketType>STARTTLS</socketType>"));
    CHECK(ssl != STR_NONE && starttls != STR_NONE && ssl < starttls);
    CHECK(has("<username>%EMAILADDRESS%</username>"));
}

TEST(thunderbird_is_told_where_mail_to_us_goes)
{
    autoconfig_thunderbird(&config, again());
    CHECK(has("<outgoingServer type=\"smtp\">\n<hostname>mx.box.test</hostname>\n<port>25</port>\n"
              "<socketType>STARTTLS</socketType>\n<authentication>none</authentication>\n</outgoingServer>"));
    struct autoconfig deaf = config;
    deaf.smtp_port = 0;
    autoconfig_thunderbird(&deaf, again());
    CHECK(!has("outgoingServer"));
}

TEST(who_may_send_is_told_where)
{
    static const struct autoconfig_door both[] = { { "imaps", AUTOCONFIG_IMAP, 993, false },
                                                   { "submissions", AUTOCONFIG_SMTP, 465, false },
                                                   { "submission", AUTOCONFIG_SMTP, 587, true } };
    struct autoconfig sends = config;
    sends.doors = both;
    sends.doors_n = COUNT(both);
    autoconfig_thunderbird(&sends, again());
    CHECK(has("<outgoingServer type=\"smtp\">\n<hostname>mx.box.test</hostname>\n<port>465</port>\n"
              "<socketType>SSL</socketType>\n<authentication>password-cleartext</authentication>\n"
              "<username>%EMAILADDRESS%</username>\n</outgoingServer>"));
    CHECK(has("<port>587</port>\n<socketType>STARTTLS</socketType>") && !has("<port>25</port>"));
    autoconfig_outlook(&sends, S("a@box.test"), again());
    CHECK(has("<Type>SMTP</Type>\n<Server>mx.box.test</Server>\n<Port>465</Port>\n<LoginName>a@box.test</LoginName>"));
    autoconfig_apple(&sends, S("a@box.test"), again());
    CHECK(has("<key>OutgoingMailServerPortNumber</key><integer>465</integer>"));
    CHECK(has("<key>OutgoingMailServerAuthentication</key><string>EmailAuthPassword</string>"));
}

TEST(outlook_is_told_the_login)
{
    autoconfig_outlook(&config, S("<x>@box.test"), again());
    CHECK(has("<Type>POP3</Type>\n<Server>mx.box.test</Server>\n<Port>995</Port>\n<LoginName>&lt;x&gt;@box.test</"
              "LoginName>"));
    CHECK(has("<Encryption>SSL</Encryption>") && has("<Encryption>TLS</Encryption>"));
}

TEST(a_profile_has_one_name_for_each_address)
{
    AUTO_BUF struct buf first = { .max = 16 * 1024 };
    autoconfig_apple(&config, S("a@box.test"), &first);
    autoconfig_apple(&config, S("a@box.test"), again());
    CHECK(str_eq(buf_str(&first), buf_str(&out)));
    CHECK(has("<string>EmailTypePOP</string>") && has("<key>IncomingMailServerPortNumber</key><integer>995</integer>"));
    size_t id = str_find(buf_str(&out), S("<string>mayfly.profile."));
    struct str name = str_sub(buf_str(&out), id, 60);
    CHECK(id != STR_NONE);
    autoconfig_apple(&config, S("b@box.test"), &first);
    struct str both = buf_str(&first); /* the other address has another name */
    size_t at = str_find(both, name);
    CHECK(at != STR_NONE && str_find(str_from(both, at + 1), name) == STR_NONE);
    struct autoconfig none = config;
    none.doors_n = 0;
    autoconfig_apple(&none, S("a@box.test"), again());
    CHECK(has("<array>\n</array>"));
}

TEST(the_page_is_told_too)
{
    autoconfig_services(&config, again());
    CHECK_STR("services", buf_str(&out),
              "{\"pop3s\":{\"host\":\"mx.box.test\",\"port\":995,\"tls\":\"tls\"},"
              "\"pop3\":{\"host\":\"mx.box.test\",\"port\":110,\"tls\":\"starttls\"}}");
    buf_fini(&out);
}
