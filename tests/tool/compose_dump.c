/* Reads a draft as JSON and prints the message made of it, or what is wrong with it and ends with 1. */
#include "core/compose.h"
#include <stdio.h>

int main(void)
{
    AUTO_BUF struct buf in = { .max = 64 << 20 }, out = { .max = 64 << 20 };
    AUTO_ARENA struct arena a = { .max = DRAFT_ARENA };
    AUTO_JSON struct json_in j = { 0 };
    struct draft d = { .from = { S("Otter, the \xc3\x9f"), S("quiet-otter@mayfly.example") } };
    static const char *const others[] = { "parent" };
    struct str parent = { 0 };
    for (int c; (c = getchar()) != EOF;)
        buf_putc(&in, (char)c);
    if (json_parse(&j, buf_str(&in), 64 << 20) == OK)
        draft_read(&j, j.root, others, COUNT(others), &a, &d);
    if (j.bad || j.root == NULL) {
        printf("%s\n", j.why);
        return 1;
    }
    if (json_get_str(&j, j.root, "parent", 1 << 20, &parent))
        draft_thread(&d, &a, parent);
    if (compose(&d, 1764262800000, "0123456789abcdef0123456789abcdef", &a, &out) != OK)
        return 2;
    fwrite(out.p, 1, out.n, stdout);
    return 0;
}
