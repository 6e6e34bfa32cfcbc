/* Decoders of base/text: what they accept is well-formed and canonical, what they write is valid UTF-8 where they say
 * so. */
#include "base/text.h"
#include "base/zip.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void base64_is_canonical(struct str in)
{
    AUTO_BUF struct buf raw = { .max = 1 << 20 };
    AUTO_BUF struct buf back = { .max = 1 << 20 };
    if (text_unbase64(&raw, in) == OK) {
        text_base64(&back, buf_str(&raw));
        must(str_eq(buf_str(&back), in));
    }
    buf_clear(&raw);
    buf_clear(&back);
    if (text_unbase64url(&raw, in) == OK) {
        text_base64url(&back, buf_str(&raw));
        must(str_eq(buf_str(&back), in));
    }
}

static void utf8_is_scrubbed(struct str in)
{
    AUTO_BUF struct buf b = { .max = 8 << 20 };
    utf8_scrub(&b, in);
    must(!b.failed && utf8_valid(buf_str(&b)));
    must(!utf8_valid(in) || str_eq(buf_str(&b), in));
    struct str cut = utf8_cut(buf_str(&b), in.n / 2);
    must(utf8_valid(cut) && cut.n <= in.n / 2 && cut.n + 3 >= MIN(in.n / 2, b.n));
    buf_clear(&b);
    text_json(&b, in);
    must(!b.failed && utf8_valid(buf_str(&b)) && str_chr(buf_str(&b), '<') == STR_NONE);
    for (size_t i = 0; i < b.n; i++)
        must((uint8_t)b.p[i] >= ' ');
}

static void times_come_back(struct str in)
{
    AUTO_BUF struct buf b = { .max = 64 };
    int64_t ms, again;
    if (text_rfc3339_parse(in, &ms) != OK)
        return;
    text_rfc3339(&b, ms);
    must(text_rfc3339_parse(buf_str(&b), &again) == OK);
    must(again == ms || ms < -62167219200000 ||
         ms > 253402300799999); /* an offset may lead out of the years 0 to 9999 */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str in = str_of(data, n);
    AUTO_BUF struct buf b = { .max = 1 << 20 };
    base64_is_canonical(in);
    utf8_is_scrubbed(in);
    times_come_back(in);
    (void)!text_percent_decode(&b, in, n & 1);
    buf_clear(&b);
    if (zip_unpack(&b, in, 1 << 16) == OK)
        must(b.n <= 1 << 16);
    return 0;
}
