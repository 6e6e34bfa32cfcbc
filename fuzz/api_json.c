/* Bodies that strangers send to the REST interface: parsed, read as each of the bodies we know, and forms decoded. */
#include "serve/api.h"
#include <stdlib.h>

static void as_spec(struct str text)
{
    AUTO_JSON struct json_in j = { 0 };
    struct mailbox_spec spec = { 0 };
    if (json_parse(&j, text, API_BODY) != OK)
        return;
    api_read_spec(&j, &spec);
    if (!j.bad && (spec.ttl_ms < 0 || spec.idle_ttl_ms < 0))
        abort();
    if (j.bad && !j.why[0])
        abort();
}
static void as_change(struct str text)
{
    AUTO_JSON struct json_in j = { 0 };
    struct mailbox_change c = { 0 };
    struct str password = { 0 };
    if (json_parse(&j, text, API_BODY) == OK)
        api_read_change(&j, 1000, &c, &password);
}
static void as_env(struct str text)
{
    AUTO_JSON struct json_in j = { 0 };
    struct str s = { 0 };
    const struct json *from = NULL;
    if (!api_env(&j, text))
        return;
    json_get_object(&j, j.root, "from", &from);
    if (from)
        json_get_str(&j, from, "name", 100, &s);
}
static void as_form(struct str text)
{
    struct http_req r = { .body = text, .arena = { .max = HTTP_ARENA_MAX } };
    struct str v;
    if (http_form(&r, S("token"), &v) && v.n > text.n)
        abort();
    http_form(&r, S("id"), &v);
    arena_reset(&r.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str text = str_of(data, n);
    as_spec(text);
    as_change(text);
    as_env(text);
    as_form(text);
    return 0;
}
