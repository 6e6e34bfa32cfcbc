/* A message that can't be kept is still read to its end, because only there do sender and receiver agree again where
 * commands begin. The one exception is a bare CR or LF under DATA: then nobody can tell where that end is, and the
 * connection is cut. Octets of a refused BDAT are counted off and never seen by the command parser. */
#include "serve/smtp_in_data.h"
#include "serve/smtp_in_submit.h"

static const char bare[] = "521 5.5.2 bare CR or LF: lines end with CRLF";
static const char no_rcpt[] = "554 5.5.1 no valid recipients";

static const char *not_ready(const struct smtp_in_session *s)
{
    if (!s->tx)
        return "503 5.5.1 MAIL first";
    if (s->tx->tries == 0)
        return "503 5.5.1 RCPT first";
    return smtp_in_tx_rcpts(s->tx) == 0 ? no_rcpt : NULL;
}

void smtp_in_run_data(struct smtp_in_session *s, struct str)
{
    const char *no = not_ready(s);
    if (!no && s->tx->chunked)
        no = "503 5.5.1 BDAT has begun";
    if (!no && s->tx->body == SMTP_BODY_BINARY) /* RFC 3030 section 3 */
        no = "503 5.5.1 BINARYMIME needs BDAT";
    if (no) {
        smtp_in_fail(s, no);
        return;
    }
    s->mode = SMTP_IN_DATA;
    s->phase++;
    s->data_n = 0;
    smtp_in_reply(s, "354 go on, and end with a dot on a line of its own");
}

static const char *protocol(const struct smtp_in_session *s)
{
    if (s->tx->utf8) /* RFC 6531 section 4.3 */
        return s->logged_in ? (s->tls ? "UTF8SMTPSA" : "UTF8SMTPA") : s->tls ? "UTF8SMTPS" : "UTF8SMTP";
    if (s->logged_in) /* RFC 4954 section 7 */
        return s->tls ? "ESMTPSA" : "ESMTPA";
    if (s->tls)
        return s->esmtp ? "ESMTPS" : "SMTPS";
    return s->esmtp ? "ESMTP" : "SMTP";
}

static void refuse(struct smtp_in_session *s)
{
    static const struct {
        enum smtp_in_count count;
        const char *words;
    } flaws[] = {
        [FLAW_SIZE] = { SMTP_IN_TOO_BIG, "552 5.3.4 message too big" },
        [FLAW_MEMORY] = { SMTP_IN_NO_MEMORY, "452 4.3.1 busy with other messages, try again later" },
        [FLAW_COPIES] = { SMTP_IN_TOO_BIG, "452 4.5.3 too many recipients for a message of this size" },
        [FLAW_LINE] = { SMTP_IN_MALFORMED, "552 5.6.0 a line is longer than 64 KiB" },
        [FLAW_BARE] = { SMTP_IN_BARE_EOL, "550 5.6.0 bare CR or LF" },
    };
    smtp_in_note(s, flaws[s->tx->flaw].count);
    smtp_in_kept_out(s, flaws[s->tx->flaw].words);
    smtp_in_reply(s, flaws[s->tx->flaw].words);
}

/* The message is whole: give it to the store, or say why not. */
static void finish(struct smtp_in_session *s)
{
    struct smtp_in_tx *tx = s->tx;
    s->mode = SMTP_IN_COMMAND;
    if (tx->flaw != FLAW_NONE) {
        refuse(s);
        smtp_in_end_tx(s);
        return;
    }
    tx->helo = arena_dup(&tx->arena, str_c(s->helo));
    const char *p = protocol(s);
    s->mode = SMTP_IN_WAIT;
    s->tx = NULL;
    if (s->rules->submit)
        s->rules->submit->send(s, tx, p);
    else
        s->rules->ops->store(s, tx, p);
}

size_t smtp_in_read_data(struct smtp_in_session *s, struct str in)
{
    size_t used;
    enum err e = smtp_in_tx_feed(s->tx, in, &used);
    s->data_n += used;
    if (e == ERR_BAD) {
        smtp_in_note(s, SMTP_IN_BARE_EOL);
        smtp_in_kept_out(s, bare);
        smtp_in_cut(s, bare);
    } else if (e == OK)
        finish(s);
    return used;
}

/* ---- chunks ---- */

static void end_chunk(struct smtp_in_session *s)
{
    s->mode = SMTP_IN_COMMAND;
    if (s->chunk_refused) {
        smtp_in_fail(s, not_ready(s) ? not_ready(s) : "503 5.5.1 not now");
        return;
    }
    if (s->chunk_last) {
        smtp_in_tx_close_chunks(s->tx);
        finish(s);
    } else if (s->tx->flaw != FLAW_NONE)
        refuse(s);
    else
        smtp_in_reply(s, "250 2.0.0 chunk ok");
}

void smtp_in_run_bdat(struct smtp_in_session *s, struct str arg)
{
    struct smtp_bdat b;
    if (smtp_bdat_parse(arg, &b) != SMTP_FINE) { /* how much of what follows is no command? Nobody knows. */
        smtp_in_cut(s, "501 5.5.4 BDAT size [LAST]");
        return;
    }
    if (b.n / 4 > s->rules->max_bytes) {
        smtp_in_note(s, SMTP_IN_TOO_BIG);
        smtp_in_kept_out(s, "552 5.3.4 chunk too big");
        smtp_in_cut(s, "552 5.3.4 chunk too big");
        return;
    }
    s->chunk_refused = not_ready(s) != NULL;
    s->chunk_left = b.n;
    s->chunk_last = b.last;
    s->mode = SMTP_IN_CHUNK;
    s->phase++;
    s->data_n = 0;
    if (!s->chunk_refused) {
        s->tx->chunked = true;
        s->tx->lines.verbatim = true;
    }
    if (b.n == 0)
        end_chunk(s);
}

static size_t take_chunk(struct smtp_in_session *s, struct str in)
{
    size_t used = in.n;
    if (s->chunk_refused)
        return used;
    if (s->tx->body == SMTP_BODY_BINARY)
        smtp_in_tx_feed_raw(s->tx, in);
    else if (smtp_in_tx_feed(s->tx, in, &used) == ERR_BAD)
        used = in.n; /* the flaw is noted; the chunk's end is certain all the same */
    return used;
}

size_t smtp_in_read_chunk(struct smtp_in_session *s, struct str in)
{
    size_t used = take_chunk(s, str_sub(in, 0, MIN(s->chunk_left, in.n)));
    s->data_n += used;
    s->chunk_left -= used;
    if (s->chunk_left == 0)
        end_chunk(s);
    return used;
}

/* ---- the store's answer ---- */

const char smtp_in_queue_full[] = "too much mail waits to leave, try again later";
const char smtp_in_disk_full[] = "no room here now, try again later";
const char smtp_in_loop[] = "it goes round in circles: too many Received fields";

struct smtp_in_refusal smtp_in_refusal_of(enum err e, const char *why)
{
    switch (e) {
    case OK:
        break;
    case ERR_FULL: /* with words: the message passes a ceiling and always will; without: the boxes are full */
        if (why == smtp_in_queue_full || why == smtp_in_disk_full)
            return (struct smtp_in_refusal){ SMTP_IN_TEMPFAIL, "452 4.3.1", why };
        if (why)
            return (struct smtp_in_refusal){ SMTP_IN_MALFORMED, "552 5.3.4", why };
        return (struct smtp_in_refusal){ SMTP_IN_BOX_FULL, "452 4.2.2", "mailbox full" };
    case ERR_GONE:
        return (struct smtp_in_refusal){ SMTP_IN_UNKNOWN, "550 5.1.1", "no such mailbox here" };
    case ERR_BAD:
        return (struct smtp_in_refusal){ SMTP_IN_MALFORMED, why == smtp_in_loop ? "554 5.4.6" : "554 5.6.0",
                                         why ? why : "malformed message" };
    case ERR_DENIED:
        return (struct smtp_in_refusal){ SMTP_IN_POLICY, "554 5.7.1", why ? why : "refused" };
    case ERR_MORE:
    case ERR_BUSY:
    case ERR_IO:
        break;
    }
    return (struct smtp_in_refusal){ SMTP_IN_TEMPFAIL, "451 4.3.0", why ? why : "trouble here, try again later" };
}

void smtp_in_stored(struct smtp_in_session *s, enum err e, const char *why, uint64_t octets)
{
    s->mode = SMTP_IN_COMMAND;
    if (e != OK) {
        struct smtp_in_refusal no = smtp_in_refusal_of(e, why);
        smtp_in_note(s, no.count);
        buf_printf(s->out, "%s %s\r\n", no.code, no.words);
        return;
    }
    s->junk = 0;
    smtp_in_note(s, SMTP_IN_ACCEPTED);
    smtp_in_count_add(s->rules->stats, SMTP_IN_BYTES, octets);
    smtp_in_reply(s, "250 2.0.0 message stored");
}
