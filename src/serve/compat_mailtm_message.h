/* What compat_mailtm.c and compat_mailtm_message.c share; nobody else includes this. */
#pragma once
#include "serve/compat_mailtm.h"
#include "serve/live.h"

void mailtm_error(struct http_req *r, int status, const char *text);
void mailtm_failed(struct http_req *r, enum err e, const struct refusal *why);
bool mailtm_ld(const struct http_req *r); /* does it want the hydra frame? */
struct buf *mailtm_begin(struct http_req *r, int status);
void mailtm_list_begin(const struct http_req *r, struct json_out *o, const char *kind);
void mailtm_list_end(const struct http_req *r, struct json_out *o, uint64_t total);
void mailtm_typed(struct json_out *o, const char *type, const char *folder, struct str id);
uint32_t mailtm_page(struct http_req *r); /* 1 unless told */

void mailtm_messages(struct http_req *r);
void mailtm_message(struct http_req *r);
void mailtm_seen(struct http_req *r);
void mailtm_attachment(struct http_req *r);
void mailtm_source(struct http_req *r);
extern const struct live_sse_shape mailtm_sse;
