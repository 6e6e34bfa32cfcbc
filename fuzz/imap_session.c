/* A whole session, each input fed in each state: before login, logged in, with a mailbox selected, with all extensions
 * on, in IDLE, with NOTIFY. However it goes: what is said is well-formed, no octet of a sender's is read as protocol,
 * memory goes back. The first byte chooses the pieces that the input comes in, and how much the peer takes at once. */
#include "../tests/unit/serve/imap_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* How many octets of a literal the line announces; 0: it ends here. */
static size_t announced(struct str line)
{
    size_t open = str_rchr(line, '{');
    uint64_t n;
    bool is =
        open != STR_NONE && line.p[line.n - 1] == '}' && str_to_u64(str_sub(line, open + 1, line.n - open - 2), &n);
    return is ? (size_t)n : 0;
}

static void check_said(struct str out)
{
    while (out.n > 0) {
        size_t lf = str_chr(out, '\n');
        must(lf != STR_NONE && lf >= 1 && out.p[lf - 1] == '\r');
        struct str line = str_sub(out, 0, lf - 1);
        must(str_chr(line, '\r') == STR_NONE && str_chr(line, '\0') == STR_NONE);
        size_t literal = line.n > 0 ? announced(line) : 0;
        must(literal <= out.n - lf - 1);
        out = str_from(out, lf + 1 + literal);
    }
}

static void play(const char *before, struct str in, uint8_t how)
{
    static struct fake_client c;
    size_t piece = 1 + (how & 31), have = 0;
    static const char mail[] =
        "From: a@b\r\nSubject: =?utf-8?q?x?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\n\r\none\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nTo: c\r\n\r\ntwo\r\n--b--\r\n";
    fake_open_box();
    for (int i = 0; i < 3; i++)
        fake_add(FOLDER_INBOX, str_c(mail), i == 1 ? FLAG_DELETED : 0, 0);
    fake_client_open(&c, 0);
    must(fake_feed(&c, str_c(before)) == strlen(before));
    c.out.n = 0;
    c.read_max = how & 32 ? 100 : 0;
    for (int quiet = 0; quiet < 3 && c.s.mode != IMAP_CLOSED;) {
        if (c.s.mode == IMAP_TLS)
            imap_secured(&c.s);
        have = MIN(have + piece, in.n);
        enum imap_mode mode = c.s.mode;
        size_t n = have > 0 ? imap_input(&c.s, str_sub(in, 0, have)) : 0;
        must(n <= have);
        in = str_from(in, n);
        have -= n;
        bool moved = n > 0 || have < in.n || c.ask || c.s.parked || mode != c.s.mode;
        fake_pump(&c);
        if (!c.s.inside)
            check_said(buf_str(&c.out));
        if (!c.s.inside || c.s.parked)
            c.out.n = 0;
        imap_go_on(&c.s);
        fake_pump(&c);
        quiet = moved ? 0 : quiet + 1;
    }
    must(!c.out.failed);
    fake_client_close(&c);
    must(fake.budget.used == 0);
    fake_close_box();
}

#define NOTIFY                                                                                                         \
    "1 LOGIN a secret\r\n2 SELECT INBOX\r\n3 NOTIFY SET (selected-delayed (MessageNew (UID BODY[1]) MessageExpunge "   \
    "FlagChange)) (personal (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange))\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const states[] = {
        "",
        "1 LOGIN a secret\r\n",
        "1 LOGIN a secret\r\n2 SELECT INBOX\r\n",
        "1 LOGIN a secret\r\n2 ENABLE QRESYNC IMAP4rev2 UTF8=ACCEPT\r\n3 SELECT INBOX\r\n",
        "1 LOGIN a secret\r\n2 EXAMINE INBOX\r\n3 IDLE\r\n",
        NOTIFY,
    };
    for (size_t i = 0; n > 0 && i < COUNT(states); i++)
        play(states[i], str_of(data + 1, n - 1), data[0]);
    return 0;
}
