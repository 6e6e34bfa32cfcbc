/* A message that has been read, as the checks of what it is (rules, learner) look at it. Whoever reads it fills this
 * in; nothing is parsed twice. All views are borrowed and outlive the check. */
#pragma once
#include "trust/symbol.h"
#include "wire/addr.h"
#include "wire/links.h"
#include "wire/mime.h"
#include "wire/report.h"

struct content_file {
    struct str name, type; /* type: by its first bytes, lower-case */
    const char *dangerous; /* NULL, or why */
    bool disguised;        /* its name is made to look harmless */
    bool packed;           /* it is an archive or a mail with something dangerous in it */
    bool unseen;           /* it is an archive that is encrypted, or was read only in part */
    bool closed;           /* it is, or holds, an archive or a mail that is not looked into */
    size_t size;           /* decoded */
};
struct content {
    struct str msg, head; /* head: of the message, a view into msg */
    const struct mime_tree *tree;
    const struct mime_pick *pick;
    struct addr_list from;
    struct str subject;          /* decoded, UTF-8 */
    struct str plain, html;      /* the bodies to show, decoded, UTF-8; html is the source */
    const struct html_out *page; /* html as it is read; NULL: there is none */
    const struct links *links;   /* of the page, or of the plain text where the page has none */
    struct content_file *files;  /* all attachments and what is inline, in part order */
    size_t files_n;
    const struct report *report; /* on mail that was sent; NULL: it is none */
    bool awaited;                /* it has a code to enter, or a link to confirm, sign in or reset with */
};
