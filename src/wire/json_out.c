/* The writer of wire/json.h. A comma is put before every element but a level's first; one bit a level remembers that.
 */
#include "base/text.h"
#include "wire/json.h"
#include <assert.h>
#include <inttypes.h>

static void element(struct json_out *o)
{
    uint64_t bit = 1ull << o->depth;
    if (!o->keyed && (o->some & bit))
        buf_putc(o->b, ',');
    o->some |= bit;
    o->keyed = false;
}

static void open_level(struct json_out *o, bool array)
{
    assert(o->depth < 63); /* our own code writes at most a handful of levels */
    element(o);
    buf_putc(o->b, array ? '[' : '{');
    o->depth++;
    uint64_t bit = 1ull << o->depth;
    o->some &= ~bit;
    o->array = array ? o->array | bit : o->array & ~bit;
}

void json_put_object(struct json_out *o) { open_level(o, false); }
void json_put_array(struct json_out *o) { open_level(o, true); }

void json_put_end(struct json_out *o)
{
    assert(o->depth > 0 && !o->keyed);
    buf_putc(o->b, o->array & 1ull << o->depth ? ']' : '}');
    o->depth--;
}

void json_put_key(struct json_out *o, const char *key)
{
    assert(o->depth > 0 && !o->keyed && !(o->array & 1ull << o->depth));
    element(o);
    buf_putc(o->b, '"');
    buf_puts(o->b, key);
    buf_put(o->b, S("\":"));
    o->keyed = true;
}

void json_put_str(struct json_out *o, struct str s)
{
    element(o);
    text_json(o->b, s);
}

void json_put_u64(struct json_out *o, uint64_t v)
{
    element(o);
    buf_put_u64(o->b, v);
}

void json_put_i64(struct json_out *o, int64_t v)
{
    element(o);
    buf_printf(o->b, "%" PRId64, v);
}

void json_put_bool(struct json_out *o, bool v)
{
    element(o);
    buf_put(o->b, v ? S("true") : S("false"));
}

void json_put_null(struct json_out *o)
{
    element(o);
    buf_put(o->b, S("null"));
}

void json_put_time(struct json_out *o, int64_t ms)
{
    element(o);
    buf_putc(o->b, '"');
    text_rfc3339(o->b, ms);
    buf_putc(o->b, '"');
}

void json_put_hex(struct json_out *o, struct str s)
{
    size_t n;
    element(o);
    buf_putc(o->b, '"');
    char *room = mul_size(s.n, 2, &n) && n > 0 ? buf_reserve(o->b, n) : NULL;
    if (room)
        o->b->n += text_hex(room, s);
    buf_putc(o->b, '"');
}

void json_put_raw(struct json_out *o, struct str s)
{
    element(o);
    buf_put(o->b, s);
}

void json_kv_object(struct json_out *o, const char *key)
{
    json_put_key(o, key);
    json_put_object(o);
}

void json_kv_array(struct json_out *o, const char *key)
{
    json_put_key(o, key);
    json_put_array(o);
}

void json_kv_str(struct json_out *o, const char *key, struct str s)
{
    json_put_key(o, key);
    json_put_str(o, s);
}

void json_kv_u64(struct json_out *o, const char *key, uint64_t v)
{
    json_put_key(o, key);
    json_put_u64(o, v);
}

void json_kv_i64(struct json_out *o, const char *key, int64_t v)
{
    json_put_key(o, key);
    json_put_i64(o, v);
}

void json_kv_bool(struct json_out *o, const char *key, bool v)
{
    json_put_key(o, key);
    json_put_bool(o, v);
}

void json_kv_null(struct json_out *o, const char *key)
{
    json_put_key(o, key);
    json_put_null(o);
}

void json_kv_time(struct json_out *o, const char *key, int64_t ms)
{
    json_put_key(o, key);
    json_put_time(o, ms);
}

void json_kv_hex(struct json_out *o, const char *key, struct str s)
{
    json_put_key(o, key);
    json_put_hex(o, s);
}

void json_kv_raw(struct json_out *o, const char *key, struct str s)
{
    json_put_key(o, key);
    json_put_raw(o, s);
}
