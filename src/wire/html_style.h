/* What a style attribute says about whether text can be seen and how much it stands out. Style sheets are not read:
 * mail that must work in every reader writes its styles into the elements. */
#pragma once
#include "base/str.h"

enum html_look { HTML_BIG = 1, HTML_BOLD = 2, HTML_MONO = 4, HTML_SPACED = 8 };

struct html_style {
    bool hide;     /* this element and all within it */
    bool sized;    /* a font size was given: */
    bool tiny;     /*   too small to read; a descendant may undo it */
    unsigned set;  /* the bits of enum html_look it speaks of, */
    unsigned look; /*   and their values */
    bool pre;      /* white space counts */
};

/* decl has its character references decoded already. Total and linear. */
void html_style_read(struct str decl, struct html_style *out);
