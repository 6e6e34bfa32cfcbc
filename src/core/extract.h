/* What a person wants from a mail at once: a preview line, the code, the link to press. Found here, never fetched, with
 * a confidence and the reason. Pure, linear, bounded. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
    EXTRACT_SHOWN = 60, /* below this confidence no chip: a wrong code costs more than none */
    EXTRACT_CODES = 8,
    EXTRACT_LINKS = 32,
    EXTRACT_INTRO = 200 /* characters */
};
struct extract_in { /* UTF-8, borrowed */
    struct str text, html, subject, from_name, from_domain;
};
struct extract_code {
    struct str value;    /* as shown, grouping kept */
    struct str compact;  /* as to be pasted */
    unsigned confidence; /* 0..100 */
    const char *reason;  /* static, short */
};
enum extract_link_kind { LINK_OTHER, LINK_CONFIRM, LINK_LOGIN, LINK_RESET, LINK_UNSUBSCRIBE };
struct extract_link {
    struct str url, host, text;
    enum extract_link_kind kind;
    unsigned confidence;
};
struct extract_out {
    struct str intro;
    struct extract_code codes[EXTRACT_CODES]; /* best first */
    size_t codes_n;
    struct extract_link links[EXTRACT_LINKS]; /* confirmations first, then as they stand */
    size_t links_n;
};
[[nodiscard]] enum err extract(const struct extract_in *in, struct arena *a, struct extract_out *out);
const char *extract_link_kind_name(enum extract_link_kind k); /* "other", "confirm", "login", "reset", "unsubscribe" */
