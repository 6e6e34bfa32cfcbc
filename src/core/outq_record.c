/* The records are ours, but they come from a disk: whatever is not as it was written is ERR_BAD. */
#include "base/text.h"
#include "core/outq_item.h"
#include "wire/json.h"
#include <stdlib.h>
#include <string.h>

static void put_id(struct json_out *o, const char *key, struct str id) { json_kv_hex(o, key, id); }

static void get_id(struct json_in *j, const struct json *obj, const char *key, uint8_t *out, size_t n, bool *there)
{
    struct str hex = { 0 };
    *there = json_get_str(j, obj, key, 64, &hex);
    if (*there && text_unhex(hex, out, n) != OK)
        j->bad = true;
}

void outq_whose_put(struct buf *json, const struct outq_whose *w)
{
    uint8_t run[8];
    struct json_out o = json_out(json);
    put_be64(run, w->run);
    json_put_object(&o);
    if (w->has_box)
        put_id(&o, "box", box_id_str(&w->box));
    put_id(&o, "run", str_of(run, sizeof run));
    json_put_end(&o);
}

enum err outq_whose_get(struct str json, struct outq_whose *out)
{
    AUTO_JSON struct json_in j = { 0 };
    struct outq_whose w = { 0 };
    uint8_t run[8] = { 0 };
    bool has_run;
    if (json_parse(&j, json, OUTQ_RECORD_MAX) != OK)
        return ERR_BAD;
    get_id(&j, j.root, "box", w.box.b, BOX_ID_N, &w.has_box);
    get_id(&j, j.root, "run", run, sizeof run, &has_run);
    if (j.bad || !has_run)
        return ERR_BAD;
    w.run = get_be64(run);
    *out = w;
    return OK;
}

/* ---- what ---- */

static void put_text(struct json_out *o, const char *key, struct str s)
{
    if (s.n > 0)
        json_kv_str(o, key, s);
}

void outq_what_put(struct buf *json, const struct outq_item *it, const uint32_t *chunk_n, size_t chunks)
{
    struct json_out o = json_out(json);
    json_put_object(&o);
    put_text(&o, "from", it->mail_from);
    put_text(&o, "envid", it->envid);
    json_kv_u64(&o, "ret", it->ret);
    json_kv_u64(&o, "flags", it->flags);
    json_kv_u64(&o, "size", it->size);
    json_kv_i64(&o, "created", it->created_ms);
    json_kv_i64(&o, "not_before", it->not_before_ms);
    json_kv_i64(&o, "end", it->end_ms);
    put_id(&o, "sent", msg_id_str(&it->sent));
    json_kv_array(&o, "chunks");
    for (size_t i = 0; i < chunks; i++)
        json_put_u64(&o, chunk_n[i]);
    json_put_end(&o);
    json_kv_array(&o, "rcpts");
    for (size_t i = 0; i < it->rcpts_n; i++) {
        json_put_object(&o);
        json_kv_str(&o, "to", it->rcpts[i].address);
        put_text(&o, "orcpt", it->rcpts[i].orcpt);
        if (it->rcpts[i].notify)
            json_kv_u64(&o, "notify", it->rcpts[i].notify);
        json_put_end(&o);
    }
    json_put_end(&o);
    json_put_end(&o);
}

static enum err get_rcpts(struct json_in *j, struct arena *a, struct outq_mail *m)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "rcpts", OUTQ_RCPTS_MAX, &list);
    struct outq_rcpt *v = arena_array(a, json_len(list) + 1, sizeof *v);
    if (!v)
        return ERR_FULL;
    for (size_t i = 0; i < json_len(list); i++) {
        int64_t notify = 0;
        json_need_str(j, json_at(list, i), "to", OUTQ_RECORD_MAX, &v[i].address);
        json_get_str(j, json_at(list, i), "orcpt", OUTQ_RECORD_MAX, &v[i].orcpt);
        json_get_int(j, json_at(list, i), "notify", 0, 15, &notify);
        v[i].notify = (unsigned)notify;
    }
    m->rcpts = v;
    m->rcpts_n = json_len(list);
    return m->rcpts_n > 0 ? OK : ERR_BAD;
}

static enum err get_chunks(struct json_in *j, struct arena *a, const uint32_t **chunk_n, size_t *chunks)
{
    const struct json *list = NULL;
    json_get_array(j, j->root, "chunks", UINT16_MAX, &list);
    uint32_t *v = arena_array(a, json_len(list) + 1, sizeof *v);
    if (!v)
        return ERR_FULL;
    for (size_t i = 0; i < json_len(list); i++) {
        int64_t n = 0;
        if (!json_as_int(json_at(list, i), &n) || n < 0 || n > UINT32_MAX)
            return ERR_BAD;
        v[i] = (uint32_t)n;
    }
    if (chunk_n)
        *chunk_n = v;
    if (chunks)
        *chunks = json_len(list);
    return OK;
}

enum err outq_what_get(struct str json, struct outq_shared *s, struct arena *a, struct outq_item **out,
                       const uint32_t **chunk_n, size_t *chunks)
{
    AUTO_JSON struct json_in j = { 0 };
    struct outq_mail m = { 0 };
    int64_t ret = 0, flags = 0, size = 0, created = 0, end = 0;
    bool there;
    if (json_parse(&j, json, OUTQ_RECORD_MAX) != OK)
        return ERR_BAD;
    json_get_str(&j, j.root, "from", OUTQ_RECORD_MAX, &m.mail_from);
    json_get_str(&j, j.root, "envid", OUTQ_RECORD_MAX, &m.envid);
    json_get_int(&j, j.root, "ret", 0, OUTQ_RET_HDRS, &ret);
    json_get_int(&j, j.root, "flags", 0, UINT16_MAX, &flags);
    json_get_int(&j, j.root, "size", 0, INT64_MAX, &size);
    json_get_int(&j, j.root, "created", 0, INT64_MAX, &created);
    json_get_int(&j, j.root, "not_before", 0, INT64_MAX, &m.not_before_ms);
    json_get_int(&j, j.root, "end", 0, INT64_MAX, &end);
    get_id(&j, j.root, "sent", m.sent.b, MSG_ID_N, &there);
    m.ret = (enum outq_ret)ret;
    m.flags = (unsigned)flags;
    enum err e = get_rcpts(&j, a, &m);
    if (e == OK)
        e = get_chunks(&j, a, chunk_n, chunks);
    if (e != OK || j.bad)
        return e == OK ? ERR_BAD : e;
    struct outq_item *it = outq_item_new(s, &m);
    if (!it)
        return ERR_FULL;
    it->size = (uint64_t)size;
    it->created_ms = created;
    it->end_ms = end;
    *out = it;
    return OK;
}

/* ---- how ---- */

static void put_how(struct json_out *o, const struct outq_item *it, const struct item_rcpt *r)
{
    const struct outq_part *p = &it->parts[r->part];
    json_put_object(o);
    json_kv_u64(o, "state", r->state);
    json_kv_u64(o, "tries", p->tries);
    json_kv_i64(o, "due", p->due.at_ms);
    json_kv_bool(o, "told", r->told);
    if (r->late)
        json_kv_bool(o, "late", true);
    if (r->in_doubt)
        json_kv_bool(o, "in_doubt", true);
    if (r->last) {
        json_kv_u64(o, "code", r->last->code);
        json_kv_str(o, "status", str_c(r->last->enhanced));
        json_kv_bool(o, "coded", r->last->coded);
        put_text(o, "text", r->last->text);
        put_text(o, "mx", r->last->mx);
    }
    json_put_end(o);
}

void outq_how_put(struct buf *json, const struct outq_item *it)
{
    struct json_out o = json_out(json);
    json_put_object(&o);
    json_kv_bool(&o, "noticed", it->noticed);
    json_kv_array(&o, "rcpts");
    for (size_t i = 0; i < it->rcpts_n; i++)
        put_how(&o, it, &it->rcpts[i]);
    json_put_end(&o);
    json_put_end(&o);
}

static enum err get_how(struct json_in *j, const struct json *v, struct outq_item *it, struct item_rcpt *r)
{
    struct outq_result res = { 0 };
    struct str status = { 0 };
    int64_t state = 0, tries = 0, due = 0, code = 0;
    struct outq_part *p = &it->parts[r->part];
    json_get_int(j, v, "state", 0, RCPT_FAILED, &state);
    json_get_int(j, v, "tries", 0, UINT32_MAX, &tries);
    json_get_int(j, v, "due", 0, INT64_MAX, &due);
    json_get_int(j, v, "code", 0, 999, &code);
    json_get_bool(j, v, "told", &r->told);
    json_get_bool(j, v, "late", &r->late);
    json_get_bool(j, v, "in_doubt", &r->in_doubt);
    json_get_str(j, v, "text", OUTQ_TEXT_MAX, &res.text);
    json_get_str(j, v, "mx", OUTQ_TEXT_MAX, &res.mx);
    if (j->bad)
        return ERR_BAD;
    r->state = (uint8_t)state;
    p->tries = (uint32_t)tries;
    p->due.at_ms = due;
    if (!json_get_str(j, v, "status", sizeof res.enhanced - 1, &status))
        return j->bad ? ERR_BAD : OK;
    memcpy(res.enhanced, status.p, status.n);
    res.code = (uint16_t)code;
    if (!outq_item_answer(r, &res))
        return ERR_FULL;
    r->last->coded = false; /* as older records lack it */
    json_get_bool(j, v, "coded", &r->last->coded);
    return j->bad ? ERR_BAD : OK;
}

enum err outq_how_get(struct str json, struct outq_item *it)
{
    AUTO_JSON struct json_in j = { 0 };
    const struct json *list = NULL;
    if (json_parse(&j, json, OUTQ_RECORD_MAX) != OK)
        return ERR_BAD;
    json_get_bool(&j, j.root, "noticed", &it->noticed);
    json_get_array(&j, j.root, "rcpts", OUTQ_RCPTS_MAX, &list);
    if (json_len(list) != it->rcpts_n)
        return ERR_BAD;
    enum err e = OK;
    for (size_t i = 0; i < it->rcpts_n && e == OK; i++)
        e = get_how(&j, json_at(list, i), it, &it->rcpts[i]);
    return j.bad ? ERR_BAD : e;
}

/* ---- both ---- */

void outq_fate_put(struct buf *json, const struct outq_item *it)
{
    outq_what_put(json, it, NULL, 0);
    buf_putc(json, '\n');
    outq_how_put(json, it);
}

enum err outq_fate_get(struct str json, struct outq_shared *s, struct arena *a, struct outq_item **out)
{
    struct outq_item *it = NULL;
    struct str how, what = str_cut(json, '\n', &how);
    enum err e = outq_what_get(what, s, a, &it, NULL, NULL);
    if (e != OK)
        return e;
    it->parts = calloc(1, sizeof *it->parts);
    e = it->parts ? OK : ERR_FULL;
    if (e == OK) {
        *it->parts = (struct outq_part){ .item = it, .state = PART_OVER };
        it->parts_n = 1;
        e = outq_how_get(how, it);
    }
    if (e == OK && outq_item_open(it))
        e = ERR_BAD;
    if (e == OK)
        *out = it;
    else
        outq_item_free(it);
    return e;
}
