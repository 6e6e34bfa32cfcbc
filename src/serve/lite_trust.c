/* The words are the page's (web/src/i18n/en.ts). */
#include "serve/lite_trust.h"
#include "serve/lite_page.h"

static const struct json *object(struct json_in *j, const char *key)
{
    const struct json *o = NULL;
    json_get_object(j, j->root, key, &o);
    return o;
}

static void put_sender(struct buf *b, struct json_in *j)
{
    const struct json *auth = object(j, "auth");
    struct str spf = lite_member(j, auth, "spf"), dkim = lite_member(j, auth, "dkim"),
               dmarc = lite_member(j, auth, "dmarc");
    struct str proven = lite_member(j, auth, "domain"), claimed = lite_member(j, object(j, "from"), "address");
    claimed = str_from(claimed, str_rchr(claimed, '@') == STR_NONE ? 0 : str_rchr(claimed, '@') + 1);
    bool passed = str_eq(dmarc, S("pass"));
    if (str_eq(lite_member(j, auth, "origin"), S("server"))) {
        buf_puts(b, "<p>From this server</p>\n");
    } else if (str_eq(dmarc, S("fail")) || (str_eq(spf, S("fail")) && !passed && !str_eq(dkim, S("pass")))) {
        buf_puts(b, "<p>Claims to be ");
        text_html(b, claimed);
        buf_puts(b, ", but fails its checks. Be careful.</p>\n");
    } else if (str_eq(dkim, S("pass")) || str_eq(spf, S("pass"))) {
        buf_puts(b, str_eq(dkim, S("pass")) ? "<p>Signed by " : "<p>Sent by a server of ");
        text_html(b, proven.n ? proven : claimed);
        buf_puts(b, "</p>\n");
    } else {
        buf_puts(b, "<p>Could not be verified: anybody can write this name</p>\n");
    }
}

static void put_word(struct buf *b, struct str word)
{
    if (str_eq(word, S("ham")))
        buf_puts(b, "<p>Looks like mail you want</p>\n");
    else if (str_eq(word, S("unsure")))
        buf_puts(b, "<p>Could be either junk or mail you want</p>\n");
    else if (str_eq(word, S("junk")))
        buf_puts(b, "<p>Looks like junk</p>\n");
}

/* scan: see core/scan.h. */
static void put_scan(struct buf *b, struct str scan)
{
    struct str why, what = str_cut(scan, ':', &why);
    if (str_eq(what, S("malware"))) {
        buf_puts(b, "<p><b class=\"bad\">Malware was found in this mail. Open nothing in it.</b>");
        text_html(b, why);
        buf_puts(b, "</p>\n");
    } else if (str_eq(what, S("unscanned"))) {
        lite_line(b, "Not scanned for malware", str_trim(why));
    }
}

void lite_put_trust(struct buf *b, struct json_in *j)
{
    const struct json *verdict = object(j, "verdict"), *symbols = NULL;
    put_sender(b, j);
    if (!verdict)
        return;
    put_scan(b, lite_member(j, verdict, "scan"));
    put_word(b, lite_member(j, verdict, "word"));
    json_get_array(j, verdict, "symbols", LIMIT_MIME_PARTS, &symbols);
    if (json_len(symbols) == 0)
        return;
    buf_puts(b, "<p>Why: ");
    for (size_t i = 0; i < json_len(symbols); i++) {
        struct str reason = lite_member(j, json_at(symbols, i), "reason");
        buf_puts(b, i ? "; " : "");
        text_html(b, reason.n ? reason : lite_member(j, json_at(symbols, i), "name"));
    }
    buf_puts(b, "</p>\n");
}

/* ---- attempts ---- */
static void put_attempt(struct buf *b, struct json_in *j)
{
    struct str result = lite_member(j, j->root, "result"), domain = lite_member(j, j->root, "domain");
    struct str reason = lite_member(j, j->root, "reason"), code = lite_member(j, j->root, "code");
    struct str hm, day = str_cut(lite_member(j, j->root, "at"), 'T', &hm);
    buf_printf(b, "<li>%.*s, %.*s UTC<br>", STR_FMT(day), STR_FMT(str_sub(hm, 0, 5)));
    buf_puts(b, str_eq(result, S("inbox"))      ? "Delivered"
                : str_eq(result, S("junk"))     ? "Put into Junk"
                : str_eq(result, S("deferred")) ? "Asked to come again"
                                                : "Refused");
    if (reason.n) {
        buf_puts(b, ": ");
        text_html(b, reason);
    }
    if (code.n) {
        buf_puts(b, " (");
        text_html(b, code);
        buf_puts(b, ")");
    }
    buf_puts(b, "<br>");
    text_html(b, domain.n ? domain : S("No sender named"));
    buf_puts(b, lite_member(j, j->root, "tls").n ? ", encrypted</li>\n" : ", not encrypted</li>\n");
}

void lite_put_attempts(struct buf *b, struct http_req *r)
{
    struct str attempts[ARRIVALS_BOX];
    size_t n = api_attempts(r, attempts);
    buf_puts(b, n ? "<h2>Last attempts to deliver</h2>\n<ol>\n" : "");
    for (size_t i = 0; i < n; i++) {
        AUTO_JSON struct json_in j = { 0 };
        if (json_parse(&j, attempts[i], ARRIVAL_JSON) == OK)
            put_attempt(b, &j);
    }
    buf_puts(b, n ? "</ol>\n" : "");
}
