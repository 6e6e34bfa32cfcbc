/* The summary is all that a list, an event or a notification needs, so that none of them opens the message itself. */
#include "core/understand.h"
#include "base/crypto.h"
#include "base/text.h"
#include "core/carrier.h"
#include "core/danger.h"
#include "core/extract.h"
#include "core/filetype.h"
#include "wire/addr.h"
#include "wire/date.h"
#include "wire/json.h"

enum {
    RECEIVED_MAX = 100,    /* RFC 5321 section 6.3: a loop */
    TEXT_MAX = 512 * 1024, /* of a body looked at for codes and preview */
    SHOWN_ADDRESSES = 50,  /* of a field in the summary; the header has them all */
    SHOWN_FILES = 200,
    SUBJECT_MAX = 998,
    SUMMARY_MOST = 4096, /* octets that few summaries pass */
    VERDICT_MAX = 64 * 1024,
};

static void put_address(struct json_out *j, const struct addr_item *i)
{
    json_put_object(j);
    json_kv_str(j, "name", utf8_cut(i->name, SUBJECT_MAX));
    json_kv_str(j, "address", utf8_cut(i->text, SUBJECT_MAX));
    json_put_end(j);
}

/* How many of a list are not in the summary. */
static size_t over(size_t n, size_t shown) { return n > shown ? n - shown : 0; }

static size_t put_addresses(struct json_out *j, const char *key, const struct addr_list *l)
{
    size_t n = 0;
    json_kv_array(j, key);
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].kind == ADDR_MAILBOX && n++ < SHOWN_ADDRESSES)
            put_address(j, &l->v[i]);
    json_put_end(j);
    return over(n, SHOWN_ADDRESSES);
}

static void put_from(struct json_out *j, const struct addr_list *l)
{
    const struct addr_item *first = addr_list_first(l);
    static const struct addr_item nobody;
    json_put_key(j, "from");
    put_address(j, first == NULL ? &nobody : first);
}

static void put_date(struct json_out *j, struct str raw)
{
    struct date d;
    if (date_parse(raw, &d) == OK)
        json_kv_time(j, "date", d.ms);
    else
        json_kv_null(j, "date");
}

enum { H_FROM, H_TO, H_CC, H_REPLY_TO, H_MESSAGE_ID, H_SUBJECT, H_DATE, H_COUNT };
static const struct str head_fields[H_COUNT] = { STR("From"),       STR("To"),      STR("Cc"),  STR("Reply-To"),
                                                 STR("Message-ID"), STR("Subject"), STR("Date") };

/* The summary's lists, which have ceilings. */
enum { L_TO, L_CC, L_REPLY_TO, L_FILES, L_COUNT };
static const struct {
    const char *key;
    size_t field; /* of the header */
} lists[L_COUNT] = { { "to", H_TO }, { "cc", H_CC }, { "reply_to", H_REPLY_TO }, { "attachments", H_COUNT } };

/* Said only where something is missing, so that nearly every summary stays short; the message itself has it all. */
static void put_left_out(struct json_out *j, const size_t left[L_COUNT])
{
    size_t all = 0;
    for (size_t i = 0; i < L_COUNT; i++)
        all += left[i];
    if (all == 0)
        return;
    json_put_key(j, "left_out");
    json_put_object(j);
    for (size_t i = 0; i < L_COUNT; i++)
        json_kv_u64(j, lists[i].key, left[i]);
    json_put_end(j);
}

/* Addresses, subject, date. */
static enum err put_head(struct arena *a, struct json_out *j, struct content *c, size_t left[L_COUNT])
{
    struct str raw[H_COUNT], rest;
    header_find_each(c->head, head_fields, raw, H_COUNT);
    if (addr_list_parse(a, raw[H_FROM], &c->from) != OK)
        return ERR_FULL;
    put_from(j, &c->from);
    for (size_t i = L_TO; i <= L_REPLY_TO; i++) {
        struct addr_list l;
        if (addr_list_parse(a, raw[lists[i].field], &l) != OK)
            return ERR_FULL;
        left[i] = put_addresses(j, lists[i].key, &l);
    }
    c->subject = header_text(a, raw[H_SUBJECT]);
    json_kv_str(j, "message_id", utf8_cut(header_msgid(raw[H_MESSAGE_ID], &rest), SUBJECT_MAX));
    json_kv_str(j, "subject", utf8_cut(c->subject, SUBJECT_MAX));
    put_date(j, raw[H_DATE]);
    return OK;
}

/* What only shows when a body is decoded. */
static void note(struct mime_tree *t, uint32_t part, uint64_t defects)
{
    t->v[part].defects |= defects;
    t->defects |= defects;
}

/* The bodies to look at, joined. */
static struct str bodies(struct arena *a, struct mime_tree *t, struct str msg, const uint32_t *parts, uint32_t n,
                         struct str subtype)
{
    AUTO_BUF struct buf b = { .max = TEXT_MAX, .secret = true };
    for (uint32_t i = 0; i < n; i++) {
        const struct mime_part *p = &t->v[parts[i]];
        if (mime_is(p, S("text"), subtype))
            note(t, parts[i], mime_text(p, mime_body(p, msg), &b));
    }
    return arena_dup(a, utf8_cut(buf_str(&b), TEXT_MAX));
}

static void put_code(struct json_out *j, const struct extract_code *c)
{
    json_put_object(j);
    json_kv_str(j, "value", c->value);
    json_kv_str(j, "compact", c->compact);
    json_kv_u64(j, "confidence", c->confidence);
    json_kv_str(j, "reason", str_c(c->reason));
    json_put_end(j);
}

static void put_link(struct json_out *j, const struct extract_link *l)
{
    json_put_object(j);
    json_kv_str(j, "url", l->url);
    json_kv_str(j, "host", l->host);
    json_kv_str(j, "text", l->text);
    json_kv_str(j, "kind", str_c(extract_link_kind_name(l->kind)));
    json_kv_u64(j, "confidence", l->confidence);
    json_put_end(j);
}

static void put_extract(struct json_out *j, const struct extract_out *x)
{
    json_kv_str(j, "intro", x->intro);
    if (x->codes_n > 0 && x->codes[0].confidence >= EXTRACT_SHOWN)
        json_kv_str(j, "code", x->codes[0].value);
    else
        json_kv_null(j, "code");
    json_kv_array(j, "codes");
    for (size_t i = 0; i < x->codes_n; i++)
        put_code(j, &x->codes[i]);
    json_put_end(j);
    json_kv_array(j, "links");
    for (size_t i = 0; i < x->links_n; i++)
        put_link(j, &x->links[i]);
    json_put_end(j);
}

/* What somebody who has just given this address away waits for. */
static bool is_awaited(const struct extract_out *x)
{
    if (x->codes_n > 0 && x->codes[0].confidence >= EXTRACT_SHOWN)
        return true;
    for (size_t i = 0; i < x->links_n; i++)
        if (x->links[i].kind != LINK_OTHER && x->links[i].kind != LINK_UNSUBSCRIBE &&
            x->links[i].confidence >= EXTRACT_SHOWN)
            return true;
    return false;
}

static enum err read_page(struct arena *a, struct content *c)
{
    if (c->html.n == 0)
        return OK;
    struct html_out *page = arena_new(a, struct html_out);
    c->page = page;
    return page ? html_text(c->html, a, page) : ERR_FULL;
}

static enum err put_understood(struct arena *a, struct json_out *j, struct mime_tree *t, struct content *c)
{
    const struct addr_item *first = addr_list_first(&c->from);
    struct extract_out *x = arena_new(a, struct extract_out);
    if (!x)
        return ERR_FULL;
    c->plain = bodies(a, t, c->msg, c->pick->text, c->pick->text_n, S("plain"));
    c->html = bodies(a, t, c->msg, c->pick->html, c->pick->html_n, S("html"));
    enum err e = read_page(a, c);
    struct extract_in in = { .subject = c->subject, .text = c->plain, .html = c->html, .page = c->page };
    if (first != NULL) {
        in.from_name = first->name;
        in.from_domain = first->domain;
    }
    if (e == OK)
        e = extract(&in, a, x);
    if (e != OK)
        return e;
    c->links = &x->all;
    c->awaited = is_awaited(x);
    put_extract(j, x);
    json_kv_bool(j, "html", c->html.n > 0);
    return OK;
}

/* What it carries weighs more than what itself looks like: a page, or nothing. */
static const char *danger_carried_by(const struct mime_tree *t, uint32_t part, struct str msg, struct str bytes,
                                     const char *own)
{
    if (own && !danger_is_page(own))
        return own;
    const char *why = t->v[part].flags & MIME_MESSAGE ? carrier_danger(t, part + 1, msg) : carrier_file_danger(bytes);
    return why ? why : own;
}

/* Decoded into b, and judged. */
static struct content_file look_at(struct mime_tree *t, struct str msg, const struct mime_file *f, struct buf *b)
{
    const struct mime_part *p = &t->v[f->part];
    note(t, f->part, mime_decode(p, mime_body(p, msg), b));
    struct filetype type = filetype_of(buf_str(b), f->name, p->ct.value);
    if (p->flags & MIME_MESSAGE || carrier_is(f->name, p->ct.value))
        type.dangerous = danger_carried_by(t, f->part, msg, buf_str(b), type.dangerous);
    return (struct content_file){ .name = f->name,
                                  .type = type.content_type,
                                  .dangerous = type.dangerous,
                                  .disguised = danger_is_disguise(type.dangerous),
                                  .packed = danger_is_within(type.dangerous),
                                  .unseen = danger_is_unseen(type.dangerous),
                                  .closed = danger_is_closed(type.dangerous),
                                  .size = b->n };
}

static void put_file(struct json_out *j, const struct mime_part *p, const struct content_file *c, bool inlined,
                     uint32_t n, struct str bytes)
{
    uint8_t sha[32];
    crypto_sha256(sha, bytes);
    json_put_object(j);
    json_kv_u64(j, "n", n);
    json_kv_str(j, "filename", c->name);
    json_kv_str(j, "content_type", c->type);
    json_kv_u64(j, "size", c->size);
    json_kv_hex(j, "sha256", str_of(sha, sizeof sha));
    json_kv_bool(j, "inline", inlined);
    json_kv_str(j, "content_id", p->content_id);
    if (c->dangerous == NULL)
        json_kv_null(j, "dangerous");
    else
        json_kv_str(j, "dangerous", str_c(c->dangerous));
    json_put_end(j);
}

/* All are judged, also those that the summary has no room for. */
static enum err put_files(struct arena *a, struct json_out *j, struct mime_tree *t, struct content *c,
                          size_t left[L_COUNT])
{
    left[L_FILES] = over(c->pick->files_n, SHOWN_FILES);
    c->files = arena_array(a, (size_t)c->pick->files_n + 1, sizeof *c->files);
    json_kv_array(j, lists[L_FILES].key);
    for (uint32_t i = 0; c->files && i < c->pick->files_n; i++) {
        const struct mime_file *f = &c->pick->files[i];
        AUTO_BUF struct buf b = { .max = c->msg.n + 3, .secret = true };
        c->files[c->files_n++] = look_at(t, c->msg, f, &b);
        if (i < SHOWN_FILES)
            put_file(j, &t->v[f->part], &c->files[i], f->inlined, i, buf_str(&b));
    }
    json_put_end(j);
    return c->files ? OK : ERR_FULL;
}

static void put_defects(struct json_out *j, const struct mime_tree *t)
{
    json_kv_array(j, "defects");
    for (int d = 0; d < MIME_DEFECT_COUNT; d++)
        if (MIME_HAS(t, d))
            json_put_str(j, str_c(mime_defect_name((enum mime_defect)d)));
    json_put_end(j);
}

/* Present in any case, so that readers can rely on the shape. */
void understand_put_trust(struct buf *json, struct str auth, const struct symbols *found)
{
    AUTO_BUF struct buf verdict = { .max = VERDICT_MAX, .secret = true };
    struct str no_auth = S("{\"spf\":null,\"dkim\":null,\"dmarc\":null,\"arc\":null,\"domain\":null}");
    if (found)
        symbols_put(&verdict, found);
    else
        buf_puts(&verdict, "{\"score\":null,\"word\":null,\"symbols\":[],\"scan\":null}");
    buf_puts(json, ",\"auth\":");
    buf_put(json, auth.n ? auth : no_auth);
    buf_puts(json, ",\"verdict\":");
    buf_put(json, buf_str(&verdict));
}

/* Said only where it is one. */
static enum err put_report(struct arena *a, struct json_out *j, struct content *c)
{
    struct report *r = arena_new(a, struct report);
    enum err e = r ? report_read(a, c->tree, c->msg, r) : ERR_FULL;
    if (e != OK)
        return e == ERR_BAD ? OK : e;
    c->report = r;
    json_put_key(j, "report");
    report_put(j, r);
    return OK;
}

static enum err refuse(const char **why, const char *text)
{
    *why = text;
    return ERR_BAD;
}

enum err understand_check(const struct mime_tree *t, struct str msg, const char **why)
{
    if (MIME_HAS(&t->v[0], MIME_DEFECT_DUP_FROM))
        return refuse(why, "more than one From field");
    if (header_count(mime_head(&t->v[0], msg), S("Received")) > RECEIVED_MAX)
        return refuse(why, "routing loop");
    return OK;
}

static const char *header_excess(struct str msg)
{
    struct header_iter it = header_walk(str_sub(msg, 0, LIMIT_HEADER_BYTES));
    struct header_field f;
    size_t n = 0;
    while (n <= LIMIT_HEADER_FIELDS && header_next(&it, &f))
        n++;
    return n > LIMIT_HEADER_FIELDS ? "too many header fields" : "header too large";
}

enum err understand(struct arena *a, struct str msg, struct mime_tree *tree, struct content *out, struct buf *json,
                    const char **why)
{
    size_t left[L_COUNT] = { 0 };
    *why = NULL;
    enum err e = mime_parse(a, msg, tree);
    if (e == ERR_FULL)
        return refuse(why, header_excess(msg));
    struct mime_pick *pick = arena_new(a, struct mime_pick);
    if (e == OK)
        e = pick ? mime_pick(a, tree, msg, pick) : ERR_FULL;
    if (e != OK)
        return e;
    *out = (struct content){ .msg = msg, .head = mime_head(&tree->v[0], msg), .tree = tree, .pick = pick };
    (void)buf_reserve(json, SUMMARY_MOST); /* in one piece: growing copies, and wipes */
    struct json_out j = json_out(json);
    json_put_object(&j);
    e = put_head(a, &j, out, left);
    if (e == OK)
        e = put_understood(a, &j, tree, out);
    if (e == OK)
        e = put_files(a, &j, tree, out, left);
    if (e == OK)
        e = put_report(a, &j, out);
    put_left_out(&j, left);
    put_defects(&j, tree);
    buf_drop(json, 1); /* the brace that only the writer needed: what is kept are the members */
    return json->failed ? ERR_FULL : e;
}
