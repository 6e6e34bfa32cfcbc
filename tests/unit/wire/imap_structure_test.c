#include "test.h"
#include "wire/imap_structure.h"

static void play(struct str msg, enum imap_structure what, struct buf *out)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA }, scratch = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    CHECK_OK(mime_parse(&a, msg, &t));
    CHECK_OK(imap_structure_put(out, &t, msg, what, &scratch));
}

static void put_lines(struct buf *b, size_t octets, size_t lines)
{
    for (size_t i = 0; i < octets - 2 * lines; i++)
        buf_putc(b, 'x');
    for (size_t i = 0; i < lines; i++)
        buf_puts(b, "\r\n");
}

/* Two examples of RFC 3501 section 7.4.2; Dovecot and we add the charset that is meant. */
TEST(imap_structure_of_the_rfc)
{
    AUTO_BUF struct buf msg = { .max = 1 << 20 }, out = { .max = 1 << 20 };
    buf_puts(&msg, "Content-Type: MULTIPART/MIXED; boundary=b\r\n\r\n--b\r\n"
                   "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\nContent-Transfer-Encoding: 7BIT\r\n\r\n");
    put_lines(&msg, 1152, 23);
    buf_puts(&msg, "\r\n--b\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=cc.diff\r\n"
                   "Content-ID: <960723163407.20117h@cac.washington.edu>\r\nContent-Description: Compiler diff\r\n"
                   "Content-Transfer-Encoding: BASE64\r\n\r\n");
    put_lines(&msg, 4554, 73);
    buf_puts(&msg, "\r\n--b--\r\n");
    play(buf_str(&msg), IMAP_STRUCTURE_BODY, &out);
    CHECK_STR("RFC 3501", buf_str(&out),
              "((\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1152 23)"
              "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") "
              "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" \"BASE64\" 4554 73) \"MIXED\")");
    buf_clear(&msg);
    buf_clear(&out);
    buf_puts(&msg, "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\nContent-Transfer-Encoding: 7BIT\r\n\r\n");
    put_lines(&msg, 2279, 48);
    play(buf_str(&msg), IMAP_STRUCTURE_BODY, &out);
    CHECK_STR("simple", buf_str(&out), "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 2279 48)");
}

#define EMPTY "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 0 0 NIL NIL NIL NIL)"

static const struct {
    const char *what, *msg, *want;
} cases[] = {
    { "nothing said", "\r\nhi\r\n",
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL)" },
    { "all fields",
      "Content-Type: Image/PNG; Name=\"a \\\"b\\\".png\"; x=1\r\nContent-ID: <x@y> (c)\r\n"
      "Content-Description: =?utf-8?q?=C3=A4?=\r\n two\r\nContent-Transfer-Encoding: Base64\r\nContent-MD5: abc==\r\n"
      "Content-Disposition: Attachment (c); filename=x\r\nContent-Language: en, de-AT\r\n"
      "Content-Location: http://x/y\r\n\r\nabcd",
      "(\"Image\" \"PNG\" (\"Name\" \"a \\\"b\\\".png\" \"x\" \"1\") \"<x@y> (c)\" \"=?utf-8?q?=C3=A4?= two\" "
      "\"Base64\" 4 "
      "\"abc==\" (\"Attachment\" (\"filename\" \"x\")) (\"en\" \"de-AT\") \"http://x/y\")" },
    { "RFC 2231 pieces are joined, not decoded",
      "Content-Type: a/b; x*0*=utf-8''%C3%A4; x*1=\"b%c\"; n*0=d; n*1=e; z=1; f*=us-ascii''q\r\n\r\n",
      "(\"a\" \"b\" (\"z\" \"1\" \"x*\" \"utf-8''%C3%A4b%25c\" \"n\" \"de\" \"f*\" \"us-ascii''q\") NIL NIL \"7bit\" 0 "
      "NIL NIL NIL NIL)" },
    { "8-bit values are literals", "Content-Type: a/b; x=\"\xc3\xa4\"\r\n\r\n",
      "(\"a\" \"b\" (\"x\" {2}\r\n\xc3\xa4) NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
    { "a quoted pair of anything", "Content-Type: a/b; x=\"C:\\TEMP\\\\d\"\r\n\r\n",
      "(\"a\" \"b\" (\"x\" \"C:TEMP\\\\d\") NIL NIL \"7bit\" 0 NIL NIL NIL NIL)" },
    { "no type that can be read is text/plain", "Content-Type: foo\r\n\r\nx",
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 0 NIL NIL NIL NIL)" },
    { "an encoding of two words is none", "Content-Transfer-Encoding: 8 bit\r\n\r\n", EMPTY },
    { "a message within", "Content-Type: message/rfc822\r\n\r\nFrom: a@b\r\nSubject: in\r\n\r\nbody\r\nline",
      "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 36 (NIL \"in\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
      "((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL) "
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 1 NIL NIL NIL NIL) 4 NIL NIL NIL NIL)" },
    { "a message of RFC 6532 has the form of one", "Content-Type: message/global\r\n\r\nSubject: in\r\n\r\n",
      "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 15 (NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) " EMPTY
      " 2 NIL NIL NIL NIL)" },
    { "an encoded message can't be read as one",
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nYQ==\r\n",
      "(\"message\" \"rfc822\" NIL NIL NIL \"base64\" 6 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) " EMPTY
      " 1 NIL NIL NIL NIL)" },
    { "a digest, and multiparts in each other",
      "Content-Type: multipart/Mixed; boundary=a\r\nContent-Language: en\r\n\r\n"
      "--a\r\nContent-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: s\r\n\r\n--d--\r\n"
      "--a\r\nContent-Type: text/html\r\n\r\n<p>\r\n--a--\r\n",
      "(((\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 14 (NIL \"s\" NIL NIL NIL NIL NIL NIL NIL NIL) " EMPTY
      " 2 NIL NIL NIL NIL) \"digest\" (\"boundary\" \"d\") NIL NIL NIL)"
      "(\"text\" \"html\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 0 NIL NIL NIL NIL) "
      "\"Mixed\" (\"boundary\" \"a\") NIL (\"en\") NIL)" },
    { "a multipart without parts is text", "Content-Type: multipart/mixed; boundary=a\r\n\r\nx\r\n",
      "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1 NIL NIL NIL NIL)" },
};

TEST(imap_structures)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_BUF struct buf out = { .max = 10000 };
        play(str_c(cases[i].msg), IMAP_STRUCTURE_FULL, &out);
        CHECK_STR(cases[i].what, buf_str(&out), cases[i].want);
    }
}

/* As deep as the tree goes and deeper: parentheses still match, and what is cut off is a file. */
TEST(imap_structure_of_a_bomb)
{
    AUTO_BUF struct buf msg = { .max = 1 << 20 }, out = { .max = 1 << 20 };
    for (int i = 0; i < LIMIT_MIME_DEPTH + 5; i++)
        buf_printf(&msg, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i);
    play(buf_str(&msg), IMAP_STRUCTURE_FULL, &out);
    size_t open = 0, close = 0;
    for (size_t i = 0; i < out.n; i++) {
        open += out.p[i] == '(';
        close += out.p[i] == ')';
    }
    CHECK(open == close && open > LIMIT_MIME_DEPTH);
    CHECK(str_find(buf_str(&out), S("\"application\" \"octet-stream\" NIL NIL NIL \"7bit\"")) != STR_NONE);
}
