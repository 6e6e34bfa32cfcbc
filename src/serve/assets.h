/* The built page, from memory: each file with its type, tags and a gzipped form (scripts/embed.py writes the tables).
 */
#pragma once
#include "serve/api.h"

enum { ASSETS_FLAGS = API_FREE };
struct asset {
    const char *type, *tag, *tag_gz;
    struct str plain, gz; /* gz empty: not smaller */
    bool forever;         /* its name has a hash of its content */
};
extern const struct asset assets[];
extern const struct http_route assets_routes[]; /* row by row as assets[] */
extern const size_t assets_n;
void assets_serve(struct http_req *r);
