/* JSON, RFC 8259. Reading: jansson behind limits, and getters that remember the first complaint in words a caller of
 * the REST interface can act on, so a handler reads all its fields and asks once. Writing: straight into a buf, no
 * tree. */
#pragma once
#include "base/buf.h"
#include "base/err.h"

enum {
    JSON_DEPTH_MAX = 32,     /* nested objects and arrays; our own interface stays below six */
    JSON_VALUES_MAX = 20000, /* values in one text: jansson spends ~100 bytes on each */
    JSON_WHY_MAX = 160       /* octets of an explanation */
};

/* ---- reading ---- */
struct json; /* a value, borrowed from its json_in */

struct json_in {
    struct json *root;      /* an object or an array after json_parse() */
    bool bad;               /* a getter met something it could not take */
    char why[JSON_WHY_MAX]; /* the first complaint, such as: "ttl" must be a whole number from 60 to 86400 */
};

/* Seeds jansson's hash tables. Once, before threads and the sandbox, as it would otherwise open a file lazily. */
void json_setup(uint64_t random);
/* The whole text must be one object or array of at most max octets: no NUL characters, no key twice, valid UTF-8.
 * ERR_BAD or ERR_FULL with the reason in why; finish with json_in_fini() either way (or AUTO_JSON). */
[[nodiscard]] enum err json_parse(struct json_in *j, struct str text, size_t max);
void json_in_fini(struct json_in *j);
/* Of members, the inside of an object without its braces, those of these names, as they stand: a fifth of the work when
 * few of many are wanted. Total; of what is no JSON comes what is none either. */
void json_pick(struct buf *out, struct str members, const struct str *names, size_t n);
#define AUTO_JSON __attribute__((cleanup(json_in_fini)))

/* Getters: an absent or null member leaves *out alone, so its default is what it held before; a wrong one sets bad and
 * why. obj may be NULL or no object (then bad). True when *out was written. */
bool json_get_str(struct json_in *j, const struct json *obj, const char *key, size_t max, struct str *out);
bool json_get_int(struct json_in *j, const struct json *obj, const char *key, int64_t min, int64_t max, int64_t *out);
bool json_get_number(struct json_in *j, const struct json *obj, const char *key, double *out);
bool json_get_bool(struct json_in *j, const struct json *obj, const char *key, bool *out);
bool json_get_object(struct json_in *j, const struct json *obj, const char *key, const struct json **out);
bool json_get_array(struct json_in *j, const struct json *obj, const char *key, size_t max, const struct json **out);
/* As json_get_str, and the member must be there and not empty. */
bool json_need_str(struct json_in *j, const struct json *obj, const char *key, size_t max, struct str *out);
/* Complains about a member whose name is not among keys[n]: a misspelt setting must not pass silently. */
void json_only(struct json_in *j, const struct json *obj, const char *const *keys, size_t n);
bool json_has(const struct json *obj, const char *key); /* null counts as there */
/* Adds a complaint of the caller's own; only the first one is kept. */
void json_complain(struct json_in *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Elements of an array; values as such. The bool says whether the value was of that kind. */
size_t json_len(const struct json *array); /* 0 for anything but an array */
const struct json *json_at(const struct json *array, size_t i);
bool json_is_obj(const struct json *v);
bool json_is_nil(const struct json *v);
bool json_as_str(const struct json *v, struct str *out);
bool json_as_int(const struct json *v, int64_t *out);
bool json_as_bool(const struct json *v, bool *out);
/* Walks the members of an object: *it is NULL at the start; false at the end. */
bool json_member(const struct json *obj, void **it, struct str *key, const struct json **value);

/* ---- writing ---- */
/* Commas and colons are put by the writer; nesting it only counts. Failures are the buf's (STYLE 9). */
struct json_out {
    struct buf *b;
    uint64_t some;  /* one bit a level: has it an element already */
    uint64_t array; /* one bit a level: ] or } */
    unsigned depth;
    bool keyed; /* a key was written, its value comes next */
};

static inline struct json_out json_out(struct buf *b) { return (struct json_out){ .b = b }; }
void json_put_object(struct json_out *o);
void json_put_array(struct json_out *o);
void json_put_end(struct json_out *o);                  /* closes the innermost object or array */
void json_put_key(struct json_out *o, const char *key); /* one of our own names: letters, digits, _ - */
void json_put_str(struct json_out *o, struct str s);    /* any bytes: ill-formed UTF-8 becomes U+FFFD */
void json_put_u64(struct json_out *o, uint64_t v);
void json_put_i64(struct json_out *o, int64_t v);
void json_put_bool(struct json_out *o, bool v);
void json_put_null(struct json_out *o);
void json_put_time(struct json_out *o, int64_t ms);  /* RFC 3339 in UTC, as a string */
void json_put_hex(struct json_out *o, struct str s); /* bytes as a string of hex digits */
void json_put_raw(struct json_out *o, struct str s); /* already JSON */
/* A member at once. */
void json_kv_object(struct json_out *o, const char *key);
void json_kv_array(struct json_out *o, const char *key);
void json_kv_str(struct json_out *o, const char *key, struct str s);
void json_kv_u64(struct json_out *o, const char *key, uint64_t v);
void json_kv_i64(struct json_out *o, const char *key, int64_t v);
void json_kv_bool(struct json_out *o, const char *key, bool v);
void json_kv_null(struct json_out *o, const char *key);
void json_kv_time(struct json_out *o, const char *key, int64_t ms);
void json_kv_hex(struct json_out *o, const char *key, struct str s);
void json_kv_raw(struct json_out *o, const char *key, struct str s);
