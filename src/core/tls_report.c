#include "core/tls_report.h"
#include "wire/cte_out.h"
#include "wire/date.h"
#include "wire/json.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000, SECOND_MS = 1000;

static int64_t last_second_ms(const struct tls_report *r) { return r->start_ms + DAY_MS - SECOND_MS; }

static void put_id(struct buf *out, const struct tls_report *r)
{
    buf_printf(out, "%lld.%.*s@%.*s", (long long)(r->start_ms / SECOND_MS), TLS_REPORT_CHANCE_N, r->chance,
               STR_FMT(r->submitter));
}

/* ---- JSON ---- */
static void put_list(struct json_out *o, const char *key, const struct str *v, size_t n)
{
    json_kv_array(o, key);
    for (size_t i = 0; i < n; i++)
        json_put_str(o, v[i]);
    json_put_end(o);
}

static void put_policy(struct json_out *o, const struct tls_policy *p)
{
    json_kv_object(o, "policy");
    json_kv_str(o, "policy-type", str_c(tls_policy_name(p->kind)));
    if (p->words_n > 0)
        put_list(o, "policy-string", p->words, p->words_n);
    json_kv_str(o, "policy-domain", p->domain);
    if (p->mx_n > 0)
        put_list(o, "mx-host", p->mx, p->mx_n);
    json_put_end(o);
}

static void put_count(struct json_out *o, const struct tls_count *c)
{
    json_put_object(o);
    put_policy(o, &c->policy);
    json_kv_object(o, "summary");
    json_kv_u64(o, "total-successful-session-count", c->good);
    json_kv_u64(o, "total-failure-session-count", c->bad);
    json_put_end(o);
    if (c->failures)
        json_kv_array(o, "failure-details");
    for (const struct tls_failure *f = c->failures; f; f = f->next) {
        json_put_object(o);
        json_kv_str(o, "result-type", str_c(tls_result_name(f->result)));
        if (f->mx.n > 0)
            json_kv_str(o, "receiving-mx-hostname", f->mx);
        json_kv_u64(o, "failed-session-count", f->n);
        json_put_end(o);
    }
    if (c->failures)
        json_put_end(o);
    json_put_end(o);
}

void tls_report_json(struct buf *out, const struct tls_report *r)
{
    AUTO_BUF struct buf id = { .max = 1024 };
    struct json_out o = json_out(out);
    put_id(&id, r);
    json_put_object(&o);
    json_kv_str(&o, "organization-name", r->submitter);
    json_kv_object(&o, "date-range");
    json_kv_time(&o, "start-datetime", r->start_ms);
    json_kv_time(&o, "end-datetime", last_second_ms(r));
    json_put_end(&o);
    json_kv_str(&o, "contact-info", r->from);
    json_kv_str(&o, "report-id", buf_str(&id));
    json_kv_array(&o, "policies");
    for (const struct tls_count *c = r->domain->counts; c; c = c->next)
        put_count(&o, c);
    json_put_end(&o);
    json_put_end(&o);
}

/* ---- mail ---- */
static void put_head(struct buf *out, const struct tls_report *r, struct str to, int64_t now_ms)
{
    struct str domain = r->domain->name, us = r->submitter;
    buf_printf(out, "From: <%.*s>\r\nTo: <%.*s>\r\nSubject: Report Domain: %.*s\r\n Submitter: %.*s\r\n Report-ID: <",
               STR_FMT(r->from), STR_FMT(to), STR_FMT(domain), STR_FMT(us));
    put_id(out, r);
    buf_puts(out, ">\r\nDate: ");
    date_put(out, now_ms, 0);
    buf_puts(out, "\r\nMessage-ID: <");
    put_id(out, r);
    /* Section 3: it arrives even where TLS fails, which is what it tells of; RFC 8689 says that to others on the way */
    buf_printf(out,
               ">\r\nTLS-Report-Domain: %.*s\r\nTLS-Report-Submitter: %.*s\r\nTLS-Required: No\r\n"
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n\tboundary=\"%.*s\"\r\n\r\n",
               STR_FMT(domain), STR_FMT(us), TLS_REPORT_CHANCE_N, r->chance);
}

/* Section 5.1 has the file's name. */
static void put_file(struct buf *out, const struct tls_report *r, struct str gz)
{
    buf_printf(out,
               "Content-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
               "Content-Disposition: attachment;\r\n\tfilename=\"%.*s!%.*s!%lld!%lld!%.*s.json.gz\"\r\n\r\n",
               STR_FMT(r->submitter), STR_FMT(r->domain->name), (long long)(r->start_ms / SECOND_MS),
               (long long)(last_second_ms(r) / SECOND_MS), 8, r->chance);
    cte_put_base64(out, gz);
}

void tls_report_mail(struct buf *out, const struct tls_report *r, struct str to, struct str gz, int64_t now_ms)
{
    put_head(out, r, to, now_ms);
    buf_printf(out,
               "--%.*s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
               "This is a report of %.*s on a day's TLS connections to the mail\r\nservers of %.*s (RFC 8460).\r\n\r\n"
               "--%.*s\r\n",
               TLS_REPORT_CHANCE_N, r->chance, STR_FMT(r->submitter), STR_FMT(r->domain->name), TLS_REPORT_CHANCE_N,
               r->chance);
    put_file(out, r, gz);
    buf_printf(out, "\r\n--%.*s--\r\n", TLS_REPORT_CHANCE_N, r->chance);
}
