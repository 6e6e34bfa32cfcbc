/* Any bytes as the JSON of a mail that somebody writes: what is taken becomes a message whose header nothing of it can
 * break out of, whose lines every server takes, and which is read back with as many parts. */
#include "core/compose.h"
#include "wire/addr.h"
#include "wire/mime.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_lines(struct str msg)
{
    for (size_t i = 0, line = 0; i < msg.n; i++, line++) {
        if (msg.p[i] == '\n' && (i == 0 || msg.p[i - 1] != '\r'))
            abort();
        if (msg.p[i] == '\r' && (i + 1 == msg.n || msg.p[i + 1] != '\n'))
            abort();
        if (msg.p[i] == '\0' || line > 1000)
            abort();
        if (msg.p[i] == '\n')
            line = 0;
    }
}

static void check_fields(const struct draft *d, struct str msg)
{
    static const struct str once[] = { STR("From"),       STR("To"),          STR("Cc"),         STR("Bcc"),
                                       STR("Subject"),    STR("Date"),        STR("Message-ID"), STR("In-Reply-To"),
                                       STR("References"), STR("MIME-Version") };
    struct header_iter it = header_walk(msg);
    struct header_field f;
    size_t fields = 0;
    while (header_next(&it, &f))
        fields++;
    for (size_t i = 0; i < COUNT(once); i++)
        if (header_count(msg, once[i]) > 1)
            abort();
    size_t lists = (size_t)(d->to.n > 0) + (d->cc.n > 0) + (d->bcc.n > 0) + (d->answered.n > 0) + (d->references.n > 0);
    size_t multipart = d->files_n > 0 || d->html.n > 0;
    if (it.junk > 0 || fields != 7 - multipart + lists)
        abort();
}

static void check_parts(const struct draft *d, struct str msg)
{
    AUTO_ARENA struct arena a = { .max = LIMIT_MIME_ARENA };
    struct mime_tree t;
    if (mime_parse(&a, msg, &t) != OK)
        return; /* a header of very many people */
    uint32_t want = d->html.n > 0 ? 3 : 1;
    if (d->files_n > 0)
        want += (uint32_t)d->files_n + 1;
    if (t.n != want)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    AUTO_JSON struct json_in j = { 0 };
    AUTO_ARENA struct arena a = { .max = 16 << 20 };
    AUTO_BUF struct buf out = { .max = 16 << 20 };
    struct draft d = { .from = { S("A \xc3\xbc"), S("a@mayfly.example") } };
    if (json_parse(&j, str_of(data, n), 1 << 20) != OK)
        return 0;
    draft_read(&j, j.root, NULL, 0, &a, &d);
    struct str thread = { 0 };
    json_get_str(&j, j.root, "text", 1 << 20, &thread);
    draft_thread(&d, &a, thread);
    if (j.bad && !j.why[0])
        abort();
    if (j.bad || compose(&d, 0, "0123456789abcdef0123456789abcdef", &a, &out) != OK)
        return 0;
    check_lines(buf_str(&out));
    check_fields(&d, buf_str(&out));
    check_parts(&d, buf_str(&out));
    return 0;
}
