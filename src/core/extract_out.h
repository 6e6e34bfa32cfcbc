/* What extract() is given and what it finds; shared with the files that do parts of it. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "wire/links.h"

enum {
    EXTRACT_INTRO_MAX = 200, /* characters; two lines of an inbox list */
    EXTRACT_CODES_MAX = 8,
    EXTRACT_LINKS_MAX = 32,
    EXTRACT_TEXT_MAX = 6 << 10, /* octets of each text searched: codes stand at the top */
    /* From here on a code is shown as one. A wrong chip costs more trust than a missing one, so the level is set where
     * the corpus of tests/unit/core/extract_corpus.c has no wrong one left. */
    EXTRACT_SHOWN = 60,
    EXTRACT_KEPT = 40 /* below that a find is not even mentioned */
};

/* All views are borrowed and UTF-8. page, when not NULL, is html as html_text() read it, so that one reading serves the
 * trust rules and this. */
struct extract_in {
    struct str text, html, subject, from_name, from_domain;
    const struct html_out *page;
};

enum extract_where { EXTRACT_SUBJECT, EXTRACT_TEXT, EXTRACT_HTML };

struct extract_code {
    struct str value;    /* as shown: "123 456", "G-123456" */
    struct str compact;  /* as to be typed: digits without grouping, in ASCII; letters as they stand */
    unsigned confidence; /* 0 to 100 */
    const char *reason;  /* a static sentence: "follows the words \"verification code\"" in kind */
    enum extract_where source;
    size_t where; /* offset in the subject, in text or in page->text */
};

struct extract_link {
    struct str url, host, host_shown, text;
    enum extract_link_kind { LINK_OTHER, LINK_CONFIRM, LINK_LOGIN, LINK_RESET, LINK_UNSUBSCRIBE } kind;
    unsigned confidence; /* in kind; 0 for LINK_OTHER */
};

struct extract_out {
    struct str intro;           /* one line */
    struct extract_code *codes; /* best first */
    size_t codes_n;
    struct extract_link *links; /* those of a kind first, best first; then the others as they come */
    size_t links_n;
    struct links all; /* that they were taken from */
};
