/* Writing in /lite: answers and mails of one's own, and what became of them. */
#pragma once
#include "serve/lite_page.h"

enum { LITE_MAIL_BODY = 512 * 1024 }; /* a form's percent-encoding makes much of a little */

void lite_write(struct http_req *r);
void lite_send(struct http_req *r);
void lite_go_on(struct http_req *r, const struct msg_id *draft); /* answers with the form that holds it */
void lite_sent(struct http_req *r);
void lite_back(struct http_req *r);
/* The buttons that lead here, where the box may send; below a message, and above a list. */
void lite_put_answers(struct buf *b, struct http_req *r, const struct msg_id *id);
void lite_put_write(struct buf *b, struct http_req *r);
