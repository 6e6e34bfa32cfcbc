/* The words are the page's (web/src/i18n/en.ts). */
#include "serve/lite_trust.h"
#include "serve/lite_page.h"
#include "trust/symbol.h"
#include <math.h>
#include <stdlib.h>

static const struct json *object(struct json_in *j, const char *key)
{
    const struct json *o = NULL;
    json_get_object(j, j->root, key, &o);
    return o;
}

/* As web/src/sender.ts has it. */
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
    } else if (str_eq(dkim, S("pass")) || (proven.n && str_eq(spf, S("pass")))) {
        buf_puts(b, str_eq(dkim, S("pass")) ? "<p>Signed by " : "<p>Sent by a server of ");
        text_html(b, proven.n ? proven : claimed);
        buf_puts(b, "</p>\n");
    } else if (proven.n && spf.n + dkim.n + dmarc.n == 0) {
        buf_puts(b, "<p>Sent from an address on this server</p>\n");
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

/* ---- why: of each side the heaviest first ---- */
struct why {
    struct str reason;
    double score;
};
static int by_weight(const void *a, const void *b)
{
    double x = fabs(((const struct why *)a)->score), y = fabs(((const struct why *)b)->score);
    return (x < y) - (x > y);
}
static int side(double score) { return (score > 0) - (score < 0); }

static void put_side(struct buf *b, const char *label, int which, const struct why *all, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (side(all[i].score) != which)
            continue;
        buf_puts(b, any ? "; " : "<p>");
        buf_puts(b, any ? "" : label);
        text_html(b, all[i].reason);
        any = true;
    }
    buf_puts(b, any ? "</p>\n" : "");
}

static void put_reasons(struct buf *b, struct json_in *j, const struct json *symbols)
{
    struct why all[LIMIT_SYMBOLS] = { 0 };
    size_t n = MIN(json_len(symbols), COUNT(all));
    for (size_t i = 0; i < n; i++) {
        const struct json *s = json_at(symbols, i);
        all[i] = (struct why){ .reason = lite_member(j, s, "reason") };
        json_get_number(j, s, "score", &all[i].score);
        if (all[i].reason.n == 0)
            all[i].reason = lite_member(j, s, "name");
    }
    qsort(all, n, sizeof *all, by_weight);
    put_side(b, "Towards junk: ", 1, all, n);
    put_side(b, "Towards the inbox: ", -1, all, n);
    put_side(b, "Counts for neither: ", 0, all, n);
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
    json_get_array(j, verdict, "symbols", LIMIT_SYMBOLS, &symbols);
    put_reasons(b, j, symbols);
}

/* ---- attempts ---- */
/* What a refusal means for who waits; the reply's own words are for the sender's server. */
static struct str in_plain_words(struct str cause, struct str reason)
{
    if (str_eq(cause, S("greylisted")))
        return S("the sender's server has not been seen before; most come again within minutes");
    if (str_eq(cause, S("block_list")))
        return S("the sender's server is on a block list");
    return reason;
}

static void put_attempt(struct buf *b, struct json_in *j)
{
    struct str result = lite_member(j, j->root, "result"), domain = lite_member(j, j->root, "domain");
    struct str reason = in_plain_words(lite_member(j, j->root, "cause"), lite_member(j, j->root, "reason"));
    struct str code = lite_member(j, j->root, "code");
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
