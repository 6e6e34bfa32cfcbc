/* The pages of /lite; lite.c alone includes this. Each answers r. */
#pragma once
#include "base/text.h"
#include "serve/lite.h"

void lite_front(struct http_req *r);
void lite_style(struct http_req *r);
void lite_sorry(struct http_req *r, int status, const char *text);
void lite_made(struct http_req *r, const struct mailbox_made *made);
void lite_opened(struct http_req *r, struct str token);
void lite_inbox(struct http_req *r, bool junk, const struct mail_row *rows, size_t n, bool more);
void lite_message(struct http_req *r, const struct mail *m);
void lite_sure(struct http_req *r);
void lite_ended(struct http_req *r, uint64_t messages);
