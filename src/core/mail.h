/* Reading: rows with their opened summaries, one message whole, its bytes as a stream. Each call answers once on a
 * later turn; ERR_GONE when message or box is not there (any more), ERR_BAD when a record is damaged, ERR_IO. */
#pragma once
#include "core/auth.h"
#include "wire/mime.h"

struct mail_row {
    struct store_row row;
    /* The summary, opened: members of a JSON object without the braces, always beginning with "from":
     * from, to, cc, reply_to, message_id, subject, date, intro, code, codes, links, html, attachments, auth, verdict,
     * defects, and own (true) where the holder put it there. Valid during done() only. */
    struct str env;
};
struct mail_req;
void mail_cancel(struct mail_req *r); /* NULL is fine */

struct mail_query {
    uint32_t folder; /* FOLDER_ANY: all */
    uint32_t limit;  /* 1..200 */
    bool ascending;
    uint32_t before_uid, after_uid; /* exclusive; 0: open */
    /* Filters: substrings, upper case and accents as wire/fold has them; empty: none. q looks in subject, from, to and
     * intro. */
    struct str q, from, subject;
    bool has_code;
};
typedef void mail_list_fn(void *ctx, enum err e, const struct mail_row *rows, size_t n, bool more);
struct mail_req *mail_list(struct store *st, struct loop *l, struct opened *o, const struct mail_query *q,
                           mail_list_fn *done, void *ctx);
bool mail_filters(const struct mail_query *q); /* has it any? */
/* Does a summary match the query's filters? For wait() over events. */
bool mail_matches(struct str env, const struct mail_query *q);

/* One message: header, part tree, and what a reader is to see of it, as text and as HTML, in UTF-8 (cut at 4 MiB each,
 * cut says so). Each has all parts of its view: HTML in the text as text, a text within the HTML escaped. */
struct mail {
    struct mail_row head;
    struct str header;            /* raw header block */
    const struct mime_tree *tree; /* offsets count from the message's first octet */
    struct str text, html;        /* html: empty without an HTML part; both when not asked for */
    bool text_cut, html_cut, has_html;
};
typedef void mail_get_fn(void *ctx, enum err e, const struct mail *m);
struct mail_req *mail_get(struct store *st, struct loop *l, struct opened *o, const struct msg_id *id, bool want_bodies,
                          mail_get_fn *done, void *ctx);

/* Bytes of a message as a stream of decrypted pieces with back-pressure: the next piece is read when the last was
 * taken. */
struct mail_stream;
struct mail_stream_info {
    uint64_t size; /* raw: octets in all; attachment: decoded size, UINT64_MAX when only the end tells */
    struct str filename, content_type, sha256; /* attachments */
    struct str charset, method;                /* of their Content-Type, as written; empty: not said */
    bool dangerous;
};
/* attachment: 0-based index as in the summary's attachments[], or -1 for the raw message. opened() is called once
 * before any piece; then piece() with last set at the end; or failed() once. Nothing after mail_stream_close(). */
struct mail_stream_ops {
    void (*opened)(void *ctx, const struct mail_stream_info *info);
    void (*piece)(void *ctx, struct str bytes, bool last);
    void (*failed)(void *ctx, enum err e);
};
struct mail_stream *mail_stream_open(struct store *st, struct loop *l, struct opened *o, const struct msg_id *id,
                                     int attachment, const struct mail_stream_ops *ops, void *ctx);
void mail_stream_next(struct mail_stream *s); /* asks for the next piece (the first, too); each piece needs one call */
void mail_stream_close(struct mail_stream *s);
