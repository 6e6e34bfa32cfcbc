#include "base/buf.h"
#include "test.h"
#include "wire/imap_section.h"

/* The message of RFC 9051 section 6.4.5.1: 1 TEXT/PLAIN, 2 APPLICATION/OCTET-STREAM, 3 MESSAGE/RFC822 (3.1 TEXT/PLAIN,
 * 3.2 APPLICATION/OCTET-STREAM), 4 MULTIPART/MIXED (4.1 IMAGE/GIF, 4.2 MESSAGE/RFC822 with 4.2.1 and a
 * multipart 4.2.2). */
static const char message[] = "Subject: outer\r\nTo: a\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\npre\r\n"
                              "--o\r\n\r\none\r\n"
                              "--o\r\nContent-Type: application/octet-stream\r\n\r\ntwo\r\n"
                              "--o\r\nContent-Type: message/rfc822\r\n\r\n"
                              "Subject: three\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n"
                              "--i\r\n\r\nthree one\r\n"
                              "--i\r\nContent-Type: application/octet-stream\r\n\r\nthree two\r\n--i--\r\n"
                              "--o\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n"
                              "--f\r\nContent-Type: image/gif\r\n\r\nfour one\r\n"
                              "--f\r\nContent-Type: message/rfc822\r\n\r\n"
                              "Subject: four two\r\nTo: b\r\n\r\nfour two text\r\n"
                              "--f--\r\n--o--\r\n";

static void play(struct str msg, const char *section, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    struct imap_token k;
    struct imap_section s;
    struct imap_octets o;
    imap_token_init(&k, &a, str_c(section), false);
    CHECK_OK(mime_parse(&a, msg, &t));
    CHECK(imap_section_read(&k, &s));
    enum err e = imap_section_find(&t, &s, &o);
    struct str octets = e == OK ? str_sub(msg, o.begin, o.end - o.begin) : S("");
    if (e != OK)
        buf_puts(out, err_name(e));
    else if (o.made)
        imap_section_fields(out, octets, &s);
    else
        buf_put(out, octets);
}

TEST(imap_sections_of_the_rfc)
{
    static const struct {
        const char *section, *want;
    } cases[] = {
        { "", message },
        { "1", "one" },
        { "1.MIME", "\r\n" },
        { "1.1", "one" },
        { "1.1.1", "gone" },
        { "1.2", "gone" },
        { "1.HEADER", "gone" },
        { "1.TEXT", "gone" },
        { "2", "two" },
        { "2.MIME", "Content-Type: application/octet-stream\r\n\r\n" },
        { "3.HEADER", "Subject: three\r\nContent-Type: multipart/mixed; boundary=i\r\n\r\n" },
        { "3.TEXT", "--i\r\n\r\nthree one\r\n--i\r\nContent-Type: application/octet-stream\r\n\r\nthree two\r\n--i--" },
        { "3.1", "three one" },
        { "3.2", "three two" },
        { "3.2.MIME", "Content-Type: application/octet-stream\r\n\r\n" },
        { "4.1", "four one" },
        { "4.2.HEADER", "Subject: four two\r\nTo: b\r\n\r\n" },
        { "4.2.TEXT", "four two text" },
        { "4.2", "Subject: four two\r\nTo: b\r\n\r\nfour two text" },
        { "4.2.1", "four two text" },
        { "4.2.1.MIME", "Subject: four two\r\nTo: b\r\n\r\n" },
        { "4.2.HEADER.FIELDS (to cc)", "To: b\r\n\r\n" },
        { "4.2.HEADER.FIELDS.NOT (TO)", "Subject: four two\r\n\r\n" },
        { "HEADER.FIELDS (To SUBJECT)", "Subject: outer\r\nTo: a\r\n\r\n" },
        { "HEADER.FIELDS (x)", "\r\n" },
        { "HEADER.FIELDS.NOT (content-type)", "Subject: outer\r\nTo: a\r\n\r\n" },
        { "1.HEADER.FIELDS (x)", "gone" },
        { "HEADER", "Subject: outer\r\nTo: a\r\nContent-Type: multipart/mixed; boundary=o\r\n\r\n" },
        { "5", "gone" },
        { "5.MIME", "gone" },
        { "4.2.2", "gone" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 10000 };
        play(S(message), cases[i].section, &out);
        CHECK_STR(cases[i].section, buf_str(&out), cases[i].want);
    }
}

/* Its structure tells of an empty text within, so there is one: RFC 2046 section 5.2.1 forbids to encode it. */
TEST(imap_sections_of_an_encoded_message)
{
    static const char encoded[] = "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
                                  "--o\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                                  "U3ViamVjdDogeAoKeQ==\r\n--o--\r\n";
    static const struct {
        const char *section, *want;
    } cases[] = {
        { "1", "U3ViamVjdDogeAoKeQ==" },
        { "1.1", "gone" },
        { "1.1.MIME", "gone" },
        { "1.HEADER", "gone" },
        { "1.TEXT", "gone" },
        { "1.1.1", "gone" },
        { "1.MIME", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 10000 };
        play(S(encoded), cases[i].section, &out);
        CHECK_STR(cases[i].section, buf_str(&out), cases[i].want);
    }
}

TEST(imap_sections_of_a_plain_message)
{
    static const struct {
        const char *section, *want;
    } cases[] = {
        { "1", "text\r\n" },
        { "TEXT", "text\r\n" },
        { "1.MIME", "To: a\r\nX: b\r\n c\r\n\r\n" },
        { "1.1", "gone" },
        { "2", "gone" },
        { "HEADER.FIELDS (X)", "X: b\r\n c\r\n\r\n" },
        { "1.TEXT", "gone" },
        { "HEADER.FIELDS.NOT (X)", "To: a\r\n\r\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 10000 };
        play(S("To: a\r\nX: b\r\n c\r\n\r\ntext\r\n"), cases[i].section, &out);
        CHECK_STR(cases[i].section, buf_str(&out), cases[i].want);
    }
    AUTO_BUF struct buf out = { .max = 100 };
    play(S("To: a"), "HEADER.FIELDS (TO)", &out);
    CHECK_STR("a field that ends in nothing", buf_str(&out), "To: a\r\n\r\n");
}
