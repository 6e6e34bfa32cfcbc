/* Any bytes as a learner's two files: the first two octets say how long the second is. What is taken can be written
 * again. */
#include "trust/model_file.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_BUF struct buf file = { .max = MODEL_FILE_MAX }, steps = { .max = MODEL_FILE_MAX };
    struct str all = str_of(data, n);
    size_t second = n < 2 ? 0 : MIN((size_t)data[0] << 8 | data[1], n - 2);
    struct learner *l;
    if (learner_new(NULL, true, &l) != OK)
        return 0;
    all = str_from(all, 2);
    if (model_parse(str_from(all, second), str_sub(all, 0, second), l) == OK) {
        model_put(&file, &steps, l);
        must(!file.failed && !steps.failed);
        must(model_parse(buf_str(&file), buf_str(&steps), l) == OK);
    }
    learner_free(l);
    return 0;
}
