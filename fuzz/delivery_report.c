/* Reports of strangers: whatever is in one, what comes out is cleaned for display, within its ceilings, and a status is
 * one. The input is the part that programs read, and also a whole message with it. */
#include "base/text.h"
#include "wire/deceptive.h"
#include "wire/report.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void is_clean(struct str s, size_t max) { must(s.n <= max && !deceptive_text(s)); }

static void check(const struct delivery_report *d)
{
    must(d->n > 0 && d->n <= LIMIT_REPORT_RCPTS);
    is_clean(d->envelope_id, LIMIT_REPORT_ENVID);
    is_clean(d->reporting_mta, LIMIT_REPORT_NAME);
    for (size_t i = 0; i < d->n; i++) {
        const struct report_rcpt *r = &d->v[i];
        is_clean(r->original, LIMIT_REPORT_ADDRESS);
        is_clean(r->final, LIMIT_REPORT_ADDRESS);
        is_clean(r->remote_mta, LIMIT_REPORT_NAME);
        is_clean(r->words, LIMIT_REPORT_WORDS);
        must(r->code == 0 || (r->code >= 200 && r->code < 600));
        must(strspn(r->status, "0123456789.") == strlen(r->status) && r->action <= REPORT_EXPANDED);
    }
}

static void read_whole(struct str msg)
{
    AUTO_ARENA struct arena a = { .max = 64 << 20 };
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    AUTO_JSON struct json_in in = { 0 };
    struct mime_tree tree;
    struct report r;
    if (mime_parse(&a, msg, &tree) != OK || report_read(&a, &tree, msg, &r) != OK)
        return;
    check(&r.status);
    must(r.ids_n <= REPORT_IDS_MAX);
    struct json_out j = json_out(&b);
    report_put(&j, &r);
    must(!b.failed && json_parse(&in, buf_str(&b), b.n) == OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = 32 << 20 };
    struct delivery_report d;
    enum err e = delivery_report_parse(&a, str_of(data, n), &d);
    must(e == OK || e == ERR_BAD);
    if (e == OK)
        check(&d);
    read_whole(str_of(data, n));
    return 0;
}
