/* Header fields written, folded at 76 octets. For compose.c and send_author.c. */
#pragma once
#include "core/draft.h"

void field_text(struct buf *out, const char *name, struct str text);              /* unstructured, UTF-8 */
void field_people(struct buf *out, const char *name, struct draft_people people); /* nothing when there are none */
void field_ids(struct buf *out, const char *name, struct str ids); /* "<a@b> <c@d>"; nothing when empty */
/* Content-Disposition of an attachment. */
void field_file(struct buf *out, struct str filename);
