/* The REST interface (DESIGN section 8): one table of routes, the gate in front of them, and what their handlers share.
 * One `struct api` a loop, one `struct api_shared` a process. */
#pragma once
#include "core/deliver.h"
#include "core/folder.h"
#include "core/mail.h"
#include "core/mail_change.h"
#include "core/mailbox.h"
#include "serve/answers.h"
#include "serve/http.h"
#include "serve/once.h"
#include "wire/json.h"

struct metrics_opts;
struct autoconfig;
struct forwarding;
struct outq;
struct send;
struct api_shared; /* tickets and proofs of work: api_ticket.c */
struct api_opts {
    struct loop *loop;
    struct store *store;
    struct auth *auth;
    struct mailboxes *boxes;
    struct event_hub *hub;
    struct limit *limit;
    struct arrivals *arrivals; /* may be NULL, as what follows: no trace */
    struct deliver *deliver;   /* may be NULL: then no test mails */
    struct teacher *teacher;   /* NULL: a verdict moves the message, and that is all */
    struct said *said;         /* where what it says of an author is written down; may be NULL */
    struct work_pool *work;    /* for what is large */
    struct intake_budget *budget;
    struct send *send; /* NULL: nobody sends; then outq is, too */
    struct outq *outq;
    const struct forwarding *forwarding; /* NULL: off */
    bool way_out;                        /* mail to other servers can leave */
    struct log *log;
    struct api_shared *shared;
    struct domain_list domains;
    int64_t default_ttl_ms, min_ttl_ms, max_ttl_ms;
    uint32_t max_messages;
    uint64_t max_bytes, message_max_bytes;
    uint32_t pow_bits; /* 0: none asked for */
    /* What mail programs connect to: "services" of GET /domains, JSON object text without braces; may be empty. */
    struct str services_json;
    bool echo_websocket; /* test.echo_websocket: /echo, for protocol suites */
};
struct api {
    struct api_opts o;
    struct timer sweep; /* of tickets made on this loop */
    struct list live;   /* live.c: WebSockets, streams, waits */
    struct list sends;  /* writing_send.c: mails on their way into the queue, then marks on what they answer */
    const struct metrics_opts *health; /* site.c's, as what follows */
    const struct autoconfig *autoconfig;
};

enum {
    API_BOX = 1,  /* needs a token: r->opened is a struct opened * */
    API_JSON = 2, /* a body must be application/json */
    API_FREE = 4, /* not counted against LIMIT_REQUESTS: assets, health */
    API_FORM = 8, /* a body must be application/x-www-form-urlencoded */
    API_LONG = 16 /* a body may take its time: attachments over a slow line */
};
enum { API_BODY = 64 * 1024, API_HTML_BODY = 6 * 1024 * 1024, API_TICKET_MAX = 4 * 1024 * 1024 };
enum {
    API_MAIL_BODY = 48 * 1024 * 1024 /* a message of 25 MiB as base64 in JSON, and what smtp.max_bytes may be more */
};

[[nodiscard]] enum err api_new(const struct api_opts *o, struct api **out);
void api_free(struct api *a); /* after its http is freed */
extern const struct http_route api_routes[];
extern const size_t api_routes_n;
void api_gate(struct http_req *r); /* every table's ctx is a struct api * */

/* ---- for handlers ---- */
static inline struct api *api_of(const struct http_req *r) { return r->ctx; }
static inline struct opened *api_box(const struct http_req *r) { return r->opened; }
int64_t api_now_ms(const struct api *a);
/* Any error as an answer; why may be NULL. r is gone. */
void api_error(struct http_req *r, enum err e, const struct refusal *why);
/* Begins a 2xx JSON answer; finish with http_finish(). */
struct json_out api_json(struct http_req *r, int status);
/* The body as a JSON object (an empty body counts as {}); false: answered 400. */
[[nodiscard]] bool api_body(struct http_req *r, struct json_in *j);
/* After the getters: false: a complaint was answered with 422. */
[[nodiscard]] bool api_body_ok(struct http_req *r, const struct json_in *j);
struct str api_keep(struct http_req *r, struct str s); /* a copy in the request's arena */
/* "10m" or seconds; true when there. null is as if left out. */
bool api_get_duration(struct json_in *j, const char *key, int64_t *ms);
bool api_msg_id(struct http_req *r, struct str text, struct msg_id *id); /* false: answered 404 */
/* Marks r as waiting for a call that cancel() would stop. */
void api_wait_auth(struct http_req *r, struct auth_req *q);
void api_wait_mailbox(struct http_req *r, struct mailbox_req *q);
void api_wait_mail(struct http_req *r, struct mail_req *q);
void api_wait_change(struct http_req *r, struct mail_change_req *q);
void api_wait_folder(struct http_req *r, struct folder_req *q);
/* On the request's own box; done's ctx is r. */
struct mail_change_req *api_change(struct http_req *r, const struct msg_id *id, const struct mail_change *c,
                                   mail_changed_fn *done);
struct mail_change_req *api_delete(struct http_req *r, const struct msg_id *id, mail_changed_fn *done);
void api_done(struct http_req *r); /* the call answered: nothing is pending any more */

/* All folders of the request's box; done's ctx is r. */
struct folder_req *api_folders(struct http_req *r, folder_list_fn *done);
/* A made one goes by its name, or by folder-N while that is not known. */
struct str api_folder_name(const struct opened *o, uint32_t folder, char out[24]);
/* The fixed ones in any case; "" and INBOX are 1. */
bool api_folder_no(const struct opened *o, struct str name, uint32_t *folder);

/* api_box.c */
void api_put_box(struct json_out *o, const struct api *a, const struct opened *box, const struct folder *folders,
                 size_t folders_n);
/* Bodies of POST /mailboxes and PATCH /mailbox; complaints are j's. Apart, for the fuzzer. */
void api_read_spec(struct json_in *j, struct mailbox_spec *spec);
void api_read_change(struct json_in *j, int64_t now_ms, struct mailbox_change *c, struct str *password);
void api_domains(struct http_req *r);
void api_mailbox_create(struct http_req *r);
void api_mailbox_get(struct http_req *r);
void api_mailbox_patch(struct http_req *r);
void api_mailbox_delete(struct http_req *r);
[[nodiscard]] bool api_create_allowed(struct http_req *r); /* LIMIT_CREATE; false: answered 429 */
/* api_cred.c */
void api_session(struct http_req *r);
void api_creds_list(struct http_req *r);
void api_creds_add(struct http_req *r);
void api_creds_revoke(struct http_req *r);
/* api_message.c */
/* Of the opened box; leaves the object open. */
void api_put_row(struct json_out *o, const struct opened *box, const struct store_row *row, struct str env);
void api_message_list(struct http_req *r);
void api_message_get(struct http_req *r);
void api_message_patch(struct http_req *r);
void api_message_delete(struct http_req *r);
void api_message_verdict(struct http_req *r);
/* Answers with the message whole; for wait, too. */
void api_message_answer(struct http_req *r, const struct msg_id *id);
[[nodiscard]] bool api_env(struct json_in *j, struct str env); /* a summary's members as an object again */
/* api_write.c */
void api_compose(struct http_req *r);
void api_draft_new(struct http_req *r);
void api_draft_put(struct http_req *r);
/* api_send.c */
void api_put_sending(struct json_out *o, const struct api *a, const struct opened *box);
void api_send(struct http_req *r);
void api_send_proof(struct http_req *r);
/* writing_send.c */
void api_send_end(struct api *a); /* nobody waits for one any more */
/* api_outbox.c */
void api_outbox(struct http_req *r);
void api_recall(struct http_req *r);
/* How many mails of the request's box wait to leave; 0 where nobody can say. r->state is its own until then. */
typedef void outbox_counted(struct http_req *r, size_t n);
void outbox_count(struct http_req *r, outbox_counted *done);
/* Takes a mail back. OK: nothing of it leaves; draft: its copy, NULL when there is none. ERR_DENIED: some has left.
 * ERR_GONE: no such mail. r->user is its own until then. */
typedef void outbox_recalled(struct http_req *r, enum err e, const struct msg_id *draft);
void outbox_recall(struct http_req *r, const struct msg_id *id, outbox_recalled *done);
/* api_trace.c */
void api_trace(struct http_req *r);
/* JSON objects as arrival_put() has them, newest first, in the request's arena; how many. */
size_t api_attempts(struct http_req *r, struct str out[ARRIVALS_BOX]);
/* api_file.c */
void api_raw(struct http_req *r);
void api_stream(struct http_req *r, const struct msg_id *id, int attachment); /* attachment -1: the raw message */
void api_html(struct http_req *r);
void api_html_ticket(struct http_req *r);
void api_view(struct http_req *r);
void api_attachment(struct http_req *r);
void api_test_mail(struct http_req *r);
/* api_ticket.c */
[[nodiscard]] enum err api_shared_new(struct api_shared **out);
void api_shared_free(struct api_shared *s);
struct once *api_once(struct api_shared *s);
struct answers *api_answers(struct api_shared *s);
enum { API_TICKET_N = 22, API_TICKET_MS = 10 * 1000, API_POW_MS = 5 * 60 * 1000 };
/* html is copied. ERR_FULL: the table or its bytes are full. */
[[nodiscard]] enum err api_ticket_put(struct api_shared *s, struct str html, bool images, int64_t now_ms,
                                      char ticket[API_TICKET_N + 1]);
/* Takes it, once: *html is then to be finished. False: unknown, used or too old. */
bool api_ticket_take(struct api_shared *s, struct str ticket, int64_t now_ms, struct buf *html, bool *images);
size_t api_ticket_sweep(struct api_shared *s, int64_t now_ms); /* how many stay */
void api_pow(struct http_req *r);
uint32_t api_pow_bits(const struct api *a, bool for_sending); /* 0: none asked for */
void api_pow_challenge(struct api_shared *s, int64_t now_ms, struct buf *out);
/* OK once for a challenge of ours that is not too old and a nonce that solves it; ERR_DENIED. */
[[nodiscard]] enum err api_pow_check(struct api_shared *s, struct str challenge, struct str nonce, uint32_t bits,
                                     int64_t now_ms);
