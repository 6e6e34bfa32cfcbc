/* Frames of a stranger until the first error; each step consumes something or asks for more. */
#include "wire/ws.h"
#include "base/text.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str in = str_of(data, n);
    AUTO_BUF struct buf scratch = { .max = LIMIT_WS_FRAME };
    struct ws_in w;
    ws_in_init(&w);
    for (;;) {
        struct ws_msg m = { 0 };
        size_t used;
        int code = 0;
        enum err e = ws_read(&w, in, &scratch, &m, &used, &code);
        if (e == ERR_BAD && code == 0)
            abort();
        if (e != OK)
            break;
        if (used == 0 || used > in.n || (m.op == WS_TEXT && !utf8_valid(m.payload)))
            abort();
        in = str_from(in, used);
    }
    ws_in_fini(&w);
    return 0;
}
