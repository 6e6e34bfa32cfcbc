/* PROXY protocol v1 and v2 (HAProxy specification 2020/03/05, section 2): a total parser. */
#pragma once
#include "base/err.h"
#include "base/str.h"
#include <netinet/in.h>

struct proxy_head {
    bool local; /* v2 LOCAL or v1 UNKNOWN: keep the connection's own peer */
    struct sockaddr_storage src;
};
enum { PROXY_HEAD_MAX = 536 + 16 }; /* v1 107; v2 16 + our ceiling on addresses and TLVs */
/* ERR_MORE, ERR_BAD; on OK *used is the head's length. */
[[nodiscard]] enum err proxy_parse(struct str in, struct proxy_head *out, size_t *used);
