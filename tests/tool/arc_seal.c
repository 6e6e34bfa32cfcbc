/* Seals the message on stdin and prints the three fields: arc_seal KEY.pem SERVER DOMAIN SELECTOR NAMES TIME. For the
 * public suite. */
#include "core/arc_seal.h"
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 1 << 24 };

static bool load(FILE *f, struct buf *out)
{
    char part[4096];
    for (size_t n = 0; f && (n = fread(part, 1, sizeof part, f)) > 0;)
        buf_put(out, str_of(part, n));
    return f && !ferror(f) && !out->failed;
}

int main(int argc, char **argv)
{
    AUTO_BUF struct buf pem = { .max = SIGN_PEM_MAX, .secret = true };
    AUTO_BUF struct buf msg = { .max = MESSAGE_MAX }, out = { .max = MESSAGE_MAX };
    struct sign_key *key = NULL;
    FILE *f = argc == 7 ? fopen(argv[1], "r") : NULL;
    bool good = load(f, &pem) && load(stdin, &msg) && sign_key_read(buf_str(&pem), &key) == OK;
    if (f)
        fclose(f);
    if (!good)
        return EXIT_FAILURE;
    struct arc_sealer s = { .server = str_c(argv[2]), .domain = str_c(argv[3]), .selector = str_c(argv[4]) };
    s.names = str_c(argv[5]);
    s.now_s = strtoll(argv[6], NULL, 10);
    s.key = key;
    enum err e = arc_seal(&s, buf_str(&msg), &out);
    fwrite(out.p, 1, out.n, stdout);
    sign_key_release(key);
    return e == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
