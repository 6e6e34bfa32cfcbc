/* Reads addresses, each ended by a NUL, and prints for each one line: "ok" or "bad" as one RFC 5321 mailbox, a blank,
 * and its normal form or "-". */
#include "wire/addr.h"
#include <stdio.h>

int main(void)
{
    char line[4096];
    size_t n = 0;
    for (int c; (c = getchar()) != EOF;) {
        if (c != '\0') {
            if (n < sizeof line)
                line[n++] = (char)c;
            continue;
        }
        struct addr a;
        AUTO_BUF struct buf key = { .max = 1024 };
        bool good = addr_parse(str_of(line, n), &a) == OK;
        bool normal = good && addr_normalize(&key, &a, NULL) == OK;
        printf("%s %.*s\n", good ? "ok" : "bad", normal ? (int)key.n : 1, normal ? key.p : "-");
        n = 0;
    }
    return 0;
}
