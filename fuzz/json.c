/* Any bytes as JSON: what is read is written again and reads the same. */
#include "wire/json.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void copy(struct json_out *o, const struct json *v);

/* As an array of names and values by turns: a name may be anything, json_put_key() takes only our own. */
static void copy_object(struct json_out *o, const struct json *v)
{
    void *it = NULL;
    struct str key;
    const struct json *m;
    json_put_array(o);
    while (json_member(v, &it, &key, &m)) {
        json_put_str(o, key);
        copy(o, m);
    }
    json_put_end(o);
}

/* Depth is bounded by JSON_DEPTH_MAX. */
static void copy(struct json_out *o, const struct json *v)
{
    struct str s;
    int64_t i;
    bool b;
    if (json_is_obj(v)) {
        copy_object(o, v);
    } else if (json_as_str(v, &s)) {
        json_put_str(o, s);
    } else if (json_as_int(v, &i)) {
        json_put_i64(o, i);
    } else if (json_as_bool(v, &b)) {
        json_put_bool(o, b);
    } else if (json_len(v) > 0) {
        json_put_array(o);
        for (size_t k = 0; k < json_len(v); k++)
            copy(o, json_at(v, k));
        json_put_end(o);
    } else {
        json_put_null(o);
    }
}

/* What is picked is what a reader of all finds; a name may be escaped, which is not looked into. */
static void pick(struct str text, const struct json *root)
{
    static const struct str wanted = STR("a");
    AUTO_BUF struct buf one = { .max = 2 << 20 };
    AUTO_JSON struct json_in j = { 0 };
    bool plain = root && str_chr(text, '\\') == STR_NONE && str_starts(text, S("{")) && str_ends(text, S("}"));
    buf_putc(&one, '{');
    json_pick(&one, plain ? str_sub(text, 1, text.n - 2) : text, &wanted, 1);
    buf_putc(&one, '}');
    assert(one.n <= text.n + 2);
    if (plain)
        assert(json_parse(&j, buf_str(&one), one.max) == OK && json_has(j.root, "a") == json_has(root, "a"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_JSON struct json_in j, again;
    AUTO_BUF struct buf b = { .max = 16 << 20 };
    struct str s = { 0 };
    int64_t n = 0;
    again = (struct json_in){ 0 };
    enum err e = json_parse(&j, str_of(data, size), 1 << 20);
    pick(str_of(data, size), e == OK ? j.root : NULL);
    if (e != OK) {
        assert(j.why[0] != 0);
        return 0;
    }
    json_get_str(&j, j.root, "a", 10, &s);
    json_get_int(&j, j.root, "b", -5, 5, &n);
    json_only(&j, j.root, (const char *const[]){ "a", "b" }, 2);
    struct json_out o = json_out(&b);
    copy(&o, j.root);
    if (j.root && !b.failed && str_starts(buf_str(&b), S("["))) /* an empty array was written as null */
        assert(json_parse(&again, buf_str(&b), 16 << 20) != ERR_BAD);
    return 0;
}
