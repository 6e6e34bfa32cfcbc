/* The table of settings and its sources: what is taken, what is refused, and where each complaint points. */
#include "app/config.h"
#include "app/config_check.h"
#include "test.h"
#include <stdio.h>

enum { TEXT_MAX = 1 << 20 };

static const char *write_file(const char *text)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/mayfly.conf", test_dir());
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
    return path;
}

TEST(defaults_are_valid)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
    struct config c;
    CHECK_OK(config_load(&(struct config_sources){ 0 }, &c, &errors, &notes));
    CHECK_STR("listen", c.smtp_listen.v[0], "127.0.0.1:2525");
    CHECK_EQ(c.smtp_max_bytes, 25 << 20);
    CHECK_EQ(c.box_default_ttl_ms, 3600 * 1000);
    CHECK(c.server_sandbox && !c.test_clock);
    config_fini(&c);
}

TEST(names_fit_and_are_told_once)
{
    for (size_t i = 0; i < settings_n; i++) {
        CHECK(str_c(settings[i].name).n + sizeof "MAYFLY__FILE" < 64);
        CHECK_EQ(setting_find(str_c(settings[i].name)), i);
    }
    CHECK(settings_n < 128);
}

TEST(later_sources_win)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX }, said = { .max = TEXT_MAX };
    const char *file = write_file("# a comment\nsmtp {\n  listen = {\"0.0.0.0:25\", \"[::]:25\"}\n  max_bytes = 1M\n}\n"
                                  "box { max_messages = 7 }\nlog { level = \"warn\" }\n");
    const char *env[] = { "MAYFLY_BOX_MAX_MESSAGES=8", "MAYFLY_LOG_LEVEL=error", "HOME=/", "MAYFLY_NONE_SUCH=1", NULL };
    const char *extra[] = { "log.level=debug", "server.domains=A.test, b.test" };
    struct config c;
    CHECK_OK(config_load(&(struct config_sources){ file, env, extra, 2 }, &c, &errors, &notes));
    CHECK_EQ(c.smtp_listen.n, 2);
    CHECK_STR("list", c.smtp_listen.v[1], "[::]:25");
    CHECK_EQ(c.smtp_max_bytes, 1 << 20);
    CHECK_EQ(c.box_max_messages, 8);
    CHECK_EQ(c.log_level, 0);
    CHECK_STR("lower case", c.server_domains.v[0], "a.test");
    CHECK_STR("notes", buf_str(&notes), "MAYFLY_NONE_SUCH: no such setting\n");
    config_print_effective(&c, &said);
    CHECK(str_find(buf_str(&said), S("mayfly.conf:4")) != STR_NONE);
    CHECK(str_find(buf_str(&said), S("box.max_messages = 8  # MAYFLY_BOX_MAX_MESSAGES")) != STR_NONE);
    config_fini(&c);
}

TEST(an_empty_list_is_a_value)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
    struct config_sources from = { .file = write_file("pop3 { listen = {} }\nimap {\n  listen = { # none\n  }\n}\n") };
    struct config c;
    CHECK_OK(config_load(&from, &c, &errors, &notes));
    CHECK_EQ(c.pop3_listen.n, 0);
    CHECK_EQ(c.imap_listen.n, 0);
    CHECK_EQ(c.pop3s_listen.n, 1);
    config_fini(&c);
}

TEST(ports_that_do_not_meet)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
    const char *extra[] = { "smtp.listen=0.0.0.0:25, [::]:25", "http.listen=127.0.0.1:0, 127.0.0.1:0",
                            "https.listen=127.0.0.1:0", "pop3.listen=127.0.0.1:110, 127.0.0.2:110" };
    struct config c;
    CHECK_OK(config_load(&(struct config_sources){ .extra = extra, .extra_n = 4 }, &c, &errors, &notes));
    config_fini(&c);
}

TEST(which_file_is_read)
{
    CHECK_STR("-c", str_c(config_file_choose("a", "b", S("/usr/bin/mayfly"))), "a");
    CHECK_STR("environment", str_c(config_file_choose(NULL, "b", S("/usr/bin/mayfly"))), "b");
    CHECK_STR("installed", str_c(config_file_choose(NULL, NULL, S("/usr/bin/mayfly"))), "/etc/mayfly/mayfly.conf");
    CHECK(config_file_choose(NULL, "", S("/usr/bin/mayfly")) == NULL);
    CHECK(config_file_choose(NULL, NULL, S("/home/a/mayfly/build/mayfly")) == NULL);
    CHECK(config_file_choose(NULL, NULL, S("")) == NULL);
}

TEST(a_value_from_a_file)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
    char line[300];
    snprintf(line, sizeof line, "MAYFLY_SERVER_HOSTNAME_FILE=%s", write_file("mx.example.test\n"));
    struct config c;
    CHECK_OK(config_load(&(struct config_sources){ .env = (const char *[]){ line, NULL } }, &c, &errors, &notes));
    CHECK_STR("hostname", c.server_hostname, "mx.example.test");
    config_fini(&c);
}

TEST(each_complaint_says_where)
{
    static const struct {
        const char *what, *file, *extra, *want;
    } cases[] = {
        { "unknown section", "\nnone {\n}\n", NULL, "mayfly.conf:2: " },
        { "unknown key", "smtp {\n x = 1\n}\n", NULL, "mayfly.conf:2: " },
        { "not closed", "\nsmtp {\n  listen = {\"127.0.0.1:25\"}\nhttp {\n}\n", NULL,
          "mayfly.conf:2: this brace is not closed" },
        { "quote not closed", "server {\n  hostname = \"a.test\n}\n", NULL, "mayfly.conf:2: this quote is not closed" },
        { "one brace too many", "smtp {\n}\n}\n", NULL, "mayfly.conf:3: a brace too many" },
        { "an empty list where one is needed", "server {\n\n  domains = {}\n}\n", NULL,
          "mayfly.conf:3: server.domains: needs at least one" },
        { "twice", "smtp {\n max_bytes = 1M\n}\nsmtp {\n max_bytes = 2M }\n", NULL,
          "mayfly.conf:5: smtp.max_bytes: set in line 2 already" },
        { "a list twice", "http {\n listen = \"127.0.0.1:1\" # x\n listen = \"127.0.0.1:1\"\n}\n", NULL,
          "mayfly.conf:3: http.listen: set in line 2 already" },
        { "one port for two", NULL, "http.listen=127.0.0.1:8443",
          "https.listen: 127.0.0.1:8443 is taken by http.listen 127.0.0.1:8443" },
        { "any address has it", NULL, "http.listen=0.0.0.0:2525",
          "http.listen: 0.0.0.0:2525 is taken by smtp.listen 127.0.0.1:2525" },
        { "twice in a list", NULL, "http.listen=[::1]:80, [::]:80", "http.listen: [::]:80 is taken by" },
        { "bad size in a file", "smtp {\n\n max_bytes = \"many\"\n}\n", NULL,
          "mayfly.conf:3: smtp.max_bytes: not a size" },
        { "too large", NULL, "smtp.max_bytes=2G", "-o: smtp.max_bytes: too large: at most 1G\n" },
        { "no such", NULL, "a.b=c", "-o a.b=c: no such setting" },
        { "no value", NULL, "smtp.listen", "-o smtp.listen: must be section.key=value" },
        { "endpoint", NULL, "smtp.listen=localhost:25", "\"localhost:25\": not an IP address" },
        { "endpoint six", NULL, "smtp.listen=::1:25", "IPv6 goes in brackets" },
        { "port", NULL, "smtp.listen=127.0.0.1:65536", "must be address:port" },
        { "network", NULL, "smtp.proxy_networks=10.0.0.0/33", "not an IP network" },
        { "origin", NULL, "http.cors_origins=https://a.test/x", "must be an origin" },
        { "any origin", NULL, "http.cors_origins=*", "must be an origin" },
        { "bool", NULL, "server.sandbox=maybe", "must be true or false" },
        { "enum", NULL, "log.level=loud", "must be one of: debug info warn error" },
        { "domain", NULL, "server.domains=a..b", "not a host name" },
        { "no domain", NULL, "server.domains=", "needs at least one" },
        { "redis", NULL, "store.backend=redis", "redis is not built yet" },
        { "not built", NULL, "lmtp.listen=127.0.0.1:2424", "lmtp.listen: not built yet" },
        { "half a pair", NULL, "tls.cert=/x.pem", "tls.cert and tls.key" },
        { "whose domain", NULL, "send.off_domains=nobody.example",
          "-o: send.off_domains: nobody.example is none of server.domains" },
        { "no password", "smtp_out { relay_host = a.example\n relay_user = b }", NULL,
          "smtp_out.relay_user: needs smtp_out.relay_password_file" },
        { "lives", NULL, "box.max_ttl=5m", "above box.max_ttl" },
        { "less than the least", NULL, "box.default_ttl=9m", "box.default_ttl: below box.min_ttl" },
        { "no folder", NULL, "server.data_dir=", "-o: server.data_dir: must not be empty\n" },
        { "a folder too long for the socket in it", NULL,
          "server.data_dir=/234567890/234567890/234567890/234567890/234567890/234567890/234567890/234567890/234567890/"
          "2345",
          "-o: server.data_dir: too long: at most 94 octets\n" },
        { "IPv6 for IPv4", NULL, "smtp_out.bind_ipv4=::1", "-o: smtp_out.bind_ipv4: not an IPv4 address\n" },
        { "IPv4 for IPv6", NULL, "smtp_out.bind_ipv6=192.0.2.1", "-o: smtp_out.bind_ipv6: not an IPv6 address\n" },
        { "an address without a domain", NULL, "smtp_out.tls_report_from=foo@",
          "-o: smtp_out.tls_report_from: not a mail address" },
        { "a smart host of two words", NULL, "smtp_out.relay_host=bad host",
          "-o: smtp_out.relay_host: neither a host name nor an address" },
        { "with an empty label", NULL, "smtp_out.relay_host=a..b", "neither a host name nor an address" },
        { "with its port", NULL, "smtp_out.relay_host=smart.example:587", "a port has a setting of its own" },
        { "half an address", NULL, "smtp_out.relay_host=192.0.2", "neither a host name nor an address" },
        { "nine block lists", NULL, "access.dnsbl=a.b,c.b,d.b,e.b,f.b,g.b,h.b,i.b,j.b",
          "-o: access.dnsbl: too many: at most 8\n" },
        { "nine domain lists", NULL, "trust.domain_lists=a.b,c.b,d.b,e.b,f.b,g.b,h.b,i.b,j.b",
          "-o: trust.domain_lists: too many: at most 8\n" },
        { "nine resolvers",
          "dns {\n forward = {\"[::1]:1,[::1]:2,[::1]:3,[::1]:4,[::1]:5\",\"[::1]:6,[::1]:7,[::1]:8,"
          "[::1]:9\"}\n}\n",
          NULL, "mayfly.conf:2: dns.forward: too many: at most 8\n" },
        { "an address for a name", NULL, "trust.domain_lists=1.2.3.4",
          "-o: trust.domain_lists: \"1.2.3.4\": an address is no host name\n" },
        { "a comma too many", NULL, "trust.arc_sealers=x,,", "-o: trust.arc_sealers: a comma too many\n" },
        { "bans that grow downwards", NULL, "access.ban_max_time=9m", "access.ban_max_time: below access.ban_time\n" },
        { "a file that is not there", "", "server.drain=1h", "too large: at most 10m\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
        struct config c;
        struct config_sources from = { .file = cases[i].file ? write_file(cases[i].file) : NULL,
                                       .extra = &cases[i].extra,
                                       .extra_n = cases[i].extra != NULL };
        CHECK_EQ(config_load(&from, &c, &errors, &notes), ERR_BAD);
        if (str_find(buf_str(&errors), str_c(cases[i].want)) == STR_NONE)
            CHECK_STR(cases[i].what, buf_str(&errors), cases[i].want);
        config_fini(&c);
    }
}

TEST(files_that_are_named_are_there)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
    const char *extra[] = { "tls.cert=/nonexistent/cert.pem", "tls.key=/dev", "dns.trust_anchor=/dev/null" };
    struct config c;
    CHECK_OK(config_load(&(struct config_sources){ .extra = extra, .extra_n = 3 }, &c, &errors, &notes));
    config_check_files(&c, &errors, &notes);
    CHECK_STR("complaints", buf_str(&errors),
              "-o: tls.cert: /nonexistent/cert.pem: No such file or directory\n-o: tls.key: /dev: Is a directory\n");
    config_fini(&c);
}

TEST(what_is_likely_a_slip_is_noted)
{
    static const struct {
        const char *extra, *want;
    } cases[] = {
        { "limits.message_memory=1", "limits.message_memory: less than a mail of smtp.max_bytes takes" },
        { "access.deny=10.0.0.0/8, ::/0", "access.deny: names everybody" },
        { "smtp.relay_from=0.0.0.0/0", "smtp.relay_from: names everybody" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
        struct config c;
        CHECK_OK(config_load(&(struct config_sources){ .extra = &cases[i].extra, .extra_n = 1 }, &c, &errors, &notes));
        config_note_together(&c, &notes);
        CHECK(str_find(buf_str(&notes), str_c(cases[i].want)) != STR_NONE);
        config_fini(&c);
    }
}

TEST(so_many_addresses_and_no_more)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX }, line = { .max = TEXT_MAX };
    struct config c;
    buf_puts(&line, "imap.listen=127.0.0.1:0");
    for (int i = 0; i < CONFIG_LISTEN_MAX; i++)
        buf_puts(&line, ", 127.0.0.1:0");
    buf_putc(&line, '\0');
    const char *extra = (const char *)line.p;
    CHECK_EQ(config_load(&(struct config_sources){ .extra = &extra, .extra_n = 1 }, &c, &errors, &notes), ERR_BAD);
    CHECK(str_find(buf_str(&errors), S("*.listen: ")) != STR_NONE &&
          str_find(buf_str(&errors), S("at most 64")) != STR_NONE);
    config_fini(&c);
}

TEST(a_prior_is_one)
{
    static const struct {
        const char *extra, *want;
    } cases[] = {
        { "trust.prior=none", "" },
        { "trust.prior=shipped", "" },
        { "trust.prior=/nonexistent/prior", "-o: trust.prior: /nonexistent/prior: is not there\n" },
        { "trust.prior=/dev/null",
          "-o: trust.prior: /dev/null: is no model, or a damaged one, or one of another version\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX };
        struct config c;
        CHECK_OK(config_load(&(struct config_sources){ .extra = &cases[i].extra, .extra_n = 1 }, &c, &errors, &notes));
        config_check_prior(&c, &errors, &notes);
        CHECK_STR(cases[i].extra, buf_str(&errors), cases[i].want);
        config_fini(&c);
    }
}

TEST(what_a_hangup_cannot_change)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX }, frozen = { .max = TEXT_MAX };
    const char *extra[] = { "smtp.listen=127.0.0.1:1", "server.drain=3s" };
    struct config old, new;
    CHECK_OK(config_load(&(struct config_sources){ 0 }, &old, &errors, &notes));
    CHECK_OK(config_load(&(struct config_sources){ .extra = extra, .extra_n = 2 }, &new, &errors, &notes));
    config_frozen(&old, &new, &frozen);
    CHECK_STR("frozen", buf_str(&frozen), "smtp.listen\n");
    config_fini(&old);
    config_fini(&new);
}

TEST(the_printed_file_loads_and_is_the_defaults)
{
    AUTO_BUF struct buf errors = { .max = TEXT_MAX }, notes = { .max = TEXT_MAX }, text = { .max = TEXT_MAX };
    AUTO_BUF struct buf bare = { .max = TEXT_MAX };
    config_print_file(&text);
    buf_putc(&text, 0);
    /* with the settings uncommented too: a line "    # key = …" loses its mark */
    for (size_t i = 0; i + 6 < text.n; i++)
        if (str_starts(str_from(buf_str(&text), i), S("    # "))) {
            struct str rest, line = str_line(str_from(buf_str(&text), i), &rest);
            if (str_find(line, S(" = ")) != STR_NONE)
                text.p[i + 4] = ' ';
        }
    struct config c, plain;
    CHECK_OK(config_load(&(struct config_sources){ .file = write_file(text.p) }, &c, &errors, &notes));
    CHECK_OK(config_load(&(struct config_sources){ 0 }, &plain, &errors, &notes));
    config_frozen(&c, &plain, &bare);
    CHECK_STR("same values", buf_str(&bare), "server.data_dir\n");
    CHECK_STR("an installed server's", c.server_data_dir, "/var/lib/mayfly");
    config_fini(&c);
    config_fini(&plain);
}
