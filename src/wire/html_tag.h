/* What the elements of HTML mean for text: a table. */
#pragma once
#include "base/str.h"

enum html_tag_flag {
    TAG_BLOCK = 1 << 0, /* a line of its own */
    TAG_PARA = 1 << 1,  /* and an empty line around it */
    TAG_VOID = 1 << 2,  /* has no contents and no end tag */
    TAG_CELL = 1 << 3,  /* td, th */
    TAG_ROW = 1 << 4,   /* tr */
    TAG_TABLE = 1 << 5,
    TAG_ITEM = 1 << 6, /* li, dt, dd */
    TAG_P = 1 << 7,    /* ended by the start of any block */
    TAG_BOLD = 1 << 8,
    TAG_BIG = 1 << 9,
    TAG_MONO = 1 << 10,
    TAG_PRE = 1 << 11,
    TAG_HIDE = 1 << 12, /* contents are never shown as text */
    TAG_LINK = 1 << 13,
    TAG_IMAGE = 1 << 14,
    TAG_BREAK = 1 << 15, /* br */
    TAG_FONT = 1 << 16,
    TAG_RAW = 1 << 17,  /* the lexer hands its contents over as HTML_RAW */
    TAG_LIST = 1 << 18, /* ul, ol, dl: an item of an outer list is not ended within */
    TAG_INPUT = 1 << 19
};

struct html_tag {
    char name[12];
    unsigned flags;
};

/* Case does not matter. For a name that is not in the table one without flags. */
const struct html_tag *html_tag_find(struct str name);
