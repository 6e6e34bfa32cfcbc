/* Text as it leaves html.c: white space collapsed, breaks held back until something follows them. */
#pragma once
#include "base/text.h"

struct html_sink {
    struct buf b;
    unsigned breaks; /* line breaks owed, at most two */
    bool space, tab; /* owed within the line */
    uint32_t joiner; /* kept only if a letter follows */
};

/* s is raw text of the mail with references in it. pre: white space counts. */
void html_sink_text(struct html_sink *k, struct str s, bool pre);
void html_sink_break(struct html_sink *k, unsigned breaks);
void html_sink_tab(struct html_sink *k);
void html_sink_space(struct html_sink *k);
