#include "imap_say.h"

TEST(before_login)
{
    fake_open_box();
    fake_client_open(&one, 0);
    imap_greet(&one.s);
    CHECK(has(buf_str(&one.out).p,
              "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE STARTTLS AUTH=PLAIN"));
    CHECK(has(say(&one, "1 SELECT INBOX\r\n"), "1 BAD log in first\r\n"));
    CHECK(has(say(&one, "1 FROB\r\n"), "1 BAD unknown command\r\n"));
    CHECK(has(say(&one, "2 ID NIL\r\n"), "* ID (\"name\" \"mayfly\")\r\n2 OK"));
    CHECK(has(say(&one, "2 ID (\"a\" \"b\" \"c\" NIL)\r\n"), "2 OK"));
    CHECK(has(say(&one, "3 LOGIN {4}\r\na@b. {6+}\r\nwrong1\r\n"), "+ OK\r\n3 NO [AUTHENTICATIONFAILED]"));
    CHECK(has(say(&one, "4 AUTHENTICATE PLAIN AGEAc2VjcmV0\r\n"), "4 OK [CAPABILITY"));
    CHECK(has(say(&one, "5 LOGIN a b\r\n"), "5 BAD not now\r\n"));
    CHECK(has(say(&one, "6 UNAUTHENTICATE\r\n"), "6 OK"));
    CHECK(has(say(&one, "7 AUTHENTICATE PLAIN\r\nAGEAc2VjcmV0\r\n"), "+ \r\n7 OK"));
    CHECK(has(say(&one, "8 LOGOUT\r\n"), "* BYE good-bye\r\n8 OK done\r\n"));
    CHECK_EQ(one.s.mode, IMAP_CLOSED);
    fake_client_close(&one);
}

TEST(wrong_secrets_end_it)
{
    fake_open_box();
    fake_client_open(&one, 0);
    for (int i = 0; i < 4; i++)
        CHECK(has(say(&one, "1 LOGIN a b\r\n"), "1 NO [AUTHENTICATIONFAILED]"));
    CHECK(has(say(&one, "1 LOGIN a b\r\n"), "* BYE too many"));
    fake_client_close(&one);
    fake_client_open(&one, 0);
    one.plain = true;
    CHECK(has(say(&one, "1 CAPABILITY\r\n"), "LOGINDISABLED\r\n"));
    CHECK(has(say(&one, "1 LOGIN a secret\r\n"), "1 NO [PRIVACYREQUIRED]"));
    fake_client_close(&one);
}

TEST(literals_are_never_commands)
{
    fake_open_box();
    fake_client_open(&one, 0);
    CHECK_STR("sync: refused before it is sent", str_c(say(&one, "1 LOGIN {5000}\r\n")),
              "1 BAD [TOOBIG] that literal\r\n");
    CHECK(has(say(&one, "2 FROB {10+}\r\n1 LOGOUT\r\n\r\n"), "2 BAD unknown command\r\n"));
    CHECK_EQ(one.s.mode, IMAP_COMMAND);
    CHECK(has(say(&one, "3 LOGIN {5000+}\r\n4 LOGOUT\r\n"), "* BYE"));
    CHECK(lacks(one.out.p, "4 OK"));
    fake_client_close(&one);
}

TEST(starttls_drops_what_follows)
{
    fake_open_box();
    fake_client_open(&one, 0);
    CHECK(has(say(&one, "1 STARTTLS\r\n"), "1 OK"));
    CHECK_EQ(one.s.mode, IMAP_TLS);
    imap_secured(&one.s);
    CHECK(lacks(say(&one, "2 CAPABILITY\r\n"), "STARTTLS"));
    fake_client_close(&one);
    fake_client_open(&one, 0);
    CHECK(has(say(&one, "1 STARTTLS\r\n2 NOOP\r\n"), "* BYE"));
    fake_client_close(&one);
}

TEST(select_tells_the_state)
{
    fake_open_box();
    fill(3);
    fake.msgs[0].row.flags = FLAG_SEEN;
    start(&one, 0);
    CHECK_STR("select", str_c(say(&one, "1 SELECT inbox\r\n")),
              "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n"
              "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] these stay\r\n"
              "* 3 EXISTS\r\n* 3 RECENT\r\n* OK [UNSEEN 2] the first one\r\n* OK [UIDVALIDITY 101] UIDs valid\r\n"
              "* OK [UIDNEXT 4] comes next\r\n* OK [HIGHESTMODSEQ 13] so far\r\n"
              "* OK [MAILBOXID (F101-1)] its name for good\r\n1 OK [READ-WRITE] go on\r\n");
    CHECK(has(say(&one, "2 EXAMINE INBOX\r\n"), "* OK [CLOSED] the one before\r\n"));
    CHECK(has(one.out.p, "* 0 RECENT\r\n"));
    CHECK(has(one.out.p, "2 OK [READ-ONLY]"));
    CHECK(has(say(&one, "3 STORE 1 +FLAGS (\\Seen)\r\n"), "3 NO [READ-ONLY]"));
    CHECK(has(say(&one, "4 SELECT nowhere\r\n"), "4 NO [NONEXISTENT]"));
    CHECK(has(say(&one, "5 FETCH 1 FLAGS\r\n"), "5 BAD select a mailbox first"));
    fake_client_close(&one);
}

TEST(fetch_in_all_ways)
{
    fake_open_box();
    fill(2);
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("flags", str_c(say(&one, "2 FETCH 1:* (FLAGS UID RFC822.SIZE)\r\n")),
              "* 1 FETCH (FLAGS (\\Recent) UID 1 RFC822.SIZE 107)\r\n"
              "* 2 FETCH (FLAGS (\\Recent) UID 2 RFC822.SIZE 107)\r\n2 OK that is all\r\n");
    CHECK_STR("a header", str_c(say(&one, "3 FETCH 2 BODY.PEEK[HEADER.FIELDS (subject)]\r\n")),
              "* 2 FETCH (BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: hello\r\n\r\n)\r\n3 OK that is all\r\n");
    CHECK_STR("a piece", str_c(say(&one, "4 UID FETCH 2 BODY.PEEK[TEXT]<5.4>\r\n")),
              "* 2 FETCH (UID 2 BODY[TEXT]<5> {4}\r\ntext)\r\n4 OK that is all\r\n");
    CHECK_STR("seen", str_c(say(&one, "5 FETCH 2 BODY[TEXT]\r\n")),
              "* 2 FETCH (FLAGS (\\Seen \\Recent) BODY[TEXT] {11}\r\nbody text\r\n)\r\n5 OK that is all\r\n");
    CHECK(
        has(say(&one, "6 FETCH 1 ENVELOPE\r\n"), "* 1 FETCH (ENVELOPE (\"Mon, 7 Feb 1994 21:52:25 -0800\" \"hello\" "));
    CHECK(has(say(&one, "7 FETCH 1 BODY\r\n"),
              "(BODY (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 11 1))"));
    CHECK(has(say(&one, "8 FETCH 1 BINARY.PEEK[1]\r\n"), "* 1 FETCH (BINARY[1] {11}\r\nbody text\r\n)\r\n"));
    CHECK(has(say(&one, "9 FETCH 1 BINARY.SIZE[1]\r\n"), "* 1 FETCH (BINARY.SIZE[1] 11)\r\n"));
    CHECK(has(say(&one, "A FETCH 3 FLAGS\r\n"), "A BAD no such message number"));
    CHECK(has(say(&one, "B UID FETCH 3:* FLAGS\r\n"), "* 2 FETCH (UID 2 FLAGS (\\Seen \\Recent))\r\nB OK"));
    CHECK(has(say(&one, "C FETCH 1 (PREVIEW EMAILID THREADID)\r\n"),
              "* 1 FETCH (PREVIEW \"a preview\" EMAILID (M00000000000000010000000000000000) THREADID NIL)\r\n"));
    fake_client_close(&one);
}

TEST(what_is_made_of_a_message_is_counted)
{
    static const char no[] = "NO [LIMIT] too much memory is in use for some messages, try again\r\n";
    static const struct {
        const char *command, *said;
        size_t max; /* octets that mail may take up; the message has 107, of which 11 in its part */
    } cases[] = {
        { "1 FETCH 1 BINARY.PEEK[1]\r\n", "", 106 },
        { "1 FETCH 1 BINARY.PEEK[1]\r\n", "* 1 FETCH (BINARY[1] NIL)\r\n", 118 },
        { "1 FETCH 1 BINARY.PEEK[1]\r\n", "* 1 FETCH (BINARY[1] {11}\r\nbody text\r\n)\r\n", 119 },
        { "1 FETCH 1 BINARY.SIZE[1]\r\n", "* 1 FETCH (BINARY.SIZE[1] 0)\r\n", 118 },
        { "1 FETCH 1 BINARY.SIZE[1]\r\n", "* 1 FETCH (BINARY.SIZE[1] 11)\r\n", 119 },
        { "1 FETCH 1 BODY.PEEK[HEADER.FIELDS (X)]\r\n", "* 1 FETCH (BODY[HEADER.FIELDS (X)] NIL)\r\n", 100 },
    };
    fake_open_box();
    fill(1);
    start(&one, 0);
    say(&one, "0 SELECT INBOX\r\n");
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[200];
        fake.budget.max = cases[i].max;
        snprintf(want, sizeof want, "%s1 %s", cases[i].said, cases[i].max == 119 ? "OK that is all\r\n" : no);
        CHECK_STR(cases[i].command, str_c(say(&one, cases[i].command)), want);
        CHECK_EQ(fake.budget.used, 0);
    }
    fake_client_close(&one);
}

TEST(a_slow_reader_is_waited_for)
{
    char big[5000];
    fake_open_box();
    memset(big, 'x', sizeof big);
    memcpy(big, "A: b\r\n\r\n", 8);
    fake_add(FOLDER_INBOX, str_of(big, sizeof big), 0, 0);
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    one.read_max = 1000;
    say(&one, "2 FETCH 1 BODY.PEEK[]\r\n");
    CHECK(one.stuck);
    CHECK(one.out.n < 1400);
    AUTO_BUF struct buf all = { .max = 100000 };
    for (int i = 0; one.s.mode == IMAP_BUSY && i < 100; i++) {
        buf_put(&all, buf_str(&one.out));
        one.out.n = 0;
        imap_go_on(&one.s);
        fake_pump(&one);
        CHECK(one.out.n < 1400);
    }
    buf_put(&all, buf_str(&one.out));
    CHECK_EQ(all.n, strlen("* 1 FETCH (BODY[] {5000}\r\n") + 5000 + strlen(")\r\n2 OK that is all\r\n"));
    fake_client_close(&one);
}

TEST(store_and_expunge)
{
    fake_open_box();
    fill(4);
    start(&one, 0);
    start(&two, 1);
    say(&one, "1 SELECT INBOX\r\n");
    say(&two, "1 SELECT INBOX\r\n");
    CHECK_STR("store", str_c(say(&one, "2 STORE 2:3 +FLAGS (\\Deleted)\r\n")),
              "* 2 FETCH (FLAGS (\\Deleted \\Recent))\r\n* 3 FETCH (FLAGS (\\Deleted \\Recent))\r\n2 OK done\r\n");
    CHECK_STR("silent", str_c(say(&one, "3 STORE 1 FLAGS.SILENT \\Flagged\r\n")), "3 OK done\r\n");
    CHECK_STR("others hear", str_c(say(&two, "4 NOOP\r\n")),
              "* 1 FETCH (FLAGS (\\Flagged))\r\n* 2 FETCH (FLAGS (\\Deleted))\r\n* 3 FETCH (FLAGS (\\Deleted))\r\n4 OK "
              "done\r\n");
    CHECK_STR("expunge", str_c(say(&one, "5 EXPUNGE\r\n")), "* 2 EXPUNGE\r\n* 2 EXPUNGE\r\n5 OK done\r\n");
    /* RFC 9051 section 7.5.1: numbers stand still during FETCH */
    CHECK_STR("not now", str_c(say(&two, "6 FETCH 4 UID\r\n")), "* 4 FETCH (UID 4)\r\n6 OK that is all\r\n");
    CHECK(has(say(&two, "7 FETCH 2 BODY.PEEK[]\r\n"), "7 NO [EXPUNGEISSUED]"));
    CHECK_STR("now", str_c(say(&two, "8 NOOP\r\n")), "* 2 EXPUNGE\r\n* 2 EXPUNGE\r\n8 OK done\r\n");
    CHECK_STR("keyword", str_c(say(&two, "9 STORE 1 +FLAGS ($Junk)\r\n")),
              "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)\r\n"
              "* OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk \\*)] these stay\r\n"
              "* 1 FETCH (FLAGS (\\Flagged $Junk))\r\n9 OK done\r\n");
    CHECK(has(say(&one, "A NOOP\r\n"), "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Junk)\r\n"));
    CHECK(has(one.out.p, "* 1 FETCH (FLAGS (\\Flagged $Junk \\Recent))\r\nA OK"));
    fake_client_close(&one);
    fake_client_close(&two);
}

TEST(copy_move_append)
{
    fake_open_box();
    fill(3);
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("copy", str_c(say(&one, "2 COPY 1,3 Trash\r\n")), "2 OK [COPYUID 105 1,3 1:2] done\r\n");
    CHECK_STR("move", str_c(say(&one, "3 MOVE 2 Trash\r\n")),
              "* OK [COPYUID 105 2 3] done\r\n* 2 EXPUNGE\r\n3 OK done\r\n");
    CHECK(has(say(&one, "4 COPY 1 nowhere\r\n"), "4 NO [TRYCREATE]"));
    CHECK_STR("append", str_c(say(&one, "5 APPEND INBOX (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {6+}\r\nA: b\r\n\r\n")),
              "* 3 EXISTS\r\n* 3 RECENT\r\n5 OK [APPENDUID 101 4] stored\r\n");
    CHECK_STR(
        "its date", str_c(say(&one, "6 FETCH 3 (INTERNALDATE FLAGS)\r\n")),
        "* 3 FETCH (INTERNALDATE \"17-Jul-1996 09:44:25 +0000\" FLAGS (\\Seen \\Recent))\r\n6 OK that is all\r\n");
    CHECK_STR("several", str_c(say(&one, "7 APPEND {5}\r\nTrash (\\Flagged) {5}\r\nA: b\n {5+}\r\nB: c\n\r\n")),
              "+ OK\r\n+ OK\r\n7 OK [APPENDUID 105 4:5] stored\r\n");
    CHECK(has(say(&one, "8 APPEND nowhere {2+}\r\nxx\r\n"), "8 NO [TRYCREATE]"));
    CHECK_STR("too large", str_c(say(&one, "9 APPEND INBOX {100001}\r\n")),
              "9 NO [TOOBIG] larger than any message may be\r\n");
    CHECK_STR("refused behind its octets",
              str_c(say(&one, "A APPEND INBOX (\\Odd) {10+}\r\nA LOGOUT\r\n (x) {1+}\r\nz\r\n")),
              "A BAD not of that command's form\r\n");
    CHECK_STR("refused at once", str_c(say(&one, "A APPEND INBOX (\\Odd) {10}\r\n")),
              "A BAD not of that command's form\r\n");
    CHECK(has(say(&one, "A NOOP\r\n"), "A OK"));
    CHECK(has(say(&one, "B APPEND INBOX {100001+}\r\nC LOGOUT\r\n"), "* BYE"));
    CHECK(lacks(one.out.p, "C OK"));
    fake_client_close(&one);
}

TEST(replace)
{
    fake_open_box();
    fill(3);
    start(&one, 0);
    CHECK(has(say(&one, "0 REPLACE 1 INBOX {5+}\r\nA: b\n\r\n"), "0 BAD select a mailbox first\r\n"));
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("here", str_c(say(&one, "2 REPLACE 2 INBOX (\\Draft) {5}\r\nA: b\n\r\n")),
              "+ OK\r\n* OK [APPENDUID 101 4] stored\r\n* 2 EXPUNGE\r\n* 3 EXISTS\r\n* 3 RECENT\r\n2 OK done\r\n");
    CHECK_STR("elsewhere, by uid, from the last", str_c(say(&one, "3 UID REPLACE * {4}\r\nSent {5+}\r\nA: c\n\r\n")),
              "+ OK\r\n* OK [APPENDUID 103 1] stored\r\n* 3 EXPUNGE\r\n3 OK done\r\n");
    CHECK_STR("no such uid", str_c(say(&one, "4 UID REPLACE 2 INBOX {5}\r\n")), "4 NO no such message\r\n");
    CHECK_STR("no such number", str_c(say(&one, "5 REPLACE 3 INBOX {5+}\r\nA: b\n\r\n")), "5 NO no such message\r\n");
    CHECK(has(say(&one, "6 REPLACE 1 nowhere {5+}\r\nA: b\n\r\n"), "6 NO [TRYCREATE]"));
    CHECK_STR("one for one", str_c(say(&one, "7 REPLACE 1 INBOX {5+}\r\nA: b\n {5+}\r\nA: b\n\r\n")),
              "7 BAD one message replaces one\r\n");
    CHECK(has(say(&one, "8 REPLACE 1:2 INBOX {5}\r\n"), "8 BAD"));
    CHECK(has(say(&one, "9 REPLACE 1 INBOX\r\n"), "9 BAD"));
    start(&two, 1);
    say(&two, "1 SELECT INBOX\r\n");
    say(&two, "2 STORE 1 +FLAGS (\\Deleted)\r\n");
    say(&two, "3 EXPUNGE\r\n");
    CHECK_STR("somebody was quicker", str_c(say(&one, "A REPLACE 1 INBOX {5+}\r\nA: b\n\r\n")),
              "* 1 EXPUNGE\r\nA NO [EXPUNGEISSUED] it is not there any more\r\n");
    CHECK_EQ(fake_find(FOLDER_INBOX)->at.uidnext, 5); /* and nothing was stored */
    say(&one, "B EXAMINE INBOX\r\n");
    CHECK(has(say(&one, "C REPLACE 1 INBOX {5}\r\n"), "C NO [READ-ONLY]"));
    fake_client_close(&one);
    fake_client_close(&two);
}

static const char multi[] =
    "From: a@example.org\r\nTo: b@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n";

/* The text of the message that was stored last. */
static struct str newest(void)
{
    const struct fake_msg *m = &fake.msgs[fake.msgs_n - 1];
    return str_of(m->text, m->row.size);
}

TEST(catenate)
{
    fake_open_box();
    fill(1);
    fake_add(FOLDER_INBOX, str_c(multi), 0, 0);
    fake_folder("a");
    fake_folder("a/b");
    start(&one, 0);
    CHECK_STR("a part from elsewhere",
              str_c(say(&one, "1 APPEND Drafts (\\Draft) CATENATE (URL \"/INBOX;UIDVALIDITY=101/;UID=2"
                              "/;section=HEADER\" TEXT {5}\r\n--b\r\n URL /INBOX/;UID=2/;SECTION=2.MIME"
                              " URL /INBOX/;UID=2/;SECTION=2 TEXT {9+}\r\n\r\n--b--\r\n)\r\n")),
              "+ OK\r\n1 OK [APPENDUID 104 1] stored\r\n");
    CHECK_STR("put together", newest(),
              "From: a@example.org\r\nTo: b@example.org\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
              "--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n");
    CHECK_EQ(fake.msgs[fake.msgs_n - 1].row.flags, FLAG_DRAFT);
    CHECK_EQ(fake_at(FOLDER_INBOX, 2)->row.flags, 0); /* nothing was \Seen by that */
    CHECK_STR("URLs alone, one a literal, with a header made and a piece of a text",
              str_c(say(&one, "2 APPEND Sent CATENATE (URL {50}\r\n/INBOX/;UID=2/;SECTION=HEADER.FIELDS%20(to%20from) "
                              "URL \"/INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=5.4\")\r\n")),
              "+ OK\r\n2 OK [APPENDUID 103 1] stored\r\n");
    CHECK_STR("made", newest(), "From: a@example.org\r\nTo: b@example.org\r\n\r\ntext");
    CHECK_STR("several messages",
              str_c(say(&one, "3 APPEND Sent CATENATE (URL /INBOX/;UID=1) {5+}\r\nA: b\n (\\Seen) "
                              "CATENATE (TEXT {3+}\r\nB:  TEXT ~{2+}\r\nc\n) UTF8 (~{5+}\r\nC: d\n)\r\n")),
              "3 OK [APPENDUID 103 2:5] stored\r\n");
    CHECK(str_eq(str_of(fake_at(FOLDER_SENT, 2)->text, sizeof text - 1), str_c(text)));
    CHECK_STR("of texts", str_of(fake_at(FOLDER_SENT, 4)->text, 5), "B: c\n");
    CHECK_EQ(fake_at(FOLDER_SENT, 4)->row.flags, FLAG_SEEN);
    say(&one, "4 SELECT a/b\r\n");
    CHECK_STR("nothing of that", str_c(say(&one, "5 APPEND a CATENATE (URL ;UID=1)\r\n")),
              "5 NO [BADURL ;UID=1] no such message or part here\r\n");
    fake_add(7, str_c(text), 0, 0);
    CHECK_STR("in the selected one", str_c(say(&one, "6 APPEND a CATENATE (URL ;UID=1)\r\n")),
              "* 1 EXISTS\r\n* 1 RECENT\r\n6 OK [APPENDUID 106 1] stored\r\n");
    CHECK_STR("beside it", str_c(say(&one, "7 APPEND a CATENATE (URL b/;UID=1)\r\n")),
              "7 OK [APPENDUID 106 2] stored\r\n");
    CHECK_STR("with REPLACE", str_c(say(&one, "8 REPLACE 1 a/b CATENATE (URL /a/b/;UID=1 TEXT {1+}\r\n!)\r\n")),
              "* OK [APPENDUID 107 2] stored\r\n* 1 EXPUNGE\r\n* 1 EXISTS\r\n* 1 RECENT\r\n8 OK done\r\n");
    CHECK(newest().n == sizeof text && str_ends(newest(), S("text\r\n!")));
    fake_client_close(&one);
    CHECK_EQ(fake.budget.used, 0);
}

TEST(catenate_is_refused)
{
    static const char *const urls[] = { "imap://mx.test/INBOX/;UID=1",
                                        "//mx.test/INBOX/;UID=1",
                                        "/nowhere/;UID=1",
                                        "/INBOX;UIDVALIDITY=100/;UID=1",
                                        "/INBOX/;UID=9",
                                        "/INBOX/;UID=1/;SECTION=7",
                                        ";UID=1",
                                        "/INBOX" };
    static char big[60001];
    fake_open_box();
    fill(1);
    memset(big, 'x', sizeof big - 1);
    fake_add(FOLDER_INBOX, str_c(big), 0, 0);
    start(&one, 0);
    size_t before = fake.msgs_n;
    for (size_t i = 0; i < COUNT(urls); i++) {
        char in[200], want[200];
        snprintf(in, sizeof in, "1 APPEND INBOX CATENATE (TEXT {5+}\r\nA: b\n URL \"%s\")\r\n", urls[i]);
        snprintf(want, sizeof want, "1 NO [BADURL %s] no such message or part here\r\n", urls[i]);
        CHECK_STR(urls[i], str_c(say(&one, in)), want);
    }
    CHECK(has(say(&one, "2 APPEND INBOX CATENATE (URL {6+}\r\na]b\\c )\r\n"), "2 NO [BADURL a%5Db%5Cc%20] "));
    CHECK(has(say(&one, "3 APPEND INBOX CATENATE (URL /INBOX/;UID=2 URL /INBOX/;UID=2)\r\n"), "3 NO [TOOBIG]"));
    CHECK(has(say(&one, "4 APPEND INBOX CATENATE (TEXT {60000}\r\n"), "+ OK\r\n"));
    say(&one, big);
    CHECK(has(say(&one, " TEXT {60000}\r\n"), "4 NO [TOOBIG] larger than any message may be\r\n"));
    CHECK(has(say(&one, "5 APPEND INBOX CATENATE (TEXT {0+}\r\n)\r\n"), "5 NO [CANNOT] an empty message is none"));
    CHECK(has(say(&one, "6 APPEND INBOX CATENATE (URL {4097}\r\n"), "6 NO [LIMIT] no URL is that long\r\n"));
    CHECK(has(say(&one, "7 APPEND nowhere CATENATE (URL /INBOX/;UID=1)\r\n"), "7 NO [TRYCREATE]"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE ()\r\n"), "8 BAD"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE (URL /INBOX/;UID=1\r\n"), "8 BAD"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE (URL /INBOX/;UID=1) x\r\n"), "8 BAD"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE (FILE /INBOX/;UID=1)\r\n"), "8 BAD"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE (TEXT {1+}\r\nx TEXT {1}\r\n"), "+ OK\r\n"));
    CHECK(has(say(&one, "y}\r\n"), "8 BAD"));
    CHECK(has(say(&one, "8 APPEND INBOX CATENATE (TEXT {1+}\r\nx URL {3}\r\n"), "+ OK\r\n"));
    fake.ended = true; /* in the middle of it */
    CHECK(has(say(&one, "abc)\r\n"), "* BYE"));
    CHECK_EQ(fake.msgs_n, before);
    fake_client_close(&one);
    CHECK_EQ(fake.budget.used, 0);
}

TEST(idle_tells_at_once)
{
    fake_open_box();
    fill(1);
    start(&one, 0);
    start(&two, 1);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("idle", str_c(say(&one, "2 IDLE\r\n")), "+ idling\r\n");
    one.out.n = 0;
    fill(1);
    fake_tell();
    fake_pump(&one);
    CHECK_STR("new mail", buf_str(&one.out), "* 2 EXISTS\r\n* 2 RECENT\r\n");
    say(&two, "1 SELECT INBOX\r\n");
    say(&two, "2 STORE 1 +FLAGS (\\Deleted)\r\n");
    one.out.n = 0;
    say(&two, "3 EXPUNGE\r\n");
    fake_pump(&one);
    CHECK_STR("numbers move", buf_str(&one.out), "* 1 EXPUNGE\r\n");
    CHECK_STR("done", str_c(say(&one, "DONE\r\n")), "2 OK welcome back\r\n");
    CHECK_EQ(one.s.cmd == NULL, true);
    say(&one, "3 IDLE\r\n");
    CHECK_STR("not done", str_c(say(&one, "4 NOOP\r\n")), "3 BAD DONE ends IDLE\r\n");
    fake_client_close(&one);
    fake_client_close(&two);
}

TEST(folders)
{
    fake_open_box();
    fill(2);
    start(&one, 0);
    CHECK(has(say(&one, "1 LIST \"\" *\r\n"), "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"));
    CHECK(has(one.out.p, "* LIST (\\HasNoChildren \\Junk) \"/\" Junk\r\n"));
    CHECK_STR("separator", str_c(say(&one, "2 LIST \"\" \"\"\r\n")),
              "* LIST (\\Noselect) \"/\" \"\"\r\n2 OK that is all\r\n");
    CHECK(has(say(&one, "3 CREATE a/b\r\n"), "3 OK [MAILBOXID (F101-7)] made"));
    CHECK_STR("children", str_c(say(&one, "4 LIST \"\" a%\r\n")),
              "* LIST (\\HasChildren) \"/\" a\r\n4 OK that is all\r\n");
    CHECK(has(say(&one, "5 CREATE a\r\n"), "5 NO [ALREADYEXISTS]"));
    CHECK(has(say(&one, "6 DELETE a\r\n"), "6 NO [HASCHILDREN]"));
    CHECK(has(say(&one, "7 DELETE INBOX\r\n"), "7 NO [CANNOT]"));
    CHECK(has(say(&one, "8 RENAME a/b a/c\r\n"), "8 OK"));
    CHECK(has(say(&one, "9 DELETE a/c\r\n"), "9 OK"));
    CHECK_STR("status", str_c(say(&one, "A STATUS INBOX (MESSAGES UIDNEXT UNSEEN SIZE RECENT)\r\n")),
              "* STATUS INBOX (MESSAGES 2 RECENT 2 UIDNEXT 3 UNSEEN 2 SIZE 214)\r\nA OK that is all\r\n");
    CHECK_STR("list-status", str_c(say(&one, "B LIST \"\" (INBOX Sent) RETURN (STATUS (MESSAGES) SUBSCRIBED)\r\n")),
              "* LIST (\\Subscribed \\HasNoChildren) \"/\" INBOX\r\n* STATUS INBOX (MESSAGES 2)\r\n"
              "* LIST (\\Subscribed \\HasNoChildren \\Sent) \"/\" Sent\r\n* STATUS Sent (MESSAGES 0)\r\nB OK that is "
              "all\r\n");
    say(&one, "C UNSUBSCRIBE Sent\r\n");
    CHECK_STR("subscribed", str_c(say(&one, "D LIST (SUBSCRIBED) \"\" S%\r\n")), "D OK that is all\r\n");
    CHECK_STR("special", str_c(say(&one, "E LIST (SPECIAL-USE) \"\" T*\r\n")),
              "* LIST (\\HasNoChildren \\Trash) \"/\" Trash\r\nE OK that is all\r\n");
    CHECK_STR("for the archive", str_c(say(&one, "E CREATE old (USE (\\archive))\r\nE LIST (SPECIAL-USE) \"\" o*\r\n")),
              "E OK [MAILBOXID (F101-8)] made\r\n* LIST (\\HasNoChildren \\Archive) \"/\" old\r\nE OK that is all\r\n");
    CHECK(has(say(&one, "E CREATE new (USE (\\Archive \\Sent))\r\n"), "E NO [USEATTR]"));
    CHECK(has(say(&one, "E CREATE new (USE (\\Archive \\All))\r\n"), "E NO [USEATTR]"));
    CHECK(has(say(&one, "E CREATE new (USE Archive)\r\n"), "E BAD"));
    CHECK(has(say(&one, "E CREATE new (SIZE 4)\r\n"), "E BAD"));
    CHECK(fake_named(S("new")) == NULL);
    CHECK(has(say(&one, "E CREATE new (USE ())\r\n"), "E OK"));
    fake.msgs[0].row.flags = FLAG_DELETED;
    CHECK_STR("to be given back", str_c(say(&one, "E STATUS INBOX (DELETED DELETED-STORAGE)\r\n")),
              "* STATUS INBOX (DELETED 1 DELETED-STORAGE 107)\r\nE OK that is all\r\n");
    CHECK(has(say(&one, "F GETQUOTAROOT INBOX\r\n"),
              "* QUOTAROOT INBOX \"\"\r\n* QUOTA \"\" (STORAGE 3 1024 MESSAGE 2 500)\r\n"));
    CHECK(has(say(&one, "G CREATE &AOk-t&AOk-\r\n"), "G OK"));
    CHECK(has(say(&one, "H LIST \"\" &AOk-*\r\n"), "\"/\" &AOk-t&AOk-\r\n"));
    say(&one, "I ENABLE UTF8=ACCEPT\r\n");
    CHECK(has(say(&one, "J LIST \"\" *t*\r\n"), "\"/\" \"\xc3\xa9t\xc3\xa9\"\r\n"));
    fake_client_close(&one);
}

TEST(search_and_its_relatives)
{
    fake_open_box();
    fill(4);
    fake.msgs[1].row.flags = FLAG_SEEN;
    fake.msgs[1].row.received_ms += 1000;
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("unseen", str_c(say(&one, "2 SEARCH UNSEEN\r\n")), "* SEARCH 1 3 4\r\n2 OK that is all\r\n");
    CHECK_STR("subject", str_c(say(&one, "3 UID SEARCH SUBJECT HELLO NOT 1\r\n")),
              "* SEARCH 2 3 4\r\n3 OK that is all\r\n");
    CHECK_STR("body", str_c(say(&one, "4 SEARCH BODY \"body text\" SEEN\r\n")), "* SEARCH 2\r\n4 OK that is all\r\n");
    CHECK_STR("none", str_c(say(&one, "5 SEARCH BODY nowhere\r\n")), "* SEARCH\r\n5 OK that is all\r\n");
    CHECK_STR("esearch", str_c(say(&one, "6 SEARCH RETURN (MIN MAX COUNT ALL) UNSEEN\r\n")),
              "* ESEARCH (TAG \"6\") MIN 1 MAX 4 ALL 1,3:4 COUNT 3\r\n6 OK that is all\r\n");
    CHECK_STR("save", str_c(say(&one, "7 UID SEARCH RETURN (SAVE) 3:4\r\n")), "7 OK that is all\r\n");
    CHECK_STR("$", str_c(say(&one, "8 FETCH $ UID\r\n")),
              "* 3 FETCH (UID 3)\r\n* 4 FETCH (UID 4)\r\n8 OK that is all\r\n");
    CHECK_STR("sort", str_c(say(&one, "9 SORT (REVERSE ARRIVAL) UTF-8 ALL\r\n")),
              "* SORT 2 1 3 4\r\n9 OK that is all\r\n");
    CHECK_STR("esort", str_c(say(&one, "9 UID SORT RETURN (MIN MAX ALL COUNT) (REVERSE ARRIVAL) UTF-8 ALL\r\n")),
              "* ESEARCH (TAG \"9\") UID MIN 2 MAX 4 ALL 2,1,3:4 COUNT 4\r\n9 OK that is all\r\n");
    CHECK_STR("all of it", str_c(say(&one, "9 SORT RETURN () (ARRIVAL) UTF-8 UNSEEN\r\n")),
              "* ESEARCH (TAG \"9\") ALL 1,3:4\r\n9 OK that is all\r\n");
    CHECK_STR("with modseq", str_c(say(&one, "9 SORT (ARRIVAL) UTF-8 MODSEQ 12\r\n")),
              "* SORT 3 4 2 (MODSEQ 14)\r\n* OK [HIGHESTMODSEQ 14] so far\r\n9 OK that is all\r\n");
    CHECK_STR("thread", str_c(say(&one, "A THREAD ORDEREDSUBJECT UTF-8 1:2\r\n")),
              "* THREAD (1 2)\r\nA OK that is all\r\n");
    CHECK(has(say(&one, "B SEARCH CHARSET KLINGON ALL\r\n"), "B NO [BADCHARSET (UTF-8 US-ASCII)]"));
    CHECK(has(say(&one, "C ENABLE IMAP4rev2\r\n"), "* ENABLED IMAP4rev2\r\n"));
    CHECK_STR("rev2", str_c(say(&one, "D SEARCH SEEN\r\n")), "* ESEARCH (TAG \"D\") ALL 2\r\nD OK that is all\r\n");
    fake_client_close(&one);
}

static void notify(const char *set)
{
    char in[1000];
    fake_open_box();
    fill(2);
    start(&one, 0);
    start(&two, 1);
    say(&one, "1 SELECT INBOX\r\n");
    say(&two, "1 SELECT INBOX\r\n");
    snprintf(in, sizeof in, "2 NOTIFY SET %s\r\n", set);
    CHECK(has(say(&one, in), "2 OK you will hear of it\r\n"));
    one.out.n = 0;
}

static void notify_end(void)
{
    fake_client_close(&one);
    fake_client_close(&two);
}

TEST(notify_selected)
{
    notify("(selected (MessageNew (uid body.peek[header.fields (subject)]) MessageExpunge FlagChange))");
    fake_add(FOLDER_INBOX, str_c(text), 0, 0);
    fake_tell();
    CHECK_STR("new mail", str_c(hear(&one)),
              "* 3 EXISTS\r\n* 3 RECENT\r\n* 3 FETCH (UID 3 BODY[HEADER.FIELDS (SUBJECT)] {18}\r\nSubject: "
              "hello\r\n\r\n)\r\n");
    CHECK_EQ(one.s.mode, IMAP_COMMAND);
    one.out.n = 0;
    say(&two, "2 STORE 1 +FLAGS (\\Deleted)\r\n");
    CHECK_STR("flags", str_c(hear(&one)), "* 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))\r\n");
    one.out.n = 0;
    say(&two, "3 EXPUNGE\r\n");
    CHECK_STR("at once", str_c(hear(&one)), "* 1 EXPUNGE\r\n");
    CHECK_STR("its own", str_c(say(&one, "3 APPEND INBOX {5+}\r\nA: b\n\r\n")),
              "* 3 EXISTS\r\n* 3 RECENT\r\n3 OK [APPENDUID 101 4] stored\r\n");
    CHECK_STR("its own copy", str_c(say(&one, "4 COPY 1 INBOX\r\n")),
              "* 4 EXISTS\r\n* 4 RECENT\r\n4 OK [COPYUID 101 2 5] done\r\n");
    say(&one, "5 SELECT Sent\r\n");
    one.out.n = 0;
    fill(1);
    fake_tell();
    CHECK_STR("not selected", str_c(hear(&one)), "");
    fake_add(FOLDER_SENT, S("Subject: x\r\n\r\n"), 0, 0);
    fake_tell();
    CHECK(has(hear(&one), "* 1 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (UID 1 BODY"));
    CHECK(has(say(&one, "6 NOTIFY NONE\r\n"), "6 OK not a word\r\n"));
    fake_add(FOLDER_SENT, S("Subject: y\r\n\r\n"), 0, 0);
    fake_at(FOLDER_SENT, 1)->row.flags = FLAG_FLAGGED;
    fake_at(FOLDER_SENT, 1)->row.modseq = ++fake.modseq;
    fake_tell();
    CHECK_STR("nothing at all", str_c(say(&one, "7 NOOP\r\n")), "7 OK done\r\n");
    CHECK(has(say(&one, "8 STORE 1 +FLAGS (\\Seen)\r\n"), "* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen"));
    CHECK_STR("a NOOP of its own", str_c(say(&one, "9 NOTIFY SET (selected NONE)\r\n")),
              "* 2 EXISTS\r\n* 2 RECENT\r\n9 OK you will hear of it\r\n");
    notify_end();
}

TEST(notify_selected_delayed)
{
    notify("(selected-delayed (MessageNew MessageExpunge))");
    say(&two, "2 STORE 1 +FLAGS (\\Deleted)\r\n");
    say(&two, "3 EXPUNGE\r\n");
    fake_add(FOLDER_INBOX, str_c(text), 0, 0);
    fake_tell();
    CHECK_STR("only what is new", str_c(hear(&one)), "* 3 EXISTS\r\n* 3 RECENT\r\n");
    CHECK_STR("numbers stand", str_c(say(&one, "3 FETCH 2 UID\r\n")), "* 2 FETCH (UID 2)\r\n3 OK that is all\r\n");
    CHECK_STR("until they may move", str_c(say(&one, "4 IDLE\r\n")), "+ idling\r\n* 1 EXPUNGE\r\n");
    one.out.n = 0;
    say(&two, "5 STORE 1 +FLAGS (\\Deleted)\r\n");
    say(&two, "6 EXPUNGE\r\n");
    CHECK_STR("in IDLE", str_c(hear(&one)), "* 1 EXPUNGE\r\n");
    CHECK_STR("done", str_c(say(&one, "DONE\r\n")), "4 OK welcome back\r\n");
    notify_end();
}

TEST(notify_others)
{
    notify("STATUS (inboxes (MessageNew MessageExpunge)) (mailboxes (Sent Nowhere) (MessageNew MessageExpunge "
           "FlagChange))");
    CHECK(has(say(&one, "3 NOTIFY SET STATUS (personal (MessageNew MessageExpunge)) (mailboxes (Sent Nowhere) "
                        "(MessageNew MessageExpunge FlagChange))\r\n"),
              "* STATUS Junk (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 102)\r\n"
              "* STATUS Sent (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 103 UNSEEN 0 HIGHESTMODSEQ 1)\r\n"));
    CHECK(lacks(one.out.p, "STATUS INBOX"));
    one.out.n = 0;
    fake_add(FOLDER_SENT, str_c(text), 0, 0);
    CHECK_STR("how things stand", str_c(hear(&one)), "* STATUS Sent (MESSAGES 1 UIDNEXT 2)\r\n");
    fake_add(FOLDER_SENT, str_c(text), 0, 0);
    hear(&one);
    one.out.n = 0;
    fill(1);
    fake_tell();
    CHECK_STR("not of the selected one", str_c(hear(&one)), "");
    say(&two, "2 SELECT Sent\r\n");
    say(&two, "3 STORE 1 +FLAGS (\\Seen)\r\n");
    CHECK_STR("flags", str_c(hear(&one)), "* STATUS Sent (UIDVALIDITY 103 UNSEEN 1)\r\n");
    one.out.n = 0;
    say(&two, "4 MOVE 1 Junk\r\n");
    CHECK_STR("out and in", str_c(hear(&one)),
              "* STATUS Junk (MESSAGES 1 UIDNEXT 2)\r\n* STATUS Sent (MESSAGES 1 UIDNEXT 3)\r\n");
    say(&one, "4 ENABLE CONDSTORE\r\n");
    one.out.n = 0;
    say(&two, "5 STORE 1 +FLAGS (\\Deleted)\r\n");
    say(&two, "6 EXPUNGE\r\n");
    CHECK(has(hear(&one), "* STATUS Sent (MESSAGES 0 UIDNEXT 3 HIGHESTMODSEQ "));
    one.out.n = 0;
    one.read_max = 1; /* it takes nothing: what happens meanwhile is told once */
    buf_puts(&one.out, "!");
    for (int i = 0; i < 5; i++)
        fake_add(FOLDER_TRASH, str_c(text), 0, 0);
    CHECK_STR("waits", str_c(hear(&one)), "!");
    one.read_max = one.out.n = 0;
    imap_go_on(&one.s);
    CHECK(has(hear(&one), "* STATUS Trash (MESSAGES 5 UIDNEXT 6 HIGHESTMODSEQ "));
    notify_end();
}

/* RFC 3501 section 6.3.6, RFC 5258 section 3.4. */
TEST(subscribed_names_outlive_their_mailboxes)
{
    fake_open_box();
    start(&one, 0);
    say(&one, "1 CREATE a/b\r\n1 CREATE c\r\n1 DELETE a/b\r\n1 RENAME c d\r\n");
    CHECK_STR("not there", str_c(say(&one, "2 LIST \"\" (a* c d) RETURN (SUBSCRIBED)\r\n")),
              "* LIST (\\Subscribed \\HasNoChildren) \"/\" a\r\n* LIST (\\Subscribed \\HasNoChildren) \"/\" d\r\n"
              "2 OK that is all\r\n");
    CHECK_STR("subscribed", str_c(say(&one, "3 LIST (SUBSCRIBED) \"\" (a/* c) RETURN (STATUS (MESSAGES))\r\n")),
              "* LIST (\\Subscribed \\NonExistent \\HasNoChildren) \"/\" a/b\r\n"
              "* LIST (\\Subscribed \\NonExistent \\HasNoChildren) \"/\" c\r\n3 OK that is all\r\n");
    CHECK_STR("lsub", str_c(say(&one, "4 LSUB \"\" a/*\r\n")), "* LSUB () \"/\" a/b\r\n4 OK that is all\r\n");
    CHECK_STR("a parent", str_c(say(&one, "5 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" a%\r\n")),
              "* LIST (\\Subscribed \\HasNoChildren) \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n5 OK that is all\r\n");
    say(&one,
        "6 DELETE a\r\n6 UNSUBSCRIBE a\r\n6 CREATE x/y/z\r\n6 DELETE x/y/z\r\n6 DELETE x/y\r\n6 UNSUBSCRIBE x/y\r\n");
    CHECK_STR(
        "a parent that is none", str_c(say(&one, "7 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (a% x/%)\r\n")),
        "* LIST (\\NonExistent \\HasNoChildren) \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n"
        "* LIST (\\NonExistent \\HasNoChildren) \"/\" x/y (\"CHILDINFO\" (\"SUBSCRIBED\"))\r\n7 OK that is all\r\n");
    CHECK_STR("nor is it for LSUB", str_c(say(&one, "8 LSUB \"\" a%\r\n")),
              "* LSUB (\\NoSelect) \"/\" a\r\n8 OK that is all\r\n");
    CHECK_STR("once",
              str_c(say(&one, "9 CREATE a/c\r\n9 DELETE a/c\r\n9 DELETE a\r\n9 UNSUBSCRIBE a\r\n9 LSUB \"\" a%\r\n")),
              "9 OK [MAILBOXID (F101-13)] made\r\n9 OK done\r\n9 OK done\r\n9 OK done\r\n"
              "* LSUB (\\NoSelect) \"/\" a\r\n9 OK that is all\r\n");
    CHECK_STR("special", str_c(say(&one, "A LIST (SUBSCRIBED SPECIAL-USE RECURSIVEMATCH) \"\" a*\r\n")),
              "A OK that is all\r\n");
    CHECK(has(say(&one, "B SUBSCRIBE a/b\r\n"), "B OK"));
    CHECK(has(say(&one, "C UNSUBSCRIBE a/b\r\n"), "C OK"));
    CHECK(has(say(&one, "D UNSUBSCRIBE a/b\r\n"), "D NO [NONEXISTENT]"));
    CHECK(has(say(&one, "E SUBSCRIBE a/b\r\n"), "E NO [NONEXISTENT]"));
    CHECK(has(say(&one, "F SELECT a/c\r\n"), "F NO"));
    fake_client_close(&one);
}

TEST(notify_of_a_name_without_a_mailbox)
{
    notify("(subtree a (SubscriptionChange))");
    say(&two, "2 CREATE a\r\n2 DELETE a\r\n");
    CHECK_STR("still subscribed", str_c(hear(&one)), "");
    say(&two, "3 UNSUBSCRIBE a\r\n");
    CHECK_STR("no more", str_c(hear(&one)), "* LIST (\\NonExistent) \"/\" a\r\n");
    notify_end();
}

TEST(notify_names)
{
    notify("(subtree a (MailboxName)) (mailboxes (Sent x/y) (SubscriptionChange MailboxName)) (selected NONE)");
    say(&two, "2 CREATE a\r\n");
    CHECK_STR("made", str_c(hear(&one)), "* LIST (\\Subscribed \\HasNoChildren) \"/\" a\r\n");
    one.out.n = 0;
    say(&two, "3 CREATE a/b\r\n");
    CHECK_STR("and its parent", str_c(hear(&one)),
              "* LIST (\\Subscribed \\HasNoChildren) \"/\" a/b\r\n* LIST (\\Subscribed \\HasChildren) \"/\" a\r\n");
    one.out.n = 0;
    say(&two, "4 RENAME a/b x\r\n");
    CHECK_STR("gone elsewhere", str_c(hear(&one)),
              "* LIST (\\Subscribed \\HasNoChildren) \"/\" x (\"OLDNAME\" (a/b))\r\n");
    one.out.n = 0;
    say(&two, "5 CREATE b\r\n");
    say(&two, "6 UNSUBSCRIBE Junk\r\n");
    CHECK_STR("not asked for", str_c(hear(&one)), "");
    say(&two, "7 UNSUBSCRIBE Sent\r\n");
    CHECK_STR("unsubscribed", str_c(hear(&one)), "* LIST (\\HasNoChildren \\Sent) \"/\" Sent\r\n");
    one.out.n = 0;
    say(&two, "8 SUBSCRIBE Sent\r\n");
    CHECK_STR("subscribed", str_c(hear(&one)), "* LIST (\\Subscribed \\HasNoChildren \\Sent) \"/\" Sent\r\n");
    one.out.n = 0;
    say(&two, "9 DELETE a\r\n");
    CHECK_STR("deleted", str_c(hear(&one)), "* LIST (\\NonExistent) \"/\" a\r\n");
    one.out.n = 0;
    say(&two, "A UNSUBSCRIBE a\r\n");
    CHECK_STR("not asked for", str_c(hear(&one)), "");
    notify_end();
}

TEST(notify_is_refused_and_ends)
{
    notify("(personal (MailboxName SubscriptionChange))");
    CHECK(has(say(&one, "3 NOTIFY SET (personal (AnnotationChange))\r\n"),
              "3 NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange)]"));
    CHECK(has(say(&one, "4 NOTIFY SET (personal (MessageNew))\r\n"), "4 BAD"));
    CHECK(has(say(&one, "5 NOTIFY\r\n"), "5 BAD"));
    one.out.n = 0;
    one.read_max = 1; /* it takes nothing while more happens than is kept */
    buf_puts(&one.out, "!");
    for (int i = 0; i < 300; i++)
        say(&two, i % 2 ? "3 SUBSCRIBE Sent\r\n" : "3 UNSUBSCRIBE Sent\r\n");
    one.read_max = one.out.n = 0;
    imap_go_on(&one.s);
    CHECK_STR("too much", str_c(hear(&one)),
              "* OK [NOTIFICATIONOVERFLOW] too much happened: no more notifications\r\n");
    one.out.n = 0;
    say(&two, "4 UNSUBSCRIBE Sent\r\n");
    fill(1);
    fake_tell();
    CHECK_STR("no more", str_c(hear(&one)), "");
    CHECK(has(say(&one, "6 UNAUTHENTICATE\r\n"), "6 OK"));
    CHECK(one.s.notify == NULL);
    notify_end();
}

TEST(objects_keep_their_ids)
{
    static const char id[] = "M00000000000000010000000000000000";
    char want[200];
    fake_open_box();
    fill(2);
    start(&one, 0);
    CHECK(has(say(&one, "1 CAPABILITY\r\n"), " OBJECTID "));
    say(&one, "2 SELECT INBOX\r\n");
    say(&one, "3 COPY 1 Sent\r\n");
    say(&one, "4 MOVE 1 Trash\r\n");
    say(&one, "5 SELECT Sent\r\n");
    say(&one, "6 COPY 1 Sent\r\n");
    snprintf(want, sizeof want, "* 1 FETCH (EMAILID (%s))\r\n* 2 FETCH (EMAILID (%s))\r\n", id, id);
    CHECK(has(say(&one, "7 FETCH 1:2 EMAILID\r\n"), want));
    say(&one, "8 SELECT Trash\r\n");
    snprintf(want, sizeof want, "9 SEARCH EMAILID %s\r\n", id);
    CHECK_STR("moved", str_c(say(&one, want)), "* SEARCH 1\r\n9 OK that is all\r\n");
    CHECK_STR("threads are nobody's", str_c(say(&one, "A SEARCH THREADID T1\r\n")), "* SEARCH\r\nA OK that is all\r\n");
    CHECK(has(say(&one, "B CREATE a\r\n"), "[MAILBOXID (F101-6)]"));
    say(&one, "C RENAME a b\r\n");
    CHECK_STR("renamed", str_c(say(&one, "D STATUS b (MAILBOXID)\r\n")),
              "* STATUS b (MAILBOXID (F101-6))\r\nD OK that is all\r\n");
    say(&one, "E DELETE b\r\n");
    CHECK(has(say(&one, "F CREATE b\r\n"), "[MAILBOXID (F101-7)]"));
    CHECK(has(say(&one, "G REPLACE 1 Trash {5+}\r\nA: b\n\r\n"), "G OK"));
    CHECK(has(say(&one, "H FETCH 1 EMAILID\r\n"), "(EMAILID (M00000000000000060000000000000000))")); /* another one */
    fake_client_close(&one);
}

TEST(condstore_and_qresync)
{
    fake_open_box();
    fill(4); /* modseq 11 to 14 */
    start(&one, 0);
    start(&two, 1);
    say(&one, "1 SELECT INBOX (CONDSTORE)\r\n");
    CHECK_STR("modseq", str_c(say(&one, "2 FETCH 1:2 MODSEQ\r\n")),
              "* 1 FETCH (MODSEQ (11))\r\n* 2 FETCH (MODSEQ (12))\r\n2 OK that is all\r\n");
    CHECK_STR("changed since", str_c(say(&one, "3 FETCH 1:* (FLAGS) (CHANGEDSINCE 13)\r\n")),
              "* 4 FETCH (MODSEQ (14) FLAGS (\\Recent))\r\n3 OK that is all\r\n");
    CHECK_STR("conditional", str_c(say(&one, "4 STORE 1,4 (UNCHANGEDSINCE 13) +FLAGS.SILENT (\\Seen)\r\n")),
              "* 1 FETCH (MODSEQ (15))\r\n4 OK [MODIFIED 4] others were quicker with these\r\n");
    CHECK(has(say(&two, "1 ENABLE QRESYNC\r\n"), "* ENABLED QRESYNC\r\n"));
    say(&one, "5 STORE 2 +FLAGS.SILENT (\\Deleted)\r\n");
    CHECK(has(say(&one, "6 EXPUNGE\r\n"), "* 2 EXPUNGE\r\n6 OK [HIGHESTMODSEQ "));
    CHECK(has(say(&two, "2 SELECT INBOX (QRESYNC (101 14 1:4))\r\n"), "* VANISHED (EARLIER) 2\r\n"));
    CHECK(has(two.out.p, "* 1 FETCH (UID 1 MODSEQ (15) FLAGS (\\Seen))\r\n2 OK"));
    CHECK(lacks(two.out.p, "* 2 FETCH"));
    say(&one, "7 STORE 1 +FLAGS.SILENT (\\Deleted)\r\n");
    say(&one, "8 EXPUNGE\r\n");
    CHECK(has(say(&two, "3 NOOP\r\n"), "* VANISHED 1\r\n"));
    CHECK(has(say(&two, "4 UID FETCH 1:9 (UID) (CHANGEDSINCE 14 VANISHED)\r\n"), "* VANISHED (EARLIER) 1:2\r\n"));
    fake_client_close(&one);
    fake_client_close(&two);
}

TEST(a_box_that_ends_says_nothing_more)
{
    fake_open_box();
    fill(2);
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    fake.ended = true;
    CHECK_STR("a command", str_c(say(&one, "2 FETCH 1 FLAGS\r\n")), "* BYE [UNAVAILABLE] this box has ended\r\n");
    fake_client_close(&one);
    fake.ended = false;
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    one.out.n = 0;
    CHECK_EQ(imap_input(&one.s, S("2 FETCH 1 BODY[]\r\n")), 18);
    fake.ended = true;
    fake_pump(&one);
    CHECK_STR("an answer", buf_str(&one.out), "* BYE [UNAVAILABLE] this box has ended\r\n");
    fake_client_close(&one);
    fake_close_box();
}
