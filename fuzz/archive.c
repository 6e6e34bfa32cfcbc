/* Any bytes as an archive: names within their limit, and no more of them than are told. */
#include "wire/archive.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void member(void *ctx, const struct archive_member *m)
{
    assert(m->name.n + m->head.n > 0 && m->name.n <= LIMIT_ARCHIVE_NAME && m->head.n <= LIMIT_ARCHIVE_UNPACKED + 1);
    assert(m->name.n == 0 || !memchr(m->name.p, 0, m->name.n));
    ++*(size_t *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t told = 0;
    struct archive a = archive_list(str_of(data, size), member, &told);
    assert(!archive_zip_behind(str_of(data, size)) || (a.kind == ARCHIVE_ZIP && a.two_faced));
    assert(told == a.members && told <= 2 * LIMIT_ARCHIVE_MEMBERS && (a.kind != ARCHIVE_NONE || told == 0));
    return 0;
}
