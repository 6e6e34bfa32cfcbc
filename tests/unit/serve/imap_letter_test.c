/* What clients that read the RFCs to the letter have met: one test a rule. */
#include "imap_say.h"

static void open_filled(size_t n)
{
    fake_open_box();
    fill(n);
    start(&one, 0);
}

TEST(new_is_recent_and_unseen)
{
    open_filled(3);
    fake.msgs[1].row.flags = FLAG_SEEN;
    fake.claimed[FOLDER_INBOX] = 2;
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("new", str_c(say(&one, "2 SEARCH NEW\r\n")), "* SEARCH 3\r\n2 OK that is all\r\n");
    CHECK_STR("or", str_c(say(&one, "3 SEARCH OR NEW 2 ALL\r\n")), "* SEARCH 2 3\r\n3 OK that is all\r\n");
    CHECK_STR("not", str_c(say(&one, "4 UID SEARCH (NOT NEW)\r\n")), "* SEARCH 1 2\r\n4 OK that is all\r\n");
    fake_client_close(&one);
}

/* RFC 5182 section 2.1 */
TEST(no_leaves_nothing_saved)
{
    open_filled(3);
    say(&one, "1 SELECT INBOX\r\n");
    say(&one, "2 SEARCH RETURN (SAVE) 2\r\n");
    CHECK(has(say(&one, "3 SEARCH RETURN (SAVE) NOWHERE\r\n"), "3 BAD"));
    CHECK_STR("kept", str_c(say(&one, "4 FETCH $ UID\r\n")), "* 2 FETCH (UID 2)\r\n4 OK that is all\r\n");
    CHECK(has(say(&one, "5 SEARCH RETURN (COUNT) CHARSET KLINGON ALL\r\n"), "5 NO [BADCHARSET"));
    CHECK(has(say(&one, "6 FETCH $ UID\r\n"), "* 2 FETCH"));
    CHECK(has(say(&one, "7 SEARCH RETURN (SAVE) CHARSET KLINGON ALL\r\n"), "7 NO [BADCHARSET"));
    CHECK_STR("empty", str_c(say(&one, "8 FETCH $ UID\r\n")), "8 OK that is all\r\n");
    fake_client_close(&one);
}

/* RFC 6855 section 3 */
TEST(no_charset_beside_utf8)
{
    open_filled(1);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK(has(say(&one, "2 SEARCH CHARSET UTF-8 ALL\r\n"), "2 OK"));
    say(&one, "3 ENABLE UTF8=ACCEPT\r\n");
    CHECK_STR("known", str_c(say(&one, "4 UID SEARCH RETURN (COUNT) CHARSET UTF-8 ALL\r\n")),
              "4 BAD not of that command's form\r\n");
    CHECK(has(say(&one, "5 SEARCH CHARSET KLINGON ALL\r\n"), "5 BAD"));
    CHECK(has(say(&one, "6 SEARCH ALL\r\n"), "6 OK"));
    fake_client_close(&one);
}

/* RFC 5267 section 3 with RFC 5182 */
TEST(sort_saves)
{
    open_filled(4);
    fake.msgs[0].row.received_ms += 1000;
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("sort", str_c(say(&one, "2 SORT RETURN (SAVE) (ARRIVAL) UTF-8 1:3\r\n")), "2 OK that is all\r\n");
    CHECK_STR("$", str_c(say(&one, "3 SEARCH $\r\n")), "* SEARCH 1 2 3\r\n3 OK that is all\r\n");
    CHECK_STR("an end", str_c(say(&one, "4 SORT RETURN (MAX SAVE) (ARRIVAL) UTF-8 ALL\r\n")),
              "* ESEARCH (TAG \"4\") MAX 1\r\n4 OK that is all\r\n");
    CHECK_STR("$ of it", str_c(say(&one, "5 SEARCH $\r\n")), "* SEARCH 1\r\n5 OK that is all\r\n");
    CHECK(has(say(&one, "6 SORT RETURN (SAVE) (ARRIVAL) KLINGON ALL\r\n"), "6 NO [BADCHARSET"));
    CHECK_STR("empty", str_c(say(&one, "7 SEARCH $\r\n")), "* SEARCH\r\n7 OK that is all\r\n");
    fake_client_close(&one);
}

/* RFC 7162 sections 3.1 and 3.2.3: what becomes \\Seen by being read is told like any other change. */
TEST(seen_by_reading_is_told_with_modseq)
{
    open_filled(5); /* modseq 11 to 15 */
    say(&one, "1 SELECT INBOX (CONDSTORE)\r\n");
    CHECK(has(say(&one, "2 FETCH 1 BODY[]<0.4>\r\n"),
              "* 1 FETCH (MODSEQ (16) FLAGS (\\Seen \\Recent) BODY[]<0> {4}\r\nFrom)\r\n"));
    CHECK(has(say(&one, "3 FETCH 2 (FLAGS BODY[]<0.4>)\r\n"),
              "* 2 FETCH (MODSEQ (17) FLAGS (\\Seen \\Recent) BODY[]<0> {4}\r\nFrom)\r\n"));
    CHECK(has(say(&one, "4 FETCH 1 BODY[]<0.4>\r\n"), "* 1 FETCH (BODY[]<0> {4}\r\nFrom)\r\n"));
    say(&one, "5 ENABLE QRESYNC\r\n");
    CHECK(has(say(&one, "6 FETCH 3 BODY[]<0.4>\r\n"), "* 3 FETCH (UID 3 MODSEQ (18) FLAGS (\\Seen \\Recent) BODY[]"));
    CHECK(has(say(&one, "7 UID FETCH 4 (MODSEQ BODY[]<0.4>)\r\n"),
              "* 4 FETCH (FLAGS (\\Seen \\Recent) UID 4 MODSEQ (19) BODY[]"));
    fake_client_close(&one);
}

/* RFC 7162 section 3.1 */
TEST(whoever_begins_to_use_modseqs_is_told_the_highest)
{
    static const char *const all[] = { "2 ENABLE CONDSTORE\r\n",
                                       "2 ENABLE QRESYNC\r\n",
                                       "2 FETCH 1 MODSEQ\r\n",
                                       "2 FETCH 1 FLAGS (CHANGEDSINCE 1)\r\n",
                                       "2 SEARCH MODSEQ 1\r\n",
                                       "2 STORE 1 (UNCHANGEDSINCE 1) +FLAGS (\\Seen)\r\n",
                                       "2 STATUS Sent (HIGHESTMODSEQ)\r\n" };
    open_filled(2);
    fake_client_close(&one);
    for (size_t i = 0; i < COUNT(all); i++) {
        start(&one, 0);
        CHECK(lacks(say(&one, "0 NOOP\r\n"), "HIGHESTMODSEQ"));
        say(&one, "1 SELECT INBOX\r\n");
        CHECK(has(say(&one, all[i]), "* OK [HIGHESTMODSEQ 12] so far\r\n2 OK"));
        CHECK(lacks(say(&one, "3 FETCH 1 MODSEQ\r\n"), "HIGHESTMODSEQ"));
        fake_client_close(&one);
    }
    start(&one, 0);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK_STR("with its own change", str_c(say(&one, "2 STORE 1 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen)\r\n")),
              "* 1 FETCH (MODSEQ (13))\r\n* OK [HIGHESTMODSEQ 13] so far\r\n2 OK done\r\n");
    fake_client_close(&one);
}

/* What has gone and was not told is not part of the highest: whoever comes back with it hears of that. */
TEST(the_highest_is_of_what_was_told)
{
    open_filled(3);
    start(&two, 1);
    say(&one, "1 SELECT INBOX\r\n");
    say(&two, "1 SELECT INBOX\r\n");
    say(&two, "2 STORE 2 +FLAGS (\\Deleted)\r\n3 EXPUNGE\r\n");
    CHECK(has(say(&one, "2 FETCH 1 MODSEQ\r\n"), "* OK [HIGHESTMODSEQ 13] so far\r\n"));
    CHECK(has(say(&one, "3 NOOP\r\n"), "* 2 EXPUNGE"));
    fake_client_close(&one);
    fake_client_close(&two);
}

/* RFC 7162 section 3.2.10.1, RFC 6851 section 4.4 */
TEST(moves_end_with_the_highest_modseq)
{
    open_filled(3);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK(has(say(&one, "2 MOVE 1 Trash\r\n"), "2 OK done\r\n"));
    say(&one, "3 ENABLE QRESYNC\r\n");
    CHECK(has(say(&one, "4 UID MOVE 2 Trash\r\n"), "* VANISHED 2\r\n4 OK [HIGHESTMODSEQ 17] done\r\n"));
    CHECK(has(say(&one, "5 REPLACE 1 INBOX {9+}\r\nA: b\r\n\r\nx\r\n"), "* VANISHED 3\r\n"));
    CHECK(has(one.out.p, "5 OK [HIGHESTMODSEQ 19] done\r\n"));
    CHECK(has(say(&one, "6 MOVE 1 Nowhere\r\n"), "6 NO [TRYCREATE]"));
    fake_client_close(&one);
}

TEST(too_many_keywords_are_no_mistake)
{
    AUTO_BUF struct buf store = { .max = 4096 };
    open_filled(1);
    say(&one, "1 SELECT INBOX\r\n");
    buf_puts(&store, "2 STORE 1 +FLAGS (");
    for (int i = 0; i < 100; i++)
        buf_printf(&store, i > 0 ? " k%d" : "k%d", i);
    buf_puts(&store, ")\r\n");
    buf_putc(&store, '\0');
    CHECK(has(say(&one, store.p), "2 NO [LIMIT]"));
    CHECK(has(say(&one, "3 STORE 1 +FLAGS (k\r\n"), "3 BAD"));
    fake_client_close(&one);
}

/* RFC 6855 section 4 */
TEST(utf8_is_a_part_of_catenate)
{
    open_filled(1);
    say(&one, "1 SELECT INBOX\r\n");
    CHECK(has(say(&one,
                  "2 APPEND INBOX CATENATE (UTF8 (~{9+}\r\nX: \xc3\xa9\r\n\r\n) URL \"/INBOX/;UID=1/;SECTION=TEXT\" "
                  "UTF8 (~{3+}\r\nend))\r\n"),
              "2 OK [APPENDUID "));
    CHECK(has(say(&one, "3 FETCH 2 BODY.PEEK[]\r\n"), "{23}\r\nX: \xc3\xa9\r\n\r\nbody text\r\nend)\r\n"));
    CHECK(has(say(&one, "4 APPEND INBOX CATENATE (UTF8 ~{3+}\r\nend)\r\n"), "4 BAD"));
    CHECK(has(say(&one, "5 APPEND INBOX CATENATE (UTF8 (~{3+}\r\nend)\r\n"), "5 BAD"));
    CHECK(has(say(&one, "6 APPEND INBOX CATENATE (UTF8 (~{3+}\r\nend TEXT {1+}\r\nx)\r\n"), "6 BAD"));
    fake_client_close(&one);
}

/* UIDs that the client has kept would be another message's. */
TEST(another_uidvalidity_ends_a_session)
{
    struct event e = { .kind = EVENT_FOLDER_CHANGED, .change = FOLDER_RENAMED, .folder = 1, .uidvalidity = 101 };
    open_filled(1);
    say(&one, "1 SELECT INBOX\r\n");
    one.out.n = 0;
    CHECK(!imap_mailbox_over(&one.s, &e));
    e.uidvalidity = 102;
    e.folder = 2;
    CHECK(!imap_mailbox_over(&one.s, &e));
    CHECK_STR("goes on", str_c(say(&one, "2 NOOP\r\n")), "2 OK done\r\n");
    say(&one, "3 IDLE\r\n");
    one.out.n = 0;
    e.folder = 1;
    CHECK(imap_mailbox_over(&one.s, &e));
    CHECK_STR("over", buf_str(&one.out),
              "* BYE the selected mailbox has another name, and another UIDVALIDITY with it\r\n");
    CHECK_EQ(one.s.mode, IMAP_CLOSED);
    fake_client_close(&one);
}

/* RFC 3501 section 2.3.2: to the first that is told. */
TEST(recent_is_one_sessions_own)
{
    open_filled(0);
    start(&two, 1);
    say(&one, "1 SELECT INBOX\r\n");
    say(&two, "1 SELECT INBOX\r\n");
    say(&one, "2 IDLE\r\n");
    say(&two, "2 IDLE\r\n");
    one.out.n = two.out.n = 0;
    fill(1);
    fake_tell();
    CHECK_STR("the first", str_c(hear(&one)), "* 1 EXISTS\r\n* 1 RECENT\r\n");
    CHECK_STR("the second", str_c(hear(&two)), "* 1 EXISTS\r\n* 1 RECENT\r\n* 0 RECENT\r\n");
    CHECK(has(say(&two, "DONE\r\n3 FETCH 1 FLAGS\r\n"), "* 1 FETCH (FLAGS ())"));
    CHECK(has(say(&one, "DONE\r\n3 FETCH 1 FLAGS\r\n"), "* 1 FETCH (FLAGS (\\Recent))"));
    say(&two, "4 NOTIFY SET (SELECTED (MessageNew (FLAGS) MessageExpunge))\r\n");
    say(&one, "4 IDLE\r\n");
    fill(1);
    fake_tell();
    two.out.n = 0;
    CHECK(has(hear(&two), "* 2 FETCH (FLAGS (\\Recent))\r\n"));
    hear(&one);
    CHECK(has(say(&one, "DONE\r\n5 FETCH 1:2 FLAGS\r\n"), "* 2 FETCH (FLAGS ())"));
    fake_client_close(&one);
    fake_client_close(&two);
}
