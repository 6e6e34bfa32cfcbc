/* What a scanner answers, as if it were a stranger: clamd's line, the head of an HTTP answer, rspamd's JSON. */
#include "trust/clamd.h"
#include "trust/rspamd.h"
#include "wire/http.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of(data, size);
    struct clamd_reply r = clamd_reply_of(in);
    assert(r.name.n <= LIMIT_SCAN_NAME && (r.said != CLAMD_FOUND || r.name.n > 0));
    struct http_answer a;
    size_t used = 0;
    if (http_answer_parse(in, &a, &used) == OK)
        assert(used <= size && a.status >= 100 && a.status <= 599 && !(a.chunked && a.has_length));
    struct rspamd_reply reply;
    if (rspamd_reply_parse(str_from(in, used), &reply) == OK) {
        assert(reply.score >= -1 && reply.score <= 4 && memchr(reply.reason, 0, sizeof reply.reason));
        for (const char *p = reply.reason; *p; p++)
            assert(*p >= ' ' && *p <= '~');
    }
    return 0;
}
