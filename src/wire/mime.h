/* The one parse of a message (RFC 2045-2049): a flat tree of parts with exact byte offsets, for the filter, IMAP, REST
 * and the page alike (one reading of a message everywhere). Iterative, linear, bounded; CRLF and bare-LF input alike.
 * What is wrong with a message is noted as defects, never a reason not to read it. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "wire/cte.h"
#include "wire/header.h"
#include "wire/param.h"

enum {
    LIMIT_MIME_DEPTH = 50,              /* nested parts; real mail stays below ten */
    LIMIT_MIME_PARTS = 1000,            /* beyond these two the rest is one opaque leaf */
    LIMIT_MIME_BOUNDARY = 990,          /* RFC 2046 section 5.1.1 has 70; this is what fits a line */
    LIMIT_MIME_ARENA = 8 * 1024 * 1024, /* enough for any tree within the limits above */
};
#define MIME_NONE UINT32_MAX /* no part */

/* A row each in the table behind mime_defect_name(), which is what the API says ("duplicate-content-type"). */
enum mime_defect {
    MIME_DEFECT_DUP_CONTENT_TYPE,
    MIME_DEFECT_DUP_CTE,
    MIME_DEFECT_DUP_DISPOSITION,
    MIME_DEFECT_DUP_PARAM, /* boundary, charset, filename … twice in one field */
    MIME_DEFECT_DUP_FROM,
    MIME_DEFECT_DUP_FIELD,        /* another field of the message that may be there once (RFC 5322 section 3.6) */
    MIME_DEFECT_BAD_CONTENT_TYPE, /* no type/subtype in it: text/plain is assumed */
    MIME_DEFECT_BAD_PARAM,
    MIME_DEFECT_NO_BOUNDARY, /* multipart without one: one opaque text leaf */
    MIME_DEFECT_BOUNDARY_LONG,
    MIME_DEFECT_NO_PARTS,      /* its boundary never came */
    MIME_DEFECT_SAME_BOUNDARY, /* as a multipart around it has: the inner one is obeyed */
    MIME_DEFECT_UNTERMINATED,  /* the closing boundary never came */
    MIME_DEFECT_BAD_BASE64,    /* this and the next two: only known to who decodes a body, see mime_decode() */
    MIME_DEFECT_BAD_QP,
    MIME_DEFECT_BAD_UU,
    MIME_DEFECT_UNKNOWN_CTE,
    MIME_DEFECT_ODD_CTE,     /* a multipart or message with base64 or quoted-printable */
    MIME_DEFECT_8BIT_HEADER, /* and it is not UTF-8 either */
    MIME_DEFECT_BARE_CR,
    MIME_DEFECT_BARE_LF, /* in a message that has CRLF too */
    MIME_DEFECT_NUL,
    MIME_DEFECT_HEADER_JUNK,   /* a line that is no field */
    MIME_DEFECT_NO_BLANK_LINE, /* between header and body */
    MIME_DEFECT_HEADER_FULL,   /* an inner header beyond the limits: the part is a leaf */
    MIME_DEFECT_TOO_DEEP,
    MIME_DEFECT_TOO_MANY,
    MIME_DEFECT_UNKNOWN_CHARSET,
    MIME_DEFECT_AFTER_END, /* a boundary line behind the closing one: some readers show what stands there */
    MIME_DEFECT_COUNT
};
const char *mime_defect_name(enum mime_defect d);
#define MIME_HAS(part_or_tree, d) (((part_or_tree)->defects >> (d)) & 1u)
/* A limit hides parts of it, or their names: what other readers find there is not in the tree. */
#define MIME_IS_CUT(part_or_tree)                                                                                      \
    (MIME_HAS(part_or_tree, MIME_DEFECT_TOO_MANY) || MIME_HAS(part_or_tree, MIME_DEFECT_TOO_DEEP) ||                   \
     MIME_HAS(part_or_tree, MIME_DEFECT_HEADER_FULL) || MIME_HAS(part_or_tree, MIME_DEFECT_BOUNDARY_LONG))

enum mime_disp {
    MIME_DISP_NONE,
    MIME_DISP_INLINE,
    MIME_DISP_ATTACHMENT
}; /* an unknown word is an attachment, RFC 2183 2.8 */

enum {
    MIME_MULTIPART = 1, /* has children, in order, that name it as parent */
    MIME_MESSAGE = 2,   /* message/rfc822 or message/global, with one child: the message within */
    MIME_OPAQUE = 4,    /* would have children, but a limit or an encoding forbids: treat as a leaf */
};

/* All views are in the tree's arena, well-formed UTF-8 without control characters unless said otherwise; absent is n ==
 * 0. */
struct mime_part {
    uint32_t parent; /* index, always smaller than one's own; MIME_NONE for part 0 */
    uint32_t next;   /* next sibling or MIME_NONE */
    uint32_t depth;  /* 0 for part 0 */
    uint32_t flags;
    uint32_t head, body,
        end;        /* header [head, body) with its empty line, body [body, end) without the boundary's line end */
    uint32_t lines; /* line ends in the body, as BODYSTRUCTURE counts */
    uint64_t defects;
    enum cte cte;
    enum mime_disp disp;
    struct str type, subtype; /* lower-case; text/plain, or message/rfc822 within multipart/digest, when not said */
    struct params ct;         /* Content-Type as parsed; value empty when absent */
    struct params cd;         /* Content-Disposition, likewise */
    struct str charset;       /* of text, as written */
    struct str boundary;      /* any bytes */
    struct str filename;      /* of the disposition, else "name" of the type; no path in it, safe to show */
    struct str content_id;    /* without < and > */
    struct str encoding;      /* Content-Transfer-Encoding as written, for BODYSTRUCTURE */
    struct str description;   /* raw, unfolded: encoded words as they are */
    struct str language, location, md5; /* raw, unfolded */
};
struct mime_tree {
    struct mime_part *v;
    uint32_t n;       /* at least 1 */
    uint32_t size;    /* of the message */
    uint64_t defects; /* of all parts together */
};

/* Reads a message into the arena (LIMIT_MIME_ARENA is enough). ERR_FULL when the top header is over its limits, the
 * message is 4 GiB or the arena is full; nothing else fails. *out keeps no view of msg. */
[[nodiscard]] enum err mime_parse(struct arena *a, struct str msg, struct mime_tree *out);

static inline struct str mime_head(const struct mime_part *p, struct str msg)
{
    return str_sub(msg, p->head, p->body - p->head);
}
static inline struct str mime_body(const struct mime_part *p, struct str msg)
{
    return str_sub(msg, p->body, p->end - p->body);
}
static inline bool mime_is_leaf(const struct mime_part *p) { return !(p->flags & (MIME_MULTIPART | MIME_MESSAGE)); }
bool mime_is(const struct mime_part *p, struct str type, struct str subtype); /* lower-case; subtype "" takes any */
uint32_t mime_child(const struct mime_tree *t, uint32_t part);                /* the first one, or MIME_NONE */
/* The part with IMAP's number ("", "1", "2.1.3"), RFC 9051 section 6.4.5.1; MIME_NONE when there is none. A number that
 * goes through a message/rfc822 whose body is one part counts that body as 1, and so is a leaf its own part 1, as
 * Dovecot has it. */
uint32_t mime_section(const struct mime_tree *t, struct str number);

/* A part's raw body with its transfer encoding undone, appended to out; what of MIME_DEFECT_BAD_* was met, as a bit set
 * to be added to the part's. For a large body in pieces: cte_decode(), and mime_cte_defect() if the decoder ends
 * broken. */
uint64_t mime_decode(const struct mime_part *p, struct str body, struct buf *out);
uint64_t mime_cte_defect(enum cte kind);
/* A text part's raw body as UTF-8 with LF line ends: transfer encoding, charset, and format=flowed (RFC 3676) undone.
 * What does not fit out is cut; out->failed is then set. The defects met (encoding, charset) are returned. */
uint64_t mime_text(const struct mime_part *p, struct str body, struct buf *out);

/* What a mail program shows: RFC 8621 section 4.1.4. Every leaf is in text or html (or both, where it belongs to either
 * view) or in files, save alternatives that only some programs read (text/x-amp-html). */
struct mime_file {
    uint32_t part;
    bool
        inlined; /* meant to be shown within the HTML: has a content-id or is in multipart/related, and no attachment */
    struct str name; /* never empty: the filename, or the subject with .eml, or "part-3.png" */
};
struct mime_pick {
    uint32_t *text, *html; /* parts to show one after the other; entries are text/plain or text/html */
    uint32_t text_n, html_n;
    struct mime_file *files; /* in part order: this is REST's attachment number */
    uint32_t files_n;
};
/* msg is needed for the names of forwarded messages; an empty view is fine. ERR_FULL when the arena is. */
[[nodiscard]] enum err mime_pick(struct arena *a, const struct mime_tree *t, struct str msg, struct mime_pick *out);

/* The tree as bytes, to be kept sealed beside the header, so that readers need not parse again. */
void mime_tree_pack(const struct mime_tree *t, struct buf *out);
/* Total: ERR_BAD unless it is a whole, consistent tree. Views borrow from in where they can, else the arena. */
[[nodiscard]] enum err mime_tree_unpack(struct str in, struct arena *a, struct mime_tree *out);
