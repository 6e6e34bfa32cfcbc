/* The pages of /lite, for its own parts alone. */
#pragma once
#include "base/text.h"
#include "serve/lite.h"

/* ---- pieces: appended to b ---- */
struct buf *lite_begin(struct http_req *r, int status, const char *title);
void lite_end(struct http_req *r, struct buf *b);                    /* answers r */
struct str lite_token_of(struct http_req *r);                        /* as the form had it */
void lite_form(struct buf *b, const char *action, struct str token); /* begins one, to /lite/action */
void lite_hidden(struct buf *b, const char *name, struct str value);
void lite_button(struct buf *b, const char *label); /* and ends the form */
void lite_simple(struct buf *b, const char *action, struct str token,
                 const char *label); /* a form that is one button */
void lite_id_form(struct buf *b, const char *action, struct str token, const struct msg_id *id);
/* Empty: not there. of may be NULL. */
struct str lite_member(struct json_in *j, const struct json *of, const char *key);
/* Of a message's summary: what a far end reports of mail that was sent (lite_sent.c); nothing when it is no report. */
void lite_put_report(struct buf *b, struct json_in *j);
void lite_line(struct buf *b, const char *label, struct str text);
void lite_put_value(struct buf *b, int64_t now_ms); /* of the form that makes an address (lite_new.c) */
/* Of a message's summary: its attachments (lite_file.c). */
void lite_put_files(struct buf *b, struct str token, struct json_in *j, const struct msg_id *id);

/* ---- what its handlers share (lite.c) ---- */
void lite_enter(struct http_req *r, void (*next)(struct http_req *)); /* runs next with r->opened set, or answers */
void lite_failed(struct http_req *r, enum err e, const struct refusal *why); /* answers */
bool lite_msg_of(struct http_req *r, struct msg_id *id);                     /* false: answered */

/* ---- pages: each answers r ---- */

void lite_front(struct http_req *r);
void lite_style(struct http_req *r);
void lite_sorry(struct http_req *r, int status, const char *text);
void lite_put_made(struct buf *b, const struct mailbox_made *made); /* what stands in it */
void lite_made(struct http_req *r, struct str made, bool again);
void lite_opened(struct http_req *r, struct str token);
void lite_inbox(struct http_req *r, bool junk, const struct mail_row *rows, size_t n, bool more);
void lite_message(struct http_req *r, const struct mail *m);
void lite_file(struct http_req *r); /* handles its form, too */
void lite_new(struct http_req *r);  /* likewise */
void lite_sure(struct http_req *r);
void lite_ended(struct http_req *r, uint64_t messages);
