/* Content transfer encodings written (RFC 2045 section 6). */
#pragma once
#include "base/buf.h"
#include "wire/cte.h"

/* Lines of 76 characters with CRLF, the last one too. */
void cte_put_base64(struct buf *out, struct str octets);
/* Text with CRLF line ends, which stay; lines of 76 characters at most. "From " at a line's start is encoded, which
 * some programs that keep mail in one file would otherwise change. */
void cte_put_qp(struct buf *out, struct str text);
/* What a text with CRLF line ends goes best in: itself when it is ASCII with lines that any server takes (RFC 5321
 * section 4.5.3.1.6), quoted-printable while that is shorter, else base64. */
enum cte cte_for_text(struct str text);
