/* What may be said before there is a box to speak of: capabilities, ID, ENABLE, STARTTLS, the end. */
#include "serve/imap_command.h"
#include "serve/imap_notify.h"
#include "wire/imap_write.h"
#include <string.h>

/* No more than is done: docs/protocols.md has a line for each. */
static const char always[] = "IMAP4rev1 IMAP4rev2 SASL-IR LITERAL+ ID ENABLE";
static const char after_login[] = " IDLE NAMESPACE UNSELECT CHILDREN UIDPLUS MOVE ESEARCH SEARCHRES WITHIN "
                                  "LIST-EXTENDED LIST-STATUS SPECIAL-USE CREATE-SPECIAL-USE"
                                  " STATUS=SIZE COMPRESS=DEFLATE CONDSTORE QRESYNC BINARY MULTIAPPEND UTF8=ACCEPT "
                                  "QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"
                                  " SAVEDATE PREVIEW OBJECTID UNAUTHENTICATE CATENATE REPLACE NOTIFY SORT ESORT "
                                  "THREAD=ORDEREDSUBJECT THREAD=REFERENCES";

void imap_put_capabilities(struct imap_session *s, struct buf *out)
{
    buf_puts(out, always);
    if (s->authed) {
        buf_puts(out, after_login);
        buf_printf(out, " APPENDLIMIT=%llu", (unsigned long long)s->rules->max_bytes);
        return;
    }
    if (s->rules->tls && !s->tls)
        buf_puts(out, " STARTTLS");
    if (!s->rules->ops->may_login(s)) {
        buf_puts(out, " LOGINDISABLED");
        return;
    }
    for (int m = 0; m < SASL_MECHS; m++)
        buf_printf(out, " AUTH=%s", sasl_name((enum sasl_mech)m));
}

void imap_run_capability(struct imap_session *s)
{
    buf_puts(s->out, "* CAPABILITY ");
    imap_put_capabilities(s, s->out);
    buf_puts(s->out, "\r\n");
    imap_reply(s, "OK that is all");
}

void imap_run_noop(struct imap_session *s) { imap_reply(s, "OK done"); }

void imap_run_logout(struct imap_session *s)
{
    imap_untagged(s, "BYE good-bye");
    buf_put(s->out, s->cmd->tag);
    buf_puts(s->out, " OK done\r\n");
    imap_cmd_end(s);
    s->mode = IMAP_CLOSED;
}

/* What a client says of itself is read and forgotten: it is nobody's business (RFC 2971 section 1). */
static bool read_id(struct imap_token *t)
{
    struct str name, value;
    if (imap_token_try(t, S("NIL")))
        return imap_token_end(t);
    if (!imap_token_open(t))
        return false;
    if (imap_token_peek(t) == ')')
        return imap_token_close(t) && imap_token_end(t);
    do {
        if (!imap_token_string(t, &name) || !imap_token_sp(t) || !imap_token_nstring(t, &value))
            return false;
    } while (imap_token_more(t));
    return imap_token_end(t);
}

void imap_run_id(struct imap_session *s)
{
    if (!read_id(&s->cmd->in)) {
        imap_bad(s);
        return;
    }
    imap_untagged(s, "ID (\"name\" \"mayfly\")");
    imap_reply(s, "OK nice to meet you");
}

static const struct {
    struct str name;
    uint8_t bits; /* QRESYNC brings CONDSTORE with it, RFC 7162 section 3.2.3 */
} extensions[] = {
    { STR("CONDSTORE"), IMAP_ON_CONDSTORE },
    { STR("QRESYNC"), IMAP_ON_QRESYNC | IMAP_ON_CONDSTORE },
    { STR("UTF8=ACCEPT"), IMAP_ON_UTF8 },
    { STR("IMAP4rev2"), IMAP_ON_REV2 },
};

static bool enable(struct imap_session *s, struct str name, struct buf *said)
{
    for (size_t i = 0; i < COUNT(extensions); i++)
        if (str_eq_nocase(extensions[i].name, name)) {
            buf_putc(said, ' ');
            buf_put(said, extensions[i].name);
            if (extensions[i].bits & IMAP_ON_CONDSTORE)
                imap_condstore(s);
            s->on |= extensions[i].bits;
        }
    return true;
}

void imap_run_enable(struct imap_session *s)
{
    AUTO_BUF struct buf said = { .max = LIMIT_IMAP_LINE };
    struct imap_token *t = &s->cmd->in;
    struct str name;
    do {
        if (!imap_token_atom(t, &name)) {
            imap_bad(s);
            return;
        }
        enable(s, name, &said);
    } while (imap_more(t) && imap_token_sp(t));
    imap_untagged(s, "ENABLED%.*s", STR_FMT(buf_str(&said)));
    imap_reply(s, "OK enabled");
}

void imap_run_namespace(struct imap_session *s)
{
    imap_untagged(s, "NAMESPACE ((\"\" \"/\")) NIL NIL");
    imap_reply(s, "OK that is all");
}

void imap_run_starttls(struct imap_session *s)
{
    if (!s->rules->tls || s->tls) {
        imap_reply(s, s->tls ? "BAD TLS stands already" : "NO there is no TLS here");
        return;
    }
    if (s->more) { /* CVE-2011-0411 and its kin: what came in the clear must never count as said under TLS */
        s->cut = true;
        imap_bye(s, "nothing may follow STARTTLS");
        return;
    }
    buf_put(s->out, s->cmd->tag);
    buf_puts(s->out, " OK go ahead\r\n");
    imap_cmd_end(s);
    s->mode = IMAP_TLS;
}

/* RFC 4978 */
void imap_run_compress(struct imap_session *s)
{
    struct str name;
    if (!imap_token_atom(&s->cmd->in, &name) || !imap_token_end(&s->cmd->in)) {
        imap_bad(s);
    } else if (!str_eq_nocase(name, S("DEFLATE"))) {
        imap_reply(s, "NO only DEFLATE");
    } else if (s->compressed) {
        imap_reply(s, "NO [COMPRESSIONACTIVE] already");
    } else if (!s->rules->ops->may_compress(s)) {
        imap_reply(s, "NO [LIMIT] out of memory");
    } else {
        s->compresses = true;
        imap_reply(s, "OK from here on");
    }
}

void imap_run_unauthenticate(struct imap_session *s)
{
    imap_unselect(s);
    imap_notify_free(s);
    s->rules->ops->forget(s);
    s->rules->ops->logout(s);
    s->authed = false;
    imap_uncount(&s->rules->stats->inside);
    s->on = 0;
    imap_reply(s, "OK who are you?");
}
