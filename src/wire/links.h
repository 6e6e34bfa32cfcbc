/* Links in text and HTML: found, trimmed, their host told apart. http, https and mailto only; nothing is ever fetched.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/html.h"

enum {
    LINKS_MAX = 200,     /* different ones in a message; the rest is noted as left out */
    LINKS_URL_MAX = 8192 /* octets; browsers take more, mail does not need it */
};

struct link {
    struct str url;
    struct str host;       /* look-up form: lower-case A-labels; of mailto: the domain; empty when there is none */
    struct str host_shown; /* U-labels where that is safe to read, else as host */
    struct str text;       /* what the reader sees as the link; the URL itself in plain text */
    size_t at;             /* where that begins in the text that was given */
    bool hidden;           /* the reader can't see it */
    bool in_html;
};

struct links {
    struct arena *arena; /* borrowed; holds what is not a view into the input */
    struct link *item;
    size_t n, cap;
    bool left_out; /* more than LINKS_MAX, or one too long */
};

/* Adds what is not there yet (the same URL counts once; the first visible text of it is kept). ERR_FULL when the arena
 * has no room. The input must outlive the links. */
[[nodiscard]] enum err links_add_html(struct links *l, const struct html_out *h);
[[nodiscard]] enum err links_add_text(struct links *l, struct str text);
/* The URL that begins at text.p, without the punctuation that follows it in a sentence; empty when there is none. */
struct str links_url_at(struct str text);
/* The host of an http or https URL, the domain of a mailto one, as written; empty when there is none. */
struct str links_host(struct str url);
