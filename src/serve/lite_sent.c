/* What became of mail that was sent, and taking it back. */
#include "core/send.h"
#include "serve/lite_write.h"

static void drop_outq(struct http_req *r) { outq_cancel(r->state); }

static void wait_outq(struct http_req *r, struct outq_req *q)
{
    if (q == NULL) {
        lite_failed(r, ERR_IO, NULL);
        return;
    }
    r->state = q;
    r->dropped = drop_outq;
}

static const char *words_of(enum outq_state s, bool waits_here)
{
    switch (s) {
    case OUTQ_QUEUED:
        return "on its way";
    case OUTQ_DELAYED:
        return waits_here ? "not taken yet, will be tried again" : "delayed on its way, is still being tried";
    case OUTQ_SENT:
        return "delivered";
    case OUTQ_FAILED:
        return "could not be delivered";
    }
    return "";
}

static void put_one(struct buf *b, struct http_req *r, const struct outq_info *i)
{
    buf_puts(b, "<li>");
    for (size_t k = 0; k < i->rcpts_n; k++) {
        const struct outq_info_rcpt *x = &i->rcpts[k];
        buf_puts(b, "<p>");
        text_html(b, x->address);
        buf_printf(b, ": %s", words_of(x->state, i->next_ms != 0));
        if (x->text.n > 0 && x->state != OUTQ_SENT) {
            buf_puts(b, "<br>");
            text_html(b, x->text);
        }
        buf_puts(b, "</p>\n");
    }
    if (i->recallable) {
        lite_id_form(b, "back", lite_token_of(r), &i->id.msg);
        lite_button(b, "Take it back");
    }
    buf_puts(b, "</li>\n");
}

static void on_list(void *ctx, enum err e, const struct outq_info *all, size_t n)
{
    struct http_req *r = ctx;
    api_done(r);
    if (e != OK) {
        lite_failed(r, e, NULL);
        return;
    }
    struct buf *b = lite_begin(r, 200, "What was sent");
    lite_simple(b, "sent", lite_token_of(r), "Look again");
    lite_simple(b, "inbox", lite_token_of(r), "Back to the inbox");
    buf_puts(b, n > 0 ? "<ol>\n" : "<p>Nothing lately.</p>\n");
    for (size_t i = 0; i < n; i++)
        put_one(b, r, &all[i]);
    buf_puts(b, n > 0 ? "</ol>\n" : "");
    lite_end(r, b);
}

static void show_sent(struct http_req *r)
{
    struct outq *q = api_of(r)->o.outq;
    if (q == NULL)
        on_list(r, OK, NULL, 0);
    else
        wait_outq(r, outq_list(q, &api_box(r)->box.id, on_list, r));
}
void lite_sent(struct http_req *r) { lite_enter(r, show_sent); }

static void on_recalled(struct http_req *r, enum err e, const struct msg_id *draft)
{
    if (e == OK && draft != NULL)
        lite_go_on(r, draft);
    else if (e == OK || e == ERR_GONE)
        show_sent(r);
    else if (e == ERR_DENIED)
        lite_sorry(r, 409, "Too late: some of it has left already, or is leaving just now.");
    else
        lite_failed(r, e, NULL);
}

static void take_back(struct http_req *r)
{
    struct msg_id id;
    if (lite_msg_of(r, &id))
        outbox_recall(r, &id, on_recalled);
}
void lite_back(struct http_req *r) { lite_enter(r, take_back); }

/* ---- what a far end reports later ---- */

/* The words are the page's (web/src/i18n/en.ts). */
static const char *reported(struct str action)
{
    static const struct {
        struct str action;
        const char *words;
    } all[] = { { STR("failed"), " could not be delivered" },
                { STR("delayed"), " is late, and still being tried" },
                { STR("delivered"), " was delivered" },
                { STR("relayed"), " was handed on to a server that reports no more" },
                { STR("expanded"), " was delivered" } };
    for (size_t i = 0; i < COUNT(all); i++)
        if (str_eq(action, all[i].action))
            return all[i].words;
    return " has met something that is not clear";
}

void lite_put_report(struct buf *b, struct json_in *j)
{
    const struct json *report = NULL, *list = NULL;
    if (!json_get_object(j, j->root, "report", &report) || !report)
        return;
    json_get_array(j, report, "recipients", LIMIT_REPORT_RCPTS, &list);
    for (size_t i = 0; i < json_len(list); i++) {
        const struct json *x = json_at(list, i);
        struct str status = lite_member(j, x, "status"), reason = lite_member(j, x, "reason");
        buf_puts(b, "<p><b>Mail to ");
        text_html(b, lite_member(j, x, "address"));
        buf_printf(b, "%s</b>", reported(lite_member(j, x, "action")));
        buf_puts(b, status.n + reason.n > 0 ? "<br>" : "");
        text_html(b, status);
        buf_putc(b, ' ');
        text_html(b, reason);
        buf_puts(b, "</p>\n");
    }
    lite_line(b, "Reported by", lite_member(j, report, "reporting_mta"));
    const struct json *auth = NULL;
    if (!json_get_object(j, j->root, "auth", &auth) || !auth || !str_eq(lite_member(j, auth, "origin"), S("server")))
        buf_puts(b, "<p>Anybody can write such a report: \"What was sent\" knows more.</p>\n");
}
