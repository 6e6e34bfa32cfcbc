/* A whole message, read and judged by what it says: any octets get a finite score and symbols that are JSON. */
#include "trust/rules.h"
#include "core/understand.h"
#include "wire/json.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_ARENA struct arena a = { .max = UNDERSTAND_ARENA };
    AUTO_BUF struct buf json = { .max = SUMMARY_MAX * 4 }, put = { .max = SUMMARY_MAX };
    AUTO_JSON struct json_in in = { 0 };
    struct mime_tree tree;
    struct content c;
    struct symbols s = { 0 };
    const char *why;
    if (understand(&a, str_of(data, n), &tree, &c, &json, &why) != OK)
        return 0;
    rules_run(&c, &s);
    must(s.n < LIMIT_SYMBOLS && symbols_score(&s) >= 0 && symbols_score(&s) < 100);
    symbols_put(&put, &s);
    must(!put.failed && json_parse(&in, buf_str(&put), SUMMARY_MAX) == OK);
    return 0;
}
