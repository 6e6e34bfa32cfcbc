/* The part that programs read, and of the mail that came back the header: its Message-ID and where it went through. */
#include "wire/report.h"
#include "base/text.h"
#include "wire/header.h"

enum {
    SHOWN_RCPTS = 20, /* in a summary; a list has many of those */
    MESSAGE_ID_MAX = 998
};

static bool is_status(const struct mime_part *p)
{
    return mime_is(p, S("message"), S("delivery-status")) || mime_is(p, S("message"), S("global-delivery-status"));
}

static bool is_original(const struct mime_part *p)
{
    return mime_is(p, S("message"), S("rfc822")) || mime_is(p, S("text"), S("rfc822-headers")) ||
           mime_is(p, S("message"), S("global")) || mime_is(p, S("message"), S("global-headers"));
}

/* RFC 6522 section 3: right within the report, once. */
static const struct mime_part *part_of(const struct mime_tree *t, bool (*is)(const struct mime_part *p))
{
    for (uint32_t i = 1; i < t->n; i++)
        if (t->v[i].parent == 0 && is(&t->v[i]))
            return &t->v[i];
    return NULL;
}

/* The last ones stay, for of the servers that a mail went through the first stands lowest. False: the arena is full. */
static bool take_id(struct arena *a, struct report *r, struct str id)
{
    if (id.n == 0 || id.n > REPORT_ID_MAX)
        return true;
    if (r->ids_n == REPORT_IDS_MAX)
        memmove(r->ids, r->ids + 1, --r->ids_n * sizeof *r->ids);
    r->ids[r->ids_n] = arena_dup(a, id);
    return r->ids[r->ids_n++].p;
}

/* RFC 5321 section 4.4: "by … with … id …; date". */
static bool take_received(struct arena *a, struct report *r, struct str raw)
{
    struct str date, line = header_unfold(a, raw), before = S("");
    bool good = line.p;
    for (struct str clauses = str_cut(line, ';', &date); clauses.n > 0 && good;) {
        struct str word = str_word(clauses, &clauses);
        if (str_eq_nocase(before, S("id")))
            good = take_id(a, r, word);
        before = word;
    }
    return good;
}

static bool read_original(struct arena *a, const struct mime_part *p, struct str msg, struct report *r)
{
    AUTO_BUF struct buf b = { .max = LIMIT_HEADER_BYTES + 3, .secret = true };
    bool good = true;
    (void)mime_decode(p, str_sub(mime_body(p, msg), 0, LIMIT_HEADER_BYTES), &b);
    struct header_iter it = header_walk(buf_str(&b));
    struct header_field f;
    while (good && header_next(&it, &f))
        if (str_eq_nocase(f.name, S("Received")))
            good = take_received(a, r, f.raw);
    struct str rest, id = header_text(a, header_msgid(header_find(buf_str(&b), S("Message-ID")), &rest));
    r->message_id = utf8_cut(id, MESSAGE_ID_MAX);
    return good && id.p;
}

enum err report_read(struct arena *a, const struct mime_tree *t, struct str msg, struct report *out)
{
    AUTO_BUF struct buf b = { .max = LIMIT_REPORT_BYTES + 3, .secret = true };
    struct report r = { 0 };
    if (!mime_is(&t->v[0], S("multipart"), S("report")))
        return ERR_BAD;
    const struct mime_part *status = part_of(t, is_status), *original = part_of(t, is_original);
    if (!status)
        return ERR_BAD;
    (void)mime_decode(status, str_sub(mime_body(status, msg), 0, LIMIT_REPORT_BYTES), &b);
    enum err e = delivery_report_parse(a, buf_str(&b), &r.status);
    if (e != OK)
        return e;
    if ((original && !read_original(a, original, msg, &r)) || !take_id(a, &r, r.status.envelope_id))
        return ERR_FULL;
    *out = r;
    return OK;
}

/* ---- as JSON ---- */

static void put_text(struct json_out *j, const char *key, struct str s)
{
    if (s.n > 0)
        json_kv_str(j, key, s);
    else
        json_kv_null(j, key);
}

static void put_time(struct json_out *j, const char *key, int64_t ms)
{
    if (ms != 0)
        json_kv_time(j, key, ms);
    else
        json_kv_null(j, key);
}

static void put_rcpt(struct json_out *j, const struct report_rcpt *r)
{
    json_put_object(j);
    json_kv_str(j, "address", r->final.n > 0 ? r->final : r->original);
    put_text(j, "original", r->original);
    json_kv_str(j, "action", str_c(report_action_name(r->action)));
    put_text(j, "status", str_c(r->status));
    if (r->code != 0)
        json_kv_u64(j, "code", r->code);
    else
        json_kv_null(j, "code");
    put_text(j, "reason", r->words);
    put_text(j, "remote_mta", r->remote_mta);
    put_time(j, "retry_until", r->retry_until_ms);
    json_put_end(j);
}

void report_put(struct json_out *j, const struct report *r)
{
    size_t shown = MIN(r->status.n, (size_t)SHOWN_RCPTS);
    json_put_object(j);
    put_text(j, "envelope_id", r->status.envelope_id);
    put_text(j, "message_id", r->message_id);
    put_text(j, "reporting_mta", r->status.reporting_mta);
    put_time(j, "arrival_date", r->status.arrival_ms);
    json_kv_array(j, "recipients");
    for (size_t i = 0; i < shown; i++)
        put_rcpt(j, &r->status.v[i]);
    json_put_end(j);
    json_kv_u64(j, "more", r->status.n - shown + r->status.more);
    json_put_end(j);
}
