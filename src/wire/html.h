/* HTML mail as text: what a reader would see, in lines; what is hidden, apart; links, and which stretches stand out.
 * Never fetches anything, keeps no style sheet and runs nothing. Linear in its input. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/html_style.h"

enum {
    HTML_MAX = 1 << 20,        /* octets looked at; the rest is left out and noted */
    HTML_DEPTH_MAX = 256,      /* elements open at once; mail generators stay below 100 */
    HTML_LINKS_MAX = 1000,     /* <a href> kept; a long newsletter has 200 */
    HTML_SPANS_MAX = 4000,     /* emphasised stretches kept */
    HTML_HIDDEN_MAX = 16 << 10 /* octets of hidden text kept */
};

enum html_note { HTML_CUT = 1, HTML_DEEP = 2, HTML_HIDES_TEXT = 4, HTML_LINKS_LEFT_OUT = 8 };

/* text[at .. at + n) is set in a look of its own. In order, not overlapping. */
struct html_span {
    uint32_t at, n;
    unsigned look; /* bits of enum html_look, never 0 */
};

struct html_link {
    struct str url;  /* as the attribute says, references decoded, blanks removed; any scheme */
    struct str text; /* what the reader sees of it; a view into html_out.text */
    size_t at;       /* where that is */
    bool hidden;
};

struct html_out {
    struct str text;      /* UTF-8; \n between blocks, an empty line between paragraphs, \t between table cells */
    struct str preheader; /* hidden text before the first visible: what mailers put there for the inbox list */
    struct str hidden;    /* all hidden text, lines as above; begins with the preheader */
    struct str title;
    struct html_link *links;
    size_t links_n;
    struct html_span *spans;
    size_t spans_n;
    unsigned notes; /* bits of enum html_note */
};

/* html is UTF-8 (ill-formed sequences become U+FFFD). ERR_FULL when the arena has no room; *out is in the arena. */
[[nodiscard]] enum err html_text(struct str html, struct arena *a, struct html_out *out);
/* The looks of text[at .. at + n) that all of it has. */
unsigned html_look_at(const struct html_out *h, size_t at, size_t n);
