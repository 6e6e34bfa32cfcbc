#include "serve/forward_page.h"
#include "core/forwarding.h"
#include "serve/lite_page.h"

enum { FORM_MAX = 4096, ADDRESSES_MAX = 4096 };

static void put_button(struct buf *b, struct str token, const char *say, const char *label)
{
    buf_puts(b, "<form method=\"post\" action=\"/forward\">");
    lite_hidden(b, "t", token);
    lite_hidden(b, "say", str_c(say));
    lite_button(b, label);
}

/* Whoever has the link was told both addresses in the mail that had it. */
static void put_addresses(struct buf *b, const struct forward *x)
{
    if (x->from.n > 0)
        lite_line(b, "From", x->from);
    lite_line(b, "To", x->to);
}

static void sorry(struct http_req *r, enum err e)
{
    lite_sorry(r, e == ERR_GONE ? 404 : 503,
               e == ERR_GONE ? "This link holds no longer: nothing is forwarded by it."
                             : "Try again in a little while.");
}

static void show(struct http_req *r, struct str token)
{
    const struct forwarding *f = api_of(r)->o.forwarding;
    AUTO_ARENA struct arena a = { .max = ADDRESSES_MAX, .secret = true };
    struct forward x;
    enum err e = f ? forwards_look(f->table, token, api_now_ms(api_of(r)), &a, &x) : ERR_GONE;
    if (e != OK) {
        sorry(r, e);
        return;
    }
    bool on = x.state == FORWARD_ON;
    struct buf *b = lite_begin(r, 200, on ? "Mail is forwarded to you" : "Shall mail be forwarded to you?");
    buf_puts(b, on ? "<p>This is confirmed. Whoever reads the address can end it at any time, and it ends with the "
                     "address.</p>\n"
                   : "<p>Whoever holds the address wants its mail to be forwarded to you.</p>\n");
    put_addresses(b, &x);
    if (!on)
        put_button(b, token, "yes", "Yes, forward it to me");
    put_button(b, token, "no", on ? "Stop it" : "No");
    if (on)
        buf_puts(b, "<p>This page can stop it later, too: keep the mail that led here.</p>\n");
    lite_end(r, b);
}

static void page(struct http_req *r)
{
    struct str token = { 0 };
    if (http_query(r, S("t"), &token) && token.n == FORWARD_TOKEN_N)
        show(r, token);
    else
        lite_sorry(r, 404, "This link is not one of ours, or was cut.");
}

static void said_no(struct http_req *r)
{
    struct buf *b = lite_begin(r, 200, "Nothing is forwarded to you");
    buf_puts(b, "<p>Mail of that address does not go to you. Being asked for it again takes a day at least.</p>\n");
    lite_end(r, b);
}

static void answered(struct http_req *r)
{
    const struct forwarding *f = api_of(r)->o.forwarding;
    struct str token = { 0 }, say = { 0 };
    int64_t now_ms = api_now_ms(api_of(r));
    bool no = http_form(r, S("say"), &say) && str_eq(say, S("no"));
    enum err e = !f || !http_form(r, S("t"), &token) ? ERR_GONE
                 : no                                ? forwards_refuse(f->table, token, now_ms)
                                                     : forwards_confirm(f->table, token, now_ms);
    if (e != OK)
        sorry(r, e);
    else if (no)
        said_no(r);
    else
        show(r, token);
}

const struct http_route forward_routes[] = {
    { HTTP_M_GET, STR("/forward"), page, 0, 0 },
    { HTTP_M_POST, STR("/forward"), answered, API_FORM, FORM_MAX },
};
const size_t forward_routes_n = COUNT(forward_routes);
