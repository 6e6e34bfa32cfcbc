/* Files never change while we run, so a tag settles everything; names with a hash are kept by browsers for ever. */
#include "serve/assets.h"

#define SAFE                                                                                                           \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "   \
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; frame-src 'self'; base-uri 'none'; " \
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "                                 \
    "trusted-types mayfly dompurify\r\n"                                                                               \
    "X-Content-Type-Options: nosniff\r\n"                                                                              \
    "Referrer-Policy: no-referrer\r\n"                                                                                 \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                                      \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                                    \
    "Permissions-Policy: camera=(), geolocation=(), microphone=(), payment=(), usb=()\r\n"                             \
    "Vary: Accept-Encoding\r\n"
static const char forever[] = "Cache-Control: public, max-age=31536000, immutable\r\n" SAFE;
static const char ask_again[] = "Cache-Control: no-cache\r\n" SAFE;

/* RFC 9110 section 13.1.2: weak comparison, any element. */
static bool known(struct str held, const struct asset *a)
{
    return str_eq(held, S("*")) || str_find(held, str_c(a->tag)) != STR_NONE ||
           str_find(held, str_c(a->tag_gz)) != STR_NONE;
}

void assets_serve(struct http_req *r)
{
    const struct asset *a = &assets[r->route - assets_routes];
    bool gz = a->gz.n && http_list_has(http_field(&r->head, S("accept-encoding")), S("gzip"));
    r->policy = a->forever ? forever : ask_again;
    http_header(r, "ETag", str_c(gz ? a->tag_gz : a->tag));
    struct str held = http_field(&r->head, S("if-none-match"));
    if (held.n && known(held, a)) {
        http_reply(r, 304, NULL, (struct str){ 0 });
        return;
    }
    if (gz)
        http_header(r, "Content-Encoding", S("gzip"));
    http_reply(r, 200, a->type, gz ? a->gz : a->plain);
}
