/* Any bytes as a file, the first line its name: always a type, and a reason that is text. */
#include "core/filetype.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_of(data, size), name = str_cut(rest, '\n', &rest);
    struct filetype t = filetype_of(rest, name, S("text/plain"));
    assert(t.content_type.n > 0 && (!t.dangerous || strlen(t.dangerous) > 5));
    return 0;
}
