/* jansson's own nesting limit is 2048 and fixed, and it has none on the number of values; so one pass over the text
 * counts both first. That pass need not judge the syntax: it may only never count less than jansson would build. */
#include "wire/json.h"
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

/* Up to here a double holds every whole number, RFC 8259 section 6; 1.0 and 1e3 are whole numbers, too. */
static const double REAL_WHOLE_MAX = 9007199254740991;

static const json_t *jansson(const struct json *v) { return (const json_t *)(const void *)v; }
static const struct json *ours(const json_t *v) { return (const struct json *)(const void *)v; }

void json_setup(uint64_t random) { json_object_seed((size_t)random); }

void json_complain(struct json_in *j, const char *fmt, ...)
{
    if (j->bad)
        return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(j->why, sizeof j->why, fmt, ap);
    va_end(ap);
    j->bad = true;
}

/* ---- the pass before jansson ---- */

struct count {
    size_t depth, deepest, values;
};

/* Past the string that begins at i: the index of its closing quote, or the end. */
static size_t string_end(struct str s, size_t i)
{
    for (i++; i < s.n && s.p[i] != '"'; i++)
        if (s.p[i] == '\\')
            i++;
    return i;
}

static void count_byte(struct count *c, char byte)
{
    if (byte == '{' || byte == '[') {
        c->depth++;
        c->values++;
        c->deepest = MAX(c->deepest, c->depth);
    } else if ((byte == '}' || byte == ']') && c->depth > 0) {
        c->depth--;
    } else if (byte == ',' || byte == ':') {
        c->values++;
    }
}

static enum err within_limits(struct json_in *j, struct str text, size_t max)
{
    struct count c = { 0 };
    if (text.n > max) {
        json_complain(j, "the JSON text is longer than %zu octets", max);
        return ERR_FULL;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            i = string_end(text, i);
        else
            count_byte(&c, text.p[i]);
    }
    if (c.deepest > JSON_DEPTH_MAX)
        json_complain(j, "the JSON text nests deeper than %d levels", JSON_DEPTH_MAX);
    else if (c.values > JSON_VALUES_MAX)
        json_complain(j, "the JSON text holds more than %d values", JSON_VALUES_MAX);
    return j->bad ? ERR_FULL : OK;
}

static const char *wrong(enum json_error_code code)
{
    if (code == json_error_duplicate_key)
        return "a name stands twice in one object";
    return code == json_error_numeric_overflow ? "a number is too large" : "not valid JSON";
}

enum err json_parse(struct json_in *j, struct str text, size_t max)
{
    json_error_t e;
    *j = (struct json_in){ 0 };
    enum err limits = within_limits(j, text, max);
    if (limits != OK)
        return limits;
    j->root = (struct json *)(void *)json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &e);
    if (j->root)
        return OK;
    /* jansson's own text may quote the input, which may be a secret: say where, not what */
    json_complain(j, "%s at line %d, column %d", wrong(json_error_code(&e)), e.line, e.column);
    return ERR_BAD;
}

void json_in_fini(struct json_in *j)
{
    json_decref((json_t *)(void *)j->root);
    *j = (struct json_in){ 0 };
}

/* ---- getters ---- */

/* The member when it is there and not null. */
static const json_t *member(struct json_in *j, const struct json *obj, const char *key)
{
    if (!json_is_obj(obj)) {
        json_complain(j, "an object with \"%s\" was expected", key);
        return NULL;
    }
    const json_t *v = json_object_get(jansson(obj), key);
    return json_is_nil(ours(v)) ? NULL : v;
}

bool json_get_str(struct json_in *j, const struct json *obj, const char *key, size_t max, struct str *out)
{
    const json_t *v = member(j, obj, key);
    struct str s;
    if (!v)
        return false;
    if (!json_as_str(ours(v), &s) || s.n > max) {
        json_complain(j, "\"%s\" must be a string of at most %zu octets", key, max);
        return false;
    }
    *out = s;
    return true;
}

bool json_need_str(struct json_in *j, const struct json *obj, const char *key, size_t max, struct str *out)
{
    struct str s = { 0 };
    if (json_get_str(j, obj, key, max, &s) && s.n > 0) {
        *out = s;
        return true;
    }
    json_complain(j, "\"%s\" is missing or empty", key);
    return false;
}

bool json_get_int(struct json_in *j, const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out)
{
    const json_t *v = member(j, obj, key);
    int64_t i;
    if (!v)
        return false;
    if (!json_as_int(ours(v), &i) || i < min || i > max) {
        json_complain(j, "\"%s\" must be a whole number from %jd to %jd", key, (intmax_t)min, (intmax_t)max);
        return false;
    }
    *out = i;
    return true;
}

bool json_get_number(struct json_in *j, const struct json *obj, const char *key, double *out)
{
    const json_t *v = member(j, obj, key);
    if (!v)
        return false;
    if (!json_is_number(v)) {
        json_complain(j, "\"%s\" must be a number", key);
        return false;
    }
    *out = json_number_value(v);
    return true;
}

bool json_get_bool(struct json_in *j, const struct json *obj, const char *key, bool *out)
{
    const json_t *v = member(j, obj, key);
    if (!v)
        return false;
    if (!json_as_bool(ours(v), out)) {
        json_complain(j, "\"%s\" must be true or false", key);
        return false;
    }
    return true;
}

bool json_get_object(struct json_in *j, const struct json *obj, const char *key, const struct json **out)
{
    const json_t *v = member(j, obj, key);
    if (!v)
        return false;
    if (!json_is_obj(ours(v))) {
        json_complain(j, "\"%s\" must be an object", key);
        return false;
    }
    *out = ours(v);
    return true;
}

bool json_get_array(struct json_in *j, const struct json *obj, const char *key, size_t max, const struct json **out)
{
    const json_t *v = member(j, obj, key);
    if (!v)
        return false;
    if (!json_is_array(v) || json_array_size(v) > max) {
        json_complain(j, "\"%s\" must be an array of at most %zu elements", key, max);
        return false;
    }
    *out = ours(v);
    return true;
}

void json_only(struct json_in *j, const struct json *obj, const char *const *keys, size_t n)
{
    void *it = NULL;
    struct str key;
    const struct json *v;
    while (json_member(obj, &it, &key, &v)) {
        size_t i = 0;
        while (i < n && !str_eq(key, str_c(keys[i])))
            i++;
        if (i == n)
            json_complain(j, "\"%.40s\" is not known here", key.p);
    }
}

bool json_has(const struct json *obj, const char *key) { return obj && json_object_get(jansson(obj), key); }

size_t json_len(const struct json *array) { return json_array_size(jansson(array)); }
const struct json *json_at(const struct json *array, size_t i) { return ours(json_array_get(jansson(array), i)); }
bool json_is_obj(const struct json *v) { return v && json_typeof(jansson(v)) == JSON_OBJECT; }
bool json_is_nil(const struct json *v) { return v && json_typeof(jansson(v)) == JSON_NULL; }

bool json_as_str(const struct json *v, struct str *out)
{
    if (!json_is_string(jansson(v)))
        return false;
    *out = str_of(json_string_value(jansson(v)), json_string_length(jansson(v)));
    return true;
}

bool json_as_int(const struct json *v, int64_t *out)
{
    if (json_is_integer(jansson(v))) {
        *out = json_integer_value(jansson(v));
        return true;
    }
    double real = json_is_real(jansson(v)) ? json_real_value(jansson(v)) : 0.5;
    if (real < -REAL_WHOLE_MAX || real > REAL_WHOLE_MAX || real != (double)(int64_t)real)
        return false;
    *out = (int64_t)real;
    return true;
}

bool json_as_bool(const struct json *v, bool *out)
{
    if (!json_is_boolean(jansson(v)))
        return false;
    *out = json_is_true(jansson(v));
    return true;
}

bool json_member(const struct json *obj, void **it, struct str *key, const struct json **value)
{
    json_t *o = (json_t *)(void *)(uintptr_t)obj; /* jansson's iterators are not const, but only read */
    *it = *it ? json_object_iter_next(o, *it) : json_object_iter(o);
    if (!*it)
        return false;
    *key = str_of(json_object_iter_key(*it), json_object_iter_key_len(*it));
    *value = ours(json_object_iter_value(*it));
    return true;
}
