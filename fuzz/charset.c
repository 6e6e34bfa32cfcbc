/* The first octet picks a charset, the rest is its text. The result is UTF-8, whatever came. */
#include "wire/charset.h"
#include "base/text.h"
#include "wire/encword.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {
        "",
        "utf-8",
        "us-ascii",
        "iso-8859-1",
        "windows-1252",
        "utf-16",
        "utf-16be",
        "utf-32",
        "utf-7",
        "iso-2022-jp",
        "iso-2022-jp-2",
        "iso-2022-kr",
        "iso-2022-cn",
        "shift_jis",
        "euc-jp",
        "gb18030",
        "big5",
        "euc-tw",
        "euc-kr",
        "johab",
        "viscii",
        "windows-1258",
        "tcvn",
        "koi8-r",
        "macintosh",
        "armscii-8",
        "georgian-ps",
        "windows-1255",
        "nix",
    };
    if (n == 0)
        return 0;
    struct str text = str_of(data + 1, n - 1);
    AUTO_BUF struct buf out = { .max = 8 * n + 64 }, words = { .max = 8 * n + 64 };
    charset_to_utf8(&out, str_c(names[data[0] % COUNT(names)]), text);
    if (out.failed || !utf8_valid(buf_str(&out)))
        abort();
    encword_decode(&words, text);
    if (!utf8_valid(buf_str(&words)))
        abort();
    buf_clear(&words);
    encword_encode(&words, text, data[0]);
    return 0;
}
