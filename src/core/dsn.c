/* What a stranger's server said goes into our text: it was cleaned to one line by the queue, and here everything that
 * is not printable ASCII becomes '?' unless the report is of RFC 6533's kind. */
#include "core/dsn.h"
#include "base/text.h"
#include "wire/date.h"
#include "wire/header.h"
#include "wire/smtp.h"

static bool is_ascii(struct str s) { return utf8_ascii(s) == s.n; }

/* An address or a word of the report itself that RFC 3464 has no way to write. */
static bool is_global(const struct dsn *d)
{
    bool ascii = is_ascii(d->to);
    for (size_t i = 0; i < d->rcpts_n; i++)
        ascii &= is_ascii(d->rcpts[i].address);
    return !ascii;
}

void dsn_put_xtext(struct buf *out, struct str x)
{
    if (!smtp_xtext_valid(x)) {
        buf_put(out, x);
        return;
    }
    for (size_t i = 0; i < x.n; i++) {
        uint8_t c = (uint8_t)x.p[i];
        if (c == '+' && text_unhex(str_sub(x, i + 1, 2), &c, 1) == OK)
            i += 2;
        buf_putc(out, (char)c);
    }
}

/* One line of a field: nothing in it ends the line. */
static void put_line(struct buf *out, struct str s, bool global)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        buf_putc(out, c == '\t' ? ' ' : c < ' ' || c == 0x7f || (c > 0x7e && !global) ? '?' : (char)c);
    }
}

static void put_field(struct buf *out, const char *name, struct str value, bool global)
{
    buf_printf(out, "%s: ", name);
    put_line(out, value, global);
    buf_puts(out, "\r\n");
}

static void put_date(struct buf *out, const char *name, int64_t ms)
{
    buf_printf(out, "%s: ", name);
    date_put(out, ms, 0);
    buf_puts(out, "\r\n");
}

/* ---- for people ---- */

static const char *subject_of(enum dsn_kind k)
{
    switch (k) {
    case DSN_FAILED:
        return "Your mail could not be delivered";
    case DSN_DELAYED:
        return "Your mail is delayed, and still being tried";
    case DSN_SUCCESS:
        return "Your mail was delivered";
    }
    return "";
}

static const char *words_of(enum dsn_kind k)
{
    switch (k) {
    case DSN_FAILED:
        return "Your mail could not be delivered to the recipients below. It will not be\r\n"
               "tried again.\r\n";
    case DSN_DELAYED:
        return "Your mail has not been delivered to the recipients below yet. You need not\r\n"
               "do anything: it will be tried again, until the time given at the end.\r\n";
    case DSN_SUCCESS:
        return "Your mail was delivered to the recipients below, or handed on to a server\r\n"
               "that will not report about it.\r\n";
    }
    return "";
}

static bool was_said(const struct dsn_rcpt *r) { return r->mx.n > 0 && r->code > 0; }

/* A reply as it came: the code, its enhanced one where it had one, the words. */
static void put_reply(struct buf *out, const struct dsn_rcpt *r, bool global)
{
    buf_printf(out, "%u ", r->code);
    put_line(out, r->coded ? r->status : S(""), false);
    buf_puts(out, r->coded ? " " : "");
    put_line(out, r->text, global);
}

static void put_people(struct buf *out, const struct dsn *d, bool global)
{
    buf_puts(out, words_of(d->kind));
    for (size_t i = 0; i < d->rcpts_n; i++) {
        const struct dsn_rcpt *r = &d->rcpts[i];
        buf_puts(out, "\r\n  ");
        put_line(out, r->address, global);
        buf_puts(out, "\r\n");
        if (r->text.n == 0 || d->kind == DSN_SUCCESS)
            continue;
        buf_puts(out, "    ");
        if (was_said(r)) {
            put_line(out, r->mx, global);
            buf_puts(out, " said: ");
            put_reply(out, r, global);
        } else {
            put_line(out, r->text, global);
        }
        buf_puts(out, "\r\n");
    }
    if (d->kind == DSN_DELAYED) {
        buf_puts(out, "\r\nIt is tried until ");
        date_put(out, d->retry_until_ms, 0);
        buf_puts(out, ".\r\n");
    }
}

/* ---- for programs ---- */

static void put_typed(struct buf *out, const char *name, struct str address, bool global)
{
    bool ascii = is_ascii(address);
    buf_printf(out, "%s: %s;", name, ascii ? "rfc822" : "utf-8");
    put_line(out, address, global);
    buf_puts(out, "\r\n");
}

/* RFC 3461 section 6.3: the type as it was, the address without xtext. */
static void put_orcpt(struct buf *out, struct str orcpt, bool global)
{
    AUTO_BUF struct buf plain = { .max = LIMIT_SMTP_ORCPT + 1 };
    struct str address, type = str_cut(orcpt, ';', &address);
    if (address.n == 0)
        return;
    dsn_put_xtext(&plain, address);
    buf_puts(out, "Original-Recipient: ");
    put_line(out, type, false);
    buf_putc(out, ';');
    put_line(out, buf_str(&plain), global);
    buf_puts(out, "\r\n");
}

static const char *action_of(const struct dsn *d, const struct dsn_rcpt *r)
{
    switch (d->kind) {
    case DSN_FAILED:
        return "failed";
    case DSN_DELAYED:
        return "delayed";
    case DSN_SUCCESS:
        return r->here ? "delivered" : "relayed";
    }
    return "";
}

/* RFC 3464 section 2.3.6: of type smtp what an SMTP server said, and nothing else; what was found here is of a type of
 * our own. */
static void put_diagnosis(struct buf *out, const struct dsn_rcpt *r, bool global)
{
    if (!was_said(r) && r->text.n == 0)
        return;
    buf_printf(out, "Diagnostic-Code: %s; ", was_said(r) ? "smtp" : "X-mayfly");
    if (was_said(r))
        put_reply(out, r, global);
    else
        put_line(out, r->text, global);
    buf_puts(out, "\r\n");
}

static void put_rcpt(struct buf *out, const struct dsn *d, const struct dsn_rcpt *r, bool global)
{
    buf_puts(out, "\r\n");
    put_orcpt(out, r->orcpt, global);
    put_typed(out, "Final-Recipient", r->address, global);
    buf_printf(out, "Action: %s\r\n", action_of(d, r));
    put_field(out, "Status", r->status, false);
    if (was_said(r)) {
        buf_puts(out, "Remote-MTA: dns;");
        put_line(out, r->mx, global);
        buf_puts(out, "\r\n");
    }
    put_diagnosis(out, r, global);
    if (r->tried)
        put_date(out, "Last-Attempt-Date", d->now_ms);
    if (d->kind == DSN_DELAYED)
        put_date(out, "Will-Retry-Until", d->retry_until_ms);
}

static void put_status(struct buf *out, const struct dsn *d, bool global)
{
    if (d->envid.n > 0) {
        AUTO_BUF struct buf plain = { .max = LIMIT_SMTP_ENVID + 1 };
        dsn_put_xtext(&plain, d->envid);
        put_field(out, "Original-Envelope-Id", buf_str(&plain), false);
    }
    buf_puts(out, "Reporting-MTA: dns;");
    put_line(out, d->hostname, false);
    buf_puts(out, "\r\n");
    put_date(out, "Arrival-Date", d->arrival_ms);
    for (size_t i = 0; i < d->rcpts_n; i++)
        put_rcpt(out, d, &d->rcpts[i], global);
}

/* ---- all of it ---- */

/* The mail that it is about is named, so that a reader's program shows both together. */
static void put_reference(struct buf *out, struct str original)
{
    struct str rest, id = header_msgid(header_find(original, S("Message-ID")), &rest);
    if (id.n == 0 || !is_ascii(id))
        return;
    for (int i = 0; i < 2; i++) {
        buf_printf(out, "%s: <", i == 0 ? "In-Reply-To" : "References");
        put_line(out, id, false);
        buf_puts(out, ">\r\n");
    }
}

static void put_header(struct buf *out, const struct dsn *d, bool global)
{
    put_date(out, "Date", d->now_ms);
    buf_puts(out, "From: Mail Delivery System <MAILER-DAEMON@");
    put_line(out, d->hostname, false);
    buf_puts(out, ">\r\nTo: <");
    put_line(out, d->to, global);
    buf_printf(out, ">\r\nSubject: %s\r\nMessage-ID: <", subject_of(d->kind));
    put_line(out, d->id, false);
    buf_putc(out, '@');
    put_line(out, d->hostname, false);
    buf_puts(out, ">\r\n");
    put_reference(out, d->original);
    buf_puts(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"");
    put_line(out, d->id, false);
    buf_puts(out, "\"\r\n\r\n");
}

static void put_part(struct buf *out, const struct dsn *d, const char *type, bool eight)
{
    buf_puts(out, "--");
    put_line(out, d->id, false);
    buf_printf(out, "\r\nContent-Type: %s\r\n%s\r\n", type, eight ? "Content-Transfer-Encoding: 8bit\r\n" : "");
}

static const char *original_type(const struct dsn *d, bool global)
{
    if (d->full)
        return global ? "message/global" : "message/rfc822";
    return global ? "message/global-headers" : "text/rfc822-headers";
}

enum err dsn_put(struct buf *out, const struct dsn *d)
{
    bool global = is_global(d);
    put_header(out, d, global);
    put_part(out, d, global ? "text/plain; charset=utf-8" : "text/plain; charset=us-ascii", global);
    put_people(out, d, global);
    buf_puts(out, "\r\n");
    put_part(out, d, global ? "message/global-delivery-status" : "message/delivery-status", global);
    put_status(out, d, global);
    buf_puts(out, "\r\n");
    if (d->original.n > 0) {
        bool ascii = is_ascii(d->original);
        put_part(out, d, original_type(d, global || (!d->full && !ascii)), !ascii);
        buf_put(out, d->original);
        buf_puts(out, "\r\n");
    }
    buf_puts(out, "--");
    put_line(out, d->id, false);
    buf_puts(out, "--\r\n");
    return out->failed ? ERR_FULL : OK;
}
