/* File names that are safe to show and to save under. */
#include "base/text.h"
#include "wire/deceptive.h"
#include "wire/mime_part.h"

static bool in_name(uint32_t cp) { return !deceptive_char(cp) && cp != '"' && cp != '<' && cp != '>' && cp != '|'; }

/* No path, nothing invisible, nothing that a shell or a header would read; dots and blanks off both ends (a leading dot
 * hides a file, a trailing one is dropped by Windows); 200 octets, the extension kept. */
struct str mime_safe_name(struct arena *a, struct str name)
{
    enum { NAME_MAX_N = 200, EXTENSION_MAX = 16 };
    for (size_t i = name.n; i-- > 0;)
        if (name.p[i] == '/' || name.p[i] == '\\') {
            name = str_from(name, i + 1);
            break;
        }
    AUTO_BUF struct buf out = { .max = name.n };
    for (struct str rest = name; rest.n > 0;) {
        uint32_t cp;
        size_t n = utf8_next(rest, &cp);
        if (n > 0 && in_name(cp))
            buf_put(&out, str_sub(rest, 0, n));
        rest = str_from(rest, n > 0 ? n : 1);
    }
    struct str s = buf_str(&out);
    while (s.n > 0 && (s.p[0] == '.' || s.p[0] == ' '))
        s = str_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == '.' || s.p[s.n - 1] == ' '))
        s.n--;
    if (s.n == 0)
        return (struct str){ NULL, 0 };
    size_t dot = str_rchr(s, '.');
    struct str extension = dot != STR_NONE && s.n - dot <= EXTENSION_MAX ? str_from(s, dot) : S("");
    if (s.n <= NAME_MAX_N)
        return arena_dup(a, s);
    struct str stem = utf8_cut(s, NAME_MAX_N - extension.n);
    return arena_printf(a, "%.*s%.*s", STR_FMT(stem), STR_FMT(extension));
}
