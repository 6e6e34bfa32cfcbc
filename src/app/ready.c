/* {"pid": 123, "smtp.listen": ["127.0.0.1:40001"], …} */
#include "app/ready.h"
#include "base/text.h"
#include "io/file.h"
#include <unistd.h>

enum { READY_MAX = 64 * 1024 };

enum err ready_write(const struct app *a, const char *path)
{
    AUTO_BUF struct buf out = { .max = READY_MAX };
    buf_printf(&out, "{\"pid\": %ld", (long)getpid());
    for (int k = 0; k < DOOR_KINDS; k++) {
        buf_printf(&out, ", \"%s\": [", door_rows[k].key);
        for (size_t i = 0; i < a->bound[k].n; i++) {
            buf_puts(&out, i ? ", " : "");
            text_json(&out, a->bound[k].v[i]);
        }
        buf_putc(&out, ']');
    }
    buf_puts(&out, "}\n");
    return out.failed ? ERR_FULL : file_save(path, buf_str(&out));
}
