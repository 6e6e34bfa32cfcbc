/* The filters of a query, on opened summaries. Both sides are folded as IMAP's SEARCH folds them, so that one word
 * finds the same mail by either way. */
#include "core/mail.h"
#include "core/understand.h"
#include "wire/fold.h"
#include "wire/json.h"

enum { FOLDED = 6 /* times as long, at most */, NEEDLE_MAX = 16 * 1024 };

struct match {
    struct buf hay, q, from, subject; /* folded; hay is the text that is looked in just now */
};

static void match_init(struct match *m, const struct mail_query *q)
{
    *m = (struct match){ .hay = { .max = (size_t)SUMMARY_MAX * FOLDED, .secret = true } };
    m->q = m->from = m->subject = (struct buf){ .max = (size_t)NEEDLE_MAX * FOLDED, .secret = true };
    fold_text_put(&m->q, q->q);
    fold_text_put(&m->from, q->from);
    fold_text_put(&m->subject, q->subject);
}

static void match_fini(struct match *m)
{
    buf_fini(&m->hay);
    buf_fini(&m->q);
    buf_fini(&m->from);
    buf_fini(&m->subject);
}

static bool has(struct match *m, struct str hay, const struct buf *needle)
{
    if (needle->n == 0)
        return !needle->failed;
    buf_clear(&m->hay);
    fold_text_put(&m->hay, hay);
    return str_find(buf_str(&m->hay), buf_str(needle)) != STR_NONE;
}

static bool address_has(struct match *m, const struct json *address, const struct buf *needle)
{
    struct json_in j = { 0 };
    struct str name = { 0 }, addr = { 0 };
    json_get_str(&j, address, "name", SUMMARY_MAX, &name);
    json_get_str(&j, address, "address", SUMMARY_MAX, &addr);
    return has(m, name, needle) || has(m, addr, needle);
}

static bool recipient_has(struct match *m, const struct json *root, const struct buf *needle)
{
    struct json_in j = { 0 };
    const struct json *to = NULL;
    json_get_array(&j, root, "to", 1000, &to);
    for (size_t i = 0; i < json_len(to); i++)
        if (address_has(m, json_at(to, i), needle))
            return true;
    return false;
}

static bool file_has(struct match *m, const struct json *root, const struct buf *needle)
{
    struct json_in j = { 0 };
    const struct json *files = NULL;
    json_get_array(&j, root, "attachments", 1000, &files);
    for (size_t i = 0; i < json_len(files); i++) {
        struct str name = { 0 };
        json_get_str(&j, json_at(files, i), "filename", SUMMARY_MAX, &name);
        if (has(m, name, needle))
            return true;
    }
    return false;
}

static bool parsed_matches(struct match *m, const struct json *root, bool has_code)
{
    struct json_in j = { 0 };
    struct str subject = { 0 }, intro = { 0 }, code = { 0 };
    const struct json *from = NULL;
    json_get_str(&j, root, "subject", SUMMARY_MAX, &subject);
    json_get_str(&j, root, "intro", SUMMARY_MAX, &intro);
    json_get_str(&j, root, "code", SUMMARY_MAX, &code);
    json_get_object(&j, root, "from", &from);
    if ((has_code && code.n == 0) || !has(m, subject, &m->subject) || !address_has(m, from, &m->from))
        return false;
    return has(m, subject, &m->q) || has(m, intro, &m->q) || address_has(m, from, &m->q) ||
           recipient_has(m, root, &m->q) || file_has(m, root, &m->q);
}

bool mail_filters(const struct mail_query *q) { return q->has_code || q->q.n > 0 || q->from.n > 0 || q->subject.n > 0; }

bool mail_matches(struct str env, const struct mail_query *q)
{
    AUTO_BUF struct buf text = { .max = SUMMARY_MAX * 5, .secret = true };
    AUTO_JSON struct json_in j = { 0 };
    struct match m;
    if (!mail_filters(q))
        return true;
    buf_putc(&text, '{');
    buf_put(&text, env);
    buf_putc(&text, '}');
    match_init(&m, q);
    bool found = json_parse(&j, buf_str(&text), SUMMARY_MAX * 5) == OK && parsed_matches(&m, j.root, q->has_code);
    match_fini(&m);
    return found;
}
